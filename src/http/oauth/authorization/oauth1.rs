//! `GET` and `POST /restapi/1.0/common/oauth1/authorize`: a user approves a request token (RFC 5849 section 2.2).
//!
//! In: `oauth_token`. Out: pages, then a redirect to the callback with a verifier or `oauth_problem=permission_denied`; a
//! code to type where there is no callback; for a trusted application the verifier as JSON. Must not know: how tokens are
//! kept, what makes a verifier good.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::consent_flow::{Asked, Decision, Turn, hear, show};
use super::message_page::{code_page, denied_page, or_page};
use super::non_interactive::{require_trust, wants_json, with_header};
use super::parameters::{Parameters, needed};
use super::redirect::{place, see_other};
use crate::auth::oauth1::{Decided, RequestToken};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::Arrival;
use crate::secret::Aad;

/// Asks the user, or answers as JSON for a trusted application.
pub(super) async fn begin(arrival: Arrival) -> Result<Response, Problem> {
    if wants_json(&arrival.head.headers) {
        return headless(&arrival).await;
    }
    let answer = ask(&arrival).await;
    or_page(&arrival, answer)
}

/// Goes on with what the user sent.
pub(super) async fn go_on(mut arrival: Arrival) -> Result<Response, Problem> {
    let answer = listen(&mut arrival).await;
    or_page(&arrival, answer)
}

async fn ask(arrival: &Arrival) -> Result<Response, Problem> {
    let parameters = parameters(arrival)?;
    let request = request_token(arrival, &parameters).await?;
    show(arrival, &asked(&request, &parameters)?).await
}

async fn listen(arrival: &mut Arrival) -> Result<Response, Problem> {
    let parameters = parameters(arrival)?;
    let request = request_token(arrival, &parameters).await?;
    let turn = hear(arrival, &asked(&request, &parameters)?).await?;
    let (oauth1, application) = (&arrival.gateway.oauth1, request.application.name().to_owned());
    let decision = match turn {
        Turn::Answer(answer) => return Ok(answer),
        Turn::Decided(decision) => decision,
    };
    let decided = match decision {
        Decision::Allowed(session) => oauth1.approve(request, &session.approver()).await?,
        Decision::Denied(session) => oauth1.deny(request, session.login()).await?,
    };
    finish(arrival, &decided, &application)
}

/// To the callback; where there is none, the user is told what to do.
fn finish(arrival: &Arrival, decided: &Decided, application: &str) -> Result<Response, Problem> {
    match (decided.redirection(), &decided.verifier) {
        (Some(callback), _) => see_other(&callback),
        (None, Some(verifier)) => code_page(arrival, application, verifier.expose()),
        (None, None) => denied_page(arrival, application),
    }
}

fn parameters(arrival: &Arrival) -> Result<Parameters, Problem> {
    Parameters::of_query(arrival.head.uri.query().unwrap_or_default())
}

async fn request_token(arrival: &Arrival, parameters: &Parameters) -> Result<RequestToken, Problem> {
    let token = needed(parameters, "oauth_token")?;
    let found = arrival.gateway.oauth1.find_request_token(token).await?;
    found.ok_or_else(|| {
        let detail = "This request has ended, was decided already, or is not known here.";
        Problem::new(Code::CredentialInvalid, detail).parameter("oauth_token")
    })
}

fn asked<'a>(request: &'a RequestToken, parameters: &Parameters) -> Result<Asked<'a>, Problem> {
    let token = needed(parameters, "oauth_token")?;
    Ok(Asked {
        application: &request.application,
        scope: request.application.scope.clone(),
        sent_to: place(request.callback.as_str()).map(str::to_owned),
        request: Aad::of("oauth1").with(token.as_bytes()).bytes().to_vec(),
    })
}

/// The vendor's way: no page, the verifier at once, for the user to whom the application is bound.
async fn headless(arrival: &Arrival) -> Result<Response, Problem> {
    let parameters = with_header(parameters(arrival)?, arrival)?;
    let request = request_token(arrival, &parameters).await?;
    require_trust(arrival, &request.application)?;
    let decided = arrival.gateway.oauth1.approve_headless(request).await?;
    let verifier = decided.verifier.as_ref().ok_or_else(|| Problem::internal("an approval without a verifier"))?;
    Ok(Json(json!({"oauth_token": decided.token.expose(), "oauth_verifier": verifier.expose()})).into_response())
}
