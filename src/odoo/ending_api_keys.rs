//! API keys in Odoo that end soon, as far as a user sees them: their own, and as an administrator all.
//!
//! In: a user, a time. Out: [`EndingApiKey`]s. Must not know: which of them the gateway uses; no call of Odoo reports
//! that.

use time::OffsetDateTime;

use super::client::OdooClient;
use super::user::OdooUser;
use super::user_api_keys::{FIRST_WITH_END, api_key_call, format_time, rpc_key_end};
use super::user_client::unexpected_form;
use super::version::ServerVersion;
use crate::error::Problem;
use crate::plan::Effect;
use crate::value::Value;

/// A key in Odoo that ends soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingApiKey {
    /// The description that its user gave it.
    pub name: String,
    /// The name of its user.
    pub user: String,
    /// When it ends, as Unix time.
    pub ends_at: i64,
}

impl OdooClient {
    /// The keys that open RPC and end before `limit`, the first ones to end first. Before Odoo 18 keys do not end.
    ///
    /// # Errors
    /// If Odoo rejects the user, or does not respond as expected.
    pub async fn ending_api_keys(
        &self,
        user: &OdooUser,
        version: &ServerVersion,
        limit: OffsetDateTime,
    ) -> Result<Vec<EndingApiKey>, Problem> {
        if version.major < FIRST_WITH_END {
            return Ok(Vec::new());
        }
        let fields = ["name", "scope", "user_id", "expiration_date"].map(Value::from);
        let ends_before = vec!["expiration_date".into(), "<=".into(), format_time(limit)?.into()];
        let args = vec![Value::List(vec![Value::List(ends_before)]), Value::List(fields.into())];
        let call = api_key_call("search_read", args, Effect::Read);
        let reply = self.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call))?;
        let value = reply.value()?;
        let keys = value.as_list().ok_or_else(|| unexpected_form(&call))?;
        let mut keys: Vec<EndingApiKey> = keys.iter().filter_map(from_record).collect();
        keys.sort_by_key(|key| key.ends_at);
        Ok(keys)
    }
}

fn from_record(record: &Value<'_>) -> Option<EndingApiKey> {
    let text = |value: Option<&Value<'_>>| value.and_then(Value::as_text).unwrap_or_default().to_owned();
    // A reference is the id and the display name.
    let user = record.get("user_id").and_then(Value::as_list).and_then(|reference| reference.get(1));
    Some(EndingApiKey { name: text(record.get("name")), user: text(user), ends_at: rpc_key_end(record)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_name_its_user_and_its_end() {
        let record = |scope: &'static str| {
            Value::Map(vec![
                ("name".into(), "shop".into()),
                ("scope".into(), scope.into()),
                ("user_id".into(), Value::List(vec![Value::Int(6), "Marc Demo".into()])),
                ("expiration_date".into(), "1994-11-06 08:49:37".into()),
            ])
        };
        let expected = EndingApiKey { name: "shop".to_owned(), user: "Marc Demo".to_owned(), ends_at: 784_111_777 };
        assert_eq!(from_record(&record("rpc")), Some(expected));
        assert_eq!(from_record(&record("2fa_trusted_device")), None, "it does not open RPC");
    }
}
