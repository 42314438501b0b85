//! Problems as pages.
//!
//! In: the response of a route of the console. Out: a page in place of a problem. Must not know: routes. The status is
//! that of the problem, except 401, which a browser answers with its own login dialog.

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;

use super::page::ConsolePage;
use crate::admin::AdminError;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::pages::ENGLISH;
use crate::http::request::request_facts::RequestFacts;
use crate::http::response::problem::status;
use crate::http::state::AppState;

/// The page.
#[derive(Template)]
#[template(path = "console/problem.html")]
struct ProblemPage<'a> {
    page: &'a ConsolePage<'a>,
    title: &'a str,
    detail: &'a str,
    hint: Option<&'a str>,
    request_id: &'a str,
}

/// Runs the route, and renders its problem.
pub(super) async fn render_problems(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let facts = RequestFacts::from_extensions(request.extensions()).cloned().unwrap_or_default();
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Problem>() else { return response };
    facts.log.code(problem.code.as_str());
    match render(&state, problem, &facts) {
        Ok(page) => page,
        Err(problem) => problem.into_response(),
    }
}

fn render(state: &AppState, problem: &Problem, facts: &RequestFacts) -> Result<Response, Problem> {
    let page = ConsolePage::without_request(state.site.base());
    let title = match problem.code {
        ErrorCode::FormOutdated => ENGLISH.outdated_title,
        ErrorCode::RecordNotFound | ErrorCode::UnknownRoute => "Not found",
        ErrorCode::AccessDenied => "Not allowed",
        _ => ENGLISH.trouble_title,
    };
    let template = ProblemPage {
        page: &page,
        title,
        detail: &problem.detail,
        hint: problem.hint.as_deref(),
        request_id: facts.id.as_str(),
    };
    let status = match status(problem.class()) {
        StatusCode::UNAUTHORIZED => StatusCode::BAD_REQUEST,
        status => status,
    };
    let mut response = page.respond(status, &template)?;
    if let Some(wait) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
    }
    Ok(response)
}

/// The problem with an object that does not exist, or belongs to another user: the two look the same.
pub(in crate::http) fn not_found() -> Problem {
    Problem::new(ErrorCode::RecordNotFound, "This does not exist. It may have ended in the meantime.")
}

/// The problem that a failed action means.
pub(in crate::http) fn admin_problem(error: AdminError) -> Problem {
    match error {
        AdminError::NotFound(_) => not_found(),
        AdminError::Odoo(problem) => problem,
        AdminError::Invalid(reason) => Problem::new(ErrorCode::InvalidParameter, sentence(&reason)),
        AdminError::CredentialRejected => {
            Problem::new(ErrorCode::OdooCredentialStale, "Odoo no longer accepts your password or API key.")
                .hint("Sign out and sign in again.")
        }
        AdminError::KeySet(cause) => cause.into(),
    }
}

/// A reason as a sentence of its own.
pub(in crate::http) fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// A path of the console that does not exist.
pub(super) async fn unknown_page() -> Problem {
    Problem::new(ErrorCode::UnknownRoute, "The console has no such page.")
}
