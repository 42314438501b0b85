//! Where a browser is sent when all is decided.
//!
//! In: an address that is known to be the application's, what to tell it. Out: the answer. Must not know: who asks. The
//! address is never read or put in order, only added to: it arrives as it was registered, byte for byte (O1-26).

use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use super::parameters::encoded;
use crate::error::Problem;

/// What is told at the end of an address.
#[derive(Debug, Default)]
pub(super) struct Told(String);

impl Told {
    /// Adds a parameter.
    pub(super) fn with(self, name: &str, value: &str) -> Self {
        self.with_raw(name, &encoded(value))
    }

    /// Adds a parameter that is encoded already.
    pub(super) fn with_raw(mut self, name: &str, raw: &str) -> Self {
        for part in [if self.0.is_empty() { "" } else { "&" }, name, "=", raw] {
            self.0.push_str(part);
        }
        self
    }

    /// The address with that behind its own query, which stays as it is byte for byte.
    pub(super) fn to(&self, uri: &str) -> String {
        let between = match uri.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{uri}{between}{}", self.0)
    }
}

/// Sends the browser on, with GET whatever it sent here (RFC 9700 section 4.12).
///
/// # Errors
/// 500 for what can be no address.
pub(super) fn see_other(uri: &str) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(uri).map_err(Problem::internal)?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}

/// The host of an address, to be shown; the scheme where there is none.
pub(super) fn place(uri: &str) -> Option<&str> {
    let (scheme, after) = uri.split_once(':')?;
    let Some(after) = after.strip_prefix("//") else { return Some(scheme) };
    let authority = after.split(['/', '?']).next().unwrap_or_default();
    Some(if authority.is_empty() { scheme } else { authority })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_stands_behind_the_addresses_own_query() {
        let told = || Told::default().with("code", "a b&c").with_raw("state", "%7e+x");
        let end = "code=a%20b%26c&state=%7e+x";
        for (uri, expected) in [
            ("https://a/cb", format!("https://a/cb?{end}")),
            ("https://a/cb?", format!("https://a/cb?{end}")),
            ("https://a/cb?x=%7e+1", format!("https://a/cb?x=%7e+1&{end}")),
            ("https://a/cb?x&", format!("https://a/cb?x&{end}")),
            ("com.example.app:/cb", format!("com.example.app:/cb?{end}")),
        ] {
            assert_eq!(told().to(uri), expected);
        }
    }

    #[test]
    fn one_is_told_to_which_host_one_goes() {
        assert_eq!(place("https://app.example:8443/cb?x"), Some("app.example:8443"));
        assert_eq!(place("https://app.example?x"), Some("app.example"));
        assert_eq!(place("com.example.app:/cb"), Some("com.example.app"));
        assert_eq!(place("myapp://cb"), Some("cb"));
        assert_eq!(place("oob"), None);
    }
}
