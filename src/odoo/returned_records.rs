//! Records as Odoo returned them, and the records related to them.
//!
//! In: replies, or records assembled from several of them. Out: [`Records`]. Must not know: how records are read, how
//! they are nested into each other.

use std::collections::{HashMap, HashSet};

use indexmap::IndexSet;

use super::error::unreadable;
use super::reply::Reply;
use super::xmlrpc::record_scan::RecordScan;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{ModelName, RecordId};
use crate::plan::Columns;
use crate::value::Value;

/// Records as Odoo returned them.
#[derive(Debug)]
pub struct Records {
    /// Where the records are.
    pub source: RecordSource,
    /// The requested ids, if the records were requested by id; then each of them must be among the records.
    pub requested: Option<Vec<RecordId>>,
    /// The columns of the records.
    pub columns: Columns,
    /// Columns that Odoo could not return for at least one record, for example `image_1920` or `partner_id.image_1920`.
    pub omitted: Vec<String>,
    /// Whether the client addressed one record, not a list.
    pub one: bool,
    /// The number of records that match the domain, if it is requested.
    pub total: Option<i64>,
    /// The related records, unless Odoo nested them.
    pub related: RelatedRecords,
}

/// Where records are.
#[derive(Debug)]
pub enum RecordSource {
    /// In one reply, as a list.
    Reply(Reply),
    /// In one reply, as `{length, records}`.
    Page(Reply),
    /// Assembled from several replies.
    Assembled(Vec<Value<'static>>),
    /// Only the ids are known: the records were written, but could not be read back.
    Written(Vec<RecordId>),
}

/// The records to which relations of other records refer.
#[derive(Debug, Default)]
pub enum RelatedRecords {
    /// None are requested.
    #[default]
    Nothing,
    /// They are nested in the records.
    InPlace,
    /// They are separate, by level and model; the records themselves refer to those of the first level.
    Levels(Vec<RelatedLevel>),
}

/// The records of one level, not nested.
pub type RelatedLevel = HashMap<ModelName, Records>;

impl Records {
    pub(super) fn new(source: RecordSource, requested: Option<Vec<RecordId>>, columns: Columns, one: bool) -> Self {
        let related = match source {
            RecordSource::Page(_) => RelatedRecords::InPlace,
            _ => RelatedRecords::Nothing,
        };
        Self { source, requested, columns, omitted: Vec::new(), one, total: None, related }
    }

    /// The records as a list of maps.
    ///
    /// # Errors
    /// If Odoo's response has another form.
    pub fn list(&self) -> Result<Vec<Value<'_>>, Problem> {
        let list = match &self.source {
            RecordSource::Reply(reply) => reply.value()?,
            RecordSource::Page(reply) => match reply.value()? {
                Value::Map(members) => members.into_iter().find(|(key, _)| key == "records").map(|(_, value)| value),
                _ => None,
            }
            .unwrap_or_default(),
            RecordSource::Assembled(records) => return Ok(records.iter().map(Value::as_borrowed).collect()),
            RecordSource::Written(ids) => {
                let record = |id: &RecordId| Value::Map(vec![("id".into(), Value::Int(id.get()))]);
                return Ok(ids.iter().map(record).collect());
            }
        };
        match list {
            Value::List(records) => Ok(records),
            _ => Err(not_records()),
        }
    }

    /// The number of records.
    pub(super) fn count(&self) -> Result<usize, Problem> {
        match &self.source {
            RecordSource::Reply(reply) | RecordSource::Page(reply) => Ok(scan_records(reply)?.count),
            RecordSource::Assembled(records) => Ok(records.len()),
            RecordSource::Written(ids) => Ok(ids.len()),
        }
    }

    /// The records, if all requested ones are among them.
    pub(super) fn complete(self) -> Result<Self, Problem> {
        let found = record_ids(&Value::List(self.list()?)).ok_or_else(not_records)?;
        require_all(self.requested.as_deref().unwrap_or_default(), &found.into_iter().collect(), "the written model")?;
        Ok(self)
    }
}

/// The number of records in a reply, and their ids.
///
/// # Errors
/// If the reply contains no records.
pub(super) fn scan_records(reply: &Reply) -> Result<RecordScan, Problem> {
    match reply.scan_records() {
        Some(scan) => Ok(scan),
        None => scan_parsed(&reply.value()?).ok_or_else(not_records),
    }
}

fn scan_parsed(value: &Value<'_>) -> Option<RecordScan> {
    let (records, length) = match value {
        Value::Map(_) => (value.get("records")?, value.get("length").and_then(Value::as_int)),
        list => (list, None),
    };
    let (count, ids) = (records.as_list()?.len(), record_ids(records));
    Some(RecordScan { count, ids, is_page: value.as_map().is_some(), length })
}

/// Checks that all requested ids were found.
///
/// # Errors
/// 404 `record_not_found`, naming up to 20 of the missing ids.
pub fn require_all(requested: &[RecordId], found: &HashSet<RecordId>, model: &str) -> Result<(), Problem> {
    let missing: Vec<String> =
        requested.iter().filter(|id| !found.contains(id)).take(20).map(RecordId::to_string).collect();
    match missing.as_slice() {
        [] => Ok(()),
        [id] => Err(Problem::new(ErrorCode::RecordNotFound, format!("The record {id} of {model} does not exist."))),
        ids => {
            let detail = format!("The records {} of {model} do not exist.", ids.join(", "));
            Err(Problem::new(ErrorCode::RecordNotFound, detail))
        }
    }
}

/// The id of a record.
pub(super) fn record_id(record: &Value<'_>) -> Option<RecordId> {
    record.get("id").and_then(Value::as_int).and_then(RecordId::new)
}

/// The ids of a list of records; `None` if it is not one.
#[must_use]
pub fn record_ids(records: &Value<'_>) -> Option<Vec<RecordId>> {
    records.as_list()?.iter().map(record_id).collect()
}

/// The requested ids that are not among the records of a reply; `found` are the ids of the records.
pub(super) fn missing_ids(ids: &[RecordId], found: Option<Vec<RecordId>>) -> Result<Vec<RecordId>, Problem> {
    let found = found.ok_or_else(not_records)?;
    if found == ids {
        return Ok(Vec::new());
    }
    let found: HashSet<RecordId> = found.into_iter().collect();
    Ok(distinct(ids).into_iter().filter(|id| !found.contains(id)).collect())
}

/// The ids without duplicates, in their order.
pub(super) fn distinct(ids: &[RecordId]) -> IndexSet<RecordId> {
    ids.iter().copied().collect()
}

fn not_records() -> Problem {
    unreadable("it is not a list of records")
}
