//! The gateway as a process of its own: the shipped binary with its log enabled, measured by the kernel's figures.
//!
//! In: the address of Odoo. Out: a [`Gateway`] that ends on drop; its start time, memory and processor time.

use std::fs;
use std::io;
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
        Self::start_over(tempfile::tempdir()?, odoo)
    }

    /// Stops the gateway and starts it again with the same store.
    pub(crate) fn restart(self, odoo: SocketAddr) -> io::Result<Self> {
        let mut old = self;
        let store = std::mem::replace(&mut old.store, tempfile::tempdir()?);
        drop(old);
        Self::start_over(store, odoo)
    }

    fn start_over(store: tempfile::TempDir, odoo: SocketAddr) -> io::Result<Self> {
        let (address, ops) = (free_address()?, free_address()?);
        let began = Instant::now();
        let mut process = Command::new(BINARY)
            .env("ODOO_GATEWAY__SERVER__LISTEN", address.to_string())
            .env("ODOO_GATEWAY__OPS__LISTEN", ops.to_string())
            .env("ODOO_GATEWAY__STORE__URL", format!("sqlite:{}", store.path().join("gateway.db").display()))
            .env("ODOO_URL", format!("http://{odoo}"))
            .env("ODOO_DB", DATABASE)
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
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kilobytes.ok_or_else(|| io::Error::other("no VmRSS"))? / 1024.0)
    }

    /// The processor time of all threads so far, in the kernel and in user mode.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let schedule = fs::read_to_string(thread?.path().join("schedstat"))?;
            nanoseconds += schedule.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
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
