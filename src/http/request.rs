//! A request as the pipeline takes it: head, unread body, the names in its path.
//!
//! In: axum's request. Out: [`Arrival`]. Must not know: what is wished. Axum hands over path parameters decoded
//! (`%2e%2e%2fxmlrpc` arrives as `../xmlrpc`), so they leave here only as parsed names.

pub(super) mod body_budget;
pub(super) mod forwarded;
pub(super) mod headers;
pub(super) mod oauth1_form;
pub(super) mod odoo_context;
pub(super) mod original_target;
pub(super) mod params;
pub(super) mod request_id;
pub(super) mod request_log;
pub(super) mod server_timing;
pub(super) mod unauthenticated;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts as _, RawPathParams, Request};
use bytes::Bytes;
use http::request::Parts;
use sync_wrapper::SyncWrapper;

use self::body_budget::{Place, Sender};
use self::oauth1_form::AsSent;
use super::middleware::{BodyLimits, RequestId, RequestLog, SentTarget, Stages, read_body};
use super::response::negotiate::{self, Form, Media};
use super::response::problem::Occasion;
use super::state::Gateway;
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::{FieldName, MethodName, ModelName, RecordId, ReportName};
use crate::serve::ClientAddress;

/// One request on its way through the pipeline.
#[derive(Debug)]
pub(super) struct Arrival {
    /// What all requests share.
    pub gateway: Gateway,
    /// Method, target, headers.
    pub head: Parts,
    /// How long each stage takes.
    pub stages: Stages,
    /// The request's line in the log.
    pub log: RequestLog,
    /// What was sent where families see something else.
    pub as_sent: AsSent,
    path: Vec<(String, String)>,
    /// The place of a large body, until the request is answered.
    place: Option<Place>,
    /// How many bytes the body had.
    pub size: u64,
    /// Wrapped, because a body cannot be looked at from two threads and the rest of an arrival must be.
    body: SyncWrapper<Body>,
}

impl FromRequest<Gateway> for Arrival {
    type Rejection = Problem;

    async fn from_request(request: Request, gateway: &Gateway) -> Result<Self, Problem> {
        let (mut head, body) = request.into_parts();
        let path = RawPathParams::from_request_parts(&mut head, gateway)
            .await
            .map_err(|_| Problem::new(Code::UnknownRoute, "The path is no UTF-8 once it is decoded."))?;
        let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (stages, log) = (Stages::of(&head.extensions), RequestLog::of(&head.extensions));
        let (gateway, as_sent, body) = (gateway.clone(), AsSent::default(), SyncWrapper::new(body));
        let mut arrival = Self { gateway, head, stages, log, as_sent, path, place: None, size: 0, body };
        oauth1_form::settle(&mut arrival).await?;
        Ok(arrival)
    }
}

impl Arrival {
    /// The model in the path. Names of fixed routes are no models, also where another segment stands behind them.
    ///
    /// # Errors
    /// 404 for what can be no model's name.
    pub(super) fn model(&self) -> Result<ModelName, Problem> {
        const FIXED: [&str; 3] = ["health", "info", "object"];
        let name = self.segment("model");
        if FIXED.contains(&name) {
            return Err(Problem::new(Code::UnknownModel, format!("There is no such model: {name} is a route.")));
        }
        ModelName::parse(name)
            .map_err(|error| Problem::new(Code::UnknownModel, format!("There is no such model: {error}.")))
    }

    /// The record id in the path's segment `name`.
    ///
    /// # Errors
    /// 404 for what can be no record's id.
    pub(super) fn id(&self, name: &str) -> Result<RecordId, Problem> {
        RecordId::parse(self.segment(name)).ok_or_else(|| {
            let detail = "There is no such record: a record's id is an integer from 1 to 2147483647.";
            Problem::new(Code::RecordNotFound, detail)
        })
    }

    /// The method in the path's segment `name`.
    ///
    /// # Errors
    /// 404 for what can be no method's name.
    pub(super) fn method(&self, name: &str) -> Result<MethodName, Problem> {
        MethodName::parse(self.segment(name))
            .map_err(|error| Problem::new(Code::UnknownMethod, format!("There is no such method: {error}.")))
    }

    /// The report in the path.
    ///
    /// # Errors
    /// 404 for what can be no report's name.
    pub(super) fn report(&self) -> Result<ReportName, Problem> {
        ReportName::parse(self.segment("report_name"))
            .map_err(|error| Problem::new(Code::UnknownReport, format!("There is no such report: {error}.")))
    }

    /// How the answer is to be written if it is a listing; `media` are those of the family.
    ///
    /// # Errors
    /// 406 when nothing is acceptable.
    pub(super) fn form(&self, media: &[Media]) -> Result<Form, Problem> {
        negotiate::choose_of_listing(&self.head.headers, media)
    }

    /// What an error body says of the request.
    #[must_use]
    pub(super) fn occasion(&self) -> Occasion<'_> {
        let extensions = &self.head.extensions;
        Occasion {
            request_id: extensions.get().map_or("", RequestId::as_str),
            path: extensions.get().map_or("", |SentTarget(target)| target.path()),
            at: self.gateway.clock.now(),
        }
    }

    /// The field in the path's segment `name`.
    ///
    /// # Errors
    /// 400 for what can be no field's name.
    pub(super) fn field(&self, name: &str) -> Result<FieldName, Problem> {
        FieldName::parse(self.segment(name))
            .map_err(|error| Problem::new(Code::UnknownField, format!("There is no such field: {error}.")))
    }

    /// Where the request comes from.
    #[must_use]
    pub(super) fn client(&self) -> std::net::IpAddr {
        let unknown = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
        self.head.extensions.get().map_or(unknown, |ClientAddress(address)| address.ip())
    }

    /// The whole body of a caller whose credential was checked; it is there once.
    ///
    /// # Errors
    /// 413 when it is too large, 400 when it does not arrive, 503 when too many large ones are under way.
    pub(super) async fn body(&mut self) -> Result<Bytes, Problem> {
        self.read_body(Sender::Proven).await
    }

    /// The same of a caller whose signature covers the body.
    ///
    /// # Errors
    /// As [`body`](Self::body).
    pub(super) async fn unproven_body(&mut self) -> Result<Bytes, Problem> {
        self.read_body(Sender::Unproven).await
    }

    /// The body, if it has at most so many bytes.
    ///
    /// # Errors
    /// 413 for a larger one; otherwise as [`body`](Self::body).
    pub(super) async fn body_within(&mut self, most: u64) -> Result<Bytes, Problem> {
        read_body(std::mem::take(self.body.get_mut()), most).await
    }

    async fn read_body(&mut self, sender: Sender) -> Result<Bytes, Problem> {
        let largest = self.head.extensions.get().map_or(u64::MAX, |limits: &BodyLimits| limits.largest);
        // A form that was read for its signature has its place already.
        if self.place.is_none() {
            let announced = self.announced();
            // What is too large is refused without a place. What says no size may become as large as can be.
            let size = if announced == u64::MAX { largest } else { announced };
            if size <= largest {
                self.place = self.gateway.bodies.admit(size, sender).await?;
            }
        }
        let body = self.body_within(largest).await?;
        self.size = body.len() as u64;
        Ok(body)
    }

    /// How large the body says to be; without a word, as large as can be.
    pub(super) fn announced(&mut self) -> u64 {
        http_body::Body::size_hint(self.body.get_mut()).upper().unwrap_or(u64::MAX)
    }

    /// What is read as the body from now on.
    pub(super) fn replace_body(&mut self, body: Body) {
        self.body = SyncWrapper::new(body);
    }

    fn segment(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}
