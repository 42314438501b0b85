//! The OAuth 2 server: tokens for applications (contract section 7; RFC 6749, 7009, 7662, 8414, 9068).
//!
//! ```text
//! parameters  form body, or the vendor's Authorization header
//! client      which application asks
//! token       POST access_token, alias token
//! after       POST revoke, POST introspect
//! metadata    /.well-known/oauth-authorization-server, the public keys
//! failure     a problem in RFC 6749's own form
//! ```
//!
//! In: requests under [`PREFIX`]. Out: answers in the RFCs' forms, never problem+json. Must not know: how tokens are made.

pub(super) mod authorization;
mod client_authentication;
mod error;
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
use super::state::Gateway;

pub(super) use error::problem;

/// Where the server lives.
pub(super) const PREFIX: &str = "/restapi/1.0/common/oauth2";

/// The group in the document.
const TAG: &str = "oauth2";

/// Tokens, and what becomes of them.
pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let mut routes = OpenApiRouter::new()
        .routes(routes!(token::access_token))
        .routes(routes!(token::token))
        .routes(routes!(revocation::revoke))
        .routes(routes!(revocation::introspect))
        .routes(routes!(metadata::server))
        .routes(routes!(metadata::server_below))
        .routes(routes!(metadata::keys));
    describe_errors(routes.get_openapi_mut(), ERRORS);
    routes
}

/// RFC 6749 section 5.2, of the schema that `token` describes.
const ERRORS: ErrorFormat = ErrorFormat {
    name: "OAuth2",
    schema: "OAuth2Error",
    media_type: "application/json",
    pages: false,
    rejects_with_400: false,
};

/// RFC 6749 section 5.1; `Cache-Control: no-store` has every answer of the gateway.
fn uncached(answer: impl IntoResponse) -> Response {
    let mut answer = answer.into_response();
    answer.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}
