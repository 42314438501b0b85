//! `GET /start`: registers a demo application, with which anyone can try the gateway.
//!
//! In: the request. Out: a client id and its secret, if the demo is enabled; otherwise 404. Must not know: how
//! applications are registered, for which user they act.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::request::ApiRequest;
use super::state::AppState;
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// A registered demo application.
#[derive(Debug, Clone)]
pub struct DemoApplication {
    /// The client id.
    pub client_id: String,
    /// The client secret, which is not shown again.
    pub client_secret: String,
    /// The database of the demo user.
    pub database: String,
}

/// Registers an application for a client with this address.
type Register = dyn Fn(IpAddr) -> Pin<Box<dyn Future<Output = Result<DemoApplication, Problem>> + Send>> + Send + Sync;

/// The demo, if it is enabled.
#[derive(Clone, Default)]
pub struct Demo(Option<Arc<Register>>);

impl Demo {
    /// An enabled demo that registers applications with `register`.
    pub fn new(
        register: impl Fn(IpAddr) -> Pin<Box<dyn Future<Output = Result<DemoApplication, Problem>> + Send>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Some(Arc::new(register)))
    }
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Demo").field(&self.0.is_some()).finish()
    }
}

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(start))
}

/// The path of the endpoint.
pub(super) const PATH: &str = "/start";

/// A demo application.
#[derive(ToSchema)]
#[schema(as = DemoApplication, example = json!({
    "client_id": "ogw_app_5f2b7c0d9a41e836", "client_secret": "ogw_cs_…", "host": "127.0.0.1:8080", "database": "odoo"
}))]
#[expect(dead_code, reason = "describes the response in the OpenAPI document")]
struct StartSchema {
    /// The consumer key (OAuth 1.0a) or client id (OAuth 2).
    client_id: String,
    /// The secret. It is not shown again.
    client_secret: String,
    /// The host of the gateway.
    host: String,
    /// The Odoo database.
    database: String,
}

/// Register a demo application
///
/// Available only if the gateway is configured as a demo. The application expires after one day. It uses OAuth 1.0a or
/// OAuth 2 for the demo user, without an authorization page.
#[utoipa::path(
    get, path = "/start", operation_id = "restapi_start", tag = "restapi", security(),
    responses(
        (status = 200, description = "The application", body = StartSchema),
        (status = 404, description = "The gateway is not a demo"),
        (status = 429, description = "Too many applications were registered")
    )
)]
async fn start(Extension(demo): Extension<Demo>, request: ApiRequest) -> Result<Response, Problem> {
    let Some(register) = &demo.0 else {
        return Err(Problem::new(ErrorCode::UnknownRoute, "This path does not exist."));
    };
    let application = register(request.client_ip()).await?;
    let issuer = request.state.site.issuer();
    let host = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let (id, secret, database) = (application.client_id, application.client_secret, application.database);
    let body = json!({"client_id": id, "client_secret": secret, "host": host, "database": database});
    Ok(Json(body).into_response())
}
