//! `/web/version` and `/json/version`: the version of the Odoo server.
//!
//! In: requests without a credential. Out: the version. Must not know: models.

use axum::Json;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi_schemas::{Json2Version, TAG};
use crate::error::Problem;
use crate::http::openapi::DatabaseHeader;
use crate::http::request::ApiRequest;
use crate::http::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(version)).routes(routes!(json_version))
}

/// The version of the Odoo server
///
/// Does not require a credential. The version is at most one minute old.
#[utoipa::path(
    get, path = "/web/version", operation_id = "json2_version", tag = TAG, params(DatabaseHeader), security(),
    responses((status = 200, description = "The version of the Odoo server", body = Json2Version))
)]
async fn version(request: ApiRequest) -> Result<Json<Value>, Problem> {
    recent_version(request).await
}

/// The version of the Odoo server (below /json)
///
/// Equivalent to `/web/version`.
#[utoipa::path(
    get, path = "/json/version", operation_id = "json2_json_version", tag = TAG, params(DatabaseHeader), security(),
    responses((status = 200, description = "The version of the Odoo server", body = Json2Version))
)]
async fn json_version(request: ApiRequest) -> Result<Json<Value>, Problem> {
    recent_version(request).await
}

async fn recent_version(request: ApiRequest) -> Result<Json<Value>, Problem> {
    let database = request.database()?;
    let version = request.timing.time("odoo", database.metadata.recent_version()).await?;
    Ok(Json(json!({"version_info": version.server_version_info, "version": version.server_version})))
}
