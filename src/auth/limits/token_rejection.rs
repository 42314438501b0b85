//! Rejections of tokens: each one costs an attempt, and all of them take equally long.
//!
//! In: the result of a verification. Out: the same, or an error for the client. Must not know: why it was rejected.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::min_failure_time::MinFailureTime;
use super::throttle::{AddressStatus, Throttle};
use crate::auth::error::{AuthError, invalid_token};
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The name under which rejected tokens are counted, together with the address. No login starts with NUL.
const TOKENS: &str = "\0tokens";

/// Applies the throttle and the minimum failure time to rejections. Clones share the counts.
#[derive(Debug, Clone)]
pub(in crate::auth) struct FailurePolicy {
    throttle: Arc<Throttle>,
    min_failure_time: MinFailureTime,
}

impl FailurePolicy {
    pub(in crate::auth) fn new(throttle: Arc<Throttle>, min_failure_time: Duration) -> Self {
        Self { throttle, min_failure_time: MinFailureTime(min_failure_time) }
    }

    /// Delays a rejection until the minimum failure time has passed, and returns it as 401.
    ///
    /// # Errors
    /// 401 for a rejection, 429 if too many attempts failed, and other errors at once.
    pub(in crate::auth) async fn finish<T>(
        &self,
        result: Result<T, AuthError>,
        started: Instant,
        address: IpAddr,
    ) -> Result<T, Problem> {
        self.finish_with(result, started, address, invalid_token).await
    }

    /// As [`finish`](Self::finish), with another error for the rejection.
    pub(in crate::auth) async fn finish_with<T>(
        &self,
        result: Result<T, AuthError>,
        started: Instant,
        address: IpAddr,
        rejection: fn() -> Problem,
    ) -> Result<T, Problem> {
        self.finish_named(result, started, address, TOKENS, rejection).await
    }

    /// As [`finish_with`](Self::finish_with), counted under another name.
    pub(in crate::auth) async fn finish_named<T>(
        &self,
        result: Result<T, AuthError>,
        started: Instant,
        address: IpAddr,
        name: &str,
        rejection: fn() -> Problem,
    ) -> Result<T, Problem> {
        match result {
            Ok(accepted) => Ok(accepted),
            Err(AuthError::Problem(problem)) => Err(problem),
            Err(AuthError::Rejected) => {
                // Tokens cannot be guessed. Failures are counted so that repeated attempts are throttled.
                // One that is refused with what is known here takes no part in the next renewal.
                self.throttle.peek(address, name, AddressStatus::New).map_err(too_many_attempts)?;
                self.throttle.refresh(address, name, AddressStatus::New).await;
                let _spent = self.throttle.take(address, name).map_err(too_many_attempts)?;
                self.min_failure_time.reached_since(started).await;
                Err(rejection())
            }
        }
    }
}

/// Too many attempts failed.
pub(in crate::auth) fn too_many_attempts(wait: Duration) -> Problem {
    let detail = "Too many failed authentication attempts. Retry after the time in `Retry-After`.";
    Problem::new(ErrorCode::TooManyAttempts, detail).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use time::OffsetDateTime;

    use super::super::throttle::{ThrottleRate, ThrottleSettings};
    use super::*;
    use crate::clock::Clock;
    use crate::shared_limits::Renewals;

    #[tokio::test(start_paused = true)]
    async fn rejection_that_is_refused_adds_no_buckets_to_the_next_renewal() {
        let rate = |burst| ThrottleRate { burst, per_minute: 1 };
        let (each, global) = (rate(9), rate(1));
        let settings = ThrottleSettings { address_and_login: each, login: each, address: each, global };
        let throttle = Arc::new(Throttle::new(settings, Clock::manual(OffsetDateTime::UNIX_EPOCH)));
        throttle.share(Renewals::default());
        let failures = FailurePolicy::new(throttle.clone(), Duration::ZERO);
        let reject = async |n| {
            let address = Ipv4Addr::new(192, 0, 2, n).into();
            failures.finish::<()>(Err(AuthError::Rejected), Instant::now(), address).await.unwrap_err().code
        };
        assert_eq!(reject(1).await, ErrorCode::CredentialInvalid);
        let reported = throttle.uses().len();
        assert_eq!(reject(2).await, ErrorCode::TooManyAttempts);
        assert_eq!((reported, throttle.uses().len()), (4, 4));
    }
}
