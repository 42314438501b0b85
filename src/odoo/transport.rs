//! One exchange over HTTP: a call's bytes out, an answer's text in.
//!
//! In: an address, a body, limits. Out: the text of an answer in the form that was asked for, or how the exchange broke
//! off. Must not know: what is called. The only place that builds a reqwest client.
//!
//! Odoo answers HTTP/1.0, or HTTP/1.1 with `Connection: close`, and an idle connection would hold one of its workers
//! for two seconds: so nothing is opened ahead, and a connection is kept only where the answer says it may be, which is
//! what a proxy in front does. Kept ones are dropped after a time that is shorter than proxies' own.
//!
//! A kept connection may be closing while a request is written on it, and then nobody knows whether the request was
//! read. A read is sent again. What may write takes a connection of its own: it costs a handshake, and no write is
//! ever lost to a proxy that tidied up.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use tokio::time::{Instant, timeout_at};

use super::error::Broken;
use super::settings::SettingsError;
use crate::load::{Budget, Share};
use crate::plan::Effect;

mod ask;
mod connect_error;
mod web_request;

pub(super) use ask::AskError;
pub use connect_error::ConnectError;
pub(super) use web_request::{PublicAddress, Visit, Visited};

const USER_AGENT: &str = concat!("odoo-gateway/", env!("CARGO_PKG_VERSION"));
/// Between two pieces of one answer: Odoo sends it in one go.
const STALL: Duration = Duration::from_secs(30);
/// From this size on, in bytes, an answer takes part in the budget.
const LARGE_ANSWER: usize = 1 << 20;
/// How long it waits for its share: the others are being read and written out, and nobody waits meanwhile.
const ROOM_WAIT: Duration = Duration::from_secs(30);
/// The longest wait that is passed on from what stands before Odoo.
const LONGEST_RETRY_AFTER: u64 = 300;

/// The HTTP clients of one Odoo; cheap to clone.
#[derive(Debug, Clone)]
pub struct Transport {
    /// Uses connections again.
    kept: Client,
    /// Opens a connection for each request.
    fresh: Client,
}

/// What is sent, and how long and large the answer may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub(super) url: &'a Url,
    pub(super) form: Form<'a>,
    /// Names the database; without it Odoo finds it by the host.
    pub(super) database: Option<&'a HeaderValue>,
    /// Whether a connection that was used before will do.
    pub(super) connection: Connection,
    pub(super) body: &'a Bytes,
    pub(super) response_timeout: Duration,
    pub(super) total_timeout: Duration,
    pub(super) answer_cap: usize,
    /// For large answers.
    pub(super) memory: &'a Budget,
    /// What a call was sent for: the answer of a write is taken whatever there is room for.
    pub(super) effect: Effect,
}

/// Which connection a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// Any.
    Kept,
    /// A new one.
    Fresh,
}

/// What is spoken.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form<'a> {
    /// XML-RPC: who calls stands in the body, and every answer is a 200.
    Xml,
    /// JSON-2: who calls stands in the `Authorization` header, and a 401 that says it is JSON is Odoo's own answer. A
    /// 404 says that there is no such address.
    Json { authorization: &'a HeaderValue },
    /// JSON-RPC: as XML-RPC. A 404 or 405 says that there is no such address.
    JsonRpc,
}

impl Form<'_> {
    /// Whether this status says that nothing was called: its text is nobody's business.
    fn is_unserved(self, status: StatusCode) -> bool {
        match self {
            Self::Xml => false,
            Self::Json { .. } => status == StatusCode::NOT_FOUND,
            Self::JsonRpc => matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}

/// An answer, and when its first and last byte came.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) status: StatusCode,
    pub(super) text: String,
    pub(super) share: Option<Share>,
    pub(super) to_first_byte: Duration,
    pub(super) to_last_byte: Duration,
}

impl Transport {
    /// The clients: no redirects, no proxy of the environment, no retries, HTTP/1 only.
    ///
    /// # Errors
    /// When the machine's TLS set-up cannot be used.
    pub fn new(connect_timeout: Duration, keep_idle: Duration) -> Result<Self, SettingsError> {
        let kept = if keep_idle.is_zero() { 0 } else { usize::MAX };
        Ok(Self {
            kept: Self::client(connect_timeout, keep_idle, kept)?,
            fresh: Self::client(connect_timeout, Duration::ZERO, 0)?,
        })
    }

    fn client(connect_timeout: Duration, keep_idle: Duration, kept: usize) -> Result<Client, SettingsError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "these are the only clients, with everything set that the ban is about"
        )]
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
            .pool_max_idle_per_host(kept)
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .build();
        client.map_err(|error| SettingsError { key: "tls", reason: error.to_string() })
    }

    /// Sends the body and takes the answer.
    pub(super) async fn exchange(&self, what: Exchange<'_>) -> Result<Received, Broken> {
        let begun = Instant::now();
        let end = begun + what.total_timeout;
        let client = if what.connection == Connection::Kept { &self.kept } else { &self.fresh };
        let request = client.post(what.url.clone());
        let request = match what.database {
            Some(database) => request.header("x-odoo-database", database),
            None => request,
        };
        let request = match what.form {
            Form::Xml => request.header(CONTENT_TYPE, "text/xml; charset=utf-8"),
            Form::JsonRpc => request.header(CONTENT_TYPE, "application/json"),
            Form::Json { authorization } => {
                request.header(CONTENT_TYPE, "application/json").header(AUTHORIZATION, authorization)
            }
        };
        let sent = request.body(what.body.clone()).send();
        let response = timeout_at(end.min(begun + what.response_timeout), sent).await;
        let response = response.map_err(|_| Broken::TimedOut)?.map_err(|error| broken_by(&error))?;
        let to_first_byte = begun.elapsed();
        let status = response.status();
        if what.form.is_unserved(status) {
            return Ok(Received {
                status,
                text: String::new(),
                share: None,
                to_first_byte,
                to_last_byte: to_first_byte,
            });
        }
        check_head(&response, what.form, what.answer_cap)?;
        let (body, share) = read_with_share(response, &what, end).await?;
        let text = String::from_utf8(body).map_err(|_| Broken::Unreadable("it is not UTF-8"))?;
        Ok(Received { status, text, share, to_first_byte, to_last_byte: begun.elapsed() })
    }
}

/// The error's own text holds addresses: it goes to the log, and only there.
fn broken_by(error: &reqwest::Error) -> Broken {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(|cause| cause.source()) {
        cause = Some(deeper);
    }
    tracing::debug!(error = %error, cause = cause.map(tracing::field::display), "exchange with odoo broke off");
    if error.is_connect() {
        Broken::NotConnected
    } else if is_of_http(error, hyper::Error::is_canceled) {
        Broken::NotSent
    } else if is_of_http(error, hyper::Error::is_parse) {
        Broken::Unreadable("it is not HTTP")
    } else {
        Broken::CutBeforeAnswer
    }
}

fn is_of_http(error: &reqwest::Error, kind: impl Fn(&hyper::Error) -> bool) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref::<hyper::Error>().is_some_and(&kind) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn check_head(response: &Response, form: Form<'_>, cap: usize) -> Result<(), Broken> {
    let media_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let answers = match (form, response.status()) {
        (_, StatusCode::OK) => true,
        (Form::Json { .. }, StatusCode::UNAUTHORIZED) => is_json(media_type),
        _ => false,
    };
    if !answers {
        let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
        return Err(Broken::Status { status: response.status().as_u16(), retry_after });
    }
    match form {
        Form::Xml if !is_xml(media_type) => return Err(Broken::Unreadable("its media type is not XML")),
        Form::Json { .. } | Form::JsonRpc if !is_json(media_type) => {
            return Err(Broken::Unreadable("its media type is not JSON"));
        }
        _ => {}
    }
    if response.headers().contains_key(CONTENT_ENCODING) {
        return Err(Broken::Unreadable("it is compressed although nobody asked for that"));
    }
    let promised = response.content_length().unwrap_or_default();
    if promised > cap as u64 { Err(Broken::TooLarge(cap)) } else { Ok(()) }
}

/// A share of the memory for large answers; none for a small one.
async fn room_for(bytes: u64, what: &Exchange<'_>, end: Instant) -> Result<Option<Share>, Broken> {
    if bytes < LARGE_ANSWER as u64 {
        return Ok(None);
    }
    let share = what.memory.take(bytes, ROOM_WAIT.min(end - Instant::now())).await;
    if share.is_none() && what.effect == Effect::Read { Err(Broken::NoRoom) } else { Ok(share) }
}

/// An answer with its share. One that does not say how large it is has none until it turns out to be large; then it may
/// become as large as can be.
async fn read_with_share(
    mut response: Response,
    what: &Exchange<'_>,
    end: Instant,
) -> Result<(Vec<u8>, Option<Share>), Broken> {
    let cap = what.answer_cap;
    let Some(promised) = response.content_length() else {
        let mut body = Vec::new();
        if read_on(&mut response, &mut body, LARGE_ANSWER, (cap, end)).await? {
            return Ok((body, None));
        }
        let share = room_for(cap as u64, what, end).await?;
        read_on(&mut response, &mut body, usize::MAX, (cap, end)).await?;
        return Ok((body, share));
    };
    let share = room_for(promised, what, end).await?;
    Ok((read_body(response, cap, end).await?, share))
}

fn seconds(header: &HeaderValue) -> Option<Duration> {
    let seconds: u64 = header.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.clamp(1, LONGEST_RETRY_AFTER)))
}

fn is_xml(media_type: &[u8]) -> bool {
    let essence = essence(media_type);
    essence.eq_ignore_ascii_case(b"text/xml") || essence.eq_ignore_ascii_case(b"application/xml")
}

fn is_json(media_type: &[u8]) -> bool {
    essence(media_type).eq_ignore_ascii_case(b"application/json")
}

fn essence(media_type: &[u8]) -> &[u8] {
    media_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

async fn read_body(mut response: Response, cap: usize, end: Instant) -> Result<Vec<u8>, Broken> {
    let promised = usize::try_from(response.content_length().unwrap_or_default()).unwrap_or_default();
    // The system gives the room page by page as it is filled, and what is read is never moved.
    let mut body = Vec::with_capacity(promised.min(cap));
    read_on(&mut response, &mut body, usize::MAX, (cap, end)).await?;
    Ok(body)
}

/// Reads to the end, or until there is more than `pause`; whether it was the end.
async fn read_on(
    response: &mut Response,
    body: &mut Vec<u8>,
    pause: usize,
    (cap, end): (usize, Instant),
) -> Result<bool, Broken> {
    while body.len() <= pause {
        let chunk = timeout_at(end.min(Instant::now() + STALL), response.chunk()).await;
        match chunk {
            Err(_) => return Err(Broken::TimedOut),
            Ok(Err(_)) => return Err(Broken::CutInAnswer),
            Ok(Ok(None)) => return Ok(true),
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() > cap => return Err(Broken::TooLarge(cap)),
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
        }
    }
    Ok(false)
}
