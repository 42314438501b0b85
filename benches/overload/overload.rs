//! Readers and exports that want ten times more than Odoo can do.
//!
//! In: a duration. Out: [`Overload`]: the latency of readers without and with exports, the speed of exports without and
//! with readers, memory. Must not know: how the servers are started.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use super::exports::Exports;
use super::gateways::{Gateways, Process};
use super::open_loop::{ConstantRate, Latency};
use super::slow_odoo::SlowOdoo;
use super::{Outcome, read_request};

/// The calls that Odoo serves at once.
const CONCURRENCY: usize = 8;
/// Exports that want to make ten times as many.
const EXPORTS: usize = 10 * CONCURRENCY;
/// Half of what Odoo can serve.
const READS_PER_SECOND: f64 = 800.0;
const READERS: u32 = 32;
/// The target for the 99th percentile of reads.
const MAX_SLOWDOWN: f64 = 1.5;
/// The memory that the second half of the overload may add to what it has in the middle, in MiB.
const MAX_GROWTH: f64 = 5.0;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Overload {
    alone: Latency,
    overloaded: Latency,
    /// Pages per second.
    exports_alone: f64,
    exports_overloaded: f64,
    failed_exports: u64,
    /// Resident memory in MiB: before, in the middle, at the end.
    memory: [f64; 3],
    most_calls: usize,
}

impl Overload {
    pub(crate) fn measure(time: Duration) -> Outcome<Self> {
        let odoo = SlowOdoo::start()?;
        let gateways = Gateways::new(odoo.address, CONCURRENCY, None)?;
        let key = gateways.create_key()?;
        let gateway = gateways.start(None)?;
        let before = (time / 6).max(Duration::from_secs(1));
        reads(&gateway, &key, Duration::from_secs(1))?;
        let alone = reads(&gateway, &key, before)?;
        let idle = gateway.resident()?;
        let exports = Exports::start(EXPORTS, gateway.address, &key);
        let (exports_alone, ()) = pages_per_second(&exports, || {
            std::thread::sleep(before);
            Ok(())
        })?;
        let mut middle = 0.0;
        let (exports_overloaded, overloaded) = pages_per_second(&exports, || {
            std::thread::scope(|scope| {
                let reading = scope.spawn(|| reads(&gateway, &key, time));
                std::thread::sleep(time / 2);
                middle = gateway.resident()?;
                reading.join().map_err(|_| io::Error::other("the readers panicked"))?
            })
        })?;
        let memory = [idle, middle, gateway.resident()?];
        let (failed_exports, most_calls) = (exports.failures(), odoo.most_calls_at_once());
        Ok(Self { alone, overloaded, exports_alone, exports_overloaded, failed_exports, memory, most_calls })
    }

    fn slowdown(&self) -> f64 {
        self.overloaded.p99 / self.alone.p99
    }

    /// The targets that were missed. A read that was rejected has ended the measurement with an error.
    pub(crate) fn missed(&self) -> Vec<&'static str> {
        let [_, middle, end] = self.memory;
        let targets = [
            ("p99 of reads", self.slowdown() <= MAX_SLOWDOWN),
            ("exports are slowed, not stopped", self.exports_overloaded > 0.0 && self.failed_exports == 0),
            ("exports are slowed first", self.exports_overloaded < self.exports_alone),
            ("memory", end - middle <= MAX_GROWTH),
            ("calls at once", self.most_calls <= CONCURRENCY),
        ];
        targets.into_iter().filter(|(_, is_met)| !is_met).map(|(target, _)| target).collect()
    }
}

fn reads(gateway: &Process, key: &str, time: Duration) -> io::Result<Latency> {
    let load = ConstantRate { rate: READS_PER_SECOND, connections: READERS, time };
    load.measure(gateway.address, &[read_request(key)])
}

/// The speed of the exports while something else happens, and its result.
fn pages_per_second<T>(exports: &Exports, work: impl FnOnce() -> io::Result<T>) -> io::Result<(f64, T)> {
    let (pages, started) = (exports.pages(), Instant::now());
    let result = work()?;
    Ok(((exports.pages() - pages) as f64 / started.elapsed().as_secs_f64(), result))
}

impl fmt::Display for Overload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [idle, middle, end] = self.memory;
        let row = |latency: Latency| format!("{:.2} ms, {:.2} ms", latency.p50, latency.p99);
        writeln!(out, "{READS_PER_SECOND} reads/s and {EXPORTS} exports, {CONCURRENCY} calls at once of 5 ms")?;
        writeln!(out, "  reads, p50 and p99, alone            {}", row(self.alone))?;
        writeln!(out, "  reads, p50 and p99, with exports     {}", row(self.overloaded))?;
        writeln!(out, "  p99 with exports / alone             {:.2} (target {MAX_SLOWDOWN})", self.slowdown())?;
        writeln!(out, "  pages of exports per second, alone   {:.0}", self.exports_alone)?;
        writeln!(out, "  pages of exports, with reads         {:.0}", self.exports_overloaded)?;
        writeln!(out, "  failed exports                       {}", self.failed_exports)?;
        writeln!(out, "  memory before, in the middle, at end {idle:.1}, {middle:.1}, {end:.1} MiB")?;
        write!(out, "  most calls at once                   {}", self.most_calls)
    }
}
