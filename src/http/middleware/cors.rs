//! Which pages of other origins may read answers (H-08): those configured, byte for byte, and no other.
//!
//! In: `Origin`, the configured list. Out: the answer to a preflight, or headers on an answer. Must not know:
//! routes; a preflight is answered alike for all. No credentials mode: the gateway keeps no cookies for its API.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, \
     RateLimit, RateLimit-Policy, Retry-After, Server-Timing, WWW-Authenticate, X-Omitted-Fields, X-Read-Back, \
     X-Request-Id, X-Result-Omitted",
);
/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origin that asks, if it is one of those configured. `null` cannot be configured.
pub(super) fn allowed_origin(headers: &HeaderMap, origins: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let known = origins.iter().any(|known| known != "null" && known.as_bytes() == origin.as_bytes());
    known.then(|| origin.clone())
}

/// The answer, when an allowed origin asks in advance.
pub(super) fn preflight<B>(request: &Request<B>, origin: Option<&HeaderValue>) -> Option<Response> {
    let headers = request.headers();
    let asks = request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || origin.is_none() {
        return None;
    }
    let mut answer = StatusCode::NO_CONTENT.into_response();
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    answer.headers_mut().insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    Some(answer)
}

/// Lets the allowed origin read the answer.
pub(super) fn expose(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origin: &str) -> bool {
        let origins = ["https://app.example".to_owned(), "null".to_owned()];
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::try_from(origin).unwrap());
        allowed_origin(&headers, &origins).is_some()
    }

    #[test]
    fn only_the_very_same_origin_is_allowed() {
        assert!(allowed("https://app.example"));
        for origin in [
            "null",
            "http://app.example",
            "https://app.example:444",
            "https://app.example.evil",
            "https://evil-app.example",
            "https://sub.app.example",
            "https://APP.example",
            "*",
            "",
        ] {
            assert!(!allowed(origin), "{origin}");
        }
    }

    #[test]
    fn a_preflight_is_answered_for_the_allowed_only() {
        let origin = HeaderValue::from_static("https://app.example");
        let request = Request::options("/any")
            .header(ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization, x-odoo-lang")
            .body(())
            .unwrap();
        let answer = preflight(&request, Some(&origin)).unwrap();
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "authorization, x-odoo-lang");
        assert!(preflight(&request, None).is_none());
        assert!(preflight(&Request::options("/any").body(()).unwrap(), Some(&origin)).is_none());
    }
}
