//! CORS: scripts of the configured origins may read responses, and of no other origin (H-08). Origins are compared
//! byte for byte.
//!
//! In: `Origin`, the configured origins. Out: the response to a preflight request, or headers of a response. Must not
//! know: routes; a preflight is answered alike for all. Credentials mode is never allowed, as the API uses no
//! cookies.
//!
//! Not `tower_http::cors`, which answers preflights with 200 and sets its own `Vary`: clients see 204 here, and
//! `Vary` is set by `security_headers` for every response.

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
/// How long a browser may cache the response to a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origin of the request, if it is configured. `null` is never allowed.
pub(super) fn allowed_origin(headers: &HeaderMap, origins: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let known = origins.iter().any(|known| known != "null" && known.as_bytes() == origin.as_bytes());
    known.then(|| origin.clone())
}

/// The response, if the request is the preflight of an allowed origin.
pub(super) fn preflight<B>(request: &Request<B>, origin: Option<&HeaderValue>) -> Option<Response> {
    let headers = request.headers();
    let is_preflight = request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight || origin.is_none() {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    response.headers_mut().insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    if let Some(requested) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
    }
    Some(response)
}

/// Allows scripts of the origin to read the response.
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
    fn only_an_identical_origin_is_allowed() {
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
    fn only_preflights_of_allowed_origins_are_answered() {
        let origin = HeaderValue::from_static("https://app.example");
        let request = Request::options("/any")
            .header(ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization, x-odoo-lang")
            .body(())
            .unwrap();
        let response = preflight(&request, Some(&origin)).unwrap();
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "authorization, x-odoo-lang");
        assert!(preflight(&request, None).is_none());
        assert!(preflight(&Request::options("/any").body(()).unwrap(), Some(&origin)).is_none());
    }
}
