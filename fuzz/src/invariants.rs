//! Invariants of the language parsers, checked by the fuzz targets and by `tests/language_corpus.rs`.
//!
//! In: any text. Out: nothing, or a panic that names the violated invariant. Must not know: how the text is
//! generated.

use super::language::domain::Domain;
use super::language::literal::{self, Limits};
use super::language::order::Order;
use super::language::selection::Selection;
use super::language::{SyntaxError, bool_and_int, lists};
use super::value::Value;

/// A parsed literal is unchanged after printing it as Python or JSON and parsing it again; or the error has a
/// position in the text.
pub fn literal(text: &str) {
    match literal::parse(text, Limits::query()) {
        Ok(value) => {
            assert_eq!(literal::parse(&literal::print(&value), Limits::trusted()).as_ref(), Ok(&value), "as Python");
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(literal::parse_json(&json, Limits::trusted()).as_ref(), Ok(&value), "as JSON");
            check_positions(text, &value, &mut Vec::new());
        }
        Err(error) => check_error(text, &error),
    }
    check_json(text);
    check_parameters(text);
}

/// A parsed domain is unchanged after printing and parsing it again; or the error has a position in the text.
pub fn domain(text: &str) {
    match Domain::parse(text, Limits::query()) {
        Ok(domain) => {
            let printed = literal::print(&domain.to_value());
            assert_eq!(Domain::parse(&printed, Limits::trusted()).as_ref(), Ok(&domain), "printed");
            assert_eq!(domain.clone().into_owned(), domain, "owned");
        }
        Err(error) => check_error(text, &error),
    }
}

/// A parsed selection or schema is unchanged after printing and parsing it again; or the error has a position in the
/// text.
pub fn selection(text: &str) {
    match Selection::parse(text, Limits::query()) {
        Ok(selection) => {
            assert_eq!(Selection::parse(&selection.to_string(), Limits::trusted()).as_ref(), Ok(&selection), "printed");
        }
        Err(error) => check_error(text, &error),
    }
    match Selection::parse_schema(text) {
        Ok(schema) => {
            assert_eq!(Selection::parse_schema(&schema.to_string()).as_ref(), Ok(&schema), "printed");
        }
        Err(error) => check_error(text, &error),
    }
}

/// JSON is tried first: `parse` returns the same value as `parse_json`, and `serde_json` accepts the same text.
fn check_json(text: &str) {
    let Ok(ours) = literal::parse_json(text, Limits::query()) else { return };
    assert_eq!(literal::parse(text, Limits::query()).as_ref(), Ok(&ours), "JSON first");
    assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "serde_json rejects this text");
}

fn check_parameters(text: &str) {
    if let Ok(order) = Order::parse(text, Limits::query()) {
        assert_eq!(Order::parse(&order.to_odoo(), Limits::query()), Ok(order), "order");
    }
    let _ = lists::parse_names(text, Limits::query()).map_err(|error| check_error(text, &error));
    let _ = lists::parse_ids(text, Limits::query()).map_err(|error| check_error(text, &error));
    let _ = bool_and_int::parse_boolean(text).map_err(|error| check_error(text, &error));
    let _ = bool_and_int::parse_integer(text, 0..=i64::MAX).map_err(|error| check_error(text, &error));
}

/// The root and its first children have a position.
fn check_positions(text: &str, value: &Value<'_>, path: &mut Vec<usize>) {
    let position = literal::locate(text, path);
    assert!(
        position.is_some_and(|position| (1..=text.chars().count()).contains(&position)),
        "{path:?} at {position:?}"
    );
    let first = match value {
        Value::List(items) => items.first(),
        Value::Map(members) => members.first().map(|(_, value)| value),
        _ => None,
    };
    if let Some(first) = first {
        path.push(0);
        check_positions(text, first, path);
    }
}

fn check_error(text: &str, error: &SyntaxError) {
    assert!((1..=text.chars().count() + 1).contains(&error.position), "{error}");
    assert!(error.to_string().len() < 1000, "a long message");
}
