//! Requests of a renewal, and the wait for its end.
//!
//! In: requests from all limits. Out: the request for the task that renews. Must not know: what is renewed, how.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// Connects the limits with the task that renews them. Clones share the state.
#[derive(Debug, Clone, Default)]
pub struct Renewals(Arc<State>);

#[derive(Debug, Default)]
struct State {
    requested: Notify,
    /// How many renewals have begun.
    begun: AtomicU64,
    /// The number of the last renewal that has ended.
    ended: watch::Sender<u64>,
}

impl Renewals {
    /// Requests a renewal soon. Many requests cause one.
    pub fn request(&self) {
        self.0.requested.notify_one();
    }

    /// Requests a renewal that begins after this call, and waits for its end, at most for `limit`.
    pub async fn renewed(&self, limit: Duration) {
        let mut ended = self.0.ended.subscribe();
        let next = self.0.begun.load(Ordering::SeqCst) + 1;
        self.request();
        // It also ends if no renewal succeeds: the caller decides with what is known then.
        let _ = timeout(limit, ended.wait_for(|ended| *ended >= next)).await;
    }

    /// Waits for a request.
    pub async fn requested(&self) {
        self.0.requested.notified().await;
    }

    /// Begins a renewal. What was used before this call is part of it. Returns its number.
    #[must_use]
    pub fn begin(&self) -> u64 {
        self.0.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Ends the renewal with this number.
    pub fn end(&self, number: u64) {
        self.0.ended.send_replace(number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn caller_waits_for_a_renewal_that_began_after_its_request() {
        let renewals = Renewals::default();
        let running = renewals.begin();
        let waiting = tokio::spawn({
            let renewals = renewals.clone();
            async move { renewals.renewed(Duration::from_secs(60)).await }
        });
        renewals.requested().await;
        renewals.end(running);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!waiting.is_finished(), "that renewal had begun before");
        let next = renewals.begin();
        renewals.end(next);
        waiting.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_is_limited() {
        let started = tokio::time::Instant::now();
        Renewals::default().renewed(Duration::from_secs(2)).await;
        assert_eq!(started.elapsed().as_secs(), 2);
    }
}
