//! The body of a request: limits, errors, and reading it into memory.
//!
//! In: the body as it arrives. Out: its bytes, or a [`BodyError`] as a [`Problem`]. Must not know: routes, what the
//! body contains. The `body_limits` middleware enforces [`BodyLimits`] on every body while it is read.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Extensions;
use http_body_util::BodyExt as _;
use sync_wrapper::SyncWrapper;

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::body_budget::{BodyBudget, BodySender, BodyShare};

/// The limits of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimits {
    /// The largest body, in bytes.
    pub largest: u64,
    /// The largest number of values in a body, counted while it is parsed.
    pub max_values: usize,
    /// The time from the first read to the end that every body has, however slowly it arrives.
    pub grace: Duration,
    /// The average rate, in bytes per second, that a body needs which takes longer than `grace`.
    pub slowest: u64,
}

#[cfg(test)]
impl BodyLimits {
    /// Limits for unit tests.
    pub(in crate::http) fn for_tests() -> Self {
        Self { largest: 32 << 20, max_values: 1000, grace: Duration::from_secs(30), slowest: 16 * 1024 }
    }
}

impl BodyLimits {
    /// The largest body that the middleware allows for this request, in bytes; no limit without the middleware.
    pub(in crate::http) fn largest_in(extensions: &Extensions) -> u64 {
        extensions.get().map_or(u64::MAX, |limits: &Self| limits.largest)
    }

    /// The largest number of values in the body of this request; no limit without the middleware.
    pub(in crate::http) fn max_values_in(extensions: &Extensions) -> usize {
        extensions.get().map_or(usize::MAX, |limits: &Self| limits.max_values)
    }
}

/// Why reading a body failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The body is larger than this limit, in bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    /// The body did not arrive in time.
    #[error("the body arrived too slowly")]
    TooSlow,
    /// The body has a content coding.
    #[error("the body is compressed")]
    Compressed,
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(limit) => {
                Self::new(ErrorCode::BodyTooLarge, format!("The request body is larger than {limit} bytes."))
            }
            BodyError::TooSlow => Self::new(ErrorCode::BodyTimeout, "The request body did not arrive in time."),
            BodyError::Compressed => {
                let problem =
                    Self::new(ErrorCode::UnsupportedMediaType, "Compressed request bodies are not supported.");
                problem.parameter("Content-Encoding").hint("Send the body without a content coding.")
            }
        }
    }
}

/// The body of a request until it is read. Holds the share of the memory budget that the bytes of a large body need
/// until the request is answered.
#[derive(Debug)]
pub(in crate::http) struct RequestBody {
    /// Wrapped because [`Body`] is not `Sync` and a request is shared between threads.
    body: SyncWrapper<Body>,
    share: Option<BodyShare>,
    size: u64,
}

impl RequestBody {
    pub(in crate::http) fn new(body: Body) -> Self {
        Self { body: SyncWrapper::new(body), share: None, size: 0 }
    }

    /// The size of the body that [`read`](Self::read) returned, in bytes; 0 before.
    pub(in crate::http) fn size(&self) -> u64 {
        self.size
    }

    /// The size that `Content-Length` announces; `u64::MAX` without one.
    pub(in crate::http) fn announced_size(&mut self) -> u64 {
        http_body::Body::size_hint(self.body.get_mut()).upper().unwrap_or(u64::MAX)
    }

    /// Reads the body, at most `largest` bytes, with a share of the budget if it is large. A second call returns no
    /// bytes.
    ///
    /// An authenticated sender's share is reserved before the body is read, that of an unauthenticated sender as
    /// [`unauthenticated_share`] says.
    ///
    /// # Errors
    /// 413 if it is too large, 400 if it does not arrive completely, 503 if too many large bodies are in flight.
    pub(in crate::http) async fn read(
        &mut self,
        largest: u64,
        budget: &BodyBudget,
        sender: BodySender,
    ) -> Result<Bytes, Problem> {
        let announced = self.announced_size();
        let mut reader = BodyReader::new(std::mem::take(self.body.get_mut()), largest)?;
        // A form that was read for its signature may have a share.
        let needs_share = self.share.is_none();
        if needs_share && sender == BodySender::Authenticated {
            let unreserved = if announced == u64::MAX { sender.large() } else { 0 };
            if !reader.read_until(unreserved).await? {
                // A body without an announced size may become as large as the limit.
                self.share = budget.admit(announced.min(largest), sender).await?;
                reader.reserve_up_to(u64::MAX);
            }
        } else if needs_share {
            let mut share = sender.large();
            while !reader.read_until(share).await? {
                share = unauthenticated_share(reader.arrived(), announced, largest);
                budget.grow(&mut self.share, share, sender).await?;
                reader.reserve_up_to(share);
                if share >= announced {
                    break;
                }
            }
        }
        reader.read_until(u64::MAX).await?;
        let bytes = reader.into_bytes();
        self.size = bytes.len() as u64;
        if needs_share {
            self.share = self.share.take().filter(|_| self.size >= sender.large());
            if let Some(share) = &mut self.share {
                share.shrink_to(self.size);
            }
        }
        Ok(bytes)
    }

    /// Reads the body, at most `largest` bytes, without a share of the budget.
    ///
    /// # Errors
    /// 413 for a larger body, 400 for one that does not arrive completely.
    pub(in crate::http) async fn read_within(&mut self, largest: u64) -> Result<Bytes, Problem> {
        read_body(std::mem::take(self.body.get_mut()), largest).await
    }

    /// Replaces the body, so that the next read returns these bytes.
    pub(in crate::http) fn replace(&mut self, bytes: impl Into<Bytes>) {
        self.body = SyncWrapper::new(Body::from(bytes.into()));
    }
}

/// The share for a body of an unauthenticated sender of which so many bytes have arrived.
///
/// An announcement costs the sender nothing, so the share is what has arrived, and a half more. From an eighth of the
/// announced size on, it is that size: bodies that grow step by step, and keep their shares meanwhile, block one
/// another.
fn unauthenticated_share(arrived: u64, announced: u64, largest: u64) -> u64 {
    let believed = (announced / 8).max(MIN_BELIEVED).min(announced);
    if announced <= largest && arrived >= believed {
        return announced;
    }
    // No body holds more than the believed part while it waits for the rest. One byte more than the limit shows that
    // the body is too large.
    (arrived + arrived / 2).min(believed).min(largest).max(arrived + 1)
}

/// From this size on, in bytes, what has arrived of an unauthenticated sender's body can show that its announced size
/// is meant. The wait for the share of a body that is smaller is short.
const MIN_BELIEVED: u64 = 1024 * 1024;

/// The complete body, if it has at most `largest` bytes.
///
/// # Errors
/// 413 or 415 for a body that violates its limits, 400 for one that is too slow or ends early.
pub(in crate::http) async fn read_body(body: Body, largest: u64) -> Result<Bytes, Problem> {
    let mut reader = BodyReader::new(body, largest)?;
    reader.read_until(u64::MAX).await?;
    Ok(reader.into_bytes())
}

/// A body and the part of it that has arrived.
struct BodyReader {
    body: Body,
    largest: u64,
    announced: usize,
    /// The only frame. A body of one frame is not copied.
    first: Bytes,
    /// The frames, if there are several.
    joined: Vec<u8>,
}

impl BodyReader {
    /// # Errors
    /// 413 for a body that is announced to be larger than `largest`.
    fn new(body: Body, largest: u64) -> Result<Self, Problem> {
        let announced = http_body::Body::size_hint(&body).lower();
        if announced > largest {
            return Err(BodyError::TooLarge(largest).into());
        }
        let announced = usize::try_from(announced).unwrap_or_default();
        Ok(Self { body, largest, announced, first: Bytes::new(), joined: Vec::new() })
    }

    /// Reads to the end, or until `pause` bytes have arrived; returns whether it was the end.
    ///
    /// # Errors
    /// 413 or 415 for a body that violates its limits, 400 for one that is too slow or ends early.
    async fn read_until(&mut self, pause: u64) -> Result<bool, Problem> {
        while self.arrived() < pause {
            let Some(frame) = self.body.frame().await else { return Ok(true) };
            let Ok(data) = frame.map_err(body_problem)?.into_data() else { continue };
            if self.arrived() + data.len() as u64 > self.largest {
                return Err(BodyError::TooLarge(self.largest).into());
            }
            self.push(data, pause);
        }
        Ok(false)
    }

    fn arrived(&self) -> u64 {
        (self.first.len() + self.joined.len()) as u64
    }

    /// Adds a frame that arrived before `pause` bytes had.
    fn push(&mut self, data: Bytes, pause: u64) {
        if self.first.is_empty() && self.joined.is_empty() {
            self.first = data;
            return;
        }
        // The announced size is reserved at once, up to the pause, so that what was read is not moved until then; the
        // operating system assigns the memory page by page as it fills.
        if self.joined.is_empty() {
            let until_pause = usize::try_from(pause).unwrap_or(usize::MAX);
            self.joined.reserve_exact(self.announced.min(until_pause).max(2 * FRAME));
            self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&data);
    }

    /// Reserves the rest of the announced size, but at most this many bytes in total, so that what arrives until then
    /// is not moved.
    fn reserve_up_to(&mut self, bytes: u64) {
        // A body of one frame needs no other memory.
        if !self.joined.is_empty() {
            let size = self.announced.min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.joined.reserve_exact(size.saturating_sub(self.joined.len()));
        }
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.into() }
    }
}

/// The initial capacity for a body without an announced size is two frames of this size.
const FRAME: usize = 32 * 1024;

/// The problem that describes why reading a body failed.
fn body_problem(error: axum::Error) -> Problem {
    let error = error.into_inner();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<BodyError>() {
            return (*error).into();
        }
        cause = error.source();
    }
    Problem::new(ErrorCode::MalformedRequest, "The request body ended early or is not framed as HTTP requires.")
        .hint("Check that `Content-Length` is the length of the body in bytes, and retry.")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream::{self, StreamExt as _};

    use super::*;
    use crate::cpu_work::LARGE;

    const LARGEST: u64 = 8 * LARGE;

    /// A budget of which unauthenticated senders may use the size of the largest body.
    fn budget() -> BodyBudget {
        BodyBudget::new(4 * LARGEST)
    }

    /// A body without an announced size.
    fn frames(size: u64) -> impl stream::Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
        stream::iter((0..size / 1024).map(|_| Ok(Bytes::from_static(&[b'a'; 1024]))))
    }

    async fn read(body: Body, budget: &BodyBudget, sender: BodySender) -> Result<(RequestBody, u64), ErrorCode> {
        let mut body = RequestBody::new(body);
        let bytes = body.read(LARGEST, budget, sender).await.map_err(|problem| problem.code)?;
        Ok((body, bytes.len() as u64))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_holds_what_arrived_and_not_what_could_have_arrived() {
        let sender = BodySender::Unauthenticated;
        for size in [1024, LARGE / 2, 2 * LARGE] {
            let budget = budget();
            let first = read(Body::from_stream(frames(size)), &budget, sender).await;
            assert_eq!(first.as_ref().map(|(_, size)| *size), Ok(size));
            let held = if size < sender.large() { 0 } else { size };
            assert!(budget.admit(LARGEST - held, sender).await.is_ok(), "{size}");
            assert_eq!(budget.admit(LARGEST - held + 1024, sender).await.is_ok(), held == 0, "{size}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_unauthenticated_body_that_does_not_arrive_holds_nothing() {
        let (budget, sender) = (budget(), BodySender::Unauthenticated);
        let waiting = Body::from_stream(frames(1024).chain(stream::pending()));
        let mut first = std::pin::pin!(read(waiting, &budget, sender));
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut first).await.is_err());
        assert!(read(Body::from_stream(frames(2 * LARGE)), &budget, sender).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_unauthenticated_body_that_trickles_holds_little_more_than_what_arrived() {
        let (budget, sender) = (budget(), BodySender::Unauthenticated);
        let announced = |size| {
            let body = Body::from_stream(frames(size).chain(stream::pending()));
            RequestBody::new(Body::new(Announced { body, size: LARGEST }))
        };
        let mut trickling = [announced(LARGE), announced(LARGE)];
        let [one, other] = &mut trickling;
        let mut both = std::pin::pin!(async {
            tokio::join!(one.read(LARGEST, &budget, sender), other.read(LARGEST, &budget, sender))
        });
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut both).await.is_err());
        let rest = budget.admit(LARGEST - 3 * LARGE, sender).await;
        assert!(rest.is_ok(), "each of them holds at most half more than what arrived");
        assert!(budget.admit(LARGE, sender).await.is_err(), "and not less");
    }

    #[tokio::test(start_paused = true)]
    async fn one_of_two_unauthenticated_bodies_that_do_not_fit_together_is_read() {
        let (budget, sender) = (budget(), BodySender::Unauthenticated);
        let body = || {
            // Both arrive at the same time.
            let slowly = frames(6 * LARGE).then(async |frame| {
                tokio::task::yield_now().await;
                frame
            });
            read(Body::from_stream(slowly), &budget, sender)
        };
        let size = |read: Result<(RequestBody, u64), ErrorCode>| read.map(|(_, size)| size);
        let (one, other) = tokio::join!(async { size(body().await) }, async { size(body().await) });
        assert!([one, other].contains(&Ok(6 * LARGE)), "{one:?} {other:?}");
        assert!(budget.admit(LARGEST, sender).await.is_ok(), "the rejected one has returned its share");
    }

    #[test]
    fn share_follows_what_arrives_until_the_announcement_is_believed() {
        let kib = |arrived: u64, announced: u64, largest: u64| {
            unauthenticated_share(arrived << 10, announced << 10, largest << 10) >> 10
        };
        assert_eq!([kib(64, 80, 9000), kib(80, 80, 9000)], [80; 2], "not more than announced");
        assert_eq!([kib(100, 32_000, 32_000), kib(1024, 32_000, 32_000)], [150, 1536]);
        assert_eq!([kib(3000, 32_000, 32_000), kib(4000, 32_000, 32_000)], [4000, 32_000], "an eighth");
        assert_eq!([kib(1000, 2000, 9000), kib(1024, 2000, 9000)], [1024, 2000], "at least 1 MiB");
        assert_eq!([unauthenticated_share(90, u64::MAX, 100), unauthenticated_share(100, u64::MAX, 100)], [100, 101]);
    }

    /// Reads two bodies of this size that arrive at the same time, and returns how long that takes.
    async fn two_announced(size: u64) -> (Vec<Result<u64, ErrorCode>>, Duration) {
        const ALL: u64 = 8 << 20;
        let budget = BodyBudget::new(4 * ALL);
        let read = async || {
            let frames = frames(size).then(async |frame| {
                tokio::task::yield_now().await;
                frame
            });
            let mut body = RequestBody::new(Body::new(Announced { body: Body::from_stream(frames), size }));
            let read = body.read(ALL, &budget, BodySender::Unauthenticated).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            read.map(|bytes| bytes.len() as u64).map_err(|problem| problem.code)
        };
        let started = tokio::time::Instant::now();
        let (one, other) = tokio::join!(read(), read());
        (vec![one, other], started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn announced_bodies_that_fit_together_do_not_wait_and_larger_ones_are_read_in_turn() {
        for (size, seconds) in [(4 << 20, 1), (6 << 20, 2)] {
            let (read, took) = two_announced(size).await;
            assert_eq!((read, took.as_secs()), (vec![Ok(size); 2], seconds));
        }
    }

    /// A body that announces its size, which may be more than it sends.
    struct Announced {
        body: Body,
        size: u64,
    }

    impl http_body::Body for Announced {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
            http_body::Body::poll_frame(std::pin::Pin::new(&mut self.body), context)
        }

        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(self.size)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_announcement_reserves_memory_only_after_it_is_admitted() {
        let mut reader = BodyReader::new(Body::from_stream(frames(8 * 1024)), LARGEST).unwrap();
        reader.announced = usize::try_from(LARGEST).unwrap();
        assert!(!reader.read_until(4 * 1024).await.unwrap());
        assert_eq!(reader.arrived(), 4 * 1024);
        assert!(reader.joined.capacity() < reader.announced);
        reader.reserve_up_to(16 * 1024);
        assert!((16 * 1024..reader.announced).contains(&reader.joined.capacity()));
        reader.reserve_up_to(u64::MAX);
        assert!(reader.joined.capacity() >= reader.announced);
        assert!(reader.read_until(u64::MAX).await.unwrap());
        assert_eq!(reader.into_bytes(), vec![b'a'; 8 * 1024]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_announced_body_of_an_authenticated_sender_is_admitted_before_it_is_read() {
        let budget = BodyBudget::new(LARGEST);
        let all = budget.admit(LARGEST, BodySender::Authenticated).await;
        let body = || Body::from(vec![b'a'; 300 * 1024]);
        let rejected = read(body(), &budget, BodySender::Authenticated).await;
        assert_eq!(rejected.map(drop), Err(ErrorCode::ShuttingDown));
        drop(all);
        assert!(read(body(), &budget, BodySender::Authenticated).await.is_ok());
    }
}
