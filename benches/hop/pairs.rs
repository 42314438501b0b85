//! One client: the same work directly and through the gateway, in alternation.
//!
//! In: a request and the calls that do the same. Out: the median durations of both sides. Must not know: which Odoo
//! answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use odoo_gateway::odoo::rpc_codec::RpcResponse;
use odoo_gateway::odoo::xmlrpc::response;

use super::Outcome;
use super::exchange::{Connection, call};
use super::figures::quantile;
use super::recording::Recorded;

/// The median durations of both sides, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) direct: f64,
    pub(crate) gateway: f64,
}

/// Alternates the two sides for this time. Each parses what it receives: directly into a
/// [`Value`](odoo_gateway::value::Value), through the gateway into a JSON tree.
pub(crate) fn compare(
    gateway: &mut Connection,
    request: &[u8],
    calls: &[Recorded],
    odoo: SocketAddr,
    time: Duration,
) -> Outcome<Pair> {
    let (mut directly, mut through, start) = (Vec::new(), Vec::new(), Instant::now());
    let mut timed_direct = || timed(|| direct(calls, odoo)).map(|time| directly.push(time));
    let mut timed_gateway = || timed(|| parsed(gateway.send(request)?)).map(|time| through.push(time));
    while start.elapsed() < time {
        // The first side finds colder caches, so the order alternates.
        timed_direct()?;
        timed_gateway()?;
        timed_gateway()?;
        timed_direct()?;
    }
    Ok(Pair { direct: quantile(&directly, 0.5), gateway: quantile(&through, 0.5) })
}

fn timed(operation: impl FnOnce() -> Outcome) -> Outcome<f64> {
    let start = Instant::now();
    operation()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

fn parsed(body: Vec<u8>) -> Outcome {
    Ok(serde_json::from_slice::<serde_json::Value>(&body).map(drop)?)
}

fn direct(calls: &[Recorded], odoo: SocketAddr) -> Outcome {
    for Recorded { path, body } in calls {
        let text = call(odoo, path, body)?;
        let RpcResponse::Result(_) = response::parse(&text)? else { return Err("Odoo returned a fault".into()) };
    }
    Ok(())
}
