//! Whether it is worth trying to connect to an Odoo that was down a moment ago.
//!
//! In: attempts and how they ended. Out: go ahead, or how long to leave it alone. Must not know: what is called.
//!
//! ```text
//! closed ──N failures to connect in a row──► open ──after a pause──► one attempt goes ahead
//!    ▲                                        ▲ └──────────── it fails ────────────┘ │
//!    └───────────────────────────── it connects ────────────────────────────────────┘
//! ```
//!
//! An attempt that is let through while open pushes the end of the pause forward. So nobody else goes with it, and if
//! it is never heard of again, the next one may try after another pause.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::clock::Clock;

/// The circuit of one Odoo.
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
    Open { until: OffsetDateTime },
}

impl Circuit {
    /// A closed circuit that opens after `failures_to_open` failures in a row, for `open_for` at a time.
    #[must_use]
    pub(super) fn new(failures_to_open: u32, open_for: Duration, clock: Clock) -> Self {
        Self { state: Mutex::new(State::Closed { failures: 0 }), clock, failures_to_open, open_for }
    }

    /// How long Odoo is still to be left alone, without taking part in it.
    #[must_use]
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.left(*self.state())
    }

    /// Asks to make an attempt.
    ///
    /// # Errors
    /// How long Odoo is still to be left alone.
    pub(super) fn attempt(&self) -> Result<(), Duration> {
        let mut state = self.state();
        if let Some(left) = self.left(*state) {
            return Err(left);
        }
        if let State::Open { until } = &mut *state {
            *until = self.clock.now() + self.open_for;
        }
        Ok(())
    }

    /// A connection was made.
    pub(super) fn connected(&self) {
        *self.state() = State::Closed { failures: 0 };
    }

    /// No connection was made.
    pub(super) fn failed(&self) {
        let open = State::Open { until: self.clock.now() + self.open_for };
        let mut state = self.state();
        *state = match *state {
            State::Closed { failures } if failures + 1 < self.failures_to_open => {
                State::Closed { failures: failures + 1 }
            }
            _ => open,
        };
    }

    fn left(&self, state: State) -> Option<Duration> {
        let State::Open { until } = state else { return None };
        Duration::try_from(until - self.clock.now()).ok().filter(|left| !left.is_zero())
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
    fn failures_in_a_row_open_it_and_a_connection_between_them_does_not() {
        let (circuit, _) = circuit();
        circuit.failed();
        circuit.connected();
        circuit.failed();
        assert_eq!(circuit.attempt(), Ok(()));
        circuit.failed();
        assert_eq!(circuit.attempt(), Err(PAUSE));
    }

    #[test]
    fn after_the_pause_one_attempt_goes_ahead_and_decides() {
        let (circuit, clock) = circuit();
        circuit.failed();
        circuit.failed();
        clock.advance(PAUSE);
        assert_eq!(circuit.attempt(), Ok(()));
        assert_eq!(circuit.attempt(), Err(PAUSE), "only one");
        circuit.failed();
        assert_eq!(circuit.remaining(), Some(PAUSE));
        clock.advance(PAUSE);
        assert_eq!(circuit.attempt(), Ok(()));
        circuit.connected();
        assert_eq!((circuit.attempt(), circuit.attempt()), (Ok(()), Ok(())));
    }

    #[test]
    fn an_attempt_that_is_never_heard_of_again_does_not_keep_it_open() {
        let (circuit, clock) = circuit();
        circuit.failed();
        circuit.failed();
        clock.advance(PAUSE);
        assert_eq!(circuit.attempt(), Ok(()));
        clock.advance(PAUSE);
        assert_eq!(circuit.attempt(), Ok(()));
    }
}
