//! The shutdown signal: its stages, and the connections that are still open.
//!
//! In: one call per stage. Out: a receiver for each connection. Must not know: what is shut down.

use tokio::sync::watch;

/// The progress of a shutdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShutdownStage {
    /// No shutdown was requested.
    Running,
    /// Close each connection after its next response, so that clients and balancers open new ones elsewhere. New
    /// connections are still accepted.
    Leave,
    /// Finish requests in flight, and accept no new connections.
    Drain,
    /// The grace period is over: close the connection.
    Abort,
}

/// The sending side, owned by the listener.
#[derive(Debug)]
pub(super) struct ShutdownHandle(watch::Sender<ShutdownStage>);

/// The receiving side, owned by a connection. It is dropped when the connection is closed.
#[derive(Debug)]
pub(super) struct ShutdownSignal(watch::Receiver<ShutdownStage>);

impl ShutdownHandle {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(ShutdownStage::Running))
    }

    pub(super) fn signal(&self) -> ShutdownSignal {
        ShutdownSignal(self.0.subscribe())
    }

    pub(super) fn announce(&self, stage: ShutdownStage) {
        self.0.send_replace(stage);
    }

    /// The number of connections that are not closed.
    pub(super) fn open_connections(&self) -> usize {
        self.0.receiver_count()
    }

    /// Resolves when all connections are closed.
    pub(super) async fn all_closed(&self) {
        self.0.closed().await;
    }
}

impl ShutdownSignal {
    /// The present stage.
    pub(super) fn stage(&self) -> ShutdownStage {
        *self.0.borrow()
    }

    /// Resolves with the next stage.
    pub(super) async fn changed(&mut self) -> ShutdownStage {
        match self.0.changed().await {
            Ok(()) => *self.0.borrow_and_update(),
            Err(_) => ShutdownStage::Abort,
        }
    }
}
