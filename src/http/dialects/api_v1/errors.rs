//! The errors of `/api/v1`: `{success, error: {code, message, type, details}, timestamp}`.
//!
//! In: a [`Problem`]. Out: a response with the status of this dialect. Must not know: where the problem occurred.
//! `code` is the HTTP status, `type` a name that odoo-rest-api uses. The gateway adds `reason` (its stable error
//! code), `request_id`, `hint` and `parameter`.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::envelope::timestamp;
use crate::error::Problem;
use crate::error_code::{ErrorClass, ErrorCode};
use crate::http::response::problem::ErrorContext;

/// An error response.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "success": false,
    "error": {
        "code": 400, "message": "The model res.partner has no field nmae, or this user may not see it.",
        "type": "BadRequest", "details": "The model has no such field", "reason": "unknown_field",
        "request_id": "5f2b7c0d9a41e836-1", "hint": "Did you mean name?", "parameter": "nmae"
    },
    "timestamp": "2026-01-01T12:00:00.000Z"
}))]
pub(super) struct ApiV1Failed<'a> {
    /// Always `false`.
    success: bool,
    /// The error.
    error: ApiV1Error<'a>,
    /// The time of the response (RFC 3339, UTC).
    timestamp: String,
}

/// An error.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiV1Error<'a> {
    /// The HTTP status.
    code: u16,
    /// What is wrong with the request, and where; or the message of Odoo.
    message: &'a str,
    /// One of ValidationError, AccessError, MissingError, AccessDenied, RedirectWarning, BadRequest, NotFound,
    /// Unauthorized, Forbidden, Conflict, TooManyRequests, ServerError.
    r#type: &'static str,
    /// The kind of error, for people.
    details: &'a str,
    /// The kind of error, for programs.
    reason: &'static str,
    /// The id of the request in the log of the gateway.
    request_id: &'a str,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    /// The parameter, header or value that caused the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
}

/// Renders a problem.
pub(in crate::http) fn render_problem(problem: &Problem, context: ErrorContext<'_>) -> Response {
    let status = status(problem.class());
    let message = message(problem);
    let body = ApiV1Failed {
        success: false,
        error: ApiV1Error {
            code: status,
            message,
            r#type: error_type(problem),
            details: if message == problem.detail { problem.code.title() } else { &problem.detail },
            reason: problem.code.as_str(),
            request_id: context.request_id,
            hint: problem.hint.as_deref(),
            parameter: problem.parameter.as_deref(),
        },
        timestamp: timestamp(context.at),
    };
    // Strings and integers always serialize; an empty body would still have the status.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], Body::from(body)).into_response()
}

/// The HTTP status: `/api/v1` returns 400 for values that Odoo rejects.
pub(super) fn status(class: ErrorClass) -> u16 {
    match class {
        ErrorClass::Rejected => 400,
        class => class.status(),
    }
}

/// The message of Odoo if it addresses the user, else the detail of the problem. For a reference to a record that
/// does not exist, Odoo's message describes a deletion, so it is not used.
fn message(problem: &Problem) -> &str {
    let is_for_user = matches!(problem.class(), ErrorClass::Rejected | ErrorClass::Forbidden | ErrorClass::Conflict)
        && problem.code != ErrorCode::UnknownReference;
    let message = problem.odoo.as_ref().map(|odoo| odoo.message.as_str());
    message.filter(|message| is_for_user && !message.is_empty()).unwrap_or(&problem.detail)
}

/// The name that odoo-rest-api uses for this kind of error.
fn error_type(problem: &Problem) -> &'static str {
    let exception = problem.odoo.as_ref().map(|odoo| odoo.exception.as_str());
    match (problem.class(), problem.code) {
        (ErrorClass::Rejected, _) if exception == Some("RedirectWarning") => "RedirectWarning",
        (ErrorClass::Rejected, _) | (_, ErrorCode::InvalidValue) => "ValidationError",
        (ErrorClass::Unauthorized, ErrorCode::CredentialMissing) => "Unauthorized",
        (ErrorClass::Unauthorized, _) => "AccessDenied",
        (ErrorClass::Forbidden, ErrorCode::AccessDenied) => "AccessError",
        (ErrorClass::Forbidden, _) => "Forbidden",
        (ErrorClass::NotFound, ErrorCode::RecordNotFound) => "MissingError",
        (ErrorClass::NotFound, _) => "NotFound",
        (ErrorClass::Conflict, _) => "Conflict",
        (ErrorClass::TooManyRequests, _) => "TooManyRequests",
        (ErrorClass::Internal | ErrorClass::BadGateway | ErrorClass::Unavailable | ErrorClass::OutcomeUnknown, _) => {
            "ServerError"
        }
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
        let context = ErrorContext { request_id: "r1", path: "/api/v1/x", at: OffsetDateTime::UNIX_EPOCH };
        let response = render_problem(problem, context);
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap())
    }

    #[tokio::test]
    async fn error_has_the_format_of_odoo_rest_api_and_the_added_members() {
        let problem =
            Problem::new(ErrorCode::OdooRefused, "Odoo refuses it.").odoo("UserError", "No lines.").hint("Add one.");
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
    async fn every_error_has_a_type_of_odoo_rest_api() {
        for (code, status, name) in [
            (ErrorCode::MalformedRequest, 400, "BadRequest"),
            (ErrorCode::UnknownField, 400, "BadRequest"),
            (ErrorCode::InvalidValue, 400, "ValidationError"),
            (ErrorCode::MissingValue, 400, "ValidationError"),
            (ErrorCode::UnknownReference, 400, "ValidationError"),
            (ErrorCode::CredentialMissing, 401, "Unauthorized"),
            (ErrorCode::CredentialInvalid, 401, "AccessDenied"),
            (ErrorCode::AccessDenied, 403, "AccessError"),
            (ErrorCode::ScopeForbidden, 403, "Forbidden"),
            (ErrorCode::UnknownModel, 404, "NotFound"),
            (ErrorCode::RecordNotFound, 404, "MissingError"),
            (ErrorCode::MethodNotAllowed, 405, "BadRequest"),
            (ErrorCode::UniqueConflict, 409, "Conflict"),
            (ErrorCode::BodyTooLarge, 413, "BadRequest"),
            (ErrorCode::TooManyAttempts, 429, "TooManyRequests"),
            (ErrorCode::Internal, 500, "ServerError"),
            (ErrorCode::OdooInternalError, 502, "ServerError"),
            (ErrorCode::OdooBusy, 503, "ServerError"),
            (ErrorCode::OutcomeUnknown, 504, "ServerError"),
        ] {
            let (rendered_status, json) = rendered(&Problem::new(code, "Why.")).await;
            assert_eq!((rendered_status, json["error"]["code"].as_u64()), (status, Some(status.into())), "{code:?}");
            assert_eq!(json["error"]["type"], name, "{code:?}");
            assert_eq!(json["error"]["message"], "Why.");
        }
        let reference = Problem::new(ErrorCode::UnknownReference, "It does not exist.").odoo("UserError", "Deleted?");
        assert_eq!(rendered(&reference).await.1["error"]["message"], "It does not exist.");
        let redirect = Problem::new(ErrorCode::OdooRefused, "").odoo("RedirectWarning", "Go there.");
        assert_eq!(rendered(&redirect).await.1["error"]["type"], "RedirectWarning");
    }
}
