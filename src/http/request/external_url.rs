//! The URL by which the client reached the gateway, which OAuth 1.0a signatures cover (O1-09). In order of precedence:
//!
//! ```text
//! 1. server.public_url
//! 2. X-Forwarded-Proto and X-Forwarded-Host, from a trusted proxy only
//! 3. Host, over http
//! ```
//!
//! In: the head of the request, the [`Peer`], the configured URL. Out: [`ExternalUrl`]. Must not know: signatures.
//! Links and redirects never use this URL.

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use url::{Position, Url};

use super::peer::Peer;
use super::request_facts::RequestFacts;
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The part of the URL before the path that the gateway received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct ExternalUrl {
    /// `http` or `https`.
    pub scheme: String,
    /// Host and port, as the client or the proxy wrote them.
    pub authority: String,
    /// The path prefix that a proxy removed.
    pub prefix: String,
    /// Whether the connection cannot be intercepted: it uses TLS or does not leave this machine.
    pub is_confidential: bool,
}

impl ExternalUrl {
    /// The URL of a request.
    ///
    /// # Errors
    /// 400 for ambiguous or malformed headers of a trusted proxy.
    pub(in crate::http) fn from_request(head: &Parts, public: Option<&Url>) -> Result<Self, Problem> {
        let peer = RequestFacts::from_extensions(&head.extensions).map_or_else(Peer::default, |facts| facts.peer);
        if let Some(public) = public {
            return Ok(Self::from_public_url(public, peer));
        }
        let forwarded = |name| if peer.is_trusted { single_value(head, name) } else { Ok(None) };
        let scheme = match forwarded("x-forwarded-proto")? {
            Some(scheme) => parse_scheme(scheme)?,
            None => "http".to_owned(),
        };
        let authority = match forwarded("x-forwarded-host")? {
            Some(host) => parse_host(host)?,
            None => requested_host(head),
        };
        let is_confidential = scheme == "https" || (peer.is_loopback && is_loopback(&authority));
        Ok(Self { scheme, authority, prefix: String::new(), is_confidential })
    }

    fn from_public_url(public: &Url, peer: Peer) -> Self {
        let authority = public[Position::BeforeHost..Position::AfterPort].to_owned();
        Self {
            scheme: public.scheme().to_owned(),
            prefix: public.path().trim_end_matches('/').to_owned(),
            is_confidential: public.scheme() == "https" || (peer.is_loopback && is_loopback(&authority)),
            authority,
        }
    }
}

/// The value of a forwarding header. A list is rejected: it does not define which proxy it is from.
fn single_value<'h>(head: &'h Parts, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let mut values = head.headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| !text.contains(',') && values.next().is_none());
    text.map(|text| Some(text.trim())).ok_or_else(|| ambiguous(name))
}

fn parse_scheme(text: &str) -> Result<String, Problem> {
    let scheme = text.to_ascii_lowercase();
    if matches!(scheme.as_str(), "http" | "https") { Ok(scheme) } else { Err(ambiguous("x-forwarded-proto")) }
}

fn parse_host(text: &str) -> Result<String, Problem> {
    let host = Authority::try_from(text).ok().filter(|host| !host.as_str().contains('@'));
    host.map(|host| host.to_string()).ok_or_else(|| ambiguous("x-forwarded-host"))
}

fn ambiguous(name: &'static str) -> Problem {
    let detail = format!("The `{name}` header from the trusted proxy is malformed or ambiguous.");
    let hint = "The proxy must replace this header by a single value.";
    Problem::new(ErrorCode::MalformedRequest, detail).parameter(name).hint(hint)
}

/// The host of the request, which the middleware has validated.
fn requested_host(head: &Parts) -> String {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let target = head.uri.authority().map(Authority::as_str);
    host.or(target).unwrap_or_default().to_owned()
}

fn is_loopback(authority: &str) -> bool {
    let Ok(authority) = Authority::try_from(authority) else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const PROXY: Peer = Peer { is_trusted: true, is_loopback: false };
    const UNTRUSTED: Peer = Peer { is_trusted: false, is_loopback: false };
    const LOOPBACK: Peer = Peer { is_trusted: false, is_loopback: true };

    fn external_url(peer: Peer, headers: &[(&str, &str)], public: Option<&str>) -> Result<(String, bool), u16> {
        let facts = RequestFacts { peer, ..RequestFacts::default() };
        let mut request = Request::builder().uri("/a").header("host", "gw.example:8080").extension(facts);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let public = public.map(|url| Url::parse(url).unwrap());
        let url = ExternalUrl::from_request(&head, public.as_ref()).map_err(|problem| problem.class().status())?;
        Ok((format!("{}://{}{}", url.scheme, url.authority, url.prefix), url.is_confidential))
    }

    const FORWARDED: [(&str, &str); 2] = [("x-forwarded-proto", "https"), ("x-forwarded-host", "api.example")];

    #[test]
    fn o1_09_only_headers_of_a_trusted_proxy_count() {
        assert_eq!(external_url(PROXY, &FORWARDED, None), Ok(("https://api.example".to_owned(), true)));
        assert_eq!(external_url(UNTRUSTED, &FORWARDED, None), Ok(("http://gw.example:8080".to_owned(), false)));
        assert_eq!(external_url(PROXY, &[], None), Ok(("http://gw.example:8080".to_owned(), false)));
    }

    #[test]
    fn o1_09_the_configured_url_takes_precedence() {
        for peer in [PROXY, UNTRUSTED, LOOPBACK] {
            let public = Some("https://api.example:444/odoo/");
            assert_eq!(external_url(peer, &FORWARDED, public), Ok(("https://api.example:444/odoo".to_owned(), true)));
        }
        assert_eq!(
            external_url(LOOPBACK, &[], Some("http://localhost:8080")),
            Ok(("http://localhost:8080".to_owned(), true))
        );
        assert_eq!(
            external_url(LOOPBACK, &[], Some("http://api.example")),
            Ok(("http://api.example".to_owned(), false))
        );
    }

    #[test]
    fn o1_09_ambiguous_headers_of_a_trusted_proxy_are_400() {
        for headers in [
            [("x-forwarded-proto", "https, http"), ("x-forwarded-host", "a")],
            [("x-forwarded-proto", "https"), ("x-forwarded-proto", "https")],
            [("x-forwarded-proto", "ftp"), ("x-forwarded-host", "a")],
            [("x-forwarded-proto", "https"), ("x-forwarded-host", "a/b")],
            [("x-forwarded-proto", "https"), ("x-forwarded-host", "u@a")],
        ] {
            assert_eq!(external_url(PROXY, &headers, None), Err(400), "{headers:?}");
            assert!(external_url(UNTRUSTED, &headers, None).is_ok(), "{headers:?}");
        }
    }

    #[test]
    fn o1_14_loopback_connections_are_confidential() {
        for (host, is_confidential) in
            [("localhost:1", true), ("127.0.0.9", true), ("[::1]:80", true), ("127.0.0.1.evil", false)]
        {
            assert_eq!(is_loopback(host), is_confidential, "{host}");
        }
        assert!(!external_url(LOOPBACK, &[], None).unwrap().1, "the host is not a loopback host");
    }
}
