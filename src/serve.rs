//! The HTTP server: accepts connections, serves HTTP/1.1 and HTTP/2 (cleartext, prior knowledge), and shuts down in
//! order.
//!
//! In: a bound listener, a service, timeouts and limits. Out: served requests, connection metrics. Must not know:
//! routes, credentials, Odoo. It replaces `axum::serve`, which has no timeouts.
//!
//! ```text
//! serve (accept loop) → connection_limit → connection (protocol, timeouts, shutdown)
//!                                           ├ stream    bytes; each request head passes the head_scanner
//!                                           ├ exchange  requests and responses
//!                                           └ deadline  the state of the connection, and when it times out
//! shutdown        the stages of a shutdown
//! shared_address  leaves an address to another process
//! ```

mod connection;
mod connection_limit;
mod deadline;
mod exchange;
#[cfg(test)]
#[path = "../fuzz/src/head_invariants.rs"]
#[expect(unreachable_pub, reason = "the fuzz target is another crate")]
mod head_invariants;
mod head_scanner;
mod settings;
mod shared_address;
mod shutdown;
mod stream;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use self::connection_limit::{ConnectionLimit, ConnectionPermit, ConnectionRefused};
pub use self::exchange::{Handler, HeadersTooLarge, Received, TargetTooLong};
pub use self::settings::ServerSettings;
use self::shared_address::{HANDSHAKE, ignore_new_clients};
use self::shutdown::{ShutdownHandle, ShutdownStage};
use crate::telemetry::metrics::{Metrics, count};

/// The result of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Connections that were still open at the end of the grace period and were aborted.
    pub aborted: usize,
}

/// Serves `handler` on `listener` until `shutdown` resolves. Then, in order: accepts connections for the shutdown delay,
/// each for one response; closes the listener; waits for requests in flight within the grace period.
pub async fn run(
    listener: TcpListener,
    handler: Handler,
    settings: ServerSettings,
    shutdown: impl Future<Output = ()>,
    metrics: Arc<Metrics>,
) -> ShutdownReport {
    let acceptor = Acceptor::new(handler, settings, metrics);
    let handle = ShutdownHandle::new();
    tokio::select! {
        biased;
        () = shutdown => {}
        never = acceptor.accept_all(&listener, &handle) => match never {},
    }
    let delay = acceptor.settings.shutdown_delay;
    if !delay.is_zero() {
        handle.announce(ShutdownStage::Leave);
        let Err(_elapsed) = timeout(delay, acceptor.accept_all(&listener, &handle)).await;
    }
    if acceptor.settings.shares_address {
        acceptor.leave_address(&listener, &handle).await;
    }
    acceptor.close(listener, &handle);
    drain(&handle, acceptor.settings.grace).await
}

async fn drain(handle: &ShutdownHandle, grace: Duration) -> ShutdownReport {
    handle.announce(ShutdownStage::Drain);
    if timeout(grace, handle.all_closed()).await.is_ok() {
        return ShutdownReport { aborted: 0 };
    }
    let aborted = handle.open_connections();
    handle.announce(ShutdownStage::Abort);
    handle.all_closed().await;
    ShutdownReport { aborted }
}

/// Accepts connections and spawns a task for each. Contains what all connections share.
struct Acceptor {
    limit: Arc<ConnectionLimit>,
    settings: Arc<ServerSettings>,
    handler: Handler,
    metrics: Arc<Metrics>,
}

impl Acceptor {
    fn new(handler: Handler, settings: ServerSettings, metrics: Arc<Metrics>) -> Self {
        Self { limit: ConnectionLimit::new(&settings), settings: Arc::new(settings), handler, metrics }
    }

    async fn accept_all(&self, listener: &TcpListener, handle: &ShutdownHandle) -> std::convert::Infallible {
        let mut pause = ACCEPT_PAUSE;
        loop {
            match listener.accept().await {
                Ok((socket, address)) => {
                    pause = ACCEPT_PAUSE;
                    self.admit(socket, address, handle);
                }
                Err(error) if is_caused_by_peer(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    count(&self.metrics.connections_refused, "accept_error");
                    sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    }

    /// Accepts the clients that have begun to connect. Another process gets the others.
    async fn leave_address(&self, listener: &TcpListener, handle: &ShutdownHandle) {
        match ignore_new_clients(listener) {
            Ok(()) => {
                let Err(_elapsed) = timeout(HANDSHAKE, self.accept_all(listener, handle)).await;
            }
            Err(error) => tracing::warn!(%error, "clients that connect while the listener is closed may be reset"),
        }
    }

    /// Closes the listener, so that the system rejects new connections instead of queueing them. Clients of the
    /// connections in its queue consider themselves connected: they are served.
    fn close(&self, listener: TcpListener, handle: &ShutdownHandle) {
        let Ok(listener) = listener.into_std() else { return };
        // The listener is not blocking: it fails when the queue is empty.
        while let Ok((socket, address)) = listener.accept() {
            if socket.set_nonblocking(true).is_ok()
                && let Ok(socket) = TcpStream::from_std(socket)
            {
                self.admit(socket, address, handle);
            }
        }
    }

    fn admit(&self, socket: TcpStream, address: SocketAddr, handle: &ShutdownHandle) {
        match self.limit.acquire(address.ip()) {
            Ok(permit) => {
                // Without it small responses wait for the peer's acknowledgement. Failing to set it is not an error.
                let _nodelay = socket.set_nodelay(true);
                self.spawn(permit, socket, address, handle);
            }
            Err(reason) => self.reject(&socket, reason),
        }
    }

    fn spawn<S>(&self, permit: ConnectionPermit, socket: S, address: SocketAddr, handle: &ShutdownHandle)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (settings, handler) = (Arc::clone(&self.settings), self.handler.clone());
        let (metrics, shutdown) = (Arc::clone(&self.metrics), handle.signal());
        tokio::spawn(async move {
            metrics.connections.inc();
            let outcome = connection::serve(socket, address, handler, settings, shutdown).await;
            metrics.connections.dec();
            count(&metrics.connections_ended, outcome);
            drop(permit);
        });
    }

    fn reject(&self, socket: &TcpStream, reason: ConnectionRefused) {
        count(&self.metrics.connections_refused, reason.as_str());
        // The response is best effort: the server does not wait until the client can receive it.
        let _written = socket.try_write(REJECTION);
    }
}

/// Serves one connection in memory, for unit tests with a paused clock.
#[cfg(test)]
pub(crate) fn serve_in_memory(
    handler: Handler,
    settings: ServerSettings,
    metrics: Arc<Metrics>,
) -> tokio::io::DuplexStream {
    let (client, server) = tokio::io::duplex(64 * 1024);
    let (acceptor, handle) = (Acceptor::new(handler, settings, metrics), ShutdownHandle::new());
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let permit = acceptor.limit.acquire(address.ip()).unwrap();
    acceptor.spawn(permit, server, address, &handle);
    // The connection is aborted when the handle is dropped.
    tokio::spawn(async move { handle.all_closed().await });
    client
}

/// The first pause after an accept error that does not resolve itself, such as "too many open files".
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

const REJECTION: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n";

/// Whether the peer closed the connection before it was accepted. The next accept is not affected.
fn is_caused_by_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
