//! `GET` and `POST /restapi/1.0/common/oauth1/authorize`: a user approves a request token (RFC 5849 section 2.2).
//!
//! In: `oauth_token`. Out: pages, then a redirect to the callback with a verifier or
//! `oauth_problem=permission_denied`; without a callback a page with the verifier; for a trusted application the
//! verifier as JSON. Must not know: how tokens are stored, how verifiers are checked.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::consent_flow::{Decision, FlowStep, handle_form, render};
use super::login_consent_pages::Prompt;
use super::message_page::{denied_page, or_problem_page, verifier_page};
use super::non_interactive::{require_trusted_client, wants_json, with_header_params};
use super::raw_parameters::{AuthorizationParams, require};
use super::redirect::{display_host, see_other};
use crate::auth::oauth1::{DecidedRequestToken, RequestToken};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::secret::Aad;

/// Starts the flow: shows a page, or answers a trusted application with JSON.
pub(super) async fn start(request: ApiRequest) -> Result<Response, Problem> {
    if wants_json(&request.head.headers) {
        return authorize_without_page(&request).await;
    }
    let response = first_page(&request).await;
    or_problem_page(&request, response)
}

/// Handles the form that the user submitted.
pub(super) async fn submit(mut request: ApiRequest) -> Result<Response, Problem> {
    let response = handle_submission(&mut request).await;
    or_problem_page(&request, response)
}

async fn first_page(request: &ApiRequest) -> Result<Response, Problem> {
    let parameters = AuthorizationParams::from_query(request)?;
    let request_token = find_request_token(request, &parameters).await?;
    render(request, &prompt(&request_token, &parameters)?).await
}

async fn handle_submission(request: &mut ApiRequest) -> Result<Response, Problem> {
    let parameters = AuthorizationParams::from_query(request)?;
    let request_token = find_request_token(request, &parameters).await?;
    let step = handle_form(request, &prompt(&request_token, &parameters)?).await?;
    let (oauth1, application) = (&request.state.tokens.oauth1, request_token.application.name().to_owned());
    let decision = match step {
        FlowStep::Respond(response) => return Ok(response),
        FlowStep::Decided(decision) => decision,
    };
    let decided = match decision {
        Decision::Allowed(session) => oauth1.approve(request_token, &session.resource_owner()).await?,
        Decision::Denied(session) => oauth1.deny(request_token, session.login()).await?,
    };
    decision_response(request, &decided, &application)
}

/// Redirects to the callback. Without a callback it shows a page to the user.
fn decision_response(
    request: &ApiRequest,
    decided: &DecidedRequestToken,
    application: &str,
) -> Result<Response, Problem> {
    match (decided.redirect_uri(), &decided.verifier) {
        (Some(callback), _) => see_other(&callback),
        (None, Some(verifier)) => verifier_page(request, application, verifier.expose()),
        (None, None) => denied_page(request, application),
    }
}

async fn find_request_token(request: &ApiRequest, parameters: &AuthorizationParams) -> Result<RequestToken, Problem> {
    let token = require(parameters, "oauth_token")?;
    let found = request.state.tokens.oauth1.find_request_token(token).await?;
    found.ok_or_else(|| {
        let detail = "This authorization request is unknown, has expired, or was already answered.";
        Problem::new(ErrorCode::CredentialInvalid, detail).parameter("oauth_token")
    })
}

fn prompt<'a>(request_token: &'a RequestToken, parameters: &AuthorizationParams) -> Result<Prompt<'a>, Problem> {
    let token = require(parameters, "oauth_token")?;
    Ok(Prompt {
        application: &request_token.application,
        scope: request_token.application.scope.clone(),
        return_host: display_host(request_token.callback.as_str()).map(str::to_owned),
        fingerprint: Aad::new("oauth1").with(token.as_bytes()).as_bytes().to_vec(),
    })
}

/// Answers with the verifier at once, for the user that the application is bound to.
async fn authorize_without_page(request: &ApiRequest) -> Result<Response, Problem> {
    let parameters = with_header_params(AuthorizationParams::from_query(request)?, request)?;
    let request_token = find_request_token(request, &parameters).await?;
    require_trusted_client(request, &request_token.application)?;
    let decided = request.state.tokens.oauth1.approve_non_interactive(request_token).await?;
    let verifier = decided.verifier.as_ref().ok_or_else(|| Problem::internal("an approval without a verifier"))?;
    Ok(Json(json!({"oauth_token": decided.token.expose(), "oauth_verifier": verifier.expose()})).into_response())
}
