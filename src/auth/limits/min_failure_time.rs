//! The moment at which refusals leave.
//!
//! In: when a request's credential came to be judged. Out: nothing but time. Must not know: why it is refused.

use std::time::Duration;

use tokio::time::Instant;

/// All refusals leave at a multiple of this time after the question came: a slow refusal and a quick one differ by
/// nothing that tells who exists.
#[derive(Debug, Clone, Copy)]
pub(in crate::auth) struct Floor(pub(in crate::auth) Duration);

impl Floor {
    /// Waits until a refusal may leave.
    pub(in crate::auth) async fn reached_since(self, began: Instant) {
        tokio::time::sleep_until(began + self.leaving_time(began.elapsed())).await;
    }

    fn leaving_time(self, elapsed: Duration) -> Duration {
        let floors = elapsed.as_nanos().div_ceil(self.0.as_nanos().max(1)).max(1);
        self.0.saturating_mul(u32::try_from(floors).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_leave_at_multiples() {
        let floor = Floor(Duration::from_secs(1));
        for (elapsed, leaves) in [(0, 1), (1, 1), (999, 1), (1000, 1), (1001, 2), (2500, 3)] {
            assert_eq!(floor.leaving_time(Duration::from_millis(elapsed)), Duration::from_secs(leaves), "{elapsed}");
        }
        assert_eq!(Floor(Duration::ZERO).leaving_time(Duration::from_secs(9)), Duration::ZERO);
    }
}
