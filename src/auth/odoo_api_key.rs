//! An Odoo API key alone becomes an Odoo user.
//!
//! XML-RPC wants a user's id beside the key. Odoo 19 tells whose a key is; older ones cannot, so there a key is known only
//! when it was linked with its user. What Odoo said is remembered, and guesses are slowed down, as passwords are: a key that is revoked at
//! Odoo ends here when its user is no longer remembered, `auth.identity_ttl`.
//!
//! In: a database, a key, the client's address. Out: a [`Principal`]. Must not know: headers, HTTP.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::credential::Shown;
use super::password::Passwords;
use super::principal::{CredentialKind, Principal};
use super::tokens::Tokens;
use crate::error::Problem;
use crate::error_code::Code;
use crate::odoo::{Caller, Database, Databases, Failure, Uid, json2};
use crate::plan::Scope;
use crate::secret::{Token, TokenKind};

/// What Odoo is asked to confirm.
#[derive(Clone, Copy)]
pub(super) enum Proof<'p> {
    /// A login with its password or API key.
    Password { login: &'p str, secret: &'p SecretString },
    /// An API key alone.
    Key(&'p SecretString),
}

/// How much of a key Odoo keeps in clear, to find it by.
const KEY_INDEX: usize = 8;

impl<'p> Proof<'p> {
    /// What a principal has shown.
    pub(super) fn of(principal: &'p Principal) -> Self {
        let secret = &principal.caller.secret;
        match principal.kind {
            CredentialKind::OdooKey => Self::Key(secret),
            _ => Self::Password { login: &principal.login, secret },
        }
    }

    /// Whose secret is guessed at when this is wrong, for the throttle. For keys it is the part that Odoo finds them by:
    /// one name for all of them would let a guesser shut out everybody.
    pub(super) fn guessed(self) -> Cow<'p, str> {
        match self {
            Self::Password { login, .. } => Cow::Borrowed(login),
            Self::Key(key) => {
                let index = key.expose_secret().get(..KEY_INDEX).unwrap_or_default();
                Cow::Owned(format!("\0odoo key {index}"))
            }
        }
    }

    /// Asks Odoo.
    pub(super) async fn confirm(self, database: &Database) -> Result<Option<Uid>, Failure> {
        match self {
            Self::Password { login, secret } => database.client.authenticate(login, secret).await,
            Self::Key(key) => database.client.owner_of(key).await,
        }
    }
}

impl Passwords {
    /// The user of this Odoo API key.
    ///
    /// # Errors
    /// 401 when it is wrong, 429 when too much was guessed, or why Odoo could not be asked.
    pub async fn identify_key(
        &self,
        database: &Arc<Database>,
        key: SecretString,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let uid = self.prove(database, Proof::Key(&key), address).await?;
        Ok(Principal {
            database: database.clone(),
            caller: Caller { uid, secret: key },
            login: format!("uid {uid}"),
            kind: CredentialKind::OdooKey,
            allowance: None,
            seat: None,
            scope: Scope::All,
            token: None,
        })
    }
}

/// Whether this Odoo tells whose an API key is; before 19 none does.
///
/// # Errors
/// When Odoo cannot be asked for its version.
pub async fn tells_owners(database: &Database) -> Result<bool, Problem> {
    Ok(database.knowledge.known_version().await?.major >= json2::FIRST_MAJOR)
}

impl Tokens {
    /// The user with whom this Odoo API key was linked.
    ///
    /// # Errors
    /// 401 when it was not, with what can be done; 429 when too many wrong ones came.
    pub async fn identify_linked_key(
        &self,
        key: &SecretString,
        named: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let token = Token::parse(TokenKind::OdooKey, key.expose_secret());
        let identified = self.identify(&Shown::from(token), named, databases, address).await;
        identified.map_err(|problem| if problem.code == Code::CredentialInvalid { not_linked() } else { problem })
    }
}

/// The same for every key, so it tells a guesser nothing.
fn not_linked() -> Problem {
    let detail = "This Odoo cannot tell whose API key this is, and it was not linked with a user.";
    Problem::new(Code::CredentialInvalid, detail)
        .hint("Send HTTP Basic with the user's login and the API key, or have it linked: odoo-gateway user link-odoo-key.")
        .parameter("Authorization")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_at_one_key_are_counted_apart_from_logins_and_other_keys() {
        let secrets = ["0123456789", "0123456780", "1123456789", ""].map(SecretString::from);
        let [one, other, another, none] = secrets.each_ref().map(|key| Proof::Key(key).guessed());
        assert_eq!(one, other, "the index is the same");
        assert_ne!(one, another);
        assert!([one, another, none].iter().all(|name| name.starts_with('\0')), "no login begins so");
        let password = Proof::Password { login: "ada", secret: &secrets[0] };
        assert_eq!(password.guessed(), "ada");
    }
}
