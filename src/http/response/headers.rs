//! Response headers that buffered responses and exports share.
//!
//! In: facts of the outcome. Out: headers. Must not know: dialects, requests.

use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};

use crate::error::RateLimit;

/// Sets `X-Omitted-Fields` to the names of the fields whose values Odoo could not send; not set if there are none.
pub(in crate::http) fn set_omitted_fields(fields: &[String], headers: &mut HeaderMap) {
    if let (false, Ok(names)) = (fields.is_empty(), HeaderValue::try_from(fields.join(", "))) {
        headers.insert("x-omitted-fields", names);
    }
}

/// Sets `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) of the caller's key. Times are in
/// seconds, rounded up.
pub(in crate::http) fn set_rate_limit(limit: RateLimit, headers: &mut HeaderMap) {
    let RateLimit { quota, window, remaining, reset } = limit;
    let reset = seconds_rounded_up(reset);
    let fields = [
        ("ratelimit-policy", format!(r#""key";q={quota};w={window}"#)),
        ("ratelimit", format!(r#""key";r={remaining};t={reset}"#)),
    ];
    for (name, text) in fields {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

/// Sets `Retry-After` to this time in seconds, rounded up, at least 1.
pub(in crate::http) fn set_retry_after(after: Duration, headers: &mut HeaderMap) {
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds_rounded_up(after).max(1)));
}

fn seconds_rounded_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
