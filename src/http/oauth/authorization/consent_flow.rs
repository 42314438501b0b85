//! What is asked of a person, page by page: who are you, and do you allow it?
//!
//! ```text
//! GET   nobody logged in → login page          somebody → consent page
//! POST  step=login  → a session, and back to GET        step=switch → nobody, and back to GET
//!       step=allow | step=deny → decided, once
//! ```
//!
//! Every form goes back to the address it came from: its query is the request, unchanged. Its guard binds it to the
//! browser's cookie and to what was asked (O2-10).
//!
//! In: a request that was found to be in order. Out: a page, or the decision. Must not know: OAuth's parameters.

use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_TYPE, SET_COOKIE};

use super::browser_session::Cookie;
use super::login;
use super::parameters::Parameters;
use super::redirect::see_other;
use crate::auth::{Application, FormOf, Guard, Session};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::pages::{self, ConsentPage, ENGLISH, Frame, LONGEST_FIELD, LoginPage};
use crate::http::request::Arrival;
use crate::http::request::unauthenticated;
use crate::plan::Scope;

/// What a person is asked.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// Who wants it.
    pub application: &'a Application,
    /// What it wants.
    pub scope: Scope,
    /// The host to which one is sent afterwards.
    pub sent_to: Option<String>,
    /// All of it, in a form that is the same each time.
    pub request: Vec<u8>,
}

impl Asked<'_> {
    /// The database whose users are asked, by the name it has at the gateway.
    pub(super) fn database(&self) -> &str {
        &self.application.row.grant.database
    }
}

/// What the person decided.
#[derive(Debug)]
pub(super) enum Decision {
    /// This user allows it.
    Allowed(Box<Session>),
    /// This user does not.
    Denied(Box<Session>),
}

/// Where the dialogue stands.
#[derive(Debug)]
pub(super) enum Turn {
    /// It goes on with this.
    Answer(Response),
    /// It is over.
    Decided(Decision),
}

/// The page to begin with.
///
/// # Errors
/// 503 without the store.
pub(super) async fn show(arrival: &Arrival, asked: &Asked<'_>) -> Result<Response, Problem> {
    match session(arrival, asked).await? {
        Some(session) => consent_page(arrival, asked, &session).await,
        None => login_page(arrival, asked, StatusCode::OK, "", None).await,
    }
}

/// Somebody who has logged in to the application's database.
pub(super) async fn session(arrival: &Arrival, asked: &Asked<'_>) -> Result<Option<Session>, Problem> {
    let Cookie::Session(token) = arrival.gateway.site.cookie(&arrival.head.headers) else { return Ok(None) };
    let session = arrival.gateway.tokens.session(token.expose()).await?;
    let session = session.filter(|session| session.database() == asked.database());
    if let Some(session) = &session {
        arrival.log.user(session.login());
        arrival.log.database(session.database());
    }
    Ok(session)
}

/// What is done with a form.
///
/// # Errors
/// 403 for a form that is not ours, of another browser or request, or sent before; 400 for none.
pub(super) async fn hear(arrival: &mut Arrival, asked: &Asked<'_>) -> Result<Turn, Problem> {
    let form = form(arrival).await?;
    let cookie = arrival.gateway.site.cookie(&arrival.head.headers);
    let guard = guard(arrival, asked, &form, &cookie).await?;
    match form.value("step") {
        Ok(Some("login")) => login::log_in(arrival, asked, &form, &cookie).await.map(Turn::Answer),
        Ok(Some("switch")) => switch(arrival, &cookie).await.map(Turn::Answer),
        Ok(Some("allow")) => decide(arrival, asked, &guard, Decision::Allowed).await,
        Ok(Some("deny")) => decide(arrival, asked, &guard, Decision::Denied).await,
        _ => {
            Err(Problem::new(Code::InvalidParameter, "The form says nothing that can be done here.").parameter("step"))
        }
    }
}

/// What shows that the form is ours, for this browser and this request.
async fn guard(arrival: &Arrival, asked: &Asked<'_>, form: &Parameters, cookie: &Cookie) -> Result<Guard, Problem> {
    let site = &arrival.gateway.site;
    if cookie.value().is_empty() || !site.is_own_form(&arrival.head.headers) {
        return Err(outdated());
    }
    let text = form.value("guard").ok().flatten().unwrap_or_default();
    let of = FormOf { cookie: cookie.value(), request: &asked.request };
    arrival.gateway.tokens.read_guard(of, text).await?.ok_or_else(outdated)
}

/// The user's decision, once; the login page when nobody is logged in any more.
async fn decide(
    arrival: &Arrival,
    asked: &Asked<'_>,
    guard: &Guard,
    decision: fn(Box<Session>) -> Decision,
) -> Result<Turn, Problem> {
    let Some(session) = session(arrival, asked).await? else { return here(arrival).map(Turn::Answer) };
    let first = arrival.gateway.tokens.spend_guard(guard).await?;
    if first { Ok(Turn::Decided(decision(Box::new(session)))) } else { Err(outdated()) }
}

/// Reads the form in the body.
///
/// # Errors
/// 415 for another body, 413 for one that is too long, 400 for one that is no text.
pub(super) async fn form(arrival: &mut Arrival) -> Result<Parameters, Problem> {
    let kind = arrival.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let detail = "The body can be application/x-www-form-urlencoded only.";
        return Err(Problem::new(Code::UnsupportedMediaType, detail).parameter("Content-Type"));
    }
    let body = unauthenticated::body(arrival).await?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| Problem::new(Code::MalformedRequest, "The form is no text.").parameter("body"))?;
    Parameters::of_query(text)
}

/// Nobody is logged in any more.
async fn switch(arrival: &Arrival, cookie: &Cookie) -> Result<Response, Problem> {
    arrival.gateway.tokens.end_session(cookie.value()).await?;
    let mut answer = here(arrival)?;
    let visitor = arrival.gateway.tokens.new_visitor()?;
    answer.headers_mut().insert(SET_COOKIE, arrival.gateway.site.set_cookie(&visitor)?);
    Ok(answer)
}

/// Back to where the form came from.
pub(super) fn here(arrival: &Arrival) -> Result<Response, Problem> {
    let target = arrival.head.uri.path_and_query().map_or("/", |target| target.as_str());
    see_other(&format!("{}{target}", arrival.gateway.site.base()))
}

fn outdated() -> Problem {
    Problem::new(Code::FormOutdated, ENGLISH.outdated_lead)
}

/// What all pages are told.
pub(super) fn frame(arrival: &Arrival) -> Frame<'_> {
    Frame { texts: &ENGLISH, base: arrival.gateway.site.base() }
}

/// The page that asks who one is, with why it did not work.
///
/// # Errors
/// 503 without the store's keys.
pub(super) async fn login_page(
    arrival: &Arrival,
    asked: &Asked<'_>,
    status: StatusCode,
    login: &str,
    alert: Option<String>,
) -> Result<Response, Problem> {
    let (visitor, is_new) = match arrival.gateway.site.cookie(&arrival.head.headers) {
        Cookie::Visitor(visitor) => (visitor, false),
        _ => (arrival.gateway.tokens.new_visitor()?, true),
    };
    let of = FormOf { cookie: &visitor, request: &asked.request };
    let guard = arrival.gateway.tokens.guard_form(of).await?;
    let (application, database) = (asked.application.name(), asked.database());
    let frame = frame(arrival);
    let page = LoginPage { frame, application, database, login, guard: &guard, alert, longest: LONGEST_FIELD };
    let mut answer = pages::answer(status, &page)?;
    if is_new {
        answer.headers_mut().insert(SET_COOKIE, arrival.gateway.site.set_cookie(&visitor)?);
    }
    Ok(answer)
}

async fn consent_page(arrival: &Arrival, asked: &Asked<'_>, session: &Session) -> Result<Response, Problem> {
    let cookie = arrival.gateway.site.cookie(&arrival.head.headers);
    let of = FormOf { cookie: cookie.value(), request: &asked.request };
    let guard = arrival.gateway.tokens.guard_form(of).await?;
    let page = ConsentPage {
        frame: frame(arrival),
        application: asked.application.name(),
        login: session.login(),
        database: session.database(),
        rights: pages::in_words(&asked.scope, &ENGLISH),
        sent_to: asked.sent_to.as_deref(),
        guard: &guard,
    };
    pages::answer(StatusCode::OK, &page)
}
