//! The order of a listing as the key of its pages.
//!
//! In: an [`Order`] and the model's schema. Out: a [`Key`]: what to read of a record to know its place, and the
//! condition that finds the records behind that place. Must not know: how large pages are, who asks for them.
//!
//! ```text
//! order   a, b desc, id         place of the last record: a = 1, b = "x", id = 7
//! behind  a after 1   or   a = 1 and b after "x"   or   a = 1 and b = "x" and id > 7
//! ```
//!
//! Not every order can be a key. What Odoo answers must say the place exactly, and conditions must see the column as
//! the order sees it (tried on 14 and 19):
//!
//! | field | key |
//! |---|---|
//! | `id`; char, selection, date; boolean; `many2one.id` | yes |
//! | integer, float, monetary | no: an empty one is answered as 0 and sorted as empty |
//! | datetime | no: the database keeps microseconds, answers have seconds |
//! | many2one | no: sorted by the order of the model behind it |
//! | text, html | no: a key may be megabytes |
//! | `active` | no: a condition on it would show archived records |
//! | inherited, of a company each | no: their column stands elsewhere |

use crate::language::order::{Nulls, Order, OrderTerm};
use crate::names::FieldName;
use crate::plan::schema::{FieldType, Schema};
use crate::value::Value;

/// Fields that hide records while no condition names them.
const HIDING: [&str; 2] = ["active", "x_active"];

/// From this version on an empty text and no text are one and the same to `=`, but not to the order.
const EMPTY_IS_NONE: u8 = 18;

/// What tells a record's place; ends with `id`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    terms: Vec<KeyTerm>,
    major: u8,
}

#[derive(Debug, Clone, PartialEq)]
struct KeyTerm {
    field: FieldName,
    kind: Kind,
    descending: bool,
    nulls_first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Id,
    Text,
    Plain,
    Boolean,
    Link,
}

/// Where a record stands: a value for each term of the key.
pub(super) type Place = Vec<Value<'static>>;

impl Key {
    /// The key of an order; of no order, `id`. `None` where the order cannot be one.
    pub(super) fn of(order: Option<&Order>, schema: &Schema, major: u8) -> Option<Self> {
        let mut terms = Vec::new();
        for term in order.map_or(&[][..], |order| &order.terms) {
            let term = KeyTerm::of(term, schema)?;
            let is_last = term.kind == Kind::Id;
            terms.push(term);
            if is_last {
                return Some(Self { terms, major });
            }
        }
        terms.push(KeyTerm::id());
        Some(Self { terms, major })
    }

    /// Whether it is `id` alone.
    pub(super) fn is_id(&self) -> bool {
        self.terms.len() == 1
    }

    /// The fields that tell the place, beside `id`.
    pub(super) fn fields(&self) -> impl Iterator<Item = &FieldName> {
        self.terms.iter().filter(|term| term.kind != Kind::Id).map(|term| &term.field)
    }

    /// The place of a record; `None` when it does not hold what tells it.
    pub(super) fn place(&self, record: &Value<'_>) -> Option<Place> {
        self.terms.iter().map(|term| term.value(record.get(term.field.as_str())?)).collect()
    }

    /// The records behind a place, as items of a domain in Odoo's prefix notation.
    pub(super) fn behind(&self, place: &[Value<'static>]) -> Vec<Value<'static>> {
        let mut ways = Vec::new();
        let mut equal = Vec::new();
        for (term, value) in self.terms.iter().zip(place) {
            if let Some(after) = self.after(term, value) {
                ways.push(Condition::All(equal.iter().cloned().chain([after]).collect()));
            }
            equal.push(self.equal(term, value));
        }
        let mut items = Vec::new();
        Condition::Any(ways).write(&mut items);
        items
    }

    /// What stands behind a value in one column; `None` where nothing can.
    fn after(&self, term: &KeyTerm, value: &Value<'static>) -> Option<Condition> {
        if term.kind == Kind::Boolean {
            let behind = !term.descending;
            return (*value == Value::Bool(!behind)).then(|| term.is("=", Value::Bool(behind)));
        }
        if value.is_empty_word() {
            return term.nulls_first.then(|| self.is_set(term));
        }
        let further = if term.descending {
            // "Less than" finds records without a text too where they are the same as those with an empty one.
            Condition::All([term.is("<", value.clone())].into_iter().chain(self.is_set_really(term)).collect())
        } else {
            term.is(">", value.clone())
        };
        let with_nulls = !term.nulls_first && term.kind != Kind::Id;
        Some(if with_nulls { Condition::Any(vec![further, self.is_none(term)]) } else { further })
    }

    fn equal(&self, term: &KeyTerm, value: &Value<'static>) -> Condition {
        match value {
            Value::Bool(_) if term.kind == Kind::Boolean => term.is("=", value.clone()),
            empty if empty.is_empty_word() => self.is_none(term),
            Value::Text(text) if text.is_empty() => {
                Condition::All([term.is("=", value.clone())].into_iter().chain(self.is_set_really(term)).collect())
            }
            value => term.is("=", value.clone()),
        }
    }

    fn is_none(&self, term: &KeyTerm) -> Condition {
        if self.merges_empty(term) { term.is("not =like", "%".into()) } else { term.is("=", Value::Bool(false)) }
    }

    fn is_set(&self, term: &KeyTerm) -> Condition {
        self.is_set_really(term).unwrap_or_else(|| term.is("!=", Value::Bool(false)))
    }

    /// Where `=` and `!=` do not tell an empty text from none.
    fn is_set_really(&self, term: &KeyTerm) -> Option<Condition> {
        self.merges_empty(term).then(|| term.is("=like", "%".into()))
    }

    fn merges_empty(&self, term: &KeyTerm) -> bool {
        term.kind == Kind::Text && self.major >= EMPTY_IS_NONE
    }
}

impl KeyTerm {
    fn id() -> Self {
        Self { field: FieldName::of_literal("id"), kind: Kind::Id, descending: false, nulls_first: false }
    }

    fn of(term: &OrderTerm, schema: &Schema) -> Option<Self> {
        let (field, descending) = (term.field.clone(), term.descending);
        let nulls_first = term.nulls.map_or(descending, |nulls| nulls == Nulls::First);
        let kind = if field.as_str() == "id" { Kind::Id } else { kind(term, schema)? };
        Some(Self { field, kind, descending, nulls_first })
    }

    fn is(&self, operator: &'static str, value: Value<'static>) -> Condition {
        Condition::Term(Value::List(vec![self.field.as_str().to_owned().into(), operator.into(), value]))
    }

    fn value(&self, answered: &Value<'_>) -> Option<Value<'static>> {
        match (self.kind, answered) {
            (Kind::Id, Value::Int(id)) => Some(Value::Int(*id)),
            (Kind::Link, Value::List(pair)) => pair.first()?.as_int().map(Value::Int),
            (Kind::Link, Value::Int(id)) => Some(Value::Int(*id)),
            (Kind::Boolean, Value::Bool(truth)) => Some(Value::Bool(*truth)),
            (Kind::Id | Kind::Boolean, _) => None,
            (_, empty) if empty.is_empty_word() => Some(Value::Bool(false)),
            (Kind::Text | Kind::Plain, Value::Text(text)) => Some(text.clone().into_owned().into()),
            _ => None,
        }
    }
}

fn kind(term: &OrderTerm, schema: &Schema) -> Option<Kind> {
    let field = schema.field(term.field.as_str())?;
    let stands_here = field.stored && field.sortable && field.searchable && !field.company_dependent;
    if !stands_here || HIDING.contains(&term.field.as_str()) {
        return None;
    }
    match field.kind {
        FieldType::Char => Some(Kind::Text),
        FieldType::Date => Some(Kind::Plain),
        FieldType::Selection if field.selection.is_some() => Some(Kind::Plain),
        FieldType::Boolean => Some(Kind::Boolean),
        FieldType::Many2one if term.sub_id => Some(Kind::Link),
        _ => None,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Term(Value<'static>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Condition {
    fn write(&self, items: &mut Vec<Value<'static>>) {
        match self {
            Self::Term(term) => items.push(term.clone()),
            Self::All(parts) => write_joined("&", parts, items),
            Self::Any(parts) => write_joined("|", parts, items),
        }
    }
}

fn write_joined(operator: &'static str, parts: &[Condition], items: &mut Vec<Value<'static>>) {
    items.extend((1..parts.len()).map(|_| Value::from(operator)));
    parts.iter().for_each(|part| part.write(items));
}

#[cfg(test)]
mod tests;
