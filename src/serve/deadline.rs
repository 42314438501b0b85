//! The state of one connection, and the deadline that follows from it.
//!
//! In: events from the stream (bytes) and from the exchanges (a request started, a chunk of its response was taken,
//! it ended). Out: when the connection times out and why, and what the next bytes from the peer are part of. Must not
//! know: sockets, hyper.
//!
//! ```text
//! Idle ──byte──► Head ──request complete──► Exchange ──response complete──► Idle
//! ```
//!
//! HTTP/2 interleaves requests: it has no heads to wait for, only any number of concurrent exchanges.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio::time::Instant;

use super::settings::ServerSettings;

/// The state of one connection, shared by its stream and its exchanges.
#[derive(Debug)]
pub(super) struct ConnectionState {
    timeouts: Timeouts,
    state: Mutex<State>,
}

/// The timeouts between and within requests.
#[derive(Debug, Clone, Copy)]
struct Timeouts {
    head: std::time::Duration,
    idle: std::time::Duration,
    slow_reader: std::time::Duration,
}

#[derive(Debug)]
struct State {
    http2: bool,
    phase: Phase,
    since: Instant,
    /// The number of requests that were passed to the service.
    started: u64,
    in_flight: usize,
    /// The remaining bytes of the request body; `None` for a chunked body, whose length is unknown.
    body_left: Option<u64>,
    truncated: Truncated,
    /// The gateway is shutting down: the next response is the last one of the connection.
    draining: bool,
    write_blocked: Option<Instant>,
    /// Exchanges whose last chunk was queued and that were not asked for the next one yet.
    pending_chunks: usize,
    chunk_taken: Instant,
    /// A chunk was queued since the socket last was flushed.
    unflushed: bool,
    parked_reader: Option<Waker>,
    flush_waiters: Vec<Waker>,
}

/// The parts of a request head that exceeded a limit and were truncated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Truncated {
    pub(super) target: bool,
    pub(super) headers: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Exchange,
}

/// Why a connection times out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeoutKind {
    /// A request head was not complete in time.
    Head,
    /// No request was sent in time.
    Idle,
    /// The peer does not read the response.
    SlowReader,
}

impl TimeoutKind {
    /// The label of the metric `connections_ended`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Idle => "idle",
            Self::SlowReader => "slow_reader",
        }
    }
}

/// What the next bytes from the peer are part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextBytes {
    /// The head of the request with this number.
    Head(u64),
    /// A body, with this many remaining bytes.
    Body(u64),
    /// Not tracked: hyper finds the end of the body itself.
    Unframed,
}

impl ConnectionState {
    pub(super) fn new(settings: &ServerSettings, now: Instant) -> Self {
        let timeouts =
            Timeouts { head: settings.head, idle: settings.keep_alive_idle, slow_reader: settings.slow_reader };
        let state = State {
            http2: false,
            phase: Phase::Idle,
            since: now,
            started: 0,
            in_flight: 0,
            body_left: Some(0),
            truncated: Truncated::default(),
            draining: false,
            write_blocked: None,
            pending_chunks: 0,
            chunk_taken: now,
            unflushed: false,
            parked_reader: None,
            flush_waiters: Vec::new(),
        };
        Self { timeouts, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the peer sent the preface of HTTP/2.
    pub(super) fn set_http2(&self) {
        self.state().http2 = true;
    }

    /// Whether no request is in flight or being received.
    pub(super) fn is_idle(&self) -> bool {
        self.state().phase == Phase::Idle
    }

    /// What the next bytes are part of.
    pub(super) fn next_bytes(&self) -> NextBytes {
        let state = self.state();
        match (state.http2, state.body_left, state.phase) {
            (true, ..) | (_, None, _) => NextBytes::Unframed,
            (_, Some(0), Phase::Idle | Phase::Head) => NextBytes::Head(state.started),
            (_, Some(left), _) => NextBytes::Body(left),
        }
    }

    /// Records that bytes of a request head were received.
    pub(super) fn head_received(&self, now: Instant) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Head, now);
        }
    }

    /// Records that the target of the current head was truncated.
    pub(super) fn mark_target_too_long(&self) {
        self.state().truncated.target = true;
    }

    /// Records that headers of the current head were truncated.
    pub(super) fn mark_headers_too_large(&self) {
        self.state().truncated.headers = true;
    }

    /// Makes the next response the last one of the connection.
    pub(super) fn start_draining(&self) {
        self.state().draining = true;
    }

    /// Whether the response that starts now is the last one: the gateway is shutting down, or a part of the request
    /// body was not sent or not read yet.
    pub(super) fn must_close(&self) -> bool {
        let state = self.state();
        state.draining || state.body_left.is_some_and(|left| left > 0)
    }

    /// Whether a request is in flight.
    pub(super) fn is_responding(&self) -> bool {
        self.state().phase == Phase::Exchange
    }

    /// Records that bytes of the request body were passed on.
    pub(super) fn body_passed(&self, bytes: u64) {
        let mut state = self.state();
        state.body_left = state.body_left.map(|left| left.saturating_sub(bytes));
    }

    /// Records that a request with a body of this length was passed to the service. Returns what was truncated in its
    /// head.
    pub(super) fn exchange_started(&self, body: Option<u64>) -> Truncated {
        let mut state = self.state();
        state.phase = Phase::Exchange;
        state.started += 1;
        state.in_flight += 1;
        state.body_left = body;
        std::mem::take(&mut state.truncated)
    }

    /// Records the end of an exchange. After the last one the connection is idle.
    pub(super) fn exchange_ended(&self, now: Instant) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        if state.in_flight == 0 {
            (state.phase, state.since) = (Phase::Idle, now);
        }
        let parked_reader = state.parked_reader.take();
        drop(state);
        if let Some(task) = parked_reader {
            task.wake();
        }
    }

    /// Wakes this task when the exchange in flight ends, because bytes of the next request are waiting.
    pub(super) fn park(&self, task: &Waker) {
        self.state().parked_reader = Some(task.clone());
    }

    /// Records that the socket accepts no more bytes.
    pub(super) fn write_blocked(&self, now: Instant) {
        self.state().write_blocked.get_or_insert(now);
    }

    /// Records that the socket accepted bytes.
    pub(super) fn write_progressed(&self) {
        self.state().write_blocked = None;
    }

    /// Records that an exchange queued a chunk of its response.
    pub(super) fn chunk_queued(&self, now: Instant) {
        let mut state = self.state();
        state.pending_chunks += 1;
        state.unflushed = true;
        state.chunk_taken = now;
    }

    /// Records that the socket accepted everything.
    pub(super) fn flushed(&self) {
        let mut state = self.state();
        state.unflushed = false;
        let flush_waiters = std::mem::take(&mut state.flush_waiters);
        drop(state);
        flush_waiters.into_iter().for_each(Waker::wake);
    }

    /// Whether the socket accepted everything; if not, wakes this task when it has.
    pub(super) fn is_flushed(&self, task: &Waker) -> bool {
        let mut state = self.state();
        if state.unflushed {
            state.flush_waiters.push(task.clone());
        }
        !state.unflushed
    }

    /// Records that the last chunk was taken: the exchange is asked for the next one, or has ended.
    pub(super) fn chunk_taken(&self, now: Instant) {
        let mut state = self.state();
        state.pending_chunks = state.pending_chunks.saturating_sub(1);
        state.chunk_taken = now;
    }

    /// When the connection times out, and why. `None`: it waits for the gateway, not for the peer.
    pub(super) fn deadline(&self) -> Option<(Instant, TimeoutKind)> {
        let state = self.state();
        let phase = match state.phase {
            Phase::Idle => Some((state.since + self.timeouts.idle, TimeoutKind::Idle)),
            Phase::Head => Some((state.since + self.timeouts.head, TimeoutKind::Head)),
            Phase::Exchange => None,
        };
        let pending_chunks = (state.http2 && state.pending_chunks > 0).then_some(state.chunk_taken);
        let reader = [state.write_blocked, pending_chunks].into_iter().flatten().min();
        let reader = reader.map(|since| (since + self.timeouts.slow_reader, TimeoutKind::SlowReader));
        phase.into_iter().chain(reader).min_by_key(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn idle_connection() -> (ConnectionState, Instant) {
        let now = Instant::now();
        (ConnectionState::new(&ServerSettings::for_tests(), now), now)
    }

    #[test]
    fn idle_connections_and_started_heads_have_a_deadline() {
        let (connection, now) = idle_connection();
        assert_eq!(connection.deadline(), Some((now + 60 * SECOND, TimeoutKind::Idle)));
        connection.head_received(now + SECOND);
        connection.head_received(now + 3 * SECOND);
        assert_eq!(connection.deadline(), Some((now + 6 * SECOND, TimeoutKind::Head)));
    }

    #[test]
    fn a_request_in_flight_has_no_deadline() {
        let (connection, now) = idle_connection();
        connection.head_received(now);
        connection.exchange_started(Some(0));
        assert_eq!(connection.deadline(), None);
        connection.exchange_ended(now + 9 * SECOND);
        assert_eq!(connection.deadline(), Some((now + 69 * SECOND, TimeoutKind::Idle)));
    }

    #[test]
    fn a_blocked_write_has_a_deadline_from_when_it_blocked() {
        let (connection, now) = idle_connection();
        connection.exchange_started(Some(0));
        connection.write_blocked(now);
        connection.write_blocked(now + SECOND);
        assert_eq!(connection.deadline(), Some((now + 30 * SECOND, TimeoutKind::SlowReader)));
        connection.write_progressed();
        assert_eq!(connection.deadline(), None);
    }

    #[test]
    fn an_http2_peer_that_opens_no_window_is_a_slow_reader() {
        let (connection, now) = idle_connection();
        connection.set_http2();
        connection.exchange_started(Some(0));
        connection.chunk_queued(now);
        assert_eq!(connection.deadline(), Some((now + 30 * SECOND, TimeoutKind::SlowReader)));
        connection.chunk_taken(now + SECOND);
        assert_eq!(connection.deadline(), None);
    }

    #[test]
    fn queued_chunks_are_unflushed_until_the_socket_accepted_everything() {
        let (connection, now) = idle_connection();
        assert!(connection.is_flushed(Waker::noop()));
        connection.chunk_queued(now);
        connection.chunk_taken(now);
        assert!(!connection.is_flushed(Waker::noop()));
        connection.flushed();
        assert!(connection.is_flushed(Waker::noop()));
    }

    #[test]
    fn bytes_are_part_of_the_body_until_it_is_complete_and_then_of_the_next_head() {
        let (connection, now) = idle_connection();
        assert_eq!(connection.next_bytes(), NextBytes::Head(0));
        connection.exchange_started(Some(5));
        connection.body_passed(2);
        connection.exchange_ended(now);
        assert_eq!(connection.next_bytes(), NextBytes::Body(3), "an unread body is not the next head");
        connection.body_passed(3);
        assert_eq!(connection.next_bytes(), NextBytes::Head(1));
        connection.exchange_started(None);
        assert_eq!(connection.next_bytes(), NextBytes::Unframed);
    }

    #[test]
    fn truncation_is_reported_once() {
        let (connection, _) = idle_connection();
        connection.mark_target_too_long();
        connection.mark_headers_too_large();
        assert_eq!(connection.exchange_started(Some(0)), Truncated { target: true, headers: true });
        assert_eq!(connection.exchange_started(Some(0)), Truncated::default());
    }
}
