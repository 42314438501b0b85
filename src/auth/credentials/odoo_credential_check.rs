//! What Odoo is asked to verify.
//!
//! In: a login or a user's id with its secret, or an Odoo API key. Out: Odoo's answer, and the name under which
//! failures are counted. Must not know: caches, limits.

use std::borrow::Cow;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::principal::{CredentialKind, Principal};
use crate::odoo::{Database, OdooError, OdooUser, Uid};

/// A credential that Odoo has not verified yet.
#[derive(Clone, Copy)]
pub(super) enum UnverifiedCredential<'c> {
    /// A login with its password or API key.
    Password { login: &'c str, secret: &'c SecretString },
    /// The id of a user with their password or API key.
    UserId { uid: Uid, secret: &'c SecretString },
    /// An API key alone.
    ApiKey(&'c SecretString),
}

/// How many characters of an API key Odoo stores unhashed, as an index.
const API_KEY_INDEX_LENGTH: usize = 8;

impl<'c> UnverifiedCredential<'c> {
    /// The credential of a caller who was authenticated before.
    pub(super) fn from_principal(principal: &'c Principal) -> Self {
        let secret = &principal.odoo_user.secret;
        match principal.credential_kind {
            CredentialKind::OdooApiKey => Self::ApiKey(secret),
            CredentialKind::UserId => Self::UserId { uid: principal.odoo_user.uid, secret },
            _ => Self::Password { login: &principal.login, secret },
        }
    }

    /// The name under which failed attempts are counted: the login, the user's id, or of an API key the part by which
    /// Odoo finds it.
    /// One name for all API keys would let one attacker lock out every other client.
    pub(super) fn throttle_name(self) -> Cow<'c, str> {
        match self {
            Self::Password { login, .. } => Cow::Borrowed(login),
            Self::UserId { uid, .. } => Cow::Owned(format!("\0uid {uid}")),
            Self::ApiKey(key) => {
                let index = key.expose_secret().get(..API_KEY_INDEX_LENGTH).unwrap_or_default();
                Cow::Owned(format!("\0odoo key {index}"))
            }
        }
    }

    /// Asks Odoo. `None`: Odoo rejects the credential.
    pub(super) async fn verify(self, database: &Database) -> Result<Option<Uid>, OdooError> {
        match self {
            Self::Password { login, secret } => database.client.authenticate(login, secret).await,
            Self::UserId { uid, secret } => {
                let user = OdooUser { uid, secret: Arc::new(secret.clone()) };
                Ok(database.client.accepts(&user).await?.then_some(uid))
            }
            Self::ApiKey(key) => database.client.key_owner(key).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_one_api_key_are_counted_apart_from_logins_and_other_keys() {
        let secrets = ["0123456789", "0123456780", "1123456789", ""].map(SecretString::from);
        let name = |key| UnverifiedCredential::ApiKey(key).throttle_name();
        let [one, other, another, none] = secrets.each_ref().map(name);
        assert_eq!(one, other, "the index is the same");
        assert_ne!(one, another);
        assert!([one, another, none].iter().all(|name| name.starts_with('\0')), "no login starts with NUL");
        let uid =
            |uid| UnverifiedCredential::UserId { uid: Uid::new(uid).unwrap(), secret: &secrets[0] }.throttle_name();
        assert!(uid(7).starts_with('\0') && uid(7) != uid(8));
        let password = UnverifiedCredential::Password { login: "ada", secret: &secrets[0] };
        assert_eq!(password.throttle_name(), "ada");
    }
}
