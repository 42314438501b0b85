//! Calls of methods by their names: over JSON-RPC where Odoo serves it in full, else over XML-RPC.
//!
//! In: who calls what. Out: a [`Reply`], also where the method ran and its result cannot be carried. Must not know:
//! dialects, what a method does.
//!
//! Whether `/jsonrpc` is served is asked once, by a call that Odoo must refuse: some of its servers answer results
//! there but no faults (Odoo 14 and 15 where several databases answer to one host). A "no" is asked again after a while.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tracing::Instrument as _;

use super::{Answered, OdooClient, Service, into_reply};
use crate::clock::Clock;
use crate::error::Problem;
use crate::odoo::detach::to_the_end;
use crate::odoo::error::{Broken, Failure, unreadable_after};
use crate::odoo::faults::{Fault, FaultClass};
use crate::odoo::jsonrpc::answer::{self, Answer};
use crate::odoo::jsonrpc::write::{Head, execute_kw, probe};
use crate::odoo::reply::{Body, Reply};
use crate::odoo::settings::MethodCalls;
use crate::odoo::user::Caller;
use crate::odoo::xmlrpc;
use crate::plan::{Call, Effect};

/// How long "not served" is believed.
const BELIEVED: Duration = Duration::from_secs(600);

/// What is known of `/jsonrpc`.
#[derive(Debug)]
pub(super) struct JsonRpc {
    served: Mutex<Option<Served>>,
    clock: Clock,
}

#[derive(Debug, Clone, Copy)]
enum Served {
    Yes,
    NotSince(OffsetDateTime),
}

impl JsonRpc {
    /// Nothing is known yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self { served: Mutex::new(None), clock }
    }

    /// What is known, or else what `ask` says; a `None` of it is not remembered.
    async fn is_served(&self, ask: impl Future<Output = Option<bool>>) -> bool {
        let mut served = self.served.lock().await;
        match *served {
            Some(Served::Yes) => return true,
            Some(Served::NotSince(since)) if self.clock.now() - since < BELIEVED => return false,
            _ => {}
        }
        let answer = ask.await;
        if let Some(yes) = answer {
            *served = Some(if yes { Served::Yes } else { Served::NotSince(self.clock.now()) });
        }
        answer.unwrap_or(false)
    }

    /// It was served, and is no more.
    async fn is_gone(&self) {
        *self.served.lock().await = Some(Served::NotSince(self.clock.now()));
    }
}

impl OdooClient {
    /// Calls a method that somebody named, as [`execute_kw`](Self::execute_kw) does. A method that ran has an answer
    /// here: where its result cannot be carried, the reply [says so](Reply::is_omitted).
    ///
    /// # Errors
    /// When Odoo does not answer, or with a fault.
    pub async fn call_method(&self, caller: &Caller, call: &Call) -> Result<Reply, Failure> {
        let first = self.call_method_once(caller, call).await;
        let collided =
            |failure: &Failure| matches!(failure, Failure::Fault(fault) if fault.class == FaultClass::ConcurrentUpdate);
        if call.effect == Effect::Read && first.as_ref().is_err_and(collided) {
            return self.call_method_once(caller, call).await;
        }
        first
    }

    async fn call_method_once(&self, caller: &Caller, call: &Call) -> Result<Reply, Failure> {
        let inner = &self.0;
        if inner.settings.method_calls == MethodCalls::Auto
            && inner.jsonrpc.is_served(self.ask_for_jsonrpc()).await
            && let Some(reply) = self.call_over_json(caller, call).await
        {
            return reply;
        }
        let body = Bytes::from_owner(self.write(caller, call)?);
        let sent = body.len();
        let answered = self.ask(Service::Object, body, call.effect).await;
        let reply = answered.map_err(Failure::from).and_then(|answered| carried(answered, call.effect));
        let reply = or_omitted(reply, call.effect);
        self.log(call, sent, &reply);
        reply
    }

    /// `None` where there is no JSON-RPC any more: nothing was called.
    async fn call_over_json(&self, caller: &Caller, call: &Call) -> Option<Result<Reply, Failure>> {
        let head = Head {
            database: self.0.settings.database.as_str(),
            uid: caller.uid.get(),
            password: caller.secret.expose_secret(),
            model: call.model.as_str(),
            method: call.method.as_str(),
            most: self.0.settings.call_cap,
        };
        let body = match execute_kw(head, &call.args, &call.kwargs) {
            Ok(body) => Bytes::from_owner(body),
            Err(error) => return Some(Err(error.into())),
        };
        let sent = body.len();
        let reply = match self.ask(Service::Method, body, call.effect).await {
            Ok(answered) => match read(answered, call.effect) {
                Read::Unserved => {
                    self.0.jsonrpc.is_gone().await;
                    return None;
                }
                Read::Reply(reply) => Ok(reply),
                Read::Failure(failure) => Err(failure),
            },
            Err(problem) => Err(Failure::from(problem)),
        };
        let reply = or_omitted(reply, call.effect);
        self.log(call, sent, &reply);
        Some(reply)
    }

    /// Whether Odoo answers at `/jsonrpc`, results and faults; `None` where it could not be asked.
    async fn ask_for_jsonrpc(&self) -> Option<bool> {
        let permit = self.take_place().await.ok()?;
        let inner = Arc::clone(&self.0);
        let asked = async move {
            let body = Bytes::from(probe(inner.settings.database.as_str()));
            let answer = inner.once(&Service::Probe, &body, Effect::Read, 1).await;
            drop(permit);
            match answer {
                Err(Broken::NotConnected | Broken::NotSent | Broken::Status { status: 429 | 503, .. }) => None,
                Err(_) => Some(false),
                Ok(received) => Some(is_refusal(&received.text)),
            }
        };
        let served = to_the_end(asked.in_current_span()).await;
        tracing::debug!(odoo = self.0.settings.name, ?served, "jsonrpc");
        served
    }
}

/// Whether this is how Odoo refuses an empty password.
fn is_refusal(text: &str) -> bool {
    matches!(answer::read(text), Ok(Answer::Fault(fault)) if fault.name == "odoo.exceptions.AccessDenied")
}

enum Read {
    Unserved,
    Reply(Reply),
    Failure(Failure),
}

fn read(answered: Answered, effect: Effect) -> Read {
    let Answered { status, text, share, timing } = answered;
    if status != StatusCode::OK {
        return Read::Unserved;
    }
    let body = match answer::read(&text) {
        Ok(Answer::Value(_)) => Body::Json(text),
        Ok(Answer::Fault(fault)) if fault.is_of_no_route() => return Read::Unserved,
        Ok(Answer::Fault(fault)) => return Read::Failure(Failure::Fault(Fault::read_json(&fault))),
        Err(misread) if misread.cannot_be_carried() => Body::Omitted,
        Err(misread) => return Read::Failure(unreadable_after(misread, effect).into()),
    };
    Read::Reply(Reply { body, share: share.map(Arc::new), timing })
}

/// Reads the whole of an XML-RPC answer: a result that cannot be carried is known before anybody wants it.
fn carried(answered: Answered, effect: Effect) -> Result<Reply, Failure> {
    let reply = into_reply(answered, effect)?;
    let misread = match &reply.body {
        Body::Xml(text) => xmlrpc::answer::read(text).err(),
        _ => None,
    };
    match misread {
        None => Ok(reply),
        Some(misread) if misread.cannot_be_carried() => Ok(Reply { body: Body::Omitted, ..reply }),
        Some(misread) => Err(unreadable_after(misread, effect).into()),
    }
}

/// A method that ran is not a failure. What only reads may still be asked for less.
fn or_omitted(reply: Result<Reply, Failure>, effect: Effect) -> Result<Reply, Failure> {
    let ran = match &reply {
        Err(Failure::Fault(fault)) => fault.class == FaultClass::ResultNotRepresentable,
        Err(Failure::Problem(problem)) => is_too_large(problem) && effect == Effect::Write,
        Ok(_) => false,
    };
    if ran { Ok(Reply { body: Body::Omitted, share: None, timing: Default::default() }) } else { reply }
}

fn is_too_large(problem: &Problem) -> bool {
    problem.code == crate::error_code::Code::ResultNotRepresentable
}
