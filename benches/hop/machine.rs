//! The machine and the versions of the programs that were measured.
//!
//! In: `/proc`, the programs themselves. Out: names with values. Must not know: what is measured.

use std::fs;
use std::process::Command;

use odoo_gateway::odoo::rpc_codec::RpcResponse;
use odoo_gateway::odoo::xmlrpc::response;
use odoo_gateway::value::Value;

use super::recording::Recording;

/// What the figures depend on. A value that cannot be found out is `unknown`.
pub(crate) fn describe(recording: &Recording) -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string());
    let load = file("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(", ");
    vec![
        ("Processor", format!("{}, {cores} cores", field("/proc/cpuinfo", "model name"))),
        ("Memory", field("/proc/meminfo", "MemTotal")),
        ("Kernel", file("/proc/sys/kernel/osrelease")),
        ("Load average before the measurement", load),
        ("Gateway", format!("{} ({})", env!("CARGO_PKG_VERSION"), output("git", &["describe", "--always", "--dirty"]))),
        ("Compiler", output("rustc", &["--version"])),
        ("Odoo", odoo_version(recording).unwrap_or_else(unknown)),
        ("nginx", output("nginx", &["-v"]).trim_start_matches("nginx version: ").to_owned()),
        ("wrk", output("wrk", &["--version"]).split(" Copyright").next().unwrap_or_default().to_owned()),
    ]
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn file(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| unknown(), |text| text.trim().to_owned())
}

fn field(path: &str, name: &str) -> String {
    let text = file(path);
    let value = text.lines().filter_map(|line| line.split_once(':')).find(|(each, _)| each.trim() == name);
    value.map_or_else(unknown, |(_, value)| value.trim().to_owned())
}

/// The first line that a program prints, on either stream and with any status: wrk prints its version as an error.
fn output(program: &str, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(arguments).output() else { return unknown() };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().next().map_or_else(unknown, |line| line.trim().to_owned())
}

/// Odoo's own response to `common.version`.
fn odoo_version(recording: &Recording) -> Option<String> {
    let is_version = |body: &[u8]| String::from_utf8_lossy(body).contains("<methodName>version</methodName>");
    let (_, text) = recording.responses().into_iter().find(|(call, _)| is_version(&call.body))?;
    let Ok(RpcResponse::Result(value)) = response::parse(&text) else { return None };
    value.get("server_version").and_then(Value::as_text).map(str::to_owned)
}
