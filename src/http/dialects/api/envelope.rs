//! The bodies of `/api`.
//!
//! In: a shaped outcome, or a problem. Out: the bytes of the body. Must not know: requests.
//!
//! ```text
//! success  the value without an envelope, or {"message": "…"}
//! error    {"error": title, "message": detail, "code": status, "request_id": id}
//! ```

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Problem;
use crate::http::pipeline::Dialect;
use crate::http::response::negotiate::Media;
use crate::http::response::problem::{ErrorContext, status};
use crate::shape::{BinaryFormat, DatetimeFormat, EmptyFormat, Many2oneFormat, Style, to_json};
use crate::value::Value;

/// The dialect `/api`.
pub(super) const DIALECT: Dialect = Dialect {
    media: &[Media::Json],
    style: Style {
        many2one: Many2oneFormat::Pair,
        datetime: DatetimeFormat::Iso,
        empty: EmptyFormat::False,
        binary: BinaryFormat::Text,
    },
    has_label: false,
    body_is_record: true,
    allows_repeated_params: false,
    domain_parameter: "domain",
    call_example: |model, method| format!("{{\"method\": \"{method}\", \"args\": [[7]]}} at /api/{model}/execute_kw"),
    render: |shaped, _| to_bytes(&shaped.into_value()),
};

/// Serializes a value as JSON.
///
/// # Errors
/// 500 if a value cannot be serialized, which the type rules out.
pub(super) fn to_bytes(value: &Value<'_>) -> Result<Vec<u8>, Problem> {
    to_json(value).map_err(Problem::internal)
}

/// An error.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "error": "The model has no such field",
    "message": "The model res.partner has no field nmae, or this user may not see it. Did you mean name?",
    "code": 400, "request_id": "5f2b7c0d9a41e836-1"
}))]
pub(super) struct ApiError<'a> {
    /// The kind of error, for people.
    error: &'static str,
    /// What is wrong, where, and what to do.
    message: String,
    /// The HTTP status.
    code: u16,
    /// The id of the request in the log of the gateway.
    request_id: &'a str,
}

/// Renders a problem. The format has no member for the hint, so the hint follows the detail.
pub(in crate::http) fn render_problem(problem: &Problem, context: ErrorContext<'_>) -> Response {
    let hint = problem.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
    let status = status(problem.class());
    let body = ApiError {
        error: problem.code.title(),
        message: format!("{}{hint}", problem.detail),
        code: status.as_u16(),
        request_id: context.request_id,
    };
    // Strings and integers always serialize; an empty body would still have the status.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let content_type = (CONTENT_TYPE, HeaderValue::from_static(Media::Json.name()));
    (status, [content_type], Body::from(body)).into_response()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;
    use crate::error_code::ErrorCode;

    #[tokio::test]
    async fn message_contains_the_detail_and_the_hint() {
        let unknown_field = Problem::new(ErrorCode::UnknownField, "No field nmae.").hint("Did you mean name?");
        let context = ErrorContext { request_id: "r1", path: "/api/res.partner/1", at: OffsetDateTime::UNIX_EPOCH };
        let response = render_problem(&unknown_field, context);
        assert_eq!(response.status(), 400);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let expected = json!({
            "error": unknown_field.code.title(), "message": "No field nmae. Did you mean name?", "code": 400,
            "request_id": "r1"
        });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap(), expected);
    }
}
