//! How family C writes: the answer itself, and nothing around it.
//!
//! In: what was shaped. Out: the bytes of the body. Must not know: how they came about.

use crate::error::Problem;
use crate::http::pipeline::{About, Family};
use crate::http::response::negotiate::Media;
use crate::names::RecordId;
use crate::shape::{Datetime, Empty, Many2one, Shaped, Style};
use crate::value::Value;

/// How family C reads and writes.
pub(super) const FAMILY: Family = Family {
    media: &[Media::Json],
    style: Style { many2one: Many2one::Object, datetime: Datetime::Iso, empty: Empty::False },
    labelled: false,
    record_body: true,
    several: true,
    domain: "domain",
    call_example: |model, method| format!("POST /restful/api/v1/{model}/7/{method}"),
    write,
};

fn write(shaped: Shaped<'_>, _: About<'_>) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(&bare(shaped)).map_err(Problem::internal)
}

fn bare(shaped: Shaped<'_>) -> Value<'_> {
    let id = |id: &RecordId| Value::Int(id.get());
    match shaped {
        Shaped::Record(value) | Shaped::Records(value) | Shaped::Ids(value) => value,
        Shaped::Result(value) | Shaped::Fields(value) => value,
        Shaped::Page { records, .. } => Value::List(records),
        Shaped::Count(count) => Value::Int(count),
        Shaped::Rights(granted) => Value::Bool(granted),
        Shaped::WrittenOne(written) => id(&written),
        Shaped::Written(ids) => ids.iter().map(id).collect(),
        Shaped::Deleted(ids) => Value::from(farewell(ids)),
    }
}

/// The vendor's sentence.
fn farewell(ids: &[RecordId]) -> String {
    let ids: Vec<String> = ids.iter().map(RecordId::to_string).collect();
    format!("record {} has been successfully deleted", ids.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_nothing_around_it() {
        let id = RecordId::new(43).unwrap();
        for (shaped, json) in [
            (Shaped::Record(Value::Map(vec![("id".into(), Value::Int(1))])), r#"{"id":1}"#),
            (Shaped::Records(Value::List(Vec::new())), "[]"),
            (Shaped::Result(Value::Null), "null"),
            (Shaped::Deleted(&[id]), r#""record 43 has been successfully deleted""#),
        ] {
            assert_eq!(String::from_utf8(serde_json::to_vec(&bare(shaped)).unwrap()).unwrap(), json);
        }
    }
}
