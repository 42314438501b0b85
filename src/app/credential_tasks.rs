//! Tasks for the credentials in memory: one asks the store whether they have changed, the other writes their uses and the
//! number of requests.
//!
//! In: the store, uses of tokens. Out: confirmed or outdated credentials, `last_used_at`, usage, metrics. Must not know:
//! what is cached.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::auth::{RecentUses, UsageCounts};
use crate::store::{Store, StoreError};
use crate::telemetry::metrics::Metrics;

/// The interval between writes of uses. Far below a minute, the precision of `last_used_at`, so that other gateways do
/// not take a token for unused.
const WRITE_INTERVAL: Duration = Duration::from_secs(5);

/// The running tasks.
#[derive(Debug)]
pub(super) struct CredentialTasks {
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
}

impl CredentialTasks {
    /// Starts the tasks. `interval`: how often the store is asked. `uses`: what is written.
    pub(super) fn start(
        store: Store,
        interval: Duration,
        uses: (RecentUses, UsageCounts),
        metrics: Arc<Metrics>,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let write = tokio::spawn(write_uses(uses, stopped.clone()));
        let poll = tokio::spawn(poll_changes(store, interval, metrics, stopped));
        Self { stop, tasks: [write, poll] }
    }

    /// Writes the last uses, and closes the connection of the poll.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            if let Err(cause) = task.await {
                tracing::error!(%cause, "a task failed");
            }
        }
    }
}

async fn poll_changes(store: Store, interval: Duration, metrics: Arc<Metrics>, mut stopped: watch::Receiver<bool>) {
    let mut poll = store.credential_poll();
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut logged = None;
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            _ = ticks.tick() => {}
        }
        let error = poll.poll().await.err();
        metrics.store_up.set(error.is_none().into());
        let counts = store.credential_changes().take_counts();
        metrics.credential_reads.inc_by(counts.reads);
        metrics.credential_outage_uses.inc_by(counts.bridged);
        if error != logged {
            log(error.as_ref(), store.credential_changes().outage_grace());
            logged = error;
        }
    }
    poll.close().await;
}

fn log(error: Option<&StoreError>, outage_grace: Duration) {
    match error {
        Some(StoreError::TimedOut) => tracing::warn!(
            "the store is slow; until it answers in time, each request reads its credential from the store"
        ),
        Some(cause) => tracing::warn!(
            %cause,
            ?outage_grace,
            "the store cannot be reached; credentials that were verified before are accepted for store.outage_grace"
        ),
        None => tracing::info!("the store can be reached again"),
    }
}

async fn write_uses((recent_uses, usage_counts): (RecentUses, UsageCounts), mut stopped: watch::Receiver<bool>) {
    let mut is_stopped = false;
    while !is_stopped {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => is_stopped = true,
            () = tokio::time::sleep(WRITE_INTERVAL) => {}
        }
        if let Err(cause) = recent_uses.write().await {
            tracing::warn!(%cause, "uses of tokens were not recorded");
        }
        if let Err(cause) = usage_counts.write().await {
            tracing::warn!(%cause, "the usage of keys and applications is recorded later");
        }
    }
}
