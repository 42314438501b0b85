//! Values for `create` and `write`, checked against the type of their field before Odoo sees them.
//!
//! ```text
//! given       what a caller gives: a tree, or the texts and files of a form
//! form        texts and files of a form → a tree, by the type of each field
//! scalar      values of the plain types
//! x2many      values of one2many and many2many: ids, or Odoo's commands
//! verbs       the same by verbs: {"link": [7], "create": {…}} → commands
//! properties  values of properties: those that are not named stay as they are
//! place       where in the request a value stands
//! ```
//!
//! In: a map of values and the model's schema. Out: the map as Odoo takes it, dates converted, commands in full
//! length. Must not know: HTTP, who calls. Odoo stores something else in silence for many wrong values (19: a text
//! written to a many2one empties it, text that is no base64 is cut, unknown commands are ignored): here they are 400.

mod entry;
mod form;
mod properties;
mod relation_commands;
mod scalar;
mod value_path;
mod x2many;

#[cfg(test)]
mod tests;

pub use entry::{EmptyList, Entry, Values};
pub use properties::Merge;
pub(super) use properties::merges;

use value_path::Place;

use super::datetime::{to_odoo_date, to_odoo_datetime};
use super::metadata::{Known, PlanError};
use super::schema::{Field, FieldType, Schema};
use super::scope::Operation;
use super::scope_check::{Guard, polymorphic};
use crate::names::{ModelName, RecordId};
use crate::value::{Member, Value};

/// The field of attachments, and of models that are attachments, that holds bytes.
const RAW: &str = "raw";
/// The field that holds the same as base64.
const BASE64: &str = "datas";

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

/// What the functions of this room pass on: the purpose, what is known and what may be touched.
#[derive(Clone, Copy)]
struct Check<'s> {
    purpose: Purpose,
    known: &'s dyn Known,
    guard: Guard<'s>,
    /// Whether these are the values of the addressed records themselves, whose present properties can be read first.
    addressed: bool,
    /// What an empty list means in a relation to many.
    empty_list: EmptyList,
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
    Check { purpose, known, guard, addressed: false, empty_list: EmptyList::Nothing }.record(
        Place::root(parameter),
        values,
        schema,
    )
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
    empty_list: EmptyList,
) -> Result<(), PlanError> {
    let check = Check { purpose: Purpose::Create, known, guard, addressed: false, empty_list };
    let root = Place::root(parameter);
    records.iter_mut().enumerate().try_for_each(|(n, values)| check.record(root.index(n), values, schema))
}

/// Checks what a caller gives for one record that is made or changed. The texts of a form become a tree first, for good.
///
/// # Errors
/// As [`check_record`]. A form whose fields are not known stays a form.
pub(super) fn check_given<'v>(
    values: &'v mut Values,
    purpose: Purpose,
    schema: &Schema,
    known: &dyn Known,
    guard: Guard<'_>,
) -> Result<&'v mut Value<'static>, PlanError> {
    let root = Place::root(values.parameter);
    let tree = form::tree_of(&mut values.said, root, purpose, schema, guard)?;
    Check { purpose, known, guard, addressed: true, empty_list: values.empty_list }.record(root, tree, schema)?;
    Ok(tree)
}

/// Checks what a caller gives for many new records.
///
/// # Errors
/// As [`check_record`].
pub(super) fn check_many_given<'v>(
    values: &'v mut Values,
    schema: &Schema,
    known: &dyn Known,
    guard: Guard<'_>,
) -> Result<&'v mut Value<'static>, PlanError> {
    let (parameter, empty_list) = (values.parameter, values.empty_list);
    let tree = form::tree_of(&mut values.said, Place::root(parameter), Purpose::Create, schema, guard)?;
    match tree {
        Value::List(records) => check_records(parameter, records, schema, known, guard, empty_list)?,
        other => return Err(Place::root(parameter).refuse("expected a list of objects", other)),
    }
    Ok(tree)
}

impl Check<'_> {
    fn record(self, place: Place<'_>, values: &mut Value<'static>, schema: &Schema) -> Result<(), PlanError> {
        let Value::Map(members) = values else {
            return Err(place.refuse("expected an object of field names and values", values));
        };
        self.name_content(place, members, schema)?;
        for (name, value) in members {
            self.guard.field(&schema.model, self.purpose.operation(), name, &place.name(name))?;
            polymorphic::check_value(self.guard, schema, name, value, &place.name(name))?;
            let field = schema.field(name).ok_or_else(|| self.guard.unknown(schema, name, &place.to_string()))?;
            self.value(place.name(name), value, field)?;
        }
        Ok(())
    }

    /// Where a record has its content twice, as bytes in `raw` and as base64 in `datas`, text in `raw` would be stored as
    /// it stands: base64 goes to `datas`, as every binary has it.
    fn name_content(self, place: Place<'_>, members: &mut [Member<'static>], schema: &Schema) -> Result<(), PlanError> {
        let is_binary = |name| schema.field(name).is_some_and(|field| field.kind == FieldType::Binary);
        if self.purpose == Purpose::Try || !(is_binary(RAW) && is_binary(BASE64)) {
            return Ok(());
        }
        let given = |wanted| members.iter().any(|(name, _)| name == wanted);
        if given(RAW) && given(BASE64) {
            return Err(place.complain("raw and datas are the same content: expected one of them"));
        }
        if let Some((name, value)) = members.iter_mut().find(|(name, _)| name == RAW) {
            let operation = self.purpose.operation();
            self.guard.field(&schema.model, operation, RAW, &place.name(RAW))?;
            if let Some(field) = schema.field(RAW) {
                self.value(place.name(RAW), value, field)?;
            }
            *name = BASE64.into();
        }
        Ok(())
    }

    fn value(self, place: Place<'_>, value: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        if field.kind.is_x2many() {
            return self.x2many(place, value, field);
        }
        if value.is_empty_word() {
            *value = Value::Bool(false);
            return Ok(());
        }
        match field.kind {
            FieldType::Boolean => scalar::boolean(place, value),
            FieldType::Integer => scalar::integer(place, value),
            FieldType::Float | FieldType::Monetary => scalar::float(place, value),
            FieldType::Char | FieldType::Text | FieldType::Html => scalar::text(place, value),
            FieldType::Date => scalar::moment(place, value, to_odoo_date),
            FieldType::Datetime => scalar::moment(place, value, to_odoo_datetime),
            FieldType::Binary => scalar::binary(place, value, field),
            FieldType::Selection => scalar::selection(place, value, field),
            FieldType::Many2one => {
                self.guard.link(field, &place)?;
                scalar::many2one(place, value)
            }
            FieldType::Reference => self.reference(place, value),
            FieldType::Properties => self.properties(place, value),
            FieldType::One2many | FieldType::Many2many | FieldType::Json | FieldType::Other => {
                scalar::structure(place, value)
            }
        }
    }

    fn reference(self, place: Place<'_>, value: &Value<'static>) -> Result<(), PlanError> {
        let pair = value.as_text().and_then(|text| text.split_once(','));
        match pair.map(|(model, id)| (ModelName::parse(model), RecordId::parse(id))) {
            Some((Ok(model), Some(_))) => self.guard.model_by_id(&model, &place),
            _ => Err(place.refuse("expected model,id as text, such as res.partner,7", value)),
        }
    }
}
