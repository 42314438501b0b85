//! `/api/v1/health` and `/api/v1/info`: what anybody may ask.
//!
//! In: requests without a credential. Out: whether the gateway and Odoo answer, and what there is to ask. Must not know:
//! models.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tokio::time::timeout;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::{DONE, FAMILY, map, to_bytes};
use super::schemas::{DatabaseHeader, HealthAnswer, InfoAnswer, TAG};
use crate::error::Problem;
use crate::http::pipeline::whole;
use crate::http::request::Arrival;
use crate::http::request::headers;
use crate::http::response::negotiate;
use crate::http::state::Gateway;
use crate::odoo::{Database, ServerVersion};
use crate::value::Value;

/// Whoever asks for health does not wait for what is ill.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(info))
}

/// Health
///
/// Whether the gateway and Odoo answer; needs no credential. 200 also when Odoo is away: `status` is `degraded` then.
#[utoipa::path(
    get, path = "/health", operation_id = "apiv1_health", tag = TAG, params(DatabaseHeader), security(),
    responses((status = 200, description = "The state of both", body = HealthAnswer))
)]
async fn health(arrival: Arrival) -> Result<Response, Problem> {
    let odoo = version(database(&arrival)?).await;
    let (status, odoo) = if odoo.is_some() { ("ok", "ok") } else { ("degraded", "unreachable") };
    say(&arrival, map([("status", Value::from(status)), ("gateway", Value::from("ok")), ("odoo", Value::from(odoo))]))
}

/// Versions and endpoints
///
/// What the gateway and Odoo are, and what there is to ask; needs no credential.
#[utoipa::path(
    get, path = "/info", operation_id = "apiv1_info", tag = TAG, params(DatabaseHeader), security(),
    responses((status = 200, description = "Versions and endpoints", body = InfoAnswer))
)]
async fn info(arrival: Arrival) -> Result<Response, Problem> {
    let odoo = version(database(&arrival)?).await;
    let odoo = odoo.map_or(Value::Null, |version| {
        map([
            ("server_version", Value::from(version.server_version.clone())),
            ("server_serie", Value::from(version.server_serie.clone())),
        ])
    });
    let endpoints = ENDPOINTS.iter().map(|Endpoint { method, path, description }| {
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
    say(&arrival, data)
}

fn database(arrival: &Arrival) -> Result<&Arc<Database>, Problem> {
    let named = headers::database(&arrival.head.headers)?;
    let database = arrival.gateway.databases.pick(named)?;
    arrival.log.database(database.name.as_str());
    Ok(database)
}

/// `None` when Odoo does not answer.
async fn version(database: &Database) -> Option<Arc<ServerVersion>> {
    timeout(PATIENCE, database.knowledge.recent_version()).await.ok()?.ok()
}

fn say(arrival: &Arrival, data: Value<'_>) -> Result<Response, Problem> {
    let media = negotiate::choose(&arrival.head.headers, FAMILY.media)?;
    let mut answer = whole(to_bytes(DONE, data, arrival.gateway.clock.now())?);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media.name()));
    Ok(answer)
}

struct Endpoint {
    method: &'static str,
    path: String,
    description: String,
}

/// What the routes say of themselves.
static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(|| {
    let document = super::routes().into_openapi();
    document.paths.paths.iter().flat_map(|(path, item)| endpoints(path, item)).collect()
});

fn endpoints(path: &str, item: &PathItem) -> Vec<Endpoint> {
    let methods = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    let endpoint = |(method, operation): (&'static str, &Option<Operation>)| {
        let description = operation.as_ref()?.summary.clone().unwrap_or_default();
        Some(Endpoint { method, path: path.to_owned(), description })
    };
    methods.into_iter().filter_map(endpoint).collect()
}
