//! The envelope of `/restapi/1.0`.
//!
//! In: a shaped outcome, and the label of the model. Out: the bytes of the body. Must not know: requests.

use std::borrow::Cow;

use crate::error::Problem;
use crate::http::pipeline::{Dialect, RenderContext};
use crate::http::response::negotiate::Media;
use crate::shape::{BinaryFormat, DatetimeFormat, EmptyFormat, Many2oneFormat, Shaped, Style, to_json, to_xml};
use crate::value::Value;

/// The dialect `/restapi/1.0`.
pub(super) const DIALECT: Dialect = Dialect {
    media: MEDIA,
    style: Style {
        many2one: Many2oneFormat::Pair,
        datetime: DatetimeFormat::Odoo,
        empty: EmptyFormat::False,
        binary: BinaryFormat::Text,
    },
    has_label: true,
    body_is_record: false,
    allows_repeated_params: false,
    domain_parameter: "domain",
    call_example: |model, method| {
        let object = format!("/restapi/1.0/object/{model}");
        format!("POST {object}/7/{method}, or {{\"args\": [[7]]}} at {object}/{method}")
    },
    render,
};

/// The media types of the dialect, the default first.
pub(super) const MEDIA: &[Media] = &[Media::Json, Media::Xml];

fn render(shaped: Shaped<'_>, context: RenderContext<'_>) -> Result<Vec<u8>, Problem> {
    to_bytes(&envelope(shaped, context.label), context.media)
}

fn envelope<'a>(shaped: Shaped<'a>, label: &'a str) -> Value<'a> {
    let (name, value) = match shaped {
        Shaped::Record(value) | Shaped::Records(value) | Shaped::Ids(value) => (label, value),
        Shaped::Count(count) => ("count", Value::Int(count)),
        Shaped::Rights(granted) => ("return", Value::Bool(granted)),
        Shaped::Result(value) => ("return", value),
        Shaped::Fields(value) => ("fields", value),
        Shaped::Page { records, .. } => (label, Value::List(records)),
        Shaped::WrittenOne(id) => (label, Value::Int(id.get())),
        Shaped::Written(ids) => (label, ids.iter().map(|id| Value::Int(id.get())).collect()),
        Shaped::Deleted(_) => return Value::Map(Vec::new()),
    };
    Value::Map(vec![(Cow::Borrowed(name), value)])
}

/// Serializes a value as JSON or XML.
///
/// # Errors
/// 500 for any other media type.
pub(super) fn to_bytes(value: &Value<'_>, media: Media) -> Result<Vec<u8>, Problem> {
    match media {
        Media::Json => to_json(value).map_err(Problem::internal),
        Media::Xml => Ok(to_xml(value).into_bytes()),
        Media::Pdf | Media::Html | Media::Text => Err(Problem::internal("a value cannot be serialized as a document")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_its_envelope() {
        for (shaped, json) in [
            (Shaped::Record(Value::Map(vec![("id".into(), Value::Int(1))])), r#"{"Contact":{"id":1}}"#),
            (Shaped::Ids(Value::List(vec![Value::Int(1)])), r#"{"Contact":[1]}"#),
            (Shaped::Count(3), r#"{"count":3}"#),
            (Shaped::Rights(false), r#"{"return":false}"#),
            (Shaped::Result(Value::Null), r#"{"return":null}"#),
            (Shaped::Fields(Value::Map(Vec::new())), r#"{"fields":{}}"#),
            (Shaped::Deleted(&[]), "{}"),
        ] {
            assert_eq!(String::from_utf8(to_bytes(&envelope(shaped, "Contact"), Media::Json).unwrap()).unwrap(), json);
        }
    }
}
