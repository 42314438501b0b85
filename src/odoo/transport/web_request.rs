//! A page of Odoo's web client: a request as a browser would send it, whatever comes back.
//!
//! In: an address, a cookie, perhaps a JSON body. Out: status, media type, the session's new cookie, bytes. Must not
//! know: what pages mean. Nothing that came from a client of the gateway is passed on, redirects are not followed, and
//! addresses, which may hold the share token of a record, are not logged.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderValue, RETRY_AFTER, SET_COOKIE};
use reqwest::{RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::{Transport, broken_by, essence, read_body, seconds};
use crate::odoo::error::Broken;
use crate::odoo::settings::OdooSettings;

/// The name of the cookie by which Odoo knows a session.
const SESSION_COOKIE: &str = "session_id";
/// Odoo's session ids have 40 to 84 characters.
const LONGEST_COOKIE: usize = 256;

/// What is asked for.
#[derive(Debug)]
pub(in crate::odoo) struct Visit {
    pub(in crate::odoo) url: Url,
    /// JSON to be posted; without it the page is got.
    pub(in crate::odoo) json: Option<Bytes>,
    /// The session.
    pub(in crate::odoo) session: Option<SecretString>,
    /// The database, for a page without a session. Odoo 19 keeps no session that is opened with it.
    pub(in crate::odoo) database: Option<HeaderValue>,
    /// The address by which Odoo is to know itself.
    pub(in crate::odoo) known_as: Option<PublicAddress>,
    /// The largest answer, in bytes.
    pub(in crate::odoo) cap: usize,
}

/// An address of Odoo's, as a reverse proxy in front of it passes it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::odoo) struct PublicAddress {
    host: HeaderValue,
    scheme: HeaderValue,
}

impl PublicAddress {
    /// Of a URL with a host.
    pub(in crate::odoo) fn of(url: &Url) -> Option<Self> {
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let scheme = HeaderValue::from_static(if url.scheme() == "https" { "https" } else { "http" });
        Some(Self { host: HeaderValue::try_from(authority).ok()?, scheme })
    }
}

/// What came back.
#[derive(Debug)]
pub(in crate::odoo) struct Visited {
    pub(in crate::odoo) status: StatusCode,
    /// The media type without its parameters, in lower case.
    pub(in crate::odoo) media: String,
    /// The session from now on, where Odoo says so.
    pub(in crate::odoo) session: Option<SecretString>,
    pub(in crate::odoo) retry_after: Option<Duration>,
    pub(in crate::odoo) body: Vec<u8>,
}

impl Visit {
    /// A page, without anything but its address.
    pub(in crate::odoo) fn page(url: Url, cap: usize) -> Self {
        Self { url, json: None, session: None, database: None, known_as: None, cap }
    }
}

impl Transport {
    /// Sends the request and takes what comes.
    pub(in crate::odoo) async fn visit(&self, visit: Visit, settings: &OdooSettings) -> Result<Visited, Broken> {
        let begun = Instant::now();
        let end = begun + settings.total_timeout;
        let cap = visit.cap;
        let sent = self.to_request(visit).send();
        let response = timeout_at(end.min(begun + settings.response_timeout), sent).await;
        let response = response.map_err(|_| Broken::TimedOut)?.map_err(|error| broken_by(&error.without_url()))?;
        let headers = response.headers();
        if headers.contains_key(CONTENT_ENCODING) {
            return Err(Broken::Unreadable("it is compressed although nobody asked for that"));
        }
        let visited = Visited {
            status: response.status(),
            media: media_of(headers),
            session: session_in(headers),
            retry_after: headers.get(RETRY_AFTER).and_then(seconds),
            body: Vec::new(),
        };
        if response.content_length().unwrap_or_default() > cap as u64 {
            return Err(Broken::TooLarge(cap));
        }
        Ok(Visited { body: read_body(response, cap, end).await?, ..visited })
    }

    fn to_request(&self, visit: Visit) -> RequestBuilder {
        let request = match visit.json {
            Some(json) => self.fresh.post(visit.url).header(CONTENT_TYPE, "application/json").body(json),
            None => self.fresh.get(visit.url),
        };
        let request = match visit.session.as_ref().and_then(cookie) {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let request = match visit.known_as {
            Some(PublicAddress { host, scheme }) => {
                request.header(HOST, host.clone()).header("x-forwarded-host", host).header("x-forwarded-proto", scheme)
            }
            None => request,
        };
        match visit.database {
            Some(database) => request.header("x-odoo-database", database),
            None => request,
        }
    }
}

fn cookie(session: &SecretString) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("{SESSION_COOKIE}={}", session.expose_secret()));
    let mut cookie = HeaderValue::from_str(&text).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

fn media_of(headers: &HeaderMap) -> String {
    let media = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    String::from_utf8_lossy(essence(media)).to_ascii_lowercase()
}

/// The session's id. Any other cookie, and one that could not stand in a header as it is, is nobody's business.
fn session_in(headers: &HeaderMap) -> Option<SecretString> {
    let id = |cookie: &HeaderValue| {
        let pair = cookie.to_str().ok()?.split(';').next()?.trim().to_owned();
        let id = pair.strip_prefix(SESSION_COOKIE)?.strip_prefix('=')?;
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        ((1..=LONGEST_COOKIE).contains(&id.len()) && plain).then(|| SecretString::from(id))
    };
    headers.get_all(SET_COOKIE).iter().filter_map(id).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(cookies: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(SET_COOKIE, cookie.parse().unwrap());
        }
        session_in(&headers).map(|id| id.expose_secret().to_owned())
    }

    #[test]
    fn the_session_is_taken_and_nothing_else() {
        assert_eq!(session(&["frontend_lang=en_US; Path=/", "session_id=aB-_9; HttpOnly; Path=/"]).unwrap(), "aB-_9");
        assert_eq!(session(&["session_id=old; Path=/", "session_id=new"]).unwrap(), "new");
        let long = format!("session_id={}", "a".repeat(300));
        for other in ["session_id=", "session_id", "session_ids=x", "session_id=a b", "x=session_id=y", &long] {
            assert_eq!(session(&[other]), None, "{other}");
        }
        assert_eq!(session(&[]), None);
    }

    #[test]
    fn an_address_is_passed_on_as_a_proxy_would() {
        let of = |url: &str| {
            let address = PublicAddress::of(&Url::parse(url).unwrap())?;
            Some((address.host.to_str().unwrap().to_owned(), address.scheme.to_str().unwrap().to_owned()))
        };
        let pair = |host: &str, scheme: &str| Some((host.to_owned(), scheme.to_owned()));
        assert_eq!(of("https://erp.example/odoo"), pair("erp.example", "https"));
        assert_eq!(of("http://10.0.0.1:8069"), pair("10.0.0.1:8069", "http"));
        assert_eq!(of("http://[::1]:8069"), pair("[::1]:8069", "http"));
        assert_eq!(of("mailto:me"), None);
    }

    #[test]
    fn the_session_does_not_print_itself() {
        let visit =
            Visit { session: Some("very-secret".into()), ..Visit::page(Url::parse("http://odoo/").unwrap(), 1) };
        assert!(!format!("{visit:?}").contains("very-secret"));
    }
}
