//! What the server is and can (RFC 8414), and its public keys (RFC 7517, 8037).
//!
//! In: nothing of the request. Out: documents made of the configuration alone, whatever `Host` says. Must not know: how
//! tokens are signed.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::{PREFIX, TAG};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::state::Gateway;
use crate::secret::PublicKey;

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

/// The path of the issuer's address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is only described")]
struct IssuerPath {
    /// What stands behind the host in the issuer's address.
    #[param(example = "gateway")]
    issuer: String,
}

/// What the OAuth 2 server is and can
///
/// The authorization server metadata of RFC 8414. Client libraries configure themselves from it.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", operation_id = "oauth2_metadata", tag = TAG, security(),
    responses((status = 200, description = "RFC 8414", body = serde_json::Map<String, Value>))
)]
pub(super) async fn server(State(gateway): State<Gateway>) -> Response {
    Json(document(gateway.tokens.issuer())).into_response()
}

/// What the OAuth 2 server is and can (of an issuer with a path)
///
/// The same document where RFC 8414 section 3.1 expects it: the path of the issuer follows the well-known prefix.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server/{issuer}", operation_id = "oauth2_metadata_below", tag = TAG,
    security(), params(IssuerPath),
    responses((status = 200, description = "RFC 8414", body = serde_json::Map<String, Value>))
)]
pub(super) async fn server_below(State(gateway): State<Gateway>, uri: Uri) -> Result<Response, Problem> {
    let asked = uri.path().strip_prefix(WELL_KNOWN).unwrap_or_default();
    let own = gateway.tokens.issuer().parse::<Uri>().map(|issuer| issuer.path().to_owned()).unwrap_or_default();
    if asked != own {
        return Err(Problem::new(Code::UnknownRoute, "There is no issuer of that path."));
    }
    Ok(Json(document(gateway.tokens.issuer())).into_response())
}

/// The public keys of access tokens that are JSON Web Tokens
///
/// A JSON Web Key Set (RFC 7517). A resource server verifies access tokens in JWT form with it.
#[utoipa::path(
    get, path = "/restapi/1.0/common/oauth2/jwks", operation_id = "oauth2_jwks", tag = TAG, security(),
    responses((status = 200, description = "RFC 7517", body = serde_json::Map<String, Value>))
)]
pub(super) async fn keys(State(gateway): State<Gateway>) -> Result<Response, Problem> {
    let keys: Vec<Value> = gateway.tokens.public_keys().await?.into_iter().map(jwk).collect();
    Ok(Json(json!({"keys": keys})).into_response())
}

fn jwk(key: PublicKey) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.x})
}

/// Everything in it works, and nothing else does.
fn document(issuer: &str) -> Value {
    let at = |name: &str| format!("{issuer}{PREFIX}/{name}");
    let methods = json!(["client_secret_basic", "client_secret_post", "none"]);
    json!({
        "issuer": issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("access_token"),
        "revocation_endpoint": at("revoke"),
        "introspection_endpoint": at("introspect"),
        "jwks_uri": at("jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["all", "read", "create", "update", "delete", "execute"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
        "service_documentation": format!("{issuer}/docs"),
    })
}
