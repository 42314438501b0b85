//! Overload, and more gateways: what clients notice while Odoo cannot do what is wanted of it.
//!
//! `make overload`, a part of `make prove`. In: the release binary, PostgreSQL of the testbed. Out: tables; the program
//! fails if a target is missed. `OVERLOAD_SECONDS` is the duration of the overload, 60 by default.
//!
//! ```text
//! overload  readers at a constant rate, and ten times as many exports as Odoo has workers ─► gateway ─► slow Odoo
//! scaling   readers ─► one gateway, two gateways, each on a core of its own ─► slow Odoo
//! ```
//!
//! The slow Odoo answers each call after five milliseconds. Pages of exports have one record, so that it is the
//! bottleneck, and not the processor that all programs share here.

mod exports;
mod gateways;
mod overload;
mod scaling;
mod slow_odoo;

#[path = "../gateway/exchange.rs"]
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod exchange;
#[path = "../hop/figures.rs"]
#[expect(dead_code, reason = "the benchmark `hop` uses the rest")]
mod figures;
#[path = "../hop/open_loop.rs"]
mod open_loop;
#[path = "../gateway/process.rs"]
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod process;
#[expect(
    dead_code,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "the tests own this module and use all of it"
)]
#[path = "../../tests/gateway/support/testbed.rs"]
mod testbed;
#[expect(dead_code, clippy::unwrap_used, reason = "the tests own this module and use all of it")]
#[path = "../../tests/gateway/support/xml.rs"]
mod xml;

use std::error::Error;
use std::io::{self, Write as _};
use std::time::Duration;

use self::overload::Overload;
use self::scaling::Scaling;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The duration of the overload, and the shortest part of it that is meaningful.
const DEFAULT_SECONDS: u64 = 60;
const LEAST_SECONDS: u64 = 5;

fn main() -> Outcome {
    // `cargo test --benches` only checks that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let seconds = std::env::var("OVERLOAD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_SECONDS);
    let time = Duration::from_secs(seconds.max(LEAST_SECONDS));
    let overload = Overload::measure(time)?;
    writeln!(io::stdout(), "{overload}")?;
    let scaling = Scaling::measure((time / 6).max(Duration::from_secs(LEAST_SECONDS)))?;
    writeln!(io::stdout(), "{scaling}")?;
    let missed: Vec<&str> = overload.missed().into_iter().chain(scaling.missed()).collect();
    if missed.is_empty() { Ok(()) } else { Err(format!("missed: {}", missed.join(", ")).into()) }
}

/// A read of one record.
fn read_request(key: &str) -> Vec<u8> {
    request("/restapi/1.0/object/res.partner/1?fields=name", key, "application/json")
}

/// A request without a body.
fn request(target: &str, key: &str, accept: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: bench\r\napi-key: {key}\r\naccept: {accept}\r\n\r\n").into_bytes()
}
