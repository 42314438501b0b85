//! Records the state of the store outside of it at regular intervals, so that a restored backup is detected.
//!
//! In: a [`RollbackDetector`]. Out: log lines when the result changes. Must not know: what is recorded.

use std::time::Duration;

use crate::store::{RollbackDetector, StoreError};

/// The interval. Revocations in the last interval before a crash may not be recorded.
const INTERVAL: Duration = Duration::from_secs(10);

/// Records the state at regular intervals until the task is aborted.
pub(super) async fn run(detector: RollbackDetector) {
    let mut logged = None;
    loop {
        let error = detector.update().await.err();
        if error != logged {
            error.iter().for_each(log);
            logged = error;
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Records the state once, unless the store does not answer within `limit`.
pub(super) async fn record(detector: &RollbackDetector, limit: Duration) {
    let recorded = tokio::time::timeout(limit, detector.update()).await;
    recorded.unwrap_or(Err(StoreError::TimedOut)).err().iter().for_each(log);
}

fn log(cause: &StoreError) {
    match cause {
        StoreError::RolledBack { .. } => tracing::error!(%cause, "the store was replaced by an older one"),
        _ => tracing::warn!(%cause, "cannot record the state of the store"),
    }
}
