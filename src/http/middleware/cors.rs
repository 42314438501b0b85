//! CORS: scripts of certain origins may read responses, and of no other origin (H-08). Origins are compared byte for
//! byte.
//!
//! The configured origins may read every response. The origins of applications pass every preflight, and may read the
//! response if no credential was verified, or one of their application.
//!
//! In: `Origin`, the configured origins, those of applications. Out: the response to a preflight request, or headers of
//! a response. Must not know: routes; a preflight is answered alike for all. Credentials mode and access to private
//! networks are never allowed: the API uses no cookies, and pages of the internet need no gateway of an intranet.
//!
//! Not `tower_http::cors`, which answers preflights with 200 and sets its own `Vary`: clients see 204 here, and
//! `Vary` is set by `security_headers` for every other response.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};

use crate::auth::{ApplicationOrigins, CredentialOwner};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// Every header that a script may need, except those that scripts can always read, such as `Content-Type` (Fetch
/// section 2.2.6, "CORS-safelisted response-header name").
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Allow, Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Location, \
     Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, WWW-Authenticate, X-Omitted-Fields, \
     X-Read-Back, X-Request-Id, X-Result-Omitted",
);
/// The response to a preflight repeats the names of the headers that the script wants to send.
const VARY_PREFLIGHT: HeaderValue = HeaderValue::from_static("Origin, Access-Control-Request-Headers");
/// How long a browser may cache the response to a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins whose scripts may read responses.
#[derive(Debug)]
pub(super) struct CorsOrigins<'a> {
    /// May read every response.
    pub(super) configured: &'a [String],
    /// May read what concerns their application. `None`: there are none.
    pub(super) of_applications: Option<&'a ApplicationOrigins>,
}

/// The origin of a request that passes the preflight.
#[derive(Debug)]
pub(super) struct AllowedOrigin {
    value: HeaderValue,
    is_configured: bool,
}

impl CorsOrigins<'_> {
    /// The origin of the request, if it is allowed to send requests. `null` is never allowed.
    pub(super) async fn allowed_origin(&self, headers: &HeaderMap) -> Option<AllowedOrigin> {
        let origin = headers.get(ORIGIN)?;
        let is_known = |known: &String| known != "null" && known.as_bytes() == origin.as_bytes();
        let is_configured = self.configured.iter().any(is_known);
        let is_allowed = is_configured || self.is_of_application(origin, &CredentialOwner::Unverified).await;
        is_allowed.then(|| AllowedOrigin { value: origin.clone(), is_configured })
    }

    /// Allows scripts of the origin to read the response to a request with this credential.
    pub(super) async fn expose(&self, headers: &mut HeaderMap, origin: AllowedOrigin, owner: &CredentialOwner) {
        if origin.is_configured || self.is_of_application(&origin.value, owner).await {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.value);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }

    async fn is_of_application(&self, origin: &HeaderValue, owner: &CredentialOwner) -> bool {
        match (self.of_applications, origin.to_str()) {
            // Boxed, because few requests come from pages: the future of every request would contain it.
            (Some(origins), Ok(origin)) => Box::pin(origins.allows(origin, owner)).await,
            _ => false,
        }
    }
}

/// The response, if the request is the preflight of an allowed origin.
pub(super) fn preflight<B>(request: &Request<B>, origin: Option<&AllowedOrigin>) -> Option<Response> {
    let headers = request.headers();
    let is_preflight = request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight || origin.is_none() {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    response.headers_mut().insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response.headers_mut().insert(VARY, VARY_PREFLIGHT);
    if let Some(requested) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn allowed(origin: &str) -> bool {
        let origins = ["https://app.example".to_owned(), "null".to_owned()];
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::try_from(origin).unwrap());
        CorsOrigins { configured: &origins, of_applications: None }.allowed_origin(&headers).await.is_some()
    }

    #[tokio::test]
    async fn only_an_identical_origin_is_allowed() {
        assert!(allowed("https://app.example").await);
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
            assert!(!allowed(origin).await, "{origin}");
        }
    }

    #[test]
    fn only_preflights_of_allowed_origins_are_answered() {
        let origin = AllowedOrigin { value: HeaderValue::from_static("https://app.example"), is_configured: true };
        let request = Request::options("/any")
            .header(ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .header(ACCESS_CONTROL_REQUEST_HEADERS, "authorization, x-odoo-lang")
            .header("access-control-request-private-network", "true")
            .body(())
            .unwrap();
        let response = preflight(&request, Some(&origin)).unwrap();
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "authorization, x-odoo-lang");
        assert_eq!(response.headers()[ACCESS_CONTROL_MAX_AGE], "600");
        assert_eq!(response.headers()[VARY], "Origin, Access-Control-Request-Headers");
        for never in ["access-control-allow-private-network", "access-control-allow-credentials"] {
            assert!(!response.headers().contains_key(never), "{never}");
        }
        assert!(preflight(&request, None).is_none());
        assert!(preflight(&Request::options("/any").body(()).unwrap(), Some(&origin)).is_none());
    }
}
