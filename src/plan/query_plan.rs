//! A plan: the calls that grant a wish, and how they hang together.
//!
//! In: what the planner decided. Out: [`Plan`], run by the `odoo` stage. Must not know: how calls are sent, how
//! answers look.

use super::call::{Call, OrmMethod, id_list, name_list};
use super::fields::{Column, Columns};
use super::intent::{AccessOperation, Links};
use super::nested_read::{SPECIFIED_FROM, specification};
use super::schema::FieldType;
use super::values::Merge;
use crate::error::Problem;
use crate::names::{ModelName, RecordId};
use crate::value::{Member, Value};

/// What to do at Odoo, and in which form the answer is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// May the caller do all of these?
    CheckAccess {
        /// One call an operation.
        checks: Vec<(AccessOperation, Call)>,
        /// Whether a "no" is an error.
        raise: bool,
    },
    /// The credential's scope says no already, whatever Odoo would say.
    NoAccess,
    /// A search; answers ids.
    Search(Box<List>),
    /// A count; answers a number.
    Count(Call),
    /// A search that reads.
    List {
        /// The search.
        list: List,
        /// Whether it is wanted too how many the domain finds in all.
        counted: bool,
    },
    /// A read by ids.
    Read {
        /// The read.
        read: Read,
        /// Whether one record is wanted or a list.
        one: bool,
    },
    /// The fields of the model. The other calls are made, one after the other, when the one before has something in it
    /// that cannot be read or carried.
    DescribeFields {
        /// All attributes that are wanted.
        full: Call,
        /// Those that every version can send; then those that need no record of another model.
        reduced: Vec<Call>,
    },
    /// Create, then read.
    Create {
        /// Answers an id or a list of ids.
        create: Call,
        /// Reads what was made, once the ids are known; `None` when the ids are the answer.
        read_back: Option<Read>,
        /// Whether one record was wanted or a list.
        one: bool,
    },
    /// Prove, write, read.
    Update(Box<Update>),
    /// Prove, unlink.
    Delete {
        /// Which records.
        prove: Prove,
        /// Deletes.
        unlink: Call,
    },
    /// A method; answers its result.
    Call {
        /// Answers those of its records that exist, where Odoo itself would pass over the others.
        prove: Option<Read>,
        /// Calls.
        call: Call,
    },
}

/// The calls of an update.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// Which records.
    pub prove: Prove,
    /// What is to be kept of fields that are written in part.
    pub merging: Option<Merging>,
    /// Writes.
    pub write: Call,
    /// Reads what was written; `None` when the ids are the answer.
    pub read_back: Option<Read>,
    /// Whether one record was wanted or a list.
    pub one: bool,
}

/// How it is known which records a write is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Prove {
    /// These, and each of them must exist.
    Ids {
        /// Answers those that exist.
        read: Read,
        /// The ids as the caller gave them, duplicates kept.
        asked: Vec<RecordId>,
    },
    /// All that this search finds.
    Found(Call),
}

/// Fields that are written in part: what they hold besides is read first, by the proof, or where that is a search by
/// a read of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Merging {
    pub(super) merges: Vec<Merge>,
    /// Reads the fields of records that a search found.
    pub read: Read,
}

impl Merging {
    /// Completes a write with the present values in `records`.
    ///
    /// # Errors
    /// As [`Merge::complete`].
    pub fn complete(&self, write: &mut Call, records: &Value<'_>) -> Result<(), Problem> {
        let Some(values) = write.args.get_mut(1) else { return Ok(()) };
        self.merges.iter().try_for_each(|merge| merge.complete(values, records))
    }
}

/// A `read` that can be cut into smaller ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The model.
    pub model: ModelName,
    /// Which records, in this order.
    pub ids: Vec<RecordId>,
    /// Which columns.
    pub columns: Columns,
    pub(super) way: Way,
}

/// How records are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Way {
    pub(super) context: Vec<Member<'static>>,
    pub(super) links: Links,
    /// The server's major version: 14..19.
    pub(super) major: u8,
}

impl Read {
    /// The call that reads it all, without what stands behind relations.
    #[must_use]
    pub fn call(&self) -> Call {
        let args = vec![id_list(&self.ids), name_list(self.columns.asked())];
        let call = Call::orm(&self.model, OrmMethod::Read, args, &self.way.context);
        if self.way.needs_names(&self.columns) { call } else { call.named(&[without_names()]) }
    }

    /// The call that reads it all and what stands behind relations; `None` where the server cannot do that, or there is
    /// nothing behind them.
    #[must_use]
    pub fn nested_call(&self) -> Option<Call> {
        let columns = self.columns.is_nested().then(|| specification(&self.columns, &self.way)).flatten()?;
        let args = vec![id_list(&self.ids), columns];
        Some(Call::orm(&self.model, OrmMethod::WebRead, args, &self.way.context))
    }

    /// The same read of other records.
    #[must_use]
    pub fn of(&self, ids: Vec<RecordId>) -> Self {
        Self { ids, ..self.clone() }
    }

    /// The same read of other columns.
    #[must_use]
    pub fn with(&self, columns: Columns) -> Self {
        Self { columns, ..self.clone() }
    }

    /// The search for those of its records that are there and may be read, archived ones too.
    #[must_use]
    pub fn presence(&self) -> Call {
        let ids = vec!["id".into(), "in".into(), id_list(&self.ids)];
        let mut context = self.way.context.clone();
        context.retain(|(key, _)| key != ACTIVE_TEST);
        context.push((ACTIVE_TEST.into(), Value::Bool(false)));
        search(&self.model, Value::List(vec![Value::List(ids)]), &[], &context)
    }

    /// A read, in the same way, of records that stand behind a relation.
    #[must_use]
    pub fn behind(&self, model: ModelName, columns: Columns, ids: Vec<RecordId>) -> Self {
        Self { model, ids, columns, way: self.way.clone() }
    }

    /// The read in two: by columns while there are several, then by records. `None` when it is of one value.
    #[must_use]
    pub fn halves(&self) -> Option<[Self; 2]> {
        let shown: Vec<Column> =
            self.columns.shown.iter().filter(|column| column.name.as_str() != "id").cloned().collect();
        if shown.len() > 1 {
            let (left, right) = shown.split_at(shown.len() / 2);
            let half = |shown: &[Column]| Columns { shown: shown.to_vec(), ..self.columns.clone() };
            return Some([left, right].map(|columns| Self { columns: half(columns), ..self.clone() }));
        }
        if self.ids.len() > 1 {
            let (left, right) = self.ids.split_at(self.ids.len() / 2);
            return Some([left, right].map(|ids| self.of(ids.to_vec())));
        }
        None
    }
}

/// A `search_read` that can be cut into a search and smaller reads.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    pub(super) model: ModelName,
    pub(super) domain: Value<'static>,
    /// Offset, limit and order, as far as they are wanted.
    pub(super) slice: Vec<Member<'static>>,
    /// Which columns.
    pub columns: Columns,
    pub(super) way: Way,
}

impl List {
    /// The call that does it all, without what stands behind relations.
    #[must_use]
    pub fn call(&self) -> Call {
        let args = vec![self.domain.clone(), name_list(self.columns.asked())];
        let call = Call::orm(&self.model, OrmMethod::SearchRead, args, &self.way.context).named(&self.slice);
        // Odoo 14 has no `load` here.
        if self.way.major < 15 || self.way.needs_names(&self.columns) { call } else { call.named(&[without_names()]) }
    }

    /// The call that does it all and reads what stands behind relations; `None` where the server cannot do that, or
    /// there is nothing behind them. Answers `{length, records}`, where `length` is the number of all records if that
    /// is `counted`.
    #[must_use]
    pub fn nested_call(&self, counted: bool) -> Option<Call> {
        let columns = self.columns.is_nested().then(|| specification(&self.columns, &self.way)).flatten()?;
        Some(self.web_search_read(vec![self.domain.clone(), columns], counted))
    }

    /// The one call that does it all, without what stands behind relations: the counting one where that is wanted and
    /// can be. `None` where no one call answers the same as a search and a read.
    #[must_use]
    pub fn flat_call(&self, counted: bool) -> Option<Call> {
        let counting = if counted { self.counting_call() } else { None };
        counting.or_else(|| (!self.shows_archived()).then(|| self.call()))
    }

    /// The call that does it all and counts all records, without what stands behind relations; `None` where it would
    /// write records in another form. Answers `{length, records}`.
    fn counting_call(&self) -> Option<Call> {
        let columns = match self.way.major {
            ..SPECIFIED_FROM if self.shows_archived() => return None,
            ..SPECIFIED_FROM => name_list(self.columns.asked()),
            _ if self.way.links == Links::Named => return None,
            _ => specification(&self.columns, &self.way)?,
        };
        Some(self.web_search_read(vec![self.domain.clone(), columns], true))
    }

    /// Odoo counts only full pages by itself, and takes what came for the rest.
    fn web_search_read(&self, args: Vec<Value<'static>>, counted: bool) -> Call {
        let mut context = self.way.context.clone();
        if counted {
            context.push(("force_search_count".into(), Value::Bool(true)));
        }
        Call::orm(&self.model, OrmMethod::WebSearchRead, args, &context).named(&self.slice)
    }

    /// The call that only finds the ids.
    #[must_use]
    pub fn search(&self) -> Call {
        search(&self.model, self.domain.clone(), &self.slice, &self.way.context)
    }

    /// The call that finds the ids of all records, of which the list is a part.
    #[must_use]
    pub fn search_all(&self) -> Call {
        let order: Vec<Member<'static>> = self.slice.iter().filter(|(name, _)| name == "order").cloned().collect();
        search(&self.model, self.domain.clone(), &order, &self.way.context)
    }

    /// The call that counts all records, of which the list is a part.
    #[must_use]
    pub fn count(&self) -> Call {
        Call::orm(&self.model, OrmMethod::SearchCount, vec![self.domain.clone()], &self.way.context)
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelName {
        &self.model
    }

    /// The same list with other columns.
    #[must_use]
    pub fn with(&self, columns: Columns) -> Self {
        Self { columns, ..self.clone() }
    }

    /// Whether archived records are wanted too. Odoo's `search_read` shows them, but none that relations hold.
    #[must_use]
    pub fn shows_archived(&self) -> bool {
        self.way.context.iter().any(|(key, value)| key == ACTIVE_TEST && is_false(value))
    }

    /// Whether the model is known to search in a way of its own.
    #[must_use]
    pub fn searches_its_own_way(&self) -> bool {
        OWN_SEARCH.contains(&self.model.as_str())
    }

    /// The read of what was found.
    #[must_use]
    pub fn read(&self, ids: Vec<RecordId>) -> Read {
        Read { model: self.model.clone(), ids, columns: self.columns.clone(), way: self.way.clone() }
    }

    /// How many records are left out at the beginning, and how many come at most.
    #[must_use]
    pub fn bounds(&self) -> (i64, Option<i64>) {
        let number = |wanted: &str| self.slice.iter().find(|(name, _)| name == wanted).and_then(|(_, n)| n.as_int());
        (number("offset").unwrap_or(0), number("limit"))
    }
}

/// Models whose search takes away what the user may not see after Odoo has counted off the page, or depends on whether
/// a condition names `id`: pages of them are short, or others than those of the whole list.
const OWN_SEARCH: [&str; 4] = ["ir.attachment", "mail.activity", "mail.message", "mail.scheduled.message"];

/// What the context says of archived records.
const ACTIVE_TEST: &str = "active_test";

impl Way {
    /// Whether some many2one must come with the name of what it leads to; without one nothing has to be said about it.
    fn needs_names(&self, columns: &Columns) -> bool {
        let mut links = columns.shown.iter().filter(|column| column.kind == FieldType::Many2one).peekable();
        self.links == Links::Named || links.peek().is_none() || links.any(Column::is_answered_by_link)
    }
}

/// What counts as no in Odoo.
fn is_false(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Int(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(members) => members.is_empty(),
    }
}

/// Computing the names that nobody reads takes Odoo a third of a read's time.
fn without_names() -> Member<'static> {
    ("load".into(), "".into())
}

pub(super) fn search(
    model: &ModelName,
    domain: Value<'static>,
    slice: &[Member<'static>],
    context: &[Member<'static>],
) -> Call {
    Call::orm(model, OrmMethod::Search, vec![domain], context).named(slice)
}
