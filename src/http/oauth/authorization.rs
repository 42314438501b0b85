//! The authorization endpoints `/restapi/1.0/common/oauth1/authorize` and `…/oauth2/authorize`: a user lets an
//! application act for them.
//!
//! ```text
//! oauth1               the endpoint of OAuth 1.0a
//! oauth2               the endpoint of OAuth 2
//! oauth2_request       validates an OAuth 2 authorization request
//! non_interactive      authorization without a page, for trusted applications
//! consent_flow         the dialog: log in, then allow or deny
//! login                verifies the login form with Odoo
//! login_consent_pages  the login page and the consent page
//! message_page         pages with a problem or a verifier
//! redirect             redirects to the application
//! browser_session      the session cookie
//! raw_parameters       parameters, decoded and as sent
//! ```
//!
//! In: a browser that an application redirected here. Out: pages, and a redirect with a code, a verifier or an error.
//! Must not know: how codes, sessions and tokens are issued or stored.

mod browser_session;
mod consent_flow;
mod login;
mod login_consent_pages;
mod message_page;
mod non_interactive;
mod oauth1;
mod oauth2;
mod oauth2_request;
mod raw_parameters;
mod redirect;

use std::collections::HashMap;

use axum::response::Response;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::Problem;
use crate::http::openapi::{ErrorFormat, describe_errors};
use crate::http::request::ApiRequest;
use crate::http::state::AppState;

/// The routes of both authorization endpoints.
pub(in crate::http) fn routes() -> OpenApiRouter<AppState> {
    let mut oauth1 = OpenApiRouter::new().routes(routes!(authorize_oauth1, submit_oauth1));
    let mut oauth2 = OpenApiRouter::new().routes(routes!(authorize_oauth2, submit_oauth2));
    describe_errors(oauth1.get_openapi_mut(), OAUTH1_ERRORS);
    describe_errors(oauth2.get_openapi_mut(), OAUTH2_ERRORS);
    oauth1.merge(oauth2)
}

/// A browser gets a page, another client gets JSON.
const OAUTH1_ERRORS: ErrorFormat = ErrorFormat { name: "OAuth1Page", pages: true, ..ErrorFormat::PROBLEM };

/// As [`OAUTH1_ERRORS`], with JSON as RFC 6749 defines it.
const OAUTH2_ERRORS: ErrorFormat =
    ErrorFormat { name: "OAuth2Page", schema: "OAuth2Error", media_type: "application/json", ..OAUTH1_ERRORS };

/// The authorization endpoint of OAuth 1.0a.
pub(in crate::http) const OAUTH1_PATH: &str = "/restapi/1.0/common/oauth1/authorize";
/// The authorization endpoint of OAuth 2.
pub(in crate::http) const OAUTH2_PATH: &str = "/restapi/1.0/common/oauth2/authorize";

/// The tag of these operations in the OpenAPI document.
const TAG: &str = "oauth";

/// The parameters of an OAuth 2 authorization request.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described")]
struct OAuth2Query {
    /// `code`.
    #[param(example = "code")]
    response_type: String,
    /// The client id of the application.
    #[param(example = "ogw_app_5f2b7c0d9a41e836")]
    client_id: String,
    /// A registered redirect URI, byte for byte. The port of a loopback address may differ. Optional if the
    /// application has only one.
    #[param(example = "https://client.example/callback")]
    redirect_uri: Option<String>,
    /// Returned as it was sent. At most 4096 bytes.
    #[param(example = "Y1Ux1iNPvn6KYQK5Lj84WJ9VJrQw1L")]
    state: Option<String>,
    /// `all`, or values such as `read` and `create:sale.*`. The default is the scope of the application.
    #[param(example = "read update:sale.order")]
    scope: Option<String>,
    /// PKCE: base64url(SHA-256(code verifier)). Required for public applications.
    #[param(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    code_challenge: Option<String>,
    /// `S256`.
    #[param(example = "S256")]
    code_challenge_method: Option<String>,
    /// `consent`: show the consent page even if the user approved the same request before.
    #[param(example = "consent")]
    prompt: Option<String>,
}

/// The fields of the page that is submitted. Only the pages know them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described")]
struct PageForm(HashMap<String, String>);

/// The response without a page.
#[derive(ToSchema)]
#[schema(as = OAuth2Code, example = json!({"code": "ogw_ac_…", "state": "Y1Ux1iNPvn6KYQK5Lj84WJ9VJrQw1L"}))]
#[expect(dead_code, reason = "it is only described")]
struct CodeSchema {
    /// The authorization code, to be exchanged at `access_token`.
    code: String,
    /// The `state` of the request.
    state: Option<String>,
}

/// Authorize (OAuth 2)
///
/// Shows the browser a login page and a consent page, then redirects it to the application with `code` or `error`,
/// and with `state` and `iss`. With `Accept: application/json`, an application that an administrator bound to a user
/// and marked as trusted gets the code for that user at once, without a page. It can also send the parameters in the
/// header `Authorization: OAuth client_id='…', …`.
#[utoipa::path(
    get, path = OAUTH2_PATH, operation_id = "restapi_authorize_oauth2", tag = TAG, params(OAuth2Query), security(),
    responses(
        (
            status = 200, description = "The login page or the consent page; or the code as JSON",
            content((String = "text/html"), (CodeSchema = "application/json"))
        ),
        (status = 303, description = "Redirect to the application"),
        (status = 401, description = "The client accepts JSON, but the application is not trusted"),
    )
)]
async fn authorize_oauth2(request: ApiRequest) -> Result<Response, Problem> {
    oauth2::start(request).await
}

/// Submit a page (OAuth 2)
///
/// Receives the forms of the login page and the consent page. An authorization request can also be sent as a form; it
/// is redirected to GET.
#[utoipa::path(
    post, path = OAUTH2_PATH, operation_id = "restapi_answer_oauth2", tag = TAG, params(OAuth2Query), security(),
    request_body(content = inline(PageForm), content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The page, as for GET", content((String = "text/html"))),
        (status = 303, description = "Redirect to the page or to the application"),
        (status = 403, description = "The form is expired, was already used, or is not from this gateway"),
        (
            status = 422, description = "Odoo rejects the login or password; the login page again",
            content((String = "text/html"))
        ),
        (
            status = 429, description = "Too many wrong passwords; the login page again",
            content((String = "text/html"))
        ),
    )
)]
async fn submit_oauth2(request: ApiRequest) -> Result<Response, Problem> {
    oauth2::submit(request).await
}

/// The parameters of an OAuth 1.0a authorization request.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described")]
struct OAuth1Query {
    /// The request token, from `request_token`.
    #[param(example = "ogw_o1r_5f2b7c0d9a41e836")]
    oauth_token: String,
}

/// The response without a page.
#[derive(ToSchema)]
#[schema(
    as = OAuth1Verifier, example = json!({"oauth_token": "ogw_o1r_…", "oauth_verifier": "sdflk3450FASDLJasd2349dfs"})
)]
#[expect(dead_code, reason = "it is only described")]
struct VerifierSchema {
    /// The request token.
    oauth_token: String,
    /// The verifier, to be sent with the request token to `access_token`.
    oauth_verifier: String,
}

/// Authorize (OAuth 1.0a)
///
/// Shows the browser a login page and a consent page, then redirects it to the callback with `oauth_token` and
/// `oauth_verifier`, or with `oauth_problem=permission_denied`. With the callback `oob`, a page shows the verifier
/// for the user to type. With `Accept: application/json`, an application that an administrator bound to a user and
/// marked as trusted gets the verifier for that user at once, without a page.
#[utoipa::path(
    get, path = OAUTH1_PATH, operation_id = "restapi_authorize_oauth1", tag = TAG, params(OAuth1Query), security(),
    responses(
        (
            status = 200, description = "The login page or the consent page; or the verifier as JSON",
            content((String = "text/html"), (VerifierSchema = "application/json"))
        ),
        (
            status = 401,
            description = "The client accepts JSON, but the request token is unknown or the application is not trusted"
        ),
    )
)]
async fn authorize_oauth1(request: ApiRequest) -> Result<Response, Problem> {
    oauth1::start(request).await
}

/// Submit a page (OAuth 1.0a)
///
/// Receives the forms of the login page and the consent page.
#[utoipa::path(
    post, path = OAUTH1_PATH, operation_id = "restapi_answer_oauth1", tag = TAG, params(OAuth1Query), security(),
    request_body(content = inline(PageForm), content_type = "application/x-www-form-urlencoded"),
    responses(
        (
            status = 200, description = "The verifier for the user to type, if there is no callback",
            content((String = "text/html"))
        ),
        (status = 303, description = "Redirect to the page or to the callback"),
        (status = 403, description = "The form is expired, was already used, or is not from this gateway"),
        (
            status = 422, description = "Odoo rejects the login or password; the login page again",
            content((String = "text/html"))
        ),
        (
            status = 429, description = "Too many wrong passwords; the login page again",
            content((String = "text/html"))
        ),
    )
)]
async fn submit_oauth1(request: ApiRequest) -> Result<Response, Problem> {
    oauth1::submit(request).await
}
