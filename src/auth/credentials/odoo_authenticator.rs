//! Logins with a password or API key, and Odoo API keys alone: verified by Odoo, cached by the gateway.
//!
//! Odoo 16-19 spends 0.4 s of processor time on the password of an existing login and none on an unknown login
//! (docs/security.md F4), and each success inserts a row in Odoo's database. So the gateway asks Odoo once for each
//! (database, login, secret). It caches the user, and a rejection for a minute, both under a keyed hash. Only a few
//! verifications run at a time, and each one that fails takes the same time whatever Odoo took, so that neither a
//! rejection nor the wait for one reveals whether a login exists. Failed attempts from many addresses do not lock out
//! an address from which the login was verified before.
//!
//! XML-RPC requires the id of the user with an API key. Odoo 19 looks up the user of a key; for older versions an
//! administrator links the key with its user. A key that is revoked in Odoo stops working here when the cached user
//! expires (`auth.identity_ttl`).
//!
//! In: a database, a login and secret or an API key, the client's address. Out: a [`Principal`]. Must not know:
//! headers, HTTP.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::odoo_credential_check::UnverifiedCredential;
use crate::auth::error::AuthError;
use crate::auth::limits::check_slots::{CheckSlot, CheckSlots};
use crate::auth::limits::min_failure_time::MinFailureTime;
use crate::auth::limits::proven_addresses::ProvenAddresses;
use crate::auth::limits::throttle::{AddressStatus, Throttle};
use crate::auth::limits::token_rejection::too_many_attempts;
use crate::auth::principal::{CredentialKind, Principal};
use crate::auth::process_keyed_hash::{Fingerprint, KeyedHash};
use crate::cache::{CacheLimits, ExpiringCache, LoadingCache};
use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::{Database, Databases, OdooUser, Uid, api_key_owner};
use crate::plan::Scope;
use crate::shared_limits::LeasedSlots;
use crate::store::{AuditEvent, Store};

/// How Odoo is asked, and how long its answers are cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OdooAuthenticatorSettings {
    /// A failed verification occupies its slot for a multiple of this time, and no rejection is returned earlier.
    pub min_failure_time: Duration,
    /// How long a rejection is cached.
    pub rejection_ttl: Duration,
    /// How long a user is cached. Odoo itself verifies the secret at every call.
    pub identity_ttl: Duration,
    /// How many credentials one database verifies at a time, for all gateways together.
    pub checks_in_flight: usize,
    /// How long a verification may wait for a slot.
    pub check_wait: Duration,
}

/// The most identities, and the most rejections, that are cached.
const CACHE_CAPACITY: u64 = 50_000;

/// Verifies credentials with Odoo and caches the result.
#[derive(Debug)]
pub struct OdooAuthenticator {
    settings: OdooAuthenticatorSettings,
    clock: Clock,
    hash: KeyedHash,
    identities: LoadingCache<Fingerprint, Uid, AuthError>,
    rejections: ExpiringCache<Fingerprint, OffsetDateTime>,
    throttle: Arc<Throttle>,
    store: Store,
    slots: CheckSlots,
    proven: Arc<ProvenAddresses>,
}

/// Whether this Odoo can look up the user of an API key: Odoo 19 and later can.
///
/// # Errors
/// Why Odoo's version could not be read.
pub async fn supports_key_lookup(database: &Database) -> Result<bool, Problem> {
    Ok(database.metadata.cached_version().await?.major >= api_key_owner::FIRST_MAJOR)
}

impl OdooAuthenticator {
    /// An authenticator with empty caches.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub fn new(
        settings: OdooAuthenticatorSettings,
        throttle: Arc<Throttle>,
        store: Store,
        databases: &Databases,
        clock: Clock,
    ) -> Result<Self, Problem> {
        let proven = Arc::new(ProvenAddresses::new()?);
        Self::with_proven(settings, throttle, store, databases, clock, proven)
    }

    /// An authenticator for other settings or databases, with empty caches. It knows the addresses from which logins
    /// were verified, because failed attempts from elsewhere could lock out their users without them.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn renewed(&self, settings: OdooAuthenticatorSettings, databases: &Databases) -> Result<Self, Problem> {
        let (throttle, store) = (self.throttle.clone(), self.store.clone());
        Self::with_proven(settings, throttle, store, databases, self.clock.clone(), self.proven.clone())
    }

    fn with_proven(
        settings: OdooAuthenticatorSettings,
        throttle: Arc<Throttle>,
        store: Store,
        databases: &Databases,
        clock: Clock,
        proven: Arc<ProvenAddresses>,
    ) -> Result<Self, Problem> {
        let names = databases.iter().map(|database| database.name.clone());
        let hold = MinFailureTime(settings.min_failure_time);
        Ok(Self {
            throttle,
            store,
            identities: LoadingCache::new(CacheLimits::capacity(CACHE_CAPACITY).time_to_live(settings.identity_ttl)),
            rejections: ExpiringCache::new(CacheLimits::capacity(CACHE_CAPACITY).time_to_live(settings.rejection_ttl)),
            slots: CheckSlots::new(names, settings.checks_in_flight, hold, settings.check_wait),
            proven,
            hash: KeyedHash::generate()?,
            settings,
            clock,
        })
    }

    /// The slots of verifications, which may be shared with other gateways.
    #[must_use]
    pub fn leased_slots(&self) -> Vec<LeasedSlots> {
        self.slots.leased()
    }

    /// The user of this login and secret.
    ///
    /// # Errors
    /// 401 if Odoo rejects them, 429 if too many attempts failed, or why Odoo could not be asked.
    pub async fn authenticate(
        &self,
        database: &Arc<Database>,
        login: String,
        secret: SecretString,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let credential = UnverifiedCredential::Password { login: &login, secret: &secret };
        let uid = self.verify(database, credential, address).await?;
        Ok(principal(database, uid, secret, login, CredentialKind::Basic))
    }

    /// The user with this id, if the secret is theirs.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub async fn authenticate_user_id(
        &self,
        database: &Arc<Database>,
        uid: Uid,
        secret: SecretString,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let credential = UnverifiedCredential::UserId { uid, secret: &secret };
        let uid = self.verify(database, credential, address).await?;
        Ok(principal(database, uid, secret, format!("uid {uid}"), CredentialKind::UserId))
    }

    /// The user of this Odoo API key. Requires [`supports_key_lookup`].
    ///
    /// # Errors
    /// 401 if Odoo rejects it, 429 if too many attempts failed, or why Odoo could not be asked.
    pub async fn authenticate_api_key(
        &self,
        database: &Arc<Database>,
        key: SecretString,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let uid = self.verify(database, UnverifiedCredential::ApiKey(&key), address).await?;
        Ok(principal(database, uid, key, format!("uid {uid}"), CredentialKind::OdooApiKey))
    }

    /// Checks that the credential of an authenticated user is still accepted: the user is cached, or Odoo accepts the
    /// credential. Odoo itself verifies it with each call, too.
    ///
    /// # Errors
    /// 401 if Odoo rejects it. An Odoo that cannot be asked now is not a rejection.
    pub async fn recheck(&self, principal: &Principal, address: IpAddr) -> Result<(), Problem> {
        let credential = UnverifiedCredential::from_principal(principal);
        match self.verify(&principal.database, credential, address).await {
            Ok(uid) if uid != principal.odoo_user.uid => Err(rejected_by_odoo()),
            Err(problem) if problem.code == ErrorCode::CredentialInvalid => Err(problem),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The user of this credential, from the cache or from Odoo.
    async fn verify(
        &self,
        database: &Database,
        credential: UnverifiedCredential<'_>,
        address: IpAddr,
    ) -> Result<Uid, Problem> {
        let started = Instant::now();
        let fingerprint = self.fingerprint(database, credential);
        let uid = match self.identities.get(&fingerprint) {
            Some(uid) => Ok(uid),
            None => self.verify_uncached(fingerprint, database, credential, address).await,
        };
        match uid {
            Ok(uid) => Ok(uid),
            Err(AuthError::Problem(problem)) => Err(problem),
            Err(AuthError::Rejected) => Err(self.delayed_rejection(started).await),
        }
    }

    /// Rejects a login to a database that is not configured, in the way and in the time in which a wrong password is
    /// rejected. Returns 401, or 429 if too many attempts failed.
    pub async fn reject_unknown_database(&self, login: &str, address: IpAddr) -> Problem {
        let started = Instant::now();
        if let Err(wait) = self.throttle.peek(address, login, AddressStatus::New) {
            return too_many_attempts(wait);
        }
        let Some(slot) = self.slots.acquire(None, AddressStatus::New).await else { return queue_timeout() };
        self.throttle.refresh(address, login, AddressStatus::New).await;
        match self.throttle.take(address, login) {
            Ok(_spent) => {
                slot.hold().await;
                self.delayed_rejection(started).await
            }
            Err(wait) => {
                slot.release();
                too_many_attempts(wait)
            }
        }
    }

    /// Waits for the minimum time of a rejection. One that waited for its slot has waited longer already; a cached
    /// one has not.
    async fn delayed_rejection(&self, started: Instant) -> Problem {
        tokio::time::sleep_until(started + self.settings.min_failure_time).await;
        rejected_by_odoo()
    }

    /// Removes a cached user after Odoo rejected a call: the password changed, or the user was deleted.
    pub fn invalidate(&self, principal: &Principal) {
        let fingerprint = self.fingerprint(&principal.database, UnverifiedCredential::from_principal(principal));
        self.identities.remove(&fingerprint);
    }

    /// Concurrent requests with the same credential wait for one answer of Odoo.
    async fn verify_uncached(
        &self,
        fingerprint: Fingerprint,
        database: &Database,
        credential: UnverifiedCredential<'_>,
        address: IpAddr,
    ) -> Result<Uid, AuthError> {
        if self.rejections.get(&fingerprint).is_some_and(|until| self.clock.now() < until) {
            return Err(AuthError::Rejected);
        }
        let verification = self.ask_odoo(database, credential, address);
        match self.identities.get_or_load(fingerprint, verification).await {
            Err(AuthError::Rejected) => {
                self.rejections.insert(fingerprint, self.clock.now() + self.settings.rejection_ttl);
                Err(AuthError::Rejected)
            }
            result => result,
        }
    }

    async fn ask_odoo(
        &self,
        database: &Database,
        credential: UnverifiedCredential<'_>,
        address: IpAddr,
    ) -> Result<Uid, AuthError> {
        let too_many = |wait| AuthError::Problem(too_many_attempts(wait));
        let login = &*credential.throttle_name();
        let is_proven = self.proven.contains(&database.name, login, address);
        let status = if is_proven { AddressStatus::Proven } else { AddressStatus::New };
        self.throttle.peek(address, login, status).map_err(too_many)?;
        let slot = self.slots.acquire(Some(&database.name), status).await;
        let slot = slot.ok_or_else(|| AuthError::Problem(queue_timeout()))?;
        self.throttle.refresh(address, login, status).await;
        let attempt = match self.throttle.take_as(address, login, status) {
            Ok(attempt) => attempt,
            Err(wait) => {
                slot.release();
                return Err(too_many(wait));
            }
        };
        match credential.verify(database).await {
            Ok(Some(uid)) => {
                slot.release();
                attempt.refund();
                self.proven.insert(&database.name, login, address);
                self.audit("login.success", database, login, address).await;
                Ok(uid)
            }
            Ok(None) => Err(self.reject(slot, database, login, address).await),
            Err(error) => {
                slot.release();
                attempt.refund();
                Err(AuthError::Problem(error.into_problem()))
            }
        }
    }

    async fn reject(&self, slot: CheckSlot, database: &Database, login: &str, address: IpAddr) -> AuthError {
        self.audit("login.failure", database, login, address).await;
        // The next attempt at another gateway must not come before its report. The rejection waits longer anyway.
        self.throttle.reported().await;
        slot.hold().await;
        AuthError::Rejected
    }

    /// Odoo's own log does not contain the address of a login over XML-RPC, so only this audit log does. A cached or
    /// throttled login is not a new login and inserts no row. A store that does not respond locks out no user.
    async fn audit(&self, act: &str, database: &Database, login: &str, address: IpAddr) {
        let detail = format!("from {address}");
        // The name of a credential without a login starts with NUL, which PostgreSQL does not store.
        let actor = login.trim_start_matches('\0');
        let event = AuditEvent::new(self.clock.now(), actor, act, database.name.as_str(), detail);
        if let Err(cause) = self.store.audit(&event).await {
            tracing::error!(%cause, act = event.action, actor = event.actor, "a login is missing in the audit log");
        }
    }

    fn fingerprint(&self, database: &Database, credential: UnverifiedCredential<'_>) -> Fingerprint {
        let (name, secret) = match credential {
            UnverifiedCredential::Password { login, secret } => (Cow::Borrowed(login), secret),
            UnverifiedCredential::UserId { secret, .. } => (credential.throttle_name(), secret),
            // A password always has a login without a NUL, so these never collide.
            UnverifiedCredential::ApiKey(key) => (Cow::Borrowed(""), key),
        };
        self.hash.digest(&[database.name.as_str(), &name, secret.expose_secret()])
    }
}

/// A user with all of their rights in Odoo.
fn principal(
    database: &Arc<Database>,
    uid: Uid,
    secret: SecretString,
    login: String,
    credential_kind: CredentialKind,
) -> Principal {
    Principal {
        database: database.clone(),
        odoo_user: OdooUser { uid, secret: secret.into() },
        login: login.into(),
        credential_kind,
        rate_limit: None,
        permit: None,
        scope: Arc::new(Scope::All),
        token: None,
        usage: None,
    }
}

/// The same for every login, including the hint: it must not reveal whether the login exists or uses two-factor
/// authentication. Odoo refuses a key with another scope like one that does not exist.
fn rejected_by_odoo() -> Problem {
    Problem::new(ErrorCode::CredentialInvalid, "Odoo rejected the login or its password or API key.").hint(
        "A user with two-factor authentication in Odoo needs an Odoo API key in place of the password. On Odoo 20, make \
         the key with the scope rpc.",
    )
}

/// The client did nothing wrong, so it is not told that its attempts failed.
fn queue_timeout() -> Problem {
    let detail = "Too many logins wait for verification by Odoo. This one was not checked.";
    Problem::new(ErrorCode::OdooBusy, detail)
        .hint("Try again later. A program that sends an API key or a token of the gateway does not wait for Odoo.")
        .retry_after(Duration::from_secs(1))
}
