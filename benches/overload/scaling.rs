//! One gateway and two, each on a core of its own, on one PostgreSQL.
//!
//! In: a duration. Out: [`Scaling`]. Must not know: how the servers are started.
//!
//! The gateways, the clients and Odoo share the machine. With four cores, two gateways have two of them, and the rates
//! are compared. With fewer, the clients and Odoo take processor time from the gateways; then the processor time of a
//! request is compared, because a core serves as many requests as fit in its time.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use super::exchange::Connection;
use super::gateways::{Gateways, Process};
use super::slow_odoo::SlowOdoo;
use super::testbed::testbed;
use super::{Outcome, read_request};

/// Odoo is not the bottleneck here.
const CONCURRENCY: usize = 256;
/// The clients of each gateway.
const CLIENTS: usize = 64;
/// The target for the throughput of two gateways.
const MIN_FACTOR: f64 = 1.8;
/// The cores that two gateways, the clients and Odoo need.
const CORES: usize = 4;

/// What a number of gateways did.
#[derive(Debug, Clone, Copy)]
struct Figures {
    per_second: f64,
    /// The processor time of the gateways for a request, in microseconds.
    processor: f64,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Scaling {
    cores: usize,
    one: Figures,
    two: Figures,
    most_calls: usize,
}

impl Scaling {
    pub(crate) fn measure(time: Duration) -> Outcome<Self> {
        let odoo = SlowOdoo::start()?;
        let store = create_database(testbed().postgres())?;
        let gateways = Gateways::new(odoo.address, CONCURRENCY, Some(store))?;
        let key = gateways.create_key()?;
        let first = gateways.start(Some(0))?;
        let one = load(&[&first], &key, time)?;
        let second = gateways.start(Some(1))?;
        let two = load(&[&first, &second], &key, time)?;
        let cores = std::thread::available_parallelism()?.get();
        Ok(Self { cores, one, two, most_calls: odoo.most_calls_at_once() })
    }

    /// How much more two gateways can do.
    fn factor(&self) -> f64 {
        if self.cores >= CORES {
            self.two.per_second / self.one.per_second
        } else {
            2.0 * self.one.processor / self.two.processor
        }
    }

    /// The targets that were missed.
    pub(crate) fn missed(&self) -> Vec<&'static str> {
        let targets = [
            ("throughput of two gateways", self.factor() >= MIN_FACTOR),
            ("calls at once of two gateways", self.most_calls <= CONCURRENCY),
        ];
        targets.into_iter().filter(|(_, is_met)| !is_met).map(|(target, _)| target).collect()
    }
}

/// Lets clients of all gateways send reads, after a second in which caches are filled and slots are distributed.
fn load(gateways: &[&Process], key: &str, time: Duration) -> io::Result<Figures> {
    let addresses: Vec<SocketAddr> = gateways.iter().map(|gateway| gateway.address).collect();
    requests(&addresses, key, Duration::from_secs(1))?;
    let processor_time = || gateways.iter().map(|gateway| gateway.processor_time()).sum::<io::Result<Duration>>();
    let (before, started) = (processor_time()?, Instant::now());
    let sent = requests(&addresses, key, time)? as f64;
    let (took, used) = (started.elapsed(), processor_time()?.saturating_sub(before));
    Ok(Figures { per_second: sent / took.as_secs_f64(), processor: used.as_secs_f64() * 1e6 / sent })
}

/// Sends reads for this time. Returns how many.
fn requests(gateways: &[SocketAddr], key: &str, time: Duration) -> io::Result<u64> {
    let (request, started) = (read_request(key), Instant::now());
    let client = |gateway: SocketAddr| -> io::Result<u64> {
        let mut connection = Connection::open(gateway)?;
        let mut sent = 0;
        while started.elapsed() < time {
            connection.send(&request)?;
            sent += 1;
        }
        Ok(sent)
    };
    std::thread::scope(|scope| {
        let each = gateways.iter().flat_map(|gateway| (0..CLIENTS).map(move |_| *gateway));
        let clients: Vec<_> = each.map(|gateway| scope.spawn(move || client(gateway))).collect();
        let join = |client: std::thread::ScopedJoinHandle<'_, io::Result<u64>>| {
            client.join().map_err(|_| io::Error::other("a client panicked"))?
        };
        clients.into_iter().map(join).sum()
    })
}

/// An empty database on this server. Returns its URL.
fn create_database(postgres: &str) -> io::Result<String> {
    let (server, _) = postgres.rsplit_once('/').ok_or_else(|| io::Error::other("the URL has no database"))?;
    let name = format!("overload{}", std::process::id());
    let create = format!("CREATE DATABASE {name}");
    let status = Command::new("psql").args([postgres, "--no-psqlrc", "--quiet", "--command", &create]).status()?;
    if status.success() { Ok(format!("{server}/{name}")) } else { Err(io::Error::other("no database was created")) }
}

impl fmt::Display for Scaling {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |figures: Figures| format!("{:.0} reads/s, {:.0} us each", figures.per_second, figures.processor);
        let compared = if self.cores >= CORES { "rates" } else { "processor time, because there are too few cores" };
        writeln!(out, "Gateways on one PostgreSQL, {} cores", self.cores)?;
        writeln!(out, "  one gateway                          {}", row(self.one))?;
        writeln!(out, "  two gateways                         {}", row(self.two))?;
        writeln!(out, "  two / one                            {:.2} (target {MIN_FACTOR}; {compared})", self.factor())?;
        write!(out, "  most calls at once                   {} of {CONCURRENCY}", self.most_calls)
    }
}
