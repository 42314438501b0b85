//! Values of one2many and many2many: ids or Odoo's commands. [Named commands](super::named_commands) are
//! converted.
//!
//! ```text
//! x2many  = false | null | [ id, … ] | [ command, … ] | named commands
//! command = [0, _, values] | [1, id, values] | [2, id] | [3, id] | [4, id] | [5] | [6, _, [id, …]]
//! ```
//!
//! In: a value and its field. Out: commands in full length. Must not know: the effect of a command in Odoo, apart
//! from the operation it needs. Commands in full length stay unchanged.

use super::{EmptyList, Purpose, ValueCheck, ValuePath};
use crate::names::RecordId;
use crate::plan::error::PlanError;
use crate::plan::model_schema::Field;
use crate::plan::scope::Operation;
use crate::value::Value;

impl ValueCheck<'_> {
    /// For Odoo an empty list means "no commands", not "no records".
    pub(super) fn x2many(
        self,
        path: ValuePath<'_>,
        value: &mut Value<'static>,
        field: &Field,
    ) -> Result<(), PlanError> {
        const EXPECTED: &str =
            "expected ids, commands such as [4, id] or [0, 0, {…}], or named commands such as {\"link\": [id]}";
        let clears = self.empty_list == EmptyList::Clears;
        match value {
            Value::List(items) if items.is_empty() && clears => {
                self.require_command(path, 5, field)?;
                *items = vec![odoo_command(5, Value::Int(0), Value::Int(0))];
                Ok(())
            }
            Value::Null | Value::Bool(false) => {
                self.require_command(path, 5, field)?;
                *value = Value::List(vec![odoo_command(5, Value::Int(0), Value::Int(0))]);
                Ok(())
            }
            Value::List(items) if items.iter().all(|item| matches!(item, Value::List(_))) => {
                items.iter_mut().enumerate().try_for_each(|(n, item)| self.command(path.index(n), item, field))
            }
            Value::List(items) => {
                self.require_command(path, 6, field)?;
                check_ids(path, items)?;
                *value = Value::List(vec![odoo_command(6, Value::Int(0), Value::List(std::mem::take(items)))]);
                Ok(())
            }
            // Values of unsaved forms are sent to Odoo unchanged.
            Value::Map(named_commands) if self.purpose != Purpose::Preview => {
                *value = self.named_commands(path, named_commands, field)?;
                Ok(())
            }
            other => Err(path.mismatch(EXPECTED, other)),
        }
    }

    fn command(self, path: ValuePath<'_>, item: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        const EXPECTED: &str =
            "expected a command: [0, 0, {…}], [1, id, {…}], [2, id], [3, id], [4, id], [5] or [6, 0, [ids]]";
        let integer = |n: usize| item.as_list().and_then(|parts| parts.get(n)).and_then(Value::as_int);
        let id = integer(1).and_then(RecordId::new).map(|id| Value::Int(id.get()));
        let (number, id) = match (integer(0), id) {
            (Some(number @ (0 | 5 | 6)), _) => (number, Value::Int(0)),
            (Some(number @ 1..=4), Some(id)) => (number, id),
            _ => return Err(path.mismatch(EXPECTED, item)),
        };
        self.require_command(path, number, field)?;
        let Some((second, third)) = command_arguments(item) else { return Err(path.mismatch(EXPECTED, item)) };
        match number {
            0 => self.new_record(path.index(2), third, field)?,
            1 => self.existing_record(path.index(2), third, field)?,
            6 => match third {
                Value::List(items) => check_ids(path.index(2), items)?,
                other => return Err(path.index(2).mismatch("expected a list of record ids", other)),
            },
            _ => *third = Value::Int(0),
        }
        *second = id;
        Ok(())
    }

    /// Checks the values of a new related record.
    pub(super) fn new_record(
        self,
        path: ValuePath<'_>,
        values: &mut Value<'static>,
        field: &Field,
    ) -> Result<(), PlanError> {
        let purpose = match self.purpose {
            Purpose::Create | Purpose::Update => Purpose::Create,
            Purpose::Preview => Purpose::Preview,
        };
        ValueCheck { purpose, ..self }.nested(path, values, field)
    }

    /// Checks the values of an existing related record.
    pub(super) fn existing_record(
        self,
        path: ValuePath<'_>,
        values: &mut Value<'static>,
        field: &Field,
    ) -> Result<(), PlanError> {
        let purpose = match self.purpose {
            Purpose::Create | Purpose::Update => Purpose::Update,
            Purpose::Preview => Purpose::Preview,
        };
        ValueCheck { purpose, ..self }.nested(path, values, field)
    }

    fn nested(self, path: ValuePath<'_>, values: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        let Some(model) = &field.relation else { return Ok(()) };
        let schema = self.scope_check.checked_schema(self.metadata, model, self.purpose.operation(), &path)?;
        if self.purpose == Purpose::Create {
            self.scope_check.require_defaults(&schema, &path)?;
        }
        ValueCheck { is_top_level: false, ..self }.record(path, values, &schema)
    }

    pub(super) fn require_command(self, path: ValuePath<'_>, number: i64, field: &Field) -> Result<(), PlanError> {
        match self.purpose {
            Purpose::Create | Purpose::Update => self.scope_check.require_command(number, field, &path),
            Purpose::Preview => self.scope_check.require_related(field, Operation::Read, &path),
        }
    }
}

pub(super) fn odoo_command(number: i64, id: Value<'static>, rest: Value<'static>) -> Value<'static> {
    Value::List(vec![Value::Int(number), id, rest])
}

/// The second and third element of a command, after filling it up to three.
fn command_arguments<'v>(command: &'v mut Value<'static>) -> Option<(&'v mut Value<'static>, &'v mut Value<'static>)> {
    let Value::List(parts) = command else { return None };
    parts.resize(3, Value::Null);
    match parts.as_mut_slice() {
        [_, second, third] => Some((second, third)),
        _ => None,
    }
}

fn check_ids(path: ValuePath<'_>, items: &[Value<'static>]) -> Result<(), PlanError> {
    match items.iter().enumerate().find(|(_, item)| item.as_int().and_then(RecordId::new).is_none()) {
        None => Ok(()),
        Some((n, item)) => Err(path.index(n).mismatch("expected a record id", item)),
    }
}
