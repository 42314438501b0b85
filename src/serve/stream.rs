//! The socket as hyper sees it: scans request heads, counts body bytes, and passes on one request at a time.
//!
//! In: a socket and the [`ConnectionState`]. Out: `AsyncRead` and `AsyncWrite`. Must not know: requests. With HTTP/1,
//! hyper sees no byte of the next request before the current one is answered, so that every head passes the
//! [scanner](super::head_scanner), pipelined or not.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};

use super::deadline::{ConnectionState, NextBytes};
use super::head_scanner::HeadScanner;

/// The first bytes of an HTTP/2 client with prior knowledge (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The number of bytes to read at once while heads are scanned.
const READ_SIZE: usize = 16 * 1024;

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HttpProtocol {
    Http1,
    Http2,
}

/// One accepted socket.
#[derive(Debug)]
pub(super) struct Stream<S> {
    socket: S,
    state: Arc<ConnectionState>,
    scanner: HeadScanner,
    /// The number of the request that `scanner` scans.
    head_number: u64,
    /// Bytes that were read and not scanned.
    unscanned: BytesMut,
    /// Bytes that were scanned and that hyper has not read.
    scanned: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    pub(super) fn new(socket: S, state: Arc<ConnectionState>) -> Self {
        let (unscanned, scanned) = (BytesMut::new(), BytesMut::new());
        Self { socket, state, scanner: HeadScanner::default(), head_number: 0, unscanned, scanned }
    }

    /// Reads until the protocol is known. Returns `None` if the peer closed the connection without sending anything.
    pub(super) async fn detect_protocol(&mut self) -> io::Result<Option<HttpProtocol>> {
        loop {
            self.unscanned.reserve(READ_SIZE);
            if self.socket.read_buf(&mut self.unscanned).await? == 0 && self.unscanned.is_empty() {
                return Ok(None);
            }
            let common = self.unscanned.iter().zip(PREFACE).take_while(|(read, expected)| read == expected).count();
            if common == PREFACE.len() {
                self.state.set_http2();
                return Ok(Some(HttpProtocol::Http2));
            }
            if common < self.unscanned.len() {
                return Ok(Some(HttpProtocol::Http1));
            }
        }
    }

    /// Closes the sending side, then reads and discards for a while what the peer still sends: closing a socket with
    /// unread bytes resets the connection, and the peer may lose the response.
    pub(super) async fn close(mut self, linger: Duration) {
        if self.socket.shutdown().await.is_err() || !self.peer_may_be_sending() {
            return;
        }
        let mut discarded = vec![0; READ_SIZE];
        let drain = async { while matches!(self.socket.read(&mut discarded).await, Ok(1..)) {} };
        // The socket closes now, whether the peer has finished or the time is over.
        let _finished = timeout(linger, drain).await;
    }

    fn peer_may_be_sending(&self) -> bool {
        match self.state.next_bytes() {
            NextBytes::Head(_) => {
                !self.unscanned.is_empty() || !self.scanner.is_untouched() && !self.scanner.is_complete()
            }
            NextBytes::Body(left) => left > 0 || !self.unscanned.is_empty(),
            NextBytes::Unframed => true,
        }
    }

    /// Scans the next bytes of this request's head. Ready with `false` if the peer has closed its side.
    fn poll_head(&mut self, number: u64, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.head_number != number {
            (self.head_number, self.scanner) = (number, HeadScanner::default());
        }
        if self.unscanned.is_empty() && ready!(self.poll_fill(cx))? == 0 {
            return Poll::Ready(Ok(false));
        }
        self.state.head_received(Instant::now());
        self.scanner.scan(&mut self.unscanned, &mut self.scanned);
        if self.scanner.target_too_long() {
            self.state.mark_target_too_long();
        }
        if self.scanner.headers_too_large() {
            self.state.mark_headers_too_large();
        }
        Poll::Ready(Ok(true))
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.unscanned.reserve(READ_SIZE);
        let reading = std::pin::pin!(self.socket.read_buf(&mut self.unscanned));
        reading.poll(cx)
    }

    /// While a response is in progress, passes nothing on and only detects that the peer has closed the connection.
    fn poll_peer_closed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unscanned.is_empty() && ready!(self.poll_fill(cx))? == 0 {
            return Poll::Ready(Ok(()));
        }
        self.state.park(cx.waker());
        Poll::Pending
    }

    /// Passes on at most `limit` bytes of a body: those that were read already, otherwise from the socket.
    fn poll_body(&mut self, limit: u64, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(to.remaining());
        let passed = if self.unscanned.is_empty() {
            let mut part = ReadBuf::new(to.initialize_unfilled_to(limit));
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut part))?;
            let read = part.filled().len();
            to.advance(read);
            read
        } else {
            move_bytes(&mut self.unscanned, limit, to)
        };
        self.state.body_passed(passed as u64);
        Poll::Ready(Ok(()))
    }

    fn record_write<T>(&self, written: &Poll<T>) {
        match written {
            Poll::Ready(_) => self.state.write_progressed(),
            Poll::Pending => self.state.write_blocked(Instant::now()),
        }
    }
}

fn move_bytes(from: &mut BytesMut, limit: usize, to: &mut ReadBuf<'_>) -> usize {
    let length = limit.min(from.len()).min(to.remaining());
    to.put_slice(from.get(..length).unwrap_or_default());
    from.advance(length);
    length
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.scanned.is_empty() {
                move_bytes(&mut self.scanned, usize::MAX, to);
                return Poll::Ready(Ok(()));
            }
            match self.state.next_bytes() {
                NextBytes::Unframed => return self.poll_body(u64::MAX, cx, to),
                NextBytes::Body(left @ 1..) => return self.poll_body(left, cx, to),
                NextBytes::Head(number) if !(self.head_number == number && self.scanner.is_complete()) => {
                    if !ready!(self.poll_head(number, cx))? {
                        return Poll::Ready(Ok(()));
                    }
                }
                NextBytes::Body(0) | NextBytes::Head(_) => return self.poll_peer_closed(cx),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.record_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.record_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        self.state.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
