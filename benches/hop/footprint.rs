//! What the gateway needs besides time: memory, disk, and a start.
//!
//! In: a canned Odoo, the real Odoo with its database. Out: [`Footprint`]. Must not know: what a request costs.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::Outcome;
use super::exchange::Connection;
use super::figures::Series;
use super::process::{BINARY, Gateway};
use super::request::{HttpRequest, api_key};
use super::workload::{Workload, export_target};

/// The number of clients that are connected at once.
const CLIENTS: usize = 1_000;
/// The limit on connections of one address is for strangers; here all clients have the same address.
const MANY_CLIENTS: &[(&str, &str)] = &[("ODOO_GATEWAY__SERVER__MAX_CONNECTIONS_PER_ADDRESS", "2048")];
const STARTS: usize = 10;

/// Memory in MB; `_growth` is the difference to the same process just before.
#[derive(Debug)]
pub(crate) struct Footprint {
    pub(crate) idle: f64,
    pub(crate) clients: f64,
    pub(crate) export_growth: f64,
    pub(crate) export_peak: f64,
    pub(crate) export_lines: usize,
    pub(crate) hostile_growth: f64,
    pub(crate) hostile_peak: f64,
    pub(crate) hostile_status: String,
    /// The size of the binary, in MB.
    pub(crate) binary: f64,
    /// Milliseconds from the start of the process to the first accepted connection.
    pub(crate) start: Series,
}

impl Footprint {
    /// The real Odoo must have as many partners as the export returns.
    pub(crate) fn measure(workload: &Workload, canned: SocketAddr, odoo: SocketAddr) -> Outcome<Self> {
        let (idle, clients) = with_clients(workload, canned)?;
        let export = export(odoo)?;
        let hostile = hostile_body(workload, canned)?;
        Ok(Self {
            idle,
            clients,
            export_growth: export.growth,
            export_peak: export.peak,
            export_lines: export.response.lines().count(),
            hostile_growth: hostile.growth,
            hostile_peak: hostile.peak,
            hostile_status: hostile.response,
            binary: fs::metadata(BINARY)?.len() as f64 / 1e6,
            start: start_time(canned)?,
        })
    }
}

/// The memory of an idle gateway, and with as many clients, each of which has sent a request.
fn with_clients(workload: &Workload, canned: SocketAddr) -> Outcome<(f64, f64)> {
    let (gateway, key) = Gateway::start_with_key(canned, MANY_CLIENTS)?;
    std::thread::sleep(Duration::from_secs(1));
    let idle = resident(&gateway)?;
    let requests = workload.read_requests(&api_key(&key));
    let mut connections = Vec::with_capacity(CLIENTS);
    for request in requests.iter().cycle().take(CLIENTS) {
        let mut connection = Connection::open(gateway.address)?;
        connection.send(&request.to_bytes())?;
        connections.push(connection);
    }
    Ok((idle, resident(&gateway)?))
}

/// The memory that a request left and needed at most, and the response.
struct Growth {
    growth: f64,
    peak: f64,
    response: String,
}

fn export(odoo: SocketAddr) -> Outcome<Growth> {
    let (gateway, key) = Gateway::start_with_key(odoo, &[])?;
    let mut connection = Connection::open(gateway.address)?;
    let few = HttpRequest::get(&format!("{}&limit=10", export_target()), api_key(&key));
    connection.send(&few.to_bytes())?;
    let before = resident(&gateway)?;
    let all = HttpRequest::get(&export_target(), api_key(&key)).accept("application/x-ndjson");
    let response = String::from_utf8(connection.send(&all.to_bytes())?)?;
    let growth = settled(&gateway, || Ok(connection.send(&few.to_bytes()).map(drop)?))? - before;
    Ok(Growth { growth, peak: peak(&gateway)? - before, response })
}

/// Numbers where a domain is expected, up to the limit of a body: many values in few bytes.
fn hostile_body(workload: &Workload, canned: SocketAddr) -> Outcome<Growth> {
    let (gateway, key) = Gateway::start_with_key(canned, &[])?;
    let mut connection = Connection::open(gateway.address)?;
    let requests = workload.read_requests(&api_key(&key));
    let read = requests.first().ok_or("no request")?.to_bytes();
    connection.send(&read)?;
    let before = resident(&gateway)?;
    let zeros = "0,".repeat((32 << 20) / 2 - 8);
    let body = format!("{{\"domain\":[{zeros}0]}}");
    let request = HttpRequest::with_json("POST", "/api/v1/res.partner/search", api_key(&key), body);
    let response = status_of(gateway.address, &request.to_bytes())?;
    let growth = settled(&gateway, || Ok(connection.send(&read).map(drop)?))? - before;
    Ok(Growth { growth, peak: peak(&gateway)? - before, response })
}

/// Sends a request that is rejected and returns the status.
fn status_of(gateway: SocketAddr, request: &[u8]) -> io::Result<String> {
    let mut socket = TcpStream::connect(gateway)?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    // The gateway may reject the request before it has read all of it.
    let _sent = socket.write_all(request);
    let mut begin = [0; 12];
    let received = socket.read_exact(&mut begin).is_ok();
    Ok(if received { String::from_utf8_lossy(begin.get(9..).unwrap_or_default()).into_owned() } else { "none".into() })
}

/// The memory after a few requests, which trigger the allocator: it returns memory some time after it was freed.
fn settled(gateway: &Gateway, request: impl FnMut() -> Outcome) -> Outcome<f64> {
    let mut request = request;
    for _ in 0..30 {
        request()?;
        std::thread::sleep(Duration::from_millis(100));
    }
    resident(gateway)
}

fn resident(gateway: &Gateway) -> Outcome<f64> {
    Ok(megabytes(gateway.resident()?))
}

fn peak(gateway: &Gateway) -> Outcome<f64> {
    Ok(megabytes(gateway.peak()?))
}

fn megabytes(mebibytes: f64) -> f64 {
    mebibytes * 1.048_576
}

/// Starts over a store that exists.
fn start_time(canned: SocketAddr) -> Outcome<Series> {
    let mut gateway = Gateway::start(canned)?;
    let mut times = Series::default();
    for _ in 0..STARTS {
        gateway = gateway.restart(canned)?;
        times.add(gateway.listening_after.as_secs_f64() * 1e3);
    }
    Ok(times)
}
