//! The signal to stop, in two steps, and who has not heeded it yet.
//!
//! In: one call a step. Out: a receiver for each connection. Must not know: what is stopped.

use tokio::sync::watch;

/// How far stopping has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Not at all.
    Running,
    /// Finish what is in flight, begin nothing.
    Drain,
    /// The grace period is over.
    Now,
}

/// The sender's side.
#[derive(Debug)]
pub(super) struct Stopper(watch::Sender<Stop>);

/// A connection's side; while one lives, the connection does.
#[derive(Debug)]
pub(super) struct StopSignal(watch::Receiver<Stop>);

impl Stopper {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Stop::Running))
    }

    pub(super) fn signal(&self) -> StopSignal {
        StopSignal(self.0.subscribe())
    }

    pub(super) fn announce(&self, stage: Stop) {
        self.0.send_replace(stage);
    }

    /// How many signals are held.
    pub(super) fn holders(&self) -> usize {
        self.0.receiver_count()
    }

    /// Until nobody holds a signal.
    pub(super) async fn all_gone(&self) {
        self.0.closed().await;
    }
}

impl StopSignal {
    /// The next step, once announced.
    pub(super) async fn changed(&mut self) -> Stop {
        match self.0.changed().await {
            Ok(()) => *self.0.borrow_and_update(),
            Err(_) => Stop::Now,
        }
    }
}
