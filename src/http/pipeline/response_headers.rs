//! The headers that the pipeline adds to a response.
//!
//! In: the outcome, the caller, the applied preferences. Out: headers. Must not know: the dialect, which may have set
//! headers of its own.

use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use crate::auth::Principal;
use crate::http::response::headers::{set_omitted_fields, set_rate_limit};
use crate::http::response::negotiate::{Media, Preferences};
use crate::odoo::{Outcome, RecordSource};

/// Adds the headers that `render` did not set.
pub(super) fn add_headers(response: &mut Response, headers: HeaderMap) {
    if response.headers().is_empty() {
        *response.headers_mut() = headers;
        return;
    }
    for (name, value) in headers {
        if let Some(name) = name {
            response.headers_mut().entry(name).or_insert(value);
        }
    }
}

/// The number of headers that responses usually have, including those of the middleware.
const USUAL_HEADERS: usize = 12;

/// The headers of a buffered outcome.
pub(super) fn outcome_headers(outcome: &Outcome, media: Media) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(USUAL_HEADERS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    if is_result_omitted(outcome) {
        headers.insert("x-result-omitted", HeaderValue::from_static("not-representable"));
    }
    if let Outcome::Records(records) = outcome {
        if matches!(records.source, RecordSource::Written(_)) {
            headers.insert("x-read-back", HeaderValue::from_static("failed"));
        }
        set_omitted_fields(&records.omitted, &mut headers);
    }
    headers
}

/// Whether a method ran whose result cannot be represented.
pub(super) fn is_result_omitted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Result(reply) | Outcome::Groups(reply, _) if reply.is_omitted())
}

/// Sets the headers of every response, buffered or streamed.
pub(super) fn set_common_headers(caller: &Principal, preferences: Preferences, headers: &mut HeaderMap) {
    if let Some(Ok(applied)) = preferences.applied().map(HeaderValue::try_from) {
        headers.insert("preference-applied", applied);
    }
    if let Some(limit) = caller.rate_limit {
        set_rate_limit(limit, headers);
    }
}
