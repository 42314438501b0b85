//! The rate and concurrency limits of an API key or application, which its tokens share.
//!
//! On PostgreSQL all gateways share the limits. A request waits for them only if it is not known whether other gateways
//! have used them up.
//!
//! In: the row of a token. Out: permission, or an error for the client. Must not know: how the token was verified.

use std::time::Duration;

use super::key_concurrency::{ConcurrencyLimiter, ConcurrencyPermit};
use super::rate_limit::RateLimiter;
use crate::clock::Clock;
use crate::error::{Problem, RateLimit};
use crate::error_code::ErrorCode;
use crate::store::StoredToken;

/// The suggested wait at the concurrency limit. How long the other requests take is unknown.
const CONCURRENCY_RETRY: Duration = Duration::from_secs(1);

/// Applies the limits of tokens. Clones share the counts.
#[derive(Debug, Clone)]
pub(in crate::auth) struct TokenLimits {
    pub(super) rate: RateLimiter,
    pub(super) concurrency: ConcurrencyLimiter,
}

impl TokenLimits {
    pub(in crate::auth) fn new(clock: Clock) -> Self {
        Self { rate: RateLimiter::new(clock), concurrency: ConcurrencyLimiter::default() }
    }

    /// Admits one more concurrent request; `None` if the token has no such limit.
    ///
    /// # Errors
    /// 429 if the limit is reached. The request is not counted against the rate then.
    pub(in crate::auth) async fn acquire(&self, row: &StoredToken) -> Result<Option<ConcurrencyPermit>, Problem> {
        let Some(limit) = row.key.as_ref().and_then(|key| key.concurrent) else { return Ok(None) };
        self.concurrency.acquire(account(row), limit).await.map(Some).ok_or_else(|| {
            let detail = format!("This credential allows {limit} concurrent requests. Wait until one is finished.");
            Problem::new(ErrorCode::TooManyAtOnce, detail).retry_after(CONCURRENCY_RETRY)
        })
    }

    /// Counts one request; `None` if the token has no rate limit.
    ///
    /// # Errors
    /// 429 if the rate is exceeded.
    pub(in crate::auth) async fn check_rate(&self, row: &StoredToken) -> Result<Option<RateLimit>, Problem> {
        let Some(rate) = row.key.as_ref().and_then(|key| key.rate) else { return Ok(None) };
        self.rate.take(account(row), rate).await.map(Some).map_err(|(limit, wait)| {
            let allowed = format!("This credential allows {} requests per {} seconds.", rate.requests, rate.seconds);
            let detail = format!("{allowed} Retry after the time in `Retry-After`.");
            Problem::new(ErrorCode::RateLimited, detail).rate_limit(limit).retry_after(wait)
        })
    }
}

/// The id of the API key or application that a token belongs to, or its own.
fn account(row: &StoredToken) -> &str {
    row.account.as_ref().unwrap_or(&row.id)
}
