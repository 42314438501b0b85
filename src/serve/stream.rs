//! The socket as hyper sees it: heads scanned, bodies measured, one request at a time.
//!
//! In: a socket, the [`Watch`] of its connection. Out: `AsyncRead` and `AsyncWrite`. Must not know: requests.
//! On HTTP/1 hyper never sees a byte behind the request it is reading until that one is answered, so that every
//! head passes the [scanner](super::head_scanner), pipelined or not.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::deadline::{Turn, Watch};
use super::head_scanner::Head;

/// What a client of HTTP/2 with prior knowledge says first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How much is read from the socket at once while heads are scanned.
const CHUNK: usize = 16 * 1024;

/// The protocol a peer opens with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// One accepted socket.
#[derive(Debug)]
pub(super) struct Stream {
    socket: TcpStream,
    watch: Arc<Watch>,
    head: Head,
    head_number: u64,
    /// Read, not looked at.
    held: BytesMut,
    /// Scanned, not yet taken by hyper.
    scanned: BytesMut,
}

impl Stream {
    pub(super) fn new(socket: TcpStream, watch: Arc<Watch>) -> Self {
        let (held, scanned) = (BytesMut::new(), BytesMut::new());
        Self { socket, watch, head: Head::default(), head_number: 0, held, scanned }
    }

    /// Reads until the protocol is plain. `None`: the peer left without a word.
    pub(super) async fn sniff(&mut self) -> io::Result<Option<Protocol>> {
        loop {
            self.held.reserve(CHUNK);
            if self.socket.read_buf(&mut self.held).await? == 0 && self.held.is_empty() {
                return Ok(None);
            }
            let common = self.held.iter().zip(PREFACE).take_while(|(seen, said)| seen == said).count();
            if common == PREFACE.len() {
                self.watch.speaks_http2();
                return Ok(Some(Protocol::Http2));
            }
            if common < self.held.len() {
                return Ok(Some(Protocol::Http1));
            }
        }
    }

    /// Says that no more will come, and reads away for a while what the peer still sends: a socket closed with
    /// unread bytes resets the connection, and the peer may lose the answer it was given.
    pub(super) async fn close(mut self, linger: Duration) {
        if self.socket.shutdown().await.is_err() || !self.peer_may_be_sending() {
            return;
        }
        let mut discarded = vec![0; CHUNK];
        let drain = async { while matches!(self.socket.read(&mut discarded).await, Ok(1..)) {} };
        // Whether it ended or ran out of time: either way the socket closes now.
        let _ended = timeout(linger, drain).await;
    }

    fn peer_may_be_sending(&self) -> bool {
        match self.watch.turn() {
            Turn::Head(_) => !self.held.is_empty() || !self.head.is_untouched() && !self.head.is_complete(),
            Turn::Body(left) => left > 0 || !self.held.is_empty(),
            Turn::Unframed => true,
        }
    }

    /// Moves on within the head of this request. Ready with `false`: the peer has ended.
    fn poll_head(&mut self, number: u64, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.head_number != number {
            (self.head_number, self.head) = (number, Head::default());
        }
        if self.held.is_empty() && ready!(self.poll_fill(cx))? == 0 {
            return Poll::Ready(Ok(false));
        }
        self.watch.head_arrives(Instant::now());
        self.head.scan(&mut self.held, &mut self.scanned);
        if self.head.target_too_long() {
            self.watch.target_too_long();
        }
        if self.head.headers_too_large() {
            self.watch.headers_too_large();
        }
        Poll::Ready(Ok(true))
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.held.reserve(CHUNK);
        let reading = std::pin::pin!(self.socket.read_buf(&mut self.held));
        reading.poll(cx)
    }

    /// The gateway works on the answer: nothing is passed on, but that the peer has left is noticed.
    fn poll_departure(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.held.is_empty() && ready!(self.poll_fill(cx))? == 0 {
            return Poll::Ready(Ok(()));
        }
        self.watch.park(cx.waker());
        Poll::Pending
    }

    /// Passes on at most `limit` bytes: those read ahead, else straight from the socket.
    fn poll_pass(&mut self, limit: u64, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(to.remaining());
        let passed = if self.held.is_empty() {
            let mut part = ReadBuf::new(to.initialize_unfilled_to(limit));
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut part))?;
            let read = part.filled().len();
            to.advance(read);
            read
        } else {
            move_bytes(&mut self.held, limit, to)
        };
        self.watch.body_passed(passed as u64);
        Poll::Ready(Ok(()))
    }

    fn note_write<T>(&self, written: &Poll<T>) {
        match written {
            Poll::Ready(_) => self.watch.write_progressed(),
            Poll::Pending => self.watch.write_blocked(Instant::now()),
        }
    }
}

fn move_bytes(from: &mut BytesMut, limit: usize, to: &mut ReadBuf<'_>) -> usize {
    let moved = from.split_to(limit.min(from.len()).min(to.remaining()));
    to.put_slice(&moved);
    moved.len()
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.scanned.is_empty() {
                move_bytes(&mut self.scanned, usize::MAX, to);
                return Poll::Ready(Ok(()));
            }
            match self.watch.turn() {
                Turn::Unframed => return self.poll_pass(u64::MAX, cx, to),
                Turn::Body(left @ 1..) => return self.poll_pass(left, cx, to),
                Turn::Head(number) if !(self.head_number == number && self.head.is_complete()) => {
                    if !ready!(self.poll_head(number, cx))? {
                        return Poll::Ready(Ok(()));
                    }
                }
                Turn::Body(0) | Turn::Head(_) => return self.poll_departure(cx),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.note_write(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, pieces);
        self.note_write(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        self.watch.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
