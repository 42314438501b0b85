//! The services of Odoo that calls are sent to.
//!
//! In: nothing. Out: [`Service`]. Must not know: URLs, what is called.

use std::sync::Arc;

use reqwest::header::HeaderValue;

use crate::error::Problem;
use crate::odoo::api_key_owner;
use crate::odoo::error::TransportError;
use crate::odoo::request_target::ServiceUrl;
use crate::odoo::transport::Protocol;
use crate::plan::Effect;
use crate::telemetry::odoo_call_metrics::UpstreamRequest;

/// The services of Odoo.
#[derive(Debug)]
pub(super) enum Service {
    Common,
    Object,
    /// A method call over JSON-RPC.
    Method,
    /// The test whether JSON-RPC is served.
    Probe,
    /// The owner of the key in this header, over JSON-2; with or without the name of the database.
    KeyOwner {
        authorization: HeaderValue,
        named: bool,
    },
    /// A call over JSON-2, or the document of a model; with or without the name of the database.
    Json2 {
        target: Arc<Json2Target>,
        named: bool,
    },
}

/// Where a JSON-2 call goes, and with which key.
#[derive(Debug)]
pub(super) struct Json2Target {
    pub(super) url: ServiceUrl,
    pub(super) authorization: HeaderValue,
}

impl Service {
    pub(super) fn protocol(&self) -> Protocol<'_> {
        match self {
            Self::Common | Self::Object => Protocol::Xml,
            Self::Method | Self::Probe => Protocol::JsonRpc,
            Self::KeyOwner { authorization, .. } => Protocol::Json { authorization },
            Self::Json2 { target, .. } => Protocol::Json2 { authorization: &target.authorization },
        }
    }

    pub(super) fn names_database(&self) -> bool {
        !matches!(self, Self::KeyOwner { named: false, .. } | Self::Json2 { named: false, .. })
    }

    /// How metrics call it.
    pub(super) fn request(&self) -> UpstreamRequest {
        match self {
            Self::Common | Self::Object => UpstreamRequest::XmlRpc,
            Self::Method | Self::Probe => UpstreamRequest::JsonRpc,
            Self::KeyOwner { .. } | Self::Json2 { .. } => UpstreamRequest::Json2,
        }
    }

    pub(super) fn problem(&self, error: TransportError, effect: Effect) -> Problem {
        match self {
            Self::Common | Self::Object | Self::Method | Self::Probe | Self::Json2 { .. } => error.into_problem(effect),
            Self::KeyOwner { .. } => api_key_owner::problem(error),
        }
    }
}
