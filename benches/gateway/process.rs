//! The gateway as a process of its own: the shipped binary with its log enabled, measured by the kernel's figures.
//!
//! In: the address of Odoo. Out: a [`Gateway`] that ends on drop; its API key, start time, memory and processor time.

use std::fs;
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::exchange::DATABASE;

/// The binary that is measured.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_odoo-gateway");

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Gateway {
    process: Child,
    pub(crate) address: SocketAddr,
    /// The time from the start of the process to the first accepted connection.
    pub(crate) listening_after: Duration,
    store: tempfile::TempDir,
}

impl Gateway {
    /// Starts a gateway in front of the Odoo at this address, with a new store.
    pub(crate) fn start(odoo: SocketAddr) -> io::Result<Self> {
        Self::start_over(tempfile::tempdir()?, odoo, &[])
    }

    /// Starts a gateway in front of the Odoo at this address, with an API key of the user `admin` and these settings.
    pub(crate) fn start_with_key(odoo: SocketAddr, settings: &[(&str, &str)]) -> io::Result<(Self, String)> {
        let store = tempfile::tempdir()?;
        let key = create_key(&store, odoo)?;
        Ok((Self::start_over(store, odoo, settings)?, key))
    }

    /// Stops the gateway and starts it again with the same store.
    pub(crate) fn restart(self, odoo: SocketAddr) -> io::Result<Self> {
        let mut old = self;
        let store = std::mem::replace(&mut old.store, tempfile::tempdir()?);
        drop(old);
        Self::start_over(store, odoo, &[])
    }

    fn start_over(store: tempfile::TempDir, odoo: SocketAddr, settings: &[(&str, &str)]) -> io::Result<Self> {
        let (address, ops) = (free_address()?, free_address()?);
        let began = Instant::now();
        let mut process = command(&store, odoo)
            .env("ODOO_GATEWAY__SERVER__LISTEN", address.to_string())
            .env("ODOO_GATEWAY__OPS__LISTEN", ops.to_string())
            .envs(settings.iter().copied())
            .stderr(Stdio::null())
            .spawn()?;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.try_wait()? {
                return Err(io::Error::other(format!("the gateway did not start: {status}")));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(Self { process, address, listening_after: began.elapsed(), store })
    }

    /// The current resident memory, in MiB.
    pub(crate) fn resident(&self) -> io::Result<f64> {
        self.memory("VmRSS:")
    }

    /// The largest resident memory so far, in MiB.
    pub(crate) fn peak(&self) -> io::Result<f64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kilobytes.ok_or_else(|| io::Error::other(format!("no {name}")))? / 1024.0)
    }

    /// The processor time of all threads so far, in the kernel and in user mode.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        processor_time(self.process.id())
    }
}

/// The processor time of all threads of a process so far, in the kernel and in user mode.
pub(crate) fn processor_time(process: u32) -> io::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread can end at any time.
        let schedule = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        nanoseconds += schedule.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The binary with a store of its own in front of this Odoo.
fn command(store: &tempfile::TempDir, odoo: SocketAddr) -> Command {
    let mut command = Command::new(BINARY);
    command
        .env("ODOO_GATEWAY__STORE__URL", format!("sqlite:{}", store.path().join("gateway.db").display()))
        .env("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", store.path().join("keys/master.key"))
        .env("ODOO_URL", format!("http://{odoo}"))
        .env("ODOO_DB", DATABASE);
    command
}

/// Creates an API key with the command line, as an administrator does.
fn create_key(store: &tempfile::TempDir, odoo: SocketAddr) -> io::Result<String> {
    let mut process = command(store, odoo)
        .args(["key", "create", "--name", "bench", "--login", "admin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = process.stdin.take() {
        writeln!(stdin, "admin")?;
    }
    let output = process.wait_with_output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("no API key was created: {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
