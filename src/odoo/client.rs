//! The client of one Odoo database.
//!
//! In: who calls, what is called with which arguments, and whether that can change anything. Out: a [`Reply`] that owns
//! the answer, or a [`Failure`]. Must not know: route families, schemas, credentials of our own.
//!
//! A call that was sent runs to its end inside Odoo, whether or not anybody still waits for it. So it keeps its place
//! at the gate until Odoo has answered, also when the caller has gone away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::HeaderValue;
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use tracing::Instrument as _;
use zeroize::Zeroizing;

use super::call_queue::{Gate, Load, Permit};
use super::circuit::Circuit;
use super::detach::to_the_end;
use super::error::{Broken, Failure, busy, circuit_open, unreadable, unreadable_after};
use super::faults::{Fault, FaultClass};
use super::json2;
use super::reply::{Body, Reply, Timing};
use super::settings::{Endpoints, OdooSettings, SettingsError};
use super::transport::{Connection, Exchange, Form, Received, Transport};
use super::user::{Caller, Uid};
use super::version::{self, ServerVersion};
use super::xmlrpc::answer::{self, Answer};
use super::xmlrpc::write::CallWriter;
use crate::clock::Clock;
use crate::error::Problem;
use crate::load::{Budget, Share};
use crate::plan::{Call, Effect};
use crate::telemetry::metrics::Metrics;
use crate::value::Value;

mod method;
mod probe;
mod web_request;

use method::JsonRpc;
pub use probe::OdooTrouble;

/// A read whose connection is cut this soon is sent again: the connection was an old one that closed as we wrote, or
/// its worker was just being replaced. Later it is Odoo's time limit that ended the worker, and it would end the next
/// one.
const AGAIN_WITHIN: Duration = Duration::from_secs(10);

/// How long Odoo may take to say whether it serves JSON-RPC.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of one database; cheap to clone.
#[derive(Debug, Clone)]
pub struct OdooClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: OdooSettings,
    endpoints: Endpoints,
    transport: Transport,
    metrics: Arc<Metrics>,
    gate: Gate,
    circuit: Circuit,
    jsonrpc: JsonRpc,
    /// JSON-2 is not served for the database that is named, but without a name it is.
    key_owner_unnamed: AtomicBool,
    /// For large answers.
    memory: Budget,
}

/// What came, and how long it took.
struct Answered {
    status: StatusCode,
    text: String,
    share: Option<Share>,
    timing: Timing,
}

impl OdooClient {
    /// A client for the database of `settings` over the process's one `transport`.
    ///
    /// # Errors
    /// When the URL cannot be used.
    pub fn new(
        settings: OdooSettings,
        transport: Transport,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        Ok(Self(Arc::new(Inner {
            endpoints: Endpoints::of(&settings)?,
            transport,
            metrics,
            gate: Gate::new(settings.concurrency, settings.queue, settings.queue_wait),
            circuit: Circuit::new(settings.failures_to_open, settings.open_for, clock.clone()),
            jsonrpc: JsonRpc::new(clock),
            key_owner_unnamed: AtomicBool::new(false),
            memory: Budget::new(settings.answer_memory),
            settings,
        })))
    }

    /// What it was made from.
    #[must_use]
    pub fn settings(&self) -> &OdooSettings {
        &self.0.settings
    }

    /// How many calls are under way and how many wait.
    #[must_use]
    pub fn load(&self) -> Load {
        self.0.gate.load()
    }

    /// For how long Odoo is left alone because it could not be reached; `None` where all is well.
    #[must_use]
    pub fn down_for(&self) -> Option<Duration> {
        self.0.circuit.remaining()
    }

    /// Odoo's version. Needs no credential.
    ///
    /// # Errors
    /// When Odoo does not answer, or not with a version.
    pub async fn version(&self) -> Result<ServerVersion, Failure> {
        let answered = self.ask(Service::Common, version::call()?.into(), Effect::Read).await?;
        version::read(&answered.text)
    }

    /// The user that `login` and `secret` belong to, or `None` where Odoo takes them not. Odoo 14 and 15 say no to
    /// everybody for a minute after ten wrong tries from one address.
    ///
    /// # Errors
    /// When Odoo does not answer, or with a fault: the database does not exist, say.
    pub async fn authenticate(&self, login: &str, secret: &SecretString) -> Result<Option<Uid>, Failure> {
        // The last argument stays empty: with a `base_location` in it an administrator's login would change Odoo's own
        // idea of its address.
        let call = CallWriter::new("authenticate")
            .param("database", &self.0.settings.database.as_str().into())?
            .param("login", &login.into())?
            .param("password", &secret.expose_secret().into())?
            .map("env", &[])?
            .finish();
        // Repeated, it leaves one more line in the log of logins: a read.
        let answered = self.ask(Service::Common, Bytes::from_owner(call), Effect::Read).await?;
        match answer::read(&answered.text).map_err(unreadable)? {
            Answer::Fault(fault) => Err(Failure::Fault(Fault::read(&fault))),
            Answer::Value(Value::Bool(false)) => Ok(None),
            Answer::Value(value) => match value.as_int().and_then(Uid::new) {
                Some(uid) => Ok(Some(uid)),
                None => Err(unreadable("neither a user's id nor false").into()),
            },
        }
    }

    /// The user that an API key belongs to, or `None` where Odoo does not take it. Odoo has this from
    /// [`json2::FIRST_MAJOR`] on.
    ///
    /// # Errors
    /// When Odoo does not answer, or not with a user.
    pub async fn owner_of(&self, key: &SecretString) -> Result<Option<Uid>, Failure> {
        let Some(authorization) = json2::authorization(key) else { return Ok(None) };
        let unnamed = &self.0.key_owner_unnamed;
        let named = !unnamed.load(Ordering::Relaxed);
        let ask = |named| {
            let service = Service::KeyOwner { authorization: authorization.clone(), named };
            self.ask(service, json2::QUESTION, Effect::Read)
        };
        let mut answered = ask(named).await?;
        // A server that filters its databases by the host has nothing at all for a name that the filter hides.
        if answered.status == StatusCode::NOT_FOUND && named {
            answered = ask(false).await?;
            unnamed.fetch_or(answered.status != StatusCode::NOT_FOUND, Ordering::Relaxed);
        }
        Ok(json2::read(answered.status, &answered.text)?)
    }

    /// Calls a method of a model in the name of a user. What only reads is asked once more when others changed the same
    /// rows at the same moment: Odoo rolled it back, after five tries of its own. What may write never is: that others
    /// were faster may be a reason to wish something else.
    ///
    /// # Errors
    /// When Odoo does not answer, or with a fault.
    pub async fn execute_kw(&self, caller: &Caller, call: &Call) -> Result<Reply, Failure> {
        let first = self.execute_once(caller, call).await;
        let collided =
            |failure: &Failure| matches!(failure, Failure::Fault(fault) if fault.class == FaultClass::ConcurrentUpdate);
        if call.effect == Effect::Read && first.as_ref().is_err_and(collided) {
            return self.execute_once(caller, call).await;
        }
        first
    }

    async fn execute_once(&self, caller: &Caller, call: &Call) -> Result<Reply, Failure> {
        let body = Bytes::from_owner(self.write(caller, call)?);
        let sent = body.len();
        let answered = self.ask(Service::Object, body, call.effect).await;
        let reply = answered.map_err(Failure::from).and_then(|answered| into_reply(answered, call.effect));
        self.log(call, sent, &reply);
        reply
    }

    fn write(&self, caller: &Caller, call: &Call) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let call = CallWriter::new("execute_kw")
            .at_most(self.0.settings.call_cap)
            .param("database", &self.0.settings.database.as_str().into())?
            .param("uid", &caller.uid.get().into())?
            .param("password", &caller.secret.expose_secret().into())?
            .param("model", &call.model.as_str().into())?
            .param("method", &call.method.as_str().into())?
            .list("args", &call.args)?
            .map("kwargs", &call.kwargs)?;
        Ok(call.finish())
    }

    /// Takes a place at Odoo, sends, and waits. The exchange goes on if the caller goes away.
    async fn ask(&self, service: Service, body: Bytes, effect: Effect) -> Result<Answered, Problem> {
        let begun = Instant::now();
        let answered = self.ask_uncounted(service, body, effect, begun).await;
        let outcome = answered.as_ref().map_or_else(|problem| problem.code.as_str(), |_| "answered");
        let queued = answered.as_ref().map_or(Duration::ZERO, |answered| answered.timing.queued);
        self.0.metrics.odoo_answered(&self.0.settings.name, outcome, queued, begun.elapsed());
        answered
    }

    async fn ask_uncounted(
        &self,
        service: Service,
        body: Bytes,
        effect: Effect,
        begun: Instant,
    ) -> Result<Answered, Problem> {
        let permit = self.take_place().await?;
        let queued = begun.elapsed();
        let exchange = {
            let inner = Arc::clone(&self.0);
            async move {
                let answered = inner.exchange(&service, &body, effect).await;
                drop(permit);
                answered
            }
        };
        let (received, attempts) = to_the_end(exchange.in_current_span()).await?;
        let Received { status, text, share, to_first_byte, to_last_byte } = received;
        Ok(Answered { status, text, share, timing: Timing { queued, to_first_byte, to_last_byte, attempts } })
    }

    /// A place at Odoo, unless it was down a moment ago or is full.
    async fn take_place(&self) -> Result<Permit, Problem> {
        let inner = &self.0;
        if let Some(left) = inner.circuit.remaining() {
            return Err(circuit_open(left));
        }
        let permit = inner.gate.enter().await.map_err(busy)?;
        inner.circuit.attempt().map_err(circuit_open)?;
        Ok(permit)
    }

    /// What was called, how large and how long: never with which values.
    fn log(&self, call: &Call, sent: usize, reply: &Result<Reply, Failure>) {
        let Call { model, method, effect, .. } = call;
        let (model, method) = (model.as_str(), method.as_str());
        let odoo = &self.0.settings.name;
        match reply {
            Ok(reply) => {
                tracing::debug!(odoo, model, method, ?effect, sent, received = reply.size(), ?reply.timing, "call")
            }
            Err(Failure::Fault(fault)) => {
                tracing::debug!(odoo, model, method, ?effect, sent, ?fault.class, %fault.exception, "fault");
            }
            Err(Failure::Problem(problem)) => {
                tracing::debug!(odoo, model, method, ?effect, sent, code = problem.code.as_str(), "no answer");
            }
        }
    }
}

/// What Odoo is asked.
#[derive(Debug)]
enum Service {
    Common,
    Object,
    /// A method, over JSON-RPC.
    Method,
    /// Whether JSON-RPC is served.
    Probe,
    /// Whose the key in this header is, over JSON-2; with the name of the database or without.
    KeyOwner {
        authorization: HeaderValue,
        named: bool,
    },
}

impl Service {
    fn form(&self) -> Form<'_> {
        match self {
            Self::Common | Self::Object => Form::Xml,
            Self::Method | Self::Probe => Form::JsonRpc,
            Self::KeyOwner { authorization, .. } => Form::Json { authorization },
        }
    }

    fn names_database(&self) -> bool {
        !matches!(self, Self::KeyOwner { named: false, .. })
    }

    fn problem(&self, broken: Broken, effect: Effect) -> Problem {
        match self {
            Self::Common | Self::Object | Self::Method | Self::Probe => broken.problem(effect),
            Self::KeyOwner { .. } => json2::problem(broken),
        }
    }
}

impl Inner {
    async fn exchange(&self, service: &Service, body: &Bytes, effect: Effect) -> Result<(Received, u8), Problem> {
        let begun = Instant::now();
        let first = self.once(service, body, effect, 1).await;
        let again = match first.as_ref().err() {
            Some(Broken::NotSent) => true,
            Some(Broken::CutBeforeAnswer) => effect == Effect::Read && begun.elapsed() < AGAIN_WITHIN,
            _ => false,
        };
        let (received, attempts) = if again { (self.once(service, body, effect, 2).await, 2) } else { (first, 1) };
        received.map(|received| (received, attempts)).map_err(|broken| service.problem(broken, effect))
    }

    /// One attempt. Only the first one of what may be repeated takes a connection that was used before.
    async fn once(&self, service: &Service, body: &Bytes, effect: Effect, attempt: u8) -> Result<Received, Broken> {
        let kept = effect == Effect::Read && attempt == 1;
        let response_timeout = match service {
            Service::Probe => self.settings.response_timeout.min(PROBE_TIMEOUT),
            _ => self.settings.response_timeout,
        };
        let received = self
            .transport
            .exchange(Exchange {
                url: self.url(service),
                form: service.form(),
                database: service.names_database().then_some(&self.endpoints.database),
                connection: if kept { Connection::Kept } else { Connection::Fresh },
                body,
                response_timeout,
                total_timeout: self.settings.total_timeout,
                answer_cap: self.answer_cap(service),
                memory: &self.memory,
                effect,
            })
            .await;
        self.note_connection(received.as_ref().err());
        received
    }

    fn note_connection(&self, broken: Option<&Broken>) {
        match broken {
            Some(Broken::NotConnected | Broken::NotSent) => self.circuit.failed(),
            _ => self.circuit.connected(),
        }
    }

    fn url(&self, service: &Service) -> &Url {
        match service {
            Service::Common => &self.endpoints.common,
            Service::Object => &self.endpoints.object,
            Service::Method | Service::Probe => &self.endpoints.jsonrpc,
            Service::KeyOwner { .. } => &self.endpoints.key_owner,
        }
    }

    fn answer_cap(&self, service: &Service) -> usize {
        match service {
            Service::Common | Service::Object | Service::Method => self.settings.answer_cap,
            Service::Probe | Service::KeyOwner { .. } => self.settings.answer_cap.min(json2::ANSWER_CAP),
        }
    }
}

/// Only the beginning of an answer is looked at here; the result is read where it is needed.
fn into_reply(answered: Answered, effect: Effect) -> Result<Reply, Failure> {
    let Answered { text, share, timing, .. } = answered;
    if !answer::is_fault(&text).map_err(|error| unreadable_after(error, effect))? {
        return Ok(Reply { body: Body::Xml(text), share: share.map(Arc::new), timing });
    }
    let Answer::Fault(fault) = answer::read(&text).map_err(|error| unreadable_after(error, effect))? else {
        return Err(unreadable_after("a result where a fault was announced", effect).into());
    };
    let fault = Fault::read(&fault);
    if fault.class == FaultClass::NoResult {
        Ok(Reply { body: Body::Null, share: None, timing })
    } else {
        Err(Failure::Fault(fault))
    }
}

#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;
