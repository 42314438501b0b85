//! A circuit breaker: after repeated connection failures, Odoo is not contacted for a while.
//!
//! In: attempts and their outcomes. Out: permission to connect, or how long to wait. Must not know: what is called.
//!
//! ```text
//! closed ──N failures to connect in a row──► open ──after a pause──► one attempt goes ahead
//!    ▲                                        ▲ └──────────── it fails ────────────┘ │
//!    └───────────────────────────── it connects ────────────────────────────────────┘
//! ```
//!
//! An attempt that is allowed while the circuit is open restarts the pause. So no other attempt runs at the same time,
//! and if its outcome is never reported, the next attempt is allowed after another pause. A clock that was set back ends
//! the pause: it would last as long as the difference otherwise.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::clock::Clock;

/// The circuit breaker of one Odoo.
#[derive(Debug)]
pub(super) struct Circuit {
    state: Mutex<State>,
    clock: Clock,
    failures_to_open: u32,
    open_for: Duration,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { since: OffsetDateTime },
}

impl Circuit {
    /// A closed circuit that opens after `failures_to_open` consecutive failures, for `open_for` at a time.
    #[must_use]
    pub(super) fn new(failures_to_open: u32, open_for: Duration, clock: Clock) -> Self {
        Self { state: Mutex::new(State::Closed { failures: 0 }), clock, failures_to_open, open_for }
    }

    /// Time until the next attempt is allowed, without making an attempt; `None` if the circuit is closed.
    #[must_use]
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.left(*self.state())
    }

    /// Requests permission for an attempt.
    ///
    /// # Errors
    /// Time until the next attempt is allowed.
    pub(super) fn attempt(&self) -> Result<(), Duration> {
        let mut state = self.state();
        if let Some(left) = self.left(*state) {
            return Err(left);
        }
        if let State::Open { since } = &mut *state {
            *since = self.clock.now();
        }
        Ok(())
    }

    /// Records that a connection was made.
    pub(super) fn connected(&self) {
        *self.state() = State::Closed { failures: 0 };
    }

    /// Records that no connection was made.
    pub(super) fn failed(&self) {
        let open = State::Open { since: self.clock.now() };
        let mut state = self.state();
        *state = match *state {
            State::Closed { failures } if failures + 1 < self.failures_to_open => {
                State::Closed { failures: failures + 1 }
            }
            _ => open,
        };
    }

    fn left(&self, state: State) -> Option<Duration> {
        let State::Open { since } = state else { return None };
        let elapsed = Duration::try_from(self.clock.now() - since).ok()?;
        self.open_for.checked_sub(elapsed).filter(|left| !left.is_zero())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(5);

    fn circuit() -> (Circuit, Clock) {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        (Circuit::new(2, PAUSE, clock.clone()), clock)
    }

    #[test]
    fn only_consecutive_failures_open_the_circuit() {
        let (circuit, _) = circuit();
        circuit.failed();
        circuit.connected();
        circuit.failed();
        assert_eq!(circuit.attempt(), Ok(()));
        circuit.failed();
        assert_eq!(circuit.attempt(), Err(PAUSE));
    }

    #[test]
    fn after_the_pause_one_attempt_is_allowed_and_decides() {
        let (circuit, clock) = circuit();
        circuit.failed();
        circuit.failed();
        clock.advance(PAUSE);
        assert_eq!(circuit.attempt(), Ok(()));
        assert_eq!(circuit.attempt(), Err(PAUSE), "only one attempt");
        circuit.failed();
        assert_eq!(circuit.remaining(), Some(PAUSE));
        clock.advance(PAUSE);
        assert_eq!(circuit.attempt(), Ok(()));
        circuit.connected();
        assert_eq!((circuit.attempt(), circuit.attempt()), (Ok(()), Ok(())));
    }

    #[test]
    fn clock_that_is_set_back_ends_the_pause() {
        let (mut circuit, clock) = circuit();
        clock.advance(Duration::from_secs(600));
        circuit.failed();
        circuit.failed();
        assert_eq!(circuit.attempt(), Err(PAUSE));
        circuit.clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(circuit.attempt(), Ok(()));
        assert_eq!(circuit.attempt(), Err(PAUSE));
    }

    #[test]
    fn attempt_without_a_reported_outcome_does_not_block_the_next() {
        let (circuit, clock) = circuit();
        circuit.failed();
        circuit.failed();
        clock.advance(PAUSE);
        assert_eq!(circuit.attempt(), Ok(()));
        clock.advance(PAUSE);
        assert_eq!(circuit.attempt(), Ok(()));
    }
}
