//! `/restapi/1.0/common`: what anybody may ask.
//!
//! In: requests without a credential. Out: the server's version. Must not know: models.

use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::{MEDIA, to_bytes};
use super::schemas::{DatabaseHeader, TAG};
use crate::error::Problem;
use crate::http::request::Arrival;
use crate::http::request::headers;
use crate::http::response::negotiate;
use crate::http::state::Gateway;
use crate::value::Value;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(version))
}

/// The version of the Odoo server
///
/// Needs no credential. The answer is at most a minute old.
#[utoipa::path(
    get, path = "/common/version", operation_id = "restapi_version", tag = TAG, params(DatabaseHeader), security(),
    responses((status = 200, description = "What the server says of itself", body = super::schemas::Version))
)]
async fn version(arrival: Arrival) -> Result<Response, Problem> {
    let named = headers::database(&arrival.head.headers)?;
    let database = arrival.gateway.databases.pick(named)?;
    arrival.log.database(database.name.as_str());
    let media = negotiate::choose(&arrival.head.headers, MEDIA)?;
    let version = arrival.stages.time("odoo", database.knowledge.recent_version()).await?;
    let tree = Value::Map(vec![
        ("server_version".into(), Value::from(version.server_version.as_str())),
        ("server_version_info".into(), Value::List(version.server_version_info.clone())),
        ("server_series".into(), Value::from(version.server_serie.as_str())),
        ("protocol_version".into(), Value::Int(version.protocol_version.into())),
    ]);
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(media.name()))];
    Ok((kind, to_bytes(&tree, media)?).into_response())
}
