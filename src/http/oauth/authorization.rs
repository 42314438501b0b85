//! `/restapi/1.0/common/oauth1/authorize` and `…/oauth2/authorize`: a user lets an application act for him.
//!
//! ```text
//! parameters      a request's parameters, as they were sent
//! oauth2_request  what an application may ask, and where its answer goes
//! oauth1          the endpoint of OAuth 1
//! oauth2          the endpoint of OAuth 2
//! headless        no page: trusted applications
//! dialogue        who are you, and do you allow it?
//! login           Odoo is asked
//! visitor         the browser's cookie; forms of ours
//! redirect        back to the application
//! notice          a problem as a page
//! ```
//!
//! In: a browser, sent by an application. Out: the browser, sent back with a code or a refusal. Must not know: how codes,
//! sessions and tokens are made or kept.

mod browser_session;
mod consent_flow;
mod login;
mod message_page;
mod non_interactive;
mod oauth1;
mod oauth2;
mod oauth2_request;
mod parameters;
mod redirect;

use axum::response::Response;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use self::browser_session::Site;
use crate::error::Problem;
use crate::http::openapi::{ErrorFormat, describe_errors};
use crate::http::request::Arrival;
use crate::http::state::Gateway;

/// Both endpoints.
pub(in crate::http) fn routes() -> OpenApiRouter<Gateway> {
    let mut oauth1 = OpenApiRouter::new().routes(routes!(authorize_oauth1, answer_oauth1));
    let mut oauth2 = OpenApiRouter::new().routes(routes!(authorize_oauth2, answer_oauth2));
    describe_errors(oauth1.get_openapi_mut(), OAUTH1_ERRORS);
    describe_errors(oauth2.get_openapi_mut(), OAUTH2_ERRORS);
    oauth1.merge(oauth2)
}

/// A browser gets a page, a program gets JSON.
const OAUTH1_ERRORS: ErrorFormat = ErrorFormat {
    name: "OAuth1Page",
    schema: "Problem",
    media_type: "application/problem+json",
    pages: true,
    rejects_with_400: false,
};

/// As [`OAUTH1_ERRORS`], in the form of RFC 6749.
const OAUTH2_ERRORS: ErrorFormat =
    ErrorFormat { name: "OAuth2Page", schema: "OAuth2Error", media_type: "application/json", ..OAUTH1_ERRORS };

/// Where a request token is approved.
pub(in crate::http) const OAUTH1: &str = "/restapi/1.0/common/oauth1/authorize";
/// Where a code is asked for.
pub(in crate::http) const OAUTH2: &str = "/restapi/1.0/common/oauth2/authorize";

/// Whether a path belongs to pages for people, whose answers no other origin's scripts may read (O2-16).
pub(in crate::http) fn is_for_people(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    path == OAUTH1 || path == OAUTH2
}

/// The group in the document.
const TAG: &str = "oauth";

/// What an application asks.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described")]
struct OAuth2Query {
    /// `code`.
    #[param(example = "code")]
    response_type: String,
    /// The application.
    #[param(example = "ogw_app_5f2b7c0d9a41e836")]
    client_id: String,
    /// Where the answer goes: one that is registered, byte for byte; of a loopback address the port may differ. May be
    /// left out when only one is registered.
    #[param(example = "https://client.example/callback")]
    redirect_uri: Option<String>,
    /// Comes back as it was sent, at most 4096 bytes.
    #[param(example = "Y1Ux1iNPvn6KYQK5Lj84WJ9VJrQw1L")]
    state: Option<String>,
    /// `all`, or words as `read` and `create:sale.*`; without: all that the application may.
    #[param(example = "read update:sale.order")]
    scope: Option<String>,
    /// PKCE: base64url(SHA-256(verifier)). Public applications must send it.
    #[param(example = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")]
    code_challenge: Option<String>,
    /// `S256`.
    #[param(example = "S256")]
    code_challenge_method: Option<String>,
    /// `consent`: the user is asked, also when he agreed before.
    #[param(example = "consent")]
    prompt: Option<String>,
}

/// A code without a page.
#[derive(ToSchema)]
#[schema(as = OAuth2Code, example = json!({"code": "ogw_ac_…", "state": "Y1Ux1iNPvn6KYQK5Lj84WJ9VJrQw1L"}))]
#[expect(dead_code, reason = "it is only described")]
struct CodeSchema {
    /// To be exchanged at `access_token`.
    code: String,
    /// What was sent as state.
    state: Option<String>,
}

/// Authorize (OAuth 2)
///
/// A browser gets pages: log in to Odoo, allow or deny. Then it is sent to the application with `code`, or with `error`,
/// and `state` and `iss`. With `Accept: application/json` an application that an administrator registered on a user's
/// account and marked trusted gets the code at once, for that user; its parameters may stand in a header
/// `Authorization: OAuth client_id='…', …` too.
#[utoipa::path(
    get, path = OAUTH2, operation_id = "restapi_authorize_oauth2", tag = TAG, params(OAuth2Query), security(),
    responses(
        (status = 200, description = "The page to log in or to consent; or the code", content((String = "text/html"), (CodeSchema = "application/json"))),
        (status = 303, description = "Back to the application"),
        (status = 401, description = "JSON was asked for, and the application is not trusted"),
    )
)]
async fn authorize_oauth2(arrival: Arrival) -> Result<Response, Problem> {
    oauth2::begin(arrival).await
}

/// Answer the page (OAuth 2)
///
/// What the pages send. An authorization request may be sent as a form, too: it is answered where GET is.
#[utoipa::path(
    post, path = OAUTH2, operation_id = "restapi_answer_oauth2", tag = TAG, params(OAuth2Query), security(),
    responses(
        (status = 200, description = "The page, as GET answers it", content((String = "text/html"))),
        (status = 303, description = "Back to the page, or to the application"),
        (status = 403, description = "The form is none of ours"),
        (status = 422, description = "Odoo does not take the login and password: the page again", content((String = "text/html"))),
        (status = 429, description = "Too many wrong passwords: the page again", content((String = "text/html"))),
    )
)]
async fn answer_oauth2(arrival: Arrival) -> Result<Response, Problem> {
    oauth2::go_on(arrival).await
}

/// Which request token.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described")]
struct OAuth1Query {
    /// The request token, from `request_token`.
    #[param(example = "ogw_o1r_5f2b7c0d9a41e836")]
    oauth_token: String,
}

/// A verifier without a page.
#[derive(ToSchema)]
#[schema(as = OAuth1Verifier, example = json!({"oauth_token": "ogw_o1r_…", "oauth_verifier": "sdflk3450FASDLJasd2349dfs"}))]
#[expect(dead_code, reason = "it is only described")]
struct VerifierSchema {
    /// The request token that was sent.
    oauth_token: String,
    /// To be sent with it to `access_token`.
    oauth_verifier: String,
}

/// Authorize (OAuth 1)
///
/// A browser gets pages: log in to Odoo, allow or deny. Then it is sent to the callback with `oauth_token` and
/// `oauth_verifier`, or with `oauth_problem=permission_denied`; with `oob` a page shows a code to type. With
/// `Accept: application/json` an application that an administrator registered on a user's account and marked trusted gets
/// the verifier at once, for that user.
#[utoipa::path(
    get, path = OAUTH1, operation_id = "restapi_authorize_oauth1", tag = TAG, params(OAuth1Query), security(),
    responses(
        (status = 200, description = "The page to log in or to consent; or the verifier", content((String = "text/html"), (VerifierSchema = "application/json"))),
        (status = 401, description = "JSON was asked for, and the request token is not known or its application not trusted"),
    )
)]
async fn authorize_oauth1(arrival: Arrival) -> Result<Response, Problem> {
    oauth1::begin(arrival).await
}

/// Answer the page (OAuth 1)
///
/// What the pages send.
#[utoipa::path(
    post, path = OAUTH1, operation_id = "restapi_answer_oauth1", tag = TAG, params(OAuth1Query), security(),
    responses(
        (status = 200, description = "The code to type, where there is no callback", content((String = "text/html"))),
        (status = 303, description = "Back to the page, or to the callback"),
        (status = 403, description = "The form is none of ours"),
        (status = 422, description = "Odoo does not take the login and password: the page again", content((String = "text/html"))),
        (status = 429, description = "Too many wrong passwords: the page again", content((String = "text/html"))),
    )
)]
async fn answer_oauth1(arrival: Arrival) -> Result<Response, Problem> {
    oauth1::go_on(arrival).await
}
