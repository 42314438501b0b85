//! `/json/2`, `/doc-bearer` and `/web/version`: Odoo's JSON-2 in front of Odoo 14-20, see docs/guides/json2.md.
//!
//! ```text
//! calls            POST /json/2/{model}/{method}
//! version          the version of the Odoo server, without a credential
//! reference        the models, and the fields and methods of one
//! model_methods    the methods of one model that a caller may call
//! orm_methods      the signatures of the methods that every model has
//! errors           {name, message, arguments, context, debug}
//! openapi_schemas  parameters and bodies in the OpenAPI document
//! ```
//!
//! In: requests under these paths. Out: responses as Odoo 19 writes them. Must not know: the Odoo calls.

mod calls;
mod errors;
mod model_methods;
mod openapi_schemas;
mod orm_methods;
mod reference;
mod version;

use utoipa_axum::router::OpenApiRouter;

pub(in crate::http) use self::errors::render_problem;
use crate::http::openapi::idempotency::document_idempotency_key;
use crate::http::state::AppState;

/// The path prefixes of the dialect.
pub(in crate::http) const PREFIXES: [&str; 4] = ["/json/2", "/json/version", "/doc-bearer", "/web/version"];

/// All documented routes of the dialect.
pub(in crate::http) fn routes() -> OpenApiRouter<AppState> {
    let routes = document_idempotency_key(calls::routes()).merge(reference::routes());
    let mut routes = routes.merge(version::routes());
    openapi_schemas::describe_errors(routes.get_openapi_mut());
    routes
}
