//! Pages of Odoo's web client, visited under the same limits as calls.
//!
//! In: a [`Visit`]. Out: what came back. Must not know: sessions, what pages mean.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Url;
use tracing::Instrument as _;

use super::OdooClient;
use crate::error::Problem;
use crate::odoo::detach::to_the_end;
use crate::odoo::transport::{Visit, Visited};
use crate::plan::Effect;

impl OdooClient {
    /// Visits a page of Odoo's web client; as a call, it keeps its place until Odoo has answered.
    pub(in crate::odoo) async fn visit(&self, visit: Visit) -> Result<Visited, Problem> {
        let permit = self.take_place().await?;
        let begun = Instant::now();
        let inner = Arc::clone(&self.0);
        let exchange = async move {
            let visited = inner.transport.visit(visit, &inner.settings).await;
            inner.note_connection(visited.as_ref().err());
            drop(permit);
            visited.map_err(|broken| broken.problem(Effect::Read))
        };
        let visited = to_the_end(exchange.in_current_span()).await;
        let outcome = visited.as_ref().map_or_else(|problem| problem.code.as_str(), |_| "answered");
        self.0.metrics.odoo_answered(&self.0.settings.name, outcome, Duration::ZERO, begun.elapsed());
        visited
    }

    /// Odoo's own address, with a slash at its end.
    pub(in crate::odoo) fn base(&self) -> &Url {
        &self.0.endpoints.base
    }
}
