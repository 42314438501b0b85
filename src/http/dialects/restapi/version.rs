//! `/restapi/1.0/common/version`: the version of the Odoo server.
//!
//! In: requests without a credential. Out: the version. Must not know: models.

use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::{MEDIA, to_bytes};
use super::openapi_schemas::{RestapiVersion, TAG};
use crate::error::Problem;
use crate::http::openapi::DatabaseHeader;
use crate::http::request::ApiRequest;
use crate::http::response::negotiate;
use crate::http::state::AppState;
use crate::value::Value;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(version))
}

/// The version of the Odoo server
///
/// Does not require a credential. The version is at most one minute old.
#[utoipa::path(
    get, path = "/common/version", operation_id = "restapi_version", tag = TAG, params(DatabaseHeader), security(),
    responses((status = 200, description = "The version of the Odoo server", body = RestapiVersion))
)]
async fn version(request: ApiRequest) -> Result<Response, Problem> {
    let database = request.database()?;
    let media = negotiate::choose(&request.head.headers, MEDIA)?;
    let version = request.timing.time("odoo", database.metadata.recent_version()).await?;
    let body = Value::Map(vec![
        ("server_version".into(), Value::from(version.server_version.as_str())),
        ("server_version_info".into(), Value::List(version.server_version_info.clone())),
        ("server_series".into(), Value::from(version.server_serie.as_str())),
        ("protocol_version".into(), Value::Int(version.protocol_version.into())),
    ]);
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(media.name()))];
    Ok((headers, to_bytes(&body, media)?).into_response())
}
