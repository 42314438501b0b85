//! Preserves Odoo's `web.base.url` across a login.
//!
//! When a member of the administrators' group logs in through the web client, Odoo stores the address of the request in
//! `web.base.url`, from which it builds links in emails (docs/security.md, F3). The gateway reaches Odoo at an internal
//! address. So it sends the stored address, as a reverse proxy would, checks it afterwards, and restores it if Odoo has
//! changed it.
//!
//! In: a user. Out: the stored address, for users who would change it. Must not know: sessions.

use reqwest::Url;

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{MethodName, ModelName};
use crate::odoo::client::OdooClient;
use crate::odoo::transport::PublicAddress;
use crate::odoo::user::OdooUser;
use crate::plan::{Call, Effect};
use crate::value::Value;

const KEY: &str = "web.base.url";

/// The value of `web.base.url`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BaseUrl(String);

impl BaseUrl {
    /// The stored value; `None` for a user who may not read it, and so cannot change it either.
    pub(super) async fn fetch(client: &OdooClient, user: &OdooUser) -> Result<Option<Self>, Problem> {
        let domain = Value::List(vec![Value::List(vec!["key".into(), "=".into(), KEY.into()])]);
        let call = config_parameter_call("search_read", vec![domain, Value::List(vec!["value".into()])], Effect::Read);
        match client.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call)) {
            Ok(reply) => Ok(Self::from_records(&reply.value()?)),
            Err(problem) if problem.code == ErrorCode::AccessDenied => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    fn from_records(found: &Value<'_>) -> Option<Self> {
        let value = found.as_list()?.first()?.get("value")?.as_text()?;
        (!value.is_empty()).then(|| Self(value.to_owned()))
    }

    /// The public address to log in with.
    pub(super) fn public_address(&self) -> Option<PublicAddress> {
        PublicAddress::from_url(&Url::parse(&self.0).ok()?)
    }

    /// Writes the value back if a login has changed it.
    pub(super) async fn restore(self, client: &OdooClient, user: &OdooUser) {
        let now = Self::fetch(client, user).await;
        if matches!(&now, Ok(Some(now)) if *now == self) {
            return;
        }
        let call = config_parameter_call("set_param", vec![KEY.into(), Value::from(self.0)], Effect::Write);
        match client.execute_kw(user, &call).await {
            Ok(_) => tracing::info!("a login changed Odoo's web.base.url; the former value is restored"),
            Err(error) => {
                let code = error.into_call_problem(&call).code.as_str();
                tracing::warn!(code, "a login may have changed Odoo's web.base.url; check it");
            }
        }
    }
}

fn config_parameter_call(method: &'static str, args: Vec<Value<'static>>, effect: Effect) -> Call {
    Call {
        model: ModelName::from_static("ir.config_parameter"),
        method: MethodName::from_static(method),
        args,
        kwargs: Vec::new(),
        effect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_nonempty_address_counts() {
        let found = |value: Value<'static>| {
            Value::List(vec![Value::Map(vec![("id".into(), Value::Int(1)), ("value".into(), value)])])
        };
        assert_eq!(
            BaseUrl::from_records(&found("https://erp.example".into())),
            Some(BaseUrl("https://erp.example".to_owned()))
        );
        assert_eq!(BaseUrl::from_records(&found(false.into())), None);
        assert_eq!(BaseUrl::from_records(&Value::List(Vec::new())), None);
        assert!(BaseUrl("https://erp.example".to_owned()).public_address().is_some());
        assert!(BaseUrl("nonsense".to_owned()).public_address().is_none());
    }
}
