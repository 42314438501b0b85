//! Requests that must not be done twice: of those that one sender calls by one name the first is done, and the others get
//! its answer.
//!
//! ```text
//! nothing ──claim──► under way ──kept──► done: its answer, for a day
//!    ▲                  │  └── a few minutes later ──► outcome unknown, until somebody says or the day is over
//!    └──released────────┘  nothing was done
//! ```
//!
//! A process that is killed leaves its claim under way. Nobody knows then whether Odoo has done it, so it is never done
//! again under this name.
//!
//! In: who asks, a name, what is asked. Out: [`Turn`]. Must not know: HTTP frameworks, routes.

mod stored_response;

use std::time::Duration;

use secrecy::ExposeSecret as _;

pub use self::stored_response::{Kept, Outcome};

use crate::auth::{Principal, Vaults};
use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::Code;
use crate::secret::{Aad, RepeatKey};
use crate::store::{RepeatClaim, Store, StoreError, StoredRepeat, random_id};

/// How long an answer is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// A request of which nobody has said for so long what came of it has an unknown outcome. Longer than a request takes.
pub const UNDER_WAY_FOR: Duration = Duration::from_secs(3 * 60);
/// When it is worth asking again for the answer of a request that is under way.
const AGAIN: Duration = Duration::from_secs(1);

/// What is remembered of requests.
#[derive(Debug, Clone)]
pub struct Repeats {
    store: Store,
    vaults: Vaults,
    clock: Clock,
}

/// What a request is among those of its name.
#[derive(Debug)]
pub enum Turn {
    /// The first: to be done now.
    First(Box<Claim>),
    /// Done before.
    Again(Kept),
}

/// The duty to do a request and to say what came of it.
#[derive(Debug)]
#[must_use]
pub struct Claim {
    store: Store,
    key: RepeatKey,
    claim: String,
}

impl Repeats {
    /// Remembers in `store`.
    #[must_use]
    pub fn new(store: Store, vaults: Vaults, clock: Clock) -> Self {
        Self { store, vaults, clock }
    }

    /// Claims what `who` calls `name`. `request` is everything that makes one request another one.
    ///
    /// # Errors
    /// 422 when something else was asked under this name, 409 while it is under way, 504 when nobody knows what came of
    /// it, 503 without the store.
    pub async fn begin(&self, who: &Principal, name: &str, request: &[&[u8]]) -> Result<Turn, Problem> {
        let key = self.key(who, name).await?;
        let now = self.clock.now();
        let claim = random_id().map_err(|cause| unavailable(&cause))?;
        let (index, request) = (key.index(), key.hash(request));
        let claimed = RepeatClaim { index, claim: &claim, request, ends_at: now + KEPT_FOR };
        let stored = self.store.claim_repeat(claimed, now).await.map_err(|cause| unavailable(&cause))?;
        match stored {
            None => Ok(Turn::First(Box::new(Claim { store: self.store.clone(), key, claim }))),
            Some(stored) if stored.request != request => Err(reused()),
            Some(StoredRepeat { answer: Some(answer), .. }) => {
                let opened = key.open(&answer).map_err(Problem::internal)?;
                Kept::read(&opened).map(Turn::Again).ok_or_else(|| Problem::internal("a kept answer"))
            }
            Some(stored) if stored.claimed_at + seconds(UNDER_WAY_FOR) <= now.unix_timestamp() => Err(nobody_knows()),
            Some(_) => Err(under_way()),
        }
    }

    /// Two credentials of one user share nothing unless they reach equally far: an answer shows what it was asked with.
    async fn key(&self, who: &Principal, name: &str) -> Result<RepeatKey, Problem> {
        let root = self.vaults.repeat_root().await?;
        let credential = Aad::of("credential")
            .with(who.kind.as_str().as_bytes())
            .with(who.database.name.as_str().as_bytes())
            .with(&who.caller.uid.get().to_be_bytes())
            .with(who.caller.secret.expose_secret().as_bytes())
            .with(who.scope.to_json().as_bytes());
        Ok(RepeatKey::derive(&root, &credential, name))
    }
}

impl Claim {
    /// It was done, or may have been: from now on this is the answer. Where the answer cannot be kept, the claim stays
    /// under way, and nothing is done twice.
    pub async fn keep(self, kept: &Kept) {
        let sealed = self.key.seal(&kept.write());
        let written = match sealed {
            Ok(sealed) => self.store.keep_answer(self.key.index(), &self.claim, &sealed).await,
            Err(cause) => Err(StoreError::Internal(cause.to_string())),
        };
        if let Err(cause) = written {
            tracing::warn!(%cause, "an answer was not kept under its idempotency key");
        }
    }

    /// Nothing was done.
    pub async fn release(self) {
        if let Err(cause) = self.store.release_repeat(self.key.index(), &self.claim).await {
            tracing::warn!(%cause, "an idempotency key was not released");
        }
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn reused() -> Problem {
    let detail = "Something else was asked under this idempotency key before. Nothing was done.";
    Problem::new(Code::IdempotencyKeyReused, detail)
        .parameter("Idempotency-Key")
        .hint("Repeat a request byte for byte, and give each new one a key of its own.")
}

fn under_way() -> Problem {
    let detail = "The first request under this idempotency key is still under way.";
    Problem::new(Code::IdempotencyInProgress, detail).retry_after(AGAIN)
}

fn nobody_knows() -> Problem {
    let detail = "The first request under this idempotency key was begun, and nobody knows what came of it: the gateway \
                  was ended meanwhile. It is not done again under this key.";
    Problem::new(Code::OutcomeUnknown, detail)
        .hint("Read the records, then ask under another key what is still lacking.")
}

fn unavailable(cause: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%cause, "requests under idempotency keys cannot be remembered");
    Problem::new(Code::StoreUnavailable, "The gateway cannot remember requests now. Nothing was done.")
        .retry_after(Duration::from_secs(5))
}
