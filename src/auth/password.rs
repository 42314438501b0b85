//! A login and a secret become an Odoo user.
//!
//! Odoo 16..19 spend 0.4 s of processor time on a password and none on an unknown login (security.md F4), and every
//! success writes a row (odoo-facts 2). So Odoo is asked once for each (database, login, secret): the user is
//! remembered, a refusal for a minute, both under a keyed hash. Few questions are under way at a time, each for the same
//! time whatever Odoo took, so that neither a refusal nor the wait for one tells who exists. Guesses from many addresses
//! do not lock out an address from which the login was proven.
//!
//! In: a database, a login, a secret, the client's address. Out: a [`Principal`]. Must not know: headers, HTTP.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::keyed_hash::{Fingerprint, KeyedHash};
use super::limits::check_slots::{CheckSlot, CheckSlots};
use super::limits::min_failure_time::Floor;
use super::limits::proven_addresses::ProvenAddresses;
use super::limits::throttle::{AddressStatus, Throttle};
use super::odoo_api_key::Proof;
use super::principal::{CredentialKind, Principal};
use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::Code;
use crate::odoo::{Caller, Database, Databases, Uid};
use crate::plan::Scope;
use crate::store::{Act, Store};

/// How passwords are handled.
#[derive(Debug, Clone)]
pub struct PasswordSettings {
    /// A check that fails holds its slot for a multiple of this time, and no refusal is answered earlier.
    pub failure_floor: Duration,
    /// How long a refusal is remembered.
    pub refusal_ttl: Duration,
    /// How long a user is remembered. Odoo itself checks the secret at every call.
    pub identity_ttl: Duration,
    /// How many passwords one database is asked to check at a time.
    pub checks_in_flight: usize,
    /// How long a check may wait for its turn.
    pub check_wait: Duration,
}

/// How many identities and how many refusals are remembered at most.
const MOST_REMEMBERED: u64 = 50_000;

/// Verifies passwords and remembers.
#[derive(Debug)]
pub struct Passwords {
    settings: PasswordSettings,
    clock: Clock,
    hash: KeyedHash,
    identities: Cache<Fingerprint, Uid>,
    refusals: Cache<Fingerprint, OffsetDateTime>,
    throttle: Arc<Throttle>,
    store: Store,
    slots: CheckSlots,
    proven: ProvenAddresses,
}

/// Why a login and secret were not taken.
#[derive(Debug, Clone)]
enum Refusal {
    /// They are wrong. Takes as long as any other refusal.
    Wrong,
    /// Something else, which tells nothing of them.
    Other(Problem),
}

impl Passwords {
    /// Remembers nobody.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new(
        settings: PasswordSettings,
        throttle: Arc<Throttle>,
        store: Store,
        databases: &Databases,
        clock: Clock,
    ) -> Result<Self, Problem> {
        let names = databases.iter().map(|database| database.name.clone());
        let floor = Floor(settings.failure_floor);
        Ok(Self {
            throttle,
            store,
            identities: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(settings.identity_ttl).build(),
            refusals: Cache::builder().max_capacity(MOST_REMEMBERED).time_to_live(settings.refusal_ttl).build(),
            slots: CheckSlots::new(names, settings.checks_in_flight, floor, settings.check_wait),
            proven: ProvenAddresses::new()?,
            hash: KeyedHash::generate()?,
            settings,
            clock,
        })
    }

    /// The user of this login and secret.
    ///
    /// # Errors
    /// 401 when they are wrong, 429 when too much was guessed, or why Odoo could not be asked.
    pub async fn identify(
        &self,
        database: &Arc<Database>,
        login: String,
        secret: SecretString,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let uid = self.prove(database, Proof::Password { login: &login, secret: &secret }, address).await?;
        Ok(Principal {
            database: database.clone(),
            caller: Caller { uid, secret },
            login,
            kind: CredentialKind::Basic,
            allowance: None,
            seat: None,
            scope: Scope::All,
            token: None,
        })
    }

    /// Whether a user who was identified is still taken: he is remembered, or Odoo takes what he has shown. Odoo itself
    /// checks it with each call besides.
    ///
    /// # Errors
    /// 401 when Odoo refuses. That Odoo cannot be asked now is no refusal.
    pub async fn check_again(&self, principal: &Principal, address: IpAddr) -> Result<(), Problem> {
        match self.prove(&principal.database, Proof::of(principal), address).await {
            Ok(uid) if uid != principal.caller.uid => Err(wrong()),
            Err(problem) if problem.code == Code::CredentialInvalid => Err(problem),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The user whom this proves, remembered or asked of Odoo.
    pub(super) async fn prove(&self, database: &Database, proof: Proof<'_>, address: IpAddr) -> Result<Uid, Problem> {
        let began = Instant::now();
        let fingerprint = self.fingerprint(database, proof);
        let uid = match self.identities.get(&fingerprint).await {
            Some(uid) => Ok(uid),
            None => self.identify_anew(fingerprint, database, proof, address).await,
        };
        match uid {
            Ok(uid) => Ok(uid),
            Err(Refusal::Other(problem)) => Err(problem),
            Err(Refusal::Wrong) => Err(self.wrong_since(began).await),
        }
    }

    /// Refuses a login to a database that is not there, as a wrong password is refused.
    /// 401, or 429 when too much was guessed.
    pub async fn refuse(&self, login: &str, address: IpAddr) -> Problem {
        let began = Instant::now();
        if let Err(wait) = self.throttle.peek(address, login, AddressStatus::New) {
            return too_many_attempts(wait);
        }
        let Some(slot) = self.slots.acquire(None, AddressStatus::New).await else { return busy() };
        match self.throttle.take(address, login) {
            Ok(_spent) => {
                slot.hold().await;
                self.wrong_since(began).await
            }
            Err(wait) => {
                slot.release();
                too_many_attempts(wait)
            }
        }
    }

    /// The refusal of what is wrong. One that waited for a slot has waited long enough; one that was remembered has not.
    async fn wrong_since(&self, began: Instant) -> Problem {
        tokio::time::sleep_until(began + self.settings.failure_floor).await;
        wrong()
    }

    /// Odoo refused a user that was remembered: his password changed or he is gone.
    pub async fn forget(&self, principal: &Principal) {
        let fingerprint = self.fingerprint(&principal.database, Proof::of(principal));
        self.identities.invalidate(&fingerprint).await;
    }

    /// Requests with the same credential wait for one answer of Odoo's.
    async fn identify_anew(
        &self,
        fingerprint: Fingerprint,
        database: &Database,
        proof: Proof<'_>,
        address: IpAddr,
    ) -> Result<Uid, Refusal> {
        if self.refusals.get(&fingerprint).await.is_some_and(|until| self.clock.now() < until) {
            return Err(Refusal::Wrong);
        }
        let question = self.ask(database, proof, address);
        match self.identities.try_get_with(fingerprint, question).await.map_err(Arc::unwrap_or_clone) {
            Err(Refusal::Wrong) => {
                self.refusals.insert(fingerprint, self.clock.now() + self.settings.refusal_ttl).await;
                Err(Refusal::Wrong)
            }
            answer => answer,
        }
    }

    async fn ask(&self, database: &Database, proof: Proof<'_>, address: IpAddr) -> Result<Uid, Refusal> {
        let too_many = |wait| Refusal::Other(too_many_attempts(wait));
        let login = &*proof.guessed();
        let is_proven = self.proven.contains(&database.name, login, address);
        let status = if is_proven { AddressStatus::Proven } else { AddressStatus::New };
        self.throttle.peek(address, login, status).map_err(too_many)?;
        let slot = self.slots.acquire(Some(&database.name), status).await.ok_or_else(|| Refusal::Other(busy()))?;
        let attempt = match self.throttle.take_as(address, login, status) {
            Ok(attempt) => attempt,
            Err(wait) => {
                slot.release();
                return Err(too_many(wait));
            }
        };
        match proof.confirm(database).await {
            Ok(Some(uid)) => {
                slot.release();
                attempt.forgive();
                self.proven.insert(&database.name, login, address);
                self.note("login.success", database, login, address).await;
                Ok(uid)
            }
            Ok(None) => Err(self.refused(slot, database, login, address).await),
            Err(failure) => {
                slot.release();
                attempt.forgive();
                Err(Refusal::Other(failure.into_problem()))
            }
        }
    }

    async fn refused(&self, slot: CheckSlot, database: &Database, login: &str, address: IpAddr) -> Refusal {
        self.note("login.failure", database, login, address).await;
        slot.hold().await;
        Refusal::Wrong
    }

    /// Odoo's own log does not know where a login over XML-RPC comes from: the audit log is the only place that does.
    /// What is remembered or throttled is no new login and makes no row. A store that does not answer locks nobody out.
    async fn note(&self, act: &str, database: &Database, login: &str, address: IpAddr) {
        let act = Act::new(self.clock.now(), login, act, database.name.as_str(), format!("from {address}"));
        if let Err(cause) = self.store.audit(&act).await {
            tracing::error!(%cause, act = act.act, actor = act.actor, "a login is missing in the audit log");
        }
    }

    fn fingerprint(&self, database: &Database, proof: Proof<'_>) -> Fingerprint {
        let (login, secret) = match proof {
            Proof::Password { login, secret } => (login, secret),
            // No password comes without a login.
            Proof::Key(key) => ("", key),
        };
        self.hash.of(&[database.name.as_str(), login, secret.expose_secret()])
    }
}

/// The same for everybody, also the hint: it must not tell who exists, nor who has a second factor.
fn wrong() -> Problem {
    Problem::new(Code::CredentialInvalid, "Odoo does not take this login and password or API key.")
        .hint("A user who signs in to Odoo with a second factor needs an Odoo API key in place of the password.")
}

fn busy() -> Problem {
    let detail = "Too many logins are waiting to be checked by Odoo. Yours was not.";
    Problem::new(Code::TooManyAttempts, detail).retry_after(Duration::from_secs(1))
}

pub(super) fn too_many_attempts(wait: Duration) -> Problem {
    Problem::new(Code::TooManyAttempts, "Too many passwords were tried. Wait before the next try.").retry_after(wait)
}
