//! Reads what stands behind relations, level by level, for servers that cannot nest or may not.
//!
//! Each level asks each model once, for all records that any column of that level leads to, whoever leads there: the
//! number of calls depends on the selection, never on the number of records. A level's models are asked side by side.
//!
//! In: records, and in which way they were read. Out: the same records with [`Behind`]. Must not know: how records are
//! nested into each other.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use indexmap::{IndexMap, IndexSet};

use super::executor::{Records, Run};
use crate::error::Problem;
use crate::names::{ModelName, RecordId};
use crate::plan::{Column, Columns, Read, Within};
use crate::value::Value;

/// What stands behind the relations of records.
#[derive(Debug, Default)]
pub enum Behind {
    /// Nothing was wanted.
    #[default]
    Nothing,
    /// It stands in the records themselves.
    InPlace,
    /// It stands apart, for each level by model; the first level is what the records themselves lead to.
    Levels(Vec<Level>),
}

/// The records of one level, flat.
pub type Level = HashMap<ModelName, Records>;

/// What is wanted behind one column.
struct Wanted<'c> {
    within: &'c Within,
    ids: IndexSet<RecordId>,
    /// As `partner_id.country_id`, for refusals.
    path: String,
}

impl Run<'_> {
    /// Adds what stands behind the relations of `records`, which were read in the way of `like`.
    ///
    /// # Errors
    /// Odoo's refusal, naming the relation: a record that this user may not read behind a relation he may see.
    pub(super) async fn behind(self, mut records: Records, like: &Read) -> Result<Records, Problem> {
        if !records.columns.is_nested() {
            return Ok(records);
        }
        let columns = records.columns.clone();
        let mut levels = Vec::new();
        let mut wanted = wanted_by(&columns, records.list()?.iter(), "");
        while !wanted.is_empty() {
            let level = self.level(&wanted, like).await?;
            records.omitted.extend(omitted(&wanted, &level));
            wanted = next(&wanted, &level)?;
            levels.push(level);
        }
        records.behind = Behind::Levels(levels);
        Ok(records)
    }

    async fn level(self, wanted: &[Wanted<'_>], like: &Read) -> Result<Level, Problem> {
        let mut by_model: IndexMap<&ModelName, Vec<&Wanted<'_>>> = IndexMap::new();
        for want in wanted {
            by_model.entry(&want.within.model).or_default().push(want);
        }
        let reads = by_model.into_iter().map(async |(model, wanted)| {
            let ids: IndexSet<RecordId> = wanted.iter().flat_map(|want| want.ids.iter().copied()).collect();
            let columns = all_columns(wanted.iter().map(|want| &want.within.columns));
            let read = like.behind(model.clone(), columns, ids.into_iter().collect());
            let records = self.flat_read(read, false).await.map_err(|problem| at(&wanted, problem))?;
            Ok::<_, Problem>((model.clone(), records))
        });
        Ok(try_join_all(reads).await?.into_iter().collect())
    }
}

/// What the columns of these records lead to; what leads nowhere is not asked for.
fn wanted_by<'c, 'v>(
    columns: &'c Columns,
    records: impl Iterator<Item = &'v Value<'v>> + Clone,
    path: &str,
) -> Vec<Wanted<'c>> {
    let want = |column: &'c Column| {
        let within = column.within.as_ref().filter(|_| !column.is_answered_by_link())?;
        let led = records.clone().filter_map(|record| record.get(column.name.as_str()));
        let ids: IndexSet<RecordId> = led.flat_map(linked).collect();
        (!ids.is_empty()).then(|| Wanted { within, ids, path: format!("{path}{}", column.name) })
    };
    columns.shown.iter().filter_map(want).collect()
}

/// What the records of a level lead to. Each column asks only for its own records.
fn next<'c>(wanted: &[Wanted<'c>], level: &Level) -> Result<Vec<Wanted<'c>>, Problem> {
    let mut found = Vec::new();
    for want in wanted.iter().filter(|want| want.within.columns.is_nested()) {
        let records = match level.get(&want.within.model) {
            Some(records) => records.list()?,
            None => Vec::new(),
        };
        let own = records.iter().filter(|record| id_of(record).is_some_and(|id| want.ids.contains(&id)));
        found.extend(wanted_by(&want.within.columns, own, &format!("{}.", want.path)));
    }
    Ok(found)
}

/// The paths of what could not be sent.
fn omitted(wanted: &[Wanted<'_>], level: &Level) -> Vec<String> {
    let of = |want: &Wanted<'_>| {
        let names = level.get(&want.within.model).map(|records| records.omitted.clone()).unwrap_or_default();
        let path = want.path.clone();
        names.into_iter().map(move |name| format!("{path}.{name}"))
    };
    wanted.iter().flat_map(of).collect()
}

/// The ids that the value of a relation leads to: `[7, "name"]` or `7` of one, `[7, 8]` of many.
fn linked(value: &Value<'_>) -> Vec<RecordId> {
    let id = |value: &Value<'_>| value.as_int().and_then(RecordId::new);
    match value {
        Value::List(items) if matches!(items.as_slice(), [Value::Int(_), Value::Text(_)]) => {
            items.first().and_then(id).into_iter().collect()
        }
        Value::List(items) => items.iter().filter_map(id).collect(),
        one => id(one).into_iter().collect(),
    }
}

/// The id of a record.
pub(super) fn id_of(record: &Value<'_>) -> Option<RecordId> {
    record.get("id").and_then(Value::as_int).and_then(RecordId::new)
}

/// Every column that one of `wanted` has, each once.
fn all_columns<'c>(wanted: impl Iterator<Item = &'c Columns>) -> Columns {
    let mut all = Columns { shown: Vec::new(), named: true, proof: None };
    for columns in wanted {
        all.named &= columns.named;
        all.proof = all.proof.or_else(|| columns.proof.clone());
        for column in &columns.shown {
            match all.shown.iter_mut().find(|known| known.name == column.name) {
                // A name in the link is read when one of them wants it there.
                Some(known) if column.is_answered_by_link() => *known = column.clone(),
                Some(_) => {}
                None => all.shown.push(column.clone()),
            }
        }
    }
    all
}

fn at(wanted: &[&Wanted<'_>], problem: Problem) -> Problem {
    let paths = wanted.iter().map(|want| want.path.as_str()).collect::<Vec<_>>().join(", ");
    Problem { detail: format!("{paths}: {}", problem.detail), ..problem }.parameter(paths)
}
