//! Measures how many calls Odoo works on at the same time, which no call of Odoo reports.
//!
//! An Odoo with workers gives each connection to one of them, and a worker waits up to two seconds for the request. So
//! connections without a request occupy workers: the first call that has to wait shows that all of them are occupied.
//! An Odoo without workers has a thread for each connection, and waits for the request without a limit.
//!
//! The measurement needs no credential, occupies Odoo for about a second, and only sees an Odoo without a proxy in
//! front of it.
//!
//! In: the number of calls that are expected at the same time. Out: [`ParallelCalls`]. Must not know: settings.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use url::Position;

use super::OdooClient;
use crate::odoo::request_target::USER_AGENT;

/// How many calls Odoo works on at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParallelCalls {
    /// Odoo has workers, at least this many.
    AtLeast(usize),
    /// Odoo has this many workers, or fewer are free.
    Only(usize),
    /// Odoo has no workers: one process with threads, of which one works at a time.
    Threads,
    /// A proxy or TLS hides Odoo.
    Hidden,
}

/// Maximum number of occupied workers.
const MAX_OCCUPIED: usize = 32;
/// A call that waits longer than this, and longer than some usual calls, waits for a worker.
const MIN_WAIT: Duration = Duration::from_millis(1000);
/// From then on workers would give up the connections that occupy them.
const MAX_WAIT: Duration = Duration::from_millis(1500);
/// How long a worker waits for a request (`ODOO_HTTP_SOCKET_TIMEOUT`), with some reserve.
const WORKER_PATIENCE: Duration = Duration::from_millis(3000);
/// Maximum size of the head of a response.
const MAX_HEAD_BYTES: usize = 64 * 1024;

impl OdooClient {
    /// Measures up to `expected` calls. `None` if Odoo does not respond within `limit`.
    pub async fn measure_parallel_calls(&self, expected: usize, limit: Duration) -> Option<ParallelCalls> {
        let base = self.base();
        let host = base.host_str()?.trim_matches(['[', ']']);
        let server = Server { host, port: base.port_or_known_default()?, limit };
        if base.scheme() != "http" {
            return Some(ParallelCalls::Hidden);
        }
        let request = self.small_request();
        let start = Instant::now();
        let head = timeout(limit, server.exchange(&request)).await.ok()??;
        let wait = (start.elapsed() * 10).clamp(MIN_WAIT, MAX_WAIT);
        if !is_odoo_itself(&head) {
            return Some(ParallelCalls::Hidden);
        }
        let expected = expected.min(MAX_OCCUPIED);
        let found = server.occupy(&request, expected, wait).await?;
        // Odoo may have been busy with calls of others.
        let found = if found < expected { found.max(server.occupy(&request, expected, wait).await?) } else { found };
        if found < expected {
            return Some(ParallelCalls::Only(found));
        }
        let has_workers = server.gives_up_idle_connection().await?;
        Some(if has_workers { ParallelCalls::AtLeast(found) } else { ParallelCalls::Threads })
    }

    /// A call that Odoo answers without a database.
    fn small_request(&self) -> String {
        let url = self.0.endpoints.common.url();
        let host = &url[Position::BeforeHost..Position::AfterPort];
        let body = "<?xml version=\"1.0\"?><methodCall><methodName>version</methodName><params/></methodCall>";
        format!(
            "POST {} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\nContent-Type: text/xml\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            url.path(),
            body.len()
        )
    }
}

/// Whether the head of the response was written by Odoo's own server: proxies replace the name of the server, or keep
/// the connection open.
fn is_odoo_itself(head: &str) -> bool {
    let lines = || head.lines().map(str::to_ascii_lowercase);
    let closes = head.starts_with("HTTP/1.0") || lines().any(|line| line == "connection: close");
    let has_proxy = lines().any(|line| line.starts_with("via:"));
    closes && !has_proxy && lines().any(|line| line.starts_with("server: werkzeug/"))
}

/// The address of Odoo.
#[derive(Clone, Copy)]
struct Server<'a> {
    host: &'a str,
    port: u16,
    /// Maximum duration of opening a connection.
    limit: Duration,
}

impl Server<'_> {
    async fn connect(self) -> Option<TcpStream> {
        timeout(self.limit, TcpStream::connect((self.host, self.port))).await.ok()?.ok()
    }

    /// Sends the request and returns the response, with what of its body has arrived.
    async fn exchange(self, request: &str) -> Option<String> {
        let mut stream = self.connect().await?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let (mut response, mut buffer) = (Vec::new(), [0; 4096]);
        while !response.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            let length = stream.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
            response.extend_from_slice(buffer.get(..length)?);
            if response.len() > MAX_HEAD_BYTES {
                return None;
            }
        }
        Some(String::from_utf8_lossy(&response).into_owned())
    }

    /// Occupies one worker after the other until a call has to wait for longer than `wait`. Returns how many calls were
    /// possible at the same time, up to `expected`.
    async fn occupy(self, request: &str, expected: usize, wait: Duration) -> Option<usize> {
        let mut occupied = Vec::new();
        while occupied.len() + 1 < expected {
            occupied.push(self.connect().await?);
            if timeout(wait, self.exchange(request)).await.is_err() {
                return Some(occupied.len());
            }
        }
        Some(expected)
    }

    /// Whether the server closes a connection without a request after some seconds.
    async fn gives_up_idle_connection(self) -> Option<bool> {
        let mut idle = self.connect().await?;
        Some(timeout(WORKER_PATIENCE, idle.read(&mut [0])).await.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_in_front_of_odoo_is_recognized() {
        let own = "HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\nServer: Werkzeug/2.2.2 Python/3.11.2\r\n\r\n";
        let newer = own.replace("1.0", "1.1").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        assert!(is_odoo_itself(own) && is_odoo_itself(&newer));
        assert!(!is_odoo_itself(&own.replace("Werkzeug/2.2.2 Python/3.11.2", "nginx")));
        assert!(!is_odoo_itself(&own.replace("1.0", "1.1")), "a proxy that passes the name on");
        assert!(!is_odoo_itself(&own.replace("\r\n\r\n", "\r\nVia: 1.1 Caddy\r\n\r\n")));
    }
}
