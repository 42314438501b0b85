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
//! | `/xmlrpc/2`, `/xmlrpc`, `/jsonrpc`, `/web/webclient/version_info` | `dialects::rpc` | Odoo's faults |
//! | `/json/2`, `/doc-bearer`, `/web/version`, `/json/version` | `dialects::json2` | Odoo's |
//! | `/start` | `demo_application` | RFC 9457 |
//! | `/`, `/docs/errors`, `/openapi.json` | `openapi` | RFC 9457 |
//! | `/postman_collection.json`, `/postman_environment.json` | `openapi::postman` | RFC 9457 |
//! | `/docs` | `docs` | RFC 9457 |
//! | `/pages` | `pages` | RFC 9457 |
//! | `/console` | `console` | pages |
//!
//! Any other path is answered by `middleware::fallback`, also the paths of a dialect that is not offered.
//!
//! In: [`AppState`] and the configuration of single dialects. Out: axum's router, the OpenAPI document, the
//! [`RoutePolicy`]. Must not know: what a route does.

use std::sync::Arc;

use axum::routing::any;
use axum::{Extension, Router};
use serde_json::Value;
use url::Url;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use super::console::{self, ConsoleSettings};
use super::demo_application::{self, Demo};
use super::dialects::restful::RestfulModels;
use super::dialects::{OfferedDialects, api, api_v1, json2, restapi, restful, rpc};
use super::docs::{self, DocsSettings};
use super::middleware::RoutePolicy;
use super::middleware::fallback::unknown_route;
use super::oauth::{self, authorization};
use super::openapi::{self as documentation, DocumentQuery, DocumentReader, Documents, RestfulShapesOf, to_version};
use super::pages;
use super::response::problem::{ErrorRenderers, generic};
use super::state::AppState;
use crate::error::Problem;
use crate::names::ModelName;
use crate::odoo::{Database, OdooUser};
use crate::plan::Scope;

/// Configuration that belongs to the routes of one dialect or page.
#[derive(Debug, Clone, Default)]
pub struct RouteConfig {
    /// The dialects that have routes.
    pub dialects: OfferedDialects,
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
    let dialects = config.dialects;
    // The description of the routes is made again when somebody asks for it, and needs no memory until then.
    let (router, _) = documented_routes(config).split_for_parts();
    let documents = Arc::new(documents(state.public_url.clone(), restful_models, dialects));
    let documentation_pages = documentation::routes(documents.clone(), state.site.base());
    let docs = docs::routes(documents, &state.site, &docs_settings);
    let console = console.map(|settings| console::routes(state.clone(), settings)).unwrap_or_default();
    router.merge(documentation_pages).with_state(state).merge(docs).merge(pages::routes()).merge(console)
}

/// The documents of these dialects, with URLs below `public_url`.
fn documents(public_url: Option<Url>, restful_models: Arc<RestfulModels>, dialects: OfferedDialects) -> Documents {
    let make = move || documentation::with_public_url(openapi_of(dialects), public_url.as_ref(), oauth::PREFIX);
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
    let documents = documents(public_url.cloned(), restful_models, OfferedDialects::default());
    let reader = DocumentReader { database, user, scope: &Scope::All };
    Ok(to_version(documents.for_reader(reader, &query, None).await?, query.version).document)
}

/// The OpenAPI document of all routes.
#[must_use]
pub fn openapi() -> OpenApi {
    openapi_of(OfferedDialects::default())
}

fn openapi_of(dialects: OfferedDialects) -> OpenApi {
    let config = RouteConfig { dialects, ..RouteConfig::default() };
    documentation::complete(documented_routes(config).into_openapi())
}

fn documented_routes(config: RouteConfig) -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(documentation::base(oauth::PREFIX))
        .merge(dialect_routes(config.dialects, config.restful_models))
        .merge(authorization::routes())
        .merge(oauth::routes())
        .merge(demo_application::routes().route_layer(Extension(config.demo)))
}

/// The routes of the dialects that are offered. Credentials of OAuth 1 serve every dialect, so their endpoints are
/// always offered.
fn dialect_routes(offered: OfferedDialects, restful_models: Arc<RestfulModels>) -> OpenApiRouter<AppState> {
    let restful = || restful::routes().route_layer(Extension(restful_models));
    // The paths of `api_v1` are below those of `api`, which would take `v1` for a model.
    let unknown_paths = || OpenApiRouter::new().route(&format!("{}/{{*path}}", api_v1::PREFIX), any(unknown_route));
    let routes = [
        offered.restapi.then(restapi::routes),
        Some(restapi::oauth1_routes()),
        offered.api.then(api::routes),
        offered.restful.then(restful),
        offered.api_v1.then(api_v1::routes),
        (offered.api && !offered.api_v1).then(unknown_paths),
        offered.json2.then(json2::routes),
        offered.rpc.then(rpc::routes),
    ];
    routes.into_iter().flatten().fold(OpenApiRouter::new(), OpenApiRouter::merge)
}

/// What the routes need from the middleware.
#[must_use]
pub fn route_policy(offered: OfferedDialects) -> RoutePolicy {
    let mut errors = ErrorRenderers::default()
        .under(oauth::PREFIX, oauth::render_problem)
        .under(oauth::METADATA_PATH, oauth::render_problem);
    if offered.api {
        errors = errors.under(api::PREFIX, api::render_problem);
    }
    if offered.api_v1 {
        errors = errors.under(api_v1::PREFIX, api_v1::render_problem);
    } else if offered.api {
        // Its prefix is below the one of `api`.
        errors = errors.under(api_v1::PREFIX, generic);
    }
    if offered.json2 {
        errors = json2::PREFIXES.into_iter().fold(errors, |errors, prefix| errors.under(prefix, json2::render_problem));
    }
    RoutePolicy {
        errors,
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
        "json2_version",
        "json2_json_version",
        "json2_index",
        "json2_model",
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

    #[test]
    fn a_dialect_that_is_not_offered_is_not_in_the_document() {
        let all = OfferedDialects::default();
        for (offered, prefix) in [
            (OfferedDialects { restapi: false, ..all }, "/restapi/1.0/object/"),
            (OfferedDialects { api: false, ..all }, "/api/{model}/"),
            (OfferedDialects { restful: false, ..all }, "/restful/"),
            (OfferedDialects { api_v1: false, ..all }, "/api/v1/"),
            (OfferedDialects { json2: false, ..all }, "/json/2/"),
            (OfferedDialects { rpc: false, ..all }, "/jsonrpc"),
        ] {
            let paths = |dialects| openapi_of(dialects).paths.paths.into_keys().collect::<Vec<String>>();
            let has_dialect = |dialects| paths(dialects).iter().any(|path| path.starts_with(prefix));
            assert_eq!((has_dialect(all), has_dialect(offered)), (true, false), "{prefix}");
        }
    }

    #[test]
    fn only_tags_of_operations_are_listed() {
        for json2 in [true, false] {
            let document = openapi_of(OfferedDialects { json2, ..OfferedDialects::default() });
            let listed: Vec<String> = document.tags.into_iter().flatten().map(|tag| tag.name).collect();
            assert_eq!(listed.contains(&"json2".to_owned()), json2, "{listed:?}");
        }
    }
}
