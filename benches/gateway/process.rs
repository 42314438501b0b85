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
        let key = create_key(&mut command(&store, odoo))?;
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
        let mut command = command(&store, odoo);
        command.envs(settings.iter().copied());
        let (process, address, listening_after) = start_listening(&mut command)?;
        Ok(Self { process, address, listening_after, store })
    }

    /// The current resident memory, in MiB.
    pub(crate) fn resident(&self) -> io::Result<f64> {
        resident(self.process.id())
    }

    /// The largest resident memory so far, in MiB.
    pub(crate) fn peak(&self) -> io::Result<f64> {
        memory(self.process.id(), "VmHWM:")
    }

    /// The processor time of all threads so far, in the kernel and in user mode.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        processor_time(self.process.id())
    }
}

/// Starts a gateway on free addresses. Returns it with its address and the time until it accepted a connection.
pub(crate) fn start_listening(command: &mut Command) -> io::Result<(Child, SocketAddr, Duration)> {
    let (address, ops) = (free_address()?, free_address()?);
    let began = Instant::now();
    let mut process = command
        .env("ODOO_GATEWAY__SERVER__LISTEN", address.to_string())
        .env("ODOO_GATEWAY__OPS__LISTEN", ops.to_string())
        .stderr(Stdio::null())
        .spawn()?;
    while TcpStream::connect(address).is_err() {
        if let Some(status) = process.try_wait()? {
            return Err(io::Error::other(format!("the gateway did not start: {status}")));
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok((process, address, began.elapsed()))
}

/// The current resident memory of a process, in MiB.
pub(crate) fn resident(process: u32) -> io::Result<f64> {
    memory(process, "VmRSS:")
}

fn memory(process: u32, name: &str) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.ok_or_else(|| io::Error::other(format!("no {name}")))? / 1024.0)
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

/// Creates an API key with this command line, as an administrator does.
pub(crate) fn create_key(command: &mut Command) -> io::Result<String> {
    let mut process = command
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
