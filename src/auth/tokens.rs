//! A token of the gateway's own becomes an Odoo user.
//!
//! The row is read at each request, in one question to the store, so that what was revoked is dead at once everywhere.
//! What it takes to open the credential is spared while the row stays the same: opened credentials are remembered for
//! minutes, under the token's index. Odoo is not asked at all; it checks the credential with the call itself.
//!
//! In: a token, the client's address. Out: a [`Principal`]. Must not know: headers, HTTP.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use secrecy::SecretString;
use tokio::time::Instant;

use super::allowance::Allowances;
use super::floor::Floor;
use super::password::too_many_attempts;
use super::principal::Principal;
use super::throttle::Throttle;
use super::vault::{Vault, VaultError, Vaults};
use crate::clock::Clock;
use crate::error::{Problem, RateLimit};
use crate::explain::Code;
use crate::odoo::{Caller, Databases, Uid};
use crate::secret::{DataKey, SecretError, Token, TokenIndex, TokenKind};
use crate::store::{Store, StoreError, StoredToken};

/// How long an opened credential is remembered at most, and how long when it is not used.
const OPENED_TTL: Duration = Duration::from_secs(5 * 60);
const OPENED_IDLE: Duration = Duration::from_secs(60);
const MOST_OPENED: u64 = 10_000;

/// What `scope` says when the token may do all that its user may.
pub const WHOLE_SCOPE: &str = "\"all\"";

/// A row as it was when its credential was opened.
#[derive(Debug)]
struct Opened {
    row: StoredToken,
    secret: SecretString,
}

/// Verifies the gateway's own tokens.
#[derive(Debug)]
pub struct Tokens {
    store: Store,
    vaults: Vaults,
    clock: Clock,
    floor: Floor,
    throttle: Arc<Throttle>,
    allowances: Allowances,
    opened: Cache<TokenIndex, Arc<Opened>>,
}

/// Why a token was not taken.
enum Refusal {
    /// It is none of ours, or is so no longer, or is not from here. Takes as long as any other refusal.
    Wrong,
    /// Something else, which tells nothing to a guesser.
    Other(Problem),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<StoreError> for Refusal {
    fn from(cause: StoreError) -> Self {
        Self::Other(unavailable(&cause))
    }
}

impl From<VaultError> for Refusal {
    fn from(cause: VaultError) -> Self {
        Self::Other(unavailable(&cause))
    }
}

impl Tokens {
    /// Remembers nothing.
    #[must_use]
    pub fn new(store: Store, vaults: Vaults, failure_floor: Duration, throttle: Arc<Throttle>, clock: Clock) -> Self {
        let opened = Cache::builder().max_capacity(MOST_OPENED).time_to_live(OPENED_TTL).time_to_idle(OPENED_IDLE);
        Self {
            allowances: Allowances::new(clock.clone()),
            opened: opened.build(),
            floor: Floor(failure_floor),
            store,
            vaults,
            clock,
            throttle,
        }
    }

    /// The user behind a token; `None` stands for a text that the gateway cannot have made. `named` is the database
    /// that the request names.
    ///
    /// # Errors
    /// 401 when it is not taken, 429 when it is used too often or too many wrong ones came, 503 without the store.
    pub async fn identify(
        &self,
        token: Option<&Token>,
        named: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, Problem> {
        let began = Instant::now();
        let verdict = match token {
            Some(token) => self.judge(token, named, databases, address).await,
            None => Err(Refusal::Wrong),
        };
        match verdict {
            Ok(principal) => Ok(principal),
            Err(Refusal::Other(problem)) => Err(problem),
            Err(Refusal::Wrong) => {
                // Wrong tokens cannot be guessed; they are counted so that trying costs something.
                let _spent = self.throttle.take(address, WRONG_TOKENS).map_err(too_many_attempts)?;
                self.floor.reached_since(began).await;
                Err(Problem::new(Code::CredentialInvalid, "This key or token is not valid here."))
            }
        }
    }

    async fn judge(
        &self,
        token: &Token,
        named: Option<&str>,
        databases: &Databases,
        address: IpAddr,
    ) -> Result<Principal, Refusal> {
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let index = token.index(&vault.index);
        let found = self.store.tokens_by_index([index, index], self.clock.now()).await?.pop();
        let Some(row) = found.filter(|row| self.is_good(row, token.kind(), address)) else {
            self.opened.invalidate(&index);
            return Err(Refusal::Wrong);
        };
        let database = databases.pick(Some(&row.grant.database)).map_err(|_| Refusal::Wrong)?.clone();
        if let Some(named) = named
            && databases.pick(Some(named))?.name != database.name
        {
            return Err(Refusal::Wrong);
        }
        self.is_enough_alone(&row)?;
        let allowance = self.charge(&row)?;
        let opened = self.open(&vault, token, index, &row).await?;
        self.note_use(&row);
        let uid = Uid::new(row.grant.uid).ok_or(Refusal::Wrong)?;
        let caller = Caller { uid, secret: opened.secret.clone() };
        Ok(Principal { database, caller, login: row.grant.login, kind: token.kind().into(), allowance })
    }

    fn is_good(&self, row: &StoredToken, kind: TokenKind, address: IpAddr) -> bool {
        row.kind == kind && row.is_alive(self.clock.now()) && row.key.as_ref().is_none_or(|key| key.admits(address))
    }

    fn is_enough_alone(&self, row: &StoredToken) -> Result<(), Problem> {
        if row.key.as_ref().is_some_and(|key| key.needs_login_token) {
            let detail = "This API key is not enough alone.";
            return Err(Problem::new(Code::CredentialMissing, detail).hint("Send a user's login token as `token` too."));
        }
        if row.scope != WHOLE_SCOPE {
            return Err(Problem::internal("a token has a scope that this gateway cannot guard"));
        }
        Ok(())
    }

    fn charge(&self, row: &StoredToken) -> Result<Option<RateLimit>, Problem> {
        let Some(rate) = row.key.as_ref().and_then(|key| key.rate) else { return Ok(None) };
        self.allowances.take(&row.id, rate).map(Some).map_err(|(limit, wait)| {
            let detail = format!("This API key may be used {} times in {} s.", rate.requests, rate.seconds);
            Problem::new(Code::RateLimited, detail).rate_limit(limit).retry_after(wait)
        })
    }

    async fn open(
        &self,
        vault: &Vault,
        token: &Token,
        index: TokenIndex,
        row: &StoredToken,
    ) -> Result<Arc<Opened>, Refusal> {
        if let Some(opened) = self.opened.get(&index)
            && is_same(&opened.row, row)
        {
            return Ok(opened);
        }
        let secret = match open(vault, token, row) {
            // The master key may have been exchanged a moment ago.
            Err(SecretError::UnknownKey(_)) => {
                let vault = self.vaults.reread().await?.ok_or(Refusal::Wrong)?;
                open(&vault, token, row)
            }
            other => other,
        };
        let secret = secret.map_err(|cause| refuse_altered(row, &cause))?;
        let opened = Arc::new(Opened { row: row.clone(), secret });
        self.opened.insert(index, opened.clone());
        Ok(opened)
    }

    /// Nobody waits for it.
    fn note_use(&self, row: &StoredToken) {
        let now = self.clock.now();
        if !row.is_use_due(now) {
            return;
        }
        let (store, token) = (self.store.clone(), row.id.clone());
        tokio::spawn(async move {
            if let Err(cause) = store.note_use(&token, now).await {
                tracing::warn!(%cause, "the use of a token was not written down");
            }
        });
    }
}

/// Whether nothing of what the credential was opened with has changed.
fn is_same(before: &StoredToken, now: &StoredToken) -> bool {
    before.grant == now.grant && before.wrap == now.wrap && before.terms() == now.terms() && {
        let (before, now) = (before.facts(&[]), now.facts(&[]));
        (before.id, before.kind, before.account, before.not_after) == (now.id, now.kind, now.account, now.not_after)
    }
}

/// The login under which wrong tokens are counted, beside their addresses.
const WRONG_TOKENS: &str = "\0tokens";

fn open(vault: &Vault, token: &Token, row: &StoredToken) -> Result<SecretString, SecretError> {
    let terms = row.terms();
    let grant = row.grant.facts();
    DataKey::unwrap(&vault.keyring, token, row.facts(&terms), grant, &row.wrap)?
        .open_credential(grant, &row.grant.credential)
}

/// The right token found a row that it does not open: somebody wrote into the store.
fn refuse_altered(row: &StoredToken, cause: &SecretError) -> Refusal {
    tracing::error!(target: "odoo_gateway::audit", act = "token.altered", subject = row.id, %cause, "audit");
    match cause {
        SecretError::Altered => Refusal::Wrong,
        other => Refusal::Other(unavailable(other)),
    }
}

fn unavailable(cause: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%cause, "credentials cannot be verified");
    Problem::new(Code::StoreUnavailable, "The gateway cannot verify credentials now.")
        .retry_after(Duration::from_secs(5))
}
