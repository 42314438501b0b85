//! Reads records, by search and by ids: all that the domain finds, and of each as much as can be read.
//!
//! In: a list or a read. Out: its [`Records`]. Must not know: how fields that fail are found, what becomes of records.
//!
//! ```text
//! list   one call that searches and reads; where its page is shorter than it should be, or something in it failed:
//!        search, then read
//! read   one call; where something failed or a record lacks that is there: salvage
//! ```
//!
//! A page is shorter than it should be where Odoo drops a record whose computed field misses another one, and where a
//! model takes away what the user may not see after the page was counted off. What is learned of the first are fields,
//! of the second is the model; both spare the next read the search for it.

use std::collections::HashSet;
use std::sync::Arc;

use super::error::{Failure, unreadable};
use super::executor::{Records, Run, Source, ids_in};
use super::partial_read::Salvage;
use super::read_quirks::{Failing, Paging};
use super::related::Behind;
use crate::error::Problem;
use crate::names::{ModelName, RecordId};
use crate::plan::{Column, Columns, List, OrmMethod, Read};
use crate::value::Value;

/// What is wanted beside the records of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// How many there are in all.
    Total,
    /// Nothing but that a short page is short rightly.
    Proof,
    /// Nothing: who turns pages counts by himself.
    Nothing,
}

/// What was found.
pub(super) struct Found {
    pub(super) ids: Vec<RecordId>,
    /// How many there are in all, where that is known now.
    total: Option<i64>,
}

/// What a page says.
enum Checked {
    /// All is there, and so many there are in all, where that is wanted.
    Whole(Option<i64>),
    /// Records lack; there are so many in all.
    Short(i64),
}

/// Columns without those that fail, as far as one call can leave them out.
struct Sieved {
    columns: Columns,
    omitted: Vec<String>,
    /// Whether some column fails for some records only.
    in_part: bool,
}

impl Run<'_> {
    /// The records of a list with what stands behind them: in one call where the server can nest, level by level where
    /// it cannot or may not.
    pub(super) async fn page(self, list: &List, beside: Beside) -> Result<Records, Problem> {
        let mut counted = None;
        let sieved = self.sieve(list.model(), &list.columns, None, "");
        let main = list.with(sieved.columns);
        let call = main.nested_call(beside == Beside::Total);
        if let Some(call) = call.filter(|_| !sieved.in_part && !self.is_late(list)) {
            match self.try_read(&call).await {
                Ok(reply) => {
                    let mut records = Records::new(Source::Page(reply), None, list.columns.clone(), false);
                    records.omitted = sieved.omitted;
                    match self.check(&main, &records, beside).await? {
                        Checked::Whole(total) => return Ok(Records { total, ..records }),
                        Checked::Short(count) => counted = Some(count),
                    }
                }
                Err(failure) if failure.may_be_a_field() => {}
                Err(failure) => return Err(failure.explain(&call)),
            }
        }
        let records = self.flat_list(list, beside, counted).await?;
        self.behind(records, &list.read(Vec::new())).await
    }

    async fn flat_list(self, list: &List, beside: Beside, mut counted: Option<i64>) -> Result<Records, Problem> {
        let failing = self.failing(list.model(), &list.columns);
        let main = list.with(list.columns.without(|name| failing.knows(name)));
        if counted.is_none()
            && !self.is_late(list)
            && let Some(records) = self.in_one_call(&main, beside).await?
        {
            match self.check(&main, &records, beside).await? {
                Checked::Whole(total) => {
                    let records = self.completed(list, records, &failing).await?;
                    return Ok(Records { total, ..records });
                }
                Checked::Short(count) => counted = Some(count),
            }
        }
        let found = self.find(list, counted).await?;
        let records = self.flat_read(list.read(found.ids), false).await?;
        let total = match (beside, found.total.or(counted)) {
            (Beside::Total, None) => Some(self.count(&list.count()).await?),
            (Beside::Total, told) => told,
            _ => None,
        };
        // Records that were found a moment ago may be gone.
        Ok(Records { total, asked: None, ..records })
    }

    /// `None` where no one call does it, or a field may have failed.
    async fn in_one_call(self, list: &List, beside: Beside) -> Result<Option<Records>, Problem> {
        let Some(call) = list.flat_call(beside == Beside::Total) else { return Ok(None) };
        let mut answered = self.try_read(&call).await;
        if answered.as_ref().is_err_and(Failure::is_of_unknown_method) && call.method != OrmMethod::SearchRead.name() {
            answered = self.try_read(&list.call()).await;
        }
        match answered {
            Ok(reply) => {
                let is_list = matches!(reply.value()?, Value::List(_));
                let source = if is_list { Source::Reply(reply) } else { Source::Page(reply) };
                Ok(Some(Records::new(source, None, list.columns.clone(), false)))
            }
            Err(failure) if failure.may_be_a_field() => Ok(None),
            Err(failure) => Err(failure.explain(&call)),
        }
    }

    /// Reads along what is known to fail for some records, of the others.
    async fn completed(self, list: &List, records: Records, failing: &Failing) -> Result<Records, Problem> {
        let known: Vec<&Column> = list.columns.shown.iter().filter(|column| failing.knows(&column.name)).collect();
        if known.iter().all(|column| failing.fails_everywhere(&column.name)) {
            let omitted = known.iter().map(|column| column.name.to_string()).collect();
            return Ok(Records { omitted, columns: list.columns.clone(), ..records });
        }
        let rows = records.list()?;
        let ids = ids_in(&Value::List(rows.clone())).ok_or_else(|| unreadable("records without an id"))?;
        let read = list.read(ids);
        let mut salvage = Salvage::of(self, &read);
        salvage.collect(Value::List(rows));
        salvage.spare(failing, |_| true);
        let records = salvage.finish(false).await?;
        Ok(Records { asked: None, ..records })
    }

    /// The ids that a list finds.
    pub(super) async fn find(self, list: &List, counted: Option<i64>) -> Result<Found, Problem> {
        let (offset, limit) = list.bounds();
        let mut cut = None;
        if !self.is_late(list) {
            let ids = self.search(&list.search()).await?;
            let came = number(ids.len());
            if limit.is_none_or(|limit| came >= limit) || self.is_telling(list) {
                return Ok(Found { ids, total: None });
            }
            let count = match counted {
                Some(count) => count,
                None => self.count(&list.count()).await?,
            };
            if came >= due(count, offset, limit) {
                self.learned().note_paging(self.uid(), list.model(), Paging::Telling);
                return Ok(Found { ids, total: Some(count) });
            }
            cut = Some(came);
        }
        let all = self.search(&list.search_all()).await?;
        let total = number(all.len());
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let take = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let ids: Vec<RecordId> = all.into_iter().skip(skip).take(take).collect();
        // Otherwise somebody else has made or removed records meanwhile.
        if cut.is_some_and(|came| came < number(ids.len())) {
            self.learned().note_paging(self.uid(), list.model(), Paging::Late);
        }
        Ok(Found { ids, total: Some(total) })
    }

    fn is_late(self, list: &List) -> bool {
        self.learned().paging(self.uid(), list.model()) == Paging::Late
    }

    /// Whether a short page can be believed. Where a model searches its own way, one such page says nothing of another.
    fn is_telling(self, list: &List) -> bool {
        let paging = self.learned().paging(self.uid(), list.model());
        paging == Paging::Telling && !list.searches_its_own_way()
    }

    /// Whether a short page with these columns can be believed. Where all fields are wanted, those that fail are known
    /// since the first page and not asked for; a field that is named is, so it must have been seen to work.
    fn is_proven(self, list: &List) -> bool {
        let fields = list.columns.shown.iter().map(|column| &column.name);
        self.is_telling(list) && (!list.columns.named || self.learned().are_proven(self.uid(), list.model(), fields))
    }

    /// Whether these are all records that the list should have here. The list has the columns that were asked for.
    async fn check(self, list: &List, records: &Records, beside: Beside) -> Result<Checked, Problem> {
        let ((offset, limit), came) = (list.bounds(), number(records.list()?.len()));
        let is_full = limit.is_some_and(|limit| came >= limit);
        let total = |count| (beside == Beside::Total).then_some(count);
        // An empty page says that there is nothing at all, wherever it is.
        let told = if beside == Beside::Total && limit.is_some() && came > 0 { records.length()? } else { None };
        let count = match told {
            Some(length) => length,
            None if beside == Beside::Nothing || (beside == Beside::Proof && is_full) => {
                return Ok(Checked::Whole(None));
            }
            None if !is_full && self.is_proven(list) && (came > 0 || offset == 0 || beside == Beside::Proof) => {
                return Ok(Checked::Whole(total(offset.saturating_add(came))));
            }
            None => self.count(&list.count()).await?,
        };
        if came < due(count, offset, limit) {
            return Ok(Checked::Short(count));
        }
        if !is_full {
            self.learned().note_paging(self.uid(), list.model(), Paging::Telling);
        }
        if came > 0 {
            let fields = list.columns.shown.iter().map(|column| &column.name);
            self.learned().note_proven(self.uid(), list.model(), fields);
        }
        Ok(Checked::Whole(total(count)))
    }

    /// Records by their ids, with what stands behind them.
    pub(super) async fn read(self, read: Read, one: bool) -> Result<Records, Problem> {
        if read.ids.is_empty() {
            return Ok(Records::new(Source::Pieces(Vec::new()), None, read.columns, one));
        }
        let sieved = self.sieve(&read.model, &read.columns, Some(&read.ids), "");
        let call = read.with(sieved.columns).nested_call();
        if let Some(call) = call.filter(|_| !sieved.in_part) {
            match self.try_read(&call).await {
                Ok(reply) if lacking(&read.ids, &reply.value()?)?.is_empty() => {
                    let mut records = Records::new(Source::Reply(reply), Some(read.ids), read.columns, one);
                    (records.behind, records.omitted) = (Behind::InPlace, sieved.omitted);
                    return Ok(records);
                }
                Ok(_) => {}
                Err(failure) if failure.may_be_a_field() => {}
                Err(failure) => return Err(failure.explain(&call)),
            }
        }
        let way = read.of(Vec::new());
        let records = self.flat_read(read, one).await?;
        self.behind(records, &way).await
    }

    /// Records by their ids, without what stands behind them.
    pub(super) async fn flat_read(self, read: Read, one: bool) -> Result<Records, Problem> {
        let failing = self.failing(&read.model, &read.columns);
        let fails = |column: &Column| failing.spares(&column.name, &read.ids).len() < read.ids.len();
        let left_out: Vec<&Column> = read.columns.shown.iter().filter(|column| fails(column)).collect();
        let main = read.with(read.columns.without(|name| left_out.iter().any(|column| column.name == *name)));
        let answered = self.try_read(&main.call()).await;
        let (rows, lacking, failure) = match answered {
            Ok(reply) => {
                let lacking = lacking(&read.ids, &reply.value()?)?;
                let there = if lacking.is_empty() { lacking } else { self.present(&read.of(lacking)).await? };
                let spared = left_out.iter().any(|column| !failing.spares(&column.name, &read.ids).is_empty());
                if there.is_empty() && !spared {
                    let omitted = left_out.iter().map(|column| column.name.to_string()).collect();
                    let records = Records::new(Source::Reply(reply), Some(read.ids.clone()), read.columns.clone(), one);
                    return Ok(Records { omitted, ..records });
                }
                (reply.value()?.into_owned(), there, Failure::record_dropped())
            }
            Err(failure) if failure.may_be_a_field() => {
                let there = self.present(&read).await?;
                if failure.is_refusal() && there.len() < distinct(&read.ids).len() {
                    return Err(failure.explain(&main.call()));
                }
                (Value::List(Vec::new()), there, failure)
            }
            Err(failure) => return Err(failure.explain(&main.call())),
        };
        let mut salvage = Salvage::of(self, &read);
        salvage.collect(rows);
        salvage.spare(&failing, fails);
        salvage.failed(main.of(lacking), failure);
        salvage.finish(one).await
    }

    /// Those of the records that are there and that this user may read.
    async fn present(self, read: &Read) -> Result<Vec<RecordId>, Problem> {
        let found: HashSet<RecordId> = self.search(&read.presence()).await?.into_iter().collect();
        Ok(distinct(&read.ids).into_iter().filter(|id| found.contains(id)).collect())
    }

    /// What is known to fail. Who names a field is to get it, or to learn why not.
    fn failing(self, model: &ModelName, columns: &Columns) -> Arc<Failing> {
        if columns.named { Arc::default() } else { self.learned().failing(self.uid(), model) }
    }

    /// Leaves out, on every level, what is known to fail for all records, or for all of these.
    fn sieve(self, model: &ModelName, columns: &Columns, ids: Option<&[RecordId]>, path: &str) -> Sieved {
        let failing = self.failing(model, columns);
        let mut sieved = Sieved { columns: columns.without(|_| true), omitted: Vec::new(), in_part: false };
        for column in &columns.shown {
            let is_out = match ids {
                Some(ids) => failing.knows(&column.name) && failing.spares(&column.name, ids).is_empty(),
                None => failing.fails_everywhere(&column.name),
            };
            if is_out {
                sieved.omitted.push(format!("{path}{}", column.name));
                continue;
            }
            sieved.in_part |= match ids {
                Some(ids) => failing.spares(&column.name, ids).len() < ids.len(),
                None => failing.knows(&column.name),
            };
            let mut column = column.clone();
            if let Some(within) = &mut column.within {
                let behind = self.sieve(&within.model, &within.columns, None, &format!("{path}{}.", column.name));
                within.columns = behind.columns;
                sieved.omitted.extend(behind.omitted);
                sieved.in_part |= behind.in_part;
            }
            sieved.columns.shown.push(column);
        }
        sieved
    }
}

/// Which ids are not among the records that came.
pub(super) fn lacking(ids: &[RecordId], records: &Value<'_>) -> Result<Vec<RecordId>, Problem> {
    let came = ids_in(records).ok_or_else(|| unreadable("neither records nor a fault"))?;
    if came == ids {
        return Ok(Vec::new());
    }
    let came: HashSet<RecordId> = came.into_iter().collect();
    Ok(distinct(ids).into_iter().filter(|id| !came.contains(id)).collect())
}

/// Each once.
fn distinct(ids: &[RecordId]) -> indexmap::IndexSet<RecordId> {
    ids.iter().copied().collect()
}

/// How many of `count` records stand in a slice.
fn due(count: i64, offset: i64, limit: Option<i64>) -> i64 {
    let behind = count.saturating_sub(offset).max(0);
    limit.map_or(behind, |limit| behind.min(limit))
}

pub(super) fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
