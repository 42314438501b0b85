//! What family A wraps around an answer.
//!
//! In: what was shaped, and the model's label. Out: the bytes of the body. Must not know: how they came about.

use std::borrow::Cow;

use crate::error::Problem;
use crate::http::pipeline::{About, Family};
use crate::http::response::negotiate::Media;
use crate::shape::{Datetime, Empty, Many2one, Shaped, Style, to_xml};
use crate::value::Value;

/// How family A writes.
pub(super) const FAMILY: Family = Family {
    media: MEDIA,
    style: Style { many2one: Many2one::Pair, datetime: Datetime::Odoo, empty: Empty::False },
    labelled: true,
    record_body: false,
    several: false,
    domain: "domain",
    call_example: |model, method| {
        let object = format!("/restapi/1.0/object/{model}");
        format!("POST {object}/7/{method}, or {{\"args\": [[7]]}} at {object}/{method}")
    },
    write,
};

/// What family A can write.
pub(super) const MEDIA: &[Media] = &[Media::Json, Media::Xml];

fn write(shaped: Shaped<'_>, about: About<'_>) -> Result<Vec<u8>, Problem> {
    to_bytes(&envelope(shaped, about.label), about.media)
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

/// Writes a tree in the chosen form.
///
/// # Errors
/// None that a tree of ours could cause.
pub(super) fn to_bytes(tree: &Value<'_>, media: Media) -> Result<Vec<u8>, Problem> {
    match media {
        Media::Json => serde_json::to_vec(tree).map_err(Problem::internal),
        Media::Xml => Ok(to_xml(tree).into_bytes()),
        Media::Pdf | Media::Html | Media::Text => Err(Problem::internal("a tree as a document")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_answer_has_its_envelope() {
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
