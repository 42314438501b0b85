//! Health checks: named checks whose results are cached, so that frequent probes are cheap.
//!
//! In: checks as async closures. Out: a [`HealthReport`], and a log line whenever a result changes. Must not know:
//! what is checked, HTTP.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long a result is reused.
const FRESH: Duration = Duration::from_secs(5);
/// Maximum duration of a check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// A description of the part for the log, or the reason why it cannot be used.
pub type CheckResult = Result<String, String>;
type Tolerance = Box<dyn Fn() -> bool + Send + Sync>;
type Probe = Box<dyn Fn() -> Pin<Box<dyn Future<Output = CheckResult> + Send>> + Send + Sync>;

/// The check of one part that the gateway depends on.
pub struct Check {
    name: String,
    /// The configured name of the Odoo database that is checked.
    database: Option<String>,
    probe: Probe,
    /// Whether the gateway works without this part at the moment.
    tolerance: Option<Tolerance>,
    last: Mutex<Option<(Instant, Checked)>>,
}

/// The result of a check, and whether the gateway worked without the part at that time.
#[derive(Clone)]
struct Checked {
    outcome: CheckResult,
    is_tolerated: bool,
}

impl Check {
    /// A part that every request needs: the store, the master key.
    pub fn required<F>(name: impl Into<String>, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = CheckResult> + Send + 'static,
    {
        Self::new(name.into(), None, probe)
    }

    /// An Odoo database. The gateway is ready if at least one of them works, because the other replicas have the same
    /// databases and could not replace it.
    pub fn database<F>(database: impl Into<String>, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = CheckResult> + Send + 'static,
    {
        let database = database.into();
        Self::new(format!("odoo {database}"), Some(database), probe)
    }

    fn new<F>(name: String, database: Option<String>, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = CheckResult> + Send + 'static,
    {
        let probe: Probe = Box::new(move || Box::pin(probe()));
        Self { name, database, probe, tolerance: None, last: Mutex::default() }
    }

    /// The gateway stays ready if the check fails while `is_tolerated` returns `true`. The report still contains the
    /// reason.
    #[must_use]
    pub fn tolerate(mut self, is_tolerated: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.tolerance = Some(Box::new(is_tolerated));
        self
    }

    fn is_tolerated(&self) -> bool {
        self.tolerance.as_ref().is_some_and(|is_tolerated| is_tolerated())
    }

    /// Returns the last result if it is recent, otherwise a new one. Concurrent callers share one check.
    async fn checked(&self) -> Checked {
        let mut last = self.last.lock().await;
        if let Some((at, checked)) = &*last
            && at.elapsed() < FRESH
            // When an outage begins to be tolerated, or no longer is, the part may work again.
            && (checked.outcome.is_ok() || checked.is_tolerated == self.is_tolerated())
        {
            return checked.clone();
        }
        // The outage can begin or end during the check.
        let was_tolerated = self.is_tolerated();
        let outcome = timeout(CHECK_TIMEOUT, (self.probe)())
            .await
            .unwrap_or_else(|_| Err(format!("no response within {} s", CHECK_TIMEOUT.as_secs())));
        if last.as_ref().map(|(_, before)| &before.outcome) != Some(&outcome) {
            self.log(&outcome);
        }
        let checked = Checked { outcome, is_tolerated: was_tolerated || self.is_tolerated() };
        *last = Some((Instant::now(), checked.clone()));
        checked
    }

    /// Logs a result that has changed, and the first one.
    fn log(&self, outcome: &CheckResult) {
        match outcome {
            Ok(found) => tracing::info!(part = self.name, found, "usable"),
            Err(reason) => tracing::warn!(part = self.name, reason, "not usable"),
        }
    }
}

/// All checks, and whether the gateway is shutting down.
#[derive(Default)]
pub struct Health {
    checks: RwLock<Vec<Arc<Check>>>,
    stopping: AtomicBool,
    runtime: Option<Handle>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.present_checks().iter().map(|check| &check.name)).finish()
    }
}

/// The results of all checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthReport {
    /// Whether the gateway can serve requests.
    pub ready: bool,
    /// The results in the order of the checks.
    pub parts: Vec<HealthPart>,
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthPart {
    /// The name of the check.
    pub name: String,
    /// The configured name of the Odoo database, if the check is about one.
    pub database: Option<String>,
    /// The result.
    pub outcome: CheckResult,
    /// Whether the gateway can serve requests if the check failed.
    pub tolerated: bool,
}

impl Health {
    /// No checks: always ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs the checks on this runtime, the one that serves requests: the checked resources belong to it, and a
    /// blocked runtime is detected.
    #[must_use]
    pub fn on_runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Adds a check.
    #[must_use]
    pub fn check(self, check: Check) -> Self {
        self.checks.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(check));
        self
    }

    /// Replaces the checks of Odoo databases.
    pub fn replace_databases(&self, checks: Vec<Check>) {
        let mut present = self.checks.write().unwrap_or_else(PoisonError::into_inner);
        present.retain(|check| check.database.is_none());
        present.extend(checks.into_iter().map(Arc::new));
    }

    fn present_checks(&self) -> Vec<Arc<Check>> {
        self.checks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Calls `set` with the outcome of each database of a report that was not removed since. A removal waits until it
    /// returns.
    pub fn for_present_databases(&self, report: &HealthReport, set: impl Fn(&str, &CheckResult)) {
        let present = self.checks.read().unwrap_or_else(PoisonError::into_inner);
        for part in &report.parts {
            if let Some(database) = &part.database
                && present.iter().any(|check| check.database.as_ref() == Some(database))
            {
                set(database, &part.outcome);
            }
        }
    }

    /// Makes the report not ready, so that load balancers send no more requests.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    async fn checked(&self, checks: &[Arc<Check>]) -> Vec<Checked> {
        let spawn = |check: &Arc<Check>| {
            let check = Arc::clone(check);
            let run = async move { check.checked().await };
            self.runtime.as_ref().map_or_else(Handle::current, Handle::clone).spawn(run)
        };
        let running: Vec<_> = checks.iter().map(|check| (check, spawn(check))).collect();
        let mut results = Vec::with_capacity(running.len());
        for (check, result) in running {
            let failed = |reason: &str| Checked { outcome: Err(reason.to_owned()), is_tolerated: check.is_tolerated() };
            results.push(match timeout(2 * CHECK_TIMEOUT, result).await {
                Ok(Ok(checked)) => checked,
                Ok(Err(_)) => failed("the check failed unexpectedly"),
                Err(_) => failed("the gateway is too busy to check"),
            });
        }
        results
    }

    /// Runs all checks concurrently.
    pub async fn report(&self) -> HealthReport {
        let checks = self.present_checks();
        let results = self.checked(&checks).await;
        let part = |(check, checked): (&Arc<Check>, Checked)| HealthPart {
            name: check.name.clone(),
            database: check.database.clone(),
            outcome: checked.outcome,
            tolerated: checked.is_tolerated,
        };
        let parts: Vec<HealthPart> = checks.iter().zip(results).map(part).collect();
        let (databases, required): (Vec<&HealthPart>, Vec<&HealthPart>) =
            parts.iter().partition(|part| part.database.is_some());
        let ok = |part: &&HealthPart| part.outcome.is_ok();
        let has_database = databases.is_empty() || databases.iter().any(ok);
        let is_usable = |part: &&HealthPart| part.outcome.is_ok() || part.tolerated;
        let ready = required.iter().all(is_usable) && has_database && !self.stopping.load(Ordering::Relaxed);
        HealthReport { ready, parts }
    }
}

impl HealthReport {
    /// Returns the body of `/readyz`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let part = |outcome: &CheckResult| match outcome {
            Ok(_) => json!({"ok": true}),
            Err(reason) => json!({"ok": false, "reason": reason}),
        };
        let parts: Map<String, Value> =
            self.parts.iter().map(|found| (found.name.clone(), part(&found.outcome))).collect();
        json!({"ready": self.ready, "parts": parts}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn up(name: &str) -> Check {
        Check::database(name, async || Ok(String::new()))
    }

    fn down(name: &str) -> Check {
        Check::database(name, async || Err("no".to_owned()))
    }

    #[tokio::test]
    async fn one_working_database_of_several_is_sufficient() {
        assert!(Health::new().check(up("a")).check(down("b")).report().await.ready);
        assert!(!Health::new().check(down("a")).check(down("b")).report().await.ready);
        let required = Check::required("store", async || Err("no".to_owned()));
        assert!(!Health::new().check(up("a")).check(required).report().await.ready);
    }

    #[tokio::test(start_paused = true)]
    async fn results_are_reused_for_five_seconds() {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let health = Health::new().check(Check::required("store", move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok(String::new()) }
        }));
        tokio::join!(health.report(), health.report(), health.report());
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        tokio::time::advance(FRESH).await;
        health.report().await;
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn checks_run_concurrently_and_time_out_after_two_seconds() {
        let started = Instant::now();
        let hanging = || Check::required("odoo", std::future::pending);
        let report = Health::new().check(hanging()).check(hanging()).report().await;
        assert_eq!(report.parts[1].outcome, Err("no response within 2 s".to_owned()));
        assert_eq!(started.elapsed().as_secs(), 2);
    }

    #[tokio::test]
    async fn tolerated_failure_is_reported_and_the_gateway_is_ready() {
        for is_tolerated in [true, false] {
            let store = Check::required("store", async || Err("gone".to_owned())).tolerate(move || is_tolerated);
            let report = Health::new().check(store).report().await;
            assert_eq!(report.ready, is_tolerated);
            assert!(report.to_json().contains(r#""store":{"ok":false,"reason":"gone"}"#), "{}", report.to_json());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn part_that_works_again_is_ready_at_once_after_a_tolerated_outage() {
        let (is_tolerated, is_up) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let (tolerated, up) = (is_tolerated.clone(), is_up.clone());
        let store = Check::required("store", move || {
            let up = up.load(Ordering::Relaxed);
            async move { up.then(String::new).ok_or_else(|| "gone".to_owned()) }
        });
        let health = Health::new().check(store.tolerate(move || tolerated.load(Ordering::Relaxed)));
        assert!(health.report().await.ready);
        // The tolerance ends first, then the outage.
        is_tolerated.store(false, Ordering::Relaxed);
        assert!(!health.report().await.ready);
        is_tolerated.store(true, Ordering::Relaxed);
        assert!(health.report().await.ready);
        // The outage ends, and the tolerance with it.
        is_up.store(true, Ordering::Relaxed);
        is_tolerated.store(false, Ordering::Relaxed);
        assert!(health.report().await.ready);
    }

    #[tokio::test]
    async fn outage_that_ends_during_the_check_was_tolerated() {
        let is_tolerated = Arc::new(AtomicBool::new(true));
        let (tolerated, ends) = (is_tolerated.clone(), is_tolerated);
        let store = Check::required("store", move || {
            ends.store(false, Ordering::Relaxed);
            async { Err("gone".to_owned()) }
        });
        let health = Health::new().check(store.tolerate(move || tolerated.load(Ordering::Relaxed)));
        assert!(health.report().await.ready);
        assert!(!health.report().await.ready, "it is checked again");
    }

    #[tokio::test]
    async fn replaced_databases_are_no_longer_checked() {
        let health = Health::new().check(Check::required("store", async || Ok(String::new()))).check(down("a"));
        assert!(!health.report().await.ready);
        health.replace_databases(vec![up("b")]);
        let report = health.report().await;
        let names: Vec<&str> = report.parts.iter().map(|part| part.name.as_str()).collect();
        assert_eq!((report.ready, names), (true, vec!["store", "odoo b"]));
    }

    #[tokio::test]
    async fn a_gateway_that_shuts_down_is_not_ready() {
        let health = Health::new().check(up("a"));
        health.stop();
        assert!(!health.report().await.ready);
    }
}
