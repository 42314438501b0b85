//! Enforces the limits of request bodies: size, rate and content coding (H-03, H-04, H-11).
//!
//! In: a request. Out: the same request; reading its body fails with a [`BodyError`] if the body violates a limit.
//! Must not know: routes. A violation is an error of the *read*, not of the request: the route and the credential are
//! checked before the body (see the order of checks in docs/dialects/README.md), and a body that is never read is
//! never rejected.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_ENCODING;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::http::request::body::{BodyError, BodyLimits};

/// Wraps the body of the request, if it has one, in a [`LimitedBody`].
pub(super) fn limit_body(mut request: Request<Body>, limits: BodyLimits) -> Request<Body> {
    if http_body::Body::is_end_stream(request.body()) {
        return request;
    }
    // Replaced by this limit: axum's has no deadline and another error body.
    DefaultBodyLimit::disable().apply(&mut request);
    let is_compressed = request.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    let announced = http_body::Body::size_hint(request.body()).lower();
    let error = if announced > limits.largest {
        Some(BodyError::TooLarge(limits.largest))
    } else {
        is_compressed.then_some(BodyError::Compressed)
    };
    request.map(|body| Body::new(LimitedBody { body, limits, error, received: 0, started: None, timer: None }))
}

/// A body whose read fails as soon as it violates the limits.
struct LimitedBody {
    body: Body,
    limits: BodyLimits,
    /// A violation that the head of the request already shows.
    error: Option<BodyError>,
    /// Bytes so far.
    received: u64,
    /// The first read.
    started: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl LimitedBody {
    fn deadline(&mut self) -> Instant {
        let started = *self.started.get_or_insert_with(Instant::now);
        started + self.limits.grace + Duration::from_secs(self.received / self.limits.slowest.max(1))
    }

    /// Ready when the deadline has passed.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyError> {
        self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
        if self.received > self.limits.largest {
            return Err(BodyError::TooLarge(self.limits.largest));
        }
        Ok(frame)
    }
}

impl http_body::Body for LimitedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(error) = self.error {
            return Poll::Ready(Some(Err(axum::Error::new(error))));
        }
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(self.count(frame).map_err(axum::Error::new))),
            Poll::Pending => self.poll_deadline(cx).map(|()| Some(Err(axum::Error::new(BodyError::TooSlow)))),
            ended => ended,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.error.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use slow_body::slow_body;

    use super::*;
    use crate::error_code::ErrorCode;
    use crate::http::request::body::read_body;

    const LIMITS: BodyLimits = BodyLimits { largest: 10, max_values: 10, grace: Duration::from_secs(1), slowest: 4 };

    async fn read(body: Body, coding: Option<&str>) -> Result<Bytes, ErrorCode> {
        let mut request = Request::builder();
        if let Some(coding) = coding {
            request = request.header(CONTENT_ENCODING, coding);
        }
        let limited = limit_body(request.body(body).unwrap(), LIMITS).into_body();
        read_body(limited, u64::MAX).await.map_err(|problem| problem.code)
    }

    /// Bodies of several frames, without an announced size.
    mod slow_body {
        use super::*;

        pub(super) struct SlowBody {
            pub(super) frames: u32,
            pub(super) interval: Duration,
            pub(super) sleep: Pin<Box<Sleep>>,
        }

        impl http_body::Body for SlowBody {
            type Data = Bytes;
            type Error = Infallible;

            fn poll_frame(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                if self.frames == 0 {
                    return Poll::Ready(None);
                }
                std::task::ready!(self.sleep.as_mut().poll(cx));
                let next = Instant::now() + self.interval;
                self.sleep.as_mut().reset(next);
                self.frames -= 1;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"xyz")))))
            }
        }

        pub(super) fn slow_body(frames: u32, interval: Duration) -> Body {
            Body::new(SlowBody { frames, interval, sleep: Box::pin(sleep_until(Instant::now() + interval)) })
        }
    }

    #[tokio::test]
    async fn a_body_within_the_limits_is_read() {
        assert_eq!(read(Body::from("0123456789"), None).await.unwrap(), "0123456789");
        assert_eq!(read(Body::from("a"), Some("identity")).await.unwrap(), "a");
        assert_eq!(read(Body::empty(), Some("gzip")).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_larger_body_is_rejected_with_and_without_an_announced_size() {
        assert_eq!(read(Body::from("01234567890"), None).await, Err(ErrorCode::BodyTooLarge));
        assert_eq!(read(slow_body(4, Duration::ZERO), None).await, Err(ErrorCode::BodyTooLarge));
    }

    #[tokio::test]
    async fn a_compressed_body_is_unsupported() {
        assert_eq!(read(Body::from("a"), Some("gzip")).await, Err(ErrorCode::UnsupportedMediaType));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_slower_than_the_minimum_rate_is_rejected() {
        assert!(
            read(slow_body(3, Duration::from_millis(400)), None).await.is_ok(),
            "3 bytes every 0.4 s after 1 s of grace"
        );
        assert_eq!(read(slow_body(3, Duration::from_millis(1100)), None).await, Err(ErrorCode::BodyTimeout));
    }
}
