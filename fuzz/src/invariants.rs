//! What holds for every text whatever: the fuzz targets and `tests/language_corpus.rs` both call these.
//!
//! In: any text. Out: nothing, or a panic that names what does not hold.

use super::language::domain::Domain;
use super::language::literal::{self, Limits};
use super::language::order::Order;
use super::language::selection::Selection;
use super::language::{SyntaxError, lists, scalars};
use super::value::Value;

/// A literal is read and comes back through both prints, or the mistake has a place in the text.
pub fn literal(text: &str) {
    match literal::read(text, Limits::query()) {
        Ok(value) => {
            assert_eq!(literal::read(&literal::print(&value), Limits::body()).as_ref(), Ok(&value), "as Python");
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(literal::read_json(&json, Limits::body()).as_ref(), Ok(&value), "as JSON");
            located(text, &value, &mut Vec::new());
        }
        Err(error) => in_text(text, &error),
    }
    json_is_read_alike(text);
    parameters(text);
}

/// A domain is read and comes back through print, or the mistake has a place in the text.
pub fn domain(text: &str) {
    match Domain::read(text, Limits::query()) {
        Ok(domain) => {
            let printed = literal::print(&domain.to_value());
            assert_eq!(Domain::read(&printed, Limits::body()).as_ref(), Ok(&domain), "printed");
            assert_eq!(domain.clone().into_owned(), domain, "owned");
        }
        Err(error) => in_text(text, &error),
    }
}

/// A selection or a schema is read and comes back through print, or the mistake has a place in the text.
pub fn selection(text: &str) {
    match Selection::read(text, Limits::query()) {
        Ok(selection) => {
            assert_eq!(Selection::read(&selection.to_string(), Limits::body()).as_ref(), Ok(&selection), "printed");
        }
        Err(error) => in_text(text, &error),
    }
    match Selection::read_schema(text) {
        Ok(schema) => {
            assert_eq!(Selection::read_schema(&schema.to_string()).as_ref(), Ok(&schema), "printed");
        }
        Err(error) => in_text(text, &error),
    }
}

/// JSON is tried first: what `read_json` takes, `read` reads the same; and `serde_json` agrees on what is JSON.
fn json_is_read_alike(text: &str) {
    let Ok(ours) = literal::read_json(text, Limits::query()) else { return };
    assert_eq!(literal::read(text, Limits::query()).as_ref(), Ok(&ours), "JSON first");
    assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "serde_json refuses this");
}

fn parameters(text: &str) {
    if let Ok(order) = Order::read(text, Limits::query()) {
        assert_eq!(Order::read(&order.to_odoo(), Limits::query()), Ok(order), "order");
    }
    let _ = lists::names(text, Limits::query()).map_err(|error| in_text(text, &error));
    let _ = lists::ids(text, Limits::query()).map_err(|error| in_text(text, &error));
    let _ = scalars::boolean(text).map_err(|error| in_text(text, &error));
    let _ = scalars::integer(text, 0..=i64::MAX).map_err(|error| in_text(text, &error));
}

/// The root and its first children have a place.
fn located(text: &str, value: &Value<'_>, path: &mut Vec<usize>) {
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
        located(text, first, path);
    }
}

fn in_text(text: &str, error: &SyntaxError) {
    assert!((1..=text.chars().count() + 1).contains(&error.position), "{error}");
    assert!(error.to_string().len() < 1000, "a long sentence");
}
