//! A plan: the Odoo calls of an intent, and how they depend on each other.
//!
//! In: what the planner decided. Out: [`Plan`], executed by the `odoo` stage. Must not know: how calls are sent, what
//! responses look like.

use super::call::{Call, OrmMethod, id_list, name_list};
use super::column_tree::{Column, Columns};
use super::intent::{AccessOperation, Many2oneDisplay};
use super::read_group::GroupPlan;
use super::read_options::ReadOptions;
use super::values::PropertiesMerge;
use super::web_read_specification::{CUSTOM_WEB_READ_MODELS, SPECIFIED_FROM, reads_like_read, specification};
use super::web_save::WebSave;
use crate::error::Problem;
use crate::names::{FieldName, MethodName, ModelName, RecordId};
use crate::value::{Member, Value};

/// The calls to Odoo, and the form of the result.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Checks the access rights of the user.
    CheckAccess {
        /// One call per operation.
        checks: Vec<(AccessOperation, Call)>,
        /// Whether a missing right is an error.
        raise: bool,
    },
    /// The credential's scope denies access, whatever the rights in Odoo.
    NoAccess,
    /// A search that returns ids.
    Search(Box<ListPlan>),
    /// A count.
    Count(Call),
    /// A search that returns records.
    List {
        /// The search.
        list: ListPlan,
        /// Whether the response also contains the number of all records that match.
        with_total: bool,
    },
    /// A read by ids.
    Read {
        /// The read.
        read: ReadPlan,
        /// Whether the result is one record or a list.
        one: bool,
    },
    /// The fields of the model. The reduced calls are made in turn if a response contains something that cannot be
    /// read or transferred.
    DescribeFields {
        /// All requested attributes.
        full: Call,
        /// The attributes that every version can return; then those that do not need records of other models.
        reduced: Vec<Call>,
    },
    /// Create, then read.
    Create {
        /// Returns an id or a list of ids.
        create: Call,
        /// Reads the new records once their ids are known; `None` if the result is the ids.
        read_back: Option<ReadPlan>,
        /// Whether one record was wanted or a list.
        one: bool,
    },
    /// Check existence, write, read.
    Update(Box<UpdatePlan>),
    /// Check existence, unlink.
    Delete {
        /// The records.
        existence_check: ExistenceCheck,
        /// The call that deletes them.
        unlink: Call,
    },
    /// A method call that returns its result.
    Call {
        /// Finds out which of its records exist, for methods where Odoo ignores missing ones.
        existence_check: Option<ReadPlan>,
        /// The call.
        call: Call,
        /// Whether to make the call again with an empty list of ids, if Odoo rejects it because it has none.
        may_need_ids: bool,
    },
    /// Groups of records, in the form that Odoo had until 19.0.
    ReadGroup(Box<GroupPlan>),
    /// Archives the records that are not archived, and restores the others.
    ToggleActive(Box<TogglePlan>),
}

/// The calls of `toggle_active`, which Odoo removed but a model can have.
#[derive(Debug, Clone, PartialEq)]
pub struct TogglePlan {
    /// Reads which of the records are archived; each of them must exist.
    pub read: ReadPlan,
    /// The field that is true for records that are not archived.
    pub active: FieldName,
    /// The call of the method itself.
    pub toggle: Call,
}

impl TogglePlan {
    /// The call that archives these records, or restores them.
    #[must_use]
    pub fn one_direction(&self, archive: bool, ids: &[RecordId]) -> Call {
        let method = MethodName::from_static(if archive { "action_archive" } else { "action_unarchive" });
        Call { method, ..self.toggle.clone() }.with_ids(ids)
    }
}

/// The calls of an update.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdatePlan {
    /// The records.
    pub existence_check: ExistenceCheck,
    /// The fields that are only partially written.
    pub partial_update: Option<PartialUpdate>,
    /// The call that writes.
    pub write: Call,
    /// Reads the records after the write; `None` if the result is the ids.
    pub read_back: Option<ReadPlan>,
    /// The write and what precedes or follows it as one call, which is tried first. Never without ids: then it would
    /// create a record.
    pub web_save: Option<WebSave>,
    /// Whether one record was wanted or a list.
    pub one: bool,
}

/// How the records of a write are determined.
#[derive(Debug, Clone, PartialEq)]
pub enum ExistenceCheck {
    /// By id; each of them must exist.
    Ids {
        /// Returns the records that exist.
        read: ReadPlan,
        /// The ids of the request, duplicates included.
        requested: Vec<RecordId>,
    },
    /// All records that this search finds.
    Search(Call),
}

/// Fields that are only partially written. Their present values are read first: together with the existence check,
/// or, after a search, by a separate read.
#[derive(Debug, Clone, PartialEq)]
pub struct PartialUpdate {
    pub(super) merges: Vec<PropertiesMerge>,
    /// Reads the fields of records that a search found.
    pub read: ReadPlan,
}

impl PartialUpdate {
    /// Adds the present values in `records` to a write.
    ///
    /// # Errors
    /// As [`PropertiesMerge::complete`].
    pub fn complete(&self, write: &mut Call, records: &Value<'_>) -> Result<(), Problem> {
        let Some(values) = write.args.get_mut(1) else { return Ok(()) };
        self.merges.iter().try_for_each(|merge| merge.complete(values, records))
    }
}

/// A `read` that can be split into smaller ones.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPlan {
    /// The model.
    pub model: ModelName,
    /// The records, in this order.
    pub ids: Vec<RecordId>,
    /// The columns.
    pub columns: Columns,
    pub(super) options: ReadOptions,
}

impl ReadPlan {
    /// The call that reads all columns, without nested records.
    #[must_use]
    pub fn call(&self) -> Call {
        if self.options.are_sizes(&self.columns)
            && let Some(columns) = specification(&self.columns, &self.options)
        {
            return self.web_read(columns);
        }
        let args = vec![id_list(&self.ids), name_list(self.columns.requested())];
        let call = Call::orm(&self.model, OrmMethod::Read, args, &self.options.context);
        if self.options.needs_names(&self.columns) { call } else { call.with_kwargs(&[without_names()]) }
    }

    /// The call that reads all columns with nested records; `None` if the server cannot do that, or there are none.
    #[must_use]
    pub fn nested_call(&self) -> Option<Call> {
        let columns = self.columns.is_nested().then(|| specification(&self.columns, &self.options)).flatten()?;
        Some(self.web_read(columns))
    }

    fn web_read(&self, columns: Value<'static>) -> Call {
        let args = vec![id_list(&self.ids), columns];
        Call::orm(&self.model, OrmMethod::WebRead, args, &self.options.context)
    }

    /// The read without sizes of files, and the read of these sizes; `None` if one call returns everything.
    #[must_use]
    pub fn split_sizes(&self) -> Option<[Self; 2]> {
        Some(self.options.split_sizes(&self.columns)?.map(|columns| self.with_columns(columns)))
    }

    /// The same read of other records.
    #[must_use]
    pub fn with_ids(&self, ids: Vec<RecordId>) -> Self {
        Self { model: self.model.clone(), ids, columns: self.columns.clone(), options: self.options.clone() }
    }

    /// The same read of other columns.
    #[must_use]
    pub fn with_columns(&self, columns: Columns) -> Self {
        Self { model: self.model.clone(), ids: self.ids.clone(), columns, options: self.options.clone() }
    }

    /// The search for those of its records that exist and are readable, archived ones included.
    #[must_use]
    pub fn existence_search(&self) -> Call {
        let ids = vec!["id".into(), "in".into(), id_list(&self.ids)];
        let mut context = self.options.context.clone();
        context.retain(|(key, _)| key != ACTIVE_TEST);
        context.push((ACTIVE_TEST.into(), Value::Bool(false)));
        search(&self.model, Value::List(vec![Value::List(ids)]), &[], &context)
    }

    /// A read of related records with the same options.
    #[must_use]
    pub fn related(&self, model: ModelName, columns: Columns, ids: Vec<RecordId>) -> Self {
        Self { model, ids, columns, options: self.options.clone() }
    }

    /// Splits the read in two: by columns if there are several, otherwise by records. Returns `None` for a single
    /// value.
    #[must_use]
    pub fn split(&self) -> Option<[Self; 2]> {
        let visible: Vec<Column> =
            self.columns.visible.iter().filter(|column| column.name.as_str() != "id").cloned().collect();
        if visible.len() > 1 {
            let (left, right) = visible.split_at(visible.len() / 2);
            let half = |visible: &[Column]| Columns { visible: visible.to_vec(), ..self.columns.clone() };
            return Some([left, right].map(|columns| Self { columns: half(columns), ..self.clone() }));
        }
        if self.ids.len() > 1 {
            let (left, right) = self.ids.split_at(self.ids.len() / 2);
            return Some([left, right].map(|ids| self.with_ids(ids.to_vec())));
        }
        None
    }
}

/// A `search_read` that can be split into a search and smaller reads.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPlan {
    pub(super) model: ModelName,
    pub(super) domain: Value<'static>,
    /// Offset, limit and order, as named arguments; absent ones are not sent.
    pub(super) window: Vec<Member<'static>>,
    /// The columns.
    pub columns: Columns,
    pub(super) options: ReadOptions,
}

impl ListPlan {
    /// The call that searches and reads, without nested records.
    #[must_use]
    pub fn call(&self) -> Call {
        let args = vec![self.domain.clone(), name_list(self.columns.requested())];
        let call = Call::orm(&self.model, OrmMethod::SearchRead, args, &self.options.context).with_kwargs(&self.window);
        // Odoo 14 has no `load` here.
        if self.options.version.major < 15 || self.options.needs_names(&self.columns) {
            call
        } else {
            call.with_kwargs(&[without_names()])
        }
    }

    /// The call that searches and reads with nested records; `None` if the server cannot do that, or there are none.
    /// Returns `{length, records}`, where `length` is the number of all records only `with_total`.
    #[must_use]
    pub fn nested_call(&self, with_total: bool) -> Option<Call> {
        let columns = self.columns.is_nested().then(|| specification(&self.columns, &self.options)).flatten()?;
        Some(self.web_search_read(columns, with_total))
    }

    /// The single call that searches and reads without nested records; it also counts if possible and requested.
    /// `None` if no single call returns the same as a search and a read.
    #[must_use]
    pub fn flat_call(&self, with_total: bool) -> Option<Call> {
        let includes_archived = self.includes_archived();
        let specified = if with_total || includes_archived { self.flat_specification(with_total) } else { None };
        match specified {
            Some(columns) => Some(self.web_search_read(columns, with_total)),
            None if with_total && !includes_archived && self.options.version.major < SPECIFIED_FROM => {
                Some(self.web_search_read(name_list(self.columns.requested()), true))
            }
            None => self.search_read_call(),
        }
    }

    /// The call that searches and reads without nested records; `None` if it would return something else than a search
    /// and a read.
    #[must_use]
    pub fn search_read_call(&self) -> Option<Call> {
        (!self.includes_archived()).then(|| self.call())
    }

    /// The specification of the columns, if the server accepts one and returns the same as `read`.
    fn flat_specification(&self, with_total: bool) -> Option<Value<'static>> {
        let is_usable = !self.columns.is_nested() && !CUSTOM_WEB_READ_MODELS.contains(&self.model.as_str());
        // A page with its total has always had the form of `web_read`, if its many2one values have no names.
        let is_bare_page = with_total && self.options.many2one_display == Many2oneDisplay::Bare;
        let is_like_read = is_bare_page || reads_like_read(&self.columns, &self.options);
        (is_usable && is_like_read).then(|| specification(&self.columns, &self.options)).flatten()
    }

    /// Without `force_search_count`, Odoo does not count if a page is not full, but adds up what it returned. With a
    /// `count_limit` that one record reaches, it does not count if the page is full either.
    fn web_search_read(&self, columns: Value<'static>, with_total: bool) -> Call {
        let mut context = self.options.context.clone();
        let mut window = self.window.clone();
        if with_total {
            context.push(("force_search_count".into(), Value::Bool(true)));
        } else {
            window.push(("count_limit".into(), Value::Int(1)));
        }
        let args = vec![self.domain.clone(), columns];
        Call::orm(&self.model, OrmMethod::WebSearchRead, args, &context).with_kwargs(&window)
    }

    /// The call that returns only the ids.
    #[must_use]
    pub fn search_call(&self) -> Call {
        search(&self.model, self.domain.clone(), &self.window, &self.options.context)
    }

    /// The call that returns the ids of all matching records, without offset and limit.
    #[must_use]
    pub fn search_all_call(&self) -> Call {
        let order: Vec<Member<'static>> = self.window.iter().filter(|(name, _)| name == "order").cloned().collect();
        search(&self.model, self.domain.clone(), &order, &self.options.context)
    }

    /// The call that counts all matching records.
    #[must_use]
    pub fn count_call(&self) -> Call {
        Call::orm(&self.model, OrmMethod::SearchCount, vec![self.domain.clone()], &self.options.context)
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelName {
        &self.model
    }

    /// The same list with other columns.
    #[must_use]
    pub fn with_columns(&self, columns: Columns) -> Self {
        let (model, domain, window) = (self.model.clone(), self.domain.clone(), self.window.clone());
        Self { model, domain, window, columns, options: self.options.clone() }
    }

    /// The list without sizes of files, and the read of these sizes; `None` if one call returns everything.
    #[must_use]
    pub fn split_sizes(&self) -> Option<(Self, ReadPlan)> {
        let [others, sizes] = self.options.split_sizes(&self.columns)?;
        Some((self.with_columns(others), self.read_plan(Vec::new()).with_columns(sizes)))
    }

    /// Whether archived records are included. Odoo's `search_read` then returns them, but not those in relations.
    #[must_use]
    pub fn includes_archived(&self) -> bool {
        self.options.context.iter().any(|(key, value)| key == ACTIVE_TEST && value.is_falsy())
    }

    /// Whether the model overrides the search of Odoo.
    #[must_use]
    pub fn has_custom_search(&self) -> bool {
        CUSTOM_SEARCH_MODELS.contains(&self.model.as_str())
    }

    /// The read of the records that were found.
    #[must_use]
    pub fn read_plan(&self, ids: Vec<RecordId>) -> ReadPlan {
        ReadPlan { model: self.model.clone(), ids, columns: self.columns.clone(), options: self.options.clone() }
    }

    /// The number of records to skip, and the maximum number to return.
    #[must_use]
    pub fn offset_and_limit(&self) -> (i64, Option<i64>) {
        let number = |key: &str| self.window.iter().find(|(name, _)| name == key).and_then(|(_, n)| n.as_int());
        (number("offset").unwrap_or(0), number("limit"))
    }
}

/// Models whose search removes records that the user may not see after Odoo applied the limit, or depends on whether
/// a condition names `id`. Their pages can be short, or differ from those of the complete list.
const CUSTOM_SEARCH_MODELS: [&str; 4] = ["ir.attachment", "mail.activity", "mail.message", "mail.scheduled.message"];

/// The context key that controls archived records.
const ACTIVE_TEST: &str = "active_test";

/// Computing unused names costs Odoo a third of the time of a read.
fn without_names() -> Member<'static> {
    ("load".into(), "".into())
}

pub(super) fn search(
    model: &ModelName,
    domain: Value<'static>,
    window: &[Member<'static>],
    context: &[Member<'static>],
) -> Call {
    Call::orm(model, OrmMethod::Search, vec![domain], context).with_kwargs(window)
}

#[cfg(test)]
mod tests;
