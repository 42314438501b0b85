//! Renewal of sealed Odoo API keys before they end.
//!
//! ```text
//! claim     of several gateways, one works on a key
//! create    a new key in Odoo, which Odoo must accept
//! replace   the sealed credential, for all tokens of the grant in one transaction
//! revoke    the key before, after odoo_keys.revoke_after, unless another grant of the user may have it
//! ```
//!
//! A gateway that is killed between two steps leaves a credential that works: the key before is revoked only after the
//! new one is stored. At worst it leaves a key in Odoo that nobody has, and that ends.
//!
//! In: uses of credentials. Out: rows, events of the audit log. Must not know: who uses a key for what.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;

use super::{AdminError, Administration};
use crate::auth::{KeySet, OdooKeyUse};
use crate::clock::format_timestamp;
use crate::odoo::{ApiKeyOwner, CreatedApiKey, Database, OdooUser, Uid, is_api_key};
use crate::secret::{Aad, Sealed};
use crate::store::{AuditEvent, OdooKeyClaim, OdooKeyHash, OdooKeyRecord, ReplacedOdooKey, StoredToken, random_id};

/// How long one gateway works on a key. If it takes longer, another one may begin; only one of them replaces the key.
const CLAIM: Duration = Duration::from_secs(300);
/// When a key without an end is looked at again.
const RECHECK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// When a key that another grant may have is looked at again.
const RECHECK_SHARED: Duration = Duration::from_secs(60 * 60);
/// The time to the first retry; doubled with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(60);
/// The longest time between two retries.
const MAX_RETRY: Duration = Duration::from_secs(6 * 60 * 60);
/// The longest part of the name of an API key that is part of the name of its Odoo API key, in characters.
const MAX_NAME_PART: usize = 40;
/// What the sealed secrets of a grant are called.
pub(super) const PASSWORD: &str = "password";
const REPLACED_KEY: &str = "replaced key";

/// When and how long Odoo API keys are renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OdooKeySettings {
    /// Whether they are renewed.
    pub renew: bool,
    /// How long before its end a key is renewed.
    pub renew_before: Duration,
    /// How long a new key is valid.
    pub lifetime: Duration,
    /// How long the key before stays valid.
    pub revoke_after: Duration,
}

/// The result of looking at a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OdooKeyOutcome {
    /// Another gateway works on it, or nothing is to be done.
    Unchanged,
    /// It was replaced by a new one.
    Renewed,
    /// The key before was revoked in Odoo.
    Revoked,
    /// It could not be renewed, or the key before could not be revoked. It is tried again.
    Failed,
}

/// A credential that this gateway works on.
struct ClaimedKey<'u> {
    used: &'u OdooKeyUse,
    now: OffsetDateTime,
    /// The claim on its row.
    claim: i64,
    /// The credential as it is stored.
    sealed: Sealed,
    /// The user with the opened credential.
    user: OdooUser,
    password: Option<SecretString>,
}

impl ClaimedKey<'_> {
    fn owner(&self) -> ApiKeyOwner<'_> {
        ApiKeyOwner { user: &self.user, password: self.password.as_ref() }
    }

    fn in_seconds(&self, after: Duration) -> i64 {
        self.now.saturating_add(time::Duration::try_from(after).unwrap_or(time::Duration::MAX)).unix_timestamp()
    }
}

impl Administration {
    /// Looks at the Odoo API key of a grant that was used: renews it if it ends soon, and revokes the one before.
    ///
    /// # Errors
    /// Fails if the store or its keys cannot be used. Everything else is a failure that the store remembers.
    pub async fn check_odoo_key(&self, used: &OdooKeyUse) -> Result<OdooKeyOutcome, AdminError> {
        let (now, grant) = (self.clock.now(), &used.token.grant);
        let (claim, mut record, sealed) = match self.store.claim_odoo_key(&grant.id, now, now + CLAIM).await? {
            OdooKeyClaim::Claimed { until, record, credential } => (until, *record, credential),
            OdooKeyClaim::NotDue(next) => {
                used.check_again_at(next);
                return Ok(OdooKeyOutcome::Unchanged);
            }
            OdooKeyClaim::Ended => return Ok(OdooKeyOutcome::Unchanged),
        };
        let key = claimed_key(used, (now, claim), sealed, &record)?;
        let outcome = match self.try_check(&key, &mut record).await {
            // They have stored the record together with what they did.
            Ok(outcome @ (OdooKeyOutcome::Renewed | OdooKeyOutcome::Revoked)) => outcome,
            Ok(outcome) => {
                (record.failures, record.failure) = (0, None);
                self.store.update_odoo_key(&grant.id, claim, &record).await?;
                outcome
            }
            Err(cause @ AdminError::KeySet(_)) => return Err(cause),
            Err(cause) => {
                self.record_failure(&key, &mut record, &cause).await?;
                OdooKeyOutcome::Failed
            }
        };
        used.check_again_at(record.next_check_at);
        Ok(outcome)
    }

    /// Changes the record for what was done.
    async fn try_check(&self, key: &ClaimedKey<'_>, record: &mut OdooKeyRecord) -> Result<OdooKeyOutcome, AdminError> {
        if !is_api_key(&key.user.secret) {
            *record = OdooKeyRecord { next_check_at: key.in_seconds(RECHECK), ..OdooKeyRecord::default() };
            return Ok(OdooKeyOutcome::Unchanged);
        }
        let keys = self.key_provider.for_sealing().await?;
        // Before Odoo is asked: if it does not answer, other grants must see that this one has the key.
        record.hash = Some(hash_odoo_key(&keys, &key.used.token, &key.user.secret));
        if needs_look(record) {
            match key.used.database.first_api_key_end(&key.user, key.now).await {
                Ok(end) => record.ends_at = record.ends_at.or(end),
                Err(problem) => {
                    let is_gone = matches!(key.used.database.client.accepts(&key.user).await, Ok(false));
                    return match key.password {
                        // It creates a new key, also if this one is gone.
                        Some(_) if is_gone => self.renew(key, &keys, record).await,
                        _ => Err(AdminError::Odoo(problem)),
                    };
                }
            }
        }
        if let Some(outcome) = self.revoke_replaced(key, record).await? {
            return Ok(outcome);
        }
        if record.ends_at.is_some_and(|end| end <= key.in_seconds(self.odoo_keys.renew_before)) {
            return self.renew(key, &keys, record).await;
        }
        record.next_check_at = self.next_check(key, record);
        Ok(OdooKeyOutcome::Unchanged)
    }

    /// When the key is to be renewed, or the one before to be revoked.
    fn next_check(&self, key: &ClaimedKey<'_>, record: &OdooKeyRecord) -> i64 {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let renewal = record.ends_at.map(|end| end.saturating_sub(seconds(self.odoo_keys.renew_before)));
        let revocation = record
            .replaced
            .as_ref()
            .map(|replaced| replaced.replaced_at.saturating_add(seconds(self.odoo_keys.revoke_after)));
        let latest = key.in_seconds(RECHECK);
        renewal.into_iter().chain(revocation).min().unwrap_or(latest).clamp(key.now.unix_timestamp(), latest)
    }

    /// Creates a key, and replaces the credential of the grant by it.
    async fn renew(
        &self,
        key: &ClaimedKey<'_>,
        keys: &KeySet,
        record: &mut OdooKeyRecord,
    ) -> Result<OdooKeyOutcome, AdminError> {
        let (used, grant) = (key.used, &key.used.token.grant);
        let name = odoo_key_name(used.token.account_name())?;
        let ends_at = self.end_of_new_key();
        let created = used.database.create_api_key(key.owner(), &name, ends_at).await.map_err(AdminError::Odoo)?;
        let renewed = self.replacing_record(key, keys, record, (&created, &name))?;
        let sealed = used.data_key().seal_credential(grant.facts(), &created.secret)?;
        // By the id of the user: the login may be another one by now.
        let user = OdooUser { uid: key.user.uid, secret: Arc::new(created.secret.clone()) };
        let accepted =
            used.database.client.accepts(&user).await.map_err(|error| AdminError::Odoo(error.into_problem()));
        if !matches!(accepted, Ok(true)) {
            discard(&used.database, key.owner(), &created.secret, &name).await;
            return Err(accepted.err().unwrap_or(AdminError::CredentialRejected));
        }
        let until = created.ends_at.map(format_timestamp);
        let detail = until.map_or_else(|| "without an end".to_owned(), |until| format!("valid until {until}"));
        let event = self.odoo_key_event("odoo_key.renew", key, &detail);
        // If the store does not answer, it may have the new key: it is not discarded then.
        let credentials = (&key.sealed, &sealed);
        if !self.store.replace_odoo_key((&grant.id, key.claim), credentials, &renewed, &event).await? {
            // Another gateway was faster.
            discard(&used.database, key.owner(), &created.secret, &name).await;
            return Ok(OdooKeyOutcome::Unchanged);
        }
        *record = renewed;
        Ok(OdooKeyOutcome::Renewed)
    }

    /// The record of a key that replaces the present one.
    fn replacing_record(
        &self,
        key: &ClaimedKey<'_>,
        keys: &KeySet,
        before: &OdooKeyRecord,
        (created, name): (&CreatedApiKey, &str),
    ) -> Result<OdooKeyRecord, AdminError> {
        let token = &key.used.token;
        let replaced = ReplacedOdooKey {
            secret: key.used.data_key().seal_for_grant(token.grant.facts(), REPLACED_KEY, &key.user.secret)?,
            hash: hash_odoo_key(keys, token, &key.user.secret),
            name: before.name.clone(),
            ends_at: before.ends_at,
            replaced_at: key.now.unix_timestamp(),
        };
        let record = OdooKeyRecord {
            hash: Some(hash_odoo_key(keys, token, &created.secret)),
            name: Some(name.to_owned()),
            ends_at: created.ends_at,
            password: before.password.clone(),
            replaced: Some(replaced),
            failures: 0,
            failure: None,
            next_check_at: 0,
        };
        Ok(OdooKeyRecord { next_check_at: self.next_check(key, &record), ..record })
    }

    /// Revokes the key before, if it is time. `None`: there is nothing to do.
    async fn revoke_replaced(
        &self,
        key: &ClaimedKey<'_>,
        record: &mut OdooKeyRecord,
    ) -> Result<Option<OdooKeyOutcome>, AdminError> {
        let Some(replaced) = record.replaced.clone() else { return Ok(None) };
        let now = key.now.unix_timestamp();
        // The end of a key that the gateway has not created is a guess, so it is revoked.
        if replaced.name.is_some() && replaced.ends_at.is_some_and(|end| end <= now) {
            record.replaced = None;
            return Ok(None);
        }
        let age = u64::try_from(now.saturating_sub(replaced.replaced_at)).unwrap_or_default();
        if age < self.odoo_keys.revoke_after.as_secs() {
            return Ok(None);
        }
        let grant = &key.used.token.grant;
        if self.store.may_share_odoo_key((&grant.database, grant.uid), &grant.id, &replaced.hash).await? {
            let without = OdooKeyRecord { replaced: None, ..record.clone() };
            record.next_check_at = self.next_check(key, &without).min(key.in_seconds(RECHECK_SHARED));
            return Ok(Some(OdooKeyOutcome::Unchanged));
        }
        let secret = key.used.data_key().open_for_grant(grant.facts(), REPLACED_KEY, &replaced.secret)?;
        let revoked = key.used.database.revoke_api_key(key.owner(), &secret, replaced.name.as_deref()).await;
        revoked.map_err(AdminError::Odoo)?;
        (record.replaced, record.failures, record.failure) = (None, 0, None);
        record.next_check_at = self.next_check(key, record);
        let event = self.odoo_key_event("odoo_key.revoke", key, "the previous key");
        self.store.update_odoo_key_with_event(&grant.id, key.claim, record, &event).await?;
        Ok(Some(OdooKeyOutcome::Revoked))
    }

    /// The first failure in a row is an event.
    async fn record_failure(
        &self,
        key: &ClaimedKey<'_>,
        record: &mut OdooKeyRecord,
        cause: &AdminError,
    ) -> Result<(), AdminError> {
        let retry = FIRST_RETRY.saturating_mul(1 << record.failures.clamp(0, 16)).min(MAX_RETRY);
        record.failures = record.failures.saturating_add(1);
        record.failure = Some(cause.to_string());
        record.next_check_at = key.in_seconds(retry);
        let grant = &key.used.token.grant;
        let ends_at = record.ends_at.map(format_timestamp);
        let (login, database) = (&grant.login, &grant.database);
        let text = "an Odoo API key was not renewed, or the previous one not revoked; it is tried again";
        tracing::warn!(login, database, ends_at, %cause, "{text}");
        if record.failures > 1 {
            return Ok(self.store.update_odoo_key(&grant.id, key.claim, record).await?);
        }
        let event = self.odoo_key_event("odoo_key.renew_failed", key, &cause.to_string());
        Ok(self.store.update_odoo_key_with_event(&grant.id, key.claim, record, &event).await?)
    }

    fn odoo_key_event(&self, action: &str, key: &ClaimedKey<'_>, detail: &str) -> AuditEvent {
        let token = &key.used.token;
        let detail = format!("{} of {}: {detail}", token.grant.login, token.grant.database);
        self.audit_event(action, token.account_id(), detail)
    }

    pub(super) fn end_of_new_key(&self) -> OffsetDateTime {
        let lifetime = time::Duration::try_from(self.odoo_keys.lifetime).unwrap_or(time::Duration::MAX);
        // The clock of Odoo may be behind, and Odoo refuses an end that is a second too late.
        self.clock.now().saturating_add(lifetime - time::Duration::minutes(10))
    }

    /// What is known about the Odoo API key of an API key or application; `None`: nothing.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn odoo_key_of(&self, token: &StoredToken) -> Result<Option<OdooKeyRecord>, AdminError> {
        Ok(self.store.odoo_key(&token.grant.id).await?)
    }
}

/// Whether Odoo is asked about the key: its end is not known, the last attempt failed, or it was not looked at yet. All
/// keys count as not looked at after a backup was restored, which may contain one that was revoked since.
fn needs_look(record: &OdooKeyRecord) -> bool {
    record.ends_at.is_none() || record.failures > 0 || record.next_check_at == 0
}

fn claimed_key<'u>(
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
    Ok(format!("odoo-gateway {account} {random}"))
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
    }
}
