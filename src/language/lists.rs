//! Lists of names and of record ids, as parameters write them: bare, or as a literal.
//!
//! In: text or a tree. Out: names (which the plan looks up), record ids. Must not know: fields, records.
//!
//! ```text
//! names = [ name { "," name } ]      or a literal: a list of texts, or such a text
//! ids   = [ id { "," id } ]          or a literal: a list of integers, or one
//! ```

use crate::language::error::{SyntaxError, TreeError};
use crate::language::literal::{self, Limits};
use crate::language::split::{Part, parts};
use crate::names::RecordId;
use crate::value::Value;

const AN_ID: &str = "an id from 1 to 2147483647";

/// Names of fields, attributes or operations. `None`: not given, or empty.
///
/// # Errors
/// When `text` is no list of names.
pub fn names(text: &str, limits: Limits) -> Result<Option<Vec<String>>, SyntaxError> {
    if literal::is_literal(text) {
        return names_in(&literal::read(text, limits)?).map_err(|error| error.in_text(text));
    }
    bare_names(text)
}

/// The same from a tree: a list of texts, a text, or nothing (`null`, `false`).
///
/// # Errors
/// When `value` is no list of names.
pub fn names_in(value: &Value<'_>) -> Result<Option<Vec<String>>, TreeError> {
    match value {
        Value::Null | Value::Bool(false) => Ok(None),
        Value::Text(text) => bare_names(text).map_err(TreeError::from),
        Value::List(items) => items.iter().enumerate().map(name_in).collect::<Result<_, _>>().map(given),
        other => Err(TreeError::unfit("a list of names", other)),
    }
}

fn bare_names(text: &str) -> Result<Option<Vec<String>>, SyntaxError> {
    let name =
        |part: Part<'_>| if part.text.is_empty() { Err(part.refuse("a name")) } else { Ok(part.text.to_owned()) };
    parts(text).map(name).collect::<Result<_, _>>().map(given)
}

fn name_in((index, item): (usize, &Value<'_>)) -> Result<String, TreeError> {
    let name = item.as_text().map(str::trim).filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or_else(|| TreeError::unfit("a name", item).below(index))
}

fn given(names: Vec<String>) -> Option<Vec<String>> {
    (!names.is_empty()).then_some(names)
}

/// Record ids in the order given; one that is named twice stays twice. An empty text or list has none.
///
/// # Errors
/// When something in `text` is no record id.
pub fn ids(text: &str, limits: Limits) -> Result<Vec<RecordId>, SyntaxError> {
    if literal::is_literal(text) {
        return ids_in(&literal::read(text, limits)?).map_err(|error| error.in_text(text));
    }
    bare_ids(text)
}

/// The same from a tree: a list of integers, one of them, or the text of a parameter.
///
/// # Errors
/// When something in `value` is no record id.
pub fn ids_in(value: &Value<'_>) -> Result<Vec<RecordId>, TreeError> {
    match value {
        Value::Text(text) => bare_ids(text).map_err(TreeError::from),
        Value::List(items) => {
            let read = |(index, item)| id_in(item).map_err(|error: TreeError| error.below(index));
            items.iter().enumerate().map(read).collect()
        }
        other => id_in(other).map(|id| vec![id]),
    }
}

fn bare_ids(text: &str) -> Result<Vec<RecordId>, SyntaxError> {
    parts(text).map(|part| RecordId::parse(part.text).ok_or_else(|| part.refuse(AN_ID))).collect()
}

fn id_in(value: &Value<'_>) -> Result<RecordId, TreeError> {
    value.as_int().and_then(RecordId::new).ok_or_else(|| TreeError::unfit(AN_ID, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_names(text: &str) -> Result<Option<Vec<String>>, String> {
        names(text, Limits::query()).map_err(|error| error.to_string())
    }

    fn read_ids(text: &str) -> Result<Vec<i64>, String> {
        let ids = ids(text, Limits::query()).map_err(|error| error.to_string())?;
        Ok(ids.into_iter().map(RecordId::get).collect())
    }

    #[test]
    fn names_stand_bare_or_in_a_literal() {
        for text in [
            "name,email",
            " name , email ",
            "['name', 'email']",
            "('name','email',)",
            "'name','email'",
            "\"name,email\"",
            "[\"name\",\"email\"]",
        ] {
            assert_eq!(read_names(text), Ok(Some(vec!["name".to_owned(), "email".to_owned()])), "{text}");
        }
        for text in ["", "  ", "[]", "()", "''", "[ ]"] {
            assert_eq!(read_names(text), Ok(None), "{text}");
        }
        for (text, error) in [
            ("name,,email", "expected a name, found \",\" at position 6"),
            ("name,", "expected a name, found the end of the text at position 6"),
            ("['name', 1]", "expected a name, found 1 at position 10"),
            ("['name', '']", "expected a name, found \"\" at position 10"),
            ("[name]", "expected a value, found \"name\" at position 2"),
            ("(1)", "expected a list of names, found 1 at position 1"),
        ] {
            assert_eq!(read_names(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn ids_stand_bare_or_in_a_literal() {
        for text in ["12,17", "12, 17", "[12,17]", "(12,17)", "[12,17,]", "'12,17'"] {
            assert_eq!(read_ids(text), Ok(vec![12, 17]), "{text}");
        }
        assert_eq!(read_ids("12"), Ok(vec![12]));
        assert_eq!(read_ids("(12)"), Ok(vec![12]));
        assert_eq!(read_ids("3,1,3"), Ok(vec![3, 1, 3]));
        for text in ["", " ", "[]", "()"] {
            assert_eq!(read_ids(text), Ok(vec![]), "{text}");
        }
        for (text, error) in [
            ("12,x", "expected an id from 1 to 2147483647, found \"x\" at position 4"),
            ("12,", "expected an id from 1 to 2147483647, found the end of the text at position 4"),
            ("0", "expected an id from 1 to 2147483647, found \"0\" at position 1"),
            ("-1", "expected an id from 1 to 2147483647, found \"-1\" at position 1"),
            ("2147483648", "expected an id from 1 to 2147483647, found \"2147483648\" at position 1"),
            ("[1, '2']", "expected an id from 1 to 2147483647, found \"2\" at position 5"),
            ("[1, True]", "expected an id from 1 to 2147483647, found true at position 5"),
            ("[1, 2.0]", "expected an id from 1 to 2147483647, found 2.0 at position 5"),
        ] {
            assert_eq!(read_ids(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn a_body_may_hold_lists_as_trees_or_as_text() {
        let list = Value::List(vec![Value::Int(12), Value::Int(17)]);
        assert_eq!(ids_in(&list).unwrap().len(), 2);
        assert_eq!(ids_in(&Value::from("12,17")).unwrap().len(), 2);
        assert_eq!(ids_in(&Value::Null).unwrap_err().to_string(), "expected an id from 1 to 2147483647, found null");
        assert_eq!(names_in(&Value::from("name")).unwrap(), Some(vec!["name".to_owned()]));
        assert_eq!(names_in(&Value::Null).unwrap(), None);
        assert_eq!(names_in(&list).unwrap_err().at, [0]);
    }
}
