//! Problems as family D writes them: `{success, error: {code, message, type, details}, timestamp}`.
//!
//! In: a [`Problem`]. Out: an answer with the status of this family. Must not know: who refused. `code` is the HTTP
//! status, `type` one of the vendor's names; what the gateway knows besides (the stable code as `reason`, the request's
//! id, a hint) stands beside them.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::envelope::timestamp;
use crate::error::Problem;
use crate::error_code::{Class, Code};
use crate::http::response::problem::Occasion;

#[derive(Serialize)]
struct Failed<'a> {
    success: bool,
    error: Error<'a>,
    timestamp: String,
}

#[derive(Serialize)]
struct Error<'a> {
    code: u16,
    message: &'a str,
    r#type: &'static str,
    details: &'a str,
    reason: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
}

/// Renders a problem.
pub(in crate::http) fn render_problem(problem: &Problem, occasion: Occasion<'_>) -> Response {
    let status = status(problem.class());
    let message = message(problem);
    let failed = Failed {
        success: false,
        error: Error {
            code: status,
            message,
            r#type: type_of(problem),
            details: if message == problem.detail { problem.code.title() } else { &problem.detail },
            reason: problem.code.as_str(),
            request_id: occasion.request_id,
            hint: problem.hint.as_deref(),
            parameter: problem.parameter.as_deref(),
        },
        timestamp: timestamp(occasion.at),
    };
    // Strings and integers always serialize; an empty body would still carry the status.
    let body = serde_json::to_vec(&failed).unwrap_or_default();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], Body::from(body)).into_response()
}

/// The status of this family: refused values are a bad request here.
fn status(class: Class) -> u16 {
    match class {
        Class::Refused => 400,
        class => class.status(),
    }
}

/// What Odoo says to people, where it spoke to them. Of a reference to nothing it says that something is being deleted.
fn message(problem: &Problem) -> &str {
    let speaks_to_people = matches!(problem.class(), Class::Refused | Class::Forbidden | Class::Conflict)
        && problem.code != Code::UnknownReference;
    let said = problem.odoo.as_ref().map(|odoo| odoo.message.as_str());
    said.filter(|said| speaks_to_people && !said.is_empty()).unwrap_or(&problem.detail)
}

/// The vendor's name for it.
fn type_of(problem: &Problem) -> &'static str {
    let exception = problem.odoo.as_ref().map(|odoo| odoo.exception.as_str());
    match (problem.class(), problem.code) {
        (Class::Refused, _) if exception == Some("RedirectWarning") => "RedirectWarning",
        (Class::Refused, _) | (_, Code::InvalidValue) => "ValidationError",
        (Class::Unauthorized, Code::CredentialMissing) => "Unauthorized",
        (Class::Unauthorized, _) => "AccessDenied",
        (Class::Forbidden, Code::AccessDenied) => "AccessError",
        (Class::Forbidden, _) => "Forbidden",
        (Class::NotFound, Code::RecordNotFound) => "MissingError",
        (Class::NotFound, _) => "NotFound",
        (Class::Conflict, _) => "Conflict",
        (Class::TooManyRequests, _) => "TooManyRequests",
        (Class::Internal | Class::BadGateway | Class::Unavailable | Class::OutcomeUnknown, _) => "ServerError",
        _ => "BadRequest",
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};
    use time::OffsetDateTime;

    use super::*;

    async fn rendered(problem: &Problem) -> (u16, Value) {
        let occasion = Occasion { request_id: "r1", path: "/api/v1/x", at: OffsetDateTime::UNIX_EPOCH };
        let answer = render_problem(problem, occasion);
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap())
    }

    #[tokio::test]
    async fn a_problem_has_the_vendors_form_and_what_helps_besides() {
        let problem =
            Problem::new(Code::OdooRefused, "Odoo refuses it.").odoo("UserError", "No lines.").hint("Add one.");
        let expected = json!({
            "success": false,
            "error": {
                "code": 400, "message": "No lines.", "type": "ValidationError", "details": "Odoo refuses it.",
                "reason": "odoo_refused", "request_id": "r1", "hint": "Add one."
            },
            "timestamp": "1970-01-01T00:00:00.000Z"
        });
        assert_eq!(rendered(&problem).await, (400, expected));
    }

    #[tokio::test]
    async fn every_problem_has_one_of_the_vendors_types() {
        for (code, status, name) in [
            (Code::MalformedRequest, 400, "BadRequest"),
            (Code::UnknownField, 400, "BadRequest"),
            (Code::InvalidValue, 400, "ValidationError"),
            (Code::MissingValue, 400, "ValidationError"),
            (Code::UnknownReference, 400, "ValidationError"),
            (Code::CredentialMissing, 401, "Unauthorized"),
            (Code::CredentialInvalid, 401, "AccessDenied"),
            (Code::AccessDenied, 403, "AccessError"),
            (Code::ScopeForbidden, 403, "Forbidden"),
            (Code::UnknownModel, 404, "NotFound"),
            (Code::RecordNotFound, 404, "MissingError"),
            (Code::MethodNotAllowed, 405, "BadRequest"),
            (Code::UniqueConflict, 409, "Conflict"),
            (Code::BodyTooLarge, 413, "BadRequest"),
            (Code::TooManyAttempts, 429, "TooManyRequests"),
            (Code::Internal, 500, "ServerError"),
            (Code::OdooInternalError, 502, "ServerError"),
            (Code::OdooBusy, 503, "ServerError"),
            (Code::OutcomeUnknown, 504, "ServerError"),
        ] {
            let (answered, json) = rendered(&Problem::new(code, "Why.")).await;
            assert_eq!((answered, json["error"]["code"].as_u64()), (status, Some(status.into())), "{code:?}");
            assert_eq!(json["error"]["type"], name, "{code:?}");
            assert_eq!(json["error"]["message"], "Why.");
        }
        let reference = Problem::new(Code::UnknownReference, "It does not exist.").odoo("UserError", "Deleted?");
        assert_eq!(rendered(&reference).await.1["error"]["message"], "It does not exist.");
        let redirect = Problem::new(Code::OdooRefused, "").odoo("RedirectWarning", "Go there.");
        assert_eq!(rendered(&redirect).await.1["error"]["type"], "RedirectWarning");
    }
}
