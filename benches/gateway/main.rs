//! The gateway from end to end, compared with the same calls made directly.
//!
//! `cargo bench --bench gateway`, about a minute. Out: plain tables. In: the real Odoo 19 of the testbed.
//!
//! ```text
//! live    client ─► gateway ─► Odoo 19      compared with   client ─► Odoo 19
//! replay  client ─► gateway ─► recording    compared with   client ─► recording
//! ```
//!
//! Directly: the recorded bytes that the gateway sends, on a new connection for each call, because Odoo closes each
//! one; the responses are parsed into a [`Value`](odoo_gateway::value::Value). Through the gateway: one persistent
//! connection; the response is parsed into a JSON tree. The two alternate, so that other load on the machine affects
//! both. The recording returns Odoo's own responses without delay, so the difference is the gateway's own cost.

mod cases;
mod exchange;
mod figures;
#[expect(dead_code, reason = "the benchmark `hop` uses the rest")]
mod process;
#[expect(dead_code, reason = "the benchmark `hop` uses the rest")]
mod recording;
#[expect(
    dead_code,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "the tests own this module and use all of it"
)]
#[path = "../../tests/gateway/support/testbed.rs"]
mod testbed;

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use odoo_gateway::odoo::rpc_codec::RpcResponse;
use odoo_gateway::odoo::xmlrpc::response;

use self::cases::Case;
use self::exchange::{Connection, call};
use self::figures::Pairs;
use self::process::{BINARY, Gateway};
use self::recording::Recorded;
use self::testbed::{Version, testbed};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filters = arguments.iter().filter(|argument| !argument.starts_with('-'));
    // `cargo bench FILTER` selects named benchmarks; `cargo test --benches` only checks that this one builds.
    if !arguments.iter().any(|argument| argument == "--bench") || filters.count() > 0 {
        return Ok(());
    }
    let odoo: SocketAddr = testbed().url(Version::Odoo19).trim_start_matches("http://").parse()?;
    let (cases, recording) = cases::record(odoo)?;
    let cores = std::thread::available_parallelism()?;

    print_line(&format!("\nOdoo 19 on this machine of {cores} cores, one call after the other\n{}", Pairs::HEAD))?;
    let gateway = Gateway::start(odoo)?;
    for case in &cases {
        let pairs = compare(case, &gateway, odoo, Duration::from_secs(6))?;
        print_line(&format!("{:26}{pairs}", case.name))?;
    }
    drop(gateway);

    let player = recording.play()?;
    print_line(&format!("\nOdoo's responses from a recording: the gateway's own cost\n{}      cpu, ms", Pairs::HEAD))?;
    let gateway = Gateway::start(player)?;
    for case in &cases {
        let pairs = compare(case, &gateway, player, Duration::from_secs(1))?;
        let cost = processor_time(case, &gateway)?;
        print_line(&format!("{:26}{pairs}{:13.3}", case.name, cost.as_secs_f64() * 1e3))?;
    }
    print_line(&format!("\nThe same, {CLIENTS} concurrent clients (clients, recording and gateway share the cores)"))?;
    for case in &cases {
        let (direct, through) = (rate(|| direct(case, player))?, through_gateway(case, gateway.address)?);
        print_line(&format!("{:26}{direct:8.0} /s directly {through:8.0} /s through the gateway", case.name))?;
    }
    drop(gateway);
    footprint(&cases, player)
}

fn print_line(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Alternates the two sides until there are enough pairs or the time is up.
fn compare(case: &Case, gateway: &Gateway, odoo: SocketAddr, time: Duration) -> Outcome<Pairs> {
    let mut connection = Connection::open(gateway.address)?;
    let (mut pairs, began) = (Pairs::default(), Instant::now());
    send(&mut connection, case)?;
    while pairs.len() < case.pairs && began.elapsed() < time {
        // The first side finds colder caches, so the order alternates.
        let (directly, through) = if pairs.len() % 2 == 0 {
            (timed(|| direct(case, odoo))?, timed(|| send(&mut connection, case))?)
        } else {
            let through = timed(|| send(&mut connection, case))?;
            (timed(|| direct(case, odoo))?, through)
        };
        pairs.add(directly, through);
    }
    Ok(pairs)
}

fn timed(operation: impl FnOnce() -> Outcome) -> Outcome<Duration> {
    let began = Instant::now();
    operation()?;
    Ok(began.elapsed())
}

fn send(connection: &mut Connection, case: &Case) -> Outcome {
    let body = connection.send(&case.request)?;
    // An export contains one value per line.
    serde_json::Deserializer::from_slice(&body)
        .into_iter::<serde_json::Value>()
        .try_for_each(|value| value.map(drop))?;
    Ok(())
}

fn direct(case: &Case, odoo: SocketAddr) -> Outcome {
    for Recorded { path, body } in &case.calls {
        let text = call(odoo, path, body)?;
        let RpcResponse::Result(_) = response::parse(&text)? else { return Err("Odoo returned a fault".into()) };
    }
    Ok(())
}

/// The processor time of the gateway for one request.
fn processor_time(case: &Case, gateway: &Gateway) -> Outcome<Duration> {
    let (mut connection, times) = (Connection::open(gateway.address)?, case.pairs);
    let before = gateway.processor_time()?;
    for _ in 0..times {
        connection.send(&case.request)?;
    }
    Ok((gateway.processor_time()? - before) / u32::try_from(times)?)
}

const CLIENTS: usize = 8;

fn through_gateway(case: &Case, gateway: SocketAddr) -> Outcome<f64> {
    thread_local!(static CONNECTION: std::cell::RefCell<Option<Connection>> = const { std::cell::RefCell::new(None) });
    rate(|| {
        CONNECTION.with_borrow_mut(|persistent| {
            let connection = match persistent {
                Some(connection) => connection,
                None => persistent.insert(Connection::open(gateway)?),
            };
            send(connection, case)
        })
    })
}

/// The number of operations per second of all clients together.
fn rate(operation: impl Fn() -> Outcome + Sync) -> Outcome<f64> {
    let (done, began) = (AtomicU64::new(0), Instant::now());
    let work = || -> Result<(), String> {
        while began.elapsed() < Duration::from_millis(1500) {
            operation().map_err(|error| error.to_string())?;
            done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(work)).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| "a client panicked".to_owned())?)
    })?;
    Ok(done.into_inner() as f64 / began.elapsed().as_secs_f64())
}

/// Prints the start time, the memory and the size of the binary.
fn footprint(cases: &[Case], player: SocketAddr) -> Outcome {
    let mut gateway = Gateway::start(player)?;
    let first = gateway.listening_after;
    let mut starts = Vec::new();
    for _ in 0..10 {
        gateway = gateway.restart(player)?;
        starts.push(gateway.listening_after);
    }
    starts.sort_unstable();
    let median = starts.get(starts.len() / 2).copied().unwrap_or_default();
    print_line(&format!(
        "\nStart to first connection     {median:.1?} (median of {}), {first:.1?} over a new store",
        starts.len()
    ))?;

    let mut connection = Connection::open(gateway.address)?;
    print_line(&format!("Resident, just started        {:5.1} MiB", gateway.resident()?))?;
    let (large, small): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.is_large);
    for case in small.iter().cycle().take(1000) {
        send(&mut connection, case)?;
    }
    print_line(&format!("          1000 requests later {:5.1} MiB", gateway.resident()?))?;
    for case in large.iter().cycle().take(50) {
        send(&mut connection, case)?;
    }
    print_line(&format!("          50 long lists later {:5.1} MiB", gateway.resident()?))?;
    print_line(&format!("Binary                        {:5.1} MB", std::fs::metadata(BINARY)?.len() as f64 / 1e6))?;
    Ok(())
}
