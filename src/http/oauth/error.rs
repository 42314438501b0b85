//! A problem in RFC 6749's own form (sections 4.1.2.1 and 5.2).
//!
//! In: a [`Problem`]. Out: `{"error", "error_description"}`. Must not know: what was asked.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::PRAGMA;
use http::{HeaderValue, StatusCode};
use oauth2::StandardErrorResponse;
use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use serde::Serialize;

use crate::error::Problem;
use crate::error_code::{Class, Code};
use crate::http::response::problem::{Occasion, status};

/// Renders everything under the prefix.
pub(in crate::http) fn problem(problem: &Problem, occasion: Occasion<'_>) -> Response {
    let error = StandardErrorResponse::new(error_of(problem), Some(description(problem)), None);
    let body = ErrorAnswer { error, request_id: occasion.request_id };
    ([(PRAGMA, HeaderValue::from_static("no-cache"))], (status_of(problem), Json(body))).into_response()
}

/// RFC 6749's form, and the id under which the log knows the request.
#[derive(Serialize)]
struct ErrorAnswer<'a> {
    #[serde(flatten)]
    error: BasicErrorResponse,
    request_id: &'a str,
}

/// What is wrong with the request is 400 here, whatever it is elsewhere.
fn status_of(problem: &Problem) -> StatusCode {
    match problem.class() {
        Class::UnsupportedMediaType | Class::NotAcceptable => StatusCode::BAD_REQUEST,
        class => status(class),
    }
}

/// The registered word.
fn error_of(problem: &Problem) -> BasicErrorResponseType {
    use BasicErrorResponseType as Error;
    let other = |word: &str| Error::Extension(word.to_owned());
    match problem.code {
        Code::InvalidClient | Code::CredentialMissing | Code::CredentialInvalid => Error::InvalidClient,
        Code::UnauthorizedClient | Code::PersonNeeded => Error::UnauthorizedClient,
        Code::InvalidGrant => Error::InvalidGrant,
        Code::InvalidScope => Error::InvalidScope,
        Code::UnsupportedGrantType => Error::UnsupportedGrantType,
        Code::UnsupportedResponseType | Code::AccessDenied => other(problem.code.as_str()),
        _ => match problem.class() {
            Class::TooManyRequests | Class::Unavailable => other("temporarily_unavailable"),
            Class::Internal | Class::BadGateway | Class::OutcomeUnknown => other("server_error"),
            _ => Error::InvalidRequest,
        },
    }
}

/// Only characters of `%x20-21 / %x23-5B / %x5D-7E`.
fn description(problem: &Problem) -> String {
    let whole = match &problem.parameter {
        Some(parameter) if !problem.detail.contains(parameter.as_str()) => format!("{parameter}: {}", problem.detail),
        _ => problem.detail.clone(),
    };
    let allowed = |c: char| match c {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => c,
        _ => '?',
    };
    whole.chars().map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_have_no_character_that_the_rfc_forbids() {
        let problem = Problem::new(Code::InvalidScope, "no \"ä\\\n\u{1F600}").parameter("scope");
        assert_eq!(description(&problem), "scope: no '?/??");
        assert_eq!(error_of(&problem).as_ref(), "invalid_scope");
        assert_eq!(error_of(&Problem::new(Code::TooManyAttempts, "")).as_ref(), "temporarily_unavailable");
        assert_eq!(error_of(&Problem::new(Code::MethodNotAllowed, "")).as_ref(), "invalid_request");
    }
}
