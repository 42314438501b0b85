//! Where a browser is sent when all is decided.
//!
//! ```text
//! loopback = "http://" ( "127.0.0.1" | "[::1]" ) [ ":" port ] rest        rest begins with "/" or "?", or is empty
//! ```
//!
//! In: registered addresses, the one that was sent, what to tell it. Out: whether it is one of them, and the answer.
//! Must not know: who asks. Addresses are compared byte for byte, nothing is decoded or put in order first: what two
//! readers could take for different addresses is different (RFC 9700 section 4.1.3). A program on the user's own
//! machine cannot know its port in advance, so between loopback addresses only that may differ (RFC 8252 section 7.3).

use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use super::parameters::encoded;
use crate::error::Problem;

/// Whether `sent` is the `registered` address.
pub(super) fn is_registered(registered: &str, sent: &str) -> bool {
    if registered == sent {
        return true;
    }
    match (Loopback::parse(registered), Loopback::parse(sent)) {
        (Some(registered), Some(sent)) => registered == sent,
        _ => false,
    }
}

/// A loopback address without its port.
#[derive(PartialEq, Eq)]
struct Loopback<'u> {
    host: &'static str,
    rest: &'u str,
}

impl<'u> Loopback<'u> {
    fn parse(uri: &'u str) -> Option<Self> {
        let after = uri.strip_prefix("http://")?;
        let (host, after) = ["127.0.0.1", "[::1]"].into_iter().find_map(|host| Some((host, after.strip_prefix(host)?)))?;
        let rest = match after.strip_prefix(':') {
            Some(port) => {
                let digits = port.bytes().take_while(u8::is_ascii_digit).count();
                let (port, rest) = port.split_at_checked(digits)?;
                port.parse::<u16>().ok().filter(|number| *number > 0 && !port.starts_with('0'))?;
                rest
            }
            None => after,
        };
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(Self { host, rest })
    }
}

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

    /// O2-01.
    #[test]
    fn only_the_very_same_address_is_the_registered_one() {
        let registered = "https://app.example/cb";
        assert!(is_registered(registered, registered));
        for sent in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://app.example/cb?x",
            "https://app.example/cb?",
            "https://app.example/cb#",
            "https://app.example/cb%2f..",
            "https://app.example/cb/../cb",
            "https://app.example/%63b",
            "https://app.example/c",
            "https://app.example//cb",
            "https://app.example/cb@evil.example",
            "https://app.example@evil.example/cb",
            "https://user@app.example/cb",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https://app.example./cb",
            "https://app.example.evil.example/cb",
            "https://APP.example/cb",
            "HTTPS://app.example/cb",
            "http://app.example/cb",
            "//app.example/cb",
            "//evil.example/cb",
            "/cb",
            "https:/app.example/cb",
            "https:\\\\app.example\\cb",
            "https://app.example\\cb",
            "https://аpp.example/cb",
            "https://app.example/cb\t",
            "https://app.example/cb\r\nx:y",
            " https://app.example/cb",
            "https://app.example/cb ",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!is_registered(registered, sent), "{sent}");
        }
    }

    #[test]
    fn between_loopback_addresses_the_port_may_differ_and_nothing_else() {
        let ipv4 = "http://127.0.0.1/cb";
        for sent in ["http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", ipv4] {
            assert!(is_registered(ipv4, sent) && is_registered(sent, ipv4), "{sent}");
        }
        assert!(is_registered("http://[::1]:4711/cb?a=b", "http://[::1]:4712/cb?a=b"));
        assert!(is_registered("http://127.0.0.1:1", "http://127.0.0.1:2"));
        for sent in [
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:080/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:+1/cb",
            "http://127.0.0.1:1@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:1/cb/",
            "http://127.0.0.1:1/cb?x",
            "http://127.0.0.1:1\\cb",
            "http://127.1:1/cb",
            "http://2130706433/cb",
            "http://127.0.0.2:1/cb",
            "http://localhost:1/cb",
            "http://[::1]:1/cb",
            "https://127.0.0.1:1/cb",
        ] {
            assert!(!is_registered(ipv4, sent), "{sent}");
        }
        assert!(!is_registered("http://localhost:1/cb", "http://localhost:2/cb"));
        assert!(!is_registered("https://127.0.0.1:1/cb", "https://127.0.0.1:2/cb"));
    }

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
