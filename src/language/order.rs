//! Orders: the fields by which records are sorted.
//!
//! ```text
//! order = term { "," term }                                        or a literal: such a string, or a list of them
//! term  = field [ ".id" ] [ "asc" | "desc" ] [ "nulls" ( "first" | "last" ) ]      keywords in any case
//! ```
//!
//! In: text or a tree. Out: an [`Order`]. Must not know: which fields are stored, which version supports `nulls`.

use std::fmt::Write as _;

use crate::language::literal::{self, Limits};
use crate::language::split::{Part, check_names, count_parts, split_at_commas};
use crate::language::syntax_error::SyntaxError;
use crate::language::tree_error::TreeError;
use crate::names::FieldName;
use crate::value::Value;

/// The fields by which records are sorted, the most significant first. Empty: no order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    /// The terms.
    pub terms: Vec<OrderTerm>,
}

/// One field of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerm {
    /// The field.
    pub field: FieldName,
    /// `partner_id.id`: by the id of the related record, not by the default order of its model.
    pub sub_id: bool,
    /// The greatest value first.
    pub descending: bool,
    /// The position of empty values; `None`: the default of the database.
    pub nulls: Option<Nulls>,
}

/// The position of empty values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// Before all others.
    First,
    /// After all others.
    Last,
}

impl Order {
    /// Parses `name desc, id`, or a literal of such strings.
    ///
    /// # Errors
    /// `text` is not an order.
    pub fn parse(text: &str, limits: Limits<'_>) -> Result<Self, SyntaxError> {
        if literal::is_literal(text) {
            return Self::from_value(&literal::parse(text, limits)?).map_err(|error| error.in_text(text));
        }
        Ok(Self { terms: parse_terms(text)? })
    }

    /// Converts a string, a list of strings, or nothing (`null`, `false`).
    ///
    /// # Errors
    /// `value` is not an order.
    pub fn from_value(value: &Value<'_>) -> Result<Self, TreeError> {
        let terms = match value {
            Value::Null | Value::Bool(false) => Vec::new(),
            Value::Text(text) => parse_terms(text)?,
            Value::List(items) => parse_term_list(items)?,
            other => return Err(TreeError::mismatch("an order such as \"name desc, id\"", other)),
        };
        Ok(Self { terms })
    }

    /// The order by `id`.
    #[must_use]
    pub fn by_id() -> Self {
        let field = FieldName::from_static("id");
        Self { terms: vec![OrderTerm { field, sub_id: false, descending: false, nulls: None }] }
    }

    /// Whether there is no order.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether `id` is one of the fields, so that the order is total.
    #[must_use]
    pub fn includes_id(&self) -> bool {
        self.terms.iter().any(|term| term.field.as_str() == "id")
    }

    /// The order with `id` as the last field, unless it is included: then pages never overlap.
    #[must_use]
    pub fn with_id_appended(mut self) -> Self {
        if !self.includes_id() {
            self.terms.extend(Self::by_id().terms);
        }
        self
    }

    /// The order in Odoo's syntax.
    #[must_use]
    pub fn to_odoo(&self) -> String {
        let mut text = String::new();
        for term in &self.terms {
            let comma = if text.is_empty() { "" } else { ", " };
            let _ = write!(text, "{comma}{}", term.field);
            text.push_str(if term.sub_id { ".id" } else { "" });
            text.push_str(if term.descending { " desc" } else { "" });
            text.push_str(match term.nulls {
                Some(Nulls::First) => " nulls first",
                Some(Nulls::Last) => " nulls last",
                None => "",
            });
        }
        text
    }
}

fn parse_term_list(items: &[Value<'_>]) -> Result<Vec<OrderTerm>, TreeError> {
    check_names(items.iter().filter_map(Value::as_text).map(count_parts).sum())?;
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let parsed = match item {
            Value::Text(text) => parse_terms(text).map_err(TreeError::from),
            other => Err(TreeError::mismatch("a string such as \"name desc\"", other)),
        };
        all.extend(parsed.map_err(|error| error.below(index))?);
    }
    Ok(all)
}

fn parse_terms(text: &str) -> Result<Vec<OrderTerm>, SyntaxError> {
    check_names(count_parts(text))?;
    split_at_commas(text).map(parse_term).collect()
}

fn parse_term(part: Part<'_>) -> Result<OrderTerm, SyntaxError> {
    let mut words = part.words().peekable();
    let (field, sub_id) = parse_field(words.next().unwrap_or(part))?;
    let descending = match words.next_if(|word| word.is_keyword("asc") || word.is_keyword("desc")) {
        Some(word) => word.is_keyword("desc"),
        None => false,
    };
    let nulls = match words.next_if(|word| word.is_keyword("nulls")) {
        Some(_) => Some(parse_nulls(words.next(), part)?),
        None => None,
    };
    match words.next() {
        Some(word) => Err(word.unexpected("\"asc\", \"desc\", \"nulls first\", \"nulls last\" or \",\"")),
        None => Ok(OrderTerm { field, sub_id, descending, nulls }),
    }
}

fn parse_field(word: Part<'_>) -> Result<(FieldName, bool), SyntaxError> {
    let (name, sub_id) = match word.text.strip_suffix(".id") {
        Some(name) => (name, true),
        None => (word.text, false),
    };
    FieldName::parse(name).map(|field| (field, sub_id)).map_err(|_| {
        let error = word.unexpected("a field to sort by");
        match name {
            _ if name.starts_with('-') => error.with_hint("write \"name desc\" for a descending order"),
            _ if name.contains('.') => error.with_hint("related records can only be sorted by id: partner_id.id"),
            _ => error,
        }
    })
}

fn parse_nulls(word: Option<Part<'_>>, part: Part<'_>) -> Result<Nulls, SyntaxError> {
    match word {
        Some(word) if word.is_keyword("first") => Ok(Nulls::First),
        Some(word) if word.is_keyword("last") => Ok(Nulls::Last),
        other => Err(other.unwrap_or(part.end()).unexpected("\"first\" or \"last\" after \"nulls\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_odoo(text: &str) -> Result<String, String> {
        Order::parse(text, Limits::query()).map(|order| order.to_odoo()).map_err(|error| error.to_string())
    }

    #[test]
    fn orders_can_be_bare_or_a_literal() {
        for (text, odoo) in [
            ("name", "name"),
            ("name asc", "name"),
            (" Name  DESC ,id ", "Name desc, id"),
            ("name desc nulls last", "name desc nulls last"),
            ("name NULLS First", "name nulls first"),
            ("partner_id.id desc", "partner_id.id desc"),
            ("'name desc, id'", "name desc, id"),
            ("['name desc', \"id\"]", "name desc, id"),
            ("('name desc', 'id')", "name desc, id"),
            ("\"name\"", "name"),
            ("id.id", "id.id"),
            ("", ""),
            ("[]", ""),
            ("''", ""),
        ] {
            assert_eq!(to_odoo(text).as_deref(), Ok(odoo), "{text}");
        }
    }

    #[test]
    fn invalid_orders_are_rejected_with_their_position() {
        const KEYWORDS: &str = "\"asc\", \"desc\", \"nulls first\", \"nulls last\" or \",\"";
        for (text, error) in [
            ("name descending", format!("expected {KEYWORDS}, found \"descending\" at position 6")),
            ("name desc asc", format!("expected {KEYWORDS}, found \"asc\" at position 11")),
            (
                "name nulls",
                "expected \"first\" or \"last\" after \"nulls\", found the end of the text at position 11".into(),
            ),
            ("n nulls, id", "expected \"first\" or \"last\" after \"nulls\", found \",\" at position 8".into()),
            ("name nulls none", "expected \"first\" or \"last\" after \"nulls\", found \"none\" at position 12".into()),
            ("name,", "expected a field to sort by, found the end of the text at position 6".into()),
            (",name", "expected a field to sort by, found \",\" at position 1".into()),
            ("ä, -name", "expected a field to sort by, found \"ä\" at position 1".into()),
            ("partner_id.name", "expected a field to sort by, found \"partner_id.name\" at position 1".into()),
            ("name; drop", "expected a field to sort by, found \"name;\" at position 1".into()),
            ("['name', 'a b']", format!("expected {KEYWORDS}, found \"b\" at position 10")),
            ("['name', 1]", "expected a string such as \"name desc\", found 1 at position 10".into()),
            ("(1)", "expected an order such as \"name desc, id\", found 1 at position 1".into()),
        ] {
            assert_eq!(to_odoo(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn id_is_appended_unless_it_is_included() {
        for (text, odoo) in [
            ("name", "name, id"),
            ("id desc", "id desc"),
            ("name,id", "name, id"),
            ("a_id.id", "a_id.id, id"),
            ("", "id"),
        ] {
            let order = Order::parse(text, Limits::query()).unwrap();
            assert_eq!(order.with_id_appended().to_odoo(), odoo);
        }
    }

    #[test]
    fn syntax_of_other_apis_gets_a_hint() {
        for (text, hint) in [("-name", "name desc"), ("partner_id.name", "partner_id.id")] {
            let error = Order::parse(text, Limits::query()).unwrap_err();
            assert!(error.hint.unwrap().contains(hint));
        }
    }
}
