//! A problem, a refusal or a code to type, as a page.
//!
//! In: what happened. Out: a page. Must not know: what was asked. Statuses are the problem's own but for 401, which a
//! browser answers with a window of its own.

use axum::response::Response;
use http::StatusCode;
use http::header::RETRY_AFTER;

use super::consent_flow::frame;
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::middleware::RequestId;
use crate::http::pages::{self, ENGLISH, NoticePage};
use crate::http::request::Arrival;
use crate::http::response::problem::status;

/// The answer, or the page that says why there is none.
///
/// # Errors
/// 500 when not even that can be rendered.
pub(super) fn or_page(arrival: &Arrival, answer: Result<Response, Problem>) -> Result<Response, Problem> {
    answer.or_else(|problem| problem_page(arrival, &problem))
}

fn problem_page(arrival: &Arrival, problem: &Problem) -> Result<Response, Problem> {
    arrival.log.code(problem.code.as_str());
    let title = if problem.code == Code::FormOutdated { ENGLISH.outdated_title } else { ENGLISH.trouble_title };
    let page = NoticePage {
        frame: frame(arrival),
        title,
        lead: problem.detail.clone(),
        code: None,
        hint: Some(problem.hint.as_deref().unwrap_or(ENGLISH.start_again)),
        request: arrival.head.extensions.get().map(RequestId::as_str),
    };
    let status = match status(problem.class()) {
        StatusCode::UNAUTHORIZED => StatusCode::BAD_REQUEST,
        status => status,
    };
    let mut answer = pages::answer(status, &page)?;
    if let Some(after) = problem.retry_after {
        answer.headers_mut().insert(RETRY_AFTER, after.as_secs().max(1).into());
    }
    Ok(answer)
}

/// A code to be typed in the application.
///
/// # Errors
/// 500 when it cannot be rendered.
pub(super) fn code_page(arrival: &Arrival, application: &str, code: &str) -> Result<Response, Problem> {
    let page = NoticePage {
        frame: frame(arrival),
        title: ENGLISH.verifier_title,
        lead: ENGLISH.of_application(ENGLISH.verifier_lead, application),
        code: Some(code),
        hint: Some(ENGLISH.verifier_hint),
        request: None,
    };
    pages::answer(StatusCode::OK, &page)
}

/// That the application got nothing, where nobody waits for an answer.
///
/// # Errors
/// 500 when it cannot be rendered.
pub(super) fn denied_page(arrival: &Arrival, application: &str) -> Result<Response, Problem> {
    let page = NoticePage {
        frame: frame(arrival),
        title: ENGLISH.denied_title,
        lead: ENGLISH.of_application(ENGLISH.denied_lead, application),
        code: None,
        hint: None,
        request: None,
    };
    pages::answer(StatusCode::OK, &page)
}
