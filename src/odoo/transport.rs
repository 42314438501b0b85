//! HTTP requests to Odoo: the bytes of a call out, the text of a response in.
//!
//! In: a URL, a body, limits. Out: the text of the response, or a [`TransportError`]. Must not know: what is called.
//! The only module that builds a reqwest client.
//!
//! Calls to an `http` URL use [`plain_http`], which is made for connections that are used once. Calls to an `https`
//! URL, the probe, and requests to the web client use reqwest. [`certificate_check`] and [`tls_error`] explain to
//! `check` why TLS fails.
//!
//! Odoo responds with HTTP/1.0, or with HTTP/1.1 and `Connection: close`, and an idle connection would occupy one of
//! its workers for two seconds. So no connection is opened in advance, and one is reused only if the response permits
//! it, as a proxy in front of Odoo does. Idle connections are closed before the proxy closes them.
//!
//! A reused connection can be closing while a request is written to it; then it is unknown whether the request was
//! read. A read is sent again. A write uses a new connection: this costs a handshake, but no write is lost to a proxy
//! that closes idle connections.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::error::TransportError;
use super::request_target::{ServiceUrl, USER_AGENT};
use super::settings::SettingsError;
use crate::memory_budget::{MemoryBudget, MemoryShare};
use crate::plan::Effect;
use crate::telemetry::traces::{TraceHeaders, current_span};

mod certificate_check;
mod connect_error;
mod incoming_response;
mod plain_http;
mod probe_request;
mod response_head;
mod tls_error;
mod web_client_request;

pub use certificate_check::CertificateCheck;
pub use connect_error::ConnectError;
use incoming_response::IncomingResponse;
use plain_http::PlainHttp;
pub(super) use probe_request::ProbeRequestError;
use response_head::{MediaType, ResponseHead};
pub use tls_error::TlsError;
pub(super) use web_client_request::{PublicAddress, WebRequest, WebResponse};

/// The headers of the W3C trace context.
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
/// Maximum time between two parts of a response: Odoo sends it at once.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// From this size on, in bytes, a response needs a share of the memory budget.
const LARGE_RESPONSE: usize = 1 << 20;
/// Maximum wait for that share: other responses are being parsed and sent, which does not take long.
pub(super) const MEMORY_WAIT: Duration = Duration::from_secs(30);

/// The HTTP clients of one Odoo; cheap to clone.
#[derive(Debug, Clone)]
pub struct Transport {
    /// Reuses connections.
    pooled: Client,
    /// Opens a connection for each request.
    fresh: Client,
    /// For calls without TLS.
    plain: PlainHttp,
}

/// A request to Odoo and the limits for its response.
#[derive(Debug, Clone, Copy)]
pub(super) struct OutgoingCall<'a> {
    pub(super) url: &'a ServiceUrl,
    pub(super) protocol: Protocol<'a>,
    /// Names the database; without it, Odoo derives the database from the host.
    pub(super) database: Option<&'a HeaderValue>,
    /// Whether a reused connection is acceptable.
    pub(super) connection: Connection,
    pub(super) body: &'a Bytes,
    pub(super) response_timeout: Duration,
    pub(super) total_timeout: Duration,
    pub(super) answer_cap: usize,
    /// For large responses.
    pub(super) memory: &'a MemoryBudget,
    /// The effect of the call: the response of a write is read even if no memory is free.
    pub(super) effect: Effect,
}

/// Which connection a request uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// A new or a reused connection.
    Pooled,
    /// A new connection.
    Fresh,
}

/// The protocol of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Protocol<'a> {
    /// XML-RPC: the credential is in the body, and every response has status 200.
    Xml,
    /// JSON-2, for the owner of a key: the credential is in the `Authorization` header. A JSON response with status 401
    /// comes from Odoo itself; 404 means that Odoo does not serve the URL.
    Json { authorization: &'a HeaderValue },
    /// JSON-2, for any call: the errors of Odoo are JSON with other statuses. 404 without JSON means that Odoo does not
    /// serve the URL, or not for this database.
    Json2 { authorization: &'a HeaderValue },
    /// JSON-RPC: like XML-RPC, but 404 or 405 means that Odoo does not serve the URL.
    JsonRpc,
}

impl<'a> Protocol<'a> {
    /// The media type of the request, and its `Authorization` header.
    fn headers(self) -> (HeaderValue, Option<&'a HeaderValue>) {
        match self {
            Self::Xml => (HeaderValue::from_static("text/xml; charset=utf-8"), None),
            Self::JsonRpc => (HeaderValue::from_static("application/json"), None),
            Self::Json { authorization } | Self::Json2 { authorization } => {
                (HeaderValue::from_static("application/json"), Some(authorization))
            }
        }
    }

    /// Whether the head means that nothing was called, so that the body is not read.
    fn is_unserved(self, head: &ResponseHead) -> bool {
        let status = head.status;
        match self {
            Self::Xml => false,
            Self::Json { .. } => status == StatusCode::NOT_FOUND,
            Self::Json2 { .. } => status == StatusCode::NOT_FOUND && head.media_type != MediaType::Json,
            Self::JsonRpc => matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}

/// A response, and when its first and last byte arrived.
#[derive(Debug)]
pub(super) struct RawResponse {
    pub(super) status: StatusCode,
    pub(super) text: String,
    pub(super) share: Option<MemoryShare>,
    pub(super) to_first_byte: Duration,
    pub(super) to_last_byte: Duration,
}

impl Transport {
    /// The clients: no redirects, no proxy from the environment, no retries, HTTP/1 only.
    ///
    /// # Errors
    /// If TLS cannot be set up on this machine.
    pub fn new(connect_timeout: Duration, keep_idle: Duration) -> Result<Self, SettingsError> {
        let max_idle = if keep_idle.is_zero() { 0 } else { usize::MAX };
        Ok(Self {
            pooled: Self::client(connect_timeout, keep_idle, max_idle)?,
            fresh: Self::client(connect_timeout, Duration::ZERO, 0)?,
            plain: PlainHttp::new(connect_timeout, keep_idle),
        })
    }

    fn client(connect_timeout: Duration, keep_idle: Duration, max_idle: usize) -> Result<Client, SettingsError> {
        #[expect(clippy::disallowed_methods, reason = "the only clients, configured as the ban requires")]
        let builder = Client::builder();
        let client = builder
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            .http1_only()
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(keep_idle)
            .pool_max_idle_per_host(max_idle)
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .build();
        client.map_err(|error| SettingsError { key: "tls", reason: error.to_string() })
    }

    /// Sends the body and reads the response.
    pub(super) async fn send(&self, call: OutgoingCall<'_>) -> Result<RawResponse, TransportError> {
        let start = Instant::now();
        let deadline = start + call.total_timeout;
        let limit = deadline.min(start + call.response_timeout);
        let response = match call.url.plain() {
            Some(target) => IncomingResponse::Plain(self.plain.send(target, &call, limit).await?),
            None => self.send_with_reqwest(&call, limit).await?,
        };
        let to_first_byte = start.elapsed();
        let head = response.head();
        let status = head.status;
        if call.protocol.is_unserved(&head) {
            return Ok(RawResponse {
                status,
                text: String::new(),
                share: None,
                to_first_byte,
                to_last_byte: to_first_byte,
            });
        }
        check_head(&head, call.protocol, call.answer_cap)?;
        let (body, share) = read_response(response, head.content_length, &call, deadline).await?;
        let text = String::from_utf8(body).map_err(|_| TransportError::Unreadable("it is not UTF-8"))?;
        Ok(RawResponse { status, text, share, to_first_byte, to_last_byte: start.elapsed() })
    }

    async fn send_with_reqwest(
        &self,
        call: &OutgoingCall<'_>,
        limit: Instant,
    ) -> Result<IncomingResponse, TransportError> {
        let client = if call.connection == Connection::Pooled { &self.pooled } else { &self.fresh };
        let request = client.post(call.url.url().clone());
        let request = match call.database {
            Some(database) => request.header("x-odoo-database", database),
            None => request,
        };
        let (content_type, authorization) = call.protocol.headers();
        let request = request.header(CONTENT_TYPE, content_type);
        let request = match authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        };
        let request = add_trace_headers(request);
        let response = timeout_at(limit, request.body(call.body.clone()).send()).await;
        let response = response.map_err(|_| TransportError::TimedOut)?.map_err(|error| classify_error(&error))?;
        Ok(IncomingResponse::Reqwest(response))
    }
}

/// Adds the trace that this task belongs to.
fn add_trace_headers(request: RequestBuilder) -> RequestBuilder {
    let Some(TraceHeaders { parent, state }) = current_span().map(|span| span.headers()) else { return request };
    let request = request.header(TRACEPARENT, parent);
    match state {
        Some(state) => request.header(TRACESTATE, &*state),
        None => request,
    }
}

/// Logs the error, whose text contains URLs, and classifies it.
fn classify_error(error: &reqwest::Error) -> TransportError {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(|cause| cause.source()) {
        cause = Some(deeper);
    }
    tracing::debug!(error = %error, cause = cause.map(tracing::field::display), "request to Odoo failed");
    if error.is_connect() {
        TransportError::NotConnected
    } else if has_hyper_error(error, hyper::Error::is_canceled) {
        TransportError::NotSent
    } else if has_hyper_error(error, hyper::Error::is_parse) {
        TransportError::Unreadable("it is not HTTP")
    } else {
        TransportError::ClosedBeforeResponse
    }
}

fn has_hyper_error(error: &reqwest::Error, kind: impl Fn(&hyper::Error) -> bool) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref::<hyper::Error>().is_some_and(&kind) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn check_head(head: &ResponseHead, protocol: Protocol<'_>, cap: usize) -> Result<(), TransportError> {
    let is_response = match (protocol, head.status) {
        (_, StatusCode::OK) => true,
        (Protocol::Json { .. }, StatusCode::UNAUTHORIZED) => head.media_type == MediaType::Json,
        (Protocol::Json2 { .. }, status) => head.media_type == MediaType::Json && is_json2_error(status),
        _ => false,
    };
    if !is_response {
        return Err(TransportError::Status { status: head.status.as_u16(), retry_after: head.retry_after });
    }
    match (protocol, head.media_type) {
        (Protocol::Xml, MediaType::Xml)
        | (Protocol::Json { .. } | Protocol::Json2 { .. } | Protocol::JsonRpc, MediaType::Json) => {}
        (Protocol::Xml, _) => return Err(TransportError::Unreadable("its media type is not XML")),
        _ => return Err(TransportError::Unreadable("its media type is not JSON")),
    }
    if head.is_encoded {
        return Err(TransportError::Unreadable("it is compressed without a request for compression"));
    }
    if head.content_length.unwrap_or_default() > cap as u64 { Err(TransportError::TooLarge(cap)) } else { Ok(()) }
}

/// Whether JSON-2 has errors with this status; the others are those of a proxy.
fn is_json2_error(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 403 | 404 | 409 | 422 | 500)
}

/// Reserves memory for a large response; a small one needs none.
async fn reserve_memory(
    bytes: u64,
    call: &OutgoingCall<'_>,
    deadline: Instant,
) -> Result<Option<MemoryShare>, TransportError> {
    if bytes < LARGE_RESPONSE as u64 {
        return Ok(None);
    }
    let share = call.memory.reserve(bytes, MEMORY_WAIT.min(deadline - Instant::now())).await;
    if share.is_none() && call.effect == Effect::Read { Err(TransportError::MemoryInUse) } else { Ok(share) }
}

/// Reads a response and reserves memory for it. A response of unknown length needs no memory until it turns out to be
/// large; then the maximum size is reserved until the end has arrived.
async fn read_response(
    mut response: IncomingResponse,
    content_length: Option<u64>,
    call: &OutgoingCall<'_>,
    deadline: Instant,
) -> Result<(Vec<u8>, Option<MemoryShare>), TransportError> {
    let cap = call.answer_cap;
    let Some(length) = content_length else {
        let mut body = Vec::new();
        if response.read_chunks(&mut body, LARGE_RESPONSE, (cap, deadline)).await? {
            return Ok((body, None));
        }
        let mut share = reserve_memory(cap as u64, call, deadline).await?;
        response.read_chunks(&mut body, usize::MAX, (cap, deadline)).await?;
        if let Some(share) = &mut share {
            share.shrink_to(body.len() as u64);
        }
        return Ok((body, share));
    };
    let share = reserve_memory(length, call, deadline).await?;
    Ok((response.read_body(content_length, cap, deadline).await?, share))
}
