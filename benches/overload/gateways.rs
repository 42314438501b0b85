//! Gateways over one store, each as a process of its own that may be bound to a core.
//!
//! In: the address of Odoo, a store. Out: [`Process`]es that end on drop, an API key for all of them. Must not know:
//! what is measured.

use std::io;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::time::Duration;

use super::exchange::DATABASE;
use super::process::{self, BINARY};

/// What gateways have in common.
#[derive(Debug)]
pub(crate) struct Gateways {
    folder: tempfile::TempDir,
    store: String,
    odoo: SocketAddr,
    concurrency: usize,
}

/// A running gateway.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Gateways {
    /// Gateways that make this many calls at once to the Odoo at this address. Without a store they have a SQLite file.
    pub(crate) fn new(odoo: SocketAddr, concurrency: usize, store: Option<String>) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = store.unwrap_or_else(|| format!("sqlite:{}", folder.path().join("gateway.db").display()));
        Ok(Self { folder, store, odoo, concurrency })
    }

    /// Creates an API key with the command line, as an administrator does.
    pub(crate) fn create_key(&self) -> io::Result<String> {
        process::create_key(&mut self.command(None))
    }

    /// Starts a gateway, on this core if there is one.
    pub(crate) fn start(&self, core: Option<usize>) -> io::Result<Process> {
        let (child, address, _) = process::start_listening(&mut self.command(core))?;
        Ok(Process { child, address })
    }

    fn command(&self, core: Option<usize>) -> Command {
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &core.to_string(), BINARY]);
                command
            }
            None => Command::new(BINARY),
        };
        command
            .env("ODOO_GATEWAY__STORE__URL", &self.store)
            .env("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", self.folder.path().join("keys/master.key"))
            .env("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always")
            .env("ODOO_GATEWAY__SERVER__MAX_CONNECTIONS_PER_ADDRESS", "2048")
            .env("ODOO_GATEWAY__ODOO__0__URL", format!("http://{}", self.odoo))
            .env("ODOO_GATEWAY__ODOO__0__DATABASE", DATABASE)
            .env("ODOO_GATEWAY__ODOO__0__CONCURRENCY", self.concurrency.to_string())
            // Each read is a call.
            .env("ODOO_GATEWAY__ODOO__0__SHARE_READS", "false");
        command
    }
}

impl Process {
    /// The current resident memory, in MiB.
    pub(crate) fn resident(&self) -> io::Result<f64> {
        process::resident(self.child.id())
    }

    /// The processor time of all threads so far.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        process::processor_time(self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}
