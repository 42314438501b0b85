//! API keys of a user in Odoo: when they end, how they are created and revoked.
//!
//! ```text
//! Odoo 14-17   they do not end; the web client creates and removes them for a user with a password
//! Odoo 18-19   likewise, but they end
//! Odoo 20      likewise; with a key alone over RPC, if Odoo's administrator permits it
//! ```
//!
//! Later releases of Odoo 19 have the methods of Odoo 20, so the version does not tell: they are tried first. With a
//! password, any fault of theirs leads to the web client, also that the key has ended.
//!
//! In: a user, a password where there is one. Out: keys, times. Must not know: where keys are stored.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::api_key_owner;
use super::database::Database;
use super::error::OdooError;
use super::user::{OdooUser, Uid, is_api_key};
use super::user_client::unexpected_form;
use super::web::{SessionOwner, WebApiKey};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{MethodName, ModelName};
use crate::plan::{Call, Effect};
use crate::value::Value;

/// The first version of Odoo whose keys end.
pub(super) const FIRST_WITH_END: u8 = 18;
/// The first version that may create keys over RPC.
const FIRST_WITH_RPC: u8 = 19;
/// The scope of keys that open RPC.
const SCOPE: &str = "rpc";

/// A key that was created in Odoo.
#[derive(Debug)]
pub struct CreatedApiKey {
    /// The key.
    pub secret: SecretString,
    /// When it ends; `None`: never.
    pub ends_at: Option<i64>,
}

/// A user whose keys are created and revoked.
#[derive(Debug, Clone, Copy)]
pub struct ApiKeyOwner<'o> {
    /// The user, with the credential that Odoo accepts now.
    pub user: &'o OdooUser,
    /// The user's password, if it is known.
    pub password: Option<&'o SecretString>,
}

impl Database {
    /// When the first of the user's keys ends that open RPC; `None`: none of them ends. No call of Odoo tells which of
    /// them is a given key.
    ///
    /// # Errors
    /// If Odoo rejects the user, or does not respond as expected.
    pub async fn first_api_key_end(&self, user: &OdooUser, now: OffsetDateTime) -> Result<Option<i64>, Problem> {
        if self.metadata.cached_version().await?.major < FIRST_WITH_END {
            return Ok(None);
        }
        let own = Value::List(vec!["user_id".into(), "=".into(), Value::Int(user.uid.get())]);
        let fields = Value::List(vec!["scope".into(), "expiration_date".into()]);
        let call = api_key_call("search_read", vec![Value::List(vec![own]), fields], Effect::Read);
        let reply = self.client.execute_kw(user, &call).await.map_err(|error| error.into_call_problem(&call))?;
        let value = reply.value()?;
        let keys = value.as_list().ok_or_else(|| unexpected_form(&call))?;
        Ok(keys.iter().filter_map(rpc_key_end).filter(|end| *end > now.unix_timestamp()).min())
    }

    /// Creates a key for a user. The name must be one of a kind: it finds the key again.
    ///
    /// # Errors
    /// If Odoo does not create keys for this user without another proof, refuses this end, or does not respond.
    pub async fn create_api_key(
        &self,
        owner: ApiKeyOwner<'_>,
        name: &str,
        ends_at: OffsetDateTime,
    ) -> Result<CreatedApiKey, Problem> {
        let major = self.metadata.cached_version().await?.major;
        let until = format_time(ends_at)?;
        let created =
            |secret, has_end: bool| CreatedApiKey { secret, ends_at: has_end.then_some(ends_at.unix_timestamp()) };
        if major >= FIRST_WITH_RPC && is_api_key(&owner.user.secret) {
            let secret = owner.user.secret.expose_secret();
            let args: [Value<'_>; 4] = [secret.into(), SCOPE.into(), name.into(), until.as_str().into()];
            let call = api_key_call("generate", Vec::new(), Effect::Write);
            match self.client.call_with_secrets(owner.user, &call, &args).await {
                Ok(key) => return key.map(|key| created(key, true)).ok_or_else(|| unexpected_form(&call)),
                Err(OdooError::Fault(_)) if owner.password.is_some() => {}
                Err(error) if error.is_unknown_method() => return Err(needs_password(major)),
                Err(error) => return Err(error.into_call_problem(&call)),
            }
        }
        let (user, login) = self.user_with_password(owner, major).await?;
        let web_owner = SessionOwner { user: &user, login: Some(&login) };
        let has_end = major >= FIRST_WITH_END;
        let key = WebApiKey { name, ends_at: has_end.then_some(until.as_str()) };
        let secret = self.web.create_api_key(web_owner, major, key).await?;
        Ok(created(secret, has_end))
    }

    /// Revokes a key of a user. `name`: its name, if the gateway has created it.
    ///
    /// # Errors
    /// If Odoo does not revoke keys of this user without another proof, or does not respond.
    pub async fn revoke_api_key(
        &self,
        owner: ApiKeyOwner<'_>,
        key: &SecretString,
        name: Option<&str>,
    ) -> Result<(), Problem> {
        let major = self.metadata.cached_version().await?.major;
        if major >= FIRST_WITH_RPC {
            let call = api_key_call("revoke", Vec::new(), Effect::Write);
            match self.client.call_with_secrets(owner.user, &call, &[key.expose_secret().into()]).await {
                Ok(_) => return Ok(()),
                Err(OdooError::Fault(_)) if owner.password.is_some() => {}
                Err(error) if error.is_unknown_method() => return Err(needs_password(major)),
                // An earlier attempt may have revoked it.
                Err(error) => match self.rejects(owner.user.uid, key, major).await {
                    Ok(true) => return Ok(()),
                    _ => return Err(error.into_call_problem(&call)),
                },
            }
        }
        let (user, login) = self.user_with_password(owner, major).await?;
        let Some(name) = name else {
            // It may have ended, or someone may have removed it.
            if self.rejects(user.uid, key, major).await.map_err(OdooError::into_problem)? {
                return Ok(());
            }
            let detail = "Odoo's web client removes a key by its name, and the gateway has not created this one.";
            return Err(Problem::new(ErrorCode::OdooRefused, detail).hint("Remove the key in Odoo."));
        };
        self.web.remove_api_key(SessionOwner { user: &user, login: Some(&login) }, major, name).await
    }

    /// Whether Odoo does not accept this user's key any more, because it has ended or was removed.
    ///
    /// # Errors
    /// If Odoo does not respond.
    pub async fn rejects_api_key(&self, user: &OdooUser) -> Result<bool, Problem> {
        let major = self.metadata.cached_version().await?.major;
        self.rejects(user.uid, &user.secret, major).await.map_err(OdooError::into_problem)
    }

    /// Whether a key of this user opens nothing any more. A rejected login would not show that: the login may have
    /// changed, or Odoo may reject all logins for a while. Over XML-RPC, Odoo may accept a removed key from its cache.
    async fn rejects(&self, uid: Uid, key: &SecretString, major: u8) -> Result<bool, OdooError> {
        if major >= api_key_owner::FIRST_MAJOR {
            return Ok(self.client.key_owner(key).await?.is_none());
        }
        Ok(!self.client.accepts(&OdooUser { uid, secret: Arc::new(key.clone()) }).await?)
    }

    /// The user with their password, which XML-RPC has just accepted because the web client counts failed logins, and
    /// their present login, which can be another one than that of the grant.
    async fn user_with_password(&self, owner: ApiKeyOwner<'_>, major: u8) -> Result<(OdooUser, String), Problem> {
        let password = owner.password.ok_or_else(|| needs_password(major))?;
        let user = OdooUser { uid: owner.user.uid, secret: Arc::new(password.clone()) };
        if !self.client.accepts(&user).await.map_err(OdooError::into_problem)? {
            let detail = "Odoo does not accept the sealed password of this user any more.";
            return Err(Problem::new(ErrorCode::AccessDenied, detail)
                .hint("Create the gateway's key again with the new password."));
        }
        let call = login_call(user.uid);
        let reply = self.client.execute_kw(&user, &call).await.map_err(|error| error.into_call_problem(&call))?;
        let login = login_in(&reply.value()?).ok_or_else(|| unexpected_form(&call))?;
        Ok((user, login))
    }
}

/// Reads the login of a user.
fn login_call(uid: Uid) -> Call {
    Call {
        model: ModelName::from_static("res.users"),
        method: MethodName::from_static("read"),
        args: vec![Value::List(vec![Value::Int(uid.get())]), Value::List(vec!["login".into()])],
        kwargs: Vec::new(),
        effect: Effect::Read,
    }
}

fn login_in(records: &Value<'_>) -> Option<String> {
    records.as_list()?.first()?.get("login")?.as_text().map(str::to_owned)
}

/// A call of the model of API keys.
pub(super) fn api_key_call(method: &'static str, args: Vec<Value<'static>>, effect: Effect) -> Call {
    Call {
        model: ModelName::from_static("res.users.apikeys"),
        method: MethodName::from_static(method),
        args,
        kwargs: Vec::new(),
        effect,
    }
}

fn needs_password(major: u8) -> Problem {
    let detail = format!(
        "Odoo {major} creates and revokes API keys only for a user who enters the password, and the gateway has none \
         for this key."
    );
    let hint = "Before this key ends, create the gateway's key again, with the password and `--exchange-password` or \
                with a new Odoo API key.";
    Problem::new(ErrorCode::OdooRefused, detail).hint(hint)
}

/// When a key of this record ends, if it opens RPC.
pub(super) fn rpc_key_end(record: &Value<'_>) -> Option<i64> {
    let opens_rpc = record.get("scope").and_then(Value::as_text).is_none_or(|scope| scope == SCOPE);
    record.get("expiration_date").and_then(Value::as_text).filter(|_| opens_rpc).and_then(parse_time)
}

/// A time as Odoo writes it, in UTC.
fn parse_time(text: &str) -> Option<i64> {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    PrimitiveDateTime::parse(text, format).ok().map(|time| time.assume_utc().unix_timestamp())
}

/// A time as Odoo expects it.
pub(super) fn format_time(time: OffsetDateTime) -> Result<String, Problem> {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    time.format(format).map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_odoo() {
        assert_eq!(parse_time("1970-01-02 00:00:01"), Some(86_401));
        assert_eq!(parse_time("tomorrow"), None);
        assert_eq!(format_time(OffsetDateTime::UNIX_EPOCH).unwrap(), "1970-01-01 00:00:00");
    }

    #[test]
    fn login_is_that_of_the_record() {
        let record = Value::Map(vec![("id".into(), Value::Int(7)), ("login".into(), "ada@example.com".into())]);
        assert_eq!(login_in(&Value::List(vec![record])).as_deref(), Some("ada@example.com"));
        assert_eq!(login_in(&Value::List(Vec::new())), None);
    }

    #[test]
    fn only_keys_that_open_rpc_count() {
        let key = |scope: Value<'static>, end: Value<'static>| {
            rpc_key_end(&Value::Map(vec![("scope".into(), scope), ("expiration_date".into(), end)]))
        };
        assert_eq!(key(false.into(), "1970-01-01 00:00:07".into()), Some(7));
        assert_eq!(key("rpc".into(), "1970-01-01 00:00:07".into()), Some(7));
        assert_eq!(key("mcp".into(), "1970-01-01 00:00:07".into()), None);
        assert_eq!(key("rpc".into(), false.into()), None);
    }
}
