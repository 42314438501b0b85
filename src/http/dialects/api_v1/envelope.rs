//! The envelope of `/api/v1`: `{success, message, data, timestamp}`.
//!
//! In: a message, data, the time. Out: the bytes of the body. Must not know: requests.

use std::borrow::Cow;

use axum::response::Response;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::error::Problem;
use crate::http::pipeline::{Dialect, RenderContext, full_response};
use crate::http::response::negotiate::Media;
use crate::shape::{BinaryFormat, DatetimeFormat, EmptyFormat, Many2oneFormat, Style, to_json};
use crate::value::Value;

/// The message of operations that have no message of their own.
pub(super) const DONE: &str = "Operation completed successfully";

/// The message of a method whose result Odoo cannot send.
const DONE_WITHOUT_RESULT: &str = "The method ran and its changes are saved, but Odoo cannot send its result";

/// The dialect `/api/v1`.
pub(super) const DIALECT: Dialect = Dialect {
    media: &[Media::Json],
    style: Style {
        many2one: Many2oneFormat::Id,
        datetime: DatetimeFormat::Utc,
        empty: EmptyFormat::False,
        binary: BinaryFormat::Text,
    },
    has_label: false,
    body_is_record: false,
    allows_repeated_params: false,
    domain_parameter: "filter",
    call_example: |model, method| {
        format!("POST /api/v1/object/{model}/7/{method}, or {{\"args\": [[7]]}} at /api/v1/object/{model}/{method}")
    },
    render: |shaped, context| {
        let message = if context.omitted { DONE_WITHOUT_RESULT } else { DONE };
        to_bytes(message, shaped.into_value(), context.at)
    },
};

/// A successful response.
///
/// # Errors
/// 500 if the data cannot be serialized, which its type rules out.
pub(super) fn success(message: &str, data: Value<'_>, context: RenderContext<'_>) -> Result<Response, Problem> {
    to_bytes(message, data, context.at).map(full_response)
}

/// The body of a successful response.
///
/// # Errors
/// 500 if the data cannot be serialized, which its type rules out.
pub(super) fn to_bytes(message: &str, data: Value<'_>, at: OffsetDateTime) -> Result<Vec<u8>, Problem> {
    let envelope = map([
        ("success", Value::Bool(true)),
        ("message", Value::from(message)),
        ("data", data),
        ("timestamp", Value::from(timestamp(at))),
    ]);
    to_json(&envelope).map_err(Problem::internal)
}

/// A timestamp in UTC with milliseconds (RFC 3339).
pub(super) fn timestamp(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default()
}

/// An object with these members.
pub(super) fn map<'a, const N: usize>(members: [(&'static str, Value<'a>); N]) -> Value<'a> {
    Value::Map(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn envelope_contains_success_and_the_time() {
        let at = datetime!(2026-11-21 08:30:00.0419 +02:00);
        let body = to_bytes(DONE, Value::Null, at).unwrap();
        assert_eq!(
            String::from_utf8(body).unwrap(),
            concat!(
                r#"{"success":true,"message":"Operation completed successfully","data":null,"#,
                r#""timestamp":"2026-11-21T06:30:00.041Z"}"#
            )
        );
    }
}
