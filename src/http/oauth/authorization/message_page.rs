//! Pages with a message: a problem, a denied access, a verification code.
//!
//! In: the message. Out: a page. Must not know: what the application requested. The status is that of the problem,
//! except 401, which a browser answers with its own login dialog.

use axum::response::Response;
use http::StatusCode;
use http::header::RETRY_AFTER;

use super::login_consent_pages::layout;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::pages::{self, ENGLISH, MessagePage};
use crate::http::request::ApiRequest;
use crate::http::request::request_facts::RequestFacts;
use crate::http::response::problem::status;

/// The response, or a page that explains the problem.
///
/// # Errors
/// 500 if the page cannot be rendered.
pub(super) fn or_problem_page(request: &ApiRequest, result: Result<Response, Problem>) -> Result<Response, Problem> {
    result.or_else(|problem| problem_page(request, &problem))
}

fn problem_page(request: &ApiRequest, problem: &Problem) -> Result<Response, Problem> {
    request.log.code(problem.code.as_str());
    let title = if problem.code == ErrorCode::FormOutdated { ENGLISH.outdated_title } else { ENGLISH.trouble_title };
    let page = MessagePage {
        layout: layout(request),
        title,
        lead: problem.detail.clone(),
        code: None,
        hint: Some(problem.hint.as_deref().unwrap_or(ENGLISH.start_again)),
        request_id: RequestFacts::from_extensions(&request.head.extensions).map(|facts| facts.id.as_str()),
    };
    let status = match status(problem.class()) {
        StatusCode::UNAUTHORIZED => StatusCode::BAD_REQUEST,
        status => status,
    };
    let mut response = pages::render(status, &page)?;
    if let Some(wait) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
    }
    Ok(response)
}

/// Shows the verifier that the user types into the application (OAuth 1.0a without a callback).
///
/// # Errors
/// 500 if the page cannot be rendered.
pub(super) fn verifier_page(request: &ApiRequest, application: &str, verifier: &str) -> Result<Response, Problem> {
    let page = MessagePage {
        layout: layout(request),
        title: ENGLISH.verifier_title,
        lead: ENGLISH.for_application(ENGLISH.verifier_lead, application),
        code: Some(verifier),
        hint: Some(ENGLISH.verifier_hint),
        request_id: None,
    };
    pages::render(StatusCode::OK, &page)
}

/// Confirms a denied access if there is no callback to redirect to.
///
/// # Errors
/// 500 if the page cannot be rendered.
pub(super) fn denied_page(request: &ApiRequest, application: &str) -> Result<Response, Problem> {
    let page = MessagePage {
        layout: layout(request),
        title: ENGLISH.denied_title,
        lead: ENGLISH.for_application(ENGLISH.denied_lead, application),
        code: None,
        hint: None,
        request_id: None,
    };
    pages::render(StatusCode::OK, &page)
}
