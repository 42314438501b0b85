//! Connections that a server keeps open after a response.
//!
//! In: a connection after its response. Out: the same connection for the next request, if the server has neither closed
//! it nor sent anything. Must not know: HTTP. An idle connection is closed after a time.

use std::mem::replace;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use super::exchange::is_quiet;
use crate::odoo::request_target::HostAddress;

/// The idle connections of one Odoo.
#[derive(Debug)]
pub(super) struct IdleConnections {
    keep_idle: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order in which they became idle.
    connections: Vec<IdleConnection>,
    /// Whether a task closes those that are idle for too long.
    is_expiring: bool,
}

#[derive(Debug)]
struct IdleConnection {
    address: Arc<HostAddress>,
    stream: TcpStream,
    since: Instant,
}

impl IdleConnections {
    /// No connections yet. With a `keep_idle` of zero, none is kept.
    pub(super) fn new(keep_idle: Duration) -> Arc<Self> {
        Arc::new(Self { keep_idle, state: Mutex::default() })
    }

    /// The connection to `address` that became idle last.
    pub(super) fn take(&self, address: &HostAddress) -> Option<TcpStream> {
        let mut state = self.state();
        loop {
            let at = state.connections.iter().rposition(|connection| *connection.address == *address)?;
            let IdleConnection { stream, since, .. } = state.connections.remove(at);
            if since.elapsed() < self.keep_idle && is_quiet(&stream) {
                return Some(stream);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(super) fn insert(self: &Arc<Self>, address: Arc<HostAddress>, stream: TcpStream) {
        if self.keep_idle.is_zero() {
            return;
        }
        let mut state = self.state();
        state.connections.push(IdleConnection { address, stream, since: Instant::now() });
        if !replace(&mut state.is_expiring, true) {
            tokio::spawn(close_expired(Arc::downgrade(self)));
        }
    }

    /// Closes the expired connections. Returns when the next one expires; `None` if there is none.
    fn remove_expired(&self) -> Option<Instant> {
        let mut state = self.state();
        state.connections.retain(|connection| connection.since.elapsed() < self.keep_idle);
        let next = state.connections.first().map(|connection| connection.since + self.keep_idle);
        state.is_expiring = next.is_some();
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs while there are idle connections.
async fn close_expired(connections: Weak<IdleConnections>) {
    while let Some(next) = connections.upgrade().and_then(|connections| connections.remove_expired()) {
        sleep_until(next).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    /// Both ends of a connection, and the address of the server.
    async fn connection() -> (TcpStream, TcpStream, Arc<HostAddress>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        (client, server, Arc::new(HostAddress::Numeric(address)))
    }

    #[tokio::test]
    async fn idle_connection_is_returned_once_and_only_for_its_address() {
        let idle = IdleConnections::new(LONG);
        let (client, _server, address) = connection().await;
        let port = client.local_addr().unwrap().port();
        idle.insert(Arc::clone(&address), client);
        assert!(idle.take(&HostAddress::Name("odoo".to_owned(), 8069)).is_none());
        assert_eq!(idle.take(&address).unwrap().local_addr().unwrap().port(), port);
        assert!(idle.take(&address).is_none());
    }

    #[tokio::test]
    async fn connection_that_was_closed_or_has_data_is_not_returned() {
        let idle = IdleConnections::new(LONG);
        for sent in [&b""[..], b"x"] {
            let (client, mut server, address) = connection().await;
            server.write_all(sent).await.unwrap();
            if sent.is_empty() {
                drop(server);
            }
            client.readable().await.unwrap();
            idle.insert(Arc::clone(&address), client);
            assert!(idle.take(&address).is_none(), "{sent:?}");
        }
    }

    #[tokio::test]
    async fn expired_connections_are_closed_without_a_request() {
        let idle = IdleConnections::new(Duration::from_millis(20));
        for _ in 0..2 {
            let (client, mut server, address) = connection().await;
            idle.insert(Arc::clone(&address), client);
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0, "the client closes it");
            assert!(idle.take(&address).is_none());
        }
    }

    #[tokio::test]
    async fn connections_are_closed_with_their_owner_and_not_kept_for_no_time() {
        for (keep_idle, is_dropped) in [(LONG, true), (Duration::ZERO, false)] {
            let idle = IdleConnections::new(keep_idle);
            let (client, mut server, address) = connection().await;
            idle.insert(address, client);
            let kept = (!is_dropped).then_some(idle);
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
            drop(kept);
        }
    }
}
