//! Errors in the format of RFC 6749 (sections 4.1.2.1 and 5.2).
//!
//! In: a [`Problem`]. Out: `{"error", "error_description", "request_id"}`. Must not know: which endpoint failed.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::PRAGMA;
use http::{HeaderValue, StatusCode};
use oauth2::StandardErrorResponse;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use serde::Serialize;

use crate::error::Problem;
use crate::error_code::{ErrorClass, ErrorCode};
use crate::http::response::problem::{ErrorContext, status};

/// Renders the errors of all paths under the prefix.
pub(in crate::http) fn render_problem(problem: &Problem, context: ErrorContext<'_>) -> Response {
    let error = StandardErrorResponse::new(error_code(problem), Some(description(problem)), None);
    let body = ErrorBody { error, request_id: context.request_id };
    ([(PRAGMA, HeaderValue::from_static("no-cache"))], (http_status(problem), Json(body))).into_response()
}

/// The members of RFC 6749, and the request id that the log contains.
#[derive(Serialize)]
struct ErrorBody<'a> {
    #[serde(flatten)]
    error: BasicErrorResponse,
    request_id: &'a str,
}

/// RFC 6749 section 5.2 requires 400 for every invalid request, also where the dialects answer 406 or 415.
fn http_status(problem: &Problem) -> StatusCode {
    match problem.class() {
        ErrorClass::UnsupportedMediaType | ErrorClass::NotAcceptable => StatusCode::BAD_REQUEST,
        class => status(class),
    }
}

/// The registered error code.
fn error_code(problem: &Problem) -> BasicErrorResponseType {
    use BasicErrorResponseType as Error;
    let extension = |code: &str| Error::Extension(code.to_owned());
    match problem.code {
        ErrorCode::InvalidClient | ErrorCode::CredentialMissing | ErrorCode::CredentialInvalid => Error::InvalidClient,
        ErrorCode::UnauthorizedClient | ErrorCode::PersonNeeded => Error::UnauthorizedClient,
        ErrorCode::InvalidGrant => Error::InvalidGrant,
        ErrorCode::InvalidScope => Error::InvalidScope,
        ErrorCode::UnsupportedGrantType => Error::UnsupportedGrantType,
        ErrorCode::UnsupportedResponseType | ErrorCode::AccessDenied => extension(problem.code.as_str()),
        _ => match problem.class() {
            ErrorClass::TooManyRequests | ErrorClass::Unavailable => extension("temporarily_unavailable"),
            ErrorClass::Internal | ErrorClass::BadGateway | ErrorClass::OutcomeUnknown => extension("server_error"),
            _ => Error::InvalidRequest,
        },
    }
}

/// The detail, restricted to the characters that RFC 6749 allows: `%x20-21 / %x23-5B / %x5D-7E`.
fn description(problem: &Problem) -> String {
    let detail = match &problem.parameter {
        Some(parameter) if !problem.detail.contains(parameter.as_str()) => format!("{parameter}: {}", problem.detail),
        _ => problem.detail.clone(),
    };
    let to_allowed = |c: char| match c {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => c,
        _ => '?',
    };
    detail.chars().map(to_allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_contain_only_characters_that_the_rfc_allows() {
        let problem = Problem::new(ErrorCode::InvalidScope, "no \"ä\\\n\u{1F600}").parameter("scope");
        assert_eq!(description(&problem), "scope: no '?/??");
        assert_eq!(error_code(&problem).as_ref(), "invalid_scope");
        assert_eq!(error_code(&Problem::new(ErrorCode::TooManyAttempts, "")).as_ref(), "temporarily_unavailable");
        assert_eq!(error_code(&Problem::new(ErrorCode::MethodNotAllowed, "")).as_ref(), "invalid_request");
    }
}
