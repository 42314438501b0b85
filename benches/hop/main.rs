//! What the hop costs: the gateway compared with nginx as a plain proxy, and with Odoo alone.
//!
//! `make bench`, about ten minutes. In: the release binary, nginx and wrk, the real Odoo 19 of the testbed. Out:
//! `benches/RESULTS.md`. `BENCH_ROUNDS` and `BENCH_SECONDS` shorten the measurement.
//!
//! ```text
//! wrk ─► canned Odoo      wrk ─► nginx ─► canned Odoo      wrk ─► gateway ─► canned Odoo
//! ```
//!
//! The canned Odoo returns the responses that the real one gave before. It keeps or closes its connections.

mod canned_odoo;
mod figures;
mod footprint;
mod growth;
mod hop;
mod machine;
mod nginx;
mod open_loop;
mod pairs;
mod report;
mod request;
mod scenario;
mod servers;
mod target;
mod workload;
mod wrk;

#[path = "../gateway/exchange.rs"]
mod exchange;
#[path = "../gateway/process.rs"]
mod process;
#[expect(dead_code, reason = "the benchmark `gateway` uses the rest")]
#[path = "../gateway/recording.rs"]
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
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::canned_odoo::{CannedOdoo, Connections};
use self::exchange::Connection;
use self::figures::Series;
use self::footprint::Footprint;
use self::growth::Growth;
use self::hop::{AddedLatency, Hop};
use self::process::Gateway;
use self::report::{RealRow, Results};
use self::request::{HttpRequest, api_key};
use self::scenario::Rounds;
use self::servers::Servers;
use self::testbed::{Version, testbed};
use self::workload::{Case, MANY_PARTNERS, Workload, copy_partner};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/RESULTS.md");
const PROFILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/profile.md");

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((first, rest)) = arguments.split_first()
        && first == canned_odoo::ARGUMENT
    {
        return Ok(canned_odoo::serve(rest)?);
    }
    let filters = arguments.iter().filter(|argument| !argument.starts_with('-'));
    // `cargo bench FILTER` selects named benchmarks; `cargo test --benches` only checks that this one builds.
    if !arguments.iter().any(|argument| argument == "--bench") || filters.count() > 0 {
        return Ok(());
    }
    raise_file_limit()?;
    let results = measure(Rounds::from_environment()?)?.to_markdown()?;
    fs::write(RESULTS, &results)?;
    Ok(write!(io::stdout(), "{results}")?)
}

/// A thousand clients need as many files; the processes that are started here inherit the limit.
fn raise_file_limit() -> io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

fn measure(rounds: Rounds) -> Outcome<Results> {
    progress("starting Odoo 19")?;
    let odoo: SocketAddr = testbed().url(Version::Odoo19).trim_start_matches("http://").parse()?;
    let postgres = testbed().postgres();
    progress("recording Odoo's responses")?;
    let (workload, recording) = Workload::record(odoo, postgres)?;
    let folder = tempfile::tempdir()?;
    let responses = folder.path().join("responses.json");
    CannedOdoo::save(&recording, &responses)?;
    let machine = machine::describe(&recording);
    drop(recording);

    progress("measuring the hop")?;
    let kept = Servers::start(&workload, &responses, Connections::Kept)?;
    let closed = Servers::start(&workload, &responses, Connections::Closed)?;
    let hop = Hop::measure(&kept, &closed, rounds)?;
    drop(closed);
    progress("measuring the latency")?;
    let latency = AddedLatency::measure(&kept, &workload, hop.kept.api_key.rate.median() / 2.0, rounds)?;
    progress("measuring the growth")?;
    let growth = Growth::measure(&kept, &workload, rounds)?;
    progress("measuring with the real Odoo 19")?;
    let real = real_odoo(&workload, odoo, rounds)?;
    progress("measuring the memory")?;
    copy_partner(postgres, workload.first_partner, MANY_PARTNERS - workload.partners)?;
    let footprint = Footprint::measure(&workload, kept.odoo.address, odoo)?;
    let profile = fs::read_to_string(PROFILE).ok();
    let calls = workload.calls;
    Ok(Results { machine, rounds, hop, latency, real, calls, footprint, growth, profile })
}

/// One client with an API key, compared with the same calls made directly.
fn real_odoo(workload: &Workload, odoo: SocketAddr, rounds: Rounds) -> Outcome<Vec<RealRow>> {
    let (gateway, key) = Gateway::start_with_key(odoo, &[])?;
    let mut connection = Connection::open(gateway.address)?;
    let read = workload.reads.first().ok_or("no read was recorded")?;
    let mut row = |name, case: &Case| -> Outcome<RealRow> {
        let request = HttpRequest::get(&case.target, api_key(&key)).to_bytes();
        connection.send(&request)?;
        let mut row = RealRow { name, direct: Series::default(), gateway: Series::default() };
        for _ in 0..rounds.rounds {
            let time = Duration::from_secs(2 * rounds.seconds);
            let pair = pairs::compare(&mut connection, &request, &case.calls, odoo, time)?;
            row.direct.add(pair.direct);
            row.gateway.add(pair.gateway);
        }
        Ok(row)
    };
    Ok(vec![row("one read, 2 fields", read)?, row("list, 1000 x 10 fields", workload.list(1_000)?)?])
}

fn progress(step: &str) -> io::Result<()> {
    writeln!(io::stderr(), "bench: {step}")
}
