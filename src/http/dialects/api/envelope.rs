//! What family B wraps around answers and problems: next to nothing.
//!
//! In: what was shaped, or a problem. Out: the bytes of the body. Must not know: how they came about.
//!
//! ```text
//! success  the bare value, or {"message": "…"}
//! problem  {"error": title, "message": detail, "code": status, "request_id": id}
//! ```

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::json;

use crate::error::Problem;
use crate::http::pipeline::Family;
use crate::http::response::negotiate::Media;
use crate::http::response::problem::{Occasion, status};
use crate::shape::{Datetime, Empty, Many2one, Shaped, Style};
use crate::value::Value;

/// How family B writes.
pub(super) const FAMILY: Family = Family {
    media: &[Media::Json],
    style: Style { many2one: Many2one::Pair, datetime: Datetime::Iso, empty: Empty::False },
    labelled: false,
    record_body: true,
    several: false,
    domain: "domain",
    call_example: |model, method| format!("{{\"method\": \"{method}\", \"args\": [[7]]}} at /api/{model}/execute_kw"),
    write: |shaped, _| to_bytes(&bare(shaped)),
};

/// What was shaped, with nothing around it.
fn bare(shaped: Shaped<'_>) -> Value<'_> {
    match shaped {
        Shaped::Record(value) | Shaped::Records(value) | Shaped::Ids(value) => value,
        Shaped::Fields(value) | Shaped::Result(value) => value,
        Shaped::Page { records, .. } => Value::List(records),
        Shaped::Count(count) => Value::Int(count),
        Shaped::Rights(granted) => Value::Bool(granted),
        Shaped::WrittenOne(id) => Value::Int(id.get()),
        Shaped::Written(ids) | Shaped::Deleted(ids) => ids.iter().map(|id| Value::Int(id.get())).collect(),
    }
}

/// That something was done, for people.
pub(super) fn message(text: &'static str) -> Vec<(std::borrow::Cow<'static, str>, Value<'static>)> {
    vec![("message".into(), text.into())]
}

/// Writes a tree.
///
/// # Errors
/// None that a tree of ours could cause.
pub(super) fn to_bytes(tree: &Value<'_>) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(tree).map_err(Problem::internal)
}

/// A problem as family B tells it. What mends it stands behind what is wrong: there is no member for it.
pub(crate) fn problem(problem: &Problem, occasion: Occasion<'_>) -> Response {
    let hint = problem.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
    let status = status(problem.class());
    let body = json!({
        "error": problem.code.title(),
        "message": format!("{}{hint}", problem.detail),
        "code": status.as_u16(),
        "request_id": occasion.request_id,
    });
    let kind = (CONTENT_TYPE, HeaderValue::from_static(Media::Json.name()));
    (status, [kind], Body::from(body.to_string())).into_response()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use time::OffsetDateTime;

    use super::*;
    use crate::error_code::Code;

    #[tokio::test]
    async fn a_problem_says_what_was_wrong_and_how_to_mend_it() {
        let wrong = Problem::new(Code::UnknownField, "No field nmae.").hint("Did you mean name?");
        let answer =
            problem(&wrong, Occasion { request_id: "r1", path: "/api/res.partner/1", at: OffsetDateTime::UNIX_EPOCH });
        assert_eq!(answer.status(), 400);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let expected = json!({
            "error": wrong.code.title(), "message": "No field nmae. Did you mean name?", "code": 400, "request_id": "r1"
        });
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap(), expected);
    }
}
