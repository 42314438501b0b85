//! `GET` and `POST /restapi/1.0/common/oauth2/authorize`: a user authorizes an application (RFC 6749 section 3.1).
//!
//! In: an authorization request. Out: pages, then a redirect with a code or an error; for a trusted application the
//! code as JSON. Must not know: how codes are issued or stored.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::consent_flow::{Decision, FlowStep, find_session, handle_form, render};
use super::login_consent_pages::Prompt;
use super::message_page::or_problem_page;
use super::non_interactive::{require_trusted_client, wants_json, with_header_params};
use super::oauth2_request::{AuthorizationClient, AuthorizationError, AuthorizationRequest};
use super::raw_parameters::AuthorizationParams;
use super::redirect::{RedirectParams, display_host, see_other};
use crate::auth::BrowserSession;
use crate::error::Problem;
use crate::error_code::{ErrorClass, ErrorCode};
use crate::http::request::ApiRequest;

/// Starts the flow: shows a page, or answers a trusted application with JSON.
pub(super) async fn start(request: ApiRequest) -> Result<Response, Problem> {
    if wants_json(&request.head.headers) {
        return authorize_without_page(&request).await;
    }
    let response = first_page(&request).await;
    or_problem_page(&request, response)
}

/// Handles the form that the user submitted. A form without a query is an authorization request, which RFC 6749
/// section 3.1 allows to send with POST: it is redirected to GET.
pub(super) async fn submit(mut request: ApiRequest) -> Result<Response, Problem> {
    let response = if request.head.uri.query().unwrap_or_default().is_empty() {
        AuthorizationParams::from_form(&mut request).await.and_then(|form| {
            let path = request.head.uri.path();
            see_other(&format!("{}{path}?{}", request.state.site.base(), form.to_query()))
        })
    } else {
        handle_submission(&mut request).await
    };
    or_problem_page(&request, response)
}

async fn first_page(request: &ApiRequest) -> Result<Response, Problem> {
    let parameters = AuthorizationParams::from_query(request)?;
    let (client, redirect_uri) = find_client(request, &parameters).await?;
    let authorization = match client.parse_request(&parameters) {
        Ok(authorization) => authorization,
        Err(error) => return send_error(request, &client, &redirect_uri, &error),
    };
    let prompt = prompt(&client, &authorization, &redirect_uri);
    if let Some(session) = find_session(request, &prompt).await?
        && has_consent(request, &client, &authorization, &session).await?
    {
        return send_code(request, &client, &authorization, &redirect_uri, &session).await;
    }
    render(request, &prompt).await
}

async fn handle_submission(request: &mut ApiRequest) -> Result<Response, Problem> {
    let parameters = AuthorizationParams::from_query(request)?;
    let (client, redirect_uri) = find_client(request, &parameters).await?;
    let authorization = match client.parse_request(&parameters) {
        Ok(authorization) => authorization,
        Err(error) => return send_error(request, &client, &redirect_uri, &error),
    };
    let decision = match handle_form(request, &prompt(&client, &authorization, &redirect_uri)).await? {
        FlowStep::Respond(response) => return Ok(response),
        FlowStep::Decided(decision) => decision,
    };
    let Decision::Allowed(session) = decision else {
        let denied = AuthorizationError { error: "access_denied", description: "The user denied the access." };
        return send_error(request, &client, &redirect_uri, &denied);
    };
    if client.can_remember_consent() {
        let (approver, code) = (session.resource_owner(), client.code_request(&authorization));
        request.state.tokens.oauth2.store_consent(&client.application, &approver, &code).await?;
    }
    send_code(request, &client, &authorization, &redirect_uri, &session).await
}

/// The application and its redirect URI. Without both of them, errors are shown to the user and never redirected.
async fn find_client(
    request: &ApiRequest,
    parameters: &AuthorizationParams,
) -> Result<(AuthorizationClient, String), Problem> {
    let client = AuthorizationClient::find(parameters, &request.state.tokens.applications).await?;
    let none = || {
        let detail = "This application has no registered redirect URI, so you cannot be sent back to it.";
        Problem::new(ErrorCode::UnauthorizedClient, detail).hint("An administrator can register a redirect URI for it.")
    };
    let redirect_uri = client.redirect_uri.clone().ok_or_else(none)?;
    Ok((client, redirect_uri))
}

fn prompt<'a>(client: &'a AuthorizationClient, authorization: &AuthorizationRequest, redirect_uri: &str) -> Prompt<'a> {
    Prompt {
        application: &client.application,
        scope: authorization.scope.clone(),
        return_host: display_host(redirect_uri).map(str::to_owned),
        fingerprint: client.fingerprint(authorization),
    }
}

/// Whether this user approved the same request before, so that no page is needed.
async fn has_consent(
    request: &ApiRequest,
    client: &AuthorizationClient,
    authorization: &AuthorizationRequest,
    session: &BrowserSession,
) -> Result<bool, Problem> {
    if authorization.force_consent || !client.can_remember_consent() {
        return Ok(false);
    }
    let oauth2 = &request.state.tokens.oauth2;
    oauth2.has_consent(&client.application, &session.resource_owner(), &client.code_request(authorization)).await
}

async fn send_code(
    request: &ApiRequest,
    client: &AuthorizationClient,
    authorization: &AuthorizationRequest,
    redirect_uri: &str,
    session: &BrowserSession,
) -> Result<Response, Problem> {
    let oauth2 = &request.state.tokens.oauth2;
    match oauth2.issue_code(&client.application, &session.resource_owner(), client.code_request(authorization)).await {
        Ok(code) => {
            let parameters = RedirectParams::default().with("code", code.expose());
            see_other(&client.with_common_params(parameters, request.state.site.issuer()).append_to(redirect_uri))
        }
        Err(problem) => send_error(request, client, redirect_uri, &issue_failed(&problem)),
    }
}

/// The error for the application if the gateway itself failed.
fn issue_failed(problem: &Problem) -> AuthorizationError {
    match problem.class() {
        ErrorClass::Unavailable => AuthorizationError {
            error: "temporarily_unavailable",
            description: "The gateway cannot store a code at the moment. Try again later.",
        },
        _ => AuthorizationError { error: "server_error", description: "The gateway failed to issue a code." },
    }
}

fn send_error(
    request: &ApiRequest,
    client: &AuthorizationClient,
    redirect_uri: &str,
    error: &AuthorizationError,
) -> Result<Response, Problem> {
    request.log.code(error.error);
    let parameters = RedirectParams::default().with("error", error.error).with("error_description", error.description);
    see_other(&client.with_common_params(parameters, request.state.site.issuer()).append_to(redirect_uri))
}

/// Answers with the code at once, for the user that the application is bound to.
async fn authorize_without_page(request: &ApiRequest) -> Result<Response, Problem> {
    let parameters = with_header_params(AuthorizationParams::from_query(request)?, request)?;
    let client = AuthorizationClient::find(&parameters, &request.state.tokens.applications).await?;
    require_trusted_client(request, &client.application)?;
    let authorization = client.parse_request(&parameters).map_err(AuthorizationError::into_problem)?;
    let oauth2 = &request.state.tokens.oauth2;
    let approver = oauth2.non_interactive_user(&client.application).await?;
    let code = oauth2.issue_code(&client.application, &approver, client.code_request(&authorization)).await?;
    let mut response = serde_json::Map::new();
    response.insert("code".to_owned(), code.expose().into());
    if let Ok(Some(state)) = parameters.value("state") {
        response.insert("state".to_owned(), state.into());
    }
    Ok((StatusCode::OK, axum::Json(response)).into_response())
}
