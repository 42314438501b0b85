//! A [`Problem`] as an HTTP answer.
//!
//! In: problems from handlers, layers, fallbacks. Out: a status with the problem *attached*, and later, in one
//! place, the body that the family of the path shows: the table of [`ProblemBodies`], the generic RFC 9457 form
//! otherwise. So no handler and no layer knows an error body. Must not know: families by name.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use time::OffsetDateTime;

use crate::error::{OdooSaid, Problem, RateLimit};
use crate::error_code::{Class, Code};

/// The request that a problem came up in.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The id under which the log knows it.
    pub request_id: &'a str,
    /// Its path as sent, without the query.
    pub path: &'a str,
    /// When it was answered.
    pub at: OffsetDateTime,
}

/// Turns a problem into an answer: status, body and its type. What every family has (`Retry-After`,
/// `WWW-Authenticate`, `Allow`, request id) is added by the caller.
pub(in crate::http) type RenderProblem = fn(&Problem, Occasion<'_>) -> Response;

/// Who renders problems under which path prefix.
#[derive(Debug, Clone, Default)]
pub struct ProblemBodies(Vec<(&'static str, RenderProblem)>);

impl ProblemBodies {
    /// Everything under `prefix` (given without a slash at its end) is rendered by `render`. The longest prefix wins.
    #[must_use]
    pub fn under(mut self, prefix: &'static str, render: RenderProblem) -> Self {
        self.0.push((prefix, render));
        self.0.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        self
    }

    /// The answer, with the headers that go with its reason.
    #[must_use]
    pub fn render(&self, problem: &Problem, occasion: Occasion<'_>) -> Response {
        let mut answer = self.body_for(occasion.path)(problem, occasion);
        add_reason_headers(problem, &mut answer);
        answer
    }

    fn body_for(&self, path: &str) -> RenderProblem {
        let covers =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.0.iter().find(|(prefix, _)| covers(prefix)).map_or(generic, |(_, render)| *render)
    }
}

impl IntoResponse for Problem {
    /// The status and the problem itself, to be [rendered](ProblemBodies::render) further out.
    fn into_response(self) -> Response {
        let mut answer = status(self.class()).into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}

/// The status of families A, B and C.
#[must_use]
pub(in crate::http) fn status(class: Class) -> StatusCode {
    StatusCode::from_u16(class.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn add_reason_headers(problem: &Problem, answer: &mut Response) {
    let headers = answer.headers_mut();
    if let Some(after) = problem.retry_after {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    if let Some(limit) = problem.rate_limit {
        add_rate_limit(limit, headers);
    }
    for scheme in challenges(problem.code) {
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
}

/// How one could show who one is (RFC 9110 section 11.6.1), and what is wrong with a bearer token (RFC 6750 section 3).
fn challenges(code: Code) -> &'static [&'static str] {
    const BASIC: &str = r#"Basic realm="odoo-gateway", charset="UTF-8""#;
    const OAUTH1: &str = r#"OAuth realm="odoo-gateway""#;
    match code {
        // The vendor's header `OAuth client_id='…'` shows an application, too.
        Code::InvalidClient => &[BASIC, OAUTH1],
        Code::CredentialMissing => &[BASIC, r#"Bearer realm="odoo-gateway""#, OAUTH1],
        Code::ScopeForbidden => &[r#"Bearer realm="odoo-gateway", error="insufficient_scope""#],
        code if code.class() == Class::Unauthorized => {
            &[BASIC, r#"Bearer realm="odoo-gateway", error="invalid_token""#, OAUTH1]
        }
        _ => &[],
    }
}

/// How often the caller may ask, as draft-ietf-httpapi-ratelimit-headers writes it.
pub(in crate::http) fn add_rate_limit(limit: RateLimit, headers: &mut HeaderMap) {
    let RateLimit { quota, window, remaining, reset } = limit;
    let reset = reset.as_secs() + u64::from(reset.subsec_nanos() > 0);
    let fields = [
        ("ratelimit-policy", format!(r#""key";q={quota};w={window}"#)),
        ("ratelimit", format!(r#""key";r={remaining};t={reset}"#)),
    ];
    for (name, text) in fields {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

/// How much of the path is repeated in a body.
const LONGEST_INSTANCE: usize = 1024;

/// RFC 9457, the body of families A and C and of everything that belongs to no family.
#[derive(Serialize)]
struct ProblemJson<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    odoo: Option<OdooJson<'a>>,
}

#[derive(Serialize)]
struct OdooJson<'a> {
    exception: &'a str,
    message: &'a str,
}

impl<'a> From<&'a OdooSaid> for OdooJson<'a> {
    fn from(said: &'a OdooSaid) -> Self {
        Self { exception: &said.exception, message: &said.message }
    }
}

/// The last line of a listing that breaks off: the generic form under `error`, so that it is told from a record.
#[must_use]
pub(in crate::http) fn error_line(problem: &Problem, occasion: Occasion<'_>) -> Vec<u8> {
    let mut line = br#"{"error":"#.to_vec();
    line.extend(to_json(problem, occasion));
    line.extend(b"}\n");
    line
}

/// The generic form: `application/problem+json`.
#[must_use]
pub(in crate::http) fn generic(problem: &Problem, occasion: Occasion<'_>) -> Response {
    let kind = (CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    (status(problem.class()), [kind], Body::from(to_json(problem, occasion))).into_response()
}

fn to_json(problem: &Problem, occasion: Occasion<'_>) -> Vec<u8> {
    let code = problem.code.as_str();
    let json = ProblemJson {
        r#type: format!("/docs/errors#{code}"),
        title: problem.code.title(),
        status: problem.class().status(),
        detail: &problem.detail,
        instance: occasion.path.get(..LONGEST_INSTANCE).unwrap_or(occasion.path),
        code,
        request_id: occasion.request_id,
        hint: problem.hint.as_deref(),
        parameter: problem.parameter.as_deref(),
        odoo: problem.odoo.as_ref().map(OdooJson::from),
    };
    // Strings and integers always serialize; an empty body would still carry the status.
    serde_json::to_vec(&json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::*;
    use crate::error_code::Code;

    const OCCASION: Occasion<'_> = Occasion { request_id: "r1", path: "/api/x", at: OffsetDateTime::UNIX_EPOCH };

    async fn body(answer: Response) -> Value {
        serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn the_generic_form_is_rfc_9457_and_says_all_that_is_known() {
        let problem = Problem::new(Code::OdooRefused, "No.").hint("Ask.").parameter("vals").odoo("UserError", "Nope");
        let answer = generic(&problem, OCCASION);
        assert_eq!(
            (answer.status(), &answer.headers()[CONTENT_TYPE]),
            (StatusCode::UNPROCESSABLE_ENTITY, &HeaderValue::from_static("application/problem+json"))
        );
        let expected = json!({
            "type": "/docs/errors#odoo_refused", "title": "Odoo refuses this", "status": 422, "detail": "No.",
            "instance": "/api/x", "code": "odoo_refused", "request_id": "r1", "hint": "Ask.", "parameter": "vals",
            "odoo": {"exception": "UserError", "message": "Nope"},
        });
        assert_eq!(body(answer).await, expected);
    }

    #[tokio::test]
    async fn members_that_say_nothing_are_absent() {
        let json = body(generic(&Problem::new(Code::UnknownRoute, "Nothing."), OCCASION)).await;
        assert!(json.get("hint").is_none() && json.get("odoo").is_none(), "{json}");
    }

    #[test]
    fn the_longest_prefix_on_a_whole_segment_renders() {
        let teapot: RenderProblem = |_, _| StatusCode::IM_A_TEAPOT.into_response();
        let accepted: RenderProblem = |_, _| StatusCode::ACCEPTED.into_response();
        let bodies = ProblemBodies::default().under("/api", teapot).under("/api/v1", accepted);
        let problem = Problem::new(Code::UnknownRoute, "");
        for (path, status) in [("/api", 418), ("/api/x", 418), ("/api/v1/x", 202), ("/api/v12", 418), ("/apix", 404)] {
            assert_eq!(bodies.render(&problem, Occasion { path, ..OCCASION }).status(), status, "{path}");
        }
    }

    #[test]
    fn the_reason_brings_its_headers() {
        let bodies = ProblemBodies::default();
        let missing = bodies.render(&Problem::new(Code::CredentialMissing, ""), OCCASION);
        assert_eq!(missing.headers()[WWW_AUTHENTICATE], r#"Basic realm="odoo-gateway", charset="UTF-8""#);
        let busy = Problem::new(Code::OdooBusy, "").retry_after(Duration::from_millis(1200));
        assert_eq!(bodies.render(&busy, OCCASION).headers()[RETRY_AFTER], "2");
    }
}
