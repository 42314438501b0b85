//! Values for `create` and `write`, checked against the type of their field before Odoo sees them.
//!
//! ```text
//! x2many = false | null | [ id, … ] | [ command, … ]
//! command = [0, _, values] | [1, id, values] | [2, id] | [3, id] | [4, id] | [5] | [6, _, [id, …]]
//! ```
//!
//! In: a map of values and the model's schema. Out: the map as Odoo takes it, dates converted, commands in full
//! length. Must not know: HTTP, who calls. Odoo stores something else in silence for many wrong values (19: a text
//! written to a many2one empties it, text that is no base64 is cut, unknown commands are ignored): here they are 400.

use std::fmt;

use super::datetime::{to_odoo_date, to_odoo_datetime};
use super::guard::{Guard, polymorphic};
use super::known::{Known, PlanError, schema_of};
use super::schema::{Field, FieldType, Schema};
use super::scope::Operation;
use crate::error::Problem;
use crate::explain::Code;
use crate::names::{ModelName, RecordId};
use crate::value::Value;

/// Whether records are made or changed: a properties dictionary would clear what it does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Values of a new record.
    Create,
    /// Values for records that exist.
    Update,
    /// Values of a form that is not saved (`onchange`).
    Try,
}

impl Purpose {
    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Create => Operation::Create,
            Self::Update => Operation::Update,
            Self::Try => Operation::Read,
        }
    }
}

/// Where in the request a value stands; printed only when something is wrong there.
#[derive(Clone, Copy)]
struct Place<'p> {
    within: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Name(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    fn root(parameter: &'p str) -> Self {
        Place { within: None, step: Step::Name(parameter) }
    }

    fn name(&'p self, name: &'p str) -> Place<'p> {
        Place { within: Some(self), step: Step::Name(name) }
    }

    fn index(&'p self, index: usize) -> Place<'p> {
        Place { within: Some(self), step: Step::Index(index) }
    }

    fn refuse(&self, expected: &str, found: &Value<'_>) -> PlanError {
        let detail = format!("{self}: {expected}, found {} {}", found.kind(), found.excerpt(60));
        Problem::new(Code::InvalidValue, detail).parameter(self.to_string()).into()
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.within, self.step) {
            (None, Step::Name(name)) => out.write_str(name),
            (Some(within), Step::Name(name)) => write!(out, "{within}.{name}"),
            (None, Step::Index(index)) => write!(out, "[{index}]"),
            (Some(within), Step::Index(index)) => write!(out, "{within}[{index}]"),
        }
    }
}

/// What the functions of this room pass on: the purpose, what is known and what may be touched.
#[derive(Clone, Copy)]
struct Check<'s> {
    purpose: Purpose,
    known: &'s dyn Known,
    guard: Guard<'s>,
}

/// Checks the values of one record and turns them, in place, into the form Odoo takes. What stands in that form
/// already stays as it is, so that a check which stopped for want of a schema can simply be made again.
///
/// # Errors
/// The first value that does not fit, or reaches beyond the scope, names its place, as `vals.order_line[0].product_id`.
pub(super) fn check_record(
    parameter: &str,
    values: &mut Value<'static>,
    purpose: Purpose,
    schema: &Schema,
    known: &dyn Known,
    guard: Guard<'_>,
) -> Result<(), PlanError> {
    Check { purpose, known, guard }.record(Place::root(parameter), values, schema)
}

/// Checks the values of many new records; each is told apart by its place in the list.
///
/// # Errors
/// As [`check_record`].
pub(super) fn check_records(
    parameter: &str,
    records: &mut [Value<'static>],
    schema: &Schema,
    known: &dyn Known,
    guard: Guard<'_>,
) -> Result<(), PlanError> {
    let check = Check { purpose: Purpose::Create, known, guard };
    let root = Place::root(parameter);
    records.iter_mut().enumerate().try_for_each(|(n, values)| check.record(root.index(n), values, schema))
}

impl Check<'_> {
    fn record(self, place: Place<'_>, values: &mut Value<'static>, schema: &Schema) -> Result<(), PlanError> {
        let Value::Map(members) = values else {
            return Err(place.refuse("expected an object of field names and values", values));
        };
        for (name, value) in members {
            self.guard.field(&schema.model, self.purpose.operation(), name, &place.name(name))?;
            polymorphic::check_value(self.guard, schema, name, value, &place.name(name))?;
            let field = schema.field(name).ok_or_else(|| self.guard.unknown(schema, name, &place.to_string()))?;
            self.value(place.name(name), value, field)?;
        }
        Ok(())
    }

    fn value(self, place: Place<'_>, value: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        if field.kind.is_x2many() {
            return self.commands(place, value, field);
        }
        if value.is_empty_word() {
            *value = Value::Bool(false);
            return Ok(());
        }
        match field.kind {
            FieldType::Boolean => boolean(place, value),
            FieldType::Integer => integer(place, value),
            FieldType::Float | FieldType::Monetary => float(place, value),
            FieldType::Char | FieldType::Text | FieldType::Html => text(place, value),
            FieldType::Date => moment(place, value, to_odoo_date),
            FieldType::Datetime => moment(place, value, to_odoo_datetime),
            FieldType::Binary => binary(place, value),
            FieldType::Selection => selection(place, value, field),
            FieldType::Many2one => many2one(place, value),
            FieldType::Reference => self.reference(place, value),
            FieldType::Properties => properties(place, value, self.purpose),
            FieldType::One2many | FieldType::Many2many | FieldType::Other => Ok(()),
        }
    }

    /// An empty list stays one: to Odoo it is "no commands", not "no records".
    fn commands(self, place: Place<'_>, value: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        match value {
            Value::Null | Value::Bool(false) => {
                self.ask_for_command(place, 5, field)?;
                *value = Value::List(vec![command(5, Value::Int(0), Value::Int(0))]);
                Ok(())
            }
            Value::List(items) if items.iter().all(|item| matches!(item, Value::List(_))) => {
                items.iter_mut().enumerate().try_for_each(|(n, item)| self.command(place.index(n), item, field))
            }
            Value::List(items) => {
                self.ask_for_command(place, 6, field)?;
                check_ids(place, items)?;
                *value = Value::List(vec![command(6, Value::Int(0), Value::List(std::mem::take(items)))]);
                Ok(())
            }
            other => Err(place.refuse("expected a list of ids or of commands such as [4, id] or [0, 0, {…}]", other)),
        }
    }

    fn command(self, place: Place<'_>, item: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        const EXPECTED: &str =
            "expected a command: [0, 0, {…}], [1, id, {…}], [2, id], [3, id], [4, id], [5] or [6, 0, [ids]]";
        let integer = |n: usize| item.as_list().and_then(|parts| parts.get(n)).and_then(Value::as_int);
        let id = integer(1).and_then(RecordId::new).map(|id| Value::Int(id.get()));
        let (number, id) = match (integer(0), id) {
            (Some(number @ (0 | 5 | 6)), _) => (number, Value::Int(0)),
            (Some(number @ 1..=4), Some(id)) => (number, id),
            _ => return Err(place.refuse(EXPECTED, item)),
        };
        self.ask_for_command(place, number, field)?;
        let Some((second, third)) = rest_of(item) else { return Err(place.refuse(EXPECTED, item)) };
        match number {
            0 => self.of_new_record().nested(place.index(2), third, field)?,
            1 => self.nested(place.index(2), third, field)?,
            6 => match third {
                Value::List(items) => check_ids(place.index(2), items)?,
                other => return Err(place.index(2).refuse("expected a list of record ids", other)),
            },
            _ => *third = Value::Int(0),
        }
        *second = id;
        Ok(())
    }

    fn of_new_record(self) -> Self {
        match self.purpose {
            Purpose::Create | Purpose::Update => Check { purpose: Purpose::Create, ..self },
            Purpose::Try => self,
        }
    }

    fn nested(self, place: Place<'_>, values: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        let Some(model) = &field.relation else { return Ok(()) };
        let schema = schema_of(self.known, model)?;
        if self.purpose == Purpose::Create {
            self.guard.defaults_of(&schema, &place)?;
        }
        self.record(place, values, &schema)
    }

    fn ask_for_command(self, place: Place<'_>, number: i64, field: &Field) -> Result<(), PlanError> {
        match self.purpose {
            Purpose::Create | Purpose::Update => self.guard.command(number, field, &place),
            Purpose::Try => self.guard.beyond(field, Operation::Read, &place),
        }
    }

    fn reference(self, place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
        let pair = value.as_text().and_then(|text| text.split_once(','));
        match pair.map(|(model, id)| (ModelName::parse(model), RecordId::parse(id))) {
            Some((Ok(model), Some(_))) => self.guard.model(&model, Operation::Read, &place),
            _ => Err(place.refuse("expected model,id as text, such as res.partner,7", value)),
        }
    }
}

fn command(number: i64, id: Value<'static>, rest: Value<'static>) -> Value<'static> {
    Value::List(vec![Value::Int(number), id, rest])
}

/// What follows a command's number, brought to full length.
fn rest_of<'v>(command: &'v mut Value<'static>) -> Option<(&'v mut Value<'static>, &'v mut Value<'static>)> {
    let Value::List(parts) = command else { return None };
    parts.resize(3, Value::Null);
    match parts.as_mut_slice() {
        [_, second, third] => Some((second, third)),
        _ => None,
    }
}

fn check_ids(place: Place<'_>, items: &[Value<'static>]) -> Result<(), PlanError> {
    match items.iter().enumerate().find(|(_, item)| item.as_int().and_then(RecordId::new).is_none()) {
        None => Ok(()),
        Some((n, item)) => Err(place.index(n).refuse("expected a record id", item)),
    }
}

fn boolean(place: Place<'_>, value: &mut Value<'static>) -> Result<(), PlanError> {
    match value {
        Value::Bool(_) => {}
        Value::Int(n @ (0 | 1)) => *value = Value::Bool(*n == 1),
        other => return Err(place.refuse("expected true or false", other)),
    }
    Ok(())
}

/// Odoo keeps 32 bits and says of more that they are out of range, but not of which field.
fn integer(place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    const EXPECTED: &str = "expected an integer from -2147483648 to 2147483647";
    let fits = match value {
        Value::Int(n) => i32::try_from(*n).is_ok(),
        Value::Float(f) => f.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(f),
        Value::Text(text) => text.trim().parse::<i32>().is_ok(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(place.refuse(EXPECTED, value)) }
}

fn float(place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    let fits = match value {
        Value::Int(_) => true,
        Value::Float(f) => f.is_finite(),
        Value::Text(text) => text.trim().parse().is_ok_and(f64::is_finite),
        _ => false,
    };
    if fits { Ok(()) } else { Err(place.refuse("expected a number", value)) }
}

fn text(place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    match value.as_text().map(|text| text.chars().find(|c| is_control(*c))) {
        Some(None) => Ok(()),
        Some(Some(control)) => {
            let expected =
                format!("expected a text without control characters (it holds U+{:04X})", u32::from(control));
            Err(place.refuse(&expected, value))
        }
        None => Err(place.refuse("expected a text", value)),
    }
}

/// What XML 1.0 cannot carry, so that Odoo would refuse the whole request or lose the character.
fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn moment(
    place: Place<'_>,
    value: &mut Value<'static>,
    convert: fn(&str) -> Result<String, &'static str>,
) -> Result<(), PlanError> {
    match value.as_text().map(convert) {
        Some(Ok(odoo)) => *value = Value::from(odoo),
        Some(Err(reason)) => return Err(place.refuse(reason, value)),
        None => return Err(place.refuse("expected a date as text", value)),
    }
    Ok(())
}

fn binary(place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
    match value.as_text() {
        Some(text) if is_base64(text) => Ok(()),
        _ => Err(place.refuse("expected base64 text (RFC 4648, padded)", value)),
    }
}

/// Line breaks are allowed, as MIME and Python's `encodebytes` put them.
fn is_base64(text: &str) -> bool {
    let mut length = 0_usize;
    let mut padding = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'\r' | b'\n' => continue,
            b'=' => padding += 1,
            _ if padding > 0 => return false,
            _ if byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/' => {}
            _ => return false,
        }
        length += 1;
    }
    length.is_multiple_of(4) && padding <= 2
}

fn selection(place: Place<'_>, value: &Value<'static>, field: &Field) -> Result<(), PlanError> {
    let Some(keys) = &field.selection else { return Ok(()) };
    if value.as_text().is_some_and(|text| keys.iter().any(|key| key == text)) {
        return Ok(());
    }
    let shown = keys.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if keys.len() > 20 { ", …" } else { "" };
    Err(place.refuse(&format!("expected one of {shown}{more}"), value))
}

fn many2one(place: Place<'_>, value: &mut Value<'static>) -> Result<(), PlanError> {
    let id = match &*value {
        Value::List(pair) => pair.first().and_then(Value::as_int),
        other => other.as_int(),
    };
    match id.and_then(RecordId::new) {
        Some(id) => *value = Value::Int(id.get()),
        None => return Err(place.refuse("expected a record id, false, null or [id, name]", value)),
    }
    Ok(())
}

fn properties(place: Place<'_>, value: &Value<'static>, purpose: Purpose) -> Result<(), PlanError> {
    match (value, purpose) {
        (Value::List(_), _) | (Value::Map(_), Purpose::Create | Purpose::Try) => Ok(()),
        (Value::Map(_), Purpose::Update) => {
            Err(place
                .refuse("expected the full list of properties: Odoo clears those that an object leaves out", value))
        }
        _ => Err(place.refuse("expected properties", value)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::samples::{Samples, partner};
    use super::super::scope::Scope;
    use super::*;

    fn json(text: &str) -> Value<'static> {
        fn convert(value: serde_json::Value) -> Value<'static> {
            match value {
                serde_json::Value::Null => Value::Null,
                serde_json::Value::Bool(b) => Value::Bool(b),
                serde_json::Value::Number(n) => {
                    n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap()), Value::Int)
                }
                serde_json::Value::String(s) => Value::from(s),
                serde_json::Value::Array(items) => items.into_iter().map(convert).collect(),
                serde_json::Value::Object(map) => {
                    Value::Map(map.into_iter().map(|(k, v)| (k.into(), convert(v))).collect())
                }
            }
        }
        convert(serde_json::from_str(text).unwrap())
    }

    fn open() -> Guard<'static> {
        Guard::new(&Scope::All, &[])
    }

    fn check(text: &str) -> Result<String, String> {
        let mut values = json(text);
        match check_record("vals", &mut values, Purpose::Update, &partner(), &Samples, open()) {
            Ok(()) => Ok(serde_json::to_string(&values).unwrap()),
            Err(PlanError::Refused(problem)) => Err(problem.detail),
            Err(PlanError::Lacking(lack)) => Err(format!("{lack:?}")),
        }
    }

    #[test]
    fn values_of_the_right_type_reach_odoo_in_its_form() {
        for (given, sent) in [
            (r#"{"name":"Ann","color":3,"credit":1.5}"#, r#"{"name":"Ann","color":3,"credit":1.5}"#),
            (r#"{"name":null,"color":"7","credit":"1e3"}"#, r#"{"name":false,"color":"7","credit":"1e3"}"#),
            (r#"{"active":1}"#, r#"{"active":true}"#),
            (
                r#"{"create_date":"2026-01-31T10:00:00+02:00","date":"2026-01-31T10:00:00Z"}"#,
                r#"{"create_date":"2026-01-31 08:00:00","date":"2026-01-31"}"#,
            ),
            (r#"{"country_id":[5,"Belgium"],"parent_id":false}"#, r#"{"country_id":5,"parent_id":false}"#),
            (r#"{"type":"invoice"}"#, r#"{"type":"invoice"}"#),
            (r#"{"image_1920":"aGVs\nbG8="}"#, r#"{"image_1920":"aGVs\nbG8="}"#),
            (r#"{"ref_to":"res.partner,7"}"#, r#"{"ref_to":"res.partner,7"}"#),
            (r#"{"category_id":[1,2,2]}"#, r#"{"category_id":[[6,0,[1,2,2]]]}"#),
            (r#"{"category_id":[]}"#, r#"{"category_id":[]}"#),
            (r#"{"category_id":false}"#, r#"{"category_id":[[5,0,0]]}"#),
            (
                r#"{"category_id":[[4,7],[3,8,0],[5],[6,false,[1]]]}"#,
                r#"{"category_id":[[4,7,0],[3,8,0],[5,0,0],[6,0,[1]]]}"#,
            ),
            (
                r#"{"child_ids":[[0,false,{"name":"B","country_id":[3,"x"]}]]}"#,
                r#"{"child_ids":[[0,0,{"name":"B","country_id":3}]]}"#,
            ),
        ] {
            assert_eq!(check(given).as_deref(), Ok(sent), "{given}");
        }
    }

    #[test]
    fn what_odoo_would_store_as_something_else_is_refused_by_name() {
        for (given, start) in [
            (
                r#"{"country_id":"abc"}"#,
                "vals.country_id: expected a record id, false, null or [id, name], found a text",
            ),
            (r#"{"country_id":0}"#, "vals.country_id: expected a record id"),
            (r#"{"country_id":true}"#, "vals.country_id: expected a record id"),
            (r#"{"name":["x"]}"#, "vals.name: expected a text, found a list [\"x\"]"),
            (r#"{"name":"a\u0000b"}"#, "vals.name: expected a text without control characters (it holds U+0000"),
            (r#"{"active":"yes"}"#, "vals.active: expected true or false"),
            (r#"{"color":1.5}"#, "vals.color: expected an integer from -2147483648 to 2147483647, found a number 1.5"),
            (r#"{"color":"abc"}"#, "vals.color: expected an integer"),
            (r#"{"color":2147483648}"#, "vals.color: expected an integer from -2147483648 to 2147483647"),
            (r#"{"color":"-2147483649"}"#, "vals.color: expected an integer from"),
            (r#"{"color":3e9}"#, "vals.color: expected an integer from"),
            (r#"{"credit":"inf"}"#, "vals.credit: expected a number"),
            (r#"{"image_1920":"no base64!"}"#, "vals.image_1920: expected base64"),
            (r#"{"image_1920":"abc"}"#, "vals.image_1920: expected base64"),
            (r#"{"type":"zzz"}"#, "vals.type: expected one of contact, invoice, found a text \"zzz\""),
            (r#"{"create_date":"2026-02-30"}"#, "vals.create_date: expected a day of the calendar"),
            (r#"{"category_id":[[9,1]]}"#, "vals.category_id[0]: expected a command"),
            (r#"{"category_id":[1,"x"]}"#, "vals.category_id[1]: expected a record id"),
            (r#"{"category_id":{"a":1}}"#, "vals.category_id: expected a list of ids or of commands"),
            (r#"{"child_ids":[[1,3,{"color":"x"}]]}"#, "vals.child_ids[0][2].color: expected an integer"),
            (r#"{"child_ids":[[1,{"color":1}]]}"#, "vals.child_ids[0]: expected a command"),
            (r#"{"ref_to":"res.partner"}"#, "vals.ref_to: expected model,id"),
            (r#"{"props":{"a":1}}"#, "vals.props: expected the full list of properties"),
            (r#"{"nmae":"x"}"#, "The model res.partner has no field nmae"),
            (r#"[1]"#, "vals: expected an object of field names and values, found a list [1]"),
        ] {
            let refused = check(given).unwrap_err();
            assert!(refused.starts_with(start), "{given}: {refused}");
        }
    }

    #[test]
    fn nested_values_ask_for_the_schema_they_need() {
        let lacking = check(r#"{"category_id":[[0,0,{"name":"x"}]]}"#).unwrap_err();
        assert!(lacking.contains("res.partner.category"), "{lacking}");
    }

    #[test]
    fn a_check_that_stopped_or_was_made_leaves_values_that_can_be_checked_again() {
        let mut values =
            json(r#"{"date":"2026-01-31T10:00:00Z","category_id":[[5],[0,0,{"name":"x"}]],"child_ids":[7]}"#);
        let whole = values.clone();
        let once = check_record("vals", &mut values, Purpose::Update, &partner(), &Samples, open());
        assert!(matches!(once, Err(PlanError::Lacking(_))));
        assert_eq!(
            values.get("category_id").unwrap().as_list().unwrap()[1],
            whole.get("category_id").unwrap().as_list().unwrap()[1]
        );
        let mut values = json(r#"{"child_ids":[[0,0,{"date":"2026-01-31T10:00:00Z"}],[5]],"category_id":[7]}"#);
        check_record("vals", &mut values, Purpose::Update, &partner(), &Samples, open()).unwrap();
        let checked = values.clone();
        check_record("vals", &mut values, Purpose::Update, &partner(), &Samples, open()).unwrap();
        assert_eq!(values, checked);
    }
}
