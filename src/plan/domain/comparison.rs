//! The operators and values that fit each field type, checked before Odoo is called.
//!
//! | type | operators | values |
//! |---|---|---|
//! | boolean | `=`, `in` | true, false |
//! | integer, float, monetary | `=`, `in`, `<`, `like` | numbers, numbers as strings |
//! | char, text, html, selection, reference | `=`, `in`, `<`, `like` | strings; a number as its string |
//! | date, datetime | `=`, `in`, `<`, `like` | dates |
//! | many2one | `=`, `in`, `<`, `like`, `child_of` | ids; names, except with `<` |
//! | one2many, many2many | `=`, `in`, `like`, `child_of` | ids, names |
//! | json, a property | `=`, `in`, `like`; a property `<` | any |
//! | properties | none | only single properties, by a path |
//! | binary, all others | `=`, `in` | false: whether it is empty |
//!
//! Each operator stands for a group: `=` for `!=` and `=?`, `in` for `not in`, `<` for all orderings, `like` for all
//! patterns, `child_of` for `parent_of`. `false` means no value, and fits wherever equality does.
//!
//! In: a field, an operator, a value. Out: a [`Condition`], or what was expected. Must not know: the place in the
//! request. For combinations that do not fit, Odoo 14-19 return errors of the database driver, all records, or none;
//! some valid ones fail on some versions and are rewritten here.

use super::compared_field::{ComparedField, ComparedKind};
use super::condition::Condition;
use super::datetime_bounds;
use crate::language::bool_and_int;
use crate::language::domain::Operator;
use crate::plan::datetime::to_odoo_date;
use crate::plan::model_schema::FieldType;
use crate::value::Value;

/// Why a comparison does not fit.
#[derive(Debug, PartialEq)]
pub(super) enum Mismatch {
    /// The operator does not fit; the text lists those that do.
    Operator(&'static str),
    /// The value does not fit; the text names what was expected.
    Value(String),
}

impl From<&str> for Mismatch {
    fn from(expected: &str) -> Self {
        Self::Value(expected.to_owned())
    }
}

/// The kind of comparison of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Equality.
    Equality,
    /// Greater or less.
    Ordering,
    /// Text patterns.
    Pattern,
    /// Hierarchies, and conditions on related records.
    Hierarchy,
}

impl Comparison {
    /// The kind of comparison of this operator.
    pub(super) fn from_operator(operator: Operator) -> Self {
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

/// Converts `operator` and `value` to a condition.
///
/// # Errors
/// The operator or value does not fit.
pub(super) fn condition(
    field: ComparedField<'_>,
    operator: Operator,
    value: &Value<'static>,
) -> Result<Condition, Mismatch> {
    let comparison = Comparison::from_operator(operator);
    field.check_operator(comparison, operator)?;
    match comparison {
        Comparison::Equality => field.equality(operator, value),
        Comparison::Ordering => field.ordering(operator, value),
        Comparison::Pattern => field.pattern(operator, value),
        Comparison::Hierarchy => hierarchy(operator, value),
    }
}

const EQUALITY: &str = "=, !=, =?, in, not in";
const EQUALITY_ORDER: &str = "=, !=, =?, in, not in, <, <=, >, >=";
const EQUALITY_LIKE: &str = "=, !=, =?, in, not in, like, ilike and their variants";
const EQUALITY_ORDER_LIKE: &str = "=, !=, =?, in, not in, <, <=, >, >=, like, ilike and their variants";
const EQUALITY_LIKE_TREE: &str = "=, !=, =?, in, not in, like, ilike and their variants, child_of, parent_of";
const ALL: &str = "=, !=, =?, in, not in, <, <=, >, >=, like, ilike and their variants, child_of, parent_of";

impl ComparedField<'_> {
    fn type_of(self) -> FieldType {
        match self.kind {
            ComparedKind::Id | ComparedKind::DatePart | ComparedKind::FileSize => FieldType::Integer,
            ComparedKind::FileName => FieldType::Char,
            ComparedKind::Field(field) => field.kind,
            ComparedKind::Property => FieldType::Json,
        }
    }

    /// The operators that fit, and whether ordering, patterns and hierarchies are among them.
    fn operators(self) -> (&'static str, [bool; 3]) {
        match (self.kind, self.type_of()) {
            (ComparedKind::Id, _) | (_, FieldType::Many2one) => (ALL, [true, true, true]),
            (ComparedKind::Property, _) => (EQUALITY_ORDER_LIKE, [true, true, false]),
            (_, FieldType::One2many | FieldType::Many2many) => (EQUALITY_LIKE_TREE, [false, true, true]),
            (_, FieldType::Json) => (EQUALITY_LIKE, [false, true, false]),
            (_, FieldType::Boolean | FieldType::Binary | FieldType::Properties | FieldType::Other) => {
                (EQUALITY, [false, false, false])
            }
            _ => (EQUALITY_ORDER_LIKE, [true, true, false]),
        }
    }

    fn check_operator(self, comparison: Comparison, operator: Operator) -> Result<(), Mismatch> {
        let (fit, [has_order, has_patterns, has_tree]) = self.operators();
        // Odoo 14-18 cast the pattern to the type of the column.
        let is_exact =
            matches!(operator, Operator::Pattern | Operator::Ipattern | Operator::NotPattern | Operator::NotIpattern);
        let is_number = matches!(self.type_of(), FieldType::Integer | FieldType::Float | FieldType::Monetary);
        let fits = match comparison {
            Comparison::Equality => true,
            Comparison::Ordering => has_order,
            Comparison::Pattern if is_exact && is_number && self.major < 19 => {
                return Err(Mismatch::Operator(EQUALITY_ORDER));
            }
            Comparison::Pattern => has_patterns,
            Comparison::Hierarchy => has_tree,
        };
        if fits { Ok(()) } else { Err(Mismatch::Operator(fit)) }
    }

    fn equality(self, operator: Operator, value: &Value<'static>) -> Result<Condition, Mismatch> {
        if self.type_of() == FieldType::Properties {
            return Err("a path to one of its properties, such as field.property".into());
        }
        let negative = matches!(operator, Operator::NotEqual | Operator::NotIn);
        match (operator, value) {
            (Operator::EqualIfSet, Value::Bool(false)) => Ok(Condition::All(Vec::new())),
            (Operator::EqualIfSet, Value::List(_)) => Err("one value, not a list".into()),
            // Odoo 19 and older versions interpret this differently.
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
    fn among(self, negative: bool, items: &[Value<'static>]) -> Result<Condition, Mismatch> {
        if items.is_empty() {
            return Ok(if negative { Condition::All(Vec::new()) } else { Condition::Any(Vec::new()) });
        }
        if self.type_of() == FieldType::Datetime {
            let condition =
                if negative { datetime_bounds::none_of(self, items) } else { datetime_bounds::one_of(self, items) };
            return condition.map_err(Mismatch::from);
        }
        let items = items.iter().map(|item| self.member(item)).collect::<Result<Vec<_>, _>>()?;
        let (single, together): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| self.needs_own_term(item, negative));
        if single.is_empty() {
            let operator = if negative { Operator::NotIn } else { Operator::In };
            return Ok(Condition::Compare(operator, Value::List(together)));
        }
        let (one, several) =
            if negative { (Operator::NotEqual, Operator::NotIn) } else { (Operator::Equal, Operator::In) };
        let mut conditions: Vec<_> = single.into_iter().map(|item| Condition::Compare(one, item)).collect();
        if !together.is_empty() {
            conditions.push(Condition::Compare(several, Value::List(together)));
        }
        Ok(if negative { Condition::All(conditions) } else { Condition::Any(conditions) })
    }

    /// Whether Odoo does not accept this value in a list: 14-18 search by one name at a time, and no version has
    /// lists with an empty value for x2many, binary and translated fields, or with numbers of fields that use a
    /// search method.
    fn needs_own_term(self, item: &Value<'_>, negative: bool) -> bool {
        let is_empty = item.is_null_or_false();
        let ComparedKind::Field(field) = self.kind else { return false };
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

    /// A value for an equality comparison.
    fn member(self, value: &Value<'static>) -> Result<Value<'static>, Mismatch> {
        if value.is_null_or_false() {
            return Ok(Value::Bool(false));
        }
        match self.type_of() {
            FieldType::Boolean => {
                bool_and_int::boolean_from_value(value).map(Value::Bool).map_err(|_| "true or false".into())
            }
            FieldType::Binary | FieldType::Other => Err("false: this field can only be tested for emptiness".into()),
            FieldType::Many2one | FieldType::One2many | FieldType::Many2many if value.as_text().is_some() => {
                Ok(value.clone())
            }
            FieldType::Many2one | FieldType::One2many | FieldType::Many2many => {
                integer(value).ok_or_else(|| "a record id, a name, or false".into())
            }
            _ => self.scalar(value),
        }
    }

    /// A value of the field's type.
    fn scalar(self, value: &Value<'static>) -> Result<Value<'static>, Mismatch> {
        match self.type_of() {
            FieldType::Integer | FieldType::Many2one => {
                integer(value).ok_or_else(|| "an integer from -2147483648 to 2147483647".into())
            }
            FieldType::Float | FieldType::Monetary => number(value).ok_or_else(|| "a number".into()),
            FieldType::Date => self.date(value),
            FieldType::Json => Ok(value.clone()),
            _ => text(value).ok_or_else(|| "a string".into()),
        }
    }

    fn date(self, value: &Value<'static>) -> Result<Value<'static>, Mismatch> {
        let text = value.as_text().ok_or("a date as a string, or false")?.trim();
        if self.major >= 19 && datetime_bounds::is_date_expression(text) {
            return Ok(Value::from(text.to_owned()));
        }
        let expected = |sentence: &'static str| sentence.strip_prefix("expected ").unwrap_or(sentence);
        Ok(Value::from(to_odoo_date(text).map_err(expected)?))
    }

    fn ordering(self, operator: Operator, value: &Value<'static>) -> Result<Condition, Mismatch> {
        if let Value::List(_) = value {
            return Err("one value, not a list".into());
        }
        let kind = self.type_of();
        if kind == FieldType::Datetime {
            return datetime_bounds::ordering_condition(self, operator, value).map_err(Mismatch::from);
        }
        let is_number = matches!(self.kind, ComparedKind::Id | ComparedKind::DatePart | ComparedKind::FileSize);
        let is_empty = value.is_null_or_false() && !is_number;
        let value = if is_empty { Value::Bool(false) } else { self.scalar(value)? };
        Ok(Condition::Compare(operator, value))
    }

    /// Numbers are searched by their digits, as in Odoo. `false` matches everything, and is sent unchanged where Odoo
    /// treats it that way.
    fn pattern(self, operator: Operator, value: &Value<'static>) -> Result<Condition, Mismatch> {
        let pattern = match value {
            Value::Bool(false) if self.accepts_false_pattern() => Some(Value::Bool(false)),
            Value::Text(_) | Value::Int(_) | Value::Float(_) => text(value),
            _ => None,
        };
        Ok(Condition::Compare(operator, pattern.ok_or("a string")?))
    }

    fn accepts_false_pattern(self) -> bool {
        !matches!(self.kind, ComparedKind::Property) && self.type_of() != FieldType::Json
    }
}

/// Odoo starts from ids, or from the records that it finds by name; only 17 and later accept a mix.
fn hierarchy(operator: Operator, value: &Value<'static>) -> Result<Condition, Mismatch> {
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

/// An integer within the 32 bits of a column; also as a string or as a float without a fraction.
fn integer(value: &Value<'_>) -> Option<Value<'static>> {
    let integer = match value {
        Value::Int(integer) => Some(*integer),
        Value::Text(text) => text.trim().parse().ok(),
        #[expect(clippy::cast_possible_truncation, reason = "values over 32 bits are rejected below")]
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

/// A string, or a number as its digits.
fn text(value: &Value<'static>) -> Option<Value<'static>> {
    match value {
        Value::Text(_) => Some(value.clone()),
        Value::Int(_) | Value::Float(_) => Some(Value::from(value.excerpt(usize::MAX))),
        _ => None,
    }
}
