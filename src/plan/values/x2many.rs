//! Values of one2many and many2many: ids or Odoo's commands; [verbs](super::relation_commands) become commands.
//!
//! ```text
//! x2many  = false | null | [ id, … ] | [ command, … ] | verbs
//! command = [0, _, values] | [1, id, values] | [2, id] | [3, id] | [4, id] | [5] | [6, _, [id, …]]
//! ```
//!
//! In: a value and its field. Out: commands in full length. Must not know: what the commands do at Odoo, beyond which
//! operation each is. What stands here as a command already stays as it is.

use super::{Check, EmptyList, Place, Purpose};
use crate::names::RecordId;
use crate::plan::metadata::PlanError;
use crate::plan::schema::Field;
use crate::plan::scope::Operation;
use crate::value::Value;

impl Check<'_> {
    /// To Odoo an empty list is "no commands", not "no records".
    pub(super) fn x2many(self, place: Place<'_>, value: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        const EXPECTED: &str =
            "expected ids, commands such as [4, id] or [0, 0, {…}], or verbs such as {\"link\": [id]}";
        let clears = self.empty_list == EmptyList::Clears;
        match value {
            Value::List(items) if items.is_empty() && clears => {
                self.ask_for_command(place, 5, field)?;
                *items = vec![command(5, Value::Int(0), Value::Int(0))];
                Ok(())
            }
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
            // What is only tried goes to Odoo as it came.
            Value::Map(verbs) if self.purpose != Purpose::Try => {
                *value = self.verbs(place, verbs, field)?;
                Ok(())
            }
            other => Err(place.refuse(EXPECTED, other)),
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
            0 => self.new_record(place.index(2), third, field)?,
            1 => self.old_record(place.index(2), third, field)?,
            6 => match third {
                Value::List(items) => check_ids(place.index(2), items)?,
                other => return Err(place.index(2).refuse("expected a list of record ids", other)),
            },
            _ => *third = Value::Int(0),
        }
        *second = id;
        Ok(())
    }

    /// Values of a record that is made behind a field.
    pub(super) fn new_record(
        self,
        place: Place<'_>,
        values: &mut Value<'static>,
        field: &Field,
    ) -> Result<(), PlanError> {
        let purpose = match self.purpose {
            Purpose::Create | Purpose::Update => Purpose::Create,
            Purpose::Try => Purpose::Try,
        };
        Check { purpose, ..self }.nested(place, values, field)
    }

    /// Values for a record that stands behind a field.
    pub(super) fn old_record(
        self,
        place: Place<'_>,
        values: &mut Value<'static>,
        field: &Field,
    ) -> Result<(), PlanError> {
        let purpose = match self.purpose {
            Purpose::Create | Purpose::Update => Purpose::Update,
            Purpose::Try => Purpose::Try,
        };
        Check { purpose, ..self }.nested(place, values, field)
    }

    fn nested(self, place: Place<'_>, values: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        let Some(model) = &field.relation else { return Ok(()) };
        let schema = self.guard.schema(self.known, model, self.purpose.operation(), &place)?;
        if self.purpose == Purpose::Create {
            self.guard.defaults_of(&schema, &place)?;
        }
        Check { addressed: false, ..self }.record(place, values, &schema)
    }

    pub(super) fn ask_for_command(self, place: Place<'_>, number: i64, field: &Field) -> Result<(), PlanError> {
        match self.purpose {
            Purpose::Create | Purpose::Update => self.guard.command(number, field, &place),
            Purpose::Try => self.guard.beyond(field, Operation::Read, &place),
        }
    }
}

pub(super) fn command(number: i64, id: Value<'static>, rest: Value<'static>) -> Value<'static> {
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
