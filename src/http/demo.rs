//! `GET /start`: an application of one's own, to try the gateway with.
//!
//! In: nothing but the request. Out: a client id and its secret, where there is a demonstration; else 404. Must not know:
//! how applications are made, as whom they act.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::request::Arrival;
use super::state::Gateway;
use crate::error::Problem;
use crate::error_code::Code;

/// A new application.
#[derive(Debug, Clone)]
pub struct DemoApplication {
    /// Its public name.
    pub client_id: String,
    /// Its secret, this once.
    pub client_secret: String,
    /// The database whose users it is for.
    pub database: String,
}

/// What makes applications, for whoever asks from this address.
type Make = dyn Fn(IpAddr) -> Pin<Box<dyn Future<Output = Result<DemoApplication, Problem>> + Send>> + Send + Sync;

/// The demonstration, where there is one.
#[derive(Clone, Default)]
pub struct Demo(Option<Arc<Make>>);

impl Demo {
    /// A demonstration whose applications are made by `make`.
    pub fn new(
        make: impl Fn(IpAddr) -> Pin<Box<dyn Future<Output = Result<DemoApplication, Problem>> + Send>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Some(Arc::new(make)))
    }
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Demo").field(&self.0.is_some()).finish()
    }
}

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(start))
}

/// Where applications are given.
pub(super) const PATH: &str = "/start";

/// A demo application.
#[derive(ToSchema)]
#[schema(as = DemoApplication, example = json!({
    "client_id": "ogw_app_5f2b7c0d9a41e836", "client_secret": "ogw_cs_…", "host": "127.0.0.1:8080", "database": "odoo"
}))]
#[expect(dead_code, reason = "it is only described")]
struct StartSchema {
    /// To be shown as consumer key or client id.
    client_id: String,
    /// Its secret, this once.
    client_secret: String,
    /// Where the gateway is.
    host: String,
    /// The database.
    database: String,
}

/// Start a demonstration
///
/// Where the gateway is set up as a demonstration: an application that ends after a day. It may log in with OAuth 1.0a and
/// OAuth 2, for one user, without a page.
#[utoipa::path(
    get, path = "/start", operation_id = "restapi_start", tag = "restapi", security(),
    responses(
        (status = 200, description = "The application", body = StartSchema),
        (status = 404, description = "There is no demonstration here"),
        (status = 429, description = "Too many were made")
    )
)]
async fn start(arrival: Arrival) -> Result<Response, Problem> {
    let Some(make) = &arrival.gateway.demo.0 else {
        return Err(Problem::new(Code::UnknownRoute, "There is nothing at this address."));
    };
    let made = make(arrival.client()).await?;
    let issuer = arrival.gateway.site.issuer();
    let host = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let (id, secret, database) = (made.client_id, made.client_secret, made.database);
    let body = json!({"client_id": id, "client_secret": secret, "host": host, "database": database});
    Ok(Json(body).into_response())
}
