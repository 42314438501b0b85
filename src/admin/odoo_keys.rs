//! Renewal of sealed Odoo API keys before they end.
//!
//! ```text
//! claim     of several gateways, one works on a key
//! adopt     the key that has replaced this one in another grant of the user, unless the user has removed this one
//! create    otherwise a new key in Odoo, which Odoo must accept
//! replace   the sealed credential, for all tokens of the grant in one transaction
//! revoke    the key before, after odoo_keys.revoke_after, unless another grant or program of the user may have it
//! ```
//!
//! A gateway that is killed between two steps leaves a credential that works: the key before is revoked only after the
//! new one is stored. At worst it leaves a key in Odoo that nobody has, and that ends.
//!
//! In: uses of credentials. Out: rows, events of the audit log. Must not know: who uses a key for what.

use std::time::Duration;

use time::OffsetDateTime;

use super::odoo_key_claim::{ClaimedKey, REPLACED_KEY, claimed_key, discard, hash_odoo_key, odoo_key_name};
use super::odoo_key_successor::{open_successor, seal_successor};
use super::{AdminError, Administration, OdooAccount};
use crate::auth::{KeySet, OdooKeyUse};
use crate::clock::format_timestamp;
use crate::odoo::{CreatedApiKey, is_api_key};
use crate::store::{AuditEvent, Grant, OdooKeyClaim, OdooKeyRecord, ReplacedOdooKey, StoredToken};

/// How long one gateway works on a key. If it takes longer, another one may begin; only one of them replaces the key.
const CLAIM: Duration = Duration::from_secs(300);
/// When a key is looked at again that has no end, or whose replaced one other programs may use.
const RECHECK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// When a key is looked at again that another grant may have, or that outlives its tokens.
const RECHECK_SOON: Duration = Duration::from_secs(60 * 60);
/// The time to the first retry; doubled with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(60);
/// The longest time between two retries.
const MAX_RETRY: Duration = Duration::from_secs(6 * 60 * 60);

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
    /// Another gateway works on it, or on the same key in another grant, or nothing is to be done.
    Unchanged,
    /// It was replaced by a new one.
    Renewed,
    /// The key before was revoked in Odoo.
    Revoked,
    /// It could not be renewed, or the key before could not be revoked. It is tried again.
    Failed,
}

/// What became of the key before.
enum ReplacedKeyState {
    /// There is none, or it is too early.
    None,
    /// It stays, because somebody else may use it. It is looked at again after this time.
    Left(Duration),
    /// It was revoked in Odoo, and the record is stored.
    Revoked,
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
                // While another grant's claim is in the way, the time may be past; then the shortest interval applies.
                if next > now.unix_timestamp() {
                    used.check_again_at(next);
                }
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
                    if !matches!(key.used.database.client.accepts(&key.user).await, Ok(false)) {
                        return Err(AdminError::Odoo(problem));
                    }
                    // The key is gone. There is a new one already if it has ended, or the password creates one.
                    return match (self.adopt(key, &keys, record).await?, &key.password) {
                        (Some(outcome), _) => Ok(outcome),
                        (None, Some(_)) => self.create(key, &keys, record).await,
                        (None, None) => Err(AdminError::Odoo(problem)),
                    };
                }
            }
        }
        // Before the revocation of the key before, which Odoo may refuse again and again.
        let Some(end) = record.ends_at.filter(|end| *end <= key.in_seconds(self.odoo_keys.renew_before)) else {
            record.next_check_at = match self.revoke_replaced(key, record).await? {
                ReplacedKeyState::Revoked => return Ok(OdooKeyOutcome::Revoked),
                ReplacedKeyState::Left(recheck) => {
                    let without = OdooKeyRecord { replaced: None, ..record.clone() };
                    self.next_check(key, &without).min(key.in_seconds(recheck))
                }
                ReplacedKeyState::None => self.next_check(key, record),
            };
            return Ok(OdooKeyOutcome::Unchanged);
        };
        if !self.store.is_grant_valid_after(&key.used.token.grant.id, end).await? {
            // Nobody needs a new key, unless an administrator lets the tokens live longer.
            record.next_check_at = key.in_seconds(RECHECK_SOON);
            return Ok(OdooKeyOutcome::Unchanged);
        }
        match self.adopt(key, &keys, record).await? {
            Some(outcome) => Ok(outcome),
            None => self.create(key, &keys, record).await,
        }
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

    /// Replaces the credential of the grant by the key that has replaced it in another grant of the user. `None`: there
    /// is no such key, Odoo does not accept it, or the user has removed the grant's own one.
    async fn adopt(
        &self,
        key: &ClaimedKey<'_>,
        keys: &KeySet,
        record: &mut OdooKeyRecord,
    ) -> Result<Option<OdooKeyOutcome>, AdminError> {
        let (token, Some(hash)) = (&key.used.token, &record.hash) else { return Ok(None) };
        let user = (token.grant.database.as_str(), token.grant.uid);
        let Some(successor) = self.store.odoo_key_successor(user, hash).await? else { return Ok(None) };
        // A row that was altered opens nothing.
        let Ok(secret) = open_successor(keys, token, &key.user.secret, &successor.secret) else { return Ok(None) };
        // A key that the user has removed in Odoo must not come back to life; one that has ended was not removed.
        let has_ended = successor.replaced_ends_at.is_some_and(|end| end <= key.now.unix_timestamp());
        if !has_ended && key.used.database.rejects_api_key(&key.user).await.map_err(AdminError::Odoo)? {
            return Ok(None);
        }
        if !key.accepts(&secret).await? {
            return Ok(None);
        }
        let adopted = CreatedApiKey { secret, ends_at: successor.ends_at };
        let is_replaced = self.replace(key, keys, record, (&adopted, &successor.name)).await?;
        Ok(Some(if is_replaced { OdooKeyOutcome::Renewed } else { OdooKeyOutcome::Unchanged }))
    }

    /// Creates a key, and replaces the credential of the grant by it.
    async fn create(
        &self,
        key: &ClaimedKey<'_>,
        keys: &KeySet,
        record: &mut OdooKeyRecord,
    ) -> Result<OdooKeyOutcome, AdminError> {
        let used = key.used;
        let name = odoo_key_name(used.token.account_name())?;
        let ends_at = self.end_of_new_key();
        let created = used.database.create_api_key(key.owner(), &name, ends_at).await.map_err(AdminError::Odoo)?;
        let accepted = key.accepts(&created.secret).await;
        if !matches!(accepted, Ok(true)) {
            discard(&used.database, key.owner(), &created.secret, &name).await;
            return Err(accepted.err().unwrap_or(AdminError::CredentialRejected));
        }
        // A grant that was not looked at before has no hash yet, so its claim may not have seen one on the same key.
        if let Some(adopted) = self.adopt(key, keys, record).await.transpose() {
            discard(&used.database, key.owner(), &created.secret, &name).await;
            return adopted;
        }
        // If the store does not answer, it may have the new key: it is not discarded then.
        if !self.replace(key, keys, record, (&created, &name)).await? {
            // Another gateway was faster.
            discard(&used.database, key.owner(), &created.secret, &name).await;
            return Ok(OdooKeyOutcome::Unchanged);
        }
        Ok(OdooKeyOutcome::Renewed)
    }

    /// Replaces the credential of the grant. Returns `false` if another gateway was faster.
    async fn replace(
        &self,
        key: &ClaimedKey<'_>,
        keys: &KeySet,
        record: &mut OdooKeyRecord,
        (new, name): (&CreatedApiKey, &str),
    ) -> Result<bool, AdminError> {
        let grant = &key.used.token.grant;
        let renewed = self.replacing_record(key, keys, record, (new, name))?;
        let sealed = key.used.data_key().seal_credential(grant.facts(), &new.secret)?;
        let until = new.ends_at.map(format_timestamp);
        let detail = until.map_or_else(|| "without an end".to_owned(), |until| format!("valid until {until}"));
        let event = self.odoo_key_event("odoo_key.renew", key, &detail);
        let credentials = (&key.sealed, &sealed);
        let is_replaced = self.store.replace_odoo_key((&grant.id, key.claim), credentials, &renewed, &event).await?;
        if is_replaced {
            *record = renewed;
        }
        Ok(is_replaced)
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
            successor: Some(seal_successor(keys, token, (&key.user.secret, &created.secret))?),
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

    /// Revokes the key before, if it is time.
    async fn revoke_replaced(
        &self,
        key: &ClaimedKey<'_>,
        record: &mut OdooKeyRecord,
    ) -> Result<ReplacedKeyState, AdminError> {
        let Some(replaced) = record.replaced.clone() else { return Ok(ReplacedKeyState::None) };
        let (now, grant) = (key.now.unix_timestamp(), &key.used.token.grant);
        // The end of a key that the gateway has not created is a guess. Other grants may still look for its successor.
        if replaced.name.is_some() && replaced.ends_at.is_some_and(|end| end <= now) {
            record.replaced = None;
            return Ok(ReplacedKeyState::None);
        }
        let grace = i64::try_from(self.odoo_keys.revoke_after.as_secs()).unwrap_or(i64::MAX);
        let replaced_before = now.saturating_sub(grace);
        if replaced.replaced_at > replaced_before {
            return Ok(ReplacedKeyState::None);
        }
        if replaced.name.is_none() && !self.is_of_administrator(grant).await? {
            return Ok(ReplacedKeyState::Left(RECHECK));
        }
        let user = (grant.database.as_str(), grant.uid);
        if self.store.may_share_odoo_key(user, &grant.id, &replaced.hash, replaced_before).await? {
            return Ok(ReplacedKeyState::Left(RECHECK_SOON));
        }
        let secret = key.used.data_key().open_for_grant(grant.facts(), REPLACED_KEY, &replaced.secret)?;
        let revoked = key.used.database.revoke_api_key(key.owner(), &secret, replaced.name.as_deref()).await;
        revoked.map_err(AdminError::Odoo)?;
        (record.replaced, record.failures, record.failure) = (None, 0, None);
        record.next_check_at = self.next_check(key, record);
        let event = self.odoo_key_event("odoo_key.revoke", key, "the previous key");
        self.store.update_odoo_key_with_event(&grant.id, key.claim, record, &event).await?;
        Ok(ReplacedKeyState::Revoked)
    }

    /// Whether an administrator has given the credential of this grant to an API key, which has an Odoo API key of its
    /// own then. Other programs may have one that a user has entered.
    async fn is_of_administrator(&self, grant: &Grant) -> Result<bool, AdminError> {
        let account = OdooAccount { database: &grant.database, uid: grant.uid };
        let name = self.store.api_key_of_grant(&grant.id).await?;
        Ok(name.is_some_and(|name| !name.starts_with(&account.key_prefix(&grant.login))))
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
