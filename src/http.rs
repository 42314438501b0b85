//! HTTP as callers see it.
//!
//! ```text
//! layers     what happens to every request, outermost first
//! problem    a problem as an answer, in the body of the family it concerns
//! gateway    what every handler shares
//! arrival    a request as the pipeline takes it
//! origin     by which address the client reached the gateway
//! signed     what of a signed request is read before it is known who calls
//! headers    headers by name, `-` and `_` being the same
//! open       what a request may hold before anybody has shown a credential
//! large      large bodies: how many are held and worked on at one time
//! caller     who calls
//! input      parameters, wherever they stand
//! context    what a request says about the context of its calls
//! negotiate  media types and preferences
//! once       requests that are done once, under an idempotency key
//! pipeline   the way of a request, a line per stage
//! stream     listings as rows and lines, of any length
//! restapi    family A
//! api        family B
//! restful    family C
//! authorize  a user lets an application act for him: OAuth 1 and 2
//! pages      what he sees then
//! api_v1     family D
//! oauth2     tokens for applications
//! demo       an application of one's own, to try the gateway with
//! docs       the OpenAPI document, Swagger UI, the list of errors
//! ```
//!
//! In: requests from [`serve`](crate::serve). Out: answers. Must not know: how Odoo is asked. A family is an adapter
//! and nothing more: request to deed, outcome to bytes.

mod authenticate;
mod demo;
mod dialects;
mod idempotency;
pub mod middleware;
mod oauth;
pub mod openapi;
mod pages;
mod pipeline;
mod request;
mod response;
mod state;

use self::dialects::{api, api_v1, restapi, restful};
use self::oauth::authorization;
use axum::Router;
use response::problem::ProblemBodies;
use utoipa_axum::router::OpenApiRouter;

pub use demo::{Demo, DemoApplication};
pub use dialects::restful::{RestfulModels, Schemas};
pub use oauth::authorization::Site;
pub use request::body_budget::LargeBodies;
pub use state::{Gateway, Parts};

/// Every route of every family, and the pages that describe them.
pub fn router(gateway: Gateway) -> Router {
    let (router, document) = documented().split_for_parts();
    let described = openapi::routes(document, gateway.public_url.as_ref());
    router.with_state(gateway).merge(described).merge(pages::routes())
}

/// Which family tells problems under which prefix in a body of its own.
#[must_use]
pub fn problem_bodies() -> ProblemBodies {
    ProblemBodies::default()
        .under("/api", api::problem)
        .under(api_v1::PREFIX, api_v1::render_problem)
        .under(oauth::PREFIX, oauth::problem)
}

/// Whether GET issues something at this path. HEAD is not taken there: what it issues would be seen by nobody.
fn issues_by_get(path: &str) -> bool {
    [authorization::OAUTH1, authorization::OAUTH2, demo::PATH, restful::LOGIN_PATH].contains(&path)
}

/// The OpenAPI document of all routes.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    openapi::complete(documented().into_openapi())
}

fn documented() -> OpenApiRouter<Gateway> {
    let families = restapi::routes().merge(api::routes()).merge(restful::routes()).merge(api_v1::routes());
    OpenApiRouter::with_openapi(openapi::base())
        .merge(families)
        .merge(authorization::routes())
        .merge(oauth::routes())
        .merge(demo::routes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the operations that answer GET are called; a new one is looked at before it gets here.
    /// The vendor's login answers GET too and makes nothing but a token; so do trusted applications' authorizations.
    const SAFE: [&str; 22] = [
        "version",
        "schema",
        "record_count",
        "check_access_rights",
        "search",
        "search_count",
        "fields_get",
        "list_records",
        "read_record",
        "print_report",
        "print_reports",
        "start",
        "login_by_get",
        "authorize_oauth1",
        "authorize_oauth2",
        "health",
        "info",
        "fields",
        "download",
        "metadata",
        "metadata_below",
        "jwks",
    ];

    #[test]
    fn get_reaches_only_operations_that_read() {
        let document = openapi();
        let gets = document.paths.paths.values().filter_map(|path| path.get.as_ref());
        let names: Vec<_> = gets.filter_map(|get| get.operation_id.clone()).collect();
        assert!(!names.is_empty());
        for name in names {
            let (_, word) = name.split_once('_').unwrap();
            assert!(SAFE.contains(&word), "{name}");
        }
    }
}
