//! A request that bypasses the queue and the circuit breaker, for the readiness probe and `check`.
//!
//! In: a URL, the bytes of a call, a time limit. Out: the text of the response, or the exact cause of the failure. Must
//! not know: what is called.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderValue, LOCATION};
use reqwest::{RequestBuilder, Url};
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use tokio::time::{Instant, timeout_at};

use super::certificate_check::{CertificateCheck, check_certificate};
use super::{ConnectError, IncomingResponse, Protocol, Transport, check_head, classify_error};
use crate::odoo::error::TransportError;

/// Maximum size of a response about Odoo itself.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Why there is no response.
#[derive(Debug)]
pub(in crate::odoo) enum ProbeRequestError {
    /// No connection was made.
    Connect(ConnectError),
    /// A connection was made, but there is no usable response.
    Transport(TransportError),
}

/// A page of Odoo's web client, as a browser behind a reverse proxy sees it.
#[derive(Debug)]
pub(in crate::odoo) struct ProbePage {
    /// Where the page redirects to.
    pub(in crate::odoo) location: Option<String>,
    /// The text, or its beginning.
    pub(in crate::odoo) text: String,
}

impl Transport {
    /// Posts XML and reads the response, within `limit`.
    pub(in crate::odoo) async fn post_xml(
        &self,
        url: &Url,
        database: &HeaderValue,
        body: Bytes,
        limit: Duration,
    ) -> Result<String, ProbeRequestError> {
        let request = self.fresh.post(url.clone()).header("x-odoo-database", database);
        let request = request.header(CONTENT_TYPE, "text/xml; charset=utf-8").body(body);
        fetch_text(request, url.scheme() == "https", Protocol::Xml, limit).await
    }

    /// Gets JSON, within `limit`.
    pub(in crate::odoo) async fn get_json(
        &self,
        url: &Url,
        database: Option<&HeaderValue>,
        limit: Duration,
    ) -> Result<String, ProbeRequestError> {
        let request = self.fresh.get(url.clone());
        let request = match database {
            Some(database) => request.header("x-odoo-database", database),
            None => request,
        };
        fetch_text(request, url.scheme() == "https", Protocol::JsonRpc, limit).await
    }

    /// Gets a page as a reverse proxy with TLS would for `host`. `None` if there is no response in time.
    pub(in crate::odoo) async fn fetch_forwarded(&self, url: &Url, host: &str, limit: Duration) -> Option<ProbePage> {
        let deadline = Instant::now() + limit;
        let request = self.fresh.get(url.clone()).header("x-forwarded-host", host).header("x-forwarded-proto", "https");
        let response = timeout_at(deadline, request.send()).await.ok()?.ok()?;
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        let mut response = IncomingResponse::Reqwest(response);
        // The beginning is enough.
        let _ = response.read_chunks(&mut body, MAX_RESPONSE_BYTES, (usize::MAX, deadline)).await;
        Some(ProbePage { location, text: String::from_utf8_lossy(&body).into_owned() })
    }

    /// Looks at the certificate of the server at an https URL, with a connection of its own.
    pub(in crate::odoo) async fn check_certificate(&self, url: &Url, limit: Duration) -> Option<CertificateCheck> {
        if url.scheme() != "https" {
            return None;
        }
        check_certificate(url.host_str()?, url.port_or_known_default()?, limit).await
    }

    /// The `Date` of a response to this URL (RFC 9110, 5.6.7), whatever its status is.
    pub(in crate::odoo) async fn fetch_date(&self, url: &Url, limit: Duration) -> Option<OffsetDateTime> {
        let sent = self.fresh.head(url.clone()).send();
        let response = timeout_at(Instant::now() + limit, sent).await.ok()?.ok()?;
        parse_date(response.headers().get(DATE)?.to_str().ok()?)
    }
}

/// Sends the request, and reads the response, which has the media type of this protocol.
async fn fetch_text(
    request: RequestBuilder,
    uses_tls: bool,
    protocol: Protocol<'_>,
    limit: Duration,
) -> Result<String, ProbeRequestError> {
    let deadline = Instant::now() + limit;
    let response = timeout_at(deadline, request.send()).await;
    let response = response.map_err(|_| ProbeRequestError::Transport(TransportError::TimedOut))?;
    let response = response.map_err(|error| match error.is_connect() {
        true => ProbeRequestError::Connect(ConnectError::from_reqwest(&error, uses_tls)),
        false => ProbeRequestError::Transport(classify_error(&error)),
    })?;
    let text = async {
        let response = IncomingResponse::Reqwest(response);
        let head = response.head();
        check_head(&head, protocol, MAX_RESPONSE_BYTES)?;
        let body = response.read_body(head.content_length, MAX_RESPONSE_BYTES, deadline).await?;
        String::from_utf8(body).map_err(|_| TransportError::Unreadable("it is not UTF-8"))
    };
    text.await.map_err(ProbeRequestError::Transport)
}

/// The format that servers send.
fn parse_date(text: &str) -> Option<OffsetDateTime> {
    let format =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    PrimitiveDateTime::parse(text, format).ok().map(PrimitiveDateTime::assume_utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_http_are_parsed() {
        let date = |text: &str| parse_date(text).map(OffsetDateTime::unix_timestamp);
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(date("Sunday, 06-Nov-94 08:49:37 GMT"), None);
    }
}
