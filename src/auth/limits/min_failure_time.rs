//! The times at which rejections are returned.
//!
//! In: when the verification of a credential started. Out: nothing but a delay. Must not know: why it was rejected.

use std::time::Duration;

use tokio::time::Instant;

/// A rejection is returned at a multiple of this time after the verification started, so that a slow and a fast
/// rejection do not differ by a time that reveals whether a login or token exists.
#[derive(Debug, Clone, Copy)]
pub(in crate::auth) struct MinFailureTime(pub(in crate::auth) Duration);

impl MinFailureTime {
    /// Waits until the rejection may be returned.
    pub(in crate::auth) async fn reached_since(self, started: Instant) {
        tokio::time::sleep_until(started + self.delay(started.elapsed())).await;
    }

    fn delay(self, elapsed: Duration) -> Duration {
        let periods = elapsed.as_nanos().div_ceil(self.0.as_nanos().max(1)).max(1);
        self.0.saturating_mul(u32::try_from(periods).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_are_returned_at_multiples() {
        let time = MinFailureTime(Duration::from_secs(1));
        for (elapsed, delay) in [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (2500, 3)] {
            assert_eq!(time.delay(Duration::from_millis(elapsed)), Duration::from_secs(delay), "{elapsed}");
        }
        assert_eq!(MinFailureTime(Duration::ZERO).delay(Duration::from_secs(9)), Duration::ZERO);
    }
}
