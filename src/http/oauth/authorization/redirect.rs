//! Redirects of the browser: to the application, or to the page that it came from.
//!
//! In: a URI that is registered for the application, and the parameters to add. Out: a redirect. Must not know: OAuth
//! requests. The URI is never parsed or normalized, only appended to, so it arrives byte for byte as registered
//! (O1-26).

use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use super::raw_parameters::encode;
use crate::error::Problem;
use crate::http::request::ApiRequest;

/// Parameters that are appended to a redirect URI.
#[derive(Debug, Default)]
pub(super) struct RedirectParams(String);

impl RedirectParams {
    /// Adds a parameter.
    pub(super) fn with(self, name: &str, value: &str) -> Self {
        self.with_raw(name, &encode(value))
    }

    /// Adds a parameter whose value is already percent-encoded.
    pub(super) fn with_raw(mut self, name: &str, raw: &str) -> Self {
        for part in [if self.0.is_empty() { "" } else { "&" }, name, "=", raw] {
            self.0.push_str(part);
        }
        self
    }

    /// Appends the parameters to the URI. Its own query stays unchanged.
    pub(super) fn append_to(&self, uri: &str) -> String {
        let separator = match uri.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{uri}{separator}{}", self.0)
    }
}

/// Redirects with 303, so that the browser always uses GET (RFC 9700 section 4.12).
///
/// # Errors
/// 500 if the URI is not a valid header value.
pub(super) fn see_other(uri: &str) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(uri).map_err(Problem::internal)?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}

/// Redirects a submitted form to the URL of its page.
///
/// # Errors
/// 500 if that URL is not a valid header value.
pub(super) fn redirect_to_self(request: &ApiRequest) -> Result<Response, Problem> {
    let target = request.head.uri.path_and_query().map_or("/", |target| target.as_str());
    see_other(&format!("{}{target}", request.state.site.base()))
}

/// The host of a redirect URI as shown to the user, or its scheme if it has no host.
pub(super) fn display_host(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let Some(rest) = rest.strip_prefix("//") else { return Some(scheme) };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    Some(if authority.is_empty() { scheme } else { authority })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_follow_the_query_of_the_uri() {
        let params = || RedirectParams::default().with("code", "a b&c").with_raw("state", "%7e+x");
        let appended = "code=a%20b%26c&state=%7e+x";
        for (uri, expected) in [
            ("https://a/cb", format!("https://a/cb?{appended}")),
            ("https://a/cb?", format!("https://a/cb?{appended}")),
            ("https://a/cb?x=%7e+1", format!("https://a/cb?x=%7e+1&{appended}")),
            ("https://a/cb?x&", format!("https://a/cb?x&{appended}")),
            ("com.example.app:/cb", format!("com.example.app:/cb?{appended}")),
        ] {
            assert_eq!(params().append_to(uri), expected);
        }
    }

    #[test]
    fn display_host_is_the_host_or_the_scheme() {
        assert_eq!(display_host("https://app.example:8443/cb?x"), Some("app.example:8443"));
        assert_eq!(display_host("https://app.example?x"), Some("app.example"));
        assert_eq!(display_host("com.example.app:/cb"), Some("com.example.app"));
        assert_eq!(display_host("myapp://cb"), Some("cb"));
        assert_eq!(display_host("oob"), None);
    }
}
