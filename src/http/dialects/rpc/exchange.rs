//! What the two protocols share: the body of a request, and the headers of a response.
//!
//! In: a request whose sender is not known yet; the body of a response. Out: bytes; a response. Must not know: XML,
//! JSON.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::error::{Problem, RateLimit};
use crate::http::body_budget::BodySender;
use crate::http::request::ApiRequest;
use crate::http::request::body::BodyLimits;
use crate::http::response::headers::{set_rate_limit, set_retry_after};

/// Reads a body whose sender is not known yet.
///
/// # Errors
/// 413 if it is too large, 400 if it does not arrive completely, 503 if too many large bodies are in flight.
pub(super) async fn read_body(request: &mut ApiRequest) -> Result<Bytes, Problem> {
    let largest = BodyLimits::largest_in(&request.head.extensions);
    let timing = request.timing.clone();
    let reading = request.body.read(largest, &request.state.body_budget, BodySender::Unauthenticated);
    timing.time("body", reading).await
}

/// A response with this body.
pub(super) fn respond(body: Bytes, media: &'static str, rate_limit: Option<RateLimit>) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    if let Some(limit) = rate_limit {
        set_rate_limit(limit, headers);
    }
    response
}

/// A response with this body for a problem, whose code is logged. A fault has no place for the time to wait, so it is
/// in a header.
pub(super) fn respond_to_problem(
    request: &ApiRequest,
    problem: &Problem,
    body: Bytes,
    media: &'static str,
) -> Response {
    request.log.code(problem.code.as_str());
    let mut response = respond(body, media, problem.rate_limit);
    if let Some(after) = problem.retry_after {
        set_retry_after(after, response.headers_mut());
    }
    response
}
