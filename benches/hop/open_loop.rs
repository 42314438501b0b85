//! Latency at a given rate. wrk sends as fast as the server answers, so this is a client of its own.
//!
//! In: requests, a rate. Out: the median and the 99th percentile of the latency. Must not know: who answers.
//!
//! Each connection has a schedule. A request that starts late because the one before it took too long is measured from
//! its scheduled time, so that a slow response is not hidden by the requests that it delayed.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::exchange::Connection;
use super::figures::quantile;

/// Latency, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// The constant rate of a measurement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConstantRate {
    /// Requests per second, of all connections together.
    pub(crate) rate: f64,
    pub(crate) connections: u32,
    pub(crate) time: Duration,
}

impl ConstantRate {
    /// Sends the requests in turn.
    pub(crate) fn measure(self, to: SocketAddr, requests: &[Vec<u8>]) -> io::Result<Latency> {
        let start = Instant::now() + Duration::from_millis(20);
        let times = std::thread::scope(|scope| {
            let spawn = |client| scope.spawn(move || self.client(client, start, to, requests));
            let clients: Vec<_> = (0..self.connections).map(spawn).collect();
            let join = |client: std::thread::ScopedJoinHandle<'_, io::Result<Vec<f64>>>| {
                client.join().map_err(|_| io::Error::other("a client panicked"))?
            };
            clients.into_iter().map(join).collect::<io::Result<Vec<_>>>()
        })?
        .concat();
        Ok(Latency { p50: quantile(&times, 0.5), p99: quantile(&times, 0.99) })
    }

    fn client(self, client: u32, start: Instant, to: SocketAddr, requests: &[Vec<u8>]) -> io::Result<Vec<f64>> {
        let period = Duration::from_secs_f64(f64::from(self.connections) / self.rate);
        let mut connection = Connection::open(to)?;
        let mut scheduled = start + period * client / self.connections;
        let mut times = Vec::new();
        // Each connection starts at another request, so that concurrent requests differ.
        let first = requests.len() * client as usize / self.connections as usize;
        for request in requests.iter().cycle().skip(first) {
            if scheduled > start + self.time {
                break;
            }
            let wait = scheduled.saturating_duration_since(Instant::now());
            std::thread::sleep(wait);
            // A late wake-up of this thread is not the server's latency.
            let began = if wait.is_zero() { scheduled } else { Instant::now() };
            connection.send(request)?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            scheduled += period;
        }
        Ok(times)
    }
}
