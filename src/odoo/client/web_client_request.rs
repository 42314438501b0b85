//! Requests to Odoo's web client, under the same limits as calls.
//!
//! In: a [`WebRequest`]. Out: a [`WebResponse`]. Must not know: sessions, what pages mean.

use std::sync::Arc;
use std::time::Instant;

use reqwest::Url;

use super::OdooClient;
use crate::error::Problem;
use crate::odoo::detach::run_to_completion;
use crate::odoo::transport::{WebRequest, WebResponse};
use crate::plan::Effect;
use crate::telemetry::odoo_call_metrics::UpstreamRequest;
use crate::telemetry::traces::in_span;

impl OdooClient {
    /// Sends a request to Odoo's web client. Like a call, it holds its permit until Odoo has responded.
    pub(in crate::odoo) async fn send_web_request(&self, request: WebRequest) -> Result<WebResponse, Problem> {
        let span = self.start_web_span(if request.json.is_some() { "POST" } else { "GET" });
        let start = Instant::now();
        let permit = self.acquire_permit().await?;
        let queued = start.elapsed();
        let inner = Arc::clone(&self.0);
        let exchange = async move {
            let response = inner.transport.send_web_request(request, &inner.settings).await;
            inner.record_connection(response.as_ref().err());
            // Printing a report can run any code.
            inner.reads.record_write();
            drop(permit);
            response.map_err(|error| error.into_problem(Effect::Read))
        };
        let response = in_span(span.current(), run_to_completion(exchange)).await;
        span.end_request(&response);
        let error = response.as_ref().err().map(|problem| problem.code.as_str());
        self.0.metrics.record(UpstreamRequest::Web, error, (self.1.class(), queued), start.elapsed());
        response
    }

    /// Odoo's base URL, with a trailing slash.
    pub(in crate::odoo) fn base(&self) -> &Url {
        &self.0.endpoints.base
    }
}
