//! A request to an API route: its head, its unread body, and the names in its path.
//!
//! ```text
//! facts       request_facts: set by the middleware, read everywhere; it contains request_id, request_log,
//!             server_timing, original_target and peer
//! head        headers, authorization, credential, content_type, external_url, odoo_context
//! body        body: limits and reading; oauth1_form: what a signature covers
//! limits      unauthenticated_body: for requests without a verified credential
//! parameters  params: query string, form, multipart form or JSON body
//! ```
//!
//! In: axum's request. Out: [`ApiRequest`]. Must not know: what the request asks for. axum decodes path parameters
//! (`%2e%2e%2fxmlrpc` becomes `../xmlrpc`), so they leave this file only as validated names.

pub(super) mod authorization;
pub(super) mod body;
pub(super) mod content_type;
pub(super) mod credential;
pub(super) mod external_url;
pub(super) mod headers;
pub(super) mod oauth1_form;
pub(super) mod odoo_context;
pub(super) mod original_target;
pub(super) mod params;
pub(super) mod peer;
pub(super) mod request_facts;
pub(super) mod request_id;
pub(super) mod request_log;
pub(super) mod server_timing;
pub(super) mod unauthenticated_body;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequest, FromRequestParts as _, RawPathParams, Request};
use bytes::Bytes;
use http::request::Parts;

use self::body::{BodyLimits, RequestBody};
use self::external_url::ExternalUrl;
use self::oauth1_form::SignedForm;
use self::peer::ClientIp;
use self::request_facts::RequestFacts;
use self::request_log::RequestLog;
use self::server_timing::ServerTiming;
use super::body_budget::BodySender;
use super::response::negotiate::{self, Media, ResponseFormat};
use super::response::problem::ErrorContext;
use super::state::AppState;
use crate::auth::oauth1::SignedRequest;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{FieldName, MethodName, ModelName, RecordId, ReportName};
use crate::odoo::Database;

/// A request to an API route.
#[derive(Debug)]
pub(super) struct ApiRequest {
    /// The state that all requests share.
    pub state: AppState,
    /// Method, target, headers, extensions.
    pub head: Parts,
    /// The duration of each stage.
    pub timing: ServerTiming,
    /// The request's line in the access log.
    pub log: RequestLog,
    /// The parts of a signed request that dialects do not see.
    pub signed_form: SignedForm,
    /// The body, until it is read.
    pub body: RequestBody,
    /// The format of the response if it lists records, once it is negotiated.
    list_format: OnceLock<ResponseFormat>,
    /// The decoded path parameters.
    path: RawPathParams,
}

impl FromRequest<AppState> for ApiRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (mut head, body) = request.into_parts();
        let path = RawPathParams::from_request_parts(&mut head, state).await.map_err(|_| {
            Problem::new(ErrorCode::UnknownRoute, "The path is not valid UTF-8 after percent-decoding.")
        })?;
        let mut body = RequestBody::new(body);
        let signed_form = SignedForm::extract(&mut head, &mut body, state).await?;
        // Without the middleware, what is recorded is dropped.
        let facts = RequestFacts::from_extensions(&head.extensions);
        let (timing, log) = facts.map(|facts| (facts.timing.clone(), facts.log.clone())).unwrap_or_default();
        let list_format = OnceLock::new();
        Ok(Self { state: state.clone(), head, timing, log, signed_form, body, list_format, path })
    }
}

impl ApiRequest {
    /// The model in the path. The fixed segments of `/api/v1` are never models, whatever segment follows them.
    ///
    /// # Errors
    /// 404 for a segment that is not a valid model name.
    pub(super) fn model(&self) -> Result<ModelName, Problem> {
        const FIXED: [&str; 3] = ["health", "info", "object"];
        let name = self.segment("model");
        if FIXED.contains(&name) {
            let detail = format!("This model does not exist: {name} is a route.");
            return Err(Problem::new(ErrorCode::UnknownModel, detail));
        }
        ModelName::parse(name)
            .map_err(|error| Problem::new(ErrorCode::UnknownModel, format!("This model does not exist: {error}.")))
    }

    /// The record id in the path parameter `name`.
    ///
    /// # Errors
    /// 404 for a segment that is not a record id.
    pub(super) fn record_id(&self, name: &str) -> Result<RecordId, Problem> {
        RecordId::parse(self.segment(name)).ok_or_else(|| {
            let detail = "This record does not exist: a record's id is an integer from 1 to 2147483647.";
            Problem::new(ErrorCode::RecordNotFound, detail)
        })
    }

    /// The method in the path parameter `name`.
    ///
    /// # Errors
    /// 404 for a segment that is not a valid method name.
    pub(super) fn method(&self, name: &str) -> Result<MethodName, Problem> {
        MethodName::parse(self.segment(name))
            .map_err(|error| Problem::new(ErrorCode::UnknownMethod, format!("This method does not exist: {error}.")))
    }

    /// The report in the path.
    ///
    /// # Errors
    /// 404 for a segment that is not a valid report name.
    pub(super) fn report(&self) -> Result<ReportName, Problem> {
        ReportName::parse(self.segment("report_name"))
            .map_err(|error| Problem::new(ErrorCode::UnknownReport, format!("This report does not exist: {error}.")))
    }

    /// The field in the path parameter `name`.
    ///
    /// # Errors
    /// 400 for a segment that is not a valid field name.
    pub(super) fn field(&self, name: &str) -> Result<FieldName, Problem> {
        FieldName::parse(self.segment(name))
            .map_err(|error| Problem::new(ErrorCode::UnknownField, format!("This field does not exist: {error}.")))
    }

    /// The format of the response if it lists records; `media` are the types that the dialect offers. It is negotiated
    /// once: parameters may depend on it, and the pipeline needs it after them.
    ///
    /// # Errors
    /// 406 if the client accepts none.
    pub(super) fn list_format(&self, media: &[Media]) -> Result<ResponseFormat, Problem> {
        if let Some(format) = self.list_format.get() {
            return Ok(*format);
        }
        let format = negotiate::choose_list_format(&self.head.headers, media)?;
        Ok(*self.list_format.get_or_init(|| format))
    }

    /// The database that a request without a credential selects in its header, by default the first one. Logs it.
    ///
    /// # Errors
    /// 400 for a repeated header, 404 for an unknown database.
    pub(super) fn database(&self) -> Result<&Arc<Database>, Problem> {
        let database = self.state.databases.pick(headers::database(&self.head.headers)?)?;
        self.log.database(database.name.as_str());
        Ok(database)
    }

    /// Configuration that the router attached to the routes of one dialect.
    ///
    /// # Errors
    /// 500 if the router did not attach it.
    pub(super) fn extension<T: Send + Sync + 'static>(&self) -> Result<&T, Problem> {
        let missing = || Problem::internal(format_args!("the routes have no {}", std::any::type_name::<T>()));
        self.head.extensions.get().ok_or_else(missing)
    }

    /// The facts of the request that an error body repeats.
    #[must_use]
    pub(super) fn error_context(&self) -> ErrorContext<'_> {
        let facts = RequestFacts::from_extensions(&self.head.extensions);
        ErrorContext {
            request_id: facts.map_or("", |facts| facts.id.as_str()),
            path: facts.map_or("", |facts| facts.target.0.path()),
            at: self.state.clock.now(),
        }
    }

    /// The address of the client: the peer, or the address that a trusted proxy forwarded.
    #[must_use]
    pub(super) fn client_ip(&self) -> IpAddr {
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let client = RequestFacts::from_extensions(&self.head.extensions).and_then(|facts| facts.client);
        client.map_or(unknown, |ClientIp(address)| address)
    }

    /// The URL by which the client reached the gateway.
    ///
    /// # Errors
    /// 400 for ambiguous headers of a trusted proxy.
    pub(super) fn external_url(&self) -> Result<ExternalUrl, Problem> {
        ExternalUrl::from_request(&self.head, self.state.public_url.as_ref())
    }

    /// The OAuth 1.0a signature of the request, not yet verified; `None` if it is not signed.
    ///
    /// # Errors
    /// 400 for malformed parameters, 401 for an empty header.
    pub(super) fn signature(&self) -> Result<Option<SignedRequest>, Problem> {
        self.signed_form.parse_signature(&self.head, self.state.public_url.as_ref())
    }

    /// The complete body. Called after the credential was verified; a second call returns no bytes.
    ///
    /// # Errors
    /// 413 if it is too large, 400 if it does not arrive completely, 503 if too many large bodies are in flight.
    pub(super) async fn read_body(&mut self) -> Result<Bytes, Problem> {
        let largest = BodyLimits::largest_in(&self.head.extensions);
        self.body.read(largest, &self.state.body_budget, BodySender::Authenticated).await
    }

    /// Runs CPU work whose amount depends on the size of the body.
    pub(super) async fn run_on_body<T>(&self, work: impl FnOnce() -> T) -> T {
        self.state.body_budget.run(self.body.size(), work).await
    }

    /// The text of a path parameter, unchecked; empty if the route has none of this name.
    pub(super) fn segment(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}
