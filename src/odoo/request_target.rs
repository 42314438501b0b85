//! The URL of one of Odoo's services, prepared for requests.
//!
//! In: a URL. Out: the URL; for plain HTTP also the address of the server and the beginning of every request. Must not
//! know: what is sent to the URL.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::Url;
use url::{Host, Position};

/// The `User-Agent` of all requests to Odoo.
pub(super) const USER_AGENT: &str = concat!("odoo-gateway/", env!("CARGO_PKG_VERSION"));

/// The URL of a service.
#[derive(Debug, Clone)]
pub(super) struct ServiceUrl {
    url: Url,
    plain: Option<PlainTarget>,
}

/// Where requests over plain HTTP go, and how they begin.
#[derive(Debug, Clone)]
pub(super) struct PlainTarget {
    pub(super) address: Arc<HostAddress>,
    /// The request line of a `POST` and the headers that are the same for all requests, each with its line end.
    pub(super) head: Arc<[u8]>,
}

/// The address of a server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HostAddress {
    /// An address that needs no resolver.
    Numeric(SocketAddr),
    /// A host name and a port.
    Name(String, u16),
}

impl ServiceUrl {
    /// The service at an http or https URL with a host.
    pub(super) fn new(url: Url) -> Self {
        let plain = if url.scheme() == "http" { PlainTarget::from_url(&url) } else { None };
        Self { url, plain }
    }

    /// A service that is called with the client for TLS, whatever its scheme.
    #[cfg(test)]
    pub(super) fn for_reqwest(url: Url) -> Self {
        Self { url, plain: None }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The target of an `http` URL.
    pub(super) fn plain(&self) -> Option<&PlainTarget> {
        self.plain.as_ref()
    }
}

impl PlainTarget {
    fn from_url(url: &Url) -> Option<Self> {
        let port = url.port_or_known_default()?;
        let address = match url.host()? {
            Host::Domain(name) => HostAddress::Name(name.to_owned(), port),
            Host::Ipv4(address) => HostAddress::Numeric((address, port).into()),
            Host::Ipv6(address) => HostAddress::Numeric((address, port).into()),
        };
        let authority = &url[Position::BeforeHost..Position::AfterPort];
        let head =
            format!("POST {} HTTP/1.1\r\nhost: {authority}\r\naccept: */*\r\nuser-agent: {USER_AGENT}\r\n", url.path());
        Some(Self { address: Arc::new(address), head: head.into_bytes().into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Option<(HostAddress, String)> {
        let target = ServiceUrl::new(Url::parse(url).unwrap()).plain?;
        let head = String::from_utf8(target.head.to_vec()).unwrap();
        Some((Arc::into_inner(target.address).unwrap(), head))
    }

    #[test]
    fn plain_target_has_the_address_and_the_head() {
        let numeric = |address: &str| HostAddress::Numeric(address.parse().unwrap());
        let named = |name: &str, port| HostAddress::Name(name.to_owned(), port);
        for (url, address, line, host) in [
            ("http://odoo:8069/xmlrpc/object", named("odoo", 8069), "POST /xmlrpc/object HTTP/1.1", "odoo:8069"),
            ("http://Odoo.example/a b/", named("odoo.example", 80), "POST /a%20b/ HTTP/1.1", "odoo.example"),
            ("http://127.0.0.1:80/", numeric("127.0.0.1:80"), "POST / HTTP/1.1", "127.0.0.1"),
            ("http://[::1]:8069/x", numeric("[::1]:8069"), "POST /x HTTP/1.1", "[::1]:8069"),
            ("http://odoo:443/x", named("odoo", 443), "POST /x HTTP/1.1", "odoo:443"),
        ] {
            let expected = format!("{line}\r\nhost: {host}\r\naccept: */*\r\nuser-agent: {USER_AGENT}\r\n");
            assert_eq!(target(url), Some((address, expected)), "{url}");
        }
        assert_eq!(target("https://odoo/x"), None);
    }
}
