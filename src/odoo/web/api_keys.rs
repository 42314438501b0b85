//! API keys of Odoo as its web client creates and removes them: only after the user has entered the password.
//!
//! ```text
//! res.users.apikeys.description create   a form: the name, from Odoo 18 on the end
//! …                             make_key returns a form that asks for the password (res.users.identitycheck)
//! res.users.identitycheck    run_check   checks it, and returns what make_key returns: the key
//! res.users.apikeys             remove   likewise
//! ```
//!
//! Until Odoo 18 the password is a field of that form; Odoo 19 reads it from the context.
//!
//! In: a user with a password, the name of a key. Out: the key. Must not know: why it is created.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::model_call::{ModelCall, ModelCallError, call_model, unreadable};
use super::sessions::{SessionOwner, WebSession, WebSessions};
use crate::error::Problem;
use crate::error_code::ErrorCode;

const KEYS: &str = "res.users.apikeys";
const FORM: &str = "res.users.apikeys.description";
const IDENTITY_CHECK: &str = "res.users.identitycheck";
/// From this version on the password is in the context.
const FIRST_WITH_PASSWORD_IN_CONTEXT: u8 = 19;
/// The cached session, and a new one if Odoo has ended it.
const MAX_SESSIONS: usize = 2;

/// The name and the end of a new key, as Odoo writes times; `None` where Odoo's keys do not end.
#[derive(Debug, Clone, Copy)]
pub(in crate::odoo) struct WebApiKey<'k> {
    pub(in crate::odoo) name: &'k str,
    pub(in crate::odoo) ends_at: Option<&'k str>,
}

/// What is done to a user's keys.
#[derive(Debug, Clone, Copy)]
enum KeyChange<'k> {
    Create(WebApiKey<'k>),
    /// The keys with this name.
    Remove(&'k str),
}

/// The values of the form. Odoo 18 accepts an end only with the choice of a custom date.
#[derive(Debug, Serialize)]
struct FormValues<'k> {
    name: &'k str,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<&'k str>,
}

#[derive(Serialize)]
struct PasswordValues<'p> {
    password: &'p str,
}

/// What the web client would open next.
#[derive(Deserialize, Default)]
#[serde(default)]
struct NextForm {
    res_model: String,
    res_id: Option<i64>,
    context: NextContext,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NextContext {
    default_key: Option<String>,
}

/// One user's session.
struct UserSession<'s> {
    sessions: &'s WebSessions,
    session: &'s WebSession,
    password: &'s SecretString,
    major: u8,
}

impl WebSessions {
    /// Creates a key. XML-RPC must have accepted the owner's password just before. `major`: the version of Odoo.
    ///
    /// # Errors
    /// If Odoo opens no session, refuses to create the key, or does not respond.
    pub(in crate::odoo) async fn create_api_key(
        &self,
        owner: SessionOwner<'_>,
        major: u8,
        key: WebApiKey<'_>,
    ) -> Result<SecretString, Problem> {
        let created = self.change_api_keys(owner, major, KeyChange::Create(key)).await?;
        created.ok_or_else(unreadable)
    }

    /// Removes the owner's keys with this name. It is no error if there is none.
    ///
    /// # Errors
    /// As [`create_api_key`](Self::create_api_key).
    pub(in crate::odoo) async fn remove_api_key(
        &self,
        owner: SessionOwner<'_>,
        major: u8,
        name: &str,
    ) -> Result<(), Problem> {
        self.change_api_keys(owner, major, KeyChange::Remove(name)).await.map(drop)
    }

    /// Returns the key if one was created.
    async fn change_api_keys(
        &self,
        owner: SessionOwner<'_>,
        major: u8,
        change: KeyChange<'_>,
    ) -> Result<Option<SecretString>, Problem> {
        for _ in 0..MAX_SESSIONS {
            let session = self.session(owner).await.map_err(no_session)?;
            let user = UserSession { sessions: self, session: &session, password: &owner.user.secret, major };
            let changed = match change {
                KeyChange::Create(key) => user.create_key(key).await.map(Some),
                KeyChange::Remove(name) => user.remove_key(owner.user.uid.get(), name).await.map(|()| None),
            };
            match changed {
                Err(ModelCallError::SessionEnded) => self.remove(owner, &session).await,
                Err(ModelCallError::Problem(problem)) => return Err(problem),
                Ok(created) => return Ok(created),
            }
        }
        Err(session_lost())
    }
}

impl UserSession<'_> {
    async fn create_key(&self, key: WebApiKey<'_>) -> Result<SecretString, ModelCallError> {
        let WebApiKey { name, ends_at } = key;
        let values = FormValues { name, duration: ends_at.map(|_| "-1"), expiration_date: ends_at };
        let form: Option<i64> = self.call(FORM, "create", [values], None).await?;
        let next = self.call_checked(FORM, "make_key", &[form.ok_or_else(unreadable)?]).await?;
        Ok(next.context.default_key.map(SecretString::from).ok_or_else(unreadable)?)
    }

    async fn remove_key(&self, uid: i64, name: &str) -> Result<(), ModelCallError> {
        let domain = serde_json::json!([["name", "=", name], ["user_id", "=", uid]]);
        let found: Option<Vec<i64>> = self.call(KEYS, "search", [domain], None).await?;
        match found.as_deref().unwrap_or_default() {
            [] => Ok(()),
            ids => self.call_checked(KEYS, "remove", ids).await.map(drop),
        }
    }

    /// Calls a method for which Odoo may ask for the password first.
    async fn call_checked(&self, model: &str, method: &str, ids: &[i64]) -> Result<NextForm, ModelCallError> {
        let next: NextForm = self.call(model, method, [ids], None).await?.unwrap_or_default();
        let Some(check) = next.res_id.filter(|_| next.res_model == IDENTITY_CHECK) else { return Ok(next) };
        let is_in_context = self.major >= FIRST_WITH_PASSWORD_IN_CONTEXT;
        if !is_in_context {
            let values = PasswordValues { password: self.password.expose_secret() };
            let _: Option<bool> = self.call(IDENTITY_CHECK, "write", ([check], values), None).await?;
        }
        let password = Some(self.password).filter(|_| is_in_context);
        Ok(self.call(IDENTITY_CHECK, "run_check", [[check]], password).await?.unwrap_or_default())
    }

    async fn call<A: Serialize, R: serde::de::DeserializeOwned>(
        &self,
        model: &str,
        method: &str,
        args: A,
        password: Option<&SecretString>,
    ) -> Result<Option<R>, ModelCallError> {
        call_model(self.sessions.client(), self.session, &ModelCall { model, method, args, password }).await
    }
}

/// The problem of a login that is meant for reports says so.
fn no_session(problem: Problem) -> Problem {
    if problem.code != ErrorCode::ReportNeedsPassword {
        return problem;
    }
    let detail = "Odoo's web client opens no session for this user with the password alone, for example because of a \
                  second factor, so it creates and removes no API keys for them.";
    Problem::new(ErrorCode::OdooRefused, detail)
}

fn session_lost() -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, "Odoo's web client has ended the session again and again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_has_an_end_only_where_odoo_knows_one() {
        let old = FormValues { name: "k", duration: None, expiration_date: None };
        assert_eq!(serde_json::to_string(&old).unwrap(), r#"{"name":"k"}"#);
        let new = FormValues { name: "k", duration: Some("-1"), expiration_date: Some("2027-01-31 00:00:00") };
        let expected = r#"{"name":"k","duration":"-1","expiration_date":"2027-01-31 00:00:00"}"#;
        assert_eq!(serde_json::to_string(&new).unwrap(), expected);
    }

    #[test]
    fn forms_of_all_versions_are_understood() {
        let parse = |text: &str| serde_json::from_str::<NextForm>(text).unwrap();
        let check = parse(
            r#"{"type": "ir.actions.act_window", "res_model": "res.users.identitycheck", "res_id": 3,
                              "views": [[false, "form"]], "context": {"dialog_size": "medium"}}"#,
        );
        assert_eq!((check.res_model.as_str(), check.res_id), (IDENTITY_CHECK, Some(3)));
        let key = parse(r#"{"res_model": "res.users.apikeys.show", "context": {"default_key": "abc"}}"#);
        assert_eq!(key.context.default_key.as_deref(), Some("abc"));
        assert!(parse(r#"{"type": "ir.actions.act_window_close"}"#).res_id.is_none());
    }
}
