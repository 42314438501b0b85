//! The client of one Odoo database.
//!
//! In: a user, a call, and whether it can change anything. Out: a [`Reply`] that owns the response, or an
//! [`OdooError`]. Must not know: dialects, schemas, the gateway's own credentials.
//!
//! Odoo completes a call that was sent, even if no client waits for it any more. So a call holds its permit until Odoo
//! has responded, even after the client has disconnected.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret as _;

use super::api_key_owner;
use super::call_queue::{CallPermit, CallPriority, CallQueue};
use super::circuit::Circuit;
use super::detach::run_to_completion;
use super::error::{OdooError, TransportError, busy, circuit_open, unreadable_response};
use super::faults::{Fault, FaultClass};
use super::reply::{Body, Reply, Timing};
use super::request_target::ServiceUrl;
use super::rpc_codec::RpcResponse;
use super::settings::{Endpoints, OdooSettings, SettingsError};
use super::single_flight::{LeadingCall, SingleFlight};
use super::transport::{Connection, OutgoingCall, RawResponse, Transport};
use super::user::OdooUser;
use super::xmlrpc::response;
use super::xmlrpc::writer::CallWriter;
use crate::clock::Clock;
use crate::error::Problem;
use crate::memory_budget::{MemoryBudget, MemoryShare};
use crate::plan::{Call, Effect};
use crate::shared_limits::LeasedSlots;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::odoo_call_metrics::OdooCallMetrics;
use crate::telemetry::traces::in_span;

mod authentication;
mod call_method;
mod call_span;
mod call_target;
mod json2_call;
mod model_document;
mod parallel_calls;
mod probe;
mod proxy_mode;
mod secret_call;
mod shared_read;
mod upstream_protocol;
mod web_client_request;

pub use call_method::CallProtocol;
use call_method::JsonRpcSupport;
use call_target::Service;
use json2_call::{Json2Knowledge, Json2Request};
pub use parallel_calls::ParallelCalls;
pub use probe::ProbeError;
pub use proxy_mode::ProxyMode;
pub(super) use shared_read::ReadReply;
use upstream_protocol::ServerKnowledge;

/// A read whose connection is closed within this time is sent again: it was a reused connection that the server closed
/// while the request was written, or the worker was being replaced. After that time, Odoo's time limit has killed the
/// worker and would kill the next one too.
const RETRY_WITHIN: Duration = Duration::from_secs(10);

/// How much longer than other calls a page of an export that has begun waits. With the longest response of Odoo, the
/// client gets nothing for 155 seconds: less than what clients and reverse proxies wait (160 seconds).
const BEGUN_EXPORT_EXTRA_WAIT: Duration = Duration::from_secs(15);

/// How long Odoo may take to report whether it serves JSON-RPC.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of one database, whose calls have this priority; cheap to clone.
#[derive(Debug, Clone)]
pub struct OdooClient(Arc<Inner>, CallPriority);

#[derive(Debug)]
struct Inner {
    settings: OdooSettings,
    endpoints: Endpoints,
    transport: Transport,
    metrics: OdooCallMetrics,
    queue: CallQueue,
    circuit: Circuit,
    jsonrpc: JsonRpcSupport,
    json2: Json2Knowledge,
    server: ServerKnowledge,
    /// For large responses.
    memory: MemoryBudget,
    /// The reads that can be shared, and the writes after which they cannot.
    reads: SingleFlight<Result<Reply, OdooError>>,
}

/// A read that other callers share.
type LeadingRead<'s> = LeadingCall<'s, Result<Reply, OdooError>>;

/// A call that is ready to be sent.
enum PreparedCall {
    /// The body of a call over XML-RPC.
    XmlRpc(Bytes),
    Json2(Json2Request),
}

impl PreparedCall {
    /// Bytes that are the same only for equal calls with the same credential.
    fn sharing_key(&self) -> Bytes {
        match self {
            Self::XmlRpc(body) => body.clone(),
            Self::Json2(request) => request.sharing_key(),
        }
    }
}

/// A response, and how long it took.
struct TimedReply {
    status: StatusCode,
    text: String,
    share: Option<MemoryShare>,
    timing: Timing,
}

impl OdooClient {
    /// A client for the database in `settings`, over the shared `transport`.
    ///
    /// # Errors
    /// If the URL is not valid.
    pub fn new(
        settings: OdooSettings,
        transport: Transport,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        let metrics = OdooCallMetrics::new(metrics, settings.name.clone());
        let slots = LeasedSlots::new(format!("odoo:{}", settings.name), settings.concurrency);
        let inner = Inner {
            endpoints: Endpoints::new(&settings)?,
            transport,
            queue: CallQueue::new(slots, settings.queue, settings.queue_wait)
                .with_begun_export_wait(settings.queue_wait.saturating_add(BEGUN_EXPORT_EXTRA_WAIT))
                .with_waiting_calls(|class| metrics.waiting_calls(class)),
            metrics,
            circuit: Circuit::new(settings.failures_to_open, settings.open_for, clock.clone()),
            jsonrpc: JsonRpcSupport::new(clock.clone()),
            json2: Json2Knowledge::new(),
            server: ServerKnowledge::new(clock),
            memory: MemoryBudget::new(settings.answer_memory),
            reads: SingleFlight::new(),
            settings,
        };
        Ok(Self(Arc::new(inner), CallPriority::Interactive))
    }

    /// The same client, whose calls have this priority.
    #[must_use]
    pub(super) fn with_priority(&self, priority: CallPriority) -> Self {
        Self(Arc::clone(&self.0), priority)
    }

    /// The settings of this client.
    #[must_use]
    pub fn settings(&self) -> &OdooSettings {
        &self.0.settings
    }

    /// The slots of calls that run.
    pub(super) fn call_slots(&self) -> &LeasedSlots {
        self.0.queue.slots()
    }

    /// Calls a model method as a user. A read is repeated once after a concurrent update: Odoo rolled it back after
    /// five attempts of its own. A write is never repeated: after the other update, the client may want something
    /// else.
    ///
    /// # Errors
    /// If Odoo does not respond, or responds with a fault.
    pub async fn execute_kw(&self, user: &OdooUser, call: &Call) -> Result<Reply, OdooError> {
        let prepared = self.prepare(user, call).await?;
        self.execute_prepared(user, &prepared, call, None).await
    }

    /// Serializes a call for the protocol that it uses.
    async fn prepare(&self, user: &OdooUser, call: &Call) -> Result<PreparedCall, OdooError> {
        match self.json2_authorization(user).await? {
            None => self.serialize(user, call).map(PreparedCall::XmlRpc),
            // Boxed, because it can include a call of its own.
            Some(key) => Box::pin(self.prepare_json2(user, &key, call)).await.map(PreparedCall::Json2),
        }
    }

    /// `leading` is the call if others share it.
    async fn execute_prepared(
        &self,
        user: &OdooUser,
        prepared: &PreparedCall,
        call: &Call,
        leading: Option<&LeadingRead<'_>>,
    ) -> Result<Reply, OdooError> {
        let mut reply = self.execute_once(prepared, call, leading).await;
        if call.effect == Effect::Read && reply.as_ref().is_err_and(OdooError::is_concurrent_update) {
            reply = self.execute_once(prepared, call, leading).await;
        }
        reply.map_err(|error| error.with_secret(&user.secret))
    }

    async fn execute_once(
        &self,
        prepared: &PreparedCall,
        call: &Call,
        leading: Option<&LeadingRead<'_>>,
    ) -> Result<Reply, OdooError> {
        let body = match prepared {
            PreparedCall::XmlRpc(body) => body,
            // Boxed, because the usual calls must not become larger.
            PreparedCall::Json2(request) => return Box::pin(self.send_json2(request, call, leading)).await,
        };
        let span = self.start_call_span("xmlrpc", call.model.as_str(), call.method.as_str());
        let sending = self.send_leading(Service::Object, body.clone(), call.effect, leading);
        let response = in_span(span.current(), sending).await;
        let reply = response.map_err(OdooError::from).and_then(|response| into_reply(response, call.effect));
        self.log(call, "xmlrpc", body.len(), &reply);
        span.end(&reply);
        self.notice_unserved_xmlrpc(&reply).await;
        reply
    }

    fn serialize(&self, user: &OdooUser, call: &Call) -> Result<Bytes, OdooError> {
        let call = CallWriter::new("execute_kw")
            .at_most(self.0.settings.call_cap)
            .param("database", &self.0.settings.database.as_str().into())?
            .param("uid", &user.uid.get().into())?
            .param("password", &user.secret.expose_secret().into())?
            .param("model", &call.model.as_str().into())?
            .param("method", &call.method.as_str().into())?
            .list("args", &call.args)?
            .map("kwargs", &call.kwargs)?;
        Ok(Bytes::from_owner(call.finish()))
    }

    /// Waits for a permit, sends, and waits for the response. Continues if the caller is dropped.
    async fn send(&self, service: Service, body: Bytes, effect: Effect) -> Result<TimedReply, Problem> {
        self.send_leading(service, body, effect, None).await
    }

    async fn send_leading(
        &self,
        service: Service,
        body: Bytes,
        effect: Effect,
        leading: Option<&LeadingRead<'_>>,
    ) -> Result<TimedReply, Problem> {
        let (start, request) = (Instant::now(), service.request());
        let response = self.send_unmetered(service, body, effect, (start, leading)).await;
        let error = response.as_ref().err().map(|problem| problem.code.as_str());
        let queued = response.as_ref().map_or(Duration::ZERO, |response| response.timing.queued);
        self.0.metrics.record(request, error, (self.1.class(), queued), start.elapsed());
        response
    }

    async fn send_unmetered(
        &self,
        service: Service,
        body: Bytes,
        effect: Effect,
        (start, leading): (Instant, Option<&LeadingRead<'_>>),
    ) -> Result<TimedReply, Problem> {
        let permit = self.acquire_permit().await?;
        let queued = start.elapsed();
        if let Some(leading) = leading {
            leading.mark_sent();
        }
        let exchange = {
            let inner = Arc::clone(&self.0);
            async move {
                let response = inner.exchange(&service, &body, effect).await;
                if effect == Effect::Write {
                    inner.reads.record_write();
                }
                drop(permit);
                response
            }
        };
        let (received, attempts) = run_to_completion(exchange).await?;
        let RawResponse { status, text, share, to_first_byte, to_last_byte } = received;
        Ok(TimedReply { status, text, share, timing: Timing { queued, to_first_byte, to_last_byte, attempts } })
    }

    /// How long the circuit breaker still rejects calls; `None` if it is closed.
    #[must_use]
    pub fn breaker_pause(&self) -> Option<Duration> {
        self.0.circuit.remaining()
    }

    /// A permit for one call, unless the circuit breaker is open or the queue is full.
    async fn acquire_permit(&self) -> Result<CallPermit, Problem> {
        let inner = &self.0;
        if let Some(left) = inner.circuit.remaining() {
            return Err(circuit_open(left));
        }
        let permit = inner.queue.acquire(self.1).await.map_err(busy)?;
        inner.circuit.attempt().map_err(circuit_open)?;
        Ok(permit)
    }

    /// Logs what was called, its sizes, and its timing, never its values.
    fn log(&self, call: &Call, protocol: &'static str, sent: usize, reply: &Result<Reply, OdooError>) {
        let Call { model, method, effect, .. } = call;
        let (model, method) = (model.as_str(), method.as_str());
        let odoo = &self.0.settings.name;
        match reply {
            Ok(reply) => {
                let received = reply.size();
                tracing::debug!(odoo, protocol, model, method, ?effect, sent, received, ?reply.timing, "call");
            }
            Err(OdooError::Fault(fault)) => {
                let Fault { class, exception, .. } = fault;
                tracing::debug!(odoo, protocol, model, method, ?effect, sent, ?class, %exception, "fault");
            }
            Err(OdooError::Problem(problem)) => {
                let code = problem.code.as_str();
                tracing::debug!(odoo, protocol, model, method, ?effect, sent, code, "no response");
            }
        }
    }
}

impl Inner {
    async fn exchange(&self, service: &Service, body: &Bytes, effect: Effect) -> Result<(RawResponse, u8), Problem> {
        let start = Instant::now();
        let first = self.send_once(service, body, effect, 1).await;
        let again = match first.as_ref().err() {
            Some(TransportError::NotSent) => true,
            Some(TransportError::ClosedBeforeResponse) => effect == Effect::Read && start.elapsed() < RETRY_WITHIN,
            _ => false,
        };
        let (received, attempts) = if again { (self.send_once(service, body, effect, 2).await, 2) } else { (first, 1) };
        received.map(|received| (received, attempts)).map_err(|error| service.problem(error, effect))
    }

    /// One attempt. Only the first attempt of a read may reuse a connection.
    async fn send_once(
        &self,
        service: &Service,
        body: &Bytes,
        effect: Effect,
        attempt: u8,
    ) -> Result<RawResponse, TransportError> {
        let may_reuse = effect == Effect::Read && attempt == 1;
        let response_timeout = match service {
            Service::Probe => self.settings.response_timeout.min(PROBE_TIMEOUT),
            _ => self.settings.response_timeout,
        };
        let received = self
            .transport
            .send(OutgoingCall {
                url: self.url(service),
                protocol: service.protocol(),
                database: service.names_database().then_some(&self.endpoints.database),
                connection: if may_reuse { Connection::Pooled } else { Connection::Fresh },
                body,
                response_timeout,
                total_timeout: self.settings.total_timeout,
                answer_cap: self.max_response_bytes(service),
                memory: &self.memory,
                effect,
            })
            .await;
        self.record_connection(received.as_ref().err());
        received
    }

    fn record_connection(&self, error: Option<&TransportError>) {
        match error {
            Some(TransportError::NotConnected | TransportError::NotSent) => self.circuit.failed(),
            _ => self.circuit.connected(),
        }
    }

    fn url<'s>(&'s self, service: &'s Service) -> &'s ServiceUrl {
        match service {
            Service::Common => &self.endpoints.common,
            Service::Object => &self.endpoints.object,
            Service::Method | Service::Probe => &self.endpoints.jsonrpc,
            Service::KeyOwner { .. } => &self.endpoints.key_owner,
            Service::Json2 { target, .. } => &target.url,
        }
    }

    /// The header that names the database in requests without XML-RPC, unless the settings leave it out.
    fn json2_database(&self) -> Option<&HeaderValue> {
        self.settings.json2_names_database.then_some(&self.endpoints.database)
    }

    fn max_response_bytes(&self, service: &Service) -> usize {
        match service {
            Service::Common | Service::Object | Service::Method | Service::Json2 { .. } => self.settings.answer_cap,
            Service::Probe | Service::KeyOwner { .. } => {
                self.settings.answer_cap.min(api_key_owner::MAX_RESPONSE_BYTES)
            }
        }
    }
}

/// Inspects only the beginning of the response; the result is parsed when it is needed.
fn into_reply(response: TimedReply, effect: Effect) -> Result<Reply, OdooError> {
    let TimedReply { text, share, timing, .. } = response;
    if !response::is_fault(&text).map_err(|error| unreadable_response(error, effect))? {
        return Ok(Reply { body: Body::Xml(Arc::new(text)), share: share.map(Arc::new), timing });
    }
    let RpcResponse::Fault(fault) = response::parse(&text).map_err(|error| unreadable_response(error, effect))? else {
        return Err(unreadable_response("a result instead of a fault", effect).into());
    };
    let fault = Fault::from_xmlrpc(&fault);
    if fault.class == FaultClass::NoResult {
        Ok(Reply { body: Body::Null, share: None, timing })
    } else {
        Err(OdooError::Fault(fault))
    }
}

#[cfg(test)]
mod json2_tests;
#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;
