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

/// The body of a request until it is read. Holds the body's share of the memory budget until the request is answered.
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

    /// Reads the body, at most `largest` bytes, after it got a share of the budget. A second call returns no bytes.
    ///
    /// # Errors
    /// 413 if it is too large, 400 if it does not arrive completely, 503 if too many large bodies are in flight.
    pub(in crate::http) async fn read(
        &mut self,
        largest: u64,
        budget: &BodyBudget,
        sender: BodySender,
    ) -> Result<Bytes, Problem> {
        // A form that was read for its signature already has a share.
        if self.share.is_none() {
            let announced = self.announced_size();
            // A body without an announced size may become as large as the limit. A body above the limit is rejected
            // below and needs no share.
            let size = if announced == u64::MAX { largest } else { announced };
            if size <= largest {
                self.share = budget.admit(size, sender).await?;
            }
        }
        let bytes = self.read_within(largest).await?;
        self.size = bytes.len() as u64;
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

/// The complete body, if it has at most `largest` bytes.
///
/// # Errors
/// 413 or 415 for a body that violates its limits, 400 for one that is too slow or ends early.
pub(in crate::http) async fn read_body(mut body: Body, largest: u64) -> Result<Bytes, Problem> {
    let announced = http_body::Body::size_hint(&body);
    if announced.lower() > largest {
        return Err(BodyError::TooLarge(largest).into());
    }
    let mut first = Bytes::new();
    let mut joined = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(body_problem)?.into_data() else { continue };
        if (first.len() + joined.len() + data.len()) as u64 > largest {
            return Err(BodyError::TooLarge(largest).into());
        }
        // A body of one frame is not copied. Otherwise the announced size is reserved at once, so that what was read
        // is never moved; the operating system assigns the memory page by page as it fills.
        if first.is_empty() && joined.is_empty() {
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.reserve_exact(usize::try_from(announced.lower()).unwrap_or_default().max(2 * FRAME));
            joined.extend_from_slice(&std::mem::take(&mut first));
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { first } else { joined.into() })
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
