//! The span of a call to Odoo in a distributed trace.
//!
//! In: the name of a call, its result. Out: a span with the attributes of OpenTelemetry's semantic conventions for
//! remote procedure calls. Must not know: arguments and results, which are in no attribute.

use super::OdooClient;
use crate::error::Problem;
use crate::odoo::error::OdooError;
use crate::plan::Call;
use crate::telemetry::traces::{ActiveSpan, CurrentSpan, SpanKind, start_child};

/// The span of a call; `None` if there is no trace, or if it is not recorded.
pub(super) struct CallSpan(Option<ActiveSpan>);

impl OdooClient {
    /// Starts the span of a method of a model, or of a service of Odoo. `system` is the protocol.
    pub(super) fn start_call_span(&self, system: &'static str, service: &str, method: &str) -> CallSpan {
        let started = start_child(SpanKind::Client, || format!("{service}/{method}").into());
        CallSpan(started.map(|mut span| {
            span.set("rpc.system", system);
            span.set("rpc.service", service.to_owned());
            span.set("rpc.method", method.to_owned());
            self.describe_server(&mut span);
            span
        }))
    }

    /// Starts the span of waiting for an equal read of another caller.
    pub(super) fn start_shared_read_span(&self, call: &Call) -> CallSpan {
        let (model, method) = (call.model.as_str(), call.method.as_str());
        let started = start_child(SpanKind::Internal, || format!("shared {model}/{method}").into());
        CallSpan(started.map(|mut span| {
            span.set("odoo.database", self.0.settings.name.clone());
            span
        }))
    }

    /// Starts the span of a request to Odoo's web client. URLs can contain the access token of a record.
    pub(super) fn start_web_span(&self, method: &'static str) -> CallSpan {
        let started = start_child(SpanKind::Client, || method.into());
        CallSpan(started.map(|mut span| {
            span.set("http.request.method", method);
            self.describe_server(&mut span);
            span
        }))
    }

    fn describe_server(&self, span: &mut ActiveSpan) {
        let base = &self.0.endpoints.base;
        if let Some(host) = base.host_str() {
            span.set("server.address", host.to_owned());
        }
        if let Some(port) = base.port_or_known_default() {
            span.set("server.port", port);
        }
        span.set("odoo.database", self.0.settings.name.clone());
    }
}

impl CallSpan {
    /// The span, for the task of the call.
    pub(super) fn current(&self) -> Option<CurrentSpan> {
        self.0.as_ref().map(ActiveSpan::current)
    }

    /// Ends the span with the result of the call.
    pub(super) fn end<T>(self, result: &Result<T, OdooError>) {
        match (self.0, result) {
            (Some(mut span), Err(OdooError::Fault(fault))) => span.fail(fault.exception.clone()),
            (Some(mut span), Err(OdooError::Problem(problem))) => span.fail(problem.code.as_str()),
            _ => {}
        }
    }

    /// Ends the span with the result of a request, which is no fault.
    pub(super) fn end_request<T>(self, result: &Result<T, Problem>) {
        if let (Some(mut span), Err(problem)) = (self.0, result) {
            span.fail(problem.code.as_str());
        }
    }
}
