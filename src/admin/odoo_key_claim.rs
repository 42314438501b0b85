//! A sealed Odoo credential that this gateway works on, and the Odoo API keys that it creates.
//!
//! In: uses of credentials, rows. Out: opened credentials, names and hashes of keys. Must not know: when keys are
//! renewed.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;

use super::AdminError;
use crate::auth::{KeySet, OdooKeyUse};
use crate::odoo::{ApiKeyOwner, Database, OdooUser, Uid};
use crate::secret::{Aad, Sealed};
use crate::store::{OdooKeyHash, OdooKeyRecord, StoredToken, random_id};

/// The longest part of the name of an API key that is part of the name of its Odoo API key, in characters.
const MAX_NAME_PART: usize = 40;
/// What the sealed secrets of a grant are called.
pub(super) const PASSWORD: &str = "password";
pub(super) const REPLACED_KEY: &str = "replaced key";

/// A credential that this gateway works on.
pub(super) struct ClaimedKey<'u> {
    pub(super) used: &'u OdooKeyUse,
    pub(super) now: OffsetDateTime,
    /// The claim on its row.
    pub(super) claim: i64,
    /// The credential as it is stored.
    pub(super) sealed: Sealed,
    /// The user with the opened credential.
    pub(super) user: OdooUser,
    pub(super) password: Option<SecretString>,
}

impl ClaimedKey<'_> {
    /// The user, as a key is created and revoked for them.
    pub(super) fn owner(&self) -> ApiKeyOwner<'_> {
        ApiKeyOwner { user: &self.user, password: self.password.as_ref() }
    }

    /// Whether Odoo accepts a new key: by the id of the user, because the login may be another one by now.
    pub(super) async fn accepts(&self, secret: &SecretString) -> Result<bool, AdminError> {
        let user = OdooUser { uid: self.user.uid, secret: Arc::new(secret.clone()) };
        let accepted = self.used.database.client.accepts(&user).await;
        accepted.map_err(|error| AdminError::Odoo(error.into_problem()))
    }

    /// A time from now, in seconds since 1970.
    pub(super) fn in_seconds(&self, after: Duration) -> i64 {
        self.now.saturating_add(time::Duration::try_from(after).unwrap_or(time::Duration::MAX)).unix_timestamp()
    }
}

/// Opens a claimed credential.
pub(super) fn claimed_key<'u>(
    used: &'u OdooKeyUse,
    (now, claim): (OffsetDateTime, i64),
    sealed: Sealed,
    record: &OdooKeyRecord,
) -> Result<ClaimedKey<'u>, AdminError> {
    let grant = &used.token.grant;
    let secret = used.data_key().open_credential(grant.facts(), &sealed)?;
    let open = |password: &Sealed| used.data_key().open_for_grant(grant.facts(), PASSWORD, password);
    let password = record.password.as_ref().map(open).transpose()?;
    let uid = Uid::new(grant.uid).ok_or(AdminError::CredentialRejected)?;
    Ok(ClaimedKey { used, now, claim, sealed, user: OdooUser { uid, secret: Arc::new(secret) }, password })
}

/// Equal only for the same key of the same user, and only while the index key stays.
pub(super) fn hash_odoo_key(keys: &KeySet, token: &StoredToken, secret: &SecretString) -> OdooKeyHash {
    let grant = &token.grant;
    let data = Aad::new("odoo key").with(grant.database.as_bytes()).with_number(Some(grant.uid));
    let digest = keys.index.digest(&data.with(secret.expose_secret().as_bytes()));
    OdooKeyHash { hash: digest.to_vec(), key: keys.index.id().to_string() }
}

/// A name that no other key of the user has. People see it in Odoo.
pub(super) fn odoo_key_name(account: &str) -> Result<String, AdminError> {
    let account: String = account.chars().filter(|character| !character.is_control()).take(MAX_NAME_PART).collect();
    let random: String = random_id()?.chars().take(12).collect();
    let parts = ["odoo-gateway", account.as_str(), random.as_str()];
    Ok(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Removes a new key from Odoo that is not used after all.
pub(super) async fn discard(database: &Database, owner: ApiKeyOwner<'_>, secret: &SecretString, name: &str) {
    if let Err(problem) = database.revoke_api_key(owner, secret, Some(name)).await {
        tracing::warn!(name, cause = problem.detail, "an unused API key was not removed from Odoo; it ends");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_odoo_are_unique_short_and_printable() {
        let (one, other) = (odoo_key_name("shop\n").unwrap(), odoo_key_name("shop\n").unwrap());
        assert!(one.starts_with("odoo-gateway shop ") && one != other, "{one}");
        assert!(odoo_key_name(&"x".repeat(500)).unwrap().len() < 70);
        assert_eq!(odoo_key_name("").unwrap().split(' ').count(), 2, "a token without an account");
    }
}
