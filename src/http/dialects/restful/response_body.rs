//! The bodies of `/restful/api/v1`: values without an envelope.
//!
//! In: a shaped outcome. Out: the bytes of the body. Must not know: requests.

use crate::error::Problem;
use crate::http::pipeline::{Dialect, RenderContext};
use crate::http::response::negotiate::Media;
use crate::names::RecordId;
use crate::shape::{BinaryFormat, DatetimeFormat, EmptyFormat, Many2oneFormat, Shaped, Style, to_json};
use crate::value::Value;

/// The dialect `/restful/api/v1`.
pub(super) const DIALECT: Dialect = Dialect {
    media: &[Media::Json],
    style: Style {
        many2one: Many2oneFormat::Object,
        datetime: DatetimeFormat::Iso,
        empty: EmptyFormat::False,
        binary: BinaryFormat::Text,
    },
    has_label: false,
    body_is_record: true,
    allows_repeated_params: true,
    domain_parameter: "domain",
    call_example: |model, method| format!("POST /restful/api/v1/{model}/7/{method}"),
    render,
};

fn render(shaped: Shaped<'_>, _: RenderContext<'_>) -> Result<Vec<u8>, Problem> {
    to_json(&body(shaped)).map_err(Problem::internal)
}

fn body(shaped: Shaped<'_>) -> Value<'_> {
    match shaped {
        Shaped::Deleted(ids) => Value::from(deletion_message(ids)),
        shaped => shaped.into_value(),
    }
}

/// The message of odooapi_restful.
fn deletion_message(ids: &[RecordId]) -> String {
    let ids: Vec<String> = ids.iter().map(RecordId::to_string).collect();
    format!("record {} has been successfully deleted", ids.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_have_no_envelope() {
        let id = RecordId::new(43).unwrap();
        for (shaped, json) in [
            (Shaped::Record(Value::Map(vec![("id".into(), Value::Int(1))])), r#"{"id":1}"#),
            (Shaped::Records(Value::List(Vec::new())), "[]"),
            (Shaped::Result(Value::Null), "null"),
            (Shaped::Deleted(&[id]), r#""record 43 has been successfully deleted""#),
        ] {
            assert_eq!(String::from_utf8(to_json(&body(shaped)).unwrap()).unwrap(), json);
        }
    }
}
