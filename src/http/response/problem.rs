//! A [`Problem`] as an HTTP response.
//!
//! In: problems from handlers, middleware and fallbacks. Out: first a status with the problem attached as an
//! extension; then, in the outermost middleware, the body that [`ErrorRenderers`] defines for the path, or the
//! generic body of RFC 9457. Only renderers know the body of an error. Must not know: dialects by name.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::headers::{set_rate_limit, set_retry_after};
use crate::error::{OdooException, Problem};
use crate::error_code::{ErrorClass, ErrorCode};

/// The request that a problem belongs to.
#[derive(Debug, Clone, Copy)]
pub struct ErrorContext<'a> {
    /// The id of the request, as in the log.
    pub request_id: &'a str,
    /// The path as the client sent it, without the query.
    pub path: &'a str,
    /// The time of the response.
    pub at: OffsetDateTime,
}

/// Renders a problem: status, body and `Content-Type`. The caller adds the headers that all dialects share
/// (`Retry-After`, `WWW-Authenticate`, `Allow`, request id).
pub(in crate::http) type RenderProblem = fn(&Problem, ErrorContext<'_>) -> Response;

/// The renderers of problems by path prefix.
#[derive(Debug, Clone, Default)]
pub struct ErrorRenderers(Vec<(&'static str, RenderProblem)>);

impl ErrorRenderers {
    /// Adds a renderer for all paths under `prefix`, which has no slash at its end. The longest prefix wins.
    #[must_use]
    pub fn under(mut self, prefix: &'static str, render: RenderProblem) -> Self {
        self.0.push((prefix, render));
        self.0.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        self
    }

    /// The response, with the headers that the problem requires.
    #[must_use]
    pub fn render(&self, problem: &Problem, context: ErrorContext<'_>) -> Response {
        let mut response = self.renderer_for(context.path)(problem, context);
        set_problem_headers(problem, &mut response);
        response
    }

    fn renderer_for(&self, path: &str) -> RenderProblem {
        let covers =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.0.iter().find(|(prefix, _)| covers(prefix)).map_or(generic, |(_, render)| *render)
    }
}

impl IntoResponse for Problem {
    /// The status with the problem as an extension, to be [rendered](ErrorRenderers::render) by the middleware.
    fn into_response(self) -> Response {
        let mut response = status(self.class()).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The HTTP status of a class of errors, in all dialects but `api_v1`.
#[must_use]
pub(in crate::http) fn status(class: ErrorClass) -> StatusCode {
    StatusCode::from_u16(class.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn set_problem_headers(problem: &Problem, response: &mut Response) {
    let headers = response.headers_mut();
    if let Some(after) = problem.retry_after {
        set_retry_after(after, headers);
    }
    if let Some(limit) = problem.rate_limit {
        set_rate_limit(limit, headers);
    }
    for scheme in challenges(problem.code) {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
}

/// The authentication challenges (RFC 9110 section 11.6.1), with the error of a bearer token (RFC 6750 section 3).
fn challenges(code: ErrorCode) -> &'static [&'static str] {
    const BASIC: &str = r#"Basic realm="odoo-gateway", charset="UTF-8""#;
    const OAUTH1: &str = r#"OAuth realm="odoo-gateway""#;
    match code {
        // The vendor's header `OAuth client_id='…'` authenticates an application, too.
        ErrorCode::InvalidClient => &[BASIC, OAUTH1],
        ErrorCode::CredentialMissing => &[BASIC, r#"Bearer realm="odoo-gateway""#, OAUTH1],
        ErrorCode::ScopeForbidden => &[r#"Bearer realm="odoo-gateway", error="insufficient_scope""#],
        code if code.class() == ErrorClass::Unauthorized => {
            &[BASIC, r#"Bearer realm="odoo-gateway", error="invalid_token""#, OAUTH1]
        }
        _ => &[],
    }
}

/// The largest part of the path that a body repeats, in bytes.
const MAX_INSTANCE: usize = 1024;

/// The body of RFC 9457: for `restapi` and `restful`, and for paths outside the dialects.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem, description = "An error (RFC 9457).", example = json!({
    "type": "/docs/errors#unknown_field", "title": "The model has no such field", "status": 400,
    "detail": "The model res.partner has no field nmae, or this user may not see it.", "hint": "Did you mean name?",
    "instance": "/restapi/1.0/object/res.partner", "code": "unknown_field", "parameter": "fields",
    "request_id": "5f2b7c0d9a41e836-1"
}))]
pub(in crate::http) struct ProblemJson<'a> {
    /// The explanation of this kind of error.
    r#type: String,
    /// The kind of error, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong with the request, and where.
    detail: &'a str,
    /// The path of the request.
    instance: &'a str,
    /// The kind of error, for programs.
    code: &'static str,
    /// The id of the request in the log of the gateway.
    request_id: &'a str,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    /// The parameter, header or value that caused the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    /// The exception of Odoo, if Odoo raised one.
    #[serde(skip_serializing_if = "Option::is_none")]
    odoo: Option<OdooJson<'a>>,
}

/// An exception of Odoo.
#[derive(Serialize, ToSchema)]
#[schema(as = OdooException)]
pub(in crate::http) struct OdooJson<'a> {
    /// The class of the exception.
    exception: &'a str,
    /// The message of the exception.
    message: &'a str,
}

impl<'a> From<&'a OdooException> for OdooJson<'a> {
    fn from(odoo: &'a OdooException) -> Self {
        Self { exception: &odoo.exception, message: &odoo.message }
    }
}

/// The last line of an NDJSON export that fails: the body of RFC 9457 under `error`, which distinguishes it from a
/// record.
#[must_use]
pub(in crate::http) fn error_line(problem: &Problem, context: ErrorContext<'_>) -> Vec<u8> {
    let mut line = br#"{"error":"#.to_vec();
    line.extend(to_json(problem, context));
    line.extend(b"}\n");
    line
}

/// The generic renderer: `application/problem+json` (RFC 9457).
#[must_use]
pub(in crate::http) fn generic(problem: &Problem, context: ErrorContext<'_>) -> Response {
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    (status(problem.class()), [content_type], Body::from(to_json(problem, context))).into_response()
}

fn to_json(problem: &Problem, context: ErrorContext<'_>) -> Vec<u8> {
    let code = problem.code.as_str();
    let json = ProblemJson {
        r#type: format!("/docs/errors#{code}"),
        title: problem.code.title(),
        status: problem.class().status(),
        detail: &problem.detail,
        instance: context.path.get(..MAX_INSTANCE).unwrap_or(context.path),
        code,
        request_id: context.request_id,
        hint: problem.hint.as_deref(),
        parameter: problem.parameter.as_deref(),
        odoo: problem.odoo.as_ref().map(OdooJson::from),
    };
    // Strings and integers always serialize. An empty body would still have the status.
    serde_json::to_vec(&json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::header::RETRY_AFTER;
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::*;
    use crate::error_code::ErrorCode;

    const CONTEXT: ErrorContext<'_> = ErrorContext { request_id: "r1", path: "/api/x", at: OffsetDateTime::UNIX_EPOCH };

    async fn body(response: Response) -> Value {
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn the_generic_body_has_all_members_of_rfc_9457() {
        let problem =
            Problem::new(ErrorCode::OdooRefused, "No.").hint("Ask.").parameter("vals").odoo("UserError", "Nope");
        let response = generic(&problem, CONTEXT);
        assert_eq!(
            (response.status(), &response.headers()[CONTENT_TYPE]),
            (StatusCode::UNPROCESSABLE_ENTITY, &HeaderValue::from_static("application/problem+json"))
        );
        let expected = json!({
            "type": "/docs/errors#odoo_refused", "title": "Odoo rejected the request", "status": 422, "detail": "No.",
            "instance": "/api/x", "code": "odoo_refused", "request_id": "r1", "hint": "Ask.", "parameter": "vals",
            "odoo": {"exception": "UserError", "message": "Nope"},
        });
        assert_eq!(body(response).await, expected);
    }

    #[tokio::test]
    async fn members_without_a_value_are_absent() {
        let json = body(generic(&Problem::new(ErrorCode::UnknownRoute, "Nothing."), CONTEXT)).await;
        assert!(json.get("hint").is_none() && json.get("odoo").is_none(), "{json}");
    }

    #[test]
    fn the_longest_prefix_of_complete_segments_wins() {
        let teapot: RenderProblem = |_, _| StatusCode::IM_A_TEAPOT.into_response();
        let accepted: RenderProblem = |_, _| StatusCode::ACCEPTED.into_response();
        let renderers = ErrorRenderers::default().under("/api", teapot).under("/api/v1", accepted);
        let problem = Problem::new(ErrorCode::UnknownRoute, "");
        for (path, status) in [("/api", 418), ("/api/x", 418), ("/api/v1/x", 202), ("/api/v12", 418), ("/apix", 404)] {
            assert_eq!(renderers.render(&problem, ErrorContext { path, ..CONTEXT }).status(), status, "{path}");
        }
    }

    #[test]
    fn a_problem_sets_its_headers() {
        let renderers = ErrorRenderers::default();
        let missing = renderers.render(&Problem::new(ErrorCode::CredentialMissing, ""), CONTEXT);
        assert_eq!(missing.headers()[WWW_AUTHENTICATE], r#"Basic realm="odoo-gateway", charset="UTF-8""#);
        let busy = Problem::new(ErrorCode::OdooBusy, "").retry_after(Duration::from_millis(1200));
        assert_eq!(renderers.render(&busy, CONTEXT).headers()[RETRY_AFTER], "2");
    }
}
