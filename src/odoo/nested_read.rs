//! Reads records, by a search or by their ids, with their related records.
//!
//! In: a list or a read. Out: [`Records`]: all that match the domain, and of each as much as can be read. Must not
//! know: how fields that fail are found, what becomes of the records.
//!
//! ```text
//! list   one call that searches and reads; if its page is shorter than it should be, or something in it fails: a
//!        search, then a read
//! read   one call; if something in it fails, or an existing record is missing: a partial read
//! ```
//!
//! A page is shorter than it should be if Odoo drops a record, because a computed field of it refers to a missing
//! record, or if the model removes records that the user may not see after the page was cut. The read quirks store the
//! fields in the first case, the model in the second; so the next list does not need to find out again.

use std::borrow::Cow;

use super::error::{OdooError, unreadable};
use super::partial_read::PartialRead;
use super::read_by_ids::{add_sizes, failing_fields, read_flat};
use super::read_failure_cache::{FailingFields, ShortPage};
use super::related::add_related;
use super::reply::Reply;
use super::returned_records::{RecordSource, Records, RelatedRecords, missing_ids, record_ids, scan_records};
use super::user_client::UserClient;
use super::xmlrpc::record_scan::RecordScan;
use crate::error::Problem;
use crate::names::{ModelName, RecordId};
use crate::plan::{Column, Columns, ListPlan, OrmMethod, ReadPlan};
use crate::value::Value;

/// What a list counts in addition to returning records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountMode {
    /// All records that match the domain.
    Total,
    /// Only as much as needed to verify that a short page is the last one.
    VerifyShortPage,
    /// Nothing: the caller fetches page by page and counts on its own.
    None,
}

/// The result of a search.
pub(super) struct FoundIds {
    pub(super) ids: Vec<RecordId>,
    /// The number of all matching records, if it is known.
    total: Option<i64>,
}

/// Whether a page has all the records that it should have.
enum PageCheck {
    /// It has; with the number of all matching records, if it is requested.
    Complete(Option<i64>),
    /// Records are missing; with the number of all matching records.
    Incomplete(i64),
}

/// Columns without those that fail, as far as one call can omit them.
struct WorkingColumns {
    columns: Columns,
    omitted: Vec<String>,
    /// Whether a remaining column fails for some records.
    fails_partly: bool,
}

/// The records of a list with their related records: in one call if the server can nest them, otherwise level by level.
pub(super) async fn list_records(odoo: UserClient<'_>, list: &ListPlan, mode: CountMode) -> Result<Records, Problem> {
    if !list.columns.is_nested() {
        return list_flat(odoo, list, mode, None).await;
    }
    let mut count = None;
    let working = working_columns(odoo, list.model(), &list.columns, None, "");
    let main = list.with_columns(working.columns);
    let call = main.nested_call(mode == CountMode::Total);
    if let Some(call) = call.filter(|_| !working.fails_partly && !filters_after_paging(odoo, list)) {
        match odoo.try_read(&call).await {
            Ok(reply) => match check_page(odoo, &main, &scan_records(&reply)?, mode).await? {
                PageCheck::Complete(total) => {
                    let records = Records::new(RecordSource::Page(reply), None, list.columns.clone(), false);
                    return Ok(Records { total, omitted: working.omitted, ..records });
                }
                PageCheck::Incomplete(total) => count = Some(total),
            },
            Err(error) if error.may_be_field_specific() => {}
            Err(error) => return Err(error.into_call_problem(&call)),
        }
    }
    let records = list_flat(odoo, list, mode, count).await?;
    add_related(odoo, records, &list.read_plan(Vec::new())).await
}

/// The records of a list without their related records. `count` is the number of matching records, if it is known.
/// Sizes of files are read apart if one call cannot return them.
async fn list_flat(
    odoo: UserClient<'_>,
    list: &ListPlan,
    mode: CountMode,
    count: Option<i64>,
) -> Result<Records, Problem> {
    match list.split_sizes() {
        None => list_columns(odoo, list, mode, count).await,
        // Boxed, because it is rare and large.
        Some((others, sizes)) => {
            Box::pin(async {
                let records = list_columns(odoo, &others, mode, count).await?;
                add_sizes(odoo, records, &sizes, list.columns.clone()).await
            })
            .await
        }
    }
}

async fn list_columns(
    odoo: UserClient<'_>,
    list: &ListPlan,
    mode: CountMode,
    mut count: Option<i64>,
) -> Result<Records, Problem> {
    let failing = failing_fields(odoo, list.model(), &list.columns);
    let main = if list.columns.visible.iter().any(|column| failing.contains(&column.name)) {
        Cow::Owned(list.with_columns(list.columns.without(|name| failing.contains(name))))
    } else {
        Cow::Borrowed(list)
    };
    if count.is_none()
        && !filters_after_paging(odoo, list)
        && let Some(reply) = list_in_one_call(odoo, &main, mode).await?
    {
        let scan = scan_records(&reply)?;
        match check_page(odoo, &main, &scan, mode).await? {
            PageCheck::Complete(total) => {
                let source = if scan.is_page { RecordSource::Page(reply) } else { RecordSource::Reply(reply) };
                let records = Records::new(source, None, main.columns.clone(), false);
                let records = add_partly_failing_columns(odoo, list, records, &failing).await?;
                return Ok(Records { total, ..records });
            }
            PageCheck::Incomplete(total) => count = Some(total),
        }
    }
    let found = find_ids(odoo, list, count).await?;
    let records = read_flat(odoo, list.read_plan(found.ids), false).await?;
    let total = match (mode, found.total.or(count)) {
        (CountMode::Total, None) => Some(odoo.count(&list.count_call()).await?),
        (CountMode::Total, total) => total,
        _ => None,
    };
    // A record can be deleted between the search and the read.
    Ok(Records { total, requested: None, ..records })
}

/// `None` if no single call can return the list, or a field may have failed.
async fn list_in_one_call(odoo: UserClient<'_>, list: &ListPlan, mode: CountMode) -> Result<Option<Reply>, Problem> {
    let Some(mut call) = list.flat_call(mode == CountMode::Total) else { return Ok(None) };
    let mut result = odoo.try_read(&call).await;
    if result.as_ref().is_err_and(is_specific_to_page) && call.method != OrmMethod::SearchRead.name() {
        let Some(search_read) = list.search_read_call() else { return Ok(None) };
        call = search_read;
        result = odoo.try_read(&call).await;
    }
    match result {
        Ok(reply) => Ok(Some(reply)),
        Err(error) if error.may_be_field_specific() => Ok(None),
        Err(error) => Err(error.into_call_problem(&call)),
    }
}

/// Whether `web_search_read` fails, but `search_read` does not: it does not exist, or a many2one refers to a missing
/// record, whose name only `search_read` replaces by `False`.
fn is_specific_to_page(error: &OdooError) -> bool {
    error.is_unknown_method() || error.is_missing_record()
}

/// Reads the columns that fail for some records, for the other records of the page.
async fn add_partly_failing_columns(
    odoo: UserClient<'_>,
    list: &ListPlan,
    records: Records,
    failing: &FailingFields,
) -> Result<Records, Problem> {
    let known: Vec<&Column> = list.columns.visible.iter().filter(|column| failing.contains(&column.name)).collect();
    if known.iter().all(|column| failing.fails_for_all(&column.name)) {
        let omitted = known.iter().map(|column| column.name.to_string()).collect();
        return Ok(Records { omitted, columns: list.columns.clone(), ..records });
    }
    let rows = records.list()?;
    let ids = record_ids(&Value::List(rows.clone())).ok_or_else(|| unreadable("a record without an id"))?;
    let read = list.read_plan(ids);
    let mut partial = PartialRead::new(odoo, &read);
    partial.add_rows(Value::List(rows));
    partial.skip_known_failures(failing, |_| true);
    let records = partial.finish(false).await?;
    Ok(Records { requested: None, ..records })
}

/// The ids that a list finds. `count` is the number of matching records, if it is known.
pub(super) async fn find_ids(odoo: UserClient<'_>, list: &ListPlan, count: Option<i64>) -> Result<FoundIds, Problem> {
    let (offset, limit) = list.offset_and_limit();
    let mut short = None;
    if !filters_after_paging(odoo, list) {
        let ids = odoo.search(&list.search_call()).await?;
        let found = as_i64(ids.len());
        if limit.is_none_or(|limit| found >= limit) || short_page_is_last(odoo, list) {
            return Ok(FoundIds { ids, total: None });
        }
        let count = match count {
            Some(count) => count,
            None => odoo.count(&list.count_call()).await?,
        };
        if found >= expected_length(count, offset, limit) {
            odoo.quirks().set_short_page(odoo.uid(), list.model(), ShortPage::Last);
            return Ok(FoundIds { ids, total: Some(count) });
        }
        short = Some(found);
    }
    let all = odoo.search(&list.search_all_call()).await?;
    let total = as_i64(all.len());
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let take = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let ids: Vec<RecordId> = all.into_iter().skip(skip).take(take).collect();
    // If the complete search does not find more, another client has created or deleted records in the meantime.
    if short.is_some_and(|found| found < as_i64(ids.len())) {
        odoo.quirks().set_short_page(odoo.uid(), list.model(), ShortPage::Inconclusive);
    }
    Ok(FoundIds { ids, total: Some(total) })
}

fn filters_after_paging(odoo: UserClient<'_>, list: &ListPlan) -> bool {
    odoo.quirks().short_page(odoo.uid(), list.model()) == ShortPage::Inconclusive
}

/// Whether a short page of ids is known to be the last one. If a model implements its own search, one such page does
/// not prove anything about another.
fn short_page_is_last(odoo: UserClient<'_>, list: &ListPlan) -> bool {
    let short_page = odoo.quirks().short_page(odoo.uid(), list.model());
    short_page == ShortPage::Last && !list.has_custom_search()
}

/// Whether a short page with these columns is known to be the last one. If the request names no fields, those that fail
/// are known since the first page and not requested; a named field is requested, so it must have been seen to work.
fn short_page_with_columns_is_last(odoo: UserClient<'_>, list: &ListPlan) -> bool {
    let fields = list.columns.visible.iter().map(|column| &column.name);
    short_page_is_last(odoo, list)
        && (!list.columns.named || odoo.quirks().are_verified(odoo.uid(), list.model(), fields))
}

/// Checks whether the page has all the records that it should have. `list` has the requested columns.
async fn check_page(
    odoo: UserClient<'_>,
    list: &ListPlan,
    scan: &RecordScan,
    mode: CountMode,
) -> Result<PageCheck, Problem> {
    let ((offset, limit), length) = (list.offset_and_limit(), as_i64(scan.count));
    let is_full = limit.is_some_and(|limit| length >= limit);
    let total = |count| (mode == CountMode::Total).then_some(count);
    // On an empty page, Odoo's count is 0, whatever the offset is.
    let counted = scan.length.filter(|_| mode == CountMode::Total && limit.is_some() && length > 0);
    let count = match counted {
        Some(count) => count,
        None if mode == CountMode::None || (mode == CountMode::VerifyShortPage && is_full) => {
            return Ok(PageCheck::Complete(None));
        }
        None if !is_full
            && short_page_with_columns_is_last(odoo, list)
            && (length > 0 || offset == 0 || mode == CountMode::VerifyShortPage) =>
        {
            return Ok(PageCheck::Complete(total(offset.saturating_add(length))));
        }
        None => odoo.count(&list.count_call()).await?,
    };
    if length < expected_length(count, offset, limit) {
        return Ok(PageCheck::Incomplete(count));
    }
    if !is_full {
        odoo.quirks().set_short_page(odoo.uid(), list.model(), ShortPage::Last);
    }
    if length > 0 {
        let fields = list.columns.visible.iter().map(|column| &column.name);
        odoo.quirks().add_verified(odoo.uid(), list.model(), fields);
    }
    Ok(PageCheck::Complete(total(count)))
}

/// Records by their ids, with their related records.
pub(super) async fn read_records(odoo: UserClient<'_>, read: ReadPlan, one: bool) -> Result<Records, Problem> {
    if read.ids.is_empty() {
        return Ok(Records::new(RecordSource::Assembled(Vec::new()), None, read.columns, one));
    }
    if !read.columns.is_nested() {
        return read_flat(odoo, read, one).await;
    }
    let working = working_columns(odoo, &read.model, &read.columns, Some(&read.ids), "");
    let call = read.with_columns(working.columns).nested_call();
    if let Some(call) = call.filter(|_| !working.fails_partly) {
        match odoo.try_read(&call).await {
            Ok(reply) if missing_ids(&read.ids, scan_records(&reply)?.ids)?.is_empty() => {
                let mut records = Records::new(RecordSource::Reply(reply), Some(read.ids), read.columns, one);
                (records.related, records.omitted) = (RelatedRecords::InPlace, working.omitted);
                return Ok(records);
            }
            Ok(_) => {}
            Err(error) if error.may_be_field_specific() => {}
            Err(error) => return Err(error.into_call_problem(&call)),
        }
    }
    let like = read.with_ids(Vec::new());
    let records = read_flat(odoo, read, one).await?;
    add_related(odoo, records, &like).await
}

/// Omits, on every level, the columns that are known to fail for all records, or for all of `ids`.
fn working_columns(
    odoo: UserClient<'_>,
    model: &ModelName,
    columns: &Columns,
    ids: Option<&[RecordId]>,
    path: &str,
) -> WorkingColumns {
    let failing = failing_fields(odoo, model, columns);
    let mut working = WorkingColumns { columns: columns.without(|_| true), omitted: Vec::new(), fails_partly: false };
    for column in &columns.visible {
        let fails = match ids {
            Some(ids) => failing.contains(&column.name) && failing.unaffected(&column.name, ids).is_empty(),
            None => failing.fails_for_all(&column.name),
        };
        if fails {
            working.omitted.push(format!("{path}{}", column.name));
            continue;
        }
        working.fails_partly |= match ids {
            Some(ids) => failing.fails_for_any(&column.name, ids),
            None => failing.contains(&column.name),
        };
        let mut column = column.clone();
        if let Some(nested) = &mut column.nested {
            let path = format!("{path}{}.", column.name);
            let related = working_columns(odoo, &nested.model, &nested.columns, None, &path);
            nested.columns = related.columns;
            working.omitted.extend(related.omitted);
            working.fails_partly |= related.fails_partly;
        }
        working.columns.visible.push(column);
    }
    working
}

/// The length of a page, given the number of matching records.
fn expected_length(count: i64, offset: i64, limit: Option<i64>) -> i64 {
    let remaining = count.saturating_sub(offset).max(0);
    limit.map_or(remaining, |limit| remaining.min(limit))
}

pub(super) fn as_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
