//! Writes log lines on a thread of its own, so that no request waits for the reader of the log.
//!
//! In: formatted lines from all threads. Out: the same lines in the same order, several in one write. Must not know:
//! the format of a line, how an output fails.
//!
//! ```text
//! append ──► waiting lines ──every 10 ms, at once for a warning──► write
//! ```
//!
//! If the output accepts no more bytes, lines wait up to a limit; further ones are dropped and counted. Half of the
//! space is reserved for lines that are not about a single request, such as warnings and audit events.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

mod line_output;

use line_output::LineOutput;

/// The target of the line that each request logs.
pub const ACCESS_LOG: &str = "odoo_gateway::request";

/// How long a line waits for others, to be written together with them.
const BATCH_TIME: Duration = Duration::from_millis(10);
/// From this size on, in bytes, waiting lines are written at once.
const LARGE_BATCH: usize = 128 * 1024;
/// The maximum size of all waiting lines, in bytes.
const MAX_WAITING: usize = 8 * 1024 * 1024;
/// The maximum size of the waiting lines after which lines of requests are dropped, in bytes.
const MAX_WAITING_REQUESTS: usize = MAX_WAITING / 2;

/// The number of lines that this process has dropped.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The number of lines that this process has dropped because the output was too slow or closed.
pub(super) fn dropped_lines() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Accepts lines without blocking. Clones share the thread.
#[derive(Debug, Clone)]
pub(super) struct LogWriter(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Wakes the thread.
    arrived: Condvar,
    /// Wakes those who wait for a flush.
    written: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// The thread waits without a timeout: the next line has to wake it.
    is_idle: bool,
    /// The lines are to be written at once.
    is_urgent: bool,
    /// Lines were taken and are being written.
    is_writing: bool,
    /// The number of bytes that were ever appended.
    appended: u64,
    /// How many of them were written, or dropped because the output failed.
    done: u64,
    /// Lines dropped since the last report.
    dropped: u64,
}

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Importance {
    /// About one request.
    Request,
    /// About the gateway.
    Gateway,
    /// A warning or an error, which is written at once.
    Warning,
}

impl LogWriter {
    /// Starts the thread, which writes to `output`.
    ///
    /// # Errors
    /// Fails if the system starts no more threads.
    pub(super) fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let writer = Self(Arc::default());
        let shared = Arc::clone(&writer.0);
        thread::Builder::new().name("log".to_owned()).spawn(move || shared.write_all_to(output))?;
        Ok(writer)
    }

    /// Waits until everything is written that was appended before, for at most this time.
    pub(super) fn flush(&self, at_most: Duration) {
        let mut waiting = self.0.lock();
        let appended = waiting.appended;
        if waiting.done == appended {
            return;
        }
        waiting.is_urgent = true;
        self.0.arrived.notify_one();
        let is_unwritten = |waiting: &mut Waiting| waiting.done < appended;
        // After the time only the result of the flush is unknown: the thread continues.
        let _flushed = self.0.written.wait_timeout_while(waiting, at_most, is_unwritten);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, line: &[u8], importance: Importance) {
        let mut waiting = self.lock();
        let limit = if importance == Importance::Request { MAX_WAITING_REQUESTS } else { MAX_WAITING };
        if waiting.lines.len() + line.len() > limit {
            waiting.dropped += 1;
            DROPPED.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.lines.extend_from_slice(line);
        waiting.appended += line.len() as u64;
        let is_urgent = importance == Importance::Warning || waiting.lines.len() >= LARGE_BATCH;
        let becomes_urgent = is_urgent && !waiting.is_urgent;
        waiting.is_urgent |= is_urgent;
        // Waking a thread is a system call, which almost no line needs.
        let wakes_thread = std::mem::take(&mut waiting.is_idle) || (becomes_urgent && !waiting.is_writing);
        drop(waiting);
        if wakes_thread {
            self.arrived.notify_one();
        }
    }

    /// The thread: writes lines as long as the process runs.
    fn write_all_to(&self, output: impl Write) {
        let mut output = LineOutput::new(output);
        let mut batch = Vec::new();
        loop {
            self.take_batch(&mut batch);
            let (length, written) = (batch.len(), output.write_lines(&batch));
            let dropped = batch.get(written..).unwrap_or_default();
            // A report would fail, too.
            let lines = dropped.iter().filter(|byte| **byte == b'\n').count();
            DROPPED.fetch_add(lines as u64, Ordering::Relaxed);
            batch.clear();
            batch.shrink_to(2 * LARGE_BATCH);
            self.end_batch(length, written == length);
        }
    }

    /// Waits for lines, and for further lines to be written together with them.
    fn take_batch(&self, batch: &mut Vec<u8>) {
        let mut waiting = self.lock();
        loop {
            let is_patient = |waiting: &mut Waiting| !waiting.is_urgent;
            let timed = self.arrived.wait_timeout_while(waiting, BATCH_TIME, is_patient);
            waiting = timed.unwrap_or_else(PoisonError::into_inner).0;
            if !waiting.lines.is_empty() {
                break;
            }
            waiting.is_idle = true;
            let is_idle = |waiting: &mut Waiting| waiting.is_idle;
            waiting = self.arrived.wait_while(waiting, is_idle).unwrap_or_else(PoisonError::into_inner);
        }
        (waiting.is_urgent, waiting.is_writing) = (false, true);
        std::mem::swap(&mut waiting.lines, batch);
    }

    fn end_batch(&self, length: usize, has_room: bool) {
        let mut waiting = self.lock();
        waiting.is_writing = false;
        waiting.done += length as u64;
        let dropped = if has_room { std::mem::take(&mut waiting.dropped) } else { 0 };
        drop(waiting);
        self.written.notify_all();
        if dropped > 0 {
            tracing::warn!(lines = dropped, "lines were dropped, because the log output was too slow");
        }
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter { shared: &self.0, importance: Importance::Gateway }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> LineWriter<'a> {
        let importance = if *metadata.level() <= Level::WARN {
            Importance::Warning
        } else if metadata.target() == ACCESS_LOG {
            Importance::Request
        } else {
            Importance::Gateway
        };
        LineWriter { shared: &self.0, importance }
    }
}

/// Appends one line, which is written in one piece.
#[derive(Debug)]
pub(super) struct LineWriter<'a> {
    shared: &'a Shared,
    importance: Importance,
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.shared.append(line, self.importance);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// Announces each write, and performs it when the test allows it.
    struct Gate {
        writes: Sender<Vec<u8>>,
        allowed: Receiver<()>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _test_has_ended = self.writes.send(bytes.to_vec());
            self.allowed.recv().map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gate() -> (LogWriter, Receiver<Vec<u8>>, Sender<()>) {
        let ((writes, written), (allow, allowed)) = (channel(), channel());
        (LogWriter::start(Gate { writes, allowed }).unwrap(), written, allow)
    }

    #[test]
    fn lines_that_arrive_during_a_write_are_written_together_and_in_order() {
        let (log, written, allow) = gate();
        log.0.append(b"a\n", Importance::Warning);
        assert_eq!(written.recv_timeout(LONG).unwrap(), b"a\n");
        for line in [b"b\n", b"c\n"] {
            log.0.append(line, Importance::Gateway);
        }
        allow.send(()).unwrap();
        assert_eq!(written.recv_timeout(LONG).unwrap(), b"b\nc\n");
        allow.send(()).unwrap();
        log.flush(LONG);
        // Idle by now or soon: the next line wakes the thread.
        thread::sleep(3 * BATCH_TIME);
        log.0.append(b"d\n", Importance::Request);
        assert_eq!(written.recv_timeout(LONG).unwrap(), b"d\n");
        allow.send(()).unwrap();
    }

    #[test]
    fn a_flush_waits_for_lines_but_not_for_a_blocked_output() {
        let (log, written, allow) = gate();
        log.flush(LONG);
        log.0.append(b"a\n", Importance::Request);
        log.flush(Duration::from_millis(1));
        let waiting = log.0.lock();
        assert!(waiting.is_writing || !waiting.lines.is_empty());
        drop(waiting);
        allow.send(()).unwrap();
        log.flush(LONG);
        assert_eq!(written.try_recv().unwrap(), b"a\n");
    }

    #[test]
    fn a_blocked_output_drops_lines_of_requests_before_others() {
        let (log, written, _allow) = gate();
        log.0.append(b"a\n", Importance::Warning);
        written.recv_timeout(LONG).unwrap();
        let before = dropped_lines();
        log.0.append(&vec![b'x'; MAX_WAITING_REQUESTS], Importance::Request);
        log.0.append(b"request\n", Importance::Request);
        log.0.append(b"audit\n", Importance::Gateway);
        log.0.append(&vec![b'x'; MAX_WAITING_REQUESTS], Importance::Warning);
        let waiting = log.0.lock();
        assert_eq!((waiting.dropped, waiting.lines.ends_with(b"audit\n")), (2, true));
        assert!(dropped_lines() >= before + 2);
    }

    #[test]
    fn a_flush_does_not_wait_for_lines_that_are_appended_during_it() {
        let (log, written, allow) = gate();
        log.0.append(b"a\n", Importance::Warning);
        assert_eq!(written.recv_timeout(LONG).unwrap(), b"a\n");
        log.0.append(b"b\n", Importance::Gateway);
        let (flushing, flushed) = (log.clone(), channel());
        let flush = thread::spawn(move || {
            flushing.flush(LONG);
            flushed.0.send(()).unwrap();
        });
        // The flush has been called, and `c` is appended after it.
        while !log.0.lock().is_urgent {
            thread::yield_now();
        }
        allow.send(()).unwrap();
        assert_eq!(written.recv_timeout(LONG).unwrap(), b"b\n");
        log.0.append(b"c\n", Importance::Warning);
        assert!(flushed.1.try_recv().is_err(), "`b` is not written yet");
        allow.send(()).unwrap();
        assert_eq!(written.recv_timeout(LONG).unwrap(), b"c\n");
        flushed.1.recv_timeout(LONG / 2).unwrap();
        flush.join().unwrap();
        allow.send(()).unwrap();
    }

    #[test]
    fn lines_for_a_closed_output_are_counted() {
        let (log, written, allow) = gate();
        let before = dropped_lines();
        drop((written, allow));
        log.0.append(b"a\nb\n", Importance::Warning);
        log.flush(LONG);
        assert!(dropped_lines() >= before + 2);
    }
}
