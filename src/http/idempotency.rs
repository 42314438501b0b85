//! `Idempotency-Key`: a writing request is executed once per key, and every repetition gets the first response.
//!
//! ```text
//! key       1 to 255 visible ASCII characters, chosen by the client; valid for one credential and 24 hours
//! same      method, path, query, X-Odoo-…, Accept, Prefer, Content-Type and body, without OAuth 1.0a parameters
//! replayed  the first response with `Idempotency-Replayed: true`
//! released  nothing was done and a retry may succeed: any problem before Odoo is asked to write, 401, 403, 429, 503,
//!           and concurrent updates
//! ```
//!
//! In: the head and body of a request, the caller, the work. Out: the response, the first one or the stored one. Must
//! not know: what the work does. Once started, the work runs to its end even if the client disconnects: the client
//! sends the request again and receives the stored response.

mod request;

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

pub(super) use self::request::has_idempotency_key;
use self::request::{compared_parts, parse_key};
use crate::auth::Principal;
use crate::error::Problem;
use crate::error_code::{ErrorClass, ErrorCode};
use crate::idempotency::{Claim, ClaimResult, IdempotencyStore, StoredOutcome, StoredResponse};
use crate::telemetry::log_context::LogContext;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The headers that are stored with a response. All others belong to the request that is answered.
const STORED_HEADERS: [HeaderName; 7] = [
    CONTENT_TYPE,
    CONTENT_DISPOSITION,
    LOCATION,
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("x-read-back"),
    HeaderName::from_static("x-omitted-fields"),
    HeaderName::from_static("x-result-omitted"),
];

/// A request with an idempotency key, before it is executed.
#[derive(Debug)]
pub(super) struct IdempotentRequest {
    store: IdempotencyStore,
    key: String,
    /// The parts that a repetition has in common with the first request.
    parts: Vec<Bytes>,
    progress: Progress,
}

/// Whether Odoo was asked to write. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<AtomicBool>);

impl Progress {
    /// From now on Odoo may have executed the request.
    pub(super) fn reaches_odoo(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn has_reached_odoo(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl IdempotentRequest {
    /// A request with an `Idempotency-Key`; `None` without the header.
    ///
    /// # Errors
    /// 400 for a repeated or malformed key.
    pub(super) fn parse(store: &IdempotencyStore, head: &Parts, body: &Bytes) -> Result<Option<Self>, Problem> {
        let Some(key) = parse_key(&head.headers)? else { return Ok(None) };
        Ok(Some(Self {
            store: store.clone(),
            key: key.to_owned(),
            parts: compared_parts(head, body),
            progress: Progress::default(),
        }))
    }

    /// The flag that the work sets when it reaches Odoo.
    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Executes the work if this is the first request with its key; otherwise returns the stored response.
    ///
    /// # Errors
    /// Those of the work; 409, 422 and 504 of the key.
    pub(super) async fn execute_once<W>(self, caller: &Principal, work: W) -> Result<Response, Problem>
    where
        W: Future<Output = Result<Response, Problem>> + Send + 'static,
    {
        let Self { store, key, parts, progress } = self;
        let slices: Vec<&[u8]> = parts.iter().map(Bytes::as_ref).collect();
        let result = store.claim(caller, &key, &slices).await?;
        // The parts contain the body, and the work may take long.
        drop(slices);
        drop(parts);
        match result {
            ClaimResult::Replay(stored) => replay(stored),
            ClaimResult::Claimed(claim) => {
                let work = async move { store_outcome(*claim, work.await, &progress).await };
                tokio::spawn(LogContext::current().attach_to(work)).await.map_err(Problem::internal)?
            }
        }
    }
}

/// Stores the outcome of the work, or releases the key.
async fn store_outcome(
    claim: Claim,
    outcome: Result<Response, Problem>,
    progress: &Progress,
) -> Result<Response, Problem> {
    match outcome {
        Ok(response) => store_response(claim, response).await,
        Err(problem) if !progress.has_reached_odoo() || is_retryable(&problem) => {
            claim.release().await;
            Err(problem)
        }
        Err(problem) => {
            claim.store(&StoredResponse(StoredOutcome::Failed(Box::new(problem.clone())))).await;
            Err(problem)
        }
    }
}

/// Whether nothing was done, for a reason that may no longer exist when the client retries.
fn is_retryable(problem: &Problem) -> bool {
    let classes =
        [ErrorClass::Unauthorized, ErrorClass::Forbidden, ErrorClass::TooManyRequests, ErrorClass::Unavailable];
    problem.code == ErrorCode::ConcurrentUpdate || classes.contains(&problem.class())
}

async fn store_response(claim: Claim, response: Response) -> Result<Response, Problem> {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(Problem::internal)?.to_bytes();
    let header = |name: &HeaderName| {
        let value = head.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let headers = STORED_HEADERS.iter().filter_map(header).collect();
    claim.store(&StoredResponse::new(head.status.as_u16(), headers, &body)).await;
    Ok(Response::from_parts(head, Body::from(body)))
}

/// The first response. A problem is rendered again, with the id of this request.
fn replay(StoredResponse(outcome): StoredResponse) -> Result<Response, Problem> {
    let mut response = match outcome {
        StoredOutcome::Failed(problem) => problem.into_response(),
        StoredOutcome::TooLarge { size, .. } => {
            let detail = format!("The request was executed, but its response of {size} bytes was too large to store.");
            let hint = "Read the records to see the result.";
            Problem::new(ErrorCode::IdempotencyAnswerGone, detail).hint(hint).into_response()
        }
        StoredOutcome::Response { status, headers, body } => {
            let status = StatusCode::from_u16(status).map_err(Problem::internal)?;
            let mut response = (status, body).into_response();
            response.headers_mut().remove(CONTENT_TYPE);
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
    };
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_problems_that_wrote_nothing_and_may_pass_are_retryable() {
        let is_retryable = |code| is_retryable(&Problem::new(code, ""));
        for code in [
            ErrorCode::OdooBusy,
            ErrorCode::OdooUnreachable,
            ErrorCode::ConcurrentUpdate,
            ErrorCode::RateLimited,
            ErrorCode::AccessDenied,
            ErrorCode::OdooCredentialStale,
        ] {
            assert!(is_retryable(code), "{code:?}");
        }
        for code in [
            ErrorCode::OutcomeUnknown,
            ErrorCode::OdooInternalError,
            ErrorCode::OdooUnreadable,
            ErrorCode::ResultNotRepresentable,
            ErrorCode::Internal,
            ErrorCode::OdooRefused,
            ErrorCode::UniqueConflict,
            ErrorCode::RecordNotFound,
        ] {
            assert!(!is_retryable(code), "{code:?}");
        }
    }
}
