//! Named commands of one2many and many2many, converted to the commands of one Odoo write.
//!
//! ```text
//! commands = "{" [ command { "," command } ] "}"          each command once; in any order
//! command  = "create" ":" ( values | [ values, … ] )
//!          | "update" ":" ( changes | [ changes, … ] | { "<id>": values, … } )
//!          | ( "delete" | "unlink" | "link" | "set" | "push" | "pop" ) ":" ( id | [ id, … ] )
//!          | "clear" ":" anything                         false and null: not executed
//! changes  = values with an "id"
//! ```
//!
//! `push` is an older name of `link`, `pop` of `unlink`. The commands are executed in this order, however they are
//! written: clear, set, delete, unlink, link, update, create. Values can contain named commands, as deep as a literal
//! may be.
//!
//! In: the members of the object. Out: Odoo's commands. Must not know: literals. Everything is checked in place
//! before anything is moved, so that a check that stopped can be repeated.

use super::x2many::odoo_command;
use super::{ValueCheck, ValuePath};
use crate::names::RecordId;
use crate::plan::error::PlanError;
use crate::plan::model_schema::Field;
use crate::value::{Member, Value};

/// A named command, in the order of execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RelationCommand {
    Clear,
    Set,
    Delete,
    Unlink,
    Link,
    Update,
    Create,
}

impl RelationCommand {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "clear" => Self::Clear,
            "set" => Self::Set,
            "delete" => Self::Delete,
            "unlink" | "pop" => Self::Unlink,
            "link" | "push" => Self::Link,
            "update" => Self::Update,
            "create" => Self::Create,
            _ => return None,
        })
    }

    /// The number of Odoo's command.
    fn number(self) -> i64 {
        match self {
            Self::Create => 0,
            Self::Update => 1,
            Self::Delete => 2,
            Self::Unlink => 3,
            Self::Link => 4,
            Self::Clear => 5,
            Self::Set => 6,
        }
    }
}

impl ValueCheck<'_> {
    /// Checks named commands and converts them to Odoo's commands.
    pub(super) fn named_commands(
        self,
        path: ValuePath<'_>,
        members: &mut Vec<Member<'static>>,
        field: &Field,
    ) -> Result<Value<'static>, PlanError> {
        let named_commands = parse_commands(path, members)?;
        for (command, (name, argument)) in named_commands.iter().zip(members.iter_mut()) {
            self.check_named_command(path.name(name), *command, argument, field)?;
        }
        let mut given: Vec<_> = named_commands.into_iter().zip(std::mem::take(members)).collect();
        given.sort_by_key(|(command, _)| *command);
        Ok(given.into_iter().flat_map(|(command, (_, argument))| into_odoo_commands(command, argument)).collect())
    }

    fn check_named_command(
        self,
        path: ValuePath<'_>,
        command: RelationCommand,
        argument: &mut Value<'static>,
        field: &Field,
    ) -> Result<(), PlanError> {
        if command == RelationCommand::Clear && argument.is_null_or_false() {
            return Ok(());
        }
        self.require_command(path, command.number(), field)?;
        match command {
            RelationCommand::Clear => Ok(()),
            RelationCommand::Set | RelationCommand::Delete | RelationCommand::Unlink | RelationCommand::Link => {
                check_id_list(path, argument)
            }
            RelationCommand::Update => self.check_updates(path, argument, field),
            RelationCommand::Create => match argument {
                Value::List(records) => records
                    .iter_mut()
                    .enumerate()
                    .try_for_each(|(n, values)| self.new_record(path.index(n), values, field)),
                values => self.new_record(path, values, field),
            },
        }
    }

    fn check_updates(self, path: ValuePath<'_>, argument: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        match argument {
            Value::List(changes) => {
                changes.iter_mut().enumerate().try_for_each(|(n, one)| self.check_changes(path.index(n), one, field))
            }
            Value::Map(members) if !has_id(members) => {
                members.iter_mut().try_for_each(|(key, values)| match RecordId::parse(key) {
                    Some(_) => self.existing_record(path.name(key), values, field),
                    None => {
                        Err(path
                            .invalid(&format!("expected an id as key or a member \"id\", found {:?}", excerpt(key))))
                    }
                })
            }
            one => self.check_changes(path, one, field),
        }
    }

    /// The id is not a field value: it is removed for the check, and put back afterwards for a repeated check.
    fn check_changes(self, path: ValuePath<'_>, one: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        const EXPECTED: &str = "expected an object with an \"id\"";
        let Value::Map(members) = &mut *one else { return Err(path.mismatch(EXPECTED, one)) };
        let Some(at) = members.iter().position(|(name, _)| name == "id") else {
            return Err(path.mismatch(EXPECTED, one));
        };
        let id = members.remove(at);
        let checked = match id.1.as_int().and_then(RecordId::new) {
            Some(_) => self.existing_record(path, one, field),
            None => Err(path.name("id").mismatch("expected a record id", &id.1)),
        };
        if let Value::Map(members) = one {
            members.insert(at, id);
        }
        checked
    }
}

/// Parses the names of the commands.
fn parse_commands(path: ValuePath<'_>, members: &[Member<'static>]) -> Result<Vec<RelationCommand>, PlanError> {
    let mut named_commands = Vec::new();
    for (name, _) in members {
        let command = RelationCommand::parse(name).ok_or_else(|| {
            path.invalid(&format!(
                "expected the commands create, update, delete, unlink, link, set, clear, found {:?}",
                excerpt(name)
            ))
        })?;
        if named_commands.contains(&command) {
            let aliases = "`push` is an alias of `link`, `pop` of `unlink`";
            return Err(path.invalid(&format!("the command `{name}` is repeated ({aliases})")));
        }
        named_commands.push(command);
    }
    Ok(named_commands)
}

fn excerpt(name: &str) -> String {
    name.chars().take(64).collect()
}

fn has_id(members: &[Member<'_>]) -> bool {
    members.iter().any(|(name, _)| name == "id")
}

fn check_id_list(path: ValuePath<'_>, argument: &Value<'static>) -> Result<(), PlanError> {
    let is_id = |value: &Value<'_>| value.as_int().and_then(RecordId::new).is_some();
    match argument {
        Value::List(items) => match items.iter().enumerate().find(|(_, item)| !is_id(item)) {
            None => Ok(()),
            Some((n, item)) => Err(path.index(n).mismatch("expected a record id", item)),
        },
        one if is_id(one) => Ok(()),
        other => Err(path.mismatch("expected a record id or a list of them", other)),
    }
}

/// Odoo's commands for a checked named command.
fn into_odoo_commands(command: RelationCommand, argument: Value<'static>) -> Vec<Value<'static>> {
    let zero = Value::Int(0);
    match command {
        RelationCommand::Clear if argument.is_null_or_false() => Vec::new(),
        RelationCommand::Clear => vec![odoo_command(5, zero.clone(), zero)],
        RelationCommand::Set => vec![odoo_command(6, zero, Value::List(into_items(argument)))],
        RelationCommand::Delete | RelationCommand::Unlink | RelationCommand::Link => {
            into_items(argument).into_iter().map(|id| odoo_command(command.number(), id, zero.clone())).collect()
        }
        RelationCommand::Update => update_commands(argument),
        RelationCommand::Create => {
            into_items(argument).into_iter().map(|values| odoo_command(0, zero.clone(), values)).collect()
        }
    }
}

fn into_items(argument: Value<'static>) -> Vec<Value<'static>> {
    match argument {
        Value::List(items) => items,
        one => vec![one],
    }
}

fn update_commands(argument: Value<'static>) -> Vec<Value<'static>> {
    match argument {
        Value::Map(members) if !has_id(&members) => {
            let id = |key: &str| RecordId::parse(key).map_or(Value::Null, |id| Value::Int(id.get()));
            members.into_iter().map(|(key, values)| odoo_command(1, id(&key), values)).collect()
        }
        argument => into_items(argument).into_iter().map(update_command).collect(),
    }
}

fn update_command(changes: Value<'static>) -> Value<'static> {
    let members = match changes {
        Value::Map(members) => members,
        _ => Vec::new(),
    };
    let (id, values): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == "id");
    odoo_command(1, id.into_iter().next().map_or(Value::Null, |(_, id)| id), Value::Map(values))
}
