//! Every route of the gateway, and what the routes need from the middleware.
//!
//! | prefix | module | body of errors |
//! |---|---|---|
//! | `/restapi/1.0` | `dialects::restapi` | RFC 9457 |
//! | `/restapi/1.0/common/oauth1/authorize`, `…/oauth2/authorize` | `oauth::authorization` | pages |
//! | `/restapi/1.0/common/oauth2`, `/.well-known/…` | `oauth` | RFC 6749 section 5.2 |
//! | `/api` | `dialects::api` | its own |
//! | `/api/v1` | `dialects::api_v1` | its own |
//! | `/restful/api/v1`, `/rest/api` | `dialects::restful` | RFC 9457 |
//! | `/start` | `demo` | RFC 9457 |
//! | `/`, `/docs/errors`, `/openapi.json` | `openapi` | RFC 9457 |
//! | `/postman_collection.json`, `/postman_environment.json` | `openapi::postman` | RFC 9457 |
//! | `/docs` | `docs` | RFC 9457 |
//! | `/pages` | `pages` | RFC 9457 |
//! | `/console` | `console` | pages |
//!
//! Any other path is answered by `middleware::fallback`.
//!
//! In: [`AppState`] and the configuration of single dialects. Out: axum's router, the OpenAPI document, the
//! [`RoutePolicy`]. Must not know: what a route does.

use std::sync::Arc;

use axum::{Extension, Router};
use serde_json::Value;
use url::Url;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::console::{self, ConsoleSettings};
use super::demo_application::{self, Demo};
use super::dialects::restful::RestfulModels;
use super::dialects::{api, api_v1, restapi, restful};
use super::docs::{self, DocsSettings};
use super::middleware::RoutePolicy;
use super::oauth::{self, authorization};
use super::openapi::{self as documentation, DocumentQuery, DocumentReader, Documents, RestfulShapesOf, to_version};
use super::pages;
use super::response::problem::ErrorRenderers;
use super::state::AppState;
use crate::error::Problem;
use crate::names::ModelName;
use crate::odoo::{Database, OdooUser};
use crate::plan::Scope;

/// Configuration that belongs to the routes of one dialect or page.
#[derive(Debug, Clone, Default)]
pub struct RouteConfig {
    /// The models that the `restful` dialect serves.
    pub restful_models: Arc<RestfulModels>,
    /// Issues demo applications, if the demo is enabled.
    pub demo: Demo,
    /// The console; `None` if it is not offered.
    pub console: Option<ConsoleSettings>,
    /// Settings of the documentation.
    pub docs: DocsSettings,
}

/// Every route of every dialect, and the pages that document them.
pub fn router(state: AppState, config: RouteConfig) -> Router {
    let docs_settings = config.docs.clone();
    let (restful_models, console) = (config.restful_models.clone(), config.console.clone());
    // The description of the routes is made again when somebody asks for it, and needs no memory until then.
    let (router, _) = documented_routes(config).split_for_parts();
    let documents = Arc::new(documents(state.public_url.clone(), restful_models));
    let documentation_pages = documentation::routes(documents.clone(), state.site.base());
    let docs = docs::routes(documents, &state.site, &docs_settings);
    let console = console.map(|settings| console::routes(state.clone(), settings)).unwrap_or_default();
    router.merge(documentation_pages).with_state(state).merge(docs).merge(pages::routes()).merge(console)
}

/// The documents with URLs below `public_url`.
fn documents(public_url: Option<Url>, restful_models: Arc<RestfulModels>) -> Documents {
    let make = move || documentation::with_public_url(openapi(), public_url.as_ref(), oauth::PREFIX);
    let shapes = move |model: &ModelName| restful_models.shapes(model);
    Documents::new(make, RestfulShapesOf(Arc::new(shapes)))
}

/// The OpenAPI document of the models that a query names, as a user of the database may use them: `models=res.partner`
/// and the other parameters of `/openapi.json`.
///
/// # Errors
/// 400 for a parameter, 403 or 404 for a model; those of Odoo.
pub async fn typed_openapi(
    database: &Database,
    user: &OdooUser,
    restful_models: Arc<RestfulModels>,
    public_url: Option<&Url>,
    query: &str,
) -> Result<Value, Problem> {
    let query = DocumentQuery::parse(Some(query))?;
    let documents = documents(public_url.cloned(), restful_models);
    let reader = DocumentReader { database, user, scope: &Scope::All };
    Ok(to_version(documents.for_reader(reader, &query, None).await?, query.version).document)
}

/// The OpenAPI document of all routes.
#[must_use]
pub fn openapi() -> OpenApi {
    documentation::complete(documented_routes(RouteConfig::default()).into_openapi())
}

fn documented_routes(config: RouteConfig) -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(documentation::base(oauth::PREFIX))
        .merge(restapi::routes())
        .merge(api::routes())
        .merge(restful::routes().route_layer(Extension(config.restful_models)))
        .merge(api_v1::routes())
        .merge(authorization::routes())
        .merge(oauth::routes())
        .merge(demo_application::routes().route_layer(Extension(config.demo)))
}

/// What the routes need from the middleware.
#[must_use]
pub fn route_policy() -> RoutePolicy {
    RoutePolicy {
        errors: ErrorRenderers::default()
            .under("/api", api::render_problem)
            .under(api_v1::PREFIX, api_v1::render_problem)
            .under(oauth::PREFIX, oauth::render_problem)
            .under(oauth::METADATA_PATH, oauth::render_problem),
        // Pages for browsers, whose contents scripts of other origins must not read (O2-16).
        without_cors: &[authorization::OAUTH1_PATH, authorization::OAUTH2_PATH, console::PREFIX],
        // GET issues a token or a code here, which the client would never see in the response to HEAD.
        without_head: &[
            authorization::OAUTH1_PATH,
            authorization::OAUTH2_PATH,
            demo_application::PATH,
            restful::LOGIN_PATH,
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operation ids of all GET operations. A new operation is reviewed before it is added here: GET must not
    /// change anything at Odoo. The vendor's login and the authorization of trusted applications are GET, too, and
    /// issue only a token or a code.
    const GET_OPERATIONS: &[&str] = &[
        "restapi_version",
        "restapi_check_access_rights",
        "restapi_search",
        "restapi_search_count",
        "restapi_fields_get",
        "restapi_list_records",
        "restapi_read_record",
        "restapi_print_report",
        "restapi_print_reports",
        "api_search",
        "api_schema",
        "api_record_count",
        "api_read_record",
        "rest_login_by_get",
        "restful_list_records",
        "restful_read_record",
        "apiv1_health",
        "apiv1_info",
        "apiv1_list_records",
        "apiv1_fields",
        "apiv1_read_record",
        "apiv1_download",
        "restapi_authorize_oauth1",
        "restapi_authorize_oauth2",
        "oauth2_metadata",
        "oauth2_metadata_below",
        "oauth2_jwks",
        "restapi_start",
    ];

    #[test]
    fn get_operations_only_read() {
        let document = openapi();
        let gets = document.paths.paths.values().filter_map(|path| path.get.as_ref());
        let operations: Vec<_> = gets.filter_map(|get| get.operation_id.clone()).collect();
        assert!(!operations.is_empty());
        for operation in operations {
            assert!(GET_OPERATIONS.contains(&operation.as_str()), "{operation}");
        }
    }
}
