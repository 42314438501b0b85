//! Reads records by their ids, without their related records.
//!
//! In: a read. Out: [`Records`], complete as far as the fields can be read. Must not know: how fields that fail are
//! found, how related records are read, for which columns Odoo returns sizes apart.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::error::{OdooError, unreadable};
use super::partial_read::PartialRead;
use super::read_failure_cache::FailingFields;
use super::returned_records::{RecordSource, Records, distinct, missing_ids, record_id, scan_records};
use super::user_client::UserClient;
use crate::error::Problem;
use crate::names::{ModelName, RecordId};
use crate::plan::{Column, Columns, ReadPlan};
use crate::value::{Member, Value};

/// Reads records by their ids. Sizes of files are read apart if one call cannot return them.
pub(super) async fn read_flat(odoo: UserClient<'_>, read: ReadPlan, one: bool) -> Result<Records, Problem> {
    match read.split_sizes() {
        None => read_columns(odoo, read, one).await,
        // Boxed, because it is rare and large.
        Some([others, sizes]) => {
            Box::pin(async {
                let records = read_columns(odoo, others, one).await?;
                add_sizes(odoo, records, &sizes, read.columns).await
            })
            .await
        }
    }
}

/// Reads the sizes of files for records that were read without them. `columns` are those of the response.
pub(super) async fn add_sizes(
    odoo: UserClient<'_>,
    records: Records,
    sizes: &ReadPlan,
    columns: Columns,
) -> Result<Records, Problem> {
    let mut rows: Vec<Value<'static>> = records.list()?.into_iter().map(Value::into_owned).collect();
    let ids: Option<Vec<RecordId>> = rows.iter().map(record_id).collect();
    let ids = ids.ok_or_else(|| unreadable("a record without an id"))?;
    if ids.is_empty() {
        return Ok(Records { columns, ..records });
    }
    let read = sizes.with_ids(distinct(&ids).into_iter().collect());
    let sizes = read_columns(odoo, read, false).await?;
    append_members(&mut rows, &sizes.list()?);
    let omitted = records.omitted.iter().chain(&sizes.omitted).cloned().collect();
    Ok(Records { source: RecordSource::Assembled(rows), columns, omitted, ..records })
}

/// Appends the members of the records with the same ids.
fn append_members(rows: &mut [Value<'static>], others: &[Value<'_>]) {
    let by_id: HashMap<RecordId, &Value<'_>> =
        others.iter().filter_map(|other| Some((record_id(other)?, other))).collect();
    for row in rows {
        let other = record_id(row).and_then(|id| by_id.get(&id)).and_then(|other| other.as_map());
        if let (Value::Map(members), Some(other)) = (row, other) {
            let others = other.iter().filter(|(name, _)| name != "id");
            members.extend(others.map(|(name, value)| -> Member<'static> {
                (Cow::Owned(name.as_ref().to_owned()), value.clone().into_owned())
            }));
        }
    }
}

/// Reads records by their ids in one call; if something in it fails, or an existing record is missing in the response,
/// reads as much as possible.
async fn read_columns(odoo: UserClient<'_>, read: ReadPlan, one: bool) -> Result<Records, Problem> {
    let failing = failing_fields(odoo, &read.model, &read.columns);
    let fails = |column: &Column| failing.fails_for_any(&column.name, &read.ids);
    let left_out: Vec<&Column> = read.columns.visible.iter().filter(|column| fails(column)).collect();
    let main = if left_out.is_empty() {
        Cow::Borrowed(&read)
    } else {
        Cow::Owned(read.with_columns(read.columns.without(|name| left_out.iter().any(|column| column.name == *name))))
    };
    let (rows, unread, error) = match odoo.try_read(&main.call()).await {
        Ok(reply) => {
            let missing = missing_ids(&read.ids, scan_records(&reply)?.ids)?;
            let dropped =
                if missing.is_empty() { missing } else { existing_ids(odoo, &read.with_ids(missing)).await? };
            let partly = left_out.iter().any(|column| !failing.unaffected(&column.name, &read.ids).is_empty());
            if dropped.is_empty() && !partly {
                let omitted = left_out.iter().map(|column| column.name.to_string()).collect();
                let records = Records::new(RecordSource::Reply(reply), Some(read.ids), read.columns, one);
                return Ok(Records { omitted, ..records });
            }
            (reply.value()?.into_owned(), dropped, OdooError::record_dropped())
        }
        Err(error) if error.may_be_field_specific() => {
            let existing = existing_ids(odoo, &read).await?;
            if error.is_access_error() && existing.len() < distinct(&read.ids).len() {
                return Err(error.into_call_problem(&main.call()));
            }
            (Value::List(Vec::new()), existing, error)
        }
        Err(error) => return Err(error.into_call_problem(&main.call())),
    };
    let mut partial = PartialRead::new(odoo, &read);
    partial.add_rows(rows);
    partial.skip_known_failures(&failing, fails);
    partial.add_failed(main.with_ids(unread), error);
    partial.finish(one).await
}

/// The fields that are known to fail; none if the request names its fields: then each must be read, or the error
/// reported.
pub(super) fn failing_fields(odoo: UserClient<'_>, model: &ModelName, columns: &Columns) -> Arc<FailingFields> {
    if columns.named { Arc::default() } else { odoo.quirks().failing_fields(odoo.uid(), model) }
}

/// The records of a read that exist and that the user may read.
async fn existing_ids(odoo: UserClient<'_>, read: &ReadPlan) -> Result<Vec<RecordId>, Problem> {
    let found: HashSet<RecordId> = odoo.search(&read.existence_search()).await?.into_iter().collect();
    Ok(distinct(&read.ids).into_iter().filter(|id| found.contains(id)).collect())
}
