//! Reads related records level by level, for servers that cannot nest them, and for reads that must not.
//!
//! Each level makes one call per model, for all records to which any column of that level refers: the number of calls
//! depends on the selection, never on the number of records. The models of a level are read concurrently.
//!
//! In: records, and the read that produced them. Out: the same records with their [`RelatedRecords`]. Must not know:
//! how records are nested into each other.

use futures_util::future::try_join_all;
use indexmap::{IndexMap, IndexSet};

use super::read_by_ids::read_flat;
use super::returned_records::{Records, RelatedLevel, RelatedRecords, record_id};
use super::user_client::UserClient;
use crate::error::Problem;
use crate::names::{ModelName, RecordId};
use crate::plan::{Column, Columns, NestedColumns, ReadPlan};
use crate::value::Value;

/// The related records to read for one column.
struct RelatedRead<'c> {
    nested: &'c NestedColumns,
    ids: IndexSet<RecordId>,
    /// The path of the column for errors, for example `partner_id.country_id`.
    path: String,
}

/// Adds the related records of `records`, read with the options of `like`.
///
/// # Errors
/// Odoo's error, naming the relation: the user may see a relation, but not the record to which it refers.
pub(super) async fn add_related(
    odoo: UserClient<'_>,
    mut records: Records,
    like: &ReadPlan,
) -> Result<Records, Problem> {
    if !records.columns.is_nested() {
        return Ok(records);
    }
    let columns = records.columns.clone();
    let mut levels = Vec::new();
    let mut reads = related_reads(&columns, records.list()?.iter(), "");
    while !reads.is_empty() {
        let level = read_level(odoo, &reads, like).await?;
        records.omitted.extend(omitted_paths(&reads, &level));
        reads = next_level(&reads, &level)?;
        levels.push(level);
    }
    records.related = RelatedRecords::Levels(levels);
    Ok(records)
}

async fn read_level(odoo: UserClient<'_>, reads: &[RelatedRead<'_>], like: &ReadPlan) -> Result<RelatedLevel, Problem> {
    let mut by_model: IndexMap<&ModelName, Vec<&RelatedRead<'_>>> = IndexMap::new();
    for read in reads {
        by_model.entry(&read.nested.model).or_default().push(read);
    }
    let calls = by_model.into_iter().map(async |(model, reads)| {
        let ids: IndexSet<RecordId> = reads.iter().flat_map(|read| read.ids.iter().copied()).collect();
        let columns = merged_columns(reads.iter().map(|read| &read.nested.columns));
        let read = like.related(model.clone(), columns, ids.into_iter().collect());
        let records = read_flat(odoo, read, false).await.map_err(|problem| with_paths(&reads, problem))?;
        Ok::<_, Problem>((model.clone(), records))
    });
    Ok(try_join_all(calls).await?.into_iter().collect())
}

/// The reads for the relations of these records, without those that refer to no record.
fn related_reads<'c, 'v>(
    columns: &'c Columns,
    records: impl Iterator<Item = &'v Value<'v>> + Clone,
    path: &str,
) -> Vec<RelatedRead<'c>> {
    let read = |column: &'c Column| {
        let nested = column.nested.as_ref().filter(|_| !column.needs_only_id_and_name())?;
        let values = records.clone().filter_map(|record| record.get(column.name.as_str()));
        let ids: IndexSet<RecordId> = values.flat_map(linked_ids).collect();
        (!ids.is_empty()).then(|| RelatedRead { nested, ids, path: format!("{path}{}", column.name) })
    };
    columns.visible.iter().filter_map(read).collect()
}

/// The reads for the relations of the records of a level. Each column contributes only the relations of its own
/// records.
fn next_level<'c>(reads: &[RelatedRead<'c>], level: &RelatedLevel) -> Result<Vec<RelatedRead<'c>>, Problem> {
    let mut next = Vec::new();
    for read in reads.iter().filter(|read| read.nested.columns.is_nested()) {
        let records = match level.get(&read.nested.model) {
            Some(records) => records.list()?,
            None => Vec::new(),
        };
        let own = records.iter().filter(|record| record_id(record).is_some_and(|id| read.ids.contains(&id)));
        next.extend(related_reads(&read.nested.columns, own, &format!("{}.", read.path)));
    }
    Ok(next)
}

/// The paths of the columns that Odoo could not return.
fn omitted_paths(reads: &[RelatedRead<'_>], level: &RelatedLevel) -> Vec<String> {
    let paths = |read: &RelatedRead<'_>| {
        let names = level.get(&read.nested.model).map(|records| records.omitted.clone()).unwrap_or_default();
        let path = read.path.clone();
        names.into_iter().map(move |name| format!("{path}.{name}"))
    };
    reads.iter().flat_map(paths).collect()
}

/// The ids in the value of a relation: `[7, "name"]` or `7` of a many2one, `[7, 8]` of the other types.
fn linked_ids(value: &Value<'_>) -> Vec<RecordId> {
    let id = |value: &Value<'_>| value.as_int().and_then(RecordId::new);
    match value {
        Value::List(items) if matches!(items.as_slice(), [Value::Int(_), Value::Text(_)]) => {
            items.first().and_then(id).into_iter().collect()
        }
        Value::List(items) => items.iter().filter_map(id).collect(),
        one => id(one).into_iter().collect(),
    }
}

/// The union of the columns.
fn merged_columns<'c>(selections: impl Iterator<Item = &'c Columns>) -> Columns {
    let mut all = Columns { visible: Vec::new(), named: true, existence_column: None };
    for columns in selections {
        all.named &= columns.named;
        all.existence_column = all.existence_column.or_else(|| columns.existence_column.clone());
        for column in &columns.visible {
            match all.visible.iter_mut().find(|known| known.name == column.name) {
                // A many2one is read with its display name if one of the selections needs it.
                Some(known) if column.needs_only_id_and_name() => *known = column.clone(),
                Some(_) => {}
                None => all.visible.push(column.clone()),
            }
        }
    }
    all
}

fn with_paths(reads: &[&RelatedRead<'_>], problem: Problem) -> Problem {
    let paths = reads.iter().map(|read| read.path.as_str()).collect::<Vec<_>>().join(", ");
    Problem { detail: format!("{paths}: {}", problem.detail), ..problem }.parameter(paths)
}
