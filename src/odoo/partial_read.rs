//! Reads as many values as possible if a read of records fails.
//!
//! Some values make Odoo's entire response fail: bytes that are not text, integers over 32 bits, `None`, a computed
//! field that raises an exception. If a field refers to a missing record, Odoo drops the record of that field. Only
//! such a value is omitted: the read is split in halves, first by columns, then by records, until the failing values
//! are isolated. They are omitted, reported, and remembered. If the request names such a field, it is rejected.
//!
//! In: a read, the rows that it returned, and what failed. Out: its records without the failing values. Must not know:
//! why a value cannot be read.

use std::collections::{HashMap, HashSet, VecDeque};

use indexmap::{IndexMap, IndexSet};

use super::error::OdooError;
use super::read_failure_cache::FailingFields;
use super::returned_records::{RecordSource, Records, missing_ids, record_id, record_ids};
use super::user_client::UserClient;
use crate::error::Problem;
use crate::names::{FieldName, RecordId};
use crate::plan::{Column, Columns, ReadPlan};
use crate::value::{Member, Value};

/// Maximum number of calls of one partial read. A failing value costs about log2(columns) + log2(records) calls. What
/// still fails after that many calls is omitted.
const MAX_CALLS: usize = 256;

/// If so many calls return no value at all, the cause is not a field.
const MAX_CALLS_WITHOUT_RESULT: usize = 24;

/// A column that fails in so many parts of the records and works in none fails for all records: two halves, four
/// quarters, eight eighths.
const MAX_FAILED_PARTS: usize = 14;

/// A read that is split until the failing values are isolated.
pub(super) struct PartialRead<'r> {
    odoo: UserClient<'r>,
    read: &'r ReadPlan,
    /// The values that were read, by record.
    values: HashMap<RecordId, Vec<Member<'static>>>,
    failed: IndexMap<FieldName, FailedColumn>,
    omitted: IndexSet<FieldName>,
    untried: Vec<ReadPlan>,
    /// Failed parts with several columns; they are split first.
    wide: Vec<(ReadPlan, OdooError)>,
    /// Failed parts with one column.
    narrow: VecDeque<(ReadPlan, OdooError)>,
    calls: usize,
    attempts: HashMap<FieldName, ColumnAttempts>,
}

/// How reads of a single column went.
#[derive(Default)]
struct ColumnAttempts {
    failed: usize,
    has_worked: bool,
}

/// A column that failed.
struct FailedColumn {
    records: HashSet<RecordId>,
    error: OdooError,
}

impl<'r> PartialRead<'r> {
    pub(super) fn new(odoo: UserClient<'r>, read: &'r ReadPlan) -> Self {
        Self {
            odoo,
            read,
            values: HashMap::new(),
            failed: IndexMap::new(),
            omitted: IndexSet::new(),
            untried: Vec::new(),
            wide: Vec::new(),
            narrow: VecDeque::new(),
            calls: 0,
            attempts: HashMap::new(),
        }
    }

    /// Adds rows that were read; they can lack records and columns.
    pub(super) fn add_rows(&mut self, rows: Value<'_>) {
        let Value::List(rows) = rows.into_owned() else { return };
        for row in rows {
            if let (Some(id), Value::Map(members)) = (record_id(&row), row) {
                let known = self.values.entry(id).or_default();
                let others = members.into_iter().filter(|(key, _)| key != "id");
                let new: Vec<_> = others.filter(|(key, _)| !known.iter().any(|(name, _)| name == key)).collect();
                known.extend(new);
            }
        }
    }

    /// Adds a part that failed, whose records exist.
    pub(super) fn add_failed(&mut self, part: ReadPlan, error: OdooError) {
        if part.ids.is_empty() {
            return;
        }
        for id in &part.ids {
            self.values.entry(*id).or_default();
        }
        match columns(&part).count() {
            0 => {}
            1 => self.narrow.push_back((part, error)),
            _ => self.wide.push((part, error)),
        }
    }

    /// Handles columns that were left out because they are known to fail: they are read for the records for which they
    /// do not fail, and reported as omitted for the others.
    pub(super) fn skip_known_failures(&mut self, failing: &FailingFields, was_left_out: impl Fn(&Column) -> bool) {
        let known = self.read.columns.visible.iter().filter(|column| failing.contains(&column.name));
        for column in known.filter(|column| was_left_out(column)) {
            let unaffected = failing.unaffected(&column.name, &self.read.ids);
            if unaffected.len() < self.read.ids.len() {
                self.omitted.insert(column.name.clone());
            }
            if !unaffected.is_empty() {
                let columns = Columns { visible: vec![column.clone()], ..self.read.columns.clone() };
                self.untried.push(self.read.with_ids(unaffected).with_columns(columns));
            }
        }
    }

    /// Isolates the failing values, remembers their columns, and assembles the records.
    ///
    /// # Errors
    /// If the cause is not a field, or if the request names a field that fails.
    pub(super) async fn finish(mut self, one: bool) -> Result<Records, Problem> {
        for part in std::mem::take(&mut self.untried) {
            self.attempt(part).await?;
        }
        while let Some((part, error)) = self.wide.pop().or_else(|| self.narrow.pop_front()) {
            match part.split() {
                Some(_) if self.calls >= MAX_CALLS_WITHOUT_RESULT && self.is_empty() => {
                    return Err(error.into_call_problem(&part.call()));
                }
                Some(halves) if self.calls < MAX_CALLS && !self.fails_for_all(&part) => {
                    for half in halves {
                        self.attempt(half).await?;
                    }
                }
                _ => self.give_up(&part, &error),
            }
        }
        if let Some(column) = self.failed.values().next().filter(|_| self.is_empty()) {
            // If no value at all can be read, the cause is not a field.
            if !self.read.columns.named {
                return Err(column.error.clone().into_call_problem(&self.read.call()));
            }
        }
        self.remember_failures();
        if let Some(problem) = self.named_field_problem() {
            return Err(problem);
        }
        self.omitted.extend(self.failed.into_keys());
        let ids = self.read.ids.iter();
        let rows = ids.filter_map(|id| Some(row(*id, self.values.get(id)?))).collect();
        let requested = Some(self.read.ids.clone());
        let records = Records::new(RecordSource::Assembled(rows), requested, self.read.columns.clone(), one);
        Ok(Records { omitted: self.omitted.iter().map(FieldName::to_string).collect(), ..records })
    }

    async fn attempt(&mut self, part: ReadPlan) -> Result<(), Problem> {
        self.calls += 1;
        match self.odoo.try_read(&part.call()).await {
            Ok(reply) => {
                let rows = reply.value()?;
                let missing = missing_ids(&part.ids, record_ids(&rows))?.into_iter();
                let dropped: Vec<RecordId> = missing.filter(|id| self.values.contains_key(id)).collect();
                self.note_attempt(&part, dropped.len() < part.ids.len());
                self.add_rows(rows);
                self.add_failed(part.with_ids(dropped), OdooError::record_dropped());
            }
            Err(error) if error.may_be_field_specific() => {
                self.note_attempt(&part, false);
                self.add_failed(part, error);
            }
            Err(error) => return Err(error.into_call_problem(&part.call())),
        }
        Ok(())
    }

    /// Whether no value at all was read.
    fn is_empty(&self) -> bool {
        self.values.values().all(Vec::is_empty)
    }

    fn note_attempt(&mut self, part: &ReadPlan, worked: bool) {
        let mut columns = columns(part);
        if let (Some(column), None) = (columns.next(), columns.next()) {
            let attempts = self.attempts.entry(column.name.clone()).or_default();
            attempts.has_worked |= worked;
            attempts.failed += usize::from(!worked);
        }
    }

    /// Whether the only column of this part has failed so often that it counts as failing for all records.
    fn fails_for_all(&self, part: &ReadPlan) -> bool {
        let mut attempts = columns(part).filter_map(|column| self.attempts.get(&column.name));
        columns(part).count() == 1
            && attempts.any(|attempts| !attempts.has_worked && attempts.failed > MAX_FAILED_PARTS)
    }

    fn give_up(&mut self, part: &ReadPlan, error: &OdooError) {
        for column in columns(part) {
            let new = || FailedColumn { records: HashSet::new(), error: error.clone() };
            let failed = self.failed.entry(column.name.clone()).or_insert_with(new);
            failed.records.extend(&part.ids);
        }
    }

    fn remember_failures(&self) {
        let (odoo, model) = (self.odoo, &self.read.model);
        for (field, column) in &self.failed {
            let works_elsewhere = self.values.keys().any(|id| !column.records.contains(id));
            odoo.quirks().add_failing(odoo.uid(), model, field, &column.records, works_elsewhere);
        }
    }

    /// The problem if the request names fields that fail.
    fn named_field_problem(&self) -> Option<Problem> {
        let (_, column) = self.failed.first().filter(|_| self.read.columns.named)?;
        let fields = self.failed.keys().take(5).map(FieldName::as_str).collect::<Vec<_>>().join(", ");
        Some(column.error.clone().into_field_problem(&self.read.model, &fields))
    }
}

/// The columns of a part, without the id.
fn columns(part: &ReadPlan) -> impl Iterator<Item = &Column> {
    part.columns.visible.iter().filter(|column| column.name.as_str() != "id")
}

fn row(id: RecordId, values: &[Member<'static>]) -> Value<'static> {
    let mut members = vec![("id".into(), Value::Int(id.get()))];
    members.extend(values.iter().cloned());
    Value::Map(members)
}
