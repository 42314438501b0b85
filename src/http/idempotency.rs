//! `Idempotency-Key`: a request that writes is done once under it; who sends it again gets the first one's answer.
//!
//! ```text
//! key       1 to 255 visible ASCII characters, the caller's own; it counts for one credential and 24 hours
//! the same  method, path, query, X-Odoo-…, Accept, Prefer, Content-Type and body, but for OAuth's own parameters
//! replayed  the answer with `Idempotency-Replayed: true`
//! released  nothing was done, and the next try may go better: whatever was refused before Odoo was asked to write, 401,
//!           403, 429, 503, concurrent updates
//! ```
//!
//! In: a request's head and body, who calls, the work. Out: the answer, the first or the kept one. Must not know: what
//! the work is. Work that has begun goes on to its end without its caller: who lost the connection asks again and is
//! told what came of it.

mod request;

pub(super) use self::request::LONGEST_KEY;

pub(super) use super::openapi::idempotency::offer_keys;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, LOCATION};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use tracing::Instrument as _;

use self::request::{key, parts_of};
use crate::auth::Principal;
use crate::error::Problem;
use crate::error_code::{Class, Code};
use crate::idempotency::{Claim, Kept, Outcome, Repeats, Turn};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Headers of an answer that are kept with it. The others belong to the request that is answered.
const KEPT: [HeaderName; 7] = [
    CONTENT_TYPE,
    CONTENT_DISPOSITION,
    LOCATION,
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("x-read-back"),
    HeaderName::from_static("x-omitted-fields"),
    HeaderName::from_static("x-result-omitted"),
];

/// A request under a key, not yet begun.
#[derive(Debug)]
pub(super) struct Once {
    repeats: Repeats,
    key: String,
    request: Vec<Bytes>,
    progress: Progress,
}

/// Whether Odoo was asked to do what the request says. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<AtomicBool>);

impl Progress {
    /// From now on Odoo may have done it.
    pub(super) fn reaches_odoo(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn has_reached_odoo(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Once {
    /// Of a request that has the header; `None` without it.
    ///
    /// # Errors
    /// 400 for two keys and for one that is no key.
    pub(super) fn of(repeats: &Repeats, head: &Parts, body: &Bytes) -> Result<Option<Self>, Problem> {
        let Some(key) = key(&head.headers)? else { return Ok(None) };
        Ok(Some(Self {
            repeats: repeats.clone(),
            key: key.to_owned(),
            request: parts_of(head, body),
            progress: Progress::default(),
        }))
    }

    /// What the work has to tell of itself.
    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Does the work if it is the first under its key, else answers what came of the first.
    ///
    /// # Errors
    /// The work's own; 409, 422 and 504 of the key.
    pub(super) async fn run<W>(self, who: &Principal, work: W) -> Result<Response, Problem>
    where
        W: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let Self { repeats, key, request, progress } = self;
        let parts: Vec<&[u8]> = request.iter().map(Bytes::as_ref).collect();
        let turn = repeats.begin(who, &key, &parts).await?;
        // The body is among them, and the work may take long.
        drop(parts);
        drop(request);
        match turn {
            Turn::Again(kept) => replay(kept),
            Turn::First(claim) => {
                let work = async move { settle(*claim, work.await, &progress).await };
                tokio::spawn(work.in_current_span()).await.map_err(Problem::internal)?
            }
        }
    }
}

/// Keeps what came of the work, or releases the key.
async fn settle(claim: Claim, done: Result<Response, Problem>, progress: &Progress) -> Result<Response, Problem> {
    match done {
        Ok(answer) => keep_answer(claim, answer).await,
        Err(problem) if !progress.has_reached_odoo() || may_go_better(&problem) => {
            claim.release().await;
            Err(problem)
        }
        Err(problem) => {
            claim.keep(&Kept(Outcome::Failed(Box::new(problem.clone())))).await;
            Err(problem)
        }
    }
}

/// Whether nothing was done, for a reason that may be gone at the next try.
fn may_go_better(problem: &Problem) -> bool {
    let classes = [Class::Unauthorized, Class::Forbidden, Class::TooManyRequests, Class::Unavailable];
    problem.code == Code::ConcurrentUpdate || classes.contains(&problem.class())
}

async fn keep_answer(claim: Claim, answer: Response) -> Result<Response, Problem> {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(Problem::internal)?.to_bytes();
    let text = |name: &HeaderName| {
        let value = head.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let headers = KEPT.iter().filter_map(text).collect();
    claim.keep(&Kept::answer(head.status.as_u16(), headers, &body)).await;
    Ok(Response::from_parts(head, Body::from(body)))
}

/// The first one's answer. A problem is told anew, with this request's own id.
fn replay(Kept(outcome): Kept) -> Result<Response, Problem> {
    let mut answer = match outcome {
        Outcome::Failed(problem) => problem.into_response(),
        Outcome::TooLarge { size, .. } => {
            let detail = format!("It was done, but its answer of {size} bytes was too large to be kept.");
            Problem::new(Code::IdempotencyAnswerGone, detail).hint("Read the records.").into_response()
        }
        Outcome::Answer { status, headers, body } => {
            let status = StatusCode::from_u16(status).map_err(Problem::internal)?;
            let mut answer = (status, body).into_response();
            answer.headers_mut().remove(CONTENT_TYPE);
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    answer.headers_mut().insert(name, value);
                }
            }
            answer
        }
    };
    answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_certainly_not_done_and_may_go_better_is_tried_again() {
        let better = |code| may_go_better(&Problem::new(code, ""));
        for code in [
            Code::OdooBusy,
            Code::OdooUnreachable,
            Code::ConcurrentUpdate,
            Code::RateLimited,
            Code::AccessDenied,
            Code::OdooCredentialStale,
        ] {
            assert!(better(code), "{code:?}");
        }
        for code in [
            Code::OutcomeUnknown,
            Code::OdooInternalError,
            Code::OdooUnreadable,
            Code::ResultNotRepresentable,
            Code::Internal,
            Code::OdooRefused,
            Code::UniqueConflict,
            Code::RecordNotFound,
        ] {
            assert!(!better(code), "{code:?}");
        }
    }
}
