//! One request and its answer, between hyper and the service.
//!
//! In: hyper's request. Out: the same with the [`ClientAddress`], [`ArrivedAt`] and perhaps [`TargetTooLong`] or
//! [`HeadersTooLarge`] in its extensions; the service's answer, its body watched. Must not know: what is asked.

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

use super::deadline::Watch;

/// What a listener serves.
pub type Handler = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// The address at the other end of the connection: the client's, or its proxy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub SocketAddr);

/// When the request's head was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivedAt(pub Instant);

/// The request's target was longer than the edge takes, and what is left of it means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetTooLong;

/// The request had more headers than the edge takes, and what is left of them means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadersTooLarge;

/// The largest piece of an answer that an HTTP/2 peer must take in one span of patience.
const PIECE: usize = 64 * 1024;

/// The service of one connection.
#[derive(Debug)]
pub(super) struct Exchanges {
    pub(super) handler: Handler,
    pub(super) address: SocketAddr,
    pub(super) watch: Arc<Watch>,
}

impl hyper::service::Service<Request<Incoming>> for Exchanges {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Exchange;

    fn call(&self, request: Request<Incoming>) -> Exchange {
        let length = http_body::Body::size_hint(request.body()).exact();
        let guard = Guard { watch: Arc::clone(&self.watch), untaken: false };
        let cut = self.watch.exchange_began(length);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ClientAddress(self.address));
        request.extensions_mut().insert(ArrivedAt(Instant::now()));
        if cut.target {
            request.extensions_mut().insert(TargetTooLong);
        }
        if cut.headers {
            request.extensions_mut().insert(HeadersTooLarge);
        }
        let http2 = request.version() == Version::HTTP_2;
        let last = !http2 && length.is_none();
        let mut handler = self.handler.clone();
        Exchange { answering: tower::Service::call(&mut handler, request), guard: Some(guard), http2, last }
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// The answer on its way.
pub(super) struct Exchange {
    answering: Answering,
    guard: Option<Guard>,
    http2: bool,
    /// The connection ends with this answer: where a chunked body ended only hyper knows, so what follows it
    /// could not be scanned.
    last: bool,
}

impl Future for Exchange {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = ready!(self.answering.as_mut().poll(cx))?;
        // Hyper closes a connection on which a body was left unread. Unless that is said, the client's next request meets
        // the closing.
        let ends = |guard: &Guard| guard.watch.is_draining() || guard.watch.has_unread_body();
        if self.last || !self.http2 && self.guard.as_ref().is_some_and(ends) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let (guard, piece) = (self.guard.take(), if self.http2 { PIECE } else { usize::MAX });
        Poll::Ready(Ok(response.map(|body| Answer { body, guard, rest: Bytes::new(), piece, broken: None })))
    }
}

/// Ends the exchange in the books, however it ends.
#[derive(Debug)]
struct Guard {
    watch: Arc<Watch>,
    untaken: bool,
}

impl Guard {
    fn asked(&mut self) {
        if std::mem::take(&mut self.untaken) {
            self.watch.piece_taken(Instant::now());
        }
    }

    fn gave(&mut self) {
        self.untaken = true;
        self.watch.piece_given(Instant::now());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.asked();
        self.watch.exchange_ended(Instant::now());
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    guard: Option<Guard>,
    rest: Bytes,
    piece: usize,
    /// Why the answer ends too early: told once the peer has what there was of it.
    broken: Option<axum::Error>,
}

impl Answer {
    fn give(&mut self, mut data: Bytes) -> Frame<Bytes> {
        let piece = data.split_to(data.len().min(self.piece));
        self.rest = data;
        if let Some(guard) = &mut self.guard {
            guard.gave();
        }
        Frame::data(piece)
    }

    /// An error makes hyper throw away what it holds, the last words of the answer among it.
    fn poll_break(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &self.guard {
            Some(guard) if !guard.watch.is_flushed(cx.waker()) => Poll::Pending,
            _ => Poll::Ready(self.broken.take().map(Err)),
        }
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(guard) = &mut self.guard {
            guard.asked();
        }
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(self.give(rest))));
        }
        if self.broken.is_some() {
            return self.poll_break(cx);
        }
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            None => Poll::Ready(None),
            Some(Err(error)) => {
                self.broken = Some(error);
                self.poll_break(cx)
            }
            Some(Ok(frame)) => Poll::Ready(Some(match frame.into_data() {
                Ok(data) => Ok(self.give(data)),
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
