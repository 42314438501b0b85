//! What one connection is doing, and until when it may.
//!
//! In: events, from the stream (bytes), from the exchanges (a request began, a piece of its answer was taken,
//! it ended). Out: the moment at which patience ends and why; whose turn the next bytes are. Must not know:
//! sockets, hyper.
//!
//! ```text
//! Idle ──byte──► Head ──request handed over──► Exchange ──answer finished──► Idle
//! ```
//!
//! HTTP/2 interleaves: there is no head to wait for, only exchanges, any number at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::time::Instant;

use super::settings::EdgeSettings;

/// The state of one connection, shared by its stream and its exchanges.
#[derive(Debug)]
pub(super) struct Watch {
    patience: Patience,
    state: Mutex<State>,
}

/// The deadlines that hold between and within requests.
#[derive(Debug, Clone, Copy)]
struct Patience {
    head: std::time::Duration,
    idle: std::time::Duration,
    slow_reader: std::time::Duration,
}

#[derive(Debug)]
struct State {
    http2: bool,
    phase: Phase,
    since: Instant,
    /// How many requests were handed over so far.
    begun: u64,
    open: usize,
    /// What is left of the request body in bytes; `None` when only its end will tell (chunked).
    body: Option<u64>,
    cut: Cut,
    /// The gateway is going down: what is answered from now on is the last answer of its connection.
    draining: bool,
    write_blocked: Option<Instant>,
    /// Exchanges that have given a piece of their answer and were not asked for the next yet.
    untaken: usize,
    piece_taken: Instant,
    /// A piece of an answer was given since the socket last had taken everything.
    unsent: bool,
    parked: Option<Waker>,
    breaking: Vec<Waker>,
}

/// What of a request's head was more than the edge takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) target: bool,
    pub(super) headers: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Exchange,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// A request head took too long.
    Head,
    /// Nothing was asked for a while.
    Idle,
    /// The peer does not take its answer.
    SlowReader,
}

impl Overdue {
    /// The word for the metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Idle => "idle",
            Self::SlowReader => "slow_reader",
        }
    }
}

/// To whom the next bytes from the peer belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// To the head of the request with this number.
    Head(u64),
    /// To the body: so many at most.
    Body(u64),
    /// To nobody here: hyper finds the ends itself.
    Unframed,
}

impl Watch {
    pub(super) fn new(settings: &EdgeSettings, now: Instant) -> Self {
        let patience =
            Patience { head: settings.head, idle: settings.keep_alive_idle, slow_reader: settings.slow_reader };
        let state = State {
            http2: false,
            phase: Phase::Idle,
            since: now,
            begun: 0,
            open: 0,
            body: Some(0),
            cut: Cut::default(),
            draining: false,
            write_blocked: None,
            untaken: 0,
            piece_taken: now,
            unsent: false,
            parked: None,
            breaking: Vec::new(),
        };
        Self { patience, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The peer opened with the preface of HTTP/2.
    pub(super) fn speaks_http2(&self) {
        self.state().http2 = true;
    }

    /// No request is in flight or on its way.
    pub(super) fn is_idle(&self) -> bool {
        self.state().phase == Phase::Idle
    }

    /// Whose the next bytes are.
    pub(super) fn turn(&self) -> Turn {
        let state = self.state();
        match (state.http2, state.body, state.phase) {
            (true, ..) | (_, None, _) => Turn::Unframed,
            (_, Some(0), Phase::Idle | Phase::Head) => Turn::Head(state.begun),
            (_, Some(left), _) => Turn::Body(left),
        }
    }

    /// Bytes of a request head came.
    pub(super) fn head_arrives(&self, now: Instant) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Head, now);
        }
    }

    /// The target of the head on its way had to be cut.
    pub(super) fn target_too_long(&self) {
        self.state().cut.target = true;
    }

    /// Headers of the head on its way had to be cut.
    pub(super) fn headers_too_large(&self) {
        self.state().cut.headers = true;
    }

    /// From now on each answer is the last of its connection.
    pub(super) fn drain(&self) {
        self.state().draining = true;
    }

    /// Whether it is.
    pub(super) fn is_draining(&self) -> bool {
        self.state().draining
    }

    /// Whether the peer has not sent, or nobody has read, all of the request body.
    pub(super) fn has_unread_body(&self) -> bool {
        self.state().body.is_some_and(|left| left > 0)
    }

    /// Whether a request is being answered.
    pub(super) fn is_answering(&self) -> bool {
        self.state().phase == Phase::Exchange
    }

    /// Bytes of the request body were passed on.
    pub(super) fn body_passed(&self, bytes: u64) {
        let mut state = self.state();
        state.body = state.body.map(|left| left.saturating_sub(bytes));
    }

    /// A request was handed over, with a body of so many bytes. Answers what of its head was cut.
    pub(super) fn exchange_began(&self, body: Option<u64>) -> Cut {
        let mut state = self.state();
        state.phase = Phase::Exchange;
        state.begun += 1;
        state.open += 1;
        state.body = body;
        std::mem::take(&mut state.cut)
    }

    /// An exchange is over; with the last one the connection is idle.
    pub(super) fn exchange_ended(&self, now: Instant) {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        if state.open == 0 {
            (state.phase, state.since) = (Phase::Idle, now);
        }
        let parked = state.parked.take();
        drop(state);
        if let Some(task) = parked {
            task.wake();
        }
    }

    /// Wakes this task when the exchange in flight ends: bytes of the next request wait.
    pub(super) fn park(&self, task: &Waker) {
        self.state().parked = Some(task.clone());
    }

    /// The socket takes no more.
    pub(super) fn write_blocked(&self, now: Instant) {
        self.state().write_blocked.get_or_insert(now);
    }

    /// The socket took some.
    pub(super) fn write_progressed(&self) {
        self.state().write_blocked = None;
    }

    /// An exchange has given a piece of its answer.
    pub(super) fn piece_given(&self, now: Instant) {
        let mut state = self.state();
        state.untaken += 1;
        state.unsent = true;
        state.piece_taken = now;
    }

    /// The socket has taken everything.
    pub(super) fn flushed(&self) {
        let mut state = self.state();
        state.unsent = false;
        let breaking = std::mem::take(&mut state.breaking);
        drop(state);
        breaking.into_iter().for_each(Waker::wake);
    }

    /// Whether the socket has taken everything; otherwise this task is woken when it has.
    pub(super) fn is_flushed(&self, task: &Waker) -> bool {
        let mut state = self.state();
        if state.unsent {
            state.breaking.push(task.clone());
        }
        !state.unsent
    }

    /// The piece given last was taken: the exchange is asked for the next, or over.
    pub(super) fn piece_taken(&self, now: Instant) {
        let mut state = self.state();
        state.untaken = state.untaken.saturating_sub(1);
        state.piece_taken = now;
    }

    /// When the connection is overdue, and why. `None`: it is the gateway's turn.
    pub(super) fn deadline(&self) -> Option<(Instant, Overdue)> {
        let state = self.state();
        let phase = match state.phase {
            Phase::Idle => Some((state.since + self.patience.idle, Overdue::Idle)),
            Phase::Head => Some((state.since + self.patience.head, Overdue::Head)),
            Phase::Exchange => None,
        };
        let untaken = (state.http2 && state.untaken > 0).then_some(state.piece_taken);
        let reader = [state.write_blocked, untaken].into_iter().flatten().min();
        let reader = reader.map(|since| (since + self.patience.slow_reader, Overdue::SlowReader));
        phase.into_iter().chain(reader).min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn watch() -> (Watch, Instant) {
        let now = Instant::now();
        (Watch::new(&EdgeSettings::default(), now), now)
    }

    #[test]
    fn an_idle_connection_has_a_minute_a_started_head_five_seconds() {
        let (watch, now) = watch();
        assert_eq!(watch.deadline(), Some((now + 60 * SECOND, Overdue::Idle)));
        watch.head_arrives(now + SECOND);
        watch.head_arrives(now + 3 * SECOND);
        assert_eq!(watch.deadline(), Some((now + 6 * SECOND, Overdue::Head)));
    }

    #[test]
    fn while_the_gateway_works_there_is_no_deadline() {
        let (watch, now) = watch();
        watch.head_arrives(now);
        watch.exchange_began(Some(0));
        assert_eq!(watch.deadline(), None);
        watch.exchange_ended(now + 9 * SECOND);
        assert_eq!(watch.deadline(), Some((now + 69 * SECOND, Overdue::Idle)));
    }

    #[test]
    fn a_blocked_write_has_thirty_seconds_from_when_it_blocked() {
        let (watch, now) = watch();
        watch.exchange_began(Some(0));
        watch.write_blocked(now);
        watch.write_blocked(now + SECOND);
        assert_eq!(watch.deadline(), Some((now + 30 * SECOND, Overdue::SlowReader)));
        watch.write_progressed();
        assert_eq!(watch.deadline(), None);
    }

    #[test]
    fn an_http2_peer_that_opens_no_window_is_a_slow_reader() {
        let (watch, now) = watch();
        watch.speaks_http2();
        watch.exchange_began(Some(0));
        watch.piece_given(now);
        assert_eq!(watch.deadline(), Some((now + 30 * SECOND, Overdue::SlowReader)));
        watch.piece_taken(now + SECOND);
        assert_eq!(watch.deadline(), None);
    }

    #[test]
    fn what_was_given_is_unsent_until_the_socket_has_taken_everything() {
        let (watch, now) = watch();
        assert!(watch.is_flushed(Waker::noop()));
        watch.piece_given(now);
        watch.piece_taken(now);
        assert!(!watch.is_flushed(Waker::noop()));
        watch.flushed();
        assert!(watch.is_flushed(Waker::noop()));
    }

    #[test]
    fn bytes_belong_to_the_body_until_it_is_whole_and_then_to_the_next_head() {
        let (watch, now) = watch();
        assert_eq!(watch.turn(), Turn::Head(0));
        watch.exchange_began(Some(5));
        watch.body_passed(2);
        watch.exchange_ended(now);
        assert_eq!(watch.turn(), Turn::Body(3), "an unread body is not the next head");
        watch.body_passed(3);
        assert_eq!(watch.turn(), Turn::Head(1));
        watch.exchange_began(None);
        assert_eq!(watch.turn(), Turn::Unframed);
    }

    #[test]
    fn what_was_cut_is_told_once() {
        let (watch, _) = watch();
        watch.target_too_long();
        watch.headers_too_large();
        assert_eq!(watch.exchange_began(Some(0)), Cut { target: true, headers: true });
        assert_eq!(watch.exchange_began(Some(0)), Cut::default());
    }
}
