//! Sends finished spans to the collector: OTLP over HTTP, encoded with Protocol Buffers.
//!
//! In: batches of spans. Out: POST requests. Must not know: what the spans describe.
//!
//! Nothing waits for the collector. While it cannot be reached, spans wait in the queue up to its limit; further ones
//! are dropped. Failures are logged at most once a minute.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use rand::TryRng as _;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::finished_span::FinishedSpan;
use super::otlp::export_request;
use super::sampling::Sampler;
use super::span::Tracer;
use super::span_queue::{EXPORT_FAILED, SpanQueue};
use crate::clock::Clock;
use crate::telemetry::metrics::Metrics;

/// How long spans wait for others, to be exported together with them.
const BATCH_TIME: Duration = Duration::from_secs(1);
/// The pauses before a batch is sent again; after them it is dropped.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(15)];
/// The longest pause that a collector can ask for.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// How often a failure is logged.
const LOG_INTERVAL: Duration = Duration::from_secs(60);
/// How long the end of the gateway waits for the collector.
const FLUSH_TIME: Duration = Duration::from_secs(3);

/// The settings of traces.
#[derive(Debug, Clone)]
pub struct TraceSettings {
    /// The URL that receives spans.
    pub endpoint: Url,
    /// Headers of export requests, as `name=value,name=value` with percent-encoded values.
    pub headers: Option<SecretString>,
    /// The share of new traces that is recorded, from 0 to 1.
    pub sample_ratio: f64,
    /// Whether the trace of a client is continued.
    pub accept_parent: bool,
    /// The attributes of this process, such as `service.name`.
    pub resource: Vec<(String, String)>,
    /// How long an export request may take.
    pub timeout: Duration,
}

/// The attribute that distinguishes processes of the same service.
const INSTANCE: &str = "service.instance.id";

/// Why spans cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The client cannot be created.
    #[error("the client for traces.endpoint cannot be created: {0}")]
    Client(#[from] reqwest::Error),
    /// The headers are malformed. The message contains no value.
    #[error("traces.headers must be `name=value,name=value`; header {0} is not a valid one")]
    Header(usize),
}

/// The task that exports spans.
#[derive(Debug)]
pub struct SpanExporter {
    queue: SpanQueue,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

struct Worker {
    client: Client,
    settings: TraceSettings,
    queue: SpanQueue,
    last_log: Option<Instant>,
}

/// Why a batch was not accepted.
enum ExportError {
    /// It may be accepted later.
    Temporary(String, Option<Duration>),
    Permanent(String),
}

impl SpanExporter {
    /// Starts the task on this runtime, and returns what starts spans.
    ///
    /// # Errors
    /// If the headers are malformed, or TLS cannot be set up on this machine.
    pub fn start(
        mut settings: TraceSettings,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Result<(Self, Tracer), TraceError> {
        if !settings.resource.iter().any(|(name, _)| name == INSTANCE) {
            settings.resource.push((INSTANCE.to_owned(), new_instance_id()));
        }
        let queue = SpanQueue::new(metrics);
        let tracer = Tracer {
            queue: queue.clone(),
            sampler: Sampler::new(settings.sample_ratio),
            accepts_parent: settings.accept_parent,
            clock,
        };
        let worker = Worker { client: client(&settings)?, settings, queue: queue.clone(), last_log: None };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(worker.run(stopped));
        Ok((Self { queue, stop, task }, tracer))
    }

    /// Exports what is left, and ends the task.
    pub async fn stop(self) {
        let Self { queue, stop, mut task } = self;
        stop.send_replace(true);
        queue.wake();
        if timeout(FLUSH_TIME, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("the last spans were not exported: the collector does not respond");
        }
    }
}

/// A random id. Without random numbers, which a gateway also needs for tokens, it is zero.
fn new_instance_id() -> String {
    let mut random = [0; 16];
    let _ = rand::rngs::SysRng.try_fill_bytes(&mut random);
    format!("{:032x}", u128::from_be_bytes(random))
}

fn client(settings: &TraceSettings) -> Result<Client, TraceError> {
    #[expect(clippy::disallowed_methods, reason = "this client has a timeout, no redirects, and no proxy")]
    let builder = Client::builder();
    Ok(builder
        .user_agent(concat!("odoo-gateway/", env!("CARGO_PKG_VERSION")))
        .default_headers(parse_headers(settings.headers.as_ref())?)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .timeout(settings.timeout)
        .build()?)
}

/// `name=value,name=value`, the format of `OTEL_EXPORTER_OTLP_HEADERS`.
fn parse_headers(text: Option<&SecretString>) -> Result<HeaderMap, TraceError> {
    let mut headers = HeaderMap::new();
    let Some(text) = text else { return Ok(headers) };
    for (index, pair) in text.expose_secret().split(',').enumerate() {
        let header = || {
            let (name, value) = pair.split_once('=')?;
            let value = percent_decode_str(value.trim()).collect::<Vec<u8>>();
            let mut value = HeaderValue::from_bytes(&value).ok()?;
            value.set_sensitive(true);
            Some((HeaderName::try_from(name.trim()).ok()?, value))
        };
        let (name, value) = header().ok_or(TraceError::Header(index + 1))?;
        headers.append(name, value);
    }
    Ok(headers)
}

impl Worker {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            let is_stopping = is_stopped(&stopped);
            let batch = self.queue.take_batch(if is_stopping { Duration::ZERO } else { BATCH_TIME }).await;
            if !batch.is_empty() {
                self.export(&batch, &mut stopped).await;
            } else if is_stopping {
                return;
            }
        }
    }

    /// Sends a batch, several times if necessary. At the end of the gateway there is no time for that.
    async fn export(&mut self, batch: &[FinishedSpan], stopped: &mut watch::Receiver<bool>) {
        let body = Bytes::from(export_request(&self.settings.resource, batch));
        let mut pauses = PAUSES.into_iter();
        loop {
            let (reason, pause) = match self.send(body.clone()).await {
                Ok(()) => return self.queue.count_exported(batch.len()),
                Err(ExportError::Temporary(reason, wanted)) => {
                    (reason, pauses.next().map(|pause| wanted.map_or(pause, |wanted| wanted.min(MAX_PAUSE))))
                }
                Err(ExportError::Permanent(reason)) => (reason, None),
            };
            self.log_failure(&reason);
            let is_over = match pause {
                Some(pause) => timeout(pause, stopped.wait_for(|is_stopped| *is_stopped)).await.is_ok(),
                None => true,
            };
            if is_over {
                return self.queue.count_dropped(EXPORT_FAILED, batch.len());
            }
        }
    }

    async fn send(&self, body: Bytes) -> Result<(), ExportError> {
        let request = self.client.post(self.settings.endpoint.clone());
        let sent = request.header(CONTENT_TYPE, "application/x-protobuf").body(body).send().await;
        // The URL is configured, and the reader of the log knows it.
        let response = sent.map_err(|error| ExportError::Temporary(describe(&error.without_url()), None))?;
        let status = response.status();
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                Err(ExportError::Temporary(format!("it returned {status}"), seconds.map(Duration::from_secs)))
            }
            _ => Err(ExportError::Permanent(format!("it returned {status}"))),
        }
    }

    fn log_failure(&mut self, reason: &str) {
        if self.last_log.is_none_or(|last| last.elapsed() >= LOG_INTERVAL) {
            self.last_log = Some(Instant::now());
            tracing::warn!(reason, "spans cannot be exported to traces.endpoint; this is logged once a minute");
        }
    }
}

fn is_stopped(stopped: &watch::Receiver<bool>) -> bool {
    // Without the sender nobody can stop the task any more.
    *stopped.borrow() || stopped.has_changed().is_err()
}

/// The error with its causes, which contain more.
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        text.push_str(": ");
        text.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_the_format_of_the_standard_variable() {
        let parsed = parse_headers(Some(&"authorization=Bearer%20x=1, X-Tenant = a".into())).unwrap();
        assert_eq!([&parsed["authorization"], &parsed["x-tenant"]], ["Bearer x=1", "a"]);
        assert!(parsed["authorization"].is_sensitive());
        assert!(parse_headers(None).unwrap().is_empty());
        for invalid in ["a", "a=1,", "a b=1", "a=%0A"] {
            let error = parse_headers(Some(&invalid.into())).unwrap_err().to_string();
            assert!(error.starts_with("traces.headers must be"), "{invalid}: {error}");
        }
    }
}
