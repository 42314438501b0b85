//! Renews Odoo API keys that were used and end soon.
//!
//! In: uses of credentials, the store. Out: log lines, metrics. Must not know: how keys are renewed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::admin::{Administration, OdooKeyOutcome};
use crate::auth::{OdooKeyUse, OdooKeyUses};
use crate::clock::Clock;
use crate::store::Store;
use crate::telemetry::metrics::{Metrics, count};

/// How many keys this gateway works on at once. Each occupies a call to Odoo, which users wait for, too.
const CONCURRENT: usize = 2;

/// From so many failures in a row on, Odoo was not only away for a moment: the third attempt is made three minutes
/// after the first one.
const FAILING: i64 = 3;

/// How long a key that ended while its renewal failed is counted. It can stay in the store, unused, as long as its
/// tokens.
const ENDED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How often the keys whose renewal fails are counted.
const COUNT_INTERVAL: Duration = Duration::from_secs(60);

/// The actor in the audit log.
const ACTOR: &str = "gateway";

/// Runs until the gateway stops, and then for at most `grace`: between two steps of a renewal, Odoo has a key that the
/// store does not know yet.
pub(super) async fn run(
    uses: OdooKeyUses,
    admin: Administration,
    metrics: Arc<Metrics>,
    stopped: watch::Receiver<bool>,
    grace: Duration,
) {
    let admin = admin.with_actor(ACTOR);
    let check = |used| check(used, admin.clone(), metrics.clone());
    run_each(|| uses.next(), check, stopped, grace).await;
}

/// Works on what `next` returns, on several at once. What has not ended after the grace period is aborted.
async fn run_each<U, N: Future<Output = U>, W: Future<Output = ()> + Send + 'static>(
    next: impl Fn() -> N,
    work: impl Fn(U) -> W,
    mut stopped: watch::Receiver<bool>,
    grace: Duration,
) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            // An error means that the sender was dropped, which is a shutdown too.
            _ = stopped.wait_for(|stopped| *stopped) => break,
            Some(ended) = running.join_next() => log(ended.err()),
            used = next(), if running.len() < CONCURRENT => drop(running.spawn(work(used))),
        }
    }
    let finished = async {
        while let Some(ended) = running.join_next().await {
            log(ended.err());
        }
    };
    if timeout(grace, finished).await.is_err() {
        tracing::warn!("the renewal of an Odoo API key was interrupted; a key that nobody has may be left in Odoo");
    }
}

fn log(cause: Option<tokio::task::JoinError>) {
    if let Some(cause) = cause {
        tracing::error!(%cause, "a task failed");
    }
}

/// Counts the keys whose renewal fails, at whichever gateway on the store, until the gateway stops.
pub(super) async fn count_failing(
    store: Store,
    clock: Clock,
    metrics: Arc<Metrics>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let ended_before = (clock.now() - ENDED_FOR).unix_timestamp();
        // A store that does not answer is reported elsewhere; the number stays then.
        if let Ok(failing) = store.count_failing_odoo_keys(FAILING, ended_before).await {
            metrics.odoo_keys_failing.set(failing);
        }
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = sleep(COUNT_INTERVAL) => {}
        }
    }
}

async fn check(used: OdooKeyUse, admin: Administration, metrics: Arc<Metrics>) {
    let outcome = match admin.check_odoo_key(&used).await {
        Ok(OdooKeyOutcome::Unchanged) => None,
        Ok(OdooKeyOutcome::Renewed) => Some("renewed"),
        Ok(OdooKeyOutcome::Revoked) => Some("revoked"),
        Ok(OdooKeyOutcome::Failed) => Some("failed"),
        Err(cause) => {
            tracing::warn!(%cause, "an Odoo API key was not looked at; it is tried again");
            Some("failed")
        }
    };
    if let Some(outcome) = outcome {
        count(&metrics.odoo_key_renewals, outcome);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::Instant;

    use super::*;

    /// Stops in the middle of work that takes this many seconds. Returns how many were begun, how many ended, and how
    /// long the end took.
    async fn stop_within(work: u64) -> (usize, usize, u64) {
        let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (stop, stopped) = watch::channel(false);
        let next = || async { begun.fetch_add(1, Ordering::Relaxed) };
        let work_on = |_| {
            let ended = ended.clone();
            async move {
                sleep(Duration::from_secs(work)).await;
                ended.fetch_add(1, Ordering::Relaxed);
            }
        };
        let running = run_each(next, work_on, stopped, Duration::from_secs(30));
        let stopping = async {
            sleep(Duration::from_secs(1)).await;
            let _ = stop.send(true);
            Instant::now()
        };
        let ((), since) = tokio::join!(running, stopping);
        (begun.load(Ordering::Relaxed), ended.load(Ordering::Relaxed), since.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_begun_ends_before_the_gateway_stops_and_nothing_begins() {
        assert_eq!(stop_within(11).await, (CONCURRENT, CONCURRENT, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn the_gateway_does_not_wait_longer_than_the_grace_period() {
        assert_eq!(stop_within(100).await, (CONCURRENT, 0, 30));
    }
}
