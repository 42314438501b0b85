//! A listing of any length as pages, one call per page.
//!
//! In: the plan of a listing and the requested order. Out: a [`Pager`]: the next [`PageStep`], given the results of
//! the previous ones. Must not know: how calls are sent, what happens to the records.
//!
//! ```text
//! keyset   domain and "after the last record", in the order of the key      any number of records in constant memory
//! ids      read of the next few ids: those of the request, or those         four bytes per record
//!          that one search found, if the order cannot be a key
//! ```
//!
//! There is no snapshot: a record that is created, deleted or moved in the meantime may or may not be included, but
//! no record is returned twice unless it moved. The default order is `id`.

mod keyset;
mod size;

use std::collections::VecDeque;

use self::keyset::{KeysetCursor, KeysetKey};
use self::size::PageSize;
use super::call::Call;
use super::column_tree::Columns;
use super::execution_plan::{ListPlan, ReadPlan};
use super::intent::Window;
use super::model_schema::Schema;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::RecordId;
use crate::value::Value;

/// The next step towards a page.
#[derive(Debug, Clone, PartialEq)]
pub enum PageStep {
    /// Search and read this. Report the result with [`Pager::accept_records`].
    List(ListPlan),
    /// Read this. Report the result with [`Pager::advance`].
    Read(ReadPlan),
    /// Search this; the ids are the page. Report the result with [`Pager::accept_page_ids`].
    Search(ListPlan),
    /// These ids are the page. Continue with [`Pager::advance`].
    Ids(Vec<RecordId>),
    /// Check that all of these records exist; no page yet. Continue with [`Pager::accept_verified`].
    Verify(ReadPlan),
    /// Search this; no page yet. Report the result with [`Pager::accept_found_ids`].
    FindIds(Call),
}

/// The pages of one listing.
#[derive(Debug)]
pub struct Pager {
    listing: Listing,
    strategy: PagingStrategy,
    size: PageSize,
}

/// What is listed.
#[derive(Debug)]
enum Listing {
    /// Records that a search finds, and the columns of the response.
    Found { list: ListPlan, visible: Columns },
    /// Records of given ids, and the read that checks their existence.
    Given { read: ReadPlan, existence_read: ReadPlan },
    /// Ids that a search finds.
    Ids(ListPlan),
}

/// How the pages are determined.
#[derive(Debug)]
enum PagingStrategy {
    /// From the cursor of the last record on; `remaining` records are still requested.
    Keyset { key: KeysetKey, cursor: Option<KeysetCursor>, remaining: Option<usize>, finished: bool },
    /// By ids that are known.
    Ids(VecDeque<RecordId>),
    /// By ids that must be found first. Where Odoo would apply offset and limit wrongly, they are applied here.
    SearchFirst { slice: Option<OffsetLimit> },
    /// By given ids, all of which must exist.
    VerifyFirst(VecDeque<RecordId>),
}

/// A part of the ids that a search found.
#[derive(Debug, Clone, Copy)]
struct OffsetLimit {
    offset: usize,
    limit: Option<usize>,
}

impl OffsetLimit {
    fn apply(&self, ids: Vec<RecordId>) -> VecDeque<RecordId> {
        ids.into_iter().skip(self.offset).take(self.limit.unwrap_or(usize::MAX)).collect()
    }
}

impl Pager {
    /// The pages of the records that a search finds. `window` and `schema` are those of the plan.
    pub(super) fn for_list(mut list: ListPlan, window: &Window, schema: &Schema) -> Self {
        let visible = list.columns.clone();
        let (strategy, size) = (strategy(&list, window, schema), PageSize::for_records(&visible));
        if let PagingStrategy::Keyset { key, .. } = &strategy {
            list.columns.append_missing(key.fields(), schema);
        }
        Self { listing: Listing::Found { list, visible }, strategy, size }
    }

    /// The pages of the ids that a search finds.
    pub(super) fn for_ids(list: ListPlan, window: &Window, schema: &Schema) -> Self {
        let strategy = match strategy(&list, window, schema) {
            // The result contains only ids, so no other field can be part of the cursor.
            PagingStrategy::Keyset { key, .. } if !key.is_id() => PagingStrategy::SearchFirst { slice: None },
            strategy => strategy,
        };
        Self { listing: Listing::Ids(list), strategy, size: PageSize::for_ids() }
    }

    /// The pages of given records, in their order. If there are several pages, `existence_read` first checks which
    /// records exist.
    pub(super) fn for_given_ids(read: ReadPlan, existence_read: ReadPlan) -> Self {
        let size = PageSize::for_records(&read.columns);
        let ids = VecDeque::from(read.ids.clone());
        let strategy =
            if ids.len() > size.records() { PagingStrategy::VerifyFirst(ids) } else { PagingStrategy::Ids(ids) };
        Self { listing: Listing::Given { read, existence_read }, strategy, size }
    }

    /// The columns of the response; `None` if ids are listed.
    #[must_use]
    pub fn columns(&self) -> Option<&Columns> {
        match &self.listing {
            Listing::Found { visible, .. } => Some(visible),
            Listing::Given { read, .. } => Some(&read.columns),
            Listing::Ids(_) => None,
        }
    }

    /// Whether the request lists the ids of the records.
    #[must_use]
    pub fn is_for_given_ids(&self) -> bool {
        matches!(self.listing, Listing::Given { .. })
    }

    /// The next step; `None` after the last page. It stays the same until its result is reported.
    #[must_use]
    pub fn next_step(&self) -> Option<PageStep> {
        match (&self.strategy, &self.listing) {
            (PagingStrategy::Keyset { finished: true, .. }, _) => None,
            (PagingStrategy::Keyset { .. }, Listing::Found { list, .. }) => Some(PageStep::List(self.page(list))),
            (PagingStrategy::Keyset { .. }, Listing::Ids(list)) => Some(PageStep::Search(self.page(list))),
            (PagingStrategy::Ids(ids), _) if ids.is_empty() => None,
            (PagingStrategy::Ids(ids), Listing::Found { list, visible }) => {
                Some(PageStep::Read(ReadPlan { columns: visible.clone(), ..list.read_plan(self.next_ids(ids)) }))
            }
            (PagingStrategy::Ids(ids), Listing::Ids(_)) => Some(PageStep::Ids(self.next_ids(ids))),
            (PagingStrategy::Ids(ids), Listing::Given { read, .. }) => {
                Some(PageStep::Read(read.with_ids(self.next_ids(ids))))
            }
            (PagingStrategy::SearchFirst { slice }, Listing::Found { list, .. } | Listing::Ids(list)) => {
                Some(PageStep::FindIds(if slice.is_some() { list.search_all_call() } else { list.search_call() }))
            }
            (PagingStrategy::VerifyFirst(_), Listing::Given { existence_read, .. }) => {
                Some(PageStep::Verify(existence_read.clone()))
            }
            (PagingStrategy::Keyset { .. } | PagingStrategy::SearchFirst { .. }, Listing::Given { .. })
            | (PagingStrategy::VerifyFirst(_), _) => None,
        }
    }

    /// Accepts the records of [`PageStep::List`] and the size of the response.
    ///
    /// # Errors
    /// The last record does not contain the columns of its cursor.
    pub fn accept_records(&mut self, records: &[Value<'_>], bytes: usize) -> Result<(), Problem> {
        if let PagingStrategy::Keyset { key, cursor, remaining, finished } = &mut self.strategy {
            if let Some(last) = records.last() {
                *cursor = Some(key.cursor_of(last).ok_or_else(missing_cursor)?);
            }
            update_progress(remaining, finished, records.len());
        }
        self.size.adapt(records.len(), bytes);
        Ok(())
    }

    /// Accepts the ids of [`PageStep::Search`].
    pub fn accept_page_ids(&mut self, ids: &[RecordId]) {
        if let PagingStrategy::Keyset { cursor, remaining, finished, .. } = &mut self.strategy {
            if let Some(last) = ids.last() {
                *cursor = Some(vec![Value::Int(last.get())]);
            }
            update_progress(remaining, finished, ids.len());
        }
    }

    /// Moves on after the page of [`PageStep::Read`] or [`PageStep::Ids`], given the size of the response.
    pub fn advance(&mut self, bytes: usize) {
        let page_len = self.size.records();
        if let PagingStrategy::Ids(ids) = &mut self.strategy {
            let count = page_len.min(ids.len());
            ids.drain(..count);
            self.size.adapt(count, bytes);
        }
    }

    /// Accepts the ids of [`PageStep::FindIds`].
    pub fn accept_found_ids(&mut self, ids: Vec<RecordId>) {
        self.strategy = PagingStrategy::Ids(match &self.strategy {
            PagingStrategy::SearchFirst { slice: Some(slice) } => slice.apply(ids),
            _ => ids.into(),
        });
    }

    /// Accepts the number of records after a page of [`PageStep::List`] or [`PageStep::Search`] that was shorter than
    /// requested. If records follow an empty page, Odoo removed hidden records after it applied the limit: the rest
    /// is then found by one search.
    pub fn accept_remaining(&mut self, count: i64) {
        let PagingStrategy::Keyset { cursor, remaining, finished, .. } = &mut self.strategy else { return };
        let was_empty = *finished && *remaining != Some(0);
        if count <= 0 {
            *finished = true;
        } else if was_empty {
            let (limit, has_cursor) = (*remaining, cursor.is_some());
            let rest = match &self.listing {
                Listing::Found { list, .. } | Listing::Ids(list) => self.page(list),
                Listing::Given { .. } => return,
            };
            let offset = if has_cursor { 0 } else { usize::try_from(rest.offset_and_limit().0).unwrap_or_default() };
            match &mut self.listing {
                Listing::Found { list, .. } | Listing::Ids(list) => *list = rest,
                Listing::Given { .. } => {}
            }
            self.strategy = PagingStrategy::SearchFirst { slice: Some(OffsetLimit { offset, limit }) };
        }
    }

    /// Accepts that all records of [`PageStep::Verify`] exist.
    pub fn accept_verified(&mut self) {
        if let PagingStrategy::VerifyFirst(ids) = &mut self.strategy {
            self.strategy = PagingStrategy::Ids(std::mem::take(ids));
        }
    }

    /// Makes the next page smaller, after one that was too large. Returns `false` if it cannot be smaller.
    pub fn shrink_page(&mut self) -> bool {
        matches!(self.strategy, PagingStrategy::Keyset { .. } | PagingStrategy::Ids(_)) && self.size.shrink()
    }

    fn page_len(&self) -> usize {
        match &self.strategy {
            PagingStrategy::Keyset { remaining: Some(remaining), .. } => self.size.records().min(*remaining),
            _ => self.size.records(),
        }
    }

    fn next_ids(&self, ids: &VecDeque<RecordId>) -> Vec<RecordId> {
        ids.iter().take(self.size.records()).copied().collect()
    }

    /// The next page of the list. Only the first page has an offset.
    fn page(&self, list: &ListPlan) -> ListPlan {
        let mut page = list.clone();
        let limit = i64::try_from(self.page_len()).unwrap_or(i64::MAX);
        page.window.retain(|(name, _)| name == "order" || name == "offset");
        page.window.push(("limit".into(), Value::Int(limit)));
        if let PagingStrategy::Keyset { key, cursor: Some(cursor), .. } = &self.strategy {
            page.domain = and(page.domain, key.records_after(cursor));
            page.window.retain(|(name, _)| name != "offset");
        }
        page
    }
}

fn strategy(list: &ListPlan, window: &Window, schema: &Schema) -> PagingStrategy {
    let remaining = window.limit.and_then(|limit| usize::try_from(limit).ok());
    if list.has_custom_search() {
        let offset = usize::try_from(window.offset).unwrap_or(usize::MAX);
        return PagingStrategy::SearchFirst { slice: Some(OffsetLimit { offset, limit: remaining }) };
    }
    match KeysetKey::from_order(window.order.as_ref(), schema, list.options.version) {
        Some(key) => PagingStrategy::Keyset { key, cursor: None, remaining, finished: false },
        None => PagingStrategy::SearchFirst { slice: None },
    }
}

/// An empty page ends the listing. A short page does not: some models hide records after the limit is applied, so the
/// caller must [count](Pager::accept_remaining).
fn update_progress(remaining: &mut Option<usize>, finished: &mut bool, received: usize) {
    *remaining = remaining.map(|remaining| remaining.saturating_sub(received));
    *finished = received == 0 || *remaining == Some(0);
}

/// Conditions in sequence are joined by `&`.
fn and(domain: Value<'static>, more: Vec<Value<'static>>) -> Value<'static> {
    match domain {
        Value::List(mut items) => {
            items.extend(more);
            Value::List(items)
        }
        _ => Value::List(more),
    }
}

fn missing_cursor() -> Problem {
    let detail = "A record does not contain the fields of the requested order, so the next page cannot be found.";
    Problem::new(ErrorCode::ResultNotRepresentable, detail).hint("Request the order `id`.")
}

#[cfg(test)]
mod tests;
