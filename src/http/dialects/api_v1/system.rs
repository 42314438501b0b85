//! `/api/v1/health` and `/api/v1/info`.
//!
//! In: requests without a credential. Out: the state of the gateway and of Odoo; their versions, and the endpoints.
//! Must not know: models.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tokio::time::timeout;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::{DIALECT, DONE, map, to_bytes};
use super::openapi_schemas::{ApiV1Health, ApiV1Info, TAG};
use crate::error::Problem;
use crate::http::openapi::DatabaseHeader;
use crate::http::pipeline::full_response;
use crate::http::request::ApiRequest;
use crate::http::response::negotiate;
use crate::http::state::AppState;
use crate::odoo::{Database, ServerVersion};
use crate::value::Value;

/// How long a health check waits for Odoo.
const ODOO_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(info))
}

/// Health
///
/// Returns the state of the gateway and of Odoo. Does not require a credential. If Odoo does not respond, the HTTP
/// status is still 200, and `status` is `degraded`.
#[utoipa::path(
    get, path = "/health", operation_id = "apiv1_health", tag = TAG, params(DatabaseHeader), security(),
    responses((status = 200, description = "The state of the gateway and of Odoo", body = ApiV1Health))
)]
async fn health(request: ApiRequest) -> Result<Response, Problem> {
    let odoo = version(request.database()?).await;
    let (status, odoo) = if odoo.is_some() { ("ok", "ok") } else { ("degraded", "unreachable") };
    respond(
        &request,
        map([("status", Value::from(status)), ("gateway", Value::from("ok")), ("odoo", Value::from(odoo))]),
    )
}

/// Versions and endpoints
///
/// Returns the versions of the gateway and of Odoo, and the endpoints. Does not require a credential.
#[utoipa::path(
    get, path = "/info", operation_id = "apiv1_info", tag = TAG, params(DatabaseHeader), security(),
    responses((status = 200, description = "Versions and endpoints", body = ApiV1Info))
)]
async fn info(request: ApiRequest) -> Result<Response, Problem> {
    let odoo = version(request.database()?).await;
    let odoo = odoo.map_or(Value::Null, |version| {
        map([
            ("server_version", Value::from(version.server_version.clone())),
            ("server_serie", Value::from(version.server_serie.clone())),
        ])
    });
    let endpoints = ENDPOINTS.iter().map(|EndpointInfo { method, path, description }| {
        map([
            ("method", Value::from(*method)),
            ("path", Value::from(path.as_str())),
            ("description", Value::from(description.as_str())),
        ])
    });
    let data = map([
        ("name", Value::from(env!("CARGO_PKG_NAME"))),
        ("version", Value::from(env!("CARGO_PKG_VERSION"))),
        ("api_version", Value::from("v1")),
        ("odoo", odoo),
        ("endpoints", endpoints.collect()),
    ]);
    respond(&request, data)
}

/// Returns `None` if Odoo does not respond in time.
async fn version(database: &Database) -> Option<Arc<ServerVersion>> {
    timeout(ODOO_TIMEOUT, database.metadata.recent_version()).await.ok()?.ok()
}

fn respond(request: &ApiRequest, data: Value<'_>) -> Result<Response, Problem> {
    let media = negotiate::choose(&request.head.headers, DIALECT.media)?;
    let mut response = full_response(to_bytes(DONE, data, request.state.clock.now())?);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    Ok(response)
}

struct EndpointInfo {
    method: &'static str,
    path: String,
    description: String,
}

/// The documented routes of the dialect.
static ENDPOINTS: LazyLock<Vec<EndpointInfo>> = LazyLock::new(|| {
    let document = super::routes().into_openapi();
    document.paths.paths.iter().flat_map(|(path, item)| endpoints(path, item)).collect()
});

fn endpoints(path: &str, item: &PathItem) -> Vec<EndpointInfo> {
    let methods = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    let endpoint = |(method, operation): (&'static str, &Option<Operation>)| {
        let description = operation.as_ref()?.summary.clone().unwrap_or_default();
        Some(EndpointInfo { method, path: path.to_owned(), description })
    };
    methods.into_iter().filter_map(endpoint).collect()
}
