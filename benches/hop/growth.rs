//! How the cost grows with the number of records and with the number of clients.
//!
//! In: servers. Out: one row per number. Must not know: the targets.

use std::time::{Duration, Instant};

use super::Outcome;
use super::exchange::Connection;
use super::figures::{Series, quantile};
use super::request::{HttpRequest, api_key};
use super::scenario::{Measured, Rounds, measure};
use super::servers::Servers;
use super::workload::{Case, Workload};

const CLIENTS: [usize; 5] = [1, 4, 16, 64, 256];

/// A list, one client.
#[derive(Debug, Default)]
pub(crate) struct RecordsRow {
    pub(crate) records: usize,
    /// Durations, in milliseconds; nothing is parsed by the client.
    pub(crate) direct: Series,
    pub(crate) gateway: Series,
    /// The gateway's processor time per request, in milliseconds.
    pub(crate) cpu: Series,
}

/// One read, many clients.
#[derive(Debug)]
pub(crate) struct ClientsRow {
    pub(crate) clients: usize,
    pub(crate) nginx: Measured,
    pub(crate) gateway: Measured,
}

/// Both curves.
#[derive(Debug)]
pub(crate) struct Growth {
    pub(crate) records: Vec<RecordsRow>,
    pub(crate) clients: Vec<ClientsRow>,
}

impl Growth {
    pub(crate) fn measure(servers: &Servers, workload: &Workload, rounds: Rounds) -> Outcome<Self> {
        let records = workload.lists.iter().map(|(records, case)| list(servers, *records, case, rounds));
        let records = records.collect::<Outcome<_>>()?;
        let rounds = Rounds { seconds: rounds.seconds.min(2), ..rounds };
        let scenarios = [servers.nginx(), servers.api_key()];
        let row = |clients| -> Outcome<ClientsRow> {
            let [nginx, gateway] = measure(&scenarios, clients, rounds)?.try_into().map_err(|_| "two scenarios")?;
            Ok(ClientsRow { clients, nginx, gateway })
        };
        Ok(Self { records, clients: CLIENTS.into_iter().map(row).collect::<Outcome<_>>()? })
    }
}

fn list(servers: &Servers, records: usize, case: &Case, rounds: Rounds) -> Outcome<RecordsRow> {
    let calls: Vec<_> = case.calls.iter().map(|call| HttpRequest::direct(call).to_bytes()).collect();
    let request = HttpRequest::get(&case.target, api_key(&servers.key)).to_bytes();
    let (mut odoo, mut gateway) = (Connection::open(servers.odoo.address)?, Connection::open(servers.gateway.address)?);
    gateway.send(&request)?;
    let mut row = RecordsRow { records, ..RecordsRow::default() };
    for _ in 0..rounds.rounds {
        let (mut directly, mut through) = (Vec::new(), Vec::new());
        let (start, cpu) = (Instant::now(), servers.gateway.processor_time()?);
        while start.elapsed() < Duration::from_secs(rounds.seconds.min(2)) {
            let sent = Instant::now();
            for call in &calls {
                odoo.send(call)?;
            }
            directly.push(sent.elapsed().as_secs_f64() * 1e3);
            let sent = Instant::now();
            gateway.send(&request)?;
            through.push(sent.elapsed().as_secs_f64() * 1e3);
        }
        let cpu = servers.gateway.processor_time()?.saturating_sub(cpu);
        row.cpu.add(cpu.as_secs_f64() * 1e3 / through.len() as f64);
        row.direct.add(quantile(&directly, 0.5));
        row.gateway.add(quantile(&through, 0.5));
    }
    Ok(row)
}
