//! How much body is read, how fast it must come, and in what coding (H-03, H-04, H-11).
//!
//! In: a request. Out: the same, its body guarded; reading it fails with a [`BodyFault`]. Must not know: routes.
//! A body that is bound to fail fails when it is *read*, not before: route and credential are judged first
//! (contract 0.2, order of checks), and who never reads it is not concerned.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_ENCODING;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::Problem;
use crate::error_code::Code;

/// What a body is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// The largest body, in bytes.
    pub largest: u64,
    /// From when it is first waited for to its end, however small.
    pub grace: Duration,
    /// What a body that takes longer must bring, in bytes a second, on average.
    pub slowest: u64,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { largest: 32 << 20, grace: Duration::from_secs(30), slowest: 16 * 1024 }
    }
}

/// Why reading a body failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// Larger than this, in bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    /// It did not come in time.
    #[error("the body came too slowly")]
    TooSlow,
    /// It is compressed.
    #[error("the body is compressed")]
    Compressed,
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::TooLarge(limit) => {
                Self::new(Code::BodyTooLarge, format!("The request body is larger than {limit} bytes."))
            }
            BodyFault::TooSlow => Self::new(Code::BodyTimeout, "The request body did not arrive in time."),
            BodyFault::Compressed => {
                let problem = Self::new(Code::UnsupportedMediaType, "Compressed request bodies are not taken.");
                problem.parameter("Content-Encoding").hint("Send the body as it is.")
            }
        }
    }
}

/// The whole body, if it has at most `most` bytes.
///
/// # Errors
/// 413, 415, 400 for one that came too slowly, 400 for one that broke off.
pub async fn read_body(mut body: Body, most: u64) -> Result<Bytes, Problem> {
    let announced = http_body::Body::size_hint(&body);
    if announced.lower() > most {
        return Err(BodyFault::TooLarge(most).into());
    }
    let mut whole = Bytes::new();
    let mut gathered = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(problem_of)?.into_data() else { continue };
        if (whole.len() + gathered.len() + data.len()) as u64 > most {
            return Err(BodyFault::TooLarge(most).into());
        }
        // One piece is not copied. Of several, room is made for all that was announced: the system gives it piece by
        // piece as it is filled, and what is gathered is never moved.
        if whole.is_empty() && gathered.is_empty() {
            whole = data;
            continue;
        }
        if gathered.is_empty() {
            gathered.reserve_exact(usize::try_from(announced.lower()).unwrap_or_default().max(2 * PIECE));
            gathered.extend_from_slice(&std::mem::take(&mut whole));
        }
        gathered.extend_from_slice(&data);
    }
    Ok(if gathered.is_empty() { whole } else { gathered.into() })
}

/// Room for a body that does not say how large it is, to begin with.
const PIECE: usize = 32 * 1024;

/// Why reading a guarded body, by whatever extractor, failed.
#[must_use]
pub fn problem_of(error: axum::Error) -> Problem {
    let error = error.into_inner();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(error) = cause {
        if let Some(fault) = error.downcast_ref::<BodyFault>() {
            return (*fault).into();
        }
        cause = error.source();
    }
    Problem::new(Code::MalformedRequest, "The request body broke off or is not framed as HTTP says.")
}

/// Guards the body of this request, if it has one.
pub(super) fn guard(request: Request<Body>, limits: BodyLimits) -> Request<Body> {
    if http_body::Body::is_end_stream(request.body()) {
        return request;
    }
    let compressed = request.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    let announced = http_body::Body::size_hint(request.body()).lower();
    let fault = if announced > limits.largest {
        Some(BodyFault::TooLarge(limits.largest))
    } else {
        compressed.then_some(BodyFault::Compressed)
    };
    request.map(|body| Body::new(Guarded { body, limits, fault, received: 0, began: None, timer: None }))
}

struct Guarded {
    body: Body,
    limits: BodyLimits,
    fault: Option<BodyFault>,
    received: u64,
    began: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    fn deadline(&mut self) -> Instant {
        let began = *self.began.get_or_insert_with(Instant::now);
        began + self.limits.grace + Duration::from_secs(self.received / self.limits.slowest.max(1))
    }

    /// Ready when the body is late.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }

    fn admit(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BodyFault> {
        self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
        if self.received > self.limits.largest {
            return Err(BodyFault::TooLarge(self.limits.largest));
        }
        Ok(frame)
    }
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(fault) = self.fault {
            return Poll::Ready(Some(Err(axum::Error::new(fault))));
        }
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(self.admit(frame).map_err(axum::Error::new))),
            Poll::Pending => self.poll_late(cx).map(|()| Some(Err(axum::Error::new(BodyFault::TooSlow)))),
            ended => ended,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.fault.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use trickling::trickle;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits { largest: 10, grace: Duration::from_secs(1), slowest: 4 };

    async fn read(body: Body, coding: Option<&str>) -> Result<Bytes, Code> {
        let mut request = Request::builder();
        if let Some(coding) = coding {
            request = request.header(CONTENT_ENCODING, coding);
        }
        let guarded = guard(request.body(body).unwrap(), LIMITS).into_body();
        read_body(guarded, u64::MAX).await.map_err(|problem| problem.code)
    }

    /// Bodies in pieces, without a length.
    mod trickling {
        use super::*;

        pub(super) struct Trickle {
            pub(super) pieces: u32,
            pub(super) every: Duration,
            pub(super) sleep: Pin<Box<Sleep>>,
        }

        impl http_body::Body for Trickle {
            type Data = Bytes;
            type Error = Infallible;

            fn poll_frame(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                if self.pieces == 0 {
                    return Poll::Ready(None);
                }
                std::task::ready!(self.sleep.as_mut().poll(cx));
                let next = Instant::now() + self.every;
                self.sleep.as_mut().reset(next);
                self.pieces -= 1;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"xyz")))))
            }
        }

        pub(super) fn trickle(pieces: u32, every: Duration) -> Body {
            Body::new(Trickle { pieces, every, sleep: Box::pin(sleep_until(Instant::now() + every)) })
        }
    }

    #[tokio::test]
    async fn a_body_within_the_limit_is_read() {
        assert_eq!(read(Body::from("0123456789"), None).await.unwrap(), "0123456789");
        assert_eq!(read(Body::from("a"), Some("identity")).await.unwrap(), "a");
        assert_eq!(read(Body::empty(), Some("gzip")).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_larger_one_is_refused_with_and_without_a_length() {
        assert_eq!(read(Body::from("01234567890"), None).await, Err(Code::BodyTooLarge));
        assert_eq!(read(trickle(4, Duration::ZERO), None).await, Err(Code::BodyTooLarge));
    }

    #[tokio::test]
    async fn a_compressed_one_is_415() {
        assert_eq!(read(Body::from("a"), Some("gzip")).await, Err(Code::UnsupportedMediaType));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_must_come_at_a_pace() {
        assert!(
            read(trickle(3, Duration::from_millis(400)), None).await.is_ok(),
            "3 bytes every 0.4 s after 1 s of grace"
        );
        assert_eq!(read(trickle(3, Duration::from_millis(1100)), None).await, Err(Code::BodyTimeout));
    }
}
