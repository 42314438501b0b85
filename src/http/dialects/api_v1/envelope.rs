//! What family D wraps around an answer: `{success, message, data, timestamp}`.
//!
//! In: a sentence, data, the time. Out: the bytes of the body. Must not know: how they came about.

use std::borrow::Cow;

use axum::response::Response;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::error::Problem;
use crate::http::pipeline::{About, Family, whole};
use crate::http::response::negotiate::Media;
use crate::names::RecordId;
use crate::shape::{Datetime, Empty, Many2one, Shaped, Style};
use crate::value::Value;

/// What is said of whatever has no sentence of its own.
pub(super) const DONE: &str = "Operation completed successfully";

/// What is said of a method whose result cannot be carried.
const DONE_WITHOUT_RESULT: &str = "The method ran and its changes are kept, but its result cannot be sent";

/// How family D writes.
pub(super) const FAMILY: Family = Family {
    media: &[Media::Json],
    style: Style { many2one: Many2one::Id, datetime: Datetime::Utc, empty: Empty::False },
    labelled: false,
    record_body: false,
    several: false,
    domain: "filter",
    call_example: |model, method| {
        format!("POST /api/v1/object/{model}/7/{method}, or {{\"args\": [[7]]}} at /api/v1/object/{model}/{method}")
    },
    write: |shaped, about| to_bytes(if about.omitted { DONE_WITHOUT_RESULT } else { DONE }, plain(shaped), about.at),
};

/// An answer that says `message`.
///
/// # Errors
/// None that data of ours could cause.
pub(super) fn told(message: &str, data: Value<'_>, about: About<'_>) -> Result<Response, Problem> {
    to_bytes(message, data, about.at).map(whole)
}

/// The body of an answer.
///
/// # Errors
/// None that data of ours could cause.
pub(super) fn to_bytes(message: &str, data: Value<'_>, at: OffsetDateTime) -> Result<Vec<u8>, Problem> {
    let envelope = map([
        ("success", Value::Bool(true)),
        ("message", Value::from(message)),
        ("data", data),
        ("timestamp", Value::from(timestamp(at))),
    ]);
    serde_json::to_vec(&envelope).map_err(Problem::internal)
}

/// RFC 3339, UTC, milliseconds.
pub(super) fn timestamp(at: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.to_offset(time::UtcOffset::UTC).format(form).unwrap_or_default()
}

/// An object with these members.
pub(super) fn map<'a, const N: usize>(members: [(&'static str, Value<'a>); N]) -> Value<'a> {
    Value::Map(members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect())
}

/// What was shaped, without anything around it.
pub(super) fn plain(shaped: Shaped<'_>) -> Value<'_> {
    match shaped {
        Shaped::Record(value) | Shaped::Records(value) | Shaped::Ids(value) => value,
        Shaped::Result(value) | Shaped::Fields(value) => value,
        Shaped::Page { records, .. } => Value::List(records),
        Shaped::Count(count) => Value::Int(count),
        Shaped::Rights(granted) => Value::Bool(granted),
        Shaped::WrittenOne(id) => Value::Int(id.get()),
        Shaped::Written(ids) | Shaped::Deleted(ids) => id_list(ids),
    }
}

/// Ids as a list.
pub(super) fn id_list(ids: &[RecordId]) -> Value<'static> {
    ids.iter().map(|id| Value::Int(id.get())).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_envelope_says_that_it_went_well_and_when() {
        let at = datetime!(2026-11-21 08:30:00.0419 +02:00);
        let body = to_bytes(DONE, Value::Null, at).unwrap();
        assert_eq!(
            String::from_utf8(body).unwrap(),
            r#"{"success":true,"message":"Operation completed successfully","data":null,"timestamp":"2026-11-21T06:30:00.041Z"}"#
        );
    }
}
