//! The OAuth 2 endpoints and the pages of the authorization flow.
//!
//! ```text
//! parameters             parameters of a request, from the form or the vendor's Authorization header
//! client_authentication  which application sends the request (RFC 6749 section 2.3)
//! token                  POST access_token and its alias token (RFC 6749 section 3.2)
//! revocation             POST revoke (RFC 7009)
//! introspection          POST introspect (RFC 7662)
//! metadata               /.well-known/oauth-authorization-server (RFC 8414) and the public keys (RFC 7517)
//! error                  errors as RFC 6749 section 5.2 defines them
//! authorization          the authorization endpoints of OAuth 1.0a and OAuth 2: login, consent, redirects
//! ```
//!
//! The other endpoints of OAuth 1.0a are part of the dialect `restapi`.
//!
//! In: requests under [`PREFIX`] and browsers at the authorization endpoints. Out: responses as the RFCs define them.
//! Must not know: how tokens are issued or stored.

pub(super) mod authorization;
mod client_authentication;
mod error;
mod introspection;
mod metadata;
mod parameters;
mod revocation;
mod token;

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::PRAGMA;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi::{ErrorFormat, describe_errors};
use super::state::AppState;

pub(super) use error::render_problem;
pub(super) use metadata::METADATA_PATH;

/// The path prefix of the OAuth 2 endpoints.
pub(super) const PREFIX: &str = "/restapi/1.0/common/oauth2";

/// The tag of these operations in the OpenAPI document.
const TAG: &str = "oauth2";

/// The routes of the OAuth 2 server, without the authorization endpoints.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    let mut routes = OpenApiRouter::new()
        .routes(routes!(token::access_token))
        .routes(routes!(token::token))
        .routes(routes!(revocation::revoke))
        .routes(routes!(introspection::introspect))
        .routes(routes!(metadata::server_metadata))
        .routes(routes!(metadata::server_metadata_with_path))
        .routes(routes!(metadata::public_keys));
    describe_errors(routes.get_openapi_mut(), ERRORS);
    routes
}

/// RFC 6749 section 5.2. The schema is described in `token`.
const ERRORS: ErrorFormat =
    ErrorFormat { name: "OAuth2", schema: "OAuth2Error", media_type: "application/json", ..ErrorFormat::PROBLEM };

/// Adds `Pragma: no-cache` (RFC 6749 section 5.1). The middleware adds `Cache-Control: no-store` to every response.
fn no_store(response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
