//! Verbs on one2many and many2many, as the commands of one Odoo write.
//!
//! ```text
//! verbs   = "{" [ verb { "," verb } ] "}"                each verb once; in any order
//! verb    = "create" ":" ( values | [ values, … ] )
//!         | "update" ":" ( changes | [ changes, … ] | { "<id>": values, … } )
//!         | ( "delete" | "unlink" | "link" | "set" | "push" | "pop" ) ":" ( id | [ id, … ] )
//!         | "clear" ":" anything                         false and null: no
//! changes = values that hold an "id"
//! ```
//!
//! `push` is an older word for `link`, `pop` for `unlink`. They run in this order, however they are written: clear, set,
//! delete, unlink, link, update, create. Values hold verbs in their turn, as deep as a literal may be.
//!
//! In: the members of the object. Out: commands. Must not know: literals. Everything is checked where it stands before anything
//! is moved, so that a check which stopped can be made again.

use super::x2many::command;
use super::{Check, Place};
use crate::names::RecordId;
use crate::plan::metadata::PlanError;
use crate::plan::schema::Field;
use crate::value::{Member, Value};

/// What a verb does, in the order of doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verb {
    Clear,
    Set,
    Delete,
    Unlink,
    Link,
    Update,
    Create,
}

impl Verb {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
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

impl Check<'_> {
    /// Checks the verbs and turns them into commands.
    pub(super) fn verbs(
        self,
        place: Place<'_>,
        members: &mut Vec<Member<'static>>,
        field: &Field,
    ) -> Result<Value<'static>, PlanError> {
        let verbs = verbs_of(place, members)?;
        for (verb, (word, what)) in verbs.iter().zip(members.iter_mut()) {
            self.verb(place.name(word), *verb, what, field)?;
        }
        let mut said: Vec<_> = verbs.into_iter().zip(std::mem::take(members)).collect();
        said.sort_by_key(|(verb, _)| *verb);
        Ok(said.into_iter().flat_map(|(verb, (_, what))| commands(verb, what)).collect())
    }

    fn verb(self, place: Place<'_>, verb: Verb, what: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        if verb == Verb::Clear && what.is_empty_word() {
            return Ok(());
        }
        self.ask_for_command(place, verb.number(), field)?;
        match verb {
            Verb::Clear => Ok(()),
            Verb::Set | Verb::Delete | Verb::Unlink | Verb::Link => ids(place, what),
            Verb::Update => self.updates(place, what, field),
            Verb::Create => match what {
                Value::List(records) => records
                    .iter_mut()
                    .enumerate()
                    .try_for_each(|(n, values)| self.new_record(place.index(n), values, field)),
                values => self.new_record(place, values, field),
            },
        }
    }

    fn updates(self, place: Place<'_>, what: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        match what {
            Value::List(changes) => {
                changes.iter_mut().enumerate().try_for_each(|(n, one)| self.changes(place.index(n), one, field))
            }
            Value::Map(members) if !has_id(members) => {
                members.iter_mut().try_for_each(|(key, values)| match RecordId::parse(key) {
                    Some(_) => self.old_record(place.name(key), values, field),
                    None => {
                        Err(place
                            .complain(&format!("expected an id as key or a member \"id\", found {:?}", shown(key))))
                    }
                })
            }
            one => self.changes(place, one, field),
        }
    }

    /// The id is no value: it is put aside for the check, and back for one that has to be made again.
    fn changes(self, place: Place<'_>, one: &mut Value<'static>, field: &Field) -> Result<(), PlanError> {
        const EXPECTED: &str = "expected an object with an \"id\"";
        let Value::Map(members) = &mut *one else { return Err(place.refuse(EXPECTED, one)) };
        let Some(at) = members.iter().position(|(name, _)| name == "id") else {
            return Err(place.refuse(EXPECTED, one));
        };
        let id = members.remove(at);
        let checked = match id.1.as_int().and_then(RecordId::new) {
            Some(_) => self.old_record(place, one, field),
            None => Err(place.name("id").refuse("expected a record id", &id.1)),
        };
        if let Value::Map(members) = one {
            members.insert(at, id);
        }
        checked
    }
}

/// Which verbs stand there.
fn verbs_of(place: Place<'_>, members: &[Member<'static>]) -> Result<Vec<Verb>, PlanError> {
    let mut verbs = Vec::new();
    for (word, _) in members {
        let verb = Verb::parse(word).ok_or_else(|| {
            place.complain(&format!(
                "expected the verbs create, update, delete, unlink, link, set, clear, found {:?}",
                shown(word)
            ))
        })?;
        if verbs.contains(&verb) {
            return Err(place.complain(&format!("the verb {word} is given twice (push is link, pop is unlink)")));
        }
        verbs.push(verb);
    }
    Ok(verbs)
}

fn shown(word: &str) -> String {
    word.chars().take(64).collect()
}

fn has_id(members: &[Member<'_>]) -> bool {
    members.iter().any(|(name, _)| name == "id")
}

fn ids(place: Place<'_>, what: &Value<'static>) -> Result<(), PlanError> {
    let is_id = |value: &Value<'_>| value.as_int().and_then(RecordId::new).is_some();
    match what {
        Value::List(items) => match items.iter().enumerate().find(|(_, item)| !is_id(item)) {
            None => Ok(()),
            Some((n, item)) => Err(place.index(n).refuse("expected a record id", item)),
        },
        one if is_id(one) => Ok(()),
        other => Err(place.refuse("expected a record id or a list of them", other)),
    }
}

/// The commands of a verb that was checked.
fn commands(verb: Verb, what: Value<'static>) -> Vec<Value<'static>> {
    let zero = Value::Int(0);
    match verb {
        Verb::Clear if what.is_empty_word() => Vec::new(),
        Verb::Clear => vec![command(5, zero.clone(), zero)],
        Verb::Set => vec![command(6, zero, Value::List(each(what)))],
        Verb::Delete | Verb::Unlink | Verb::Link => {
            each(what).into_iter().map(|id| command(verb.number(), id, zero.clone())).collect()
        }
        Verb::Update => updates(what),
        Verb::Create => each(what).into_iter().map(|values| command(0, zero.clone(), values)).collect(),
    }
}

fn each(what: Value<'static>) -> Vec<Value<'static>> {
    match what {
        Value::List(items) => items,
        one => vec![one],
    }
}

fn updates(what: Value<'static>) -> Vec<Value<'static>> {
    match what {
        Value::Map(members) if !has_id(&members) => {
            let id = |key: &str| RecordId::parse(key).map_or(Value::Null, |id| Value::Int(id.get()));
            members.into_iter().map(|(key, values)| command(1, id(&key), values)).collect()
        }
        what => each(what).into_iter().map(update).collect(),
    }
}

fn update(changes: Value<'static>) -> Value<'static> {
    let members = match changes {
        Value::Map(members) => members,
        _ => Vec::new(),
    };
    let (id, values): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == "id");
    command(1, id.into_iter().next().map_or(Value::Null, |(_, id)| id), Value::Map(values))
}
