//! The edge: accepts connections, serves HTTP/1.1 and HTTP/2 (cleartext, prior knowledge) on them, stops in order.
//!
//! In: a bound listener, a service, deadlines and caps. Out: answered requests, counted connections. Must not
//! know: routes, credentials, Odoo. `axum::serve` has no deadline of any kind; this is in its place.
//!
//! ```text
//! serve (accepts) → seats (caps) → connection (protocol, deadlines, stop)
//!                                   ├ stream   bytes, scanned by head
//!                                   ├ exchange requests and answers
//!                                   └ watch    who is waited for, until when
//! ```

mod connection;
mod connection_limit;
mod deadline;
mod exchange;
mod head_scanner;
mod settings;
mod shutdown;
mod stream;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use self::connection_limit::{NoSeat, Seat, Seats};
pub use self::exchange::{ArrivedAt, ClientAddress, Handler, HeadersTooLarge, TargetTooLong};
pub use self::settings::EdgeSettings;
use self::shutdown::{Stop, Stopper};
use crate::telemetry::metrics::{Metrics, count};

/// How a listener came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that outlived the grace period and were cut.
    pub cut: usize,
}

/// Serves `handler` on `listener` until `shutdown`, then lets requests in flight finish within the grace period.
pub async fn run(
    listener: TcpListener,
    handler: Handler,
    settings: EdgeSettings,
    shutdown: impl Future<Output = ()>,
    metrics: Arc<Metrics>,
) -> Stopped {
    let door = Door { seats: Seats::new(&settings), settings: Arc::new(settings), handler, metrics };
    let stopper = Stopper::new();
    tokio::select! {
        biased;
        () = shutdown => {}
        never = door.accept_all(&listener, &stopper) => match never {},
    }
    // Closed at once, so that the system refuses newcomers instead of letting them wait.
    drop(listener);
    drain(&stopper, door.settings.grace).await
}

async fn drain(stopper: &Stopper, grace: Duration) -> Stopped {
    stopper.announce(Stop::Drain);
    if timeout(grace, stopper.all_gone()).await.is_ok() {
        return Stopped { cut: 0 };
    }
    let cut = stopper.holders();
    stopper.announce(Stop::Now);
    stopper.all_gone().await;
    Stopped { cut }
}

/// What every connection shares.
struct Door {
    seats: Arc<Seats>,
    settings: Arc<EdgeSettings>,
    handler: Handler,
    metrics: Arc<Metrics>,
}

impl Door {
    async fn accept_all(&self, listener: &TcpListener, stopper: &Stopper) -> std::convert::Infallible {
        let mut pause = ACCEPT_PAUSE;
        loop {
            match listener.accept().await {
                Ok((socket, address)) => {
                    pause = ACCEPT_PAUSE;
                    self.admit(socket, address, stopper);
                }
                Err(error) if concerns_one_peer(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    count(&self.metrics.connections_refused, "accept_error");
                    sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
    }

    fn admit(&self, socket: TcpStream, address: SocketAddr, stopper: &Stopper) {
        match self.seats.take(address.ip()) {
            Ok(seat) => self.seat(seat, socket, address, stopper),
            Err(why) => self.refuse(&socket, why),
        }
    }

    fn seat(&self, seat: Seat, socket: TcpStream, address: SocketAddr, stopper: &Stopper) {
        // Without it small answers wait for the peer's acknowledgement. If it cannot be set they do.
        let _nodelay = socket.set_nodelay(true);
        let (settings, handler) = (Arc::clone(&self.settings), self.handler.clone());
        let (metrics, signal) = (Arc::clone(&self.metrics), stopper.signal());
        tokio::spawn(async move {
            metrics.connections.inc();
            let ended = connection::serve(socket, address, handler, settings, signal).await;
            metrics.connections.dec();
            count(&metrics.connections_ended, ended);
            drop(seat);
        });
    }

    fn refuse(&self, socket: &TcpStream, why: NoSeat) {
        count(&self.metrics.connections_refused, why.as_str());
        // A courtesy to honest clients, for which nobody waits.
        let _written = socket.try_write(REFUSAL);
    }
}

/// The first pause after an error of accepting that will not go away by itself, as "too many open files".
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n";

/// The peer was gone before it was accepted; the next one is not concerned.
fn concerns_one_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
