//! Orders: by which fields records are sorted.
//!
//! In: text or a tree. Out: an [`Order`]. Must not know: which fields are stored, which version knows `nulls`.
//!
//! ```text
//! order = term { "," term }                                        or a literal: such a text, or a list of them
//! term  = field [ ".id" ] [ "asc" | "desc" ] [ "nulls" ( "first" | "last" ) ]      keywords in any case
//! ```

use std::fmt::Write as _;

use crate::language::error::{SyntaxError, TreeError};
use crate::language::literal::{self, Limits};
use crate::language::split::{Part, parts};
use crate::names::FieldName;
use crate::value::Value;

/// By which fields records are sorted, the most important first. Empty: not given.
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
    /// `partner_id.id`: by the id of the related record, not by that record's own order.
    pub sub_id: bool,
    /// The greatest first.
    pub descending: bool,
    /// Where empty values go; `None`: where the database puts them.
    pub nulls: Option<Nulls>,
}

/// Where empty values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
}

impl Order {
    /// Reads `name desc, id`, or a literal of such texts.
    ///
    /// # Errors
    /// When `text` is no order.
    pub fn read(text: &str, limits: Limits) -> Result<Self, SyntaxError> {
        if literal::is_literal(text) {
            return Self::from_value(&literal::read(text, limits)?).map_err(|error| error.in_text(text));
        }
        Ok(Self { terms: terms(text)? })
    }

    /// Reads a text, a list of texts, or nothing (`null`, `false`) from a tree.
    ///
    /// # Errors
    /// When it is no order.
    pub fn from_value(value: &Value<'_>) -> Result<Self, TreeError> {
        let terms = match value {
            Value::Null | Value::Bool(false) => Vec::new(),
            Value::Text(text) => terms(text)?,
            Value::List(items) => terms_of_list(items)?,
            other => return Err(TreeError::unfit("an order such as \"name desc, id\"", other)),
        };
        Ok(Self { terms })
    }

    /// By the records' own ids.
    #[must_use]
    pub fn by_id() -> Self {
        let field = FieldName::of_literal("id");
        Self { terms: vec![OrderTerm { field, sub_id: false, descending: false, nulls: None }] }
    }

    /// Whether the order is not given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the records' own id is among the fields, so that no two records are alike.
    #[must_use]
    pub fn names_id(&self) -> bool {
        self.terms.iter().any(|term| term.field.as_str() == "id")
    }

    /// The order with `id` behind all others, unless it is named: then pages never overlap.
    #[must_use]
    pub fn with_id_appended(mut self) -> Self {
        if !self.names_id() {
            self.terms.extend(Self::by_id().terms);
        }
        self
    }

    /// The order as Odoo reads it.
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

fn terms_of_list(items: &[Value<'_>]) -> Result<Vec<OrderTerm>, TreeError> {
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let read = match item {
            Value::Text(text) => terms(text).map_err(TreeError::from),
            other => Err(TreeError::unfit("a text such as \"name desc\"", other)),
        };
        all.extend(read.map_err(|error| error.below(index))?);
    }
    Ok(all)
}

fn terms(text: &str) -> Result<Vec<OrderTerm>, SyntaxError> {
    parts(text).map(term).collect()
}

fn term(part: Part<'_>) -> Result<OrderTerm, SyntaxError> {
    let mut words = part.words().peekable();
    let (field, sub_id) = field(words.next().unwrap_or(part))?;
    let descending = match words.next_if(|word| word.is("asc") || word.is("desc")) {
        Some(word) => word.is("desc"),
        None => false,
    };
    let nulls = match words.next_if(|word| word.is("nulls")) {
        Some(_) => Some(nulls(words.next(), part)?),
        None => None,
    };
    match words.next() {
        Some(word) => Err(word.refuse("\"asc\", \"desc\", \"nulls first\", \"nulls last\" or \",\"")),
        None => Ok(OrderTerm { field, sub_id, descending, nulls }),
    }
}

fn field(word: Part<'_>) -> Result<(FieldName, bool), SyntaxError> {
    let (name, sub_id) = match word.text.strip_suffix(".id") {
        Some(name) => (name, true),
        None => (word.text, false),
    };
    FieldName::parse(name).map(|field| (field, sub_id)).map_err(|_| {
        let error = word.refuse("a field to sort by");
        match name {
            _ if name.starts_with('-') => error.hint("write \"name desc\" for a descending order"),
            _ if name.contains('.') => error.hint("of a related record only the id can be sorted by: partner_id.id"),
            _ => error,
        }
    })
}

fn nulls(word: Option<Part<'_>>, part: Part<'_>) -> Result<Nulls, SyntaxError> {
    match word {
        Some(word) if word.is("first") => Ok(Nulls::First),
        Some(word) if word.is("last") => Ok(Nulls::Last),
        other => Err(other.unwrap_or(part.end()).refuse("\"first\" or \"last\" behind \"nulls\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_odoo(text: &str) -> Result<String, String> {
        Order::read(text, Limits::query()).map(|order| order.to_odoo()).map_err(|error| error.to_string())
    }

    #[test]
    fn orders_stand_bare_or_in_a_literal() {
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
    fn what_is_no_order_is_refused_where_it_stands() {
        const KEYWORDS: &str = "\"asc\", \"desc\", \"nulls first\", \"nulls last\" or \",\"";
        for (text, error) in [
            ("name descending", format!("expected {KEYWORDS}, found \"descending\" at position 6")),
            ("name desc asc", format!("expected {KEYWORDS}, found \"asc\" at position 11")),
            (
                "name nulls",
                "expected \"first\" or \"last\" behind \"nulls\", found the end of the text at position 11".into(),
            ),
            ("n nulls, id", "expected \"first\" or \"last\" behind \"nulls\", found \",\" at position 8".into()),
            (
                "name nulls none",
                "expected \"first\" or \"last\" behind \"nulls\", found \"none\" at position 12".into(),
            ),
            ("name,", "expected a field to sort by, found the end of the text at position 6".into()),
            (",name", "expected a field to sort by, found \",\" at position 1".into()),
            ("ä, -name", "expected a field to sort by, found \"ä\" at position 1".into()),
            ("partner_id.name", "expected a field to sort by, found \"partner_id.name\" at position 1".into()),
            ("name; drop", "expected a field to sort by, found \"name;\" at position 1".into()),
            ("['name', 'a b']", format!("expected {KEYWORDS}, found \"b\" at position 10")),
            ("['name', 1]", "expected a text such as \"name desc\", found 1 at position 10".into()),
            ("(1)", "expected an order such as \"name desc, id\", found 1 at position 1".into()),
        ] {
            assert_eq!(to_odoo(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn id_comes_last_unless_it_is_named() {
        for (text, odoo) in [
            ("name", "name, id"),
            ("id desc", "id desc"),
            ("name,id", "name, id"),
            ("a_id.id", "a_id.id, id"),
            ("", "id"),
        ] {
            let order = Order::read(text, Limits::query()).unwrap();
            assert_eq!(order.with_id_appended().to_odoo(), odoo);
        }
    }

    #[test]
    fn habits_from_elsewhere_get_a_hint() {
        for (text, hint) in [("-name", "name desc"), ("partner_id.name", "partner_id.id")] {
            let error = Order::read(text, Limits::query()).unwrap_err();
            assert!(error.hint.unwrap().contains(hint));
        }
    }
}
