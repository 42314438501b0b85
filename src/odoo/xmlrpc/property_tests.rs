//! Properties of the codec that hold for every value and every text.

use proptest::prelude::*;

use super::generated::any_value;
use super::record_scan::{RecordScan, scan};
use super::{response, writer};
use crate::names::RecordId;
use crate::odoo::rpc_codec::RpcResponse;
use crate::value::Value;

fn response_with(value: &Value<'_>) -> String {
    let value = String::from_utf8(writer::serialize_value(value).unwrap().to_vec()).unwrap();
    format!("<methodResponse><params><param>{value}</param></params></methodResponse>")
}

type Change = (prop::sample::Index, u8, u8);

fn any_changes(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), count)
}

fn changed(text: String, changes: Vec<Change>) -> String {
    let mut bytes = text.into_bytes();
    for (at, byte, kind) in changes {
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] = byte,
            1 => bytes.truncate(at.max(1)),
            _ => bytes.insert(at, b"<>/&;!?-"[usize::from(byte) % 8]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a scan of this result must find.
fn expected_scan(value: &Value<'_>) -> Option<RecordScan> {
    let records = value.get("records").unwrap_or(value).as_list()?;
    let ids = records.iter().map(|record| record.get("id")?.as_int().and_then(RecordId::new));
    let ids: Option<Vec<RecordId>> = ids.collect();
    let length = value.get("length").and_then(Value::as_int);
    Some(RecordScan { count: records.len(), ids, is_page: value.as_map().is_some(), length })
}

/// The same response with spaces in its opening tags, so that no value has the usual form.
fn unusual(text: &str) -> String {
    ["value", "name", "member", "struct", "array", "data", "string", "int", "double", "boolean"]
        .iter()
        .fold(text.to_owned(), |text, tag| text.replace(&format!("<{tag}>"), &format!("<{tag} >")))
}

/// The same response with the line feeds that Python writes.
fn with_line_feeds(text: &str) -> String {
    ["<struct>", "<member>", "</name>", "</value>", "</member>", "<data>"]
        .iter()
        .fold(text.to_owned(), |text, tag| text.replace(tag, &format!("{tag}\n")))
}

proptest! {
    #[test]
    fn usual_form_is_parsed_as_any_other(value in any_value(), others in prop::collection::vec(any_value(), 0..4)) {
        // The names of a struct are compared with those of the one before, so there must be several.
        let records: Value<'_> = [value.clone(), value.clone()].into_iter().chain(others).chain([value]).collect();
        let text = response_with(&records);
        let parsed = response::parse(&text);
        for other_form in [unusual(&text), with_line_feeds(&text)] {
            prop_assert_eq!(&response::parse(&other_form), &parsed);
        }
        prop_assert_eq!(parsed, Ok(RpcResponse::Result(records)));
    }

    #[test]
    fn changed_response_is_parsed_the_same_in_the_usual_form(
        value in any_value(),
        content in "(-?[0-9]{0,20}|[ 0-9.e+-]{0,6}|[a-z<>&;\u{1}\n\u{e9} ]{0,6})",
        element in prop::sample::select(vec!["string", "int", "double", "boolean", "nil", "name", "base64"]),
    ) {
        let any_element = format!("<value><{element}>{content}</{element}></value>");
        let text = response_with(&Value::List(vec![value])).replacen("<data>", &format!("<data>{any_element}"), 1);
        // As texts, because NaN is not equal to itself.
        let parsed = |text: &str| format!("{:?}", response::parse(text).ok());
        prop_assert_eq!(parsed(&text), parsed(&unusual(&text)));
    }

    #[test]
    fn scan_finds_the_same_records_as_the_parser(
        records in prop::collection::vec((1..=i32::MAX, any_value()), 0..4),
        length in prop::option::of(any::<i32>()),
        changes in any_changes(0..3),
    ) {
        let record = |(id, value): (i32, Value<'static>)| {
            Value::Map(vec![("x".into(), value.clone()), ("id".into(), Value::Int(id.into())), ("y".into(), value)])
        };
        let records: Value<'_> = records.into_iter().map(record).collect();
        let value = match length {
            Some(length) => Value::Map(vec![("length".into(), Value::Int(length.into())), ("records".into(), records)]),
            None => records,
        };
        let is_unchanged = changes.is_empty();
        let text = changed(response_with(&value), changes);
        let found = scan(&text);
        prop_assert!(found.is_some() || !is_unchanged);
        if let (Some(found), Ok(RpcResponse::Result(value))) = (found, response::parse(&text)) {
            prop_assert_eq!(Some(found), expected_scan(&value));
        }
    }

    #[test]
    fn serialized_value_parses_to_the_same_value(value in any_value()) {
        let text = response_with(&value);
        prop_assert_eq!(response::parse(&text), Ok(RpcResponse::Result(value)));
    }

    #[test]
    fn changed_response_does_not_make_the_parser_panic(
        value in any_value(),
        changes in any_changes(1..8),
    ) {
        let text = changed(response_with(&value), changes);
        if let Err(error) = response::parse(&text) {
            prop_assert!(error.at <= text.len());
        }
        let _ = response::is_fault(&text);
    }

    #[test]
    fn arbitrary_text_does_not_make_the_parser_panic(text in "(<methodResponse>|<params><param>)?(<(/)?[a-z!?]{1,8}[ =\"'a]{0,3}/?>|&[a-z#]{0,4};?|[^<]){0,30}") {
        let _ = response::parse(&text);
    }
}
