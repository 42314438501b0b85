//! Whether the gateway can do its work: named checks, asked seldom, however often somebody probes.
//!
//! In: checks as async closures. Out: a [`Report`]. Must not know: what is checked, HTTP.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long a result is good for.
const FRESH: Duration = Duration::from_secs(5);
/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(2);

type Outcome = Result<(), String>;
type Probe = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// One part of what the gateway stands on.
pub struct Check {
    name: String,
    weight: Weight,
    probe: Probe,
    last: Mutex<Option<(Instant, Outcome)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    Needed,
    OneOf,
}

impl Check {
    /// Without it nothing works: the store.
    pub fn needed<F>(name: impl Into<String>, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(name.into(), Weight::Needed, probe)
    }

    /// One of several, of which one is enough: an Odoo database. A replica that no other can stand in for must
    /// not leave the balance because one database of many rests.
    pub fn one_of<F>(name: impl Into<String>, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self::new(name.into(), Weight::OneOf, probe)
    }

    fn new<F>(name: String, weight: Weight, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self { name, weight, probe: Box::new(move || Box::pin(probe())), last: Mutex::default() }
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
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

/// All checks, and whether the process is on its way out.
#[derive(Default)]
pub struct Health {
    checks: Vec<Arc<Check>>,
    stopping: AtomicBool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Requests are welcome.
    pub ready: bool,
    /// Part by part, in the order of the checks.
    pub parts: Vec<(String, Result<(), String>)>,
}

impl Health {
    /// Nothing to check: ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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
            tokio::spawn(async move { check.outcome().await })
        };
        let running: Vec<_> = self.checks.iter().map(ask).collect();
        let mut outcomes = Vec::with_capacity(running.len());
        for outcome in running {
            outcomes.push(outcome.await.unwrap_or_else(|_| Err("the check itself failed".to_owned())));
        }
        outcomes
    }

    /// Asks all parts, side by side.
    pub async fn report(&self) -> Report {
        let outcomes = self.outcomes().await;
        let (mut needed, mut alternatives) = (true, Vec::new());
        for (check, outcome) in self.checks.iter().zip(&outcomes) {
            match check.weight {
                Weight::Needed => needed &= outcome.is_ok(),
                Weight::OneOf => alternatives.push(outcome.is_ok()),
            }
        }
        let one = alternatives.is_empty() || alternatives.contains(&true);
        let ready = needed && one && !self.stopping.load(Ordering::Relaxed);
        Report { ready, parts: self.checks.iter().map(|check| check.name.clone()).zip(outcomes).collect() }
    }
}

impl Report {
    /// As the body of `/readyz`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let part = |outcome: &Outcome| match outcome {
            Ok(()) => json!({"ok": true}),
            Err(reason) => json!({"ok": false, "reason": reason}),
        };
        let parts: Map<String, Value> =
            self.parts.iter().map(|(name, outcome)| (name.clone(), part(outcome))).collect();
        json!({"ready": self.ready, "parts": parts}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn up(name: &str) -> Check {
        Check::one_of(name, async || Ok(()))
    }

    fn down(name: &str) -> Check {
        Check::one_of(name, async || Err("no".to_owned()))
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
            async { Ok(()) }
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
        assert_eq!(report.parts[1].1, Err("no answer within 2 s".to_owned()));
        assert_eq!(began.elapsed().as_secs(), 2);
    }

    #[tokio::test]
    async fn a_gateway_that_stops_is_not_ready() {
        let health = Health::new().check(up("a"));
        health.stop();
        assert!(!health.report().await.ready);
    }
}
