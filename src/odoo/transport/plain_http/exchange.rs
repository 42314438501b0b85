//! One request on one connection: writes the request, and reads what the server sends.
//!
//! In: a connection and the bytes of a request. Out: the bytes of the response. Must not know: HTTP.
//!
//! A server can respond before it has read the request, for example to reject its size. So reading does not wait until
//! the request is written, and a failure to write is no failure as long as something can be read.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use zeroize::Zeroizing;

/// How long a connection is silent before the kernel tests whether the server still exists, and the pause between the
/// tests, of which three may fail.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 3;
/// How long sent bytes may stay unacknowledged, in milliseconds.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: u32 = 30_000;

/// A request that is being sent, and its connection.
pub(super) struct Exchange {
    stream: TcpStream,
    /// Can contain a credential.
    head: Zeroizing<Vec<u8>>,
    body: Bytes,
    /// How much of the head and the body was written.
    written: usize,
    is_write_closed: bool,
}

/// Why nothing was read.
pub(super) enum ReadError {
    TimedOut,
    Io(io::Error),
}

/// A timer that is registered only when something has to be waited for, and only once.
#[derive(Default)]
pub(super) struct LazyTimer(Option<Pin<Box<Sleep>>>);

impl LazyTimer {
    /// The output of `future`, or `None` if it is not ready by `limit`.
    pub(super) async fn within<F: Future>(&mut self, limit: Instant, future: F) -> Option<F::Output> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(limit)));
        if sleep.deadline() != limit {
            sleep.as_mut().reset(limit);
        }
        tokio::select! {
            biased;
            output = future => Some(output),
            () = sleep => None,
        }
    }
}

impl Exchange {
    pub(super) fn new(stream: TcpStream, head: Zeroizing<Vec<u8>>, body: Bytes) -> Self {
        Self { stream, head, body, written: 0, is_write_closed: false }
    }

    /// Appends what arrives to `buffer`, which must have spare capacity, and writes the request as far as possible.
    /// Returns the number of bytes; 0 at the end of the stream.
    pub(super) async fn read(
        &mut self,
        buffer: &mut Vec<u8>,
        limit: Instant,
        timer: &mut LazyTimer,
    ) -> Result<usize, ReadError> {
        // A response that arrives faster than it is read must not occupy the thread.
        tokio::task::coop::consume_budget().await;
        loop {
            self.write();
            match self.stream.try_read_buf(buffer) {
                Err(error) if is_temporary(&error) => {}
                read => return read.map_err(ReadError::Io),
            }
            let readable = Interest::READABLE;
            let interest = if self.wants_write() { readable | Interest::WRITABLE } else { readable };
            let ready = timer.within(limit, self.stream.ready(interest)).await;
            ready.ok_or(ReadError::TimedOut)?.map_err(ReadError::Io)?;
        }
    }

    /// Writes the head and the body with as few system calls as possible.
    fn write(&mut self) {
        while self.wants_write() {
            let head = self.head.get(self.written..).unwrap_or_default();
            let body = self.body.get(self.written.saturating_sub(self.head.len())..).unwrap_or_default();
            match self.stream.try_write_vectored(&[IoSlice::new(head), IoSlice::new(body)]) {
                Ok(0) => self.is_write_closed = true,
                Ok(length) => self.written += length,
                Err(error) if is_temporary(&error) => return,
                Err(error) => {
                    tracing::debug!(%error, "a request to Odoo was not completely sent");
                    self.is_write_closed = true;
                }
            }
        }
    }

    fn wants_write(&self) -> bool {
        !self.is_write_closed && !self.is_sent()
    }

    fn is_sent(&self) -> bool {
        self.written == self.head.len() + self.body.len()
    }

    /// Lets the kernel find out whether the server still exists. Most responses arrive before that matters, so this is
    /// called only for the others.
    pub(super) fn enable_keepalive(&self) {
        use rustix::net::sockopt;
        let enabled = sockopt::set_socket_keepalive(&self.stream, true)
            .and_then(|()| sockopt::set_tcp_keepidle(&self.stream, KEEPALIVE_IDLE))
            .and_then(|()| sockopt::set_tcp_keepintvl(&self.stream, KEEPALIVE_INTERVAL))
            .and_then(|()| sockopt::set_tcp_keepcnt(&self.stream, KEEPALIVE_PROBES));
        #[cfg(target_os = "linux")]
        let enabled = enabled.and_then(|()| sockopt::set_tcp_user_timeout(&self.stream, USER_TIMEOUT));
        if let Err(error) = enabled {
            tracing::debug!(%error, "TCP keepalive cannot be enabled");
        }
    }

    /// The connection, if the request was written completely.
    pub(super) fn into_stream(self) -> Option<TcpStream> {
        self.is_sent().then_some(self.stream)
    }
}

/// Whether nothing was sent on an idle connection: no data, and no end.
pub(super) fn is_quiet(stream: &TcpStream) -> bool {
    stream.try_read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
