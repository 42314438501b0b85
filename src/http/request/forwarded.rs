//! By which address the client reached the gateway (O1-09): signatures are made over it.
//!
//! ```text
//! server.public_url   before   X-Forwarded-Proto and -Host of a trusted proxy   before   Host, over http
//! ```
//!
//! In: the request's head, who the peer is, the configured URL. Out: [`Origin`]. Must not know: signatures. Nobody but a
//! proxy that is trusted is believed about how it was reached; no link or redirect is ever made of this.

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use url::Url;

use crate::error::Problem;
use crate::error_code::Code;
use crate::http::middleware::Peer;

/// The part of the URL before the path that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct Origin {
    /// `http` or `https`.
    pub scheme: String,
    /// Host and port, as they were named.
    pub authority: String,
    /// What a proxy cut off the front of the path.
    pub prefix: String,
    /// Whether nobody on the way can listen: TLS, or the way never leaves this machine.
    pub is_private: bool,
}

impl Origin {
    /// Of a request.
    ///
    /// # Errors
    /// 400 when a trusted proxy says two things, or none that can be understood.
    pub(in crate::http) fn of(head: &Parts, public: Option<&Url>) -> Result<Self, Problem> {
        let peer = head.extensions.get::<Peer>().copied().unwrap_or_default();
        if let Some(public) = public {
            return Ok(Self::configured(public, peer));
        }
        let forwarded = |name| if peer.is_trusted { one_of(head, name) } else { Ok(None) };
        let scheme = match forwarded("x-forwarded-proto")? {
            Some(scheme) => known_scheme(scheme)?,
            None => "http".to_owned(),
        };
        let authority = match forwarded("x-forwarded-host")? {
            Some(host) => known_host(host)?,
            None => named(head),
        };
        let is_private = scheme == "https" || (peer.is_loopback && is_loopback(&authority));
        Ok(Self { scheme, authority, prefix: String::new(), is_private })
    }

    fn configured(public: &Url, peer: Peer) -> Self {
        let host = public.host_str().unwrap_or_default();
        let authority = public.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Self {
            scheme: public.scheme().to_owned(),
            prefix: public.path().trim_end_matches('/').to_owned(),
            is_private: public.scheme() == "https" || (peer.is_loopback && is_loopback(&authority)),
            authority,
        }
    }
}

/// The one value of a forwarding header. A list would leave open who of several proxies is meant.
fn one_of<'h>(head: &'h Parts, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let mut values = head.headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| !text.contains(',') && values.next().is_none());
    text.map(|text| Some(text.trim())).ok_or_else(|| unclear(name))
}

fn known_scheme(text: &str) -> Result<String, Problem> {
    let scheme = text.to_ascii_lowercase();
    if matches!(scheme.as_str(), "http" | "https") { Ok(scheme) } else { Err(unclear("x-forwarded-proto")) }
}

fn known_host(text: &str) -> Result<String, Problem> {
    let host = Authority::try_from(text).ok().filter(|host| !host.as_str().contains('@'));
    host.map(|host| host.to_string()).ok_or_else(|| unclear("x-forwarded-host"))
}

fn unclear(name: &'static str) -> Problem {
    let detail = format!("The proxy does not say plainly in {name} by which URL it was reached.");
    Problem::new(Code::MalformedRequest, detail).parameter(name)
}

/// Whom the request names, as the layers have checked it.
fn named(head: &Parts) -> String {
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
    const STRANGER: Peer = Peer { is_trusted: false, is_loopback: false };
    const HERE: Peer = Peer { is_trusted: false, is_loopback: true };

    fn origin(peer: Peer, headers: &[(&str, &str)], public: Option<&str>) -> Result<(String, bool), u16> {
        let mut request = Request::builder().uri("/a").header("host", "gw.example:8080").extension(peer);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let public = public.map(|url| Url::parse(url).unwrap());
        let origin = Origin::of(&head, public.as_ref()).map_err(|wrong| wrong.class().status())?;
        Ok((format!("{}://{}{}", origin.scheme, origin.authority, origin.prefix), origin.is_private))
    }

    const FORWARDED: [(&str, &str); 2] = [("x-forwarded-proto", "https"), ("x-forwarded-host", "api.example")];

    #[test]
    fn o1_09_only_a_trusted_proxy_is_believed() {
        assert_eq!(origin(PROXY, &FORWARDED, None), Ok(("https://api.example".to_owned(), true)));
        assert_eq!(origin(STRANGER, &FORWARDED, None), Ok(("http://gw.example:8080".to_owned(), false)));
        assert_eq!(origin(PROXY, &[], None), Ok(("http://gw.example:8080".to_owned(), false)));
    }

    #[test]
    fn o1_09_what_is_configured_comes_first() {
        for peer in [PROXY, STRANGER, HERE] {
            let public = Some("https://api.example:444/odoo/");
            assert_eq!(origin(peer, &FORWARDED, public), Ok(("https://api.example:444/odoo".to_owned(), true)));
        }
        assert_eq!(origin(HERE, &[], Some("http://localhost:8080")), Ok(("http://localhost:8080".to_owned(), true)));
        assert_eq!(origin(HERE, &[], Some("http://api.example")), Ok(("http://api.example".to_owned(), false)));
    }

    #[test]
    fn o1_09_a_proxy_that_says_two_things_is_400() {
        for headers in [
            [("x-forwarded-proto", "https, http"), ("x-forwarded-host", "a")],
            [("x-forwarded-proto", "https"), ("x-forwarded-proto", "https")],
            [("x-forwarded-proto", "ftp"), ("x-forwarded-host", "a")],
            [("x-forwarded-proto", "https"), ("x-forwarded-host", "a/b")],
            [("x-forwarded-proto", "https"), ("x-forwarded-host", "u@a")],
        ] {
            assert_eq!(origin(PROXY, &headers, None), Err(400), "{headers:?}");
            assert!(origin(STRANGER, &headers, None).is_ok(), "{headers:?}");
        }
    }

    #[test]
    fn o1_14_what_stays_on_this_machine_is_private() {
        for (host, private) in
            [("localhost:1", true), ("127.0.0.9", true), ("[::1]:80", true), ("127.0.0.1.evil", false)]
        {
            assert_eq!(is_loopback(host), private, "{host}");
        }
        assert!(!origin(HERE, &[], None).unwrap().1, "the name is another's");
    }
}
