//! The gateway from end to end, beside the same calls made directly.
//!
//! `cargo bench --bench gateway`, about a minute. Out: plain tables. In: the real Odoo 19 of the stand.
//!
//! ```text
//! live    client ─► gateway ─► Odoo 19         beside   client ─► Odoo 19
//! replay  client ─► gateway ─► tape            beside   client ─► tape
//! ```
//!
//! Directly means: the very bytes that the gateway sends (recorded on the tape), on a new connection each, because Odoo
//! closes each, and the answers read into a [`Value`](odoo_gateway::value::Value). Through the gateway: one connection
//! that is kept, and the answer read into a JSON tree. Both ways take turns, so that a busy machine is busy for both.
//! The tape answers at once and out of Odoo's mouth: what is left is the gateway's own cost.

mod cases;
mod exchange;
mod figures;
mod process;
#[expect(
    dead_code,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "it belongs to the tests, which use all of it"
)]
#[path = "../../tests/gateway/support/stand.rs"]
mod stand;
mod tape;

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use odoo_gateway::odoo::xmlrpc::answer::{self, Answer};

use self::cases::Case;
use self::exchange::{Connection, call};
use self::figures::Pairs;
use self::process::{BINARY, Gateway};
use self::stand::{Version, stand};
use self::tape::Recorded;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let filters = arguments.iter().filter(|argument| !argument.starts_with('-'));
    // `cargo bench FILTER` is for benchmarks that have names; `cargo test --benches` only wants to know that this builds.
    if !arguments.iter().any(|argument| argument == "--bench") || filters.count() > 0 {
        return Ok(());
    }
    let odoo: SocketAddr = stand().url(Version::Odoo19).trim_start_matches("http://").parse()?;
    let (cases, tape) = cases::record(odoo)?;
    let cores = std::thread::available_parallelism()?;

    say(&format!("\nOdoo 19 on this machine of {cores} cores, one call after the other\n{}", Pairs::HEAD))?;
    let gateway = Gateway::start(odoo)?;
    for case in &cases {
        let pairs = compare(case, &gateway, odoo, Duration::from_secs(6))?;
        say(&format!("{:26}{pairs}", case.name))?;
    }
    drop(gateway);

    let player = tape.play()?;
    say(&format!("\nOdoo's answers from a tape: what the gateway itself costs\n{}      cpu, ms", Pairs::HEAD))?;
    let gateway = Gateway::start(player)?;
    for case in &cases {
        let pairs = compare(case, &gateway, player, Duration::from_secs(1))?;
        let cost = processor_time(case, &gateway)?;
        say(&format!("{:26}{pairs}{:13.3}", case.name, cost.as_secs_f64() * 1e3))?;
    }
    say(&format!("\nThe same, {CLIENTS} clients at once (they, the tape and the gateway share the cores)"))?;
    for case in &cases {
        let (direct, through) = (rate(|| direct(case, player))?, through_gateway(case, gateway.address)?);
        say(&format!("{:26}{direct:8.0} /s directly {through:8.0} /s through the gateway", case.name))?;
    }
    drop(gateway);
    footprint(&cases, player)
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Takes turns until there are enough pairs or the time is up.
fn compare(case: &Case, gateway: &Gateway, odoo: SocketAddr, time: Duration) -> Outcome<Pairs> {
    let mut connection = Connection::open(gateway.address)?;
    let (mut pairs, began) = (Pairs::default(), Instant::now());
    ask(&mut connection, case)?;
    while pairs.len() < case.pairs && began.elapsed() < time {
        // Who goes first finds colder caches.
        let (directly, through) = if pairs.len() % 2 == 0 {
            (timed(|| direct(case, odoo))?, timed(|| ask(&mut connection, case))?)
        } else {
            let through = timed(|| ask(&mut connection, case))?;
            (timed(|| direct(case, odoo))?, through)
        };
        pairs.add(directly, through);
    }
    Ok(pairs)
}

fn timed(what: impl FnOnce() -> Outcome) -> Outcome<Duration> {
    let began = Instant::now();
    what()?;
    Ok(began.elapsed())
}

fn ask(connection: &mut Connection, case: &Case) -> Outcome {
    let body = connection.ask(&case.request)?;
    // A listing is a value a line.
    serde_json::Deserializer::from_slice(&body)
        .into_iter::<serde_json::Value>()
        .try_for_each(|value| value.map(drop))?;
    Ok(())
}

fn direct(case: &Case, odoo: SocketAddr) -> Outcome {
    for Recorded { path, body } in &case.calls {
        let text = call(odoo, path, body)?;
        let Answer::Value(_) = answer::read(&text)? else { return Err("Odoo answered with a fault".into()) };
    }
    Ok(())
}

/// Of the gateway's process, for one request.
fn processor_time(case: &Case, gateway: &Gateway) -> Outcome<Duration> {
    let (mut connection, times) = (Connection::open(gateway.address)?, case.pairs);
    let before = gateway.processor_time()?;
    for _ in 0..times {
        connection.ask(&case.request)?;
    }
    Ok((gateway.processor_time()? - before) / u32::try_from(times)?)
}

const CLIENTS: usize = 8;

fn through_gateway(case: &Case, gateway: SocketAddr) -> Outcome<f64> {
    thread_local!(static KEPT: std::cell::RefCell<Option<Connection>> = const { std::cell::RefCell::new(None) });
    rate(|| {
        KEPT.with_borrow_mut(|kept| {
            let connection = match kept {
                Some(connection) => connection,
                None => kept.insert(Connection::open(gateway)?),
            };
            ask(connection, case)
        })
    })
}

/// How often a second all clients together get it done.
fn rate(what: impl Fn() -> Outcome + Sync) -> Outcome<f64> {
    let (done, began) = (AtomicU64::new(0), Instant::now());
    let work = || -> Result<(), String> {
        while began.elapsed() < Duration::from_millis(1500) {
            what().map_err(|error| error.to_string())?;
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

/// Start, memory, size.
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
    say(&format!(
        "\nStart to first connection     {median:.1?} (median of {}), {first:.1?} over a new store",
        starts.len()
    ))?;

    let mut connection = Connection::open(gateway.address)?;
    say(&format!("Resident, just started        {:5.1} MB", gateway.resident()?))?;
    let (large, small): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.is_large);
    for case in small.iter().cycle().take(1000) {
        ask(&mut connection, case)?;
    }
    say(&format!("          1000 requests later {:5.1} MB", gateway.resident()?))?;
    for case in large.iter().cycle().take(50) {
        ask(&mut connection, case)?;
    }
    say(&format!("          50 long lists later {:5.1} MB", gateway.resident()?))?;
    say(&format!("Binary                        {:5.1} MB", std::fs::metadata(BINARY)?.len() as f64 / 1e6))?;
    Ok(())
}
