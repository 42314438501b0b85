//! A server under load, measured in rounds.
//!
//! In: a script of wrk, the server's processor time, the Odoo behind it. Out: [`Measured`]: one figure per round. Must
//! not know: which server it is.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::canned_odoo::CannedOdoo;
use super::figures::Series;
use super::wrk::{Load, Script};

/// How often and how long is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) rounds: usize,
    /// The duration of one measurement.
    pub(crate) seconds: u64,
}

impl Rounds {
    /// `BENCH_ROUNDS` and `BENCH_SECONDS`, by default five rounds of three seconds.
    pub(crate) fn from_environment() -> Result<Self, std::num::ParseIntError> {
        let number = |name: &str| std::env::var(name).ok();
        Ok(Self {
            rounds: number("BENCH_ROUNDS").map_or(Ok(5), |text| text.parse())?,
            seconds: number("BENCH_SECONDS").map_or(Ok(3), |text| text.parse())?,
        })
    }
}

/// A server that answers reads of one record.
pub(crate) struct Scenario<'a> {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) script: &'a Script,
    /// The processor time of the server so far; `None` if it is not a hop.
    pub(crate) processor_time: Option<Box<dyn Fn() -> io::Result<Duration> + 'a>>,
    pub(crate) odoo: &'a CannedOdoo,
}

/// What was measured, one figure per round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    /// Requests per second.
    pub(crate) rate: Series,
    /// Latency, in milliseconds.
    pub(crate) p50: Series,
    pub(crate) p99: Series,
    /// Processor time per request, in microseconds.
    pub(crate) cpu: Series,
    /// Calls to Odoo per request.
    pub(crate) calls: Series,
}

impl Scenario<'_> {
    /// Measures once and returns the load.
    pub(crate) fn run(&self, clients: usize, seconds: u64) -> io::Result<Load> {
        let load = self.script.run(self.address, clients, seconds);
        load.map_err(|error| io::Error::other(format!("{}: {error}", self.name)))
    }

    fn measure(&self, clients: usize, seconds: u64, into: &mut Measured) -> io::Result<()> {
        let (cpu, calls) = (self.cpu()?, self.odoo.calls()?);
        let load = self.run(clients, seconds)?;
        let (cpu, calls) = (self.cpu()?.saturating_sub(cpu), self.odoo.calls()? - calls);
        into.rate.add(load.rate);
        into.p50.add(load.p50);
        into.p99.add(load.p99);
        into.cpu.add(cpu.as_secs_f64() * 1e6 / load.requests);
        into.calls.add(calls / load.requests);
        Ok(())
    }

    fn cpu(&self) -> io::Result<Duration> {
        self.processor_time.as_ref().map_or(Ok(Duration::ZERO), |time| time())
    }
}

/// Warms up all scenarios, then measures them in turn, in each round in another order.
pub(crate) fn measure(scenarios: &[Scenario<'_>], clients: usize, rounds: Rounds) -> io::Result<Vec<Measured>> {
    let mut measured = vec![Measured::default(); scenarios.len()];
    for scenario in scenarios {
        scenario.run(clients, 1)?;
    }
    for round in 0..rounds.rounds {
        let mut order: Vec<_> = scenarios.iter().zip(&mut measured).collect();
        let first = round % order.len().max(1);
        order.rotate_left(first);
        for (scenario, into) in order {
            scenario.measure(clients, rounds.seconds, into)?;
        }
    }
    Ok(measured)
}
