//! Headers that restrict browsers and caches (H-09, H-10).
//!
//! In: a response. Out: the same response with the headers that its handler did not set. Must not know: the request.

use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, ORIGIN,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};

/// The request headers that select the representation.
const VARY_API: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Authorization, Prefer");
const VARY_API_ORIGIN: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Authorization, Prefer, Origin");

/// Responses that are not HTML load nothing and cannot be framed.
const API_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// HTML from Odoo, such as a report or a file, keeps its styles and embedded images but runs nothing. The gateway's
/// own pages set their own policy.
const ODOO_HTML_POLICY: HeaderValue = HeaderValue::from_static(
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'none'",
);

/// Adds the headers. `with_cors`: the response differs for scripts of some origins, now or as soon as an application
/// has one, so that no cache may give it to another origin.
pub(super) fn set_security_headers(headers: &mut HeaderMap, with_cors: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let policy = if is_html(headers) { ODOO_HTML_POLICY } else { API_POLICY };
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    // The compression layer sets `Accept-Encoding` alone. Any other value comes from the handler and stays.
    let is_from_handler = headers
        .get(VARY)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(ACCEPT_ENCODING.as_str().as_bytes()));
    if !is_from_handler {
        headers.insert(VARY, if with_cors { VARY_API_ORIGIN } else { VARY_API });
    } else if with_cors && !varies_by_origin(headers) {
        headers.append(VARY, HeaderValue::from_name(ORIGIN));
    }
}

fn varies_by_origin(headers: &HeaderMap) -> bool {
    let names = headers.get_all(VARY).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    names.map(str::trim).any(|name| name == "*" || name.eq_ignore_ascii_case(ORIGIN.as_str()))
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_without_headers_gets_all_of_them() {
        let mut headers = HeaderMap::new();
        set_security_headers(&mut headers, false);
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[VARY], "Accept, Accept-Encoding, Authorization, Prefer");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'");
    }

    #[test]
    fn headers_of_the_handler_stay() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        set_security_headers(&mut headers, false);
        assert_eq!(headers[CACHE_CONTROL], "private, no-cache");
        assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("sandbox; default-src 'none';"));
        let mut page = HeaderMap::new();
        page.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        page.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        set_security_headers(&mut page, false);
        assert_eq!(page[CONTENT_SECURITY_POLICY], "default-src 'self'");
    }

    #[test]
    fn with_cors_responses_vary_by_origin() {
        let mut headers = HeaderMap::new();
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        set_security_headers(&mut headers, true);
        assert_eq!(headers[VARY], "Accept, Accept-Encoding, Authorization, Prefer, Origin");
        for (from_handler, expected) in [
            ("Accept-Language", vec!["Accept-Language", "origin"]),
            ("Accept, origin", vec!["Accept, origin"]),
            ("*", vec!["*"]),
        ] {
            let mut headers = HeaderMap::from_iter([(VARY, HeaderValue::from_static(from_handler))]);
            set_security_headers(&mut headers, true);
            assert_eq!(headers.get_all(VARY).iter().collect::<Vec<_>>(), expected);
        }
    }
}
