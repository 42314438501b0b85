//! Idempotency keys: of all requests with one key the first is executed, and the others get its response.
//!
//! ```text
//! nothing ──claim──► in progress ──store──► done: the response, for 24 hours
//!    ▲                    │  └── after 3 minutes ──► outcome unknown, until a response is stored or the key expires
//!    └──────release───────┘  nothing was done
//! ```
//!
//! A process that is killed leaves its claim in progress. It is unknown then whether Odoo has executed the request,
//! so it is never executed again with this key.
//!
//! In: the caller, the key, the parts of the request. Out: [`ClaimResult`]. Must not know: HTTP frameworks, routes.

mod stored_response;

use std::time::Duration;

use secrecy::ExposeSecret as _;

pub use self::stored_response::{StoredOutcome, StoredResponse};

use crate::auth::{KeyProvider, Principal};
use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::secret::{Aad, IdempotencyKey};
use crate::store::{ClaimRow, Store, StoreError, StoredResponseRow, random_id};

/// The longest idempotency key, in bytes.
pub const LONGEST_KEY: usize = 255;
/// How long a response is stored.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
/// After this time the outcome of a request without a stored response is unknown. Longer than any request takes.
const MAX_EXECUTION: Duration = Duration::from_secs(3 * 60);
/// `Retry-After` while the first request is in progress.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Claims keys and stores responses.
#[derive(Debug, Clone)]
pub struct IdempotencyStore {
    store: Store,
    keys: KeyProvider,
    clock: Clock,
}

/// The result of claiming a key.
#[derive(Debug)]
pub enum ClaimResult {
    /// The request is the first with its key and has to be executed now.
    Claimed(Box<Claim>),
    /// The request was executed before.
    Replay(StoredResponse),
}

/// A claimed key. The holder executes the request, and stores the response or releases the key.
#[derive(Debug)]
#[must_use]
pub struct Claim {
    store: Store,
    key: IdempotencyKey,
    claim: String,
}

impl IdempotencyStore {
    /// Stores responses in `store`, sealed with keys of the installation.
    #[must_use]
    pub fn new(store: Store, keys: KeyProvider, clock: Clock) -> Self {
        Self { store, keys, clock }
    }

    /// Claims a key of the caller. `request` contains all parts in which repetitions must be equal.
    ///
    /// # Errors
    /// 422 if the key belongs to a different request, 409 while the first request is in progress, 504 if its outcome
    /// is unknown, 503 without the store.
    pub async fn claim(&self, caller: &Principal, key: &str, request: &[&[u8]]) -> Result<ClaimResult, Problem> {
        let key = self.derive_key(caller, key).await?;
        let now = self.clock.now();
        let claim = random_id().map_err(|cause| unavailable(&cause))?;
        let (index, request) = (key.index(), key.hash(request));
        let row = ClaimRow { index, claim: &claim, request, expires_at: now + RETENTION };
        let stored = self.store.claim_idempotency_key(row, now).await.map_err(|cause| unavailable(&cause))?;
        match stored {
            None => Ok(ClaimResult::Claimed(Box::new(Claim { store: self.store.clone(), key, claim }))),
            Some(stored) if stored.request != request => Err(key_reused()),
            Some(StoredResponseRow { response: Some(sealed), .. }) => {
                let bytes = key.open(&sealed).map_err(Problem::internal)?;
                let response = StoredResponse::from_bytes(&bytes);
                response.map(ClaimResult::Replay).ok_or_else(|| Problem::internal("a stored response is malformed"))
            }
            Some(stored) if stored.claimed_at + seconds(MAX_EXECUTION) <= now.unix_timestamp() => {
                Err(outcome_unknown())
            }
            Some(_) => Err(in_progress()),
        }
    }

    /// Credentials of the same user share keys only if they have the same scope: a response shows what its scope
    /// allows.
    async fn derive_key(&self, caller: &Principal, key: &str) -> Result<IdempotencyKey, Problem> {
        let root = self.keys.idempotency_root_key().await?;
        let credential = Aad::new("credential")
            .with(caller.credential_kind.as_str().as_bytes())
            .with(caller.database.name.as_str().as_bytes())
            .with(&caller.odoo_user.uid.get().to_be_bytes())
            .with(caller.odoo_user.secret.expose_secret().as_bytes())
            .with(caller.scope.to_json().as_bytes());
        Ok(IdempotencyKey::derive(&root, &credential, key))
    }
}

impl Claim {
    /// Stores the response of a request that was, or may have been, executed. If it cannot be stored, the key stays in
    /// progress, and the request is not executed again.
    pub async fn store(self, response: &StoredResponse) {
        let sealed = self.key.seal(&response.to_bytes());
        let stored = match sealed {
            Ok(sealed) => self.store.store_response(self.key.index(), &self.claim, &sealed).await,
            Err(cause) => Err(StoreError::Internal(cause.to_string())),
        };
        if let Err(cause) = stored {
            tracing::warn!(%cause, "the response of a request with an idempotency key could not be stored");
        }
    }

    /// Releases the key of a request that was not executed.
    pub async fn release(self) {
        if let Err(cause) = self.store.release_claim(self.key.index(), &self.claim).await {
            tracing::warn!(%cause, "an idempotency key could not be released");
        }
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn key_reused() -> Problem {
    let detail = "This idempotency key was used for a different request. Nothing was done.";
    Problem::new(ErrorCode::IdempotencyKeyReused, detail)
        .parameter("Idempotency-Key")
        .hint("Send repetitions byte for byte, and each new request with a new key.")
}

fn in_progress() -> Problem {
    let detail = "The first request with this idempotency key is still in progress.";
    Problem::new(ErrorCode::IdempotencyInProgress, detail).retry_after(RETRY_AFTER)
}

fn outcome_unknown() -> Problem {
    let detail = "The outcome of the first request with this idempotency key is unknown: the gateway stopped while it was \
                  in progress. It is not executed again with this key.";
    Problem::new(ErrorCode::OutcomeUnknown, detail).hint("Read the records, then send what is missing with a new key.")
}

fn unavailable(cause: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%cause, "requests with idempotency keys cannot be stored");
    Problem::new(
        ErrorCode::StoreUnavailable,
        "The gateway cannot store idempotency keys at the moment. Nothing was done.",
    )
    .retry_after(Duration::from_secs(5))
}
