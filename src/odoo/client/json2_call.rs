//! Calls over JSON-2.
//!
//! In: a call, and the header with the user's key. Out: a [`Reply`], or the same errors as over XML-RPC. Must not know:
//! which calls use JSON-2.
//!
//! The parameters of methods that not every model has are read from Odoo's own document of the model, if the user may
//! read it. It is not needed for a call that has no arguments but ids, as most methods of records are called.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use reqwest::{StatusCode, Url};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::call_method::{or_omitted_result, with_parsed_result};
use super::call_target::Json2Target;
use super::{LeadingRead, OdooClient, Service, TimedReply};
use crate::cache::{CacheLimits, CoalescedLoads, ExpiringCache};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::ModelName;
use crate::odoo::error::{OdooError, TransportError, json2_unserved, unreadable_response};
use crate::odoo::faults::{CallTarget, Fault, FaultClass, missing_argument};
use crate::odoo::json2::model_methods::ModelMethods;
use crate::odoo::json2::named_arguments::{
    NamedArguments, NamingError, known, renamed, to_named, with_ids_alone, without_positional,
};
use crate::odoo::json2::{response, writer};
use crate::odoo::jsonrpc::python_json;
use crate::odoo::reply::{Body, Reply};
use crate::odoo::request_target::ServiceUrl;
use crate::odoo::user::{OdooUser, Uid};
use crate::odoo::xmlrpc::writer::validate_for_json;
use crate::plan::{Call, Effect};
use crate::telemetry::traces::in_span;
use crate::value::Value;

/// How long it is remembered how methods are called, and that a user may not read that.
const DOCUMENT_TTL: Duration = Duration::from_secs(600);
/// Maximum size of what is remembered about methods, in bytes, and the size of a large model.
const DOCUMENTS_SIZE: u64 = 8 << 20;
const LARGE_DOCUMENT: u64 = 128 << 10;
/// Maximum number of remembered pairs of users and models.
const MAX_HIDDEN: u64 = 10_000;

/// A call without arguments.
const NO_ARGUMENTS: Bytes = Bytes::from_static(b"{}");

/// How the methods of a model are called; `None` if the user may not read that.
type LoadedMethods = Result<Option<Arc<ModelMethods>>, OdooError>;

/// What is known about JSON-2 at one database.
#[derive(Debug)]
pub(super) struct Json2Knowledge {
    /// Whether Odoo finds the owner of a key only if the request does not name the database.
    unnamed_owners: AtomicBool,
    /// How the methods of a model are called, which is the same for all users.
    methods: ExpiringCache<ModelName, Arc<ModelMethods>>,
    /// The users who may not read how the methods of a model are called.
    hidden: ExpiringCache<(Uid, ModelName), ()>,
    /// The documents that are being read, each with the key of its reader: another key can be refused.
    loads: CoalescedLoads<(HeaderValue, ModelName), LoadedMethods>,
}

impl Json2Knowledge {
    /// Nothing is known.
    pub(super) fn new() -> Self {
        let methods = CacheLimits::capacity(DOCUMENTS_SIZE).expected_entries(DOCUMENTS_SIZE / LARGE_DOCUMENT);
        Self {
            unnamed_owners: AtomicBool::new(false),
            methods: ExpiringCache::new(methods.time_to_live(DOCUMENT_TTL)),
            hidden: ExpiringCache::new(CacheLimits::capacity(MAX_HIDDEN).time_to_live(DOCUMENT_TTL)),
            loads: CoalescedLoads::default(),
        }
    }
}

/// A call that is ready to be sent.
pub(super) struct Json2Request {
    target: Arc<Json2Target>,
    body: Bytes,
    /// `create` returns one id for an object over XML-RPC, and always a list over JSON-2.
    expects_one_id: bool,
}

impl Json2Request {
    /// Bytes that are the same only for equal calls with the same key.
    pub(super) fn sharing_key(&self) -> Bytes {
        let Json2Target { url, authorization } = &*self.target;
        let path = url.url().path().as_bytes();
        Bytes::from_owner(Zeroizing::new([authorization.as_bytes(), b"\n", path, b"\n", &*self.body].concat()))
    }
}

impl OdooClient {
    /// Makes a call.
    pub(super) async fn send_json2(
        &self,
        request: &Json2Request,
        call: &Call,
        leading: Option<&LeadingRead<'_>>,
    ) -> Result<Reply, OdooError> {
        let span = self.start_call_span("json2", call.model.as_str(), call.method.as_str());
        let response = in_span(span.current(), self.send_renaming(request, call, leading)).await;
        let reply = response.map_err(OdooError::from).and_then(|response| into_reply(response, request, call));
        self.log(call, "json2", request.body.len(), &reply);
        span.end(&reply);
        reply
    }

    /// Sends a call, and a second time if it did not run because an override of the model renames the parameter.
    async fn send_renaming(
        &self,
        request: &Json2Request,
        call: &Call,
        leading: Option<&LeadingRead<'_>>,
    ) -> Result<TimedReply, Problem> {
        let response = self.send_to_database(&request.target, &request.body, call.effect, leading).await?;
        match self.renamed_body(&response, call) {
            Some(body) => self.send_to_database(&request.target, &body, call.effect, leading).await,
            None => Ok(response),
        }
    }

    fn renamed_body(&self, response: &TimedReply, call: &Call) -> Option<Bytes> {
        if response.status != StatusCode::UNPROCESSABLE_ENTITY {
            return None;
        }
        let error = response::parse_error(&response.text)?;
        let named = renamed(call, self.known_major(), missing_argument(&error)?)?;
        writer::body(&named, self.0.settings.call_cap).ok().map(Bytes::from_owner)
    }

    /// Calls a method that a client named. Its result is parsed at once, so that one which cannot be used is known.
    pub(super) async fn call_method_over_json2(
        &self,
        user: &OdooUser,
        authorization: &HeaderValue,
        call: &Call,
    ) -> Result<Reply, OdooError> {
        if let Some(named) = known(call, self.known_major()) {
            return self.send_method(&self.json2_request(authorization, call, named)?, call).await;
        }
        if let Some(named) = with_ids_alone(call) {
            let reply = self.send_method(&self.json2_request(authorization, call, Ok(named))?, call).await;
            if !matches!(&reply, Err(OdooError::Fault(fault)) if fault.rejects_ids()) {
                return reply;
            }
        }
        let request = self.documented_request(user, authorization, call).await?;
        self.send_method(&request, call).await
    }

    async fn send_method(&self, request: &Json2Request, call: &Call) -> Result<Reply, OdooError> {
        let reply = self.send_json2(request, call, None).await;
        or_omitted_result(reply.and_then(|reply| with_parsed_result(reply, call.effect)), call.effect)
    }

    /// Makes a call whose arguments or result are secrets. `None`: its result is no text.
    pub(super) async fn call_json2_with_secrets(
        &self,
        authorization: &HeaderValue,
        call: &Call,
        named: &NamedArguments<'_>,
    ) -> Result<Option<SecretString>, OdooError> {
        let body = Bytes::from_owner(writer::body(named, self.0.settings.call_cap)?);
        let path = format!("{}/{}", call.model, call.method);
        let target = Arc::new(json2_target(&self.0.endpoints.json2, &path, authorization)?);
        let span = self.start_call_span("json2", call.model.as_str(), call.method.as_str());
        let sending = self.send_to_database(&target, &body, call.effect, None);
        let response = in_span(span.current(), sending).await;
        let result = response.map_err(OdooError::from).and_then(|response| {
            let text = Zeroizing::new(response.text);
            if response.status != StatusCode::OK {
                return Err(error_in(response.status, &text, call));
            }
            let value = python_json::parse(&text).map_err(|error| unreadable_response(error, call.effect))?;
            Ok(value.as_text().map(SecretString::from))
        });
        span.end(&result);
        result
    }

    /// Prepares a call of the gateway's own, which does without documents where it can.
    pub(super) async fn prepare_json2(
        &self,
        user: &OdooUser,
        authorization: &HeaderValue,
        call: &Call,
    ) -> Result<Json2Request, OdooError> {
        if let Some(named) = known(call, self.known_major()).or_else(|| with_ids_alone(call).map(Ok)) {
            return self.json2_request(authorization, call, named);
        }
        self.documented_request(user, authorization, call).await
    }

    /// Names the arguments as Odoo's document does. If there are none to name, it is not required.
    async fn documented_request(
        &self,
        user: &OdooUser,
        authorization: &HeaderValue,
        call: &Call,
    ) -> Result<Json2Request, OdooError> {
        let methods = self.model_methods(user, authorization, &call.model).await?;
        let method = methods.as_ref().and_then(|methods| methods.get(call.method.as_str()));
        let named = match method {
            Some(method) => to_named(call, method.takes_ids, method.parameters.iter().map(|name| &**name)),
            None => without_positional(call).ok_or_else(|| match methods {
                Some(_) => undocumented_method(call),
                None => unknown_names(call),
            })?,
        };
        self.json2_request(authorization, call, named)
    }

    fn json2_request(
        &self,
        authorization: &HeaderValue,
        call: &Call,
        named: Result<NamedArguments<'_>, NamingError>,
    ) -> Result<Json2Request, OdooError> {
        validate_for_json(&call.args, &call.kwargs)?;
        let is_create = call.method.as_str() == "create";
        // Over XML-RPC, `create` inspects its first positional argument.
        if is_create && call.args.is_empty() && call.kwargs.iter().any(|(name, _)| name == "vals_list") {
            return Err(OdooError::Fault(Fault::no_records()));
        }
        let named = named.map_err(|error| unnameable(call, error))?;
        let body = Bytes::from_owner(writer::body(&named, self.0.settings.call_cap)?);
        let path = format!("{}/{}", call.model, call.method);
        let target = json2_target(&self.0.endpoints.json2, &path, authorization)?;
        let expects_one_id = is_create && matches!(call.args.first(), Some(Value::Map(_)));
        Ok(Json2Request { target: Arc::new(target), body, expects_one_id })
    }

    /// How the methods of a model are called; `None` if the user may not read it.
    async fn model_methods(&self, user: &OdooUser, authorization: &HeaderValue, model: &ModelName) -> LoadedMethods {
        let knowledge = &self.0.json2;
        let reader = (user.uid, model.clone());
        if let Some(methods) = knowledge.methods.get(model) {
            return Ok(Some(methods));
        }
        if knowledge.hidden.get(&reader).is_some() {
            return Ok(None);
        }
        let load = async {
            // Another load may have ended since.
            match knowledge.methods.get(model) {
                Some(methods) => Ok(Some(methods)),
                None => self.load_methods(reader, authorization).await,
            }
        };
        knowledge.loads.run((authorization.clone(), model.clone()), load).await
    }

    async fn load_methods(&self, reader: (Uid, ModelName), authorization: &HeaderValue) -> LoadedMethods {
        let (knowledge, model) = (&self.0.json2, &reader.1);
        let response = self.fetch_document(authorization, model).await?;
        // Without the module that serves documents, nobody may read them.
        if response.status == StatusCode::FORBIDDEN || is_unserved(&response) {
            knowledge.hidden.insert(reader, ());
            return Ok(None);
        }
        if response.status != StatusCode::OK {
            return Err(document_error(&response, model));
        }
        let methods = ModelMethods::parse(&response.text).map(Arc::new);
        let methods = methods.ok_or_else(|| unreadable_response("it is no document of a model", Effect::Read))?;
        knowledge.methods.insert_weighted(model.clone(), Arc::clone(&methods), methods.size());
        Ok(Some(methods))
    }

    pub(super) async fn fetch_document(
        &self,
        authorization: &HeaderValue,
        model: &ModelName,
    ) -> Result<TimedReply, Problem> {
        let target = json2_target(&self.0.endpoints.documents, &format!("{model}.json"), authorization)?;
        let (target, body) = (Arc::new(target), NO_ARGUMENTS);
        let span = self.start_call_span("json2", model.as_str(), "doc-bearer");
        let sending = self.send_to_database(&target, &body, Effect::Read, None);
        let response = in_span(span.current(), sending).await;
        span.end_request(&response);
        response
    }

    async fn send_to_database(
        &self,
        target: &Arc<Json2Target>,
        body: &Bytes,
        effect: Effect,
        leading: Option<&LeadingRead<'_>>,
    ) -> Result<TimedReply, Problem> {
        // If Odoo rejects the name, a call without it would reach another database.
        let named = self.0.settings.json2_names_database;
        let service = Service::Json2 { target: Arc::clone(target), named };
        self.send_leading(service, body.clone(), effect, leading).await
    }

    /// Sends a request for the owner of a key, which names the database. A server that filters its databases by host
    /// returns 404 for a name that the filter hides: then, and from then on, the request does not name it. The owner
    /// can be one of another database, so this requires that XML-RPC verifies the key with the owner's id.
    pub(super) async fn send_key_owner<F>(&self, send: impl Fn(bool) -> F) -> Result<TimedReply, Problem>
    where
        F: Future<Output = Result<TimedReply, Problem>>,
    {
        if self.must_use_json2() || !self.0.settings.json2_names_database {
            return send(self.0.settings.json2_names_database).await;
        }
        let unnamed = &self.0.json2.unnamed_owners;
        let named = !unnamed.load(Ordering::Relaxed);
        let response = send(named).await?;
        if !named || !is_unserved(&response) {
            return Ok(response);
        }
        let response = send(false).await?;
        if !is_unserved(&response) && !unnamed.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                odoo = self.0.settings.name,
                "Odoo finds the owners of API keys only if the request does not name the database; its host decides \
                 which one is used"
            );
        }
        Ok(response)
    }
}

/// Whether Odoo does not serve the URL, or not for this database.
fn is_unserved(response: &TimedReply) -> bool {
    response.status == StatusCode::NOT_FOUND && response.text.is_empty()
}

fn json2_target(base: &Url, path: &str, authorization: &HeaderValue) -> Result<Json2Target, Problem> {
    let url = base.join(path).map_err(Problem::internal)?;
    Ok(Json2Target { url: ServiceUrl::new(url), authorization: authorization.clone() })
}

fn into_reply(response: TimedReply, request: &Json2Request, call: &Call) -> Result<Reply, OdooError> {
    let TimedReply { status, text, share, timing } = response;
    if status != StatusCode::OK {
        return Err(error_in(status, &text, call));
    }
    if response::is_null(&text) {
        return Ok(Reply { body: Body::Null, share: None, timing });
    }
    let text = match request.expects_one_id {
        true => response::one_id(&text).ok_or_else(|| unreadable_response("it is not one id", call.effect))?,
        false => text,
    };
    Ok(Reply { body: Body::Json2(Arc::new(text)), share: share.map(Arc::new), timing })
}

fn error_in(status: StatusCode, text: &str, call: &Call) -> OdooError {
    match response::parse_error(text) {
        Some(error) => OdooError::Fault(Fault::from_json2(&error, call.model.as_str(), call.method.as_str())),
        None if status == StatusCode::NOT_FOUND => json2_unserved().into(),
        None => TransportError::Status { status: status.as_u16(), retry_after: None }.into_problem(call.effect).into(),
    }
}

/// Why there is no document of a model. Its failure must not be taken for one of the method.
fn document_error(response: &TimedReply, model: &ModelName) -> OdooError {
    let model = model.as_str();
    let fault = match response::parse_error(&response.text) {
        Some(_) if response.status == StatusCode::NOT_FOUND => Fault::unknown_model(model),
        Some(error) => Fault::from_json2(&error, model, ""),
        None if response.status == StatusCode::NOT_FOUND => return json2_unserved().into(),
        None => {
            let error = TransportError::Status { status: response.status.as_u16(), retry_after: None };
            return error.into_problem(Effect::Read).into();
        }
    };
    match fault.class {
        FaultClass::CredentialRejected | FaultClass::UnknownModel => OdooError::Fault(fault),
        _ => fault.problem(&CallTarget { model, method: "doc-bearer", ids: &[], effect: Effect::Read }).into(),
    }
}

fn unnameable(call: &Call, error: NamingError) -> OdooError {
    match error {
        NamingError::NoIds => OdooError::Fault(Fault::no_records()),
        NamingError::Mismatch(message) => OdooError::Fault(Fault::signature_mismatch(&message)),
        NamingError::Reserved(name) => {
            let detail = format!(
                "The argument `{name}` of the method {} of {} cannot be sent: Odoo is called over JSON-2, which uses \
                 this name for something else.",
                call.method, call.model
            );
            Problem::new(ErrorCode::InvalidParameter, detail).parameter(name).into()
        }
    }
}

fn undocumented_method(call: &Call) -> Problem {
    let detail = format!("Odoo's document of the model {} contains no public method {}.", call.model, call.method);
    Problem::new(ErrorCode::UnknownMethod, detail)
        .hint("The gateway reads the document again ten minutes after it was read.")
}

fn unknown_names(call: &Call) -> Problem {
    let detail = format!(
        "The positional arguments of the method {} of {} cannot be sent: Odoo is called over JSON-2, which takes named \
         arguments, and this user may not read the names.",
        call.method, call.model
    );
    Problem::new(ErrorCode::InvalidParameter, detail).parameter("args").hint(
        "Send the arguments by their names in `kwargs`, and only ids in `args`. Or let an administrator of Odoo add \
         the user to the group that may read the technical documentation (`api_doc.group_allow_doc`).",
    )
}
