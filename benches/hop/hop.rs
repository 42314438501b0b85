//! The cost of the hop: one read, through nginx and through the gateway, in front of the same canned Odoo.
//!
//! In: servers. Out: [`Hop`], [`AddedLatency`]. Must not know: the targets.

use std::io;
use std::time::Duration;

use super::Outcome;
use super::figures::Series;
use super::open_loop::ConstantRate;
use super::request::{HttpRequest, api_key};
use super::scenario::{Measured, Rounds, measure};
use super::servers::Servers;
use super::workload::Workload;

/// The number of concurrent clients.
pub(crate) const CLIENTS: usize = 16;

/// The load that each server carries.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) direct: Measured,
    /// Odoo keeps connections.
    pub(crate) kept: Side,
    /// Odoo closes each connection.
    pub(crate) closed: Side,
}

/// The servers in front of one Odoo.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) nginx: Measured,
    pub(crate) basic: Measured,
    pub(crate) api_key: Measured,
}

impl Hop {
    pub(crate) fn measure(kept: &Servers, closed: &Servers, rounds: Rounds) -> Outcome<Self> {
        let mut scenarios = vec![kept.direct()];
        for servers in [kept, closed] {
            scenarios.extend([servers.nginx(), servers.basic(), servers.api_key()]);
        }
        let measured = measure(&scenarios, CLIENTS, rounds)?;
        let [direct, nginx, basic, api_key, nginx_closed, basic_closed, key_closed] =
            measured.try_into().map_err(|_| "seven scenarios")?;
        Ok(Self {
            direct,
            kept: Side { nginx, basic, api_key },
            closed: Side { nginx: nginx_closed, basic: basic_closed, api_key: key_closed },
        })
    }
}

/// Latency at half of the gateway's maximal load, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct AddedLatency {
    /// Requests per second.
    pub(crate) rate: f64,
    pub(crate) direct: Percentiles,
    pub(crate) nginx: Percentiles,
    pub(crate) gateway: Percentiles,
}

/// The latencies of each round.
#[derive(Debug, Default)]
pub(crate) struct Percentiles {
    pub(crate) p50: Series,
    pub(crate) p99: Series,
}

impl AddedLatency {
    pub(crate) fn measure(servers: &Servers, workload: &Workload, rate: f64, rounds: Rounds) -> io::Result<Self> {
        let bytes = |requests: Vec<HttpRequest>| requests.iter().map(HttpRequest::to_bytes).collect::<Vec<_>>();
        let calls = bytes(workload.direct_reads());
        let reads = bytes(workload.read_requests(&api_key(&servers.key)));
        let load = ConstantRate { rate, connections: CLIENTS as u32, time: Duration::from_secs(rounds.seconds) };
        let mut measured = Self { rate, ..Self::default() };
        for _ in 0..rounds.rounds {
            for (address, requests, into) in [
                (servers.odoo.address, &calls, &mut measured.direct),
                (servers.nginx.address, &calls, &mut measured.nginx),
                (servers.gateway.address, &reads, &mut measured.gateway),
            ] {
                let latency = load.measure(address, requests)?;
                into.p50.add(latency.p50);
                into.p99.add(latency.p99);
            }
        }
        Ok(measured)
    }

    /// What the gateway adds to the latency without it.
    pub(crate) fn added_p50(&self) -> Series {
        self.gateway.p50.paired(&self.direct.p50, |gateway, direct| gateway - direct)
    }

    pub(crate) fn added_p99(&self) -> Series {
        self.gateway.p99.paired(&self.direct.p99, |gateway, direct| gateway - direct)
    }
}
