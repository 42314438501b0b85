//! The services of Odoo that calls are sent to.
//!
//! In: nothing. Out: [`Service`]. Must not know: URLs, what is called.

use reqwest::header::HeaderValue;

use crate::error::Problem;
use crate::odoo::api_key_owner;
use crate::odoo::error::TransportError;
use crate::odoo::transport::Protocol;
use crate::plan::Effect;

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
}

impl Service {
    pub(super) fn protocol(&self) -> Protocol<'_> {
        match self {
            Self::Common | Self::Object => Protocol::Xml,
            Self::Method | Self::Probe => Protocol::JsonRpc,
            Self::KeyOwner { authorization, .. } => Protocol::Json { authorization },
        }
    }

    pub(super) fn names_database(&self) -> bool {
        !matches!(self, Self::KeyOwner { named: false, .. })
    }

    pub(super) fn problem(&self, error: TransportError, effect: Effect) -> Problem {
        match self {
            Self::Common | Self::Object | Self::Method | Self::Probe => error.into_problem(effect),
            Self::KeyOwner { .. } => api_key_owner::problem(error),
        }
    }
}
