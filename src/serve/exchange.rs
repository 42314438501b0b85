//! One request and its response, between hyper and the service.
//!
//! In: hyper's request. Out: the same request with [`Received`] and, if a limit was exceeded, [`TargetTooLong`] or
//! [`HeadersTooLarge`] in its extensions; the service's response with a tracked body. Must not know: what the request
//! means.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, Version};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;

use super::deadline::ConnectionState;

/// The service of a listener.
pub type Handler = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// From whom and when a request was received. One extension, because each extension costs an allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// The address of the other end of the connection: the client or its proxy.
    pub peer: SocketAddr,
    /// When the request head was complete.
    pub at: Instant,
}

/// Marks a request whose target was too long. The target was truncated and is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetTooLong;

/// Marks a request whose headers were too large. The headers were truncated and are not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadersTooLarge;

/// The largest chunk of a response that an HTTP/2 peer must accept within the slow reader timeout.
const MAX_CHUNK: usize = 64 * 1024;

/// The hyper service of one connection.
#[derive(Debug)]
pub(super) struct ConnectionService {
    pub(super) handler: Handler,
    pub(super) address: SocketAddr,
    pub(super) state: Arc<ConnectionState>,
}

impl hyper::service::Service<Request<Incoming>> for ConnectionService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<Incoming>) -> ResponseFuture {
        let length = http_body::Body::size_hint(request.body()).exact();
        let guard = ExchangeGuard { state: Arc::clone(&self.state), chunk_pending: false };
        let truncated = self.state.exchange_started(length);
        // Most requests have no body, and need none on the heap.
        let is_empty = http_body::Body::is_end_stream(request.body());
        let mut request = request.map(|body| if is_empty { Body::empty() } else { Body::new(body) });
        request.extensions_mut().insert(Received { peer: self.address, at: Instant::now() });
        if truncated.target {
            request.extensions_mut().insert(TargetTooLong);
        }
        if truncated.headers {
            request.extensions_mut().insert(HeadersTooLarge);
        }
        let http2 = request.version() == Version::HTTP_2;
        let is_last = !http2 && length.is_none();
        let mut handler = self.handler.clone();
        ResponseFuture { response: tower::Service::call(&mut handler, request), guard: Some(guard), http2, is_last }
    }
}

type HandlerFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// Resolves with the response to one request.
pub(super) struct ResponseFuture {
    response: HandlerFuture,
    guard: Option<ExchangeGuard>,
    http2: bool,
    /// The connection closes after this response: only hyper knows where a chunked body ended, so the head scanner
    /// could not scan the next request.
    is_last: bool,
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = ready!(self.response.as_mut().poll(cx))?;
        // Hyper closes a connection whose request body was not read completely. The header announces it; without it,
        // the client's next request would be sent into the closing connection.
        let must_close = |guard: &ExchangeGuard| guard.state.must_close();
        if self.is_last || !self.http2 && self.guard.as_ref().is_some_and(must_close) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let (guard, max_chunk) = (self.guard.take(), if self.http2 { MAX_CHUNK } else { usize::MAX });
        Poll::Ready(Ok(response.map(|body| ResponseBody { body, guard, rest: Bytes::new(), max_chunk, error: None })))
    }
}

/// Records the end of the exchange in the connection state when it is dropped.
#[derive(Debug)]
struct ExchangeGuard {
    state: Arc<ConnectionState>,
    /// The last chunk was queued, and hyper has not asked for the next one yet.
    chunk_pending: bool,
}

impl ExchangeGuard {
    fn next_chunk_requested(&mut self) {
        if std::mem::take(&mut self.chunk_pending) {
            self.state.chunk_taken(Instant::now());
        }
    }

    fn chunk_queued(&mut self) {
        self.chunk_pending = true;
        self.state.chunk_queued(Instant::now());
    }
}

impl Drop for ExchangeGuard {
    fn drop(&mut self) {
        self.next_chunk_requested();
        self.state.exchange_ended(Instant::now());
    }
}

/// The body of a response.
#[derive(Debug)]
pub(super) struct ResponseBody {
    body: Body,
    guard: Option<ExchangeGuard>,
    rest: Bytes,
    max_chunk: usize,
    /// Why the response ends early; returned after the peer has received everything before the error.
    error: Option<axum::Error>,
}

impl ResponseBody {
    fn next_chunk(&mut self, mut data: Bytes) -> Frame<Bytes> {
        let chunk = data.split_to(data.len().min(self.max_chunk));
        self.rest = data;
        if let Some(guard) = &mut self.guard {
            guard.chunk_queued();
        }
        Frame::data(chunk)
    }

    /// Waits until the socket has sent everything, because hyper discards its buffer on an error.
    fn poll_error(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &self.guard {
            Some(guard) if !guard.state.is_flushed(cx.waker()) => Poll::Pending,
            _ => Poll::Ready(self.error.take().map(Err)),
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(guard) = &mut self.guard {
            guard.next_chunk_requested();
        }
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(self.next_chunk(rest))));
        }
        if self.error.is_some() {
            return self.poll_error(cx);
        }
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            None => Poll::Ready(None),
            Some(Err(error)) => {
                self.error = Some(error);
                self.poll_error(cx)
            }
            Some(Ok(frame)) => Poll::Ready(Some(match frame.into_data() {
                Ok(data) => Ok(self.next_chunk(data)),
                Err(trailers) => Ok(trailers),
            })),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() { self.body.size_hint() } else { SizeHint::default() }
    }
}
