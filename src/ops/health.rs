//! Whether the gateway can do its work: named checks, asked seldom, however often somebody probes.
//!
//! In: checks as async closures. Out: a [`Report`], and a log line whenever a check changes. Must not know: what is
//! checked, HTTP.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long a result is good for.
const FRESH: Duration = Duration::from_secs(5);
/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was found, for the log; or the reason why the part cannot be used.
pub type Outcome = Result<String, String>;
type Probe = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// One part of what the gateway stands on.
pub struct Check {
    name: String,
    /// The configured name of the Odoo database that is checked.
    database: Option<String>,
    probe: Probe,
    last: Mutex<Option<(Instant, Outcome)>>,
}

impl Check {
    /// Without it nothing works: the store, the master key.
    pub fn needed<F>(name: impl Into<String>, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(name.into(), None, probe)
    }

    /// An Odoo database, of which one is enough. A replica that no other can stand in for must not leave the balance
    /// because one database of many rests.
    pub fn database<F>(database: impl Into<String>, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let database = database.into();
        Self::new(format!("odoo {database}"), Some(database), probe)
    }

    fn new<F>(name: String, database: Option<String>, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self { name, database, probe: Box::new(move || Box::pin(probe())), last: Mutex::default() }
    }

    /// The last outcome while it is fresh, else a new one. Those who ask meanwhile wait for the same.
    async fn outcome(&self) -> Outcome {
        let mut last = self.last.lock().await;
        if let Some((at, outcome)) = &*last
            && at.elapsed() < FRESH
        {
            return outcome.clone();
        }
        let outcome = timeout(PATIENCE, (self.probe)())
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())));
        if last.as_ref().map(|(_, before)| before) != Some(&outcome) {
            self.log(&outcome);
        }
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }

    /// Each change once, the first outcome too.
    fn log(&self, outcome: &Outcome) {
        match outcome {
            Ok(found) => tracing::info!(part = self.name, found, "usable"),
            Err(reason) => tracing::warn!(part = self.name, reason, "not usable"),
        }
    }
}

/// All checks, and whether the process is on its way out.
#[derive(Default)]
pub struct Health {
    checks: Vec<Arc<Check>>,
    stopping: AtomicBool,
    runtime: Option<Handle>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.checks.iter().map(|check| &check.name)).finish()
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Requests are welcome.
    pub ready: bool,
    /// Part by part, in the order of the checks.
    pub parts: Vec<Part>,
}

/// What was found of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What the check is called.
    pub name: String,
    /// The configured name of the Odoo database that it is about.
    pub database: Option<String>,
    /// What was found.
    pub outcome: Outcome,
}

impl Health {
    /// Nothing to check: ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Does its checks on this runtime: that of the requests, whoever asks. What the checks use belongs to it, and if it
    /// is stuck that is found too.
    #[must_use]
    pub fn on(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Adds a check.
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// From now on not ready, so that balancers send nothing more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    async fn outcomes(&self) -> Vec<Outcome> {
        let ask = |check: &Arc<Check>| {
            let check = Arc::clone(check);
            let checking = async move { check.outcome().await };
            self.runtime.as_ref().map_or_else(Handle::current, Handle::clone).spawn(checking)
        };
        let running: Vec<_> = self.checks.iter().map(ask).collect();
        let mut outcomes = Vec::with_capacity(running.len());
        for outcome in running {
            outcomes.push(match timeout(2 * PATIENCE, outcome).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err("the check itself failed".to_owned()),
                Err(_) => Err("the gateway is too busy to check".to_owned()),
            });
        }
        outcomes
    }

    /// Asks all parts, side by side.
    pub async fn report(&self) -> Report {
        let outcomes = self.outcomes().await;
        let part = |(check, outcome): (&Arc<Check>, Outcome)| Part {
            name: check.name.clone(),
            database: check.database.clone(),
            outcome,
        };
        let parts: Vec<Part> = self.checks.iter().zip(outcomes).map(part).collect();
        let (databases, needed): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|part| part.database.is_some());
        let ok = |part: &&Part| part.outcome.is_ok();
        let one = databases.is_empty() || databases.iter().any(ok);
        let ready = needed.iter().all(ok) && one && !self.stopping.load(Ordering::Relaxed);
        Report { ready, parts }
    }
}

impl Report {
    /// As the body of `/readyz`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let part = |outcome: &Outcome| match outcome {
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
    async fn one_database_of_several_is_enough_but_none_is_not() {
        assert!(Health::new().check(up("a")).check(down("b")).report().await.ready);
        assert!(!Health::new().check(down("a")).check(down("b")).report().await.ready);
        let needed = Check::needed("store", async || Err("no".to_owned()));
        assert!(!Health::new().check(up("a")).check(needed).report().await.ready);
    }

    #[tokio::test(start_paused = true)]
    async fn probes_do_not_hammer() {
        let asked = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&asked);
        let health = Health::new().check(Check::needed("store", move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok(String::new()) }
        }));
        tokio::join!(health.report(), health.report(), health.report());
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(FRESH).await;
        health.report().await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn checks_run_side_by_side_and_have_two_seconds() {
        let began = Instant::now();
        let hanging = || Check::needed("odoo", std::future::pending);
        let report = Health::new().check(hanging()).check(hanging()).report().await;
        assert_eq!(report.parts[1].outcome, Err("no answer within 2 s".to_owned()));
        assert_eq!(began.elapsed().as_secs(), 2);
    }

    #[tokio::test]
    async fn a_gateway_that_stops_is_not_ready() {
        let health = Health::new().check(up("a"));
        health.stop();
        assert!(!health.report().await.ready);
    }
}
