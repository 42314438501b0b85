//! What the fields of each type can be compared with, before Odoo is asked.
//!
//! | type | operators | values |
//! |---|---|---|
//! | boolean | `=`, `in` | true, false |
//! | integer, float, monetary | `=`, `in`, `<`, `like` | numbers, texts of numbers |
//! | char, text, html, selection, reference | `=`, `in`, `<`, `like` | texts; a number as its text |
//! | date, datetime | `=`, `in`, `<`, `like` | dates |
//! | many2one | `=`, `in`, `<`, `like`, `child_of` | ids; names, but for `<` |
//! | one2many, many2many | `=`, `in`, `like`, `child_of` | ids, names |
//! | json, a property | `=`, `in`, `like`; a property `<` | any |
//! | properties | none | only each property, by a path |
//! | binary, all others | `=`, `in` | false: whether it is empty |
//!
//! Each stands for its like: `=` for `!=` and `=?`, `in` for `not in`, `<` for all orders, `like` for all patterns,
//! `child_of` for `parent_of`. `false` is no value, and fits wherever equality does.
//!
//! In: a field, an operator, a value. Out: a [`Condition`], or what was expected. Must not know: where in a request they
//! stand. Odoo 14..19 answer what does not fit with errors of the database's driver, with everything, or with nothing;
//! some that fit fail in some versions, and are put in another way here.

use super::condition::Condition;
use super::datetime_bounds;
use crate::language::domain::Operator;
use crate::language::scalars;
use crate::plan::datetime::to_odoo_date;
use crate::plan::schema::{Field, FieldType};
use crate::value::Value;

/// What is compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'s> {
    /// What is at the end of the path.
    pub kind: Kind<'s>,
    /// Whether the path to it passes through any number of records.
    pub through_many: bool,
    /// The server's major version.
    pub major: u8,
}

/// What can be at the end of a path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'s> {
    /// The record itself.
    Id,
    /// Another field.
    Field(&'s Field),
    /// A number inside of a date.
    DatePart,
    /// A property, of a type that is not known.
    Property,
}

/// Why something does not fit.
#[derive(Debug, PartialEq)]
pub(super) enum Misfit {
    /// The operator; these fit.
    Operator(&'static str),
    /// The value; this was expected.
    Value(String),
}

impl From<&str> for Misfit {
    fn from(expected: &str) -> Self {
        Self::Value(expected.to_owned())
    }
}

/// How an operator compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Whether values are equal.
    Equality,
    /// Which value is greater.
    Ordering,
    /// Whether a value's text has a form.
    Pattern,
    /// Places in a tree.
    Hierarchy,
}

impl Comparison {
    /// How this operator compares.
    pub(super) fn by(operator: Operator) -> Self {
        use Operator::{
            Any, ChildOf, Equal, EqualIfSet, Greater, GreaterOrEqual, Ilike, In, Ipattern, Less, LessOrEqual, Like,
            NotAny, NotEqual, NotIlike, NotIn, NotIpattern, NotLike, NotPattern, ParentOf, Pattern,
        };
        match operator {
            Equal | NotEqual | EqualIfSet | In | NotIn => Self::Equality,
            Greater | GreaterOrEqual | Less | LessOrEqual => Self::Ordering,
            Like | NotLike | Ilike | NotIlike | Pattern | NotPattern | Ipattern | NotIpattern => Self::Pattern,
            ChildOf | ParentOf | Any | NotAny => Self::Hierarchy,
        }
    }
}

/// The condition that `operator` and `value` state.
///
/// # Errors
/// What does not fit, and what would.
pub(super) fn condition(subject: Subject<'_>, operator: Operator, value: &Value<'static>) -> Result<Condition, Misfit> {
    let comparison = Comparison::by(operator);
    subject.check_operator(comparison, operator)?;
    match comparison {
        Comparison::Equality => subject.equality(operator, value),
        Comparison::Ordering => subject.ordering(operator, value),
        Comparison::Pattern => subject.pattern(operator, value),
        Comparison::Hierarchy => hierarchy(operator, value),
    }
}

const EQUALITY: &str = "=, !=, =?, in, not in";
const EQUALITY_ORDER: &str = "=, !=, =?, in, not in, <, <=, >, >=";
const EQUALITY_LIKE: &str = "=, !=, =?, in, not in, like, ilike and their like";
const EQUALITY_ORDER_LIKE: &str = "=, !=, =?, in, not in, <, <=, >, >=, like, ilike and their like";
const EQUALITY_LIKE_TREE: &str = "=, !=, =?, in, not in, like, ilike and their like, child_of, parent_of";
const ALL: &str = "=, !=, =?, in, not in, <, <=, >, >=, like, ilike and their like, child_of, parent_of";

impl Subject<'_> {
    fn type_of(self) -> FieldType {
        match self.kind {
            Kind::Id | Kind::DatePart => FieldType::Integer,
            Kind::Field(field) => field.kind,
            Kind::Property => FieldType::Json,
        }
    }

    /// The operators that fit, and whether they have an order, patterns, a tree.
    fn operators(self) -> (&'static str, [bool; 3]) {
        match (self.kind, self.type_of()) {
            (Kind::Id, _) | (_, FieldType::Many2one) => (ALL, [true, true, true]),
            (Kind::Property, _) => (EQUALITY_ORDER_LIKE, [true, true, false]),
            (_, FieldType::One2many | FieldType::Many2many) => (EQUALITY_LIKE_TREE, [false, true, true]),
            (_, FieldType::Json) => (EQUALITY_LIKE, [false, true, false]),
            (_, FieldType::Boolean | FieldType::Binary | FieldType::Properties | FieldType::Other) => {
                (EQUALITY, [false, false, false])
            }
            _ => (EQUALITY_ORDER_LIKE, [true, true, false]),
        }
    }

    fn check_operator(self, comparison: Comparison, operator: Operator) -> Result<(), Misfit> {
        let (fit, [has_order, has_patterns, has_tree]) = self.operators();
        // 14..18 cast the pattern to the type of the column.
        let is_exact =
            matches!(operator, Operator::Pattern | Operator::Ipattern | Operator::NotPattern | Operator::NotIpattern);
        let is_number = matches!(self.type_of(), FieldType::Integer | FieldType::Float | FieldType::Monetary);
        let fits = match comparison {
            Comparison::Equality => true,
            Comparison::Ordering => has_order,
            Comparison::Pattern if is_exact && is_number && self.major < 19 => {
                return Err(Misfit::Operator(EQUALITY_ORDER));
            }
            Comparison::Pattern => has_patterns,
            Comparison::Hierarchy => has_tree,
        };
        if fits { Ok(()) } else { Err(Misfit::Operator(fit)) }
    }

    fn equality(self, operator: Operator, value: &Value<'static>) -> Result<Condition, Misfit> {
        if self.type_of() == FieldType::Properties {
            return Err("a path to one of its properties, as field.property".into());
        }
        let negative = matches!(operator, Operator::NotEqual | Operator::NotIn);
        match (operator, value) {
            (Operator::EqualIfSet, Value::Bool(false)) => Ok(Condition::All(Vec::new())),
            (Operator::EqualIfSet, Value::List(_)) => Err("one value, no list".into()),
            // Odoo 19 and its forebears do not mean the same by this.
            (Operator::Equal | Operator::NotEqual, Value::List(items)) if items.is_empty() => {
                Ok(Condition::Compare(operator, value.clone()))
            }
            (_, Value::List(items)) => self.among(negative, items),
            (_, one) if self.type_of() == FieldType::Datetime => self.among(negative, std::slice::from_ref(one)),
            (_, one) => {
                let operator = if negative { Operator::NotEqual } else { Operator::Equal };
                Ok(Condition::Compare(operator, self.member(one)?))
            }
        }
    }

    /// One of several values, or none of them.
    fn among(self, negative: bool, items: &[Value<'static>]) -> Result<Condition, Misfit> {
        if items.is_empty() {
            return Ok(if negative { Condition::All(Vec::new()) } else { Condition::Any(Vec::new()) });
        }
        if self.type_of() == FieldType::Datetime {
            let condition = if negative {
                datetime_bounds::is_none_of(self, items)
            } else {
                datetime_bounds::is_one_of(self, items)
            };
            return condition.map_err(Misfit::from);
        }
        let items = items.iter().map(|item| self.member(item)).collect::<Result<Vec<_>, _>>()?;
        let (apart, together): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| self.stands_apart(item, negative));
        if apart.is_empty() {
            let operator = if negative { Operator::NotIn } else { Operator::In };
            return Ok(Condition::Compare(operator, Value::List(together)));
        }
        let (one, several) =
            if negative { (Operator::NotEqual, Operator::NotIn) } else { (Operator::Equal, Operator::In) };
        let mut conditions: Vec<_> = apart.into_iter().map(|item| Condition::Compare(one, item)).collect();
        if !together.is_empty() {
            conditions.push(Condition::Compare(several, Value::List(together)));
        }
        Ok(if negative { Condition::All(conditions) } else { Condition::Any(conditions) })
    }

    /// Whether Odoo's lists cannot hold this value: 14..18 search by one name at a time, and none of them has a list for
    /// what is empty in relations to many, files and translated texts, nor for numbers that are searched by a method.
    fn stands_apart(self, item: &Value<'_>, negative: bool) -> bool {
        let is_empty = item.is_empty_word();
        let Kind::Field(field) = self.kind else { return false };
        match field.kind {
            FieldType::Binary => is_empty,
            _ if self.major >= 19 => false,
            FieldType::Many2one => item.as_text().is_some(),
            FieldType::One2many | FieldType::Many2many => is_empty || item.as_text().is_some(),
            FieldType::Char | FieldType::Text | FieldType::Html if self.major < 16 && field.translated => {
                is_empty || negative
            }
            FieldType::Float | FieldType::Monetary | FieldType::Integer => !field.stored,
            _ => false,
        }
    }

    /// A value to be equal with.
    fn member(self, value: &Value<'static>) -> Result<Value<'static>, Misfit> {
        if value.is_empty_word() {
            return Ok(Value::Bool(false));
        }
        match self.type_of() {
            FieldType::Boolean => scalars::boolean_in(value).map(Value::Bool).map_err(|_| "true or false".into()),
            FieldType::Binary | FieldType::Other => {
                Err("false: this field can only be asked for whether it is empty".into())
            }
            FieldType::Many2one | FieldType::One2many | FieldType::Many2many if value.as_text().is_some() => {
                Ok(value.clone())
            }
            FieldType::Many2one | FieldType::One2many | FieldType::Many2many => {
                integer(value).ok_or_else(|| "a record id, a name, or false".into())
            }
            _ => self.scalar(value),
        }
    }

    /// A value of the field's own type.
    fn scalar(self, value: &Value<'static>) -> Result<Value<'static>, Misfit> {
        match self.type_of() {
            FieldType::Integer | FieldType::Many2one => {
                integer(value).ok_or_else(|| "an integer from -2147483648 to 2147483647".into())
            }
            FieldType::Float | FieldType::Monetary => number(value).ok_or_else(|| "a number".into()),
            FieldType::Date => self.date(value),
            FieldType::Json => Ok(value.clone()),
            _ => text(value).ok_or_else(|| "a text".into()),
        }
    }

    fn date(self, value: &Value<'static>) -> Result<Value<'static>, Misfit> {
        let text = value.as_text().ok_or("a date as text, or false")?.trim();
        if self.major >= 19 && datetime_bounds::is_date_expression(text) {
            return Ok(Value::from(text.to_owned()));
        }
        let expected = |sentence: &'static str| sentence.strip_prefix("expected ").unwrap_or(sentence);
        Ok(Value::from(to_odoo_date(text).map_err(expected)?))
    }

    fn ordering(self, operator: Operator, value: &Value<'static>) -> Result<Condition, Misfit> {
        if let Value::List(_) = value {
            return Err("one value, no list".into());
        }
        let kind = self.type_of();
        if kind == FieldType::Datetime {
            return datetime_bounds::ordered(self, operator, value).map_err(Misfit::from);
        }
        let is_empty = value.is_empty_word() && !matches!(self.kind, Kind::Id | Kind::DatePart);
        let value = if is_empty { Value::Bool(false) } else { self.scalar(value)? };
        Ok(Condition::Compare(operator, value))
    }

    /// Numbers are looked for by their text, as Odoo does. No text at all is in every one, and is sent as it came where
    /// that is what Odoo makes of it.
    fn pattern(self, operator: Operator, value: &Value<'static>) -> Result<Condition, Misfit> {
        let pattern = match value {
            Value::Bool(false) if self.may_match_nothing() => Some(Value::Bool(false)),
            Value::Text(_) | Value::Int(_) | Value::Float(_) => text(value),
            _ => None,
        };
        Ok(Condition::Compare(operator, pattern.ok_or("a text")?))
    }

    fn may_match_nothing(self) -> bool {
        !matches!(self.kind, Kind::Property) && self.type_of() != FieldType::Json
    }
}

/// Odoo climbs from ids, or from what it finds by names; from both at once only 17 and later do.
fn hierarchy(operator: Operator, value: &Value<'static>) -> Result<Condition, Misfit> {
    const EXPECTED: &str = "a record id, a name, or a list of ids or of names";
    let id = |value: &Value<'static>| integer(value).filter(|id| matches!(id, Value::Int(1..)));
    let name = |value: &Value<'static>| value.as_text().is_some().then(|| value.clone());
    let node = match value {
        Value::Bool(false) => Some(Value::Bool(false)),
        Value::List(items) => {
            let ids = items.iter().map(id).collect::<Option<Value<'static>>>();
            ids.or_else(|| items.iter().map(name).collect::<Option<Value<'static>>>())
        }
        Value::Text(_) => Some(value.clone()),
        one => id(one),
    };
    Ok(Condition::Compare(operator, node.ok_or(EXPECTED)?))
}

/// Within the 32 bits of a column; also written as a text or as a whole float.
fn integer(value: &Value<'_>) -> Option<Value<'static>> {
    let integer = match value {
        Value::Int(integer) => Some(*integer),
        Value::Text(text) => text.trim().parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "what does not fit 32 bits is left out below")]
        Value::Float(float) if float.fract() == 0.0 => Some(*float as i64),
        _ => None,
    };
    integer.filter(|integer| i32::try_from(*integer).is_ok()).map(Value::Int)
}

fn number(value: &Value<'static>) -> Option<Value<'static>> {
    match value {
        Value::Int(_) => Some(value.clone()),
        Value::Float(float) if float.is_finite() => Some(value.clone()),
        Value::Text(text) => text.trim().parse().ok().filter(|float: &f64| float.is_finite()).map(Value::Float),
        _ => None,
    }
}

/// A number as its digits.
fn text(value: &Value<'static>) -> Option<Value<'static>> {
    match value {
        Value::Text(_) => Some(value.clone()),
        Value::Int(_) | Value::Float(_) => Some(Value::from(value.excerpt(usize::MAX))),
        _ => None,
    }
}
