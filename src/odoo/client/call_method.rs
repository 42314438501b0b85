//! Method calls: over JSON-2 if all calls use it, over JSON-RPC if Odoo fully serves it, otherwise over XML-RPC.
//!
//! In: a user and a call. Out: a [`Reply`], also if the method ran but its result cannot be transmitted. Must not know:
//! dialects, what a method does.
//!
//! Whether `/jsonrpc` is served is tested once, with a call that Odoo must reject: some servers return results there
//! but no faults (Odoo 14 and 15 with several databases for one host). A negative result is tested again after a
//! while.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use secrecy::ExposeSecret as _;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::{OdooClient, Service, TimedReply, into_reply};
use crate::clock::Clock;
use crate::error::Problem;
use crate::odoo::detach::run_to_completion;
use crate::odoo::error::{OdooError, TransportError, unreadable_response};
use crate::odoo::faults::{Fault, FaultClass};
use crate::odoo::jsonrpc::writer::{CallHead, execute_kw, probe};
use crate::odoo::jsonrpc::{python_json, response};
use crate::odoo::reply::{Body, Reply};
use crate::odoo::rpc_codec::RpcResponse;
use crate::odoo::settings::MethodCalls;
use crate::odoo::user::OdooUser;
use crate::odoo::xmlrpc;
use crate::plan::{Call, Effect};
use crate::telemetry::traces::in_span;

/// How long a negative result is valid.
const UNSERVED_TTL: Duration = Duration::from_secs(600);

/// Whether Odoo serves `/jsonrpc`, as far as it is known.
#[derive(Debug)]
pub(super) struct JsonRpcSupport {
    served: Mutex<Option<Served>>,
    clock: Clock,
}

#[derive(Debug, Clone, Copy)]
enum Served {
    Yes,
    NotSince(OffsetDateTime),
}

impl JsonRpcSupport {
    /// Not tested yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self { served: Mutex::new(None), clock }
    }

    /// The known result, or the result of `test`; a `None` is not stored.
    async fn is_served(&self, test: impl Future<Output = Option<bool>>) -> bool {
        let mut served = self.served.lock().await;
        match *served {
            Some(Served::Yes) => return true,
            Some(Served::NotSince(since)) if (self.clock.now() - since).abs() < UNSERVED_TTL => return false,
            _ => {}
        }
        let result = test.await;
        if let Some(yes) = result {
            *served = Some(if yes { Served::Yes } else { Served::NotSince(self.clock.now()) });
        }
        result.unwrap_or(false)
    }

    /// Records that JSON-RPC is no longer served.
    async fn mark_unserved(&self) {
        *self.served.lock().await = Some(Served::NotSince(self.clock.now()));
    }
}

/// The protocol of a method call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallProtocol {
    /// The one that transmits most results.
    Best,
    /// XML-RPC, whose results are those that a client of XML-RPC would receive from Odoo.
    XmlRpc,
}

impl OdooClient {
    /// Calls a method that a client named, like [`execute_kw`](Self::execute_kw). A method that ran always has a
    /// reply: if its result cannot be transmitted, the reply [is omitted](Reply::is_omitted).
    ///
    /// # Errors
    /// If Odoo does not respond, or responds with a fault.
    pub async fn call_method(&self, user: &OdooUser, call: &Call, protocol: CallProtocol) -> Result<Reply, OdooError> {
        let mut reply = self.call_method_once(user, call, protocol).await;
        if call.effect == Effect::Read && reply.as_ref().is_err_and(OdooError::is_concurrent_update) {
            reply = self.call_method_once(user, call, protocol).await;
        }
        reply.map_err(|error| error.with_secret(&user.secret))
    }

    async fn call_method_once(&self, user: &OdooUser, call: &Call, protocol: CallProtocol) -> Result<Reply, OdooError> {
        let inner = &self.0;
        if let Some(key) = self.json2_authorization(user).await? {
            // Boxed, because it is large.
            return Box::pin(self.call_method_over_json2(user, &key, call)).await;
        }
        if protocol == CallProtocol::Best
            && inner.settings.method_calls == MethodCalls::Auto
            && inner.jsonrpc.is_served(self.test_jsonrpc()).await
            && let Some(reply) = self.call_over_jsonrpc(user, call).await
        {
            return reply;
        }
        let body = self.serialize(user, call)?;
        let sent = body.len();
        let span = self.start_call_span("xmlrpc", call.model.as_str(), call.method.as_str());
        let response = in_span(span.current(), self.send(Service::Object, body, call.effect)).await;
        let reply = response.map_err(OdooError::from).and_then(|response| into_reply(response, call.effect));
        let reply = or_omitted_result(reply.and_then(|reply| with_parsed_result(reply, call.effect)), call.effect);
        self.log(call, "xmlrpc", sent, &reply);
        span.end(&reply);
        self.notice_unserved_xmlrpc(&reply).await;
        reply
    }

    /// `None` if JSON-RPC is no longer served; nothing was called.
    async fn call_over_jsonrpc(&self, user: &OdooUser, call: &Call) -> Option<Result<Reply, OdooError>> {
        let head = CallHead {
            database: self.0.settings.database.as_str(),
            uid: user.uid.get(),
            password: user.secret.expose_secret(),
            model: call.model.as_str(),
            method: call.method.as_str(),
            max_bytes: self.0.settings.call_cap,
        };
        let body = match execute_kw(head, &call.args, &call.kwargs) {
            Ok(body) => Bytes::from_owner(body),
            Err(error) => return Some(Err(error.into())),
        };
        let sent = body.len();
        let span = self.start_call_span("jsonrpc", call.model.as_str(), call.method.as_str());
        let response = in_span(span.current(), self.send(Service::Method, body, call.effect)).await;
        let reply = match response {
            Ok(response) => match parse_reply(response, call.effect) {
                JsonReply::Unserved => {
                    self.0.jsonrpc.mark_unserved().await;
                    return None;
                }
                JsonReply::Reply(reply) => Ok(reply),
                JsonReply::Failure(error) => Err(error),
            },
            Err(problem) => Err(OdooError::from(problem)),
        };
        let reply = or_omitted_result(reply, call.effect);
        self.log(call, "jsonrpc", sent, &reply);
        span.end(&reply);
        Some(reply)
    }

    /// Whether Odoo returns results and faults at `/jsonrpc`; `None` if the test could not run.
    async fn test_jsonrpc(&self) -> Option<bool> {
        let permit = self.acquire_permit().await.ok()?;
        let inner = Arc::clone(&self.0);
        let test = async move {
            let body = Bytes::from(probe(inner.settings.database.as_str()));
            let response = inner.send_once(&Service::Probe, &body, Effect::Read, 1).await;
            drop(permit);
            match response {
                Err(
                    TransportError::NotConnected
                    | TransportError::NotSent
                    | TransportError::Status { status: 429 | 503, .. },
                ) => None,
                Err(_) => Some(false),
                Ok(received) => Some(is_access_denied(&received.text)),
            }
        };
        let served = run_to_completion(test).await;
        tracing::debug!(odoo = self.0.settings.name, ?served, "tested whether Odoo serves JSON-RPC");
        served
    }
}

/// Whether this is Odoo's rejection of an empty password.
fn is_access_denied(text: &str) -> bool {
    matches!(response::parse(text), Ok(RpcResponse::Fault(fault)) if fault.name == "odoo.exceptions.AccessDenied")
}

enum JsonReply {
    Unserved,
    Reply(Reply),
    Failure(OdooError),
}

fn parse_reply(response: TimedReply, effect: Effect) -> JsonReply {
    let TimedReply { status, text, share, timing } = response;
    if status != StatusCode::OK {
        return JsonReply::Unserved;
    }
    let body = match response::parse(&text) {
        Ok(RpcResponse::Result(_)) => Body::Json(Arc::new(text)),
        Ok(RpcResponse::Fault(fault)) if fault.is_unserved() => return JsonReply::Unserved,
        Ok(RpcResponse::Fault(fault)) => return JsonReply::Failure(OdooError::Fault(Fault::from_jsonrpc(&fault))),
        Err(error) if error.is_unrepresentable() => Body::Omitted,
        Err(error) => return JsonReply::Failure(unreadable_response(error, effect).into()),
    };
    JsonReply::Reply(Reply { body, share: share.map(Arc::new), timing })
}

/// Parses the result at once, so that a result which cannot be transmitted is known before it is used.
pub(super) fn with_parsed_result(reply: Reply, effect: Effect) -> Result<Reply, OdooError> {
    let error = match &reply.body {
        Body::Xml(text) => xmlrpc::response::parse(text).err(),
        Body::Json2(text) => python_json::parse(text).err(),
        _ => None,
    };
    match error {
        None => Ok(reply),
        Some(error) if error.is_unrepresentable() => Ok(Reply { body: Body::Omitted, ..reply }),
        Some(error) => Err(unreadable_response(error, effect).into()),
    }
}

/// A method that ran is not a failure. A read whose result is too large remains one, because the client can request
/// less.
pub(super) fn or_omitted_result(reply: Result<Reply, OdooError>, effect: Effect) -> Result<Reply, OdooError> {
    let ran = match &reply {
        Err(OdooError::Fault(fault)) => fault.class == FaultClass::ResultNotRepresentable,
        Err(OdooError::Problem(problem)) => is_too_large(problem) && effect == Effect::Write,
        Ok(_) => false,
    };
    if ran { Ok(Reply { body: Body::Omitted, share: None, timing: Default::default() }) } else { reply }
}

fn is_too_large(problem: &Problem) -> bool {
    problem.code == crate::error_code::ErrorCode::ResultNotRepresentable
}
