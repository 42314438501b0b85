//! The order of a listing as a key for keyset pagination.
//!
//! In: an [`Order`] and the model's schema. Out: a [`KeysetKey`]: the columns of the cursor, and the condition that
//! finds the records after a cursor. Must not know: how large pages are.
//!
//! ```text
//! order   a, b desc, id         cursor of the last record: a = 1, b = "x", id = 7
//! after   a after 1   or   a = 1 and b after "x"   or   a = 1 and b = "x" and id > 7
//! ```
//!
//! Not every order can be a key. Odoo's response must contain the exact sort value, and conditions must compare the
//! column in the same way as the order (measured on 14 and 19):
//!
//! | field | key |
//! |---|---|
//! | `id`; char, date; boolean; `many2one.id` | yes |
//! | selection | until 19: from 20 on sorted by the place of its option, but compared as text |
//! | integer, float, monetary | no: NULL is returned as 0 but sorted as NULL |
//! | datetime | no: the database stores microseconds, responses contain seconds |
//! | many2one | no: sorted by the default order of the related model |
//! | text, html | no: a key could be megabytes |
//! | `active` | no: a condition on it would include archived records |
//! | inherited, company-dependent | no: the column belongs to another table |

use crate::language::order::{Nulls, Order, OrderTerm};
use crate::names::FieldName;
use crate::plan::model_schema::{FieldType, Schema};
use crate::plan::version_number::VersionNumber;
use crate::value::Value;

/// Fields that hide archived records unless a condition names them.
const ACTIVE_FIELDS: [&str; 2] = ["active", "x_active"];

/// From this version on, `=` treats an empty string and NULL as equal, but the order does not.
const EMPTY_TEXT_IS_NULL_FROM: u8 = 18;

/// From this version on, a selection is sorted by the place of its option. Conditions still compare texts, no index
/// has this order, and options can be computed for each user. One search for the ids is correct, and sorts only once.
const SELECTION_SORTED_BY_OPTION_FROM: (u8, u8) = (20, 0);

/// The terms of the cursor; the last one is `id`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeysetKey {
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
    Other,
    Boolean,
    Link,
}

/// The position of a record: a value for each term of the key.
pub(super) type KeysetCursor = Vec<Value<'static>>;

impl KeysetKey {
    /// The key of an order, or of `id` without an order. Returns `None` if the order cannot be a key.
    pub(super) fn from_order(order: Option<&Order>, schema: &Schema, version: VersionNumber) -> Option<Self> {
        let major = version.major;
        let mut terms = Vec::new();
        for term in order.map_or(&[][..], |order| &order.terms) {
            let term = KeyTerm::from_order_term(term, schema, version)?;
            let is_last = term.kind == Kind::Id;
            terms.push(term);
            if is_last {
                return Some(Self { terms, major });
            }
        }
        terms.push(KeyTerm::id());
        Some(Self { terms, major })
    }

    /// Whether the key is only `id`.
    pub(super) fn is_id(&self) -> bool {
        self.terms.len() == 1
    }

    /// The fields of the cursor, without `id`.
    pub(super) fn fields(&self) -> impl Iterator<Item = &FieldName> {
        self.terms.iter().filter(|term| term.kind != Kind::Id).map(|term| &term.field)
    }

    /// The cursor of a record; `None` if the record does not contain the fields of the key.
    pub(super) fn cursor_of(&self, record: &Value<'_>) -> Option<KeysetCursor> {
        self.terms.iter().map(|term| term.value(record.get(term.field.as_str())?)).collect()
    }

    /// The condition for the records after a cursor, as items of a domain in Odoo's prefix notation.
    pub(super) fn records_after(&self, cursor: &[Value<'static>]) -> Vec<Value<'static>> {
        let mut alternatives = Vec::new();
        let mut equal = Vec::new();
        for (term, value) in self.terms.iter().zip(cursor) {
            if let Some(after) = self.value_after(term, value) {
                alternatives.push(KeysetCondition::All(equal.iter().cloned().chain([after]).collect()));
            }
            equal.push(self.equal(term, value));
        }
        let mut items = Vec::new();
        KeysetCondition::Any(alternatives).push_to(&mut items);
        items
    }

    /// The condition for values after `value` in one column; `None` if there are none.
    fn value_after(&self, term: &KeyTerm, value: &Value<'static>) -> Option<KeysetCondition> {
        if term.kind == Kind::Boolean {
            let after = !term.descending;
            return (*value == Value::Bool(!after)).then(|| term.is("=", Value::Bool(after)));
        }
        if value.is_null_or_false() {
            return term.nulls_first.then(|| self.is_set(term));
        }
        let strictly_after = if term.descending {
            // `<` also matches NULL where it equals an empty string.
            KeysetCondition::All([term.is("<", value.clone())].into_iter().chain(self.is_text_set(term)).collect())
        } else {
            term.is(">", value.clone())
        };
        let with_nulls = !term.nulls_first && term.kind != Kind::Id;
        Some(if with_nulls { KeysetCondition::Any(vec![strictly_after, self.is_null(term)]) } else { strictly_after })
    }

    fn equal(&self, term: &KeyTerm, value: &Value<'static>) -> KeysetCondition {
        match value {
            Value::Bool(_) if term.kind == Kind::Boolean => term.is("=", value.clone()),
            empty if empty.is_null_or_false() => self.is_null(term),
            Value::Text(text) if text.is_empty() => {
                KeysetCondition::All([term.is("=", value.clone())].into_iter().chain(self.is_text_set(term)).collect())
            }
            value => term.is("=", value.clone()),
        }
    }

    fn is_null(&self, term: &KeyTerm) -> KeysetCondition {
        if self.merges_empty_text(term) { term.is("not =like", "%".into()) } else { term.is("=", Value::Bool(false)) }
    }

    fn is_set(&self, term: &KeyTerm) -> KeysetCondition {
        self.is_text_set(term).unwrap_or_else(|| term.is("!=", Value::Bool(false)))
    }

    /// A condition that excludes NULL but not the empty string, needed where `=` treats them as equal.
    fn is_text_set(&self, term: &KeyTerm) -> Option<KeysetCondition> {
        self.merges_empty_text(term).then(|| term.is("=like", "%".into()))
    }

    fn merges_empty_text(&self, term: &KeyTerm) -> bool {
        term.kind == Kind::Text && self.major >= EMPTY_TEXT_IS_NULL_FROM
    }
}

impl KeyTerm {
    fn id() -> Self {
        Self { field: FieldName::from_static("id"), kind: Kind::Id, descending: false, nulls_first: false }
    }

    fn from_order_term(term: &OrderTerm, schema: &Schema, version: VersionNumber) -> Option<Self> {
        let (field, descending) = (term.field.clone(), term.descending);
        let nulls_first = term.nulls.map_or(descending, |nulls| nulls == Nulls::First);
        let kind = if field.as_str() == "id" { Kind::Id } else { kind(term, schema, version)? };
        Some(Self { field, kind, descending, nulls_first })
    }

    fn is(&self, operator: &'static str, value: Value<'static>) -> KeysetCondition {
        KeysetCondition::Term(Value::List(vec![self.field.as_str().to_owned().into(), operator.into(), value]))
    }

    fn value(&self, value: &Value<'_>) -> Option<Value<'static>> {
        match (self.kind, value) {
            (Kind::Id, Value::Int(id)) => Some(Value::Int(*id)),
            (Kind::Link, Value::List(pair)) => pair.first()?.as_int().map(Value::Int),
            (Kind::Link, record @ Value::Map(_)) => record.get("id")?.as_int().map(Value::Int),
            (Kind::Link, Value::Int(id)) => Some(Value::Int(*id)),
            (Kind::Boolean, Value::Bool(truth)) => Some(Value::Bool(*truth)),
            (Kind::Id | Kind::Boolean, _) => None,
            (_, empty) if empty.is_null_or_false() => Some(Value::Bool(false)),
            (Kind::Text | Kind::Other, Value::Text(text)) => Some(text.clone().into_owned().into()),
            _ => None,
        }
    }
}

fn kind(term: &OrderTerm, schema: &Schema, version: VersionNumber) -> Option<Kind> {
    let field = schema.field(term.field.as_str())?;
    let is_own_column = field.stored && field.sortable && field.searchable && !field.company_dependent;
    if !is_own_column || ACTIVE_FIELDS.contains(&term.field.as_str()) {
        return None;
    }
    match field.kind {
        FieldType::Char => Some(Kind::Text),
        FieldType::Date => Some(Kind::Other),
        FieldType::Selection if version.is_at_least(SELECTION_SORTED_BY_OPTION_FROM) => None,
        FieldType::Selection if field.selection.is_some() => Some(Kind::Other),
        FieldType::Boolean => Some(Kind::Boolean),
        FieldType::Many2one if term.sub_id => Some(Kind::Link),
        _ => None,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum KeysetCondition {
    Term(Value<'static>),
    All(Vec<KeysetCondition>),
    Any(Vec<KeysetCondition>),
}

impl KeysetCondition {
    fn push_to(&self, items: &mut Vec<Value<'static>>) {
        match self {
            Self::Term(term) => items.push(term.clone()),
            Self::All(parts) => push_joined("&", parts, items),
            Self::Any(parts) => push_joined("|", parts, items),
        }
    }
}

fn push_joined(operator: &'static str, parts: &[KeysetCondition], items: &mut Vec<Value<'static>>) {
    items.extend((1..parts.len()).map(|_| Value::from(operator)));
    parts.iter().for_each(|part| part.push_to(items));
}

#[cfg(test)]
mod tests;
