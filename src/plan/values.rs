//! Values for `create` and `write`, checked against the type of their field before they reach Odoo.
//!
//! ```text
//! input           the values of a request: a tree, or the fields and files of a form
//! form            form fields and files → a tree, by the type of each field
//! scalar          values of the simple types
//! binary          content of files: base64, or an object with the name of the file
//! x2many          values of one2many and many2many: ids, or Odoo's commands
//! named_commands  the same as named commands: {"link": [7], "create": {…}} → Odoo's commands
//! properties      values of properties: properties that are not named keep their values
//! value_path      the place of a value in the request
//! ```
//!
//! In: a map of values and the model's schema. Out: the map as Odoo expects it, with converted dates and complete
//! commands. Must not know: HTTP, who calls. Odoo silently stores something else for many wrong values (19: a string
//! in a many2one clears it, invalid base64 is truncated, unknown commands are ignored): here they are 400.

mod binary;
mod form;
mod input;
mod named_commands;
mod properties;
mod scalar;
mod value_path;
mod x2many;

#[cfg(test)]
mod tests;

pub use input::{EmptyList, FormEntry, Values};
pub use properties::PropertiesMerge;
pub(super) use properties::properties_merges;

use value_path::ValuePath;

use super::datetime::{to_odoo_date, to_odoo_datetime};
use super::error::PlanError;
use super::metadata::Metadata;
use super::model_schema::{DATAS, Field, FieldType, RAW, Schema};
use super::scope::Operation;
use super::scope_check::{ScopeCheck, polymorphic};
use crate::names::{ModelName, RecordId};
use crate::value::{Member, Value};

/// What the values are for. It decides how partial properties are handled: Odoo clears those that a dictionary does
/// not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Values of a new record.
    Create,
    /// Values for records that exist.
    Update,
    /// Values of a form that is not saved (`onchange`).
    Preview,
}

impl Purpose {
    pub(super) fn operation(self) -> Operation {
        match self {
            Self::Create => Operation::Create,
            Self::Update => Operation::Update,
            Self::Preview => Operation::Read,
        }
    }
}

/// The context of a check: purpose, metadata, scope.
#[derive(Clone, Copy)]
struct ValueCheck<'s> {
    purpose: Purpose,
    metadata: &'s dyn Metadata,
    scope_check: ScopeCheck<'s>,
    /// Whether these are values of the addressed records themselves, whose present properties can be read first.
    is_top_level: bool,
    /// The meaning of an empty list in an x2many field.
    empty_list: EmptyList,
}

/// Checks the values of one record and converts them in place to the form that Odoo expects. Values that already have
/// this form stay unchanged, so a check that stopped for missing metadata can be repeated.
///
/// # Errors
/// The first value that does not fit or is outside the scope, with its path, such as `vals.order_line[0].product_id`.
pub(super) fn check_record(
    parameter: &str,
    values: &mut Value<'static>,
    purpose: Purpose,
    schema: &Schema,
    metadata: &dyn Metadata,
    scope_check: ScopeCheck<'_>,
) -> Result<(), PlanError> {
    ValueCheck { purpose, metadata, scope_check, is_top_level: false, empty_list: EmptyList::Nothing }.record(
        ValuePath::root(parameter),
        values,
        schema,
    )
}

/// Checks the values of several new records. Their index is part of the path.
///
/// # Errors
/// As [`check_record`].
pub(super) fn check_records(
    parameter: &str,
    records: &mut [Value<'static>],
    schema: &Schema,
    metadata: &dyn Metadata,
    scope_check: ScopeCheck<'_>,
    empty_list: EmptyList,
) -> Result<(), PlanError> {
    let check = ValueCheck { purpose: Purpose::Create, metadata, scope_check, is_top_level: false, empty_list };
    let root = ValuePath::root(parameter);
    records.iter_mut().enumerate().try_for_each(|(n, values)| check.record(root.index(n), values, schema))
}

/// Checks the values of a request for one record that is created or changed. Form fields become a tree first,
/// permanently.
///
/// # Errors
/// As [`check_record`]. A form with unknown fields stays a form.
pub(super) fn check_input<'v>(
    values: &'v mut Values,
    purpose: Purpose,
    schema: &Schema,
    metadata: &dyn Metadata,
    scope_check: ScopeCheck<'_>,
) -> Result<&'v mut Value<'static>, PlanError> {
    let root = ValuePath::root(values.parameter);
    let tree = form::tree_mut(&mut values.input, root, purpose, schema, scope_check)?;
    ValueCheck { purpose, metadata, scope_check, is_top_level: true, empty_list: values.empty_list }
        .record(root, tree, schema)?;
    Ok(tree)
}

/// Checks the values of a request for several new records.
///
/// # Errors
/// As [`check_record`].
pub(super) fn check_many_inputs<'v>(
    values: &'v mut Values,
    schema: &Schema,
    metadata: &dyn Metadata,
    scope_check: ScopeCheck<'_>,
) -> Result<&'v mut Value<'static>, PlanError> {
    let (parameter, empty_list) = (values.parameter, values.empty_list);
    let tree = form::tree_mut(&mut values.input, ValuePath::root(parameter), Purpose::Create, schema, scope_check)?;
    match tree {
        Value::List(records) => check_records(parameter, records, schema, metadata, scope_check, empty_list)?,
        other => return Err(ValuePath::root(parameter).mismatch("expected a list of objects", other)),
    }
    Ok(tree)
}

impl ValueCheck<'_> {
    fn record(self, path: ValuePath<'_>, values: &mut Value<'static>, schema: &Schema) -> Result<(), PlanError> {
        let Value::Map(members) = values else {
            return Err(path.mismatch("expected an object of field names and values", values));
        };
        self.move_content(path, members, schema)?;
        for (name, value) in members {
            self.require_field(path, schema, name)?;
            self.require_filename(path.name(name), schema, name, value)?;
            polymorphic::check_value(self.scope_check, schema, name, value, &path.name(name))?;
            let field =
                schema.field(name).ok_or_else(|| self.scope_check.unknown_field(schema, name, &path.to_string()))?;
            self.value(path.name(name), value, field)?;
        }
        Ok(())
    }

    /// Checks a field under its own name. A field with two names may be written if the scope allows one of them and
    /// hides none.
    fn require_field(self, path: ValuePath<'_>, schema: &Schema, name: &str) -> Result<(), PlanError> {
        let operation = self.purpose.operation();
        let require = |name: &str| self.scope_check.require_field(&schema.model, operation, name, &path.name(name));
        match require(name) {
            Err(rejected @ PlanError::Rejected(_)) => {
                match schema.field(name).and_then(|field| field.alias.or(field.alias_of)) {
                    Some(other) => require(other),
                    None => Err(rejected),
                }
            }
            result => result,
        }
    }

    /// The name of the file of an attachment is its field `name`.
    fn require_filename(
        self,
        path: ValuePath<'_>,
        schema: &Schema,
        name: &str,
        value: &Value<'_>,
    ) -> Result<(), PlanError> {
        let names_file = value.get(binary::FILENAME).is_some_and(|filename| !filename.is_falsy());
        if !names_file || !schema.field(name).is_some_and(Field::is_attachment_content) {
            return Ok(());
        }
        let operation = self.purpose.operation();
        self.scope_check.require_field(&schema.model, operation, "name", &path.name(binary::FILENAME))
    }

    /// Attachments have one content with two names. Until Odoo 19.2, Odoo would store base64 in `raw` as it is, so it
    /// moves to `datas`. Later versions expect base64 in `raw`, and have no `datas`.
    fn move_content(
        self,
        path: ValuePath<'_>,
        members: &mut [Member<'static>],
        schema: &Schema,
    ) -> Result<(), PlanError> {
        let binary = |name| schema.field(name).filter(|field| field.kind == FieldType::Binary);
        let (Some(raw), Some(datas)) = (binary(RAW), binary(DATAS)) else { return Ok(()) };
        let (from, field, to) = match datas.alias_of {
            Some(_) => (DATAS, datas, RAW),
            None if self.purpose == Purpose::Preview => return Ok(()),
            None => (RAW, raw, DATAS),
        };
        let has = |key: &str| members.iter().any(|(name, _)| name == key);
        if has(RAW) && has(DATAS) {
            return Err(path.invalid("`raw` and `datas` are the same content, send only one of them"));
        }
        if let Some((name, value)) = members.iter_mut().find(|(name, _)| name == from) {
            self.require_field(path, schema, from)?;
            self.value(path.name(from), value, field)?;
            *name = to.into();
        }
        Ok(())
    }

    fn value(self, path: ValuePath<'_>, value: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        if field.kind.is_x2many() {
            return self.x2many(path, value, field);
        }
        if value.is_null_or_false() {
            *value = Value::Bool(false);
            return Ok(());
        }
        match field.kind {
            FieldType::Boolean => scalar::boolean(path, value),
            FieldType::Integer => scalar::integer(path, value),
            FieldType::Float | FieldType::Monetary => scalar::float(path, value),
            FieldType::Char | FieldType::Text | FieldType::Html => scalar::text(path, value),
            FieldType::Date => scalar::date_or_datetime(path, value, to_odoo_date),
            FieldType::Datetime => scalar::date_or_datetime(path, value, to_odoo_datetime),
            FieldType::Binary => self.binary(path, value, field),
            FieldType::Selection => scalar::selection(path, value, field),
            FieldType::Many2one => {
                self.scope_check.require_link(field, &path)?;
                scalar::many2one(path, value)
            }
            FieldType::Reference => self.reference(path, value),
            FieldType::Properties => self.properties(path, value),
            FieldType::One2many | FieldType::Many2many | FieldType::Json | FieldType::Other => {
                scalar::structure(path, value)
            }
        }
    }

    fn reference(self, path: ValuePath<'_>, value: &Value<'static>) -> Result<(), PlanError> {
        let pair = value.as_text().and_then(|text| text.split_once(','));
        match pair.map(|(model, id)| (ModelName::parse(model), RecordId::parse(id))) {
            Some((Ok(model), Some(_))) => self.scope_check.require_record(&model, &path),
            _ => Err(path.mismatch("expected model,id, such as res.partner,7", value)),
        }
    }
}
