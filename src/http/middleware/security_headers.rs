//! Headers that keep browsers and caches from doing more than they should (H-09, H-10).
//!
//! In: an answer. Out: the same with what its handler did not say itself. Must not know: what was asked.

use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, REFERRER_POLICY,
    VARY, X_CONTENT_TYPE_OPTIONS,
};

/// On what an answer depends besides its target.
const VARY_API: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Authorization, Prefer");
const VARY_API_ORIGIN: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Authorization, Prefer, Origin");

/// What is not a page loads nothing and is framed by nobody.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// HTML that a handler passes on from Odoo: a report, a file. It may look as it was made to look, and run nothing. The
/// gateway's own pages bring a policy of their own.
const FOREIGN_HTML: HeaderValue = HeaderValue::from_static(
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'none'",
);

/// Adds them.
pub(super) fn harden(headers: &mut HeaderMap, with_cors: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let policy = if is_html(headers) { FOREIGN_HTML } else { NO_PAGE };
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    // Compression says `Accept-Encoding` alone; a handler that says more knows better.
    let own = headers
        .get(VARY)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(ACCEPT_ENCODING.as_str().as_bytes()));
    if !own {
        headers.insert(VARY, if with_cors { VARY_API_ORIGIN } else { VARY_API });
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_answer_gets_them_all() {
        let mut headers = HeaderMap::new();
        harden(&mut headers, false);
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers[VARY], "Accept, Accept-Encoding, Authorization, Prefer");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'");
    }

    #[test]
    fn what_the_handler_said_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        harden(&mut headers, false);
        assert_eq!(headers[CACHE_CONTROL], "private, no-cache");
        assert!(headers[CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("sandbox; default-src 'none';"));
        let mut page = HeaderMap::new();
        page.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        page.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        harden(&mut page, false);
        assert_eq!(page[CONTENT_SECURITY_POLICY], "default-src 'self'");
    }

    #[test]
    fn with_cors_answers_depend_on_the_origin() {
        let mut headers = HeaderMap::new();
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        harden(&mut headers, true);
        assert_eq!(headers[VARY], "Accept, Accept-Encoding, Authorization, Prefer, Origin");
    }
}
