//! wrk as the load generator.
//!
//! In: requests, an address, a number of clients, a duration. Out: what wrk measured. Must not know: who answers.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::Command;

use tempfile::NamedTempFile;

use super::request::HttpRequest;

/// Requests that wrk sends in turn.
#[derive(Debug)]
pub(crate) struct Script(NamedTempFile);

/// What wrk measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// The number of answered requests.
    pub(crate) requests: f64,
    /// Answered requests per second.
    pub(crate) rate: f64,
    /// Latency, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// wrk calls `done` at the end; all its durations are microseconds.
const SCRIPT_END: &str = r#"
local last = 0
function request()
  last = last % #requests + 1
  return requests[last]
end
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), failed, errors.status))
end
"#;

impl Script {
    pub(crate) fn new(requests: impl IntoIterator<Item = HttpRequest>) -> io::Result<Self> {
        let mut file = tempfile::Builder::new().suffix(".lua").tempfile()?;
        writeln!(file, "local requests = {{}}\nfunction init()")?;
        for request in requests {
            writeln!(file, "  requests[#requests + 1] = {}", request.to_lua())?;
        }
        write!(file, "end{SCRIPT_END}")?;
        file.flush()?;
        Ok(Self(file))
    }

    /// Sends the requests for this time. Fails if one of them is not answered with a success.
    pub(crate) fn run(&self, to: SocketAddr, clients: usize, seconds: u64) -> io::Result<Load> {
        let output = Command::new("wrk")
            .args(["--threads", "1", "--connections", &clients.to_string(), "--duration", &format!("{seconds}s")])
            .args(["--timeout", "10s", "--script"])
            .arg(self.0.path())
            .arg(format!("http://{to}/"))
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
        let numbers: Vec<f64> = line.unwrap_or_default().split(' ').filter_map(|text| text.parse().ok()).collect();
        let &[requests, duration, p50, p99, failed, rejected] = numbers.as_slice() else {
            return Err(io::Error::other(format!("wrk failed: {text}{}", String::from_utf8_lossy(&output.stderr))));
        };
        if failed + rejected > 0.0 || requests == 0.0 {
            let problem = format!("{to}: {requests} requests, {failed} failed, {rejected} with an error status");
            return Err(io::Error::other(problem));
        }
        Ok(Load { requests, rate: requests * 1e6 / duration, p50: p50 / 1e3, p99: p99 / 1e3 })
    }
}
