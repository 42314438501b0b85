//! Authorization server metadata (RFC 8414) and the public keys of JWT access tokens (RFC 7517, RFC 8037).
//!
//! In: nothing of the request. Out: documents that depend only on the configuration, never on the header `Host`. Must
//! not know: how tokens are signed.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::{PREFIX, TAG};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::state::AppState;
use crate::secret::PublicKey;

/// The path of the metadata.
pub(in crate::http) const METADATA_PATH: &str = "/.well-known/oauth-authorization-server";

/// The path of the issuer's URL.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it is only described")]
struct IssuerPath {
    /// The path of the issuer's URL, without its leading slash.
    #[param(example = "gateway")]
    issuer: String,
}

/// Get the metadata of the OAuth 2 server
///
/// Returns the authorization server metadata of RFC 8414. Client libraries use it to configure themselves.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", operation_id = "oauth2_metadata", tag = TAG, security(),
    responses((status = 200, description = "RFC 8414", body = serde_json::Map<String, Value>))
)]
pub(super) async fn server_metadata(State(gateway): State<AppState>) -> Response {
    Json(document(gateway.tokens.oauth2.issuer())).into_response()
}

/// Get the metadata of the OAuth 2 server (issuer with a path)
///
/// Returns the same document at the location that RFC 8414 section 3.1 defines for an issuer whose URL has a path:
/// the path follows the well-known prefix.
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server/{issuer}", operation_id = "oauth2_metadata_below", tag = TAG,
    security(), params(IssuerPath),
    responses((status = 200, description = "RFC 8414", body = serde_json::Map<String, Value>))
)]
pub(super) async fn server_metadata_with_path(State(gateway): State<AppState>, uri: Uri) -> Result<Response, Problem> {
    let requested = uri.path().strip_prefix(METADATA_PATH).unwrap_or_default();
    let own = gateway.tokens.oauth2.issuer().parse::<Uri>().map(|issuer| issuer.path().to_owned()).unwrap_or_default();
    if requested != own {
        return Err(Problem::new(ErrorCode::UnknownRoute, "No issuer has this path."));
    }
    Ok(Json(document(gateway.tokens.oauth2.issuer())).into_response())
}

/// Get the public keys of JWT access tokens
///
/// Returns a JSON Web Key Set (RFC 7517). A resource server verifies access tokens in JWT form with it.
#[utoipa::path(
    get, path = "/restapi/1.0/common/oauth2/jwks", operation_id = "oauth2_jwks", tag = TAG, security(),
    responses((status = 200, description = "RFC 7517", body = serde_json::Map<String, Value>))
)]
pub(super) async fn public_keys(State(gateway): State<AppState>) -> Result<Response, Problem> {
    let keys: Vec<Value> = gateway.tokens.oauth2.public_keys().await?.into_iter().map(to_jwk).collect();
    Ok(Json(json!({"keys": keys})).into_response())
}

fn to_jwk(key: PublicKey) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.x})
}

/// Lists exactly what the gateway supports.
fn document(issuer: &str) -> Value {
    let endpoint = |name: &str| format!("{issuer}{PREFIX}/{name}");
    let methods = json!(["client_secret_basic", "client_secret_post", "none"]);
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("authorize"),
        "token_endpoint": endpoint("access_token"),
        "revocation_endpoint": endpoint("revoke"),
        "introspection_endpoint": endpoint("introspect"),
        "jwks_uri": endpoint("jwks"),
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
