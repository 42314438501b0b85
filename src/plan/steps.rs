//! A plan: the calls that grant a wish, and how they hang together.
//!
//! In: what the planner decided. Out: [`Plan`], run by the `odoo` stage. Must not know: how calls are sent, how
//! answers look.

use super::call::{Call, OrmMethod, id_list, name_list};
use super::fields::{Column, Columns};
use super::values::Merge;
use super::wish::AccessOperation;
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
    Search(Call),
    /// A count; answers a number.
    Count(Call),
    /// A search that reads.
    List(List),
    /// A read by ids.
    Read {
        /// The read.
        read: Read,
        /// Whether one record is wanted or a list.
        one: bool,
    },
    /// The fields of the model. The second call is made when the first has something in it that XML-RPC cannot carry.
    DescribeFields {
        /// All attributes that are wanted.
        full: Call,
        /// Those that every version can send.
        reduced: Call,
    },
    /// Create, then read.
    Create {
        /// Answers an id or a list of ids.
        create: Call,
        /// Reads what was made, once the ids are known.
        read_back: Read,
        /// Whether one record was wanted or a list.
        one: bool,
    },
    /// Prove, write, read.
    Update {
        /// Answers the ids that exist, and the present values of what is to be merged.
        prove: Read,
        /// Fields of which only a part is written.
        merges: Vec<Merge>,
        /// Writes.
        write: Call,
        /// Reads what was written.
        read_back: Read,
        /// Whether one record was wanted or a list.
        one: bool,
    },
    /// Prove, unlink.
    Delete {
        /// Answers the ids that exist.
        prove: Read,
        /// Deletes.
        unlink: Call,
    },
    /// A method; answers its result.
    Call(Call),
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
    pub(super) context: Vec<Member<'static>>,
}

impl Read {
    /// The call that reads it all.
    #[must_use]
    pub fn call(&self) -> Call {
        let args = vec![id_list(&self.ids), name_list(self.columns.asked())];
        Call::orm(&self.model, OrmMethod::Read, args, &self.context)
    }

    /// The same read of other records.
    #[must_use]
    pub fn of(&self, ids: Vec<RecordId>) -> Self {
        Self { ids, ..self.clone() }
    }

    /// The read in two: by columns while there are several, then by records. `None` when it is of one value.
    #[must_use]
    pub fn halves(&self) -> Option<[Self; 2]> {
        let shown = &self.columns.shown;
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
    pub(super) context: Vec<Member<'static>>,
}

impl List {
    /// The call that does it all.
    #[must_use]
    pub fn call(&self) -> Call {
        let args = vec![self.domain.clone(), name_list(self.columns.asked())];
        Call::orm(&self.model, OrmMethod::SearchRead, args, &self.context).named(&self.slice)
    }

    /// The call that only finds the ids.
    #[must_use]
    pub fn search(&self) -> Call {
        search(&self.model, self.domain.clone(), &self.slice, &self.context)
    }

    /// The read of what was found.
    #[must_use]
    pub fn read(&self, ids: Vec<RecordId>) -> Read {
        Read { model: self.model.clone(), ids, columns: self.columns.clone(), context: self.context.clone() }
    }
}

pub(super) fn search(
    model: &ModelName,
    domain: Value<'static>,
    slice: &[Member<'static>],
    context: &[Member<'static>],
) -> Call {
    Call::orm(model, OrmMethod::Search, vec![domain], context).named(slice)
}
