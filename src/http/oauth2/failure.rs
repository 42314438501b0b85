//! A problem in RFC 6749's own form (sections 4.1.2.1 and 5.2).
//!
//! In: a [`Problem`]. Out: `{"error", "error_description"}`. Must not know: what was asked.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::PRAGMA;
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::error::Problem;
use crate::explain::{Class, Code};
use crate::http::problem::{Occasion, status};

/// Renders everything under the prefix.
pub(in crate::http) fn problem(problem: &Problem, occasion: Occasion<'_>) -> Response {
    let body = json!({
        "error": error_of(problem),
        "error_description": description(problem),
        "request_id": occasion.request_id,
    });
    ([(PRAGMA, HeaderValue::from_static("no-cache"))], (status_of(problem), Json(body))).into_response()
}

/// What is wrong with the request is 400 here, whatever it is elsewhere.
fn status_of(problem: &Problem) -> StatusCode {
    match problem.class() {
        Class::UnsupportedMediaType | Class::NotAcceptable => StatusCode::BAD_REQUEST,
        class => status(class),
    }
}

/// The registered word.
pub(in crate::http) fn error_of(problem: &Problem) -> &'static str {
    match problem.code {
        Code::InvalidClient
        | Code::UnauthorizedClient
        | Code::InvalidGrant
        | Code::InvalidScope
        | Code::UnsupportedGrantType
        | Code::UnsupportedResponseType => problem.code.as_str(),
        Code::PersonNeeded => "unauthorized_client",
        Code::CredentialMissing | Code::CredentialInvalid => "invalid_client",
        Code::AccessDenied => "access_denied",
        _ => match problem.class() {
            Class::TooManyRequests | Class::Unavailable => "temporarily_unavailable",
            Class::Internal | Class::BadGateway | Class::OutcomeUnknown => "server_error",
            _ => "invalid_request",
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
        assert_eq!(error_of(&problem), "invalid_scope");
        assert_eq!(error_of(&Problem::new(Code::TooManyAttempts, "")), "temporarily_unavailable");
        assert_eq!(error_of(&Problem::new(Code::MethodNotAllowed, "")), "invalid_request");
    }
}
