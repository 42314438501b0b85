//! HTTP/1.1 over plain TCP, for calls to Odoo: one request, one response, in the task of the caller.
//!
//! In: a call to an `http` URL. Out: a [`PlainResponse`], whose body is read into one buffer. Must not know: what is
//! called, what a response means.
//!
//! Without a proxy, Odoo closes each connection after its response. A general client pays for what such a connection
//! never needs: a task that drives it, channels to that task, and a map of headers. Here a call is a connection, one
//! write, and usually one read. A connection that a proxy keeps open is used for the next read. What may differ from a general client is only the speed; [`head_parser`] and [`chunked`] are as strict as
//! hyper.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use tokio::net::TcpStream;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::response_head::ResponseHead;
use super::{Connection, OutgoingCall, STALL_TIMEOUT, TRACEPARENT, TRACESTATE};
use crate::odoo::error::TransportError;
use crate::odoo::request_target::{HostAddress, PlainTarget};
use crate::telemetry::traces::{TraceHeaders, current_span};

mod chunked;
mod connect;
mod exchange;
mod head_parser;
mod idle_connections;

use chunked::ChunkedDecoder;
use exchange::{Exchange, LazyTimer, ReadError, is_quiet};
use head_parser::{Framing, PlainHead, may_complete_head, parse_head};
use idle_connections::IdleConnections;

/// The initial size of the buffer for a head, in bytes. Small responses fit completely.
const HEAD_BUFFER: usize = 8 * 1024;
/// Maximum size of a head, in bytes, with all informational responses before it.
const MAX_HEAD: usize = 400 * 1024;
/// How much is read at once of a body of unknown length, in bytes.
const READ_SIZE: usize = 64 * 1024;
/// After this time without a response, the kernel tests whether the server still exists.
const KEEPALIVE_DELAY: Duration = Duration::from_secs(5);
/// What a server sends that does not speak HTTP.
const NOT_HTTP: TransportError = TransportError::Unreadable("it is not HTTP");

/// A client of one Odoo; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct PlainHttp {
    connect_timeout: Duration,
    idle: Arc<IdleConnections>,
}

/// A response whose head was read.
pub(super) struct PlainResponse {
    head: ResponseHead,
    body: BodyDecoder,
    /// What was read and is not decoded yet.
    buffered: Vec<u8>,
    /// `None` after the end of the body.
    exchange: Option<Exchange>,
    timer: LazyTimer,
    /// Where the connection stays after the response, if it may.
    idle: Option<(Arc<IdleConnections>, Arc<HostAddress>)>,
}

enum BodyDecoder {
    /// The number of bytes that are left.
    Length(u64),
    Chunked(ChunkedDecoder),
    UntilClose,
}

impl PlainHttp {
    pub(super) fn new(connect_timeout: Duration, keep_idle: Duration) -> Self {
        Self { connect_timeout, idle: IdleConnections::new(keep_idle) }
    }

    /// Sends the call, and waits for the head of the response until `limit`.
    pub(super) async fn send(
        &self,
        target: &PlainTarget,
        call: &OutgoingCall<'_>,
        limit: Instant,
    ) -> Result<PlainResponse, TransportError> {
        let mut timer = LazyTimer::default();
        let may_reuse = call.connection == Connection::Pooled;
        let stream = match may_reuse.then(|| self.idle.take(&target.address)).flatten() {
            Some(stream) => stream,
            None => self.connect(&target.address, limit, &mut timer).await?,
        };
        let mut exchange = Exchange::new(stream, request_head(target, call), call.body.clone());
        let (PlainHead { head, framing, keeps_open }, buffered) = read_head(&mut exchange, limit, &mut timer).await?;
        let idle = (may_reuse && keeps_open).then(|| (Arc::clone(&self.idle), Arc::clone(&target.address)));
        Ok(PlainResponse { head, body: BodyDecoder::new(framing), buffered, exchange: Some(exchange), timer, idle })
    }

    async fn connect(
        &self,
        address: &HostAddress,
        limit: Instant,
        timer: &mut LazyTimer,
    ) -> Result<TcpStream, TransportError> {
        let connect_limit = Instant::now() + self.connect_timeout;
        match timer.within(connect_limit.min(limit), connect::connect(address, self.connect_timeout)).await {
            Some(Ok(stream)) if is_quiet(&stream) => Ok(stream),
            // A proxy accepts and closes connections while Odoo is down.
            Some(Ok(_)) => Err(TransportError::NotSent),
            Some(Err(error)) => {
                tracing::debug!(%error, "connecting to Odoo failed");
                Err(TransportError::NotConnected)
            }
            None if limit <= connect_limit => Err(TransportError::TimedOut),
            None => {
                tracing::debug!("connecting to Odoo timed out");
                Err(TransportError::NotConnected)
            }
        }
    }
}

/// The request line and the headers.
fn request_head(target: &PlainTarget, call: &OutgoingCall<'_>) -> Zeroizing<Vec<u8>> {
    let (content_type, authorization) = call.protocol.headers();
    let trace = current_span().map(|span| span.headers());
    let variable = call.database.map_or(0, HeaderValue::len)
        + authorization.map_or(0, HeaderValue::len)
        + trace.as_ref().map_or(0, trace_length);
    // Large enough, so that no copy of a credential is left behind by a larger buffer.
    let mut head = Zeroizing::new(Vec::with_capacity(target.head.len() + variable + 160));
    head.extend_from_slice(&target.head);
    let mut add = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    };
    add("content-type", content_type.as_bytes());
    if let Some(database) = call.database {
        add("x-odoo-database", database.as_bytes());
    }
    if let Some(authorization) = authorization {
        add("authorization", authorization.as_bytes());
    }
    if let Some(TraceHeaders { parent, state }) = &trace {
        add(TRACEPARENT, parent.as_bytes());
        if let Some(state) = state {
            add(TRACESTATE, state.as_bytes());
        }
    }
    add("content-length", itoa::Buffer::new().format(call.body.len()).as_bytes());
    head.extend_from_slice(b"\r\n");
    head
}

/// The length of both headers, with their names and separators.
fn trace_length(headers: &TraceHeaders) -> usize {
    32 + headers.parent.len() + headers.state.as_ref().map_or(0, |state| state.len())
}

/// Sends the request and reads the head of the response. Also returns what was read after the head.
async fn read_head(
    exchange: &mut Exchange,
    limit: Instant,
    timer: &mut LazyTimer,
) -> Result<(PlainHead, Vec<u8>), TransportError> {
    let mut buffer = Vec::with_capacity(HEAD_BUFFER);
    // The size of the informational responses, which are removed from the buffer.
    let mut skipped = 0;
    let mut keepalive_from = Some(Instant::now() + KEEPALIVE_DELAY).filter(|from| *from < limit);
    loop {
        let before = buffer.len();
        if before == buffer.capacity() {
            buffer.reserve(before);
        }
        match exchange.read(&mut buffer, keepalive_from.unwrap_or(limit), timer).await {
            Ok(0) => return Err(TransportError::ClosedBeforeResponse),
            Ok(_) => {}
            Err(ReadError::TimedOut) if keepalive_from.take().is_some() => {
                exchange.enable_keepalive();
                continue;
            }
            Err(ReadError::TimedOut) => return Err(TransportError::TimedOut),
            Err(ReadError::Io(error)) => {
                tracing::debug!(%error, "request to Odoo failed");
                return Err(TransportError::ClosedBeforeResponse);
            }
        }
        if may_complete_head(&buffer, before) {
            let unparsed = buffer.len();
            if let Some(head) = parse_head(&mut buffer).map_err(|_| NOT_HTTP)? {
                return Ok((head, buffer));
            }
            skipped += unparsed - buffer.len();
        }
        if skipped + buffer.len() > MAX_HEAD {
            return Err(NOT_HTTP);
        }
        // The timer runs only while nothing arrives.
        if Instant::now() >= limit {
            return Err(TransportError::TimedOut);
        }
    }
}

impl PlainResponse {
    pub(super) fn head(&self) -> ResponseHead {
        self.head
    }

    /// Reads to the end, or until `body` is larger than `pause`; returns whether it was the end.
    pub(super) async fn read_chunks(
        &mut self,
        body: &mut Vec<u8>,
        pause: usize,
        (cap, deadline): (usize, Instant),
    ) -> Result<bool, TransportError> {
        loop {
            let is_at_end = self.decode_buffered(body)?;
            if body.len() > cap {
                return Err(TransportError::TooLarge(cap));
            }
            if is_at_end {
                self.release_connection();
                return Ok(true);
            }
            if body.len() > pause {
                return Ok(false);
            }
            let now = Instant::now();
            if now >= deadline {
                return Err(TransportError::TimedOut);
            }
            self.read_more(body, deadline.min(now + STALL_TIMEOUT)).await?;
        }
    }

    /// Moves what was read to `body`. Returns whether it is complete.
    fn decode_buffered(&mut self, body: &mut Vec<u8>) -> Result<bool, TransportError> {
        if self.exchange.is_none() {
            return Ok(true);
        }
        match &mut self.body {
            BodyDecoder::Length(left) => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(self.buffered.len());
                body.extend_from_slice(self.buffered.get(..length).unwrap_or_default());
                self.buffered.drain(..length);
                *left -= length as u64;
                Ok(*left == 0)
            }
            BodyDecoder::Chunked(decoder) => {
                let decoded = decoder.decode(&self.buffered, body);
                let length = decoded.map_err(|_| TransportError::ClosedInResponse)?;
                self.buffered.drain(..length);
                Ok(decoder.is_at_end())
            }
            BodyDecoder::UntilClose => {
                body.append(&mut self.buffered);
                Ok(false)
            }
        }
    }

    /// Reads once. The bytes of a body that is not encoded go straight to `body`.
    async fn read_more(&mut self, body: &mut Vec<u8>, limit: Instant) -> Result<(), TransportError> {
        let Some(exchange) = &mut self.exchange else { return Ok(()) };
        let before = body.len();
        let buffer = if let BodyDecoder::Chunked(_) = self.body { &mut self.buffered } else { &mut *body };
        // A body of known length has a buffer of its size; a larger one would be a copy.
        if buffer.len() == buffer.capacity() || !matches!(self.body, BodyDecoder::Length(_)) {
            buffer.reserve(READ_SIZE);
        }
        let read = match exchange.read(buffer, limit, &mut self.timer).await {
            Ok(read) => read,
            Err(ReadError::TimedOut) => return Err(TransportError::TimedOut),
            Err(ReadError::Io(_)) => return Err(TransportError::ClosedInResponse),
        };
        match &mut self.body {
            BodyDecoder::UntilClose if read == 0 => self.exchange = None,
            _ if read == 0 => return Err(TransportError::ClosedInResponse),
            BodyDecoder::Length(left) => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(read);
                *left -= length as u64;
                // What follows the body is kept apart, so that the connection is not used again.
                self.buffered.extend(body.drain(before + length..));
            }
            BodyDecoder::Chunked(_) | BodyDecoder::UntilClose => {}
        }
        Ok(())
    }

    /// Keeps the connection if the server does and if nothing is left of the request and the response; otherwise closes
    /// it.
    fn release_connection(&mut self) {
        let stream = self.exchange.take().and_then(Exchange::into_stream);
        if let (Some(stream), Some((idle, address)), true) = (stream, self.idle.take(), self.buffered.is_empty()) {
            idle.insert(address, stream);
        }
    }
}

impl BodyDecoder {
    fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(ChunkedDecoder::default()),
            Framing::UntilClose => Self::UntilClose,
        }
    }
}

#[cfg(test)]
mod tests;
