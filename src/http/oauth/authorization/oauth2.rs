//! `GET` and `POST /restapi/1.0/common/oauth2/authorize`: a user lets an application act for him (RFC 6749 section 3.1).
//!
//! In: an authorization request. Out: pages, then a redirect with a code or an error; for a trusted application the code
//! as JSON. Must not know: how codes are made or kept.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::consent_flow::{Asked, Decision, Turn, hear, session, show};
use super::message_page::or_page;
use super::non_interactive::{require_trust, wants_json, with_header};
use super::oauth2_request::{Asker, Refusal, Wish};
use super::parameters::Parameters;
use super::redirect::{Told, place, see_other};
use crate::auth::Session;
use crate::error::Problem;
use crate::error_code::{Class, Code};
use crate::http::request::Arrival;

/// Asks the user, or answers as JSON for a trusted application.
pub(super) async fn begin(arrival: Arrival) -> Result<Response, Problem> {
    if wants_json(&arrival.head.headers) {
        return headless(&arrival).await;
    }
    let answer = ask(&arrival).await;
    or_page(&arrival, answer)
}

/// Goes on with what the user sent; or takes a request that was sent as a form, which section 3.1 allows, to where
/// requests are answered.
pub(super) async fn go_on(mut arrival: Arrival) -> Result<Response, Problem> {
    let answer = match arrival.head.uri.query() {
        Some(query) if !query.is_empty() => {
            let parameters = Parameters::of_query(query);
            match parameters {
                Ok(parameters) => listen(&mut arrival, &parameters).await,
                Err(problem) => Err(problem),
            }
        }
        _ => super::consent_flow::form(&mut arrival).await.and_then(|form| {
            let path = arrival.head.uri.path();
            see_other(&format!("{}{path}?{}", arrival.gateway.site.base(), form.to_query()))
        }),
    };
    or_page(&arrival, answer)
}

/// Pages for a request that is in order; a refusal that the application hears otherwise.
async fn ask(arrival: &Arrival) -> Result<Response, Problem> {
    let parameters = Parameters::of_query(arrival.head.uri.query().unwrap_or_default())?;
    let (asker, to) = asker(arrival, &parameters).await?;
    let wish = match asker.wish(&parameters) {
        Ok(wish) => wish,
        Err(refusal) => return send_refusal(arrival, &asker, &to, &refusal),
    };
    let asked = asked(&asker, &wish, &to);
    if let Some(session) = session(arrival, &asked).await?
        && is_agreed(arrival, &asker, &wish, &session).await?
    {
        return send_code(arrival, &asker, &wish, &to, &session).await;
    }
    show(arrival, &asked).await
}

async fn listen(arrival: &mut Arrival, parameters: &Parameters) -> Result<Response, Problem> {
    let (asker, to) = asker(arrival, parameters).await?;
    let wish = match asker.wish(parameters) {
        Ok(wish) => wish,
        Err(refusal) => return send_refusal(arrival, &asker, &to, &refusal),
    };
    let decision = match hear(arrival, &asked(&asker, &wish, &to)).await? {
        Turn::Answer(answer) => return Ok(answer),
        Turn::Decided(decision) => decision,
    };
    let Decision::Allowed(session) = decision else {
        let denied = Refusal { error: "access_denied", description: "the user denied the access" };
        return send_refusal(arrival, &asker, &to, &denied);
    };
    if asker.may_be_remembered() {
        let (approver, code) = (session.approver(), asker.code(&wish));
        arrival.gateway.tokens.remember_agreement(&asker.application, &approver, &code).await?;
    }
    send_code(arrival, &asker, &wish, &to, &session).await
}

/// Who asks, and where his answers go: without that there is nobody to tell anything.
async fn asker(arrival: &Arrival, parameters: &Parameters) -> Result<(Asker, String), Problem> {
    let asker = Asker::find(parameters, &arrival.gateway.tokens).await?;
    let none = || Problem::new(Code::UnauthorizedClient, "This application has registered no address to return to.");
    let to = asker.redirect_to.clone().ok_or_else(none)?;
    Ok((asker, to))
}

fn asked<'a>(asker: &'a Asker, wish: &Wish, to: &str) -> Asked<'a> {
    Asked {
        application: &asker.application,
        scope: wish.scope.clone(),
        sent_to: place(to).map(str::to_owned),
        request: asker.fingerprint(wish),
    }
}

async fn is_agreed(arrival: &Arrival, asker: &Asker, wish: &Wish, session: &Session) -> Result<bool, Problem> {
    if wish.ask || !asker.may_be_remembered() {
        return Ok(false);
    }
    let tokens = &arrival.gateway.tokens;
    tokens.has_agreed(&asker.application, &session.approver(), &asker.code(wish)).await
}

async fn send_code(
    arrival: &Arrival,
    asker: &Asker,
    wish: &Wish,
    to: &str,
    session: &Session,
) -> Result<Response, Problem> {
    let tokens = &arrival.gateway.tokens;
    match tokens.issue_code(&asker.application, &session.approver(), asker.code(wish)).await {
        Ok(code) => {
            let told = Told::default().with("code", code.expose());
            see_other(&asker.told(told, arrival.gateway.site.issuer()).to(to))
        }
        Err(problem) => send_refusal(arrival, asker, to, &failed(&problem)),
    }
}

/// What an application is told of a failure of ours.
fn failed(problem: &Problem) -> Refusal {
    match problem.class() {
        Class::Unavailable => {
            Refusal { error: "temporarily_unavailable", description: "the gateway cannot keep a code at the moment" }
        }
        _ => Refusal { error: "server_error", description: "the gateway failed to make a code" },
    }
}

fn send_refusal(arrival: &Arrival, asker: &Asker, to: &str, refusal: &Refusal) -> Result<Response, Problem> {
    arrival.log.code(refusal.error);
    let told = Told::default().with("error", refusal.error).with("error_description", refusal.description);
    see_other(&asker.told(told, arrival.gateway.site.issuer()).to(to))
}

/// The vendor's way: no page, the code at once, for the user to whom the application is bound.
async fn headless(arrival: &Arrival) -> Result<Response, Problem> {
    let parameters = with_header(Parameters::of_query(arrival.head.uri.query().unwrap_or_default())?, arrival)?;
    let asker = Asker::find(&parameters, &arrival.gateway.tokens).await?;
    require_trust(arrival, &asker.application)?;
    let wish = asker.wish(&parameters).map_err(refused)?;
    let tokens = &arrival.gateway.tokens;
    let approver = tokens.headless_user(&asker.application).await?;
    let code = tokens.issue_code(&asker.application, &approver, asker.code(&wish)).await?;
    let mut answer = serde_json::Map::new();
    answer.insert("code".to_owned(), code.expose().into());
    if let Ok(Some(state)) = parameters.value("state") {
        answer.insert("state".to_owned(), state.into());
    }
    Ok((StatusCode::OK, axum::Json(answer)).into_response())
}

fn refused(refusal: Refusal) -> Problem {
    let code = match refusal.error {
        "unauthorized_client" => Code::UnauthorizedClient,
        "unsupported_response_type" => Code::UnsupportedResponseType,
        "invalid_scope" => Code::InvalidScope,
        _ => Code::InvalidParameter,
    };
    Problem::new(code, refusal.description)
}
