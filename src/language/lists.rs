//! Lists of names and of record ids, bare or as a literal.
//!
//! ```text
//! names = [ name { "," name } ]      or a literal: a list of strings, or one such string
//! ids   = [ id { "," id } ]          or a literal: a list of integers, or one integer
//! ```
//!
//! In: text or a tree. Out: names (not yet checked), record ids. Must not know: fields, records.

use crate::language::literal::{self, Limits};
use crate::language::split::{Part, check_names, count_parts, split_at_commas};
use crate::language::syntax_error::SyntaxError;
use crate::language::tree_error::TreeError;
use crate::names::RecordId;
use crate::value::Value;

const AN_ID: &str = "an id from 1 to 2147483647";

/// Parses names of fields, attributes or operations. Returns `None` for an empty list.
///
/// # Errors
/// `text` is not a list of names.
pub fn parse_names(text: &str, limits: Limits<'_>) -> Result<Option<Vec<String>>, SyntaxError> {
    if literal::is_literal(text) {
        return names_from_value(&literal::parse(text, limits)?).map_err(|error| error.in_text(text));
    }
    parse_bare_names(text)
}

/// Converts a list of strings, a string, or nothing (`null`, `false`).
///
/// # Errors
/// `value` is not a list of names.
pub fn names_from_value(value: &Value<'_>) -> Result<Option<Vec<String>>, TreeError> {
    match value {
        Value::Null | Value::Bool(false) => Ok(None),
        Value::Text(text) => parse_bare_names(text).map_err(TreeError::from),
        Value::List(items) => {
            check_names(items.len())?;
            items.iter().enumerate().map(name_from_value).collect::<Result<_, _>>().map(non_empty)
        }
        other => Err(TreeError::mismatch("a list of names", other)),
    }
}

fn parse_bare_names(text: &str) -> Result<Option<Vec<String>>, SyntaxError> {
    check_names(count_parts(text))?;
    let name =
        |part: Part<'_>| if part.text.is_empty() { Err(part.unexpected("a name")) } else { Ok(part.text.to_owned()) };
    split_at_commas(text).map(name).collect::<Result<_, _>>().map(non_empty)
}

fn name_from_value((index, item): (usize, &Value<'_>)) -> Result<String, TreeError> {
    let name = item.as_text().map(str::trim).filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or_else(|| TreeError::mismatch("a name", item).below(index))
}

fn non_empty(names: Vec<String>) -> Option<Vec<String>> {
    (!names.is_empty()).then_some(names)
}

/// Parses record ids, in order, duplicates included.
///
/// # Errors
/// Something in `text` is not a record id, or `text` exceeds `limits`.
pub fn parse_ids(text: &str, limits: Limits<'_>) -> Result<Vec<RecordId>, SyntaxError> {
    if !literal::is_literal(text) {
        limits.count_items(count_parts(text))?;
        return parse_bare_ids(text);
    }
    let tree = literal::parse(text, limits)?;
    if let Value::Text(ids) = &tree {
        limits.count_items(count_parts(ids))?;
    }
    ids_from_value(&tree).map_err(|error| error.in_text(text))
}

/// Converts a list of integers, one integer, or the text of a parameter.
///
/// # Errors
/// Something in `value` is not a record id.
pub fn ids_from_value(value: &Value<'_>) -> Result<Vec<RecordId>, TreeError> {
    match value {
        Value::Text(text) => parse_bare_ids(text).map_err(TreeError::from),
        Value::List(items) => {
            let parse = |(index, item)| id_from_value(item).map_err(|error: TreeError| error.below(index));
            items.iter().enumerate().map(parse).collect()
        }
        other => id_from_value(other).map(|id| vec![id]),
    }
}

fn parse_bare_ids(text: &str) -> Result<Vec<RecordId>, SyntaxError> {
    split_at_commas(text).map(|part| RecordId::parse(part.text).ok_or_else(|| part.unexpected(AN_ID))).collect()
}

fn id_from_value(value: &Value<'_>) -> Result<RecordId, TreeError> {
    value.as_int().and_then(RecordId::new).ok_or_else(|| TreeError::mismatch(AN_ID, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed_names(text: &str) -> Result<Option<Vec<String>>, String> {
        parse_names(text, Limits::query()).map_err(|error| error.to_string())
    }

    fn parsed_ids(text: &str) -> Result<Vec<i64>, String> {
        let ids = parse_ids(text, Limits::query()).map_err(|error| error.to_string())?;
        Ok(ids.into_iter().map(RecordId::get).collect())
    }

    #[test]
    fn names_can_be_bare_or_a_literal() {
        for text in [
            "name,email",
            " name , email ",
            "['name', 'email']",
            "('name','email',)",
            "'name','email'",
            "\"name,email\"",
            "[\"name\",\"email\"]",
        ] {
            assert_eq!(parsed_names(text), Ok(Some(vec!["name".to_owned(), "email".to_owned()])), "{text}");
        }
        for text in ["", "  ", "[]", "()", "''", "[ ]"] {
            assert_eq!(parsed_names(text), Ok(None), "{text}");
        }
        for (text, error) in [
            ("name,,email", "expected a name, found \",\" at position 6"),
            ("name,", "expected a name, found the end of the text at position 6"),
            ("['name', 1]", "expected a name, found 1 at position 10"),
            ("['name', '']", "expected a name, found \"\" at position 10"),
            ("[name]", "expected a value, found \"name\" at position 2"),
            ("(1)", "expected a list of names, found 1 at position 1"),
        ] {
            assert_eq!(parsed_names(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn ids_can_be_bare_or_a_literal() {
        for text in ["12,17", "12, 17", "[12,17]", "(12,17)", "[12,17,]", "'12,17'"] {
            assert_eq!(parsed_ids(text), Ok(vec![12, 17]), "{text}");
        }
        assert_eq!(parsed_ids("12"), Ok(vec![12]));
        assert_eq!(parsed_ids("(12)"), Ok(vec![12]));
        assert_eq!(parsed_ids("3,1,3"), Ok(vec![3, 1, 3]));
        for text in ["", " ", "[]", "()"] {
            assert_eq!(parsed_ids(text), Ok(vec![]), "{text}");
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
            assert_eq!(parsed_ids(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn body_members_can_be_lists_or_text() {
        let list = Value::List(vec![Value::Int(12), Value::Int(17)]);
        assert_eq!(ids_from_value(&list).unwrap().len(), 2);
        assert_eq!(ids_from_value(&Value::from("12,17")).unwrap().len(), 2);
        assert_eq!(
            ids_from_value(&Value::Null).unwrap_err().to_string(),
            "expected an id from 1 to 2147483647, found null"
        );
        assert_eq!(names_from_value(&Value::from("name")).unwrap(), Some(vec!["name".to_owned()]));
        assert_eq!(names_from_value(&Value::Null).unwrap(), None);
        assert_eq!(names_from_value(&list).unwrap_err().path, [0]);
    }
}
