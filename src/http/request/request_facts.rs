//! What the middleware knows about a request before it is routed.
//!
//! In: set by the middleware. Out: [`RequestFacts`] in the request's extensions. Must not know: how the facts are
//! determined. They are one extension, because each extension costs an allocation.

use http::Extensions;

use super::original_target::OriginalTarget;
use super::peer::{ClientIp, Peer};
use super::request_id::RequestId;
use super::request_log::RequestLog;
use super::server_timing::ServerTiming;

/// The facts of one request; in the request's extensions.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct RequestFacts {
    /// The id of the request.
    pub id: RequestId,
    /// The request's line in the access log.
    pub log: RequestLog,
    /// The duration of each stage.
    pub timing: ServerTiming,
    /// The other end of the connection.
    pub peer: Peer,
    /// The address of the client; `None` if the connection has none.
    pub client: Option<ClientIp>,
    /// The target as the client sent it.
    pub target: OriginalTarget,
}

impl RequestFacts {
    /// The facts in the extensions of a request; `None` without the middleware.
    pub(in crate::http) fn from_extensions(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }
}
