//! Requests to Odoo's web client, as a browser sends them.
//!
//! In: a URL, a cookie, optionally a JSON body. Out: status, media type, the new session cookie, body. Must not know:
//! what pages mean. Nothing from a client of the gateway is passed on, redirects are not followed, and URLs are not
//! logged, because they can contain the access token of a record.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderValue, RETRY_AFTER, SET_COOKIE};
use reqwest::{RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout_at};
use url::Position;
use zeroize::Zeroizing;

use super::response_head::{essence, parse_retry_after};
use super::{IncomingResponse, Transport, add_trace_headers, classify_error};
use crate::odoo::error::TransportError;
use crate::odoo::settings::OdooSettings;

/// The name of Odoo's session cookie.
const SESSION_COOKIE: &str = "session_id";
/// Odoo's session ids have 40 to 84 characters.
const MAX_COOKIE_LENGTH: usize = 256;

/// A request to Odoo's web client.
pub(in crate::odoo) struct WebRequest {
    pub(in crate::odoo) url: Url,
    /// JSON for a `POST`; without it, the request is a `GET`.
    pub(in crate::odoo) json: Option<Bytes>,
    /// The session id.
    pub(in crate::odoo) session: Option<SecretString>,
    /// The database, for a request without a session. Odoo 19 does not store a session that is opened with it.
    pub(in crate::odoo) database: Option<HeaderValue>,
    /// The public address that Odoo should see, as if it ran behind a reverse proxy.
    pub(in crate::odoo) public_address: Option<PublicAddress>,
    /// Maximum size of the response, in bytes.
    pub(in crate::odoo) max_bytes: usize,
}

/// Odoo's public address, as a reverse proxy passes it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::odoo) struct PublicAddress {
    host: HeaderValue,
    scheme: HeaderValue,
}

impl PublicAddress {
    /// The address of a URL with a host.
    pub(in crate::odoo) fn from_url(url: &Url) -> Option<Self> {
        let authority = HeaderValue::try_from(&url[Position::BeforeHost..Position::AfterPort]).ok()?;
        let host = Some(authority).filter(|authority| !authority.is_empty())?;
        let scheme = HeaderValue::from_static(if url.scheme() == "https" { "https" } else { "http" });
        Some(Self { host, scheme })
    }
}

/// A response of Odoo's web client.
pub(in crate::odoo) struct WebResponse {
    pub(in crate::odoo) status: StatusCode,
    /// The media type without its parameters, in lower case.
    pub(in crate::odoo) media_type: String,
    /// The new session id, if Odoo set one.
    pub(in crate::odoo) session: Option<SecretString>,
    pub(in crate::odoo) retry_after: Option<Duration>,
    pub(in crate::odoo) body: Vec<u8>,
}

/// The URL and the body can contain secrets, so only the size of the body is printed.
impl fmt::Debug for WebRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json_bytes = self.json.as_ref().map(Bytes::len);
        f.debug_struct("WebRequest").field("json_bytes", &json_bytes).finish_non_exhaustive()
    }
}

/// The body can contain secrets, so only its size is printed.
impl fmt::Debug for WebResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = f.debug_struct("WebResponse");
        output.field("status", &self.status).field("media_type", &self.media_type);
        output.field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl WebRequest {
    /// A `GET` of a page, without a session.
    pub(in crate::odoo) fn get(url: Url, max_bytes: usize) -> Self {
        Self { url, json: None, session: None, database: None, public_address: None, max_bytes }
    }
}

impl Transport {
    /// Sends the request and reads the response.
    pub(in crate::odoo) async fn send_web_request(
        &self,
        request: WebRequest,
        settings: &OdooSettings,
    ) -> Result<WebResponse, TransportError> {
        let start = Instant::now();
        let deadline = start + settings.total_timeout;
        let max_bytes = request.max_bytes;
        let sent = self.to_request(request).send();
        let response = timeout_at(deadline.min(start + settings.response_timeout), sent).await;
        let response =
            response.map_err(|_| TransportError::TimedOut)?.map_err(|error| classify_error(&error.without_url()))?;
        let headers = response.headers();
        if headers.contains_key(CONTENT_ENCODING) {
            return Err(TransportError::Unreadable("it is compressed without a request for compression"));
        }
        let web_response = WebResponse {
            status: response.status(),
            media_type: media_type(headers),
            session: session_id(headers),
            retry_after: headers.get(RETRY_AFTER).and_then(|seconds| parse_retry_after(seconds.as_bytes())),
            body: Vec::new(),
        };
        let content_length = response.content_length();
        if content_length.unwrap_or_default() > max_bytes as u64 {
            return Err(TransportError::TooLarge(max_bytes));
        }
        let body = IncomingResponse::Reqwest(response).read_body(content_length, max_bytes, deadline).await?;
        Ok(WebResponse { body, ..web_response })
    }

    fn to_request(&self, web_request: WebRequest) -> RequestBuilder {
        let request = match web_request.json {
            Some(json) => self.fresh.post(web_request.url).header(CONTENT_TYPE, "application/json").body(json),
            None => self.fresh.get(web_request.url),
        };
        let request = match web_request.session.as_ref().and_then(cookie) {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let request = match web_request.public_address {
            Some(PublicAddress { host, scheme }) => {
                request.header(HOST, host.clone()).header("x-forwarded-host", host).header("x-forwarded-proto", scheme)
            }
            None => request,
        };
        let request = add_trace_headers(request);
        match web_request.database {
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

fn media_type(headers: &HeaderMap) -> String {
    let media = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    String::from_utf8_lossy(essence(media)).to_ascii_lowercase()
}

/// The session id. Other cookies are ignored, and so are values with characters that would need quoting.
fn session_id(headers: &HeaderMap) -> Option<SecretString> {
    let id = |cookie: &HeaderValue| {
        let pair = cookie.to_str().ok()?.split(';').next()?.trim().to_owned();
        let id = pair.strip_prefix(SESSION_COOKIE)?.strip_prefix('=')?;
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        ((1..=MAX_COOKIE_LENGTH).contains(&id.len()) && plain).then(|| SecretString::from(id))
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
        session_id(&headers).map(|id| id.expose_secret().to_owned())
    }

    #[test]
    fn only_the_session_cookie_is_read() {
        assert_eq!(session(&["frontend_lang=en_US; Path=/", "session_id=aB-_9; HttpOnly; Path=/"]).unwrap(), "aB-_9");
        assert_eq!(session(&["session_id=old; Path=/", "session_id=new"]).unwrap(), "new");
        let long = format!("session_id={}", "a".repeat(300));
        for other in ["session_id=", "session_id", "session_ids=x", "session_id=a b", "x=session_id=y", &long] {
            assert_eq!(session(&[other]), None, "{other}");
        }
        assert_eq!(session(&[]), None);
    }

    #[test]
    fn public_address_has_host_and_scheme() {
        let of = |url: &str| {
            let address = PublicAddress::from_url(&Url::parse(url).unwrap())?;
            Some((address.host.to_str().unwrap().to_owned(), address.scheme.to_str().unwrap().to_owned()))
        };
        let pair = |host: &str, scheme: &str| Some((host.to_owned(), scheme.to_owned()));
        assert_eq!(of("https://erp.example/odoo"), pair("erp.example", "https"));
        assert_eq!(of("http://10.0.0.1:8069"), pair("10.0.0.1:8069", "http"));
        assert_eq!(of("http://[::1]:8069"), pair("[::1]:8069", "http"));
        assert_eq!(of("mailto:me"), None);
    }

    #[test]
    fn debug_output_does_not_contain_the_session() {
        let request = WebRequest {
            json: Some(Bytes::from_static(b"very-secret")),
            session: Some("very-secret".into()),
            ..WebRequest::get(Url::parse("http://odoo/?access_token=very-secret").unwrap(), 1)
        };
        assert!(!format!("{request:?}").contains("very-secret"));
        let response = WebResponse {
            status: StatusCode::OK,
            media_type: "text/html".to_owned(),
            session: Some("very-secret".into()),
            retry_after: None,
            body: b"very-secret".to_vec(),
        };
        let debugged = format!("{response:?}");
        assert_eq!(debugged, r#"WebResponse { status: 200, media_type: "text/html", body_bytes: 11, .. }"#);
    }
}
