//! nginx as a plain proxy in front of the same Odoo: what a hop costs that does nothing else.
//!
//! In: the address of Odoo and whether its connections are kept. Out: an [`Nginx`] that ends on drop, and the processor
//! time of all its processes.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::canned_odoo::Connections;
use super::process::processor_time;

/// A running nginx.
#[derive(Debug)]
pub(crate) struct Nginx {
    process: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    pub(crate) fn start(odoo: SocketAddr, connections: Connections) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration(&address.to_string(), &odoo.to_string(), connections))?;
        let mut process = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .spawn()?;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.try_wait()? {
                return Err(io::Error::other(format!("nginx did not start: {status}")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { process, address, _folder: folder })
    }

    /// The processor time of the master and its workers.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        let master = self.process.id();
        let workers = fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
        let workers = workers.split_whitespace().filter_map(|id| id.parse().ok());
        std::iter::once(master).chain(workers).map(processor_time).sum()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its workers only if it may handle the signal.
        let _signalled = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ended = self.process.wait();
    }
}

/// The configuration. Without an access log: nginx does nothing but forward.
pub(crate) fn configuration(address: &str, odoo: &str, connections: Connections) -> String {
    let proxy = match connections {
        Connections::Kept => "proxy_http_version 1.1; proxy_set_header Connection \"\";",
        Connections::Closed => "proxy_http_version 1.0;",
    };
    let keepalive = match connections {
        Connections::Kept => " keepalive 64; keepalive_requests 100000000;",
        Connections::Closed => "",
    };
    format!(
        "worker_processes auto;
daemon off;
pid nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    keepalive_requests 100000000;
    upstream odoo {{ server {odoo};{keepalive} }}
    server {{
        listen {address} reuseport;
        location / {{ proxy_pass http://odoo; {proxy} }}
    }}
}}
"
    )
}
