//! Values of properties fields (Odoo 16+).
//!
//! For Odoo a dictionary `{name: value}` is the complete value: properties that it does not name are cleared. The
//! gateway changes only the named ones: it reads the present values together with the existence check and adds them.
//! A list, Odoo's full form, is complete and sent unchanged.
//!
//! In: a value; later the present values as `read` returns them, `[{name, type, value?, …}, …]`. Out: the value to
//! write. Must not know: how the present values are read.

use super::{Purpose, ValueCheck, ValuePath, scalar};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::FieldName;
use crate::plan::datetime::{to_odoo_date, to_odoo_datetime};
use crate::plan::error::PlanError;
use crate::plan::model_schema::{FieldType, Schema};
use crate::value::{Member, Value};

/// A properties field that is written as a dictionary and must be completed first.
#[derive(Debug, Clone, PartialEq)]
pub struct PropertiesMerge {
    /// The field.
    pub field: FieldName,
    parameter: &'static str,
}

/// The fields of checked `values` that must be completed.
pub(in crate::plan) fn properties_merges(
    parameter: &'static str,
    values: &Value<'_>,
    schema: &Schema,
) -> Vec<PropertiesMerge> {
    let partial_field = |(name, value): &Member<'_>| {
        let is_properties = schema.field(name).is_some_and(|field| field.kind == FieldType::Properties);
        (is_properties && matches!(value, Value::Map(_))).then(|| FieldName::parse(name).ok()).flatten()
    };
    let fields = values.as_map().unwrap_or_default().iter().filter_map(partial_field);
    fields.map(|field| PropertiesMerge { field, parameter }).collect()
}

impl ValueCheck<'_> {
    pub(super) fn properties(self, path: ValuePath<'_>, value: &Value<'static>) -> Result<(), PlanError> {
        match (value, self.purpose) {
            (Value::List(_), _) => self.full_list(path, value),
            (Value::Map(_), Purpose::Create | Purpose::Preview) => scalar::structure(path, value),
            (Value::Map(_), Purpose::Update) if self.is_top_level => scalar::structure(path, value),
            (Value::Map(_), Purpose::Update) => Err(path.mismatch(
                "expected the full list of properties: in related records, an object clears the properties it does not name",
                value,
            )),
            _ => Err(path.mismatch("expected properties", value)),
        }
    }

    /// A list can also change the definition, which belongs to another record.
    fn full_list(self, path: ValuePath<'_>, value: &Value<'static>) -> Result<(), PlanError> {
        let defines = |item: &Value<'_>| {
            ["definition_changed", "definition_deleted"]
                .iter()
                .any(|key| item.get(key).is_some_and(|v| !v.is_null_or_false()))
        };
        if !self.scope_check.is_unrestricted() && value.as_list().unwrap_or_default().iter().any(defines) {
            return Err(self.scope_check.forbidden(&path, "changing the definition of properties"));
        }
        scalar::structure(path, value)
    }
}

impl PropertiesMerge {
    /// Completes the values of a write with the present values of the records.
    ///
    /// # Errors
    /// 400 for a property that a record does not have, for a value that does not fit, and for records whose
    /// properties differ: they would need several writes.
    pub fn complete(&self, values: &mut Value<'static>, records: &Value<'_>) -> Result<(), Problem> {
        let Value::Map(members) = values else { return Ok(()) };
        let Some((_, given)) = members.iter_mut().find(|(name, _)| name == self.field.as_str()) else { return Ok(()) };
        let mut full: Option<Value<'static>> = None;
        for record in records.as_list().unwrap_or_default() {
            let present = record.get(self.field.as_str()).and_then(Value::as_list).unwrap_or_default();
            let completed = self.completed(given, present)?;
            match &full {
                Some(other) if *other != completed => return Err(self.records_differ()),
                _ => full = Some(completed),
            }
        }
        *given = full.unwrap_or_default();
        Ok(())
    }

    fn completed(&self, given: &Value<'static>, present: &[Value<'_>]) -> Result<Value<'static>, Problem> {
        let mut remaining: Vec<&Member<'static>> = given.as_map().unwrap_or_default().iter().collect();
        let mut members: Vec<Member<'static>> = Vec::with_capacity(present.len());
        for definition in present {
            let Some(name) = definition.get("name").and_then(Value::as_text) else { continue };
            let value = match remaining.iter().position(|(named, _)| named == name) {
                Some(at) => Some(self.checked(name, remaining.swap_remove(at).1.clone(), definition)?),
                None => present_value(definition),
            };
            members.extend(value.map(|value| (name.to_owned().into(), value)));
        }
        match remaining.first() {
            None => Ok(Value::Map(members)),
            Some((name, _)) => Err(self.unknown_property(name, present)),
        }
    }

    /// Checks the value of a property by the type of its definition.
    fn checked(
        &self,
        name: &str,
        mut value: Value<'static>,
        definition: &Value<'_>,
    ) -> Result<Value<'static>, Problem> {
        let (root, kind) = (ValuePath::root(self.parameter), definition.get("type").and_then(Value::as_text));
        let field = root.name(self.field.as_str());
        let path = field.name(name);
        if value.is_null_or_false() {
            return Ok(Value::Bool(false));
        }
        let checked = match kind.unwrap_or_default() {
            "boolean" => scalar::boolean(path, &mut value),
            "integer" => scalar::integer(path, &value),
            "float" | "monetary" => scalar::float(path, &value),
            "char" | "text" | "html" => scalar::text(path, &value),
            "date" => scalar::date_or_datetime(path, &mut value, to_odoo_date),
            "datetime" => scalar::date_or_datetime(path, &mut value, to_odoo_datetime),
            "many2one" => scalar::many2one(path, &mut value),
            "selection" => check_selection(path, &value, definition),
            _ => Ok(()),
        };
        match checked {
            Err(PlanError::Rejected(problem)) => Err(*problem),
            _ => Ok(value),
        }
    }

    fn unknown_property(&self, name: &str, present: &[Value<'_>]) -> Problem {
        let excerpt: String = name.chars().take(64).collect();
        let parameter = format!("{}.{}", self.parameter, self.field);
        let describe = |definition: &Value<'_>| {
            let text = |key| definition.get(key).and_then(Value::as_text).map(str::to_owned);
            Some(format!("{} ({})", text("name")?, text("string").unwrap_or_default()))
        };
        let existing: Vec<String> = present.iter().take(20).filter_map(describe).collect();
        let problem =
            Problem::new(ErrorCode::InvalidValue, format!("{parameter}: the record has no property `{excerpt}`."));
        let hint = if existing.is_empty() {
            "The record has no properties.".to_owned()
        } else {
            format!("The record has {}.", existing.join(", "))
        };
        problem.parameter(parameter).hint(hint)
    }

    fn records_differ(&self) -> Problem {
        let parameter = format!("{}.{}", self.parameter, self.field);
        let reason = "the records have different values in the properties that the request does not name";
        let detail = format!("{parameter}: {reason}.");
        Problem::new(ErrorCode::InvalidValue, detail).parameter(parameter).hint("Update the records one at a time.")
    }
}

fn check_selection(path: ValuePath<'_>, value: &Value<'static>, definition: &Value<'_>) -> Result<(), PlanError> {
    let options = definition.get("selection").and_then(Value::as_list).unwrap_or_default();
    let is_option = |option: &Value<'_>| option.as_list().and_then(<[_]>::first).is_some_and(|key| key == value);
    if options.iter().any(is_option) {
        return Ok(());
    }
    Err(path.mismatch("expected one of the property's options", value))
}

/// A present value in the form that a write expects: related records as ids. A property without a value stays without
/// one.
fn present_value(definition: &Value<'_>) -> Option<Value<'static>> {
    let record_id = |pair: &Value<'_>| match pair {
        Value::List(parts) => parts.first().cloned().unwrap_or_default().into_owned(),
        other => other.clone().into_owned(),
    };
    let value = definition.get("value")?;
    Some(match (definition.get("type").and_then(Value::as_text), value) {
        (Some("many2one"), pair) => record_id(pair),
        (Some("many2many"), Value::List(pairs)) => pairs.iter().map(record_id).collect(),
        (_, value) => value.clone().into_owned(),
    })
}
