//! Values of properties fields (Odoo 16+).
//!
//! To Odoo a dictionary `{name: value}` is the whole: what it does not name is emptied. Here it changes only what it names,
//! so the present values are read first, together with the proof that the records exist, and the dictionary is
//! completed with them. A list, Odoo's own full form, is the whole and passes.
//!
//! In: a value; later the present values as `read` answers them, `[{name, type, value?, …}, …]`. Out: what to write. Must
//! not know: how they are read.

use super::{Check, Place, Purpose, scalar};
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::FieldName;
use crate::plan::datetime::{to_odoo_date, to_odoo_datetime};
use crate::plan::metadata::PlanError;
use crate::plan::schema::{FieldType, Schema};
use crate::value::{Member, Value};

/// A properties field that is written by a dictionary, to be completed before it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// The field.
    pub field: FieldName,
    parameter: &'static str,
}

/// The fields of `values`, already checked, that are to be completed.
pub(in crate::plan) fn merges(parameter: &'static str, values: &Value<'_>, schema: &Schema) -> Vec<Merge> {
    let is_partial = |(name, value): &Member<'_>| {
        let is_properties = schema.field(name).is_some_and(|field| field.kind == FieldType::Properties);
        (is_properties && matches!(value, Value::Map(_))).then(|| FieldName::parse(name).ok()).flatten()
    };
    let fields = values.as_map().unwrap_or_default().iter().filter_map(is_partial);
    fields.map(|field| Merge { field, parameter }).collect()
}

impl Check<'_> {
    pub(super) fn properties(self, place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
        match (value, self.purpose) {
            (Value::List(_), _) => self.whole_list(place, value),
            (Value::Map(_), Purpose::Create | Purpose::Try) => scalar::structure(place, value),
            (Value::Map(_), Purpose::Update) if self.addressed => scalar::structure(place, value),
            (Value::Map(_), Purpose::Update) => Err(place.refuse(
                "expected the full list of properties: in records behind a relation, Odoo clears those that an object leaves out",
                value,
            )),
            _ => Err(place.refuse("expected properties", value)),
        }
    }

    /// A list can change the definition too, which belongs to another record.
    fn whole_list(self, place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
        let defines = |item: &Value<'_>| {
            ["definition_changed", "definition_deleted"]
                .iter()
                .any(|key| item.get(key).is_some_and(|v| !v.is_empty_word()))
        };
        if !self.guard.is_open() && value.as_list().unwrap_or_default().iter().any(defines) {
            return Err(self.guard.unclear(&place, "may not change the definition of properties"));
        }
        scalar::structure(place, value)
    }
}

impl Merge {
    /// Completes the values of a write with what the records have now.
    ///
    /// # Errors
    /// 400 for a property that a record does not have or that does not take its value, and for records whose
    /// properties differ: they would need several writes.
    pub fn complete(&self, values: &mut Value<'static>, records: &Value<'_>) -> Result<(), Problem> {
        let Value::Map(members) = values else { return Ok(()) };
        let Some((_, said)) = members.iter_mut().find(|(name, _)| name == self.field.as_str()) else { return Ok(()) };
        let mut whole: Option<Value<'static>> = None;
        for record in records.as_list().unwrap_or_default() {
            let present = record.get(self.field.as_str()).and_then(Value::as_list).unwrap_or_default();
            let completed = self.completed(said, present)?;
            match &whole {
                Some(other) if *other != completed => return Err(self.differ()),
                _ => whole = Some(completed),
            }
        }
        *said = whole.unwrap_or_default();
        Ok(())
    }

    fn completed(&self, said: &Value<'static>, present: &[Value<'_>]) -> Result<Value<'static>, Problem> {
        let mut left: Vec<&Member<'static>> = said.as_map().unwrap_or_default().iter().collect();
        let mut members: Vec<Member<'static>> = Vec::with_capacity(present.len());
        for definition in present {
            let Some(name) = definition.get("name").and_then(Value::as_text) else { continue };
            let value = match left.iter().position(|(named, _)| named == name) {
                Some(at) => Some(self.checked(name, left.swap_remove(at).1.clone(), definition)?),
                None => present_value(definition),
            };
            members.extend(value.map(|value| (name.to_owned().into(), value)));
        }
        match left.first() {
            None => Ok(Value::Map(members)),
            Some((name, _)) => Err(self.unknown(name, present)),
        }
    }

    /// A value of a property, checked by the type that its definition gives.
    fn checked(
        &self,
        name: &str,
        mut value: Value<'static>,
        definition: &Value<'_>,
    ) -> Result<Value<'static>, Problem> {
        let (root, kind) = (Place::root(self.parameter), definition.get("type").and_then(Value::as_text));
        let field = root.name(self.field.as_str());
        let place = field.name(name);
        if value.is_empty_word() {
            return Ok(Value::Bool(false));
        }
        let checked = match kind.unwrap_or_default() {
            "boolean" => scalar::boolean(place, &mut value),
            "integer" => scalar::integer(place, &value),
            "float" | "monetary" => scalar::float(place, &value),
            "char" | "text" | "html" => scalar::text(place, &value),
            "date" => scalar::moment(place, &mut value, to_odoo_date),
            "datetime" => scalar::moment(place, &mut value, to_odoo_datetime),
            "many2one" => scalar::many2one(place, &mut value),
            "selection" => one_of(place, &value, definition),
            _ => Ok(()),
        };
        match checked {
            Err(PlanError::Refused(problem)) => Err(*problem),
            _ => Ok(value),
        }
    }

    fn unknown(&self, name: &str, present: &[Value<'_>]) -> Problem {
        let shown: String = name.chars().take(64).collect();
        let parameter = format!("{}.{}", self.parameter, self.field);
        let known = |definition: &Value<'_>| {
            let text = |key| definition.get(key).and_then(Value::as_text).map(str::to_owned);
            Some(format!("{} ({})", text("name")?, text("string").unwrap_or_default()))
        };
        let known: Vec<String> = present.iter().take(20).filter_map(known).collect();
        let problem = Problem::new(Code::InvalidValue, format!("{parameter}: the record has no property {shown}."));
        let hint = if known.is_empty() { "It has none.".to_owned() } else { format!("It has {}.", known.join(", ")) };
        problem.parameter(parameter).hint(hint)
    }

    fn differ(&self) -> Problem {
        let parameter = format!("{}.{}", self.parameter, self.field);
        let detail = format!("{parameter}: the records differ in the properties that are not named here.");
        Problem::new(Code::InvalidValue, detail).parameter(parameter).hint("Update them one at a time.")
    }
}

fn one_of(place: Place<'_>, value: &Value<'static>, definition: &Value<'_>) -> Result<(), PlanError> {
    let options = definition.get("selection").and_then(Value::as_list).unwrap_or_default();
    let is_option = |option: &Value<'_>| option.as_list().and_then(<[_]>::first).is_some_and(|key| key == value);
    if options.iter().any(is_option) {
        return Ok(());
    }
    Err(place.refuse("expected one of the property's options", value))
}

/// A present value in the form that a write takes: records go by their ids. What was never set stays so.
fn present_value(definition: &Value<'_>) -> Option<Value<'static>> {
    let id_of = |pair: &Value<'_>| match pair {
        Value::List(parts) => parts.first().cloned().unwrap_or_default().into_owned(),
        other => other.clone().into_owned(),
    };
    let value = definition.get("value")?;
    Some(match (definition.get("type").and_then(Value::as_text), value) {
        (Some("many2one"), pair) => id_of(pair),
        (Some("many2many"), Value::List(pairs)) => pairs.iter().map(id_of).collect(),
        (_, value) => value.clone().into_owned(),
    })
}
