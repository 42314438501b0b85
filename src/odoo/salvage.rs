//! Reads what can be read when something in a record cannot be sent.
//!
//! Some values make Odoo's answer fail as a whole: bytes that are no text, integers over 32 bits, `None`, a computed
//! field that raises. Such a value costs only itself: the read is halved, first by columns, then by records, until the
//! culprits stand alone; they are left out and named.
//!
//! In: a read that failed, and how. Out: its records without the culprits. Must not know: why a value cannot be sent.

use std::collections::HashMap;

use indexmap::IndexSet;

use super::failure::Failure;
use super::run::Run;
use crate::error::Problem;
use crate::explain::Code;
use crate::names::{FieldName, RecordId};
use crate::plan::Read;
use crate::value::{Member, Value};

/// Calls that one salvage may make. A culprit costs about log2(columns) + log2(records) of them.
const MOST_CALLS: usize = 256;

/// What could be read.
pub(super) struct Salvaged {
    /// The records, in the order of the read's ids; records that do not exist are not among them.
    pub(super) records: Vec<Value<'static>>,
    /// Columns that lack in at least one record.
    pub(super) omitted: Vec<FieldName>,
}

/// Halves until the culprits stand alone.
///
/// # Errors
/// Any failure that is not about sending; more culprits than may be looked for; a record with nothing but culprits,
/// of which nobody can say that it does not exist.
pub(super) async fn salvage(odoo: Run<'_>, read: &Read, failure: Failure) -> Result<Salvaged, Problem> {
    let Some(halves) = read.halves() else { return Err(failure.explain(&read.call())) };
    let mut omitted = IndexSet::new();
    let mut records: HashMap<i64, Vec<Member<'static>>> = HashMap::new();
    let mut culprits: HashMap<i64, Failure> = HashMap::new();
    let mut waiting = Vec::from(halves);
    let mut calls = 0;
    while let Some(piece) = waiting.pop() {
        calls += 1;
        if calls > MOST_CALLS {
            return Err(Problem::new(
                Code::ResultNotRepresentable,
                "Too many values of these records cannot be sent by Odoo.",
            )
            .hint("Name the fields you need with the fields parameter."));
        }
        match odoo.try_call(&piece.call()).await {
            Ok(reply) => collect(&mut records, reply.value()?),
            Err(failure) if failure.is_unsendable() => match piece.halves() {
                Some(halves) => waiting.extend(halves),
                None => {
                    culprits.extend(piece.ids.iter().map(|id| (id.get(), failure.clone())));
                    omitted.extend(piece.columns.shown.into_iter().map(|column| column.name));
                }
            },
            Err(failure) => return Err(failure.explain(&piece.call())),
        }
    }
    if let Some((_, failure)) = culprits.into_iter().find(|(id, _)| !records.contains_key(id)) {
        return Err(failure.explain(&read.call()));
    }
    Ok(Salvaged { records: in_order(&read.ids, &records), omitted: omitted.into_iter().collect() })
}

fn collect(records: &mut HashMap<i64, Vec<Member<'static>>>, piece: Value<'_>) {
    let Value::List(found) = piece.into_owned() else { return };
    for record in found {
        let id = record.get("id").and_then(Value::as_int);
        if let (Some(id), Value::Map(members)) = (id, record) {
            let known = records.entry(id).or_default();
            known.extend(members.into_iter().filter(|(key, _)| key != "id"));
        }
    }
}

fn in_order(ids: &[RecordId], records: &HashMap<i64, Vec<Member<'static>>>) -> Vec<Value<'static>> {
    let whole = |id: &RecordId| {
        let mut members = vec![("id".into(), Value::Int(id.get()))];
        members.extend(records.get(&id.get())?.iter().cloned());
        Some(Value::Map(members))
    };
    ids.iter().filter_map(whole).collect()
}
