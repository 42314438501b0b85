//! Runs a plan at Odoo.
//!
//! In: a [`Plan`] and whose rights apply. Out: an [`Outcome`] that owns Odoo's answers unparsed, so that the shape
//! stage can borrow from them. Must not know: wishes, media types. What is refused here is what only Odoo can know:
//! whether records exist, whether the caller may.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};

use super::caller::Caller;
use super::database::Database;
use super::failure::{Failure, unreadable};
use super::reply::Reply;
use super::salvage::salvage;
use crate::error::Problem;
use crate::explain::Code;
use crate::names::{FieldName, RecordId};
use crate::plan::{AccessOperation, Call, Columns, Effect, List, Plan, Read};
use crate::value::Value;

/// What came of a plan.
#[derive(Debug)]
pub enum Outcome {
    /// Whether all asked rights are there.
    Rights(bool),
    /// A list of ids.
    Ids(Reply),
    /// A number.
    Count(i64),
    /// Records.
    Records(Records),
    /// Descriptions of fields by name.
    Fields(Reply),
    /// The records are gone.
    Deleted,
    /// What a method answered.
    Result(Reply),
}

/// Records as Odoo sent them.
#[derive(Debug)]
pub struct Records {
    /// Where they stand.
    pub source: Source,
    /// Which ids were asked for, where they were asked for by id: each must be answered.
    pub asked: Option<Vec<RecordId>>,
    /// The columns they have.
    pub columns: Columns,
    /// Columns that Odoo could not send for at least one of them.
    pub omitted: Vec<FieldName>,
    /// Whether one record was wanted or a list.
    pub one: bool,
}

/// Where records stand.
#[derive(Debug)]
pub enum Source {
    /// In one answer.
    Reply(Reply),
    /// Put together from several.
    Pieces(Vec<Value<'static>>),
    /// Only their ids are known: they were written, but could not be read back.
    Written(Vec<RecordId>),
}

/// How many calls a plan took, also one that failed.
#[derive(Debug, Default)]
pub struct Tally(AtomicU32);

impl Tally {
    /// The number of calls.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// One more.
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs a plan.
///
/// # Errors
/// Odoo's refusal, or why Odoo could not be asked.
pub async fn run(database: &Database, caller: &Caller, plan: Plan, tally: &Tally) -> Result<Outcome, Problem> {
    let odoo = Run { database, caller, tally };
    match plan {
        Plan::CheckAccess { checks, raise } => odoo.check_access(checks, raise).await.map(Outcome::Rights),
        Plan::NoAccess => Ok(Outcome::Rights(false)),
        Plan::Search(call) => odoo.call(&call).await.map(Outcome::Ids),
        Plan::Count(call) => odoo.count(&call).await.map(Outcome::Count),
        Plan::List(list) => odoo.list(list).await.map(Outcome::Records),
        Plan::Read { read, one } => odoo.read(read, one).await.map(Outcome::Records),
        Plan::DescribeFields { full, reduced } => odoo.describe_fields(&full, &reduced).await.map(Outcome::Fields),
        Plan::Create { create, read_back, one } => odoo.create(&create, &read_back, one).await.map(Outcome::Records),
        Plan::Update { prove, write, read_back, one } => {
            odoo.prove(&prove).await?;
            odoo.call(&write).await?;
            Ok(Outcome::Records(odoo.read_back(read_back, one).await))
        }
        Plan::Delete { prove, unlink } => {
            odoo.prove(&prove).await?;
            odoo.call(&unlink).await.map(|_| Outcome::Deleted)
        }
        Plan::Call(call) => odoo.call(&call).await.map(Outcome::Result),
    }
}

/// One call by itself.
///
/// # Errors
/// As [`run`].
pub(super) async fn call_once(
    database: &Database,
    caller: &Caller,
    call: &Call,
    tally: &Tally,
) -> Result<Reply, Problem> {
    Run { database, caller, tally }.call(call).await
}

/// Proves that all records of a read are there for the caller.
///
/// # Errors
/// 404 for one that is not there, 403 for one that he may not read.
pub(super) async fn prove(database: &Database, caller: &Caller, prove: &Read, tally: &Tally) -> Result<(), Problem> {
    Run { database, caller, tally }.prove(prove).await
}

/// One caller at one database.
#[derive(Clone, Copy)]
pub(super) struct Run<'r> {
    database: &'r Database,
    caller: &'r Caller,
    tally: &'r Tally,
}

impl Run<'_> {
    /// One call, its faults explained. A write may make old what is remembered.
    async fn call(self, call: &Call) -> Result<Reply, Problem> {
        let answer = self.try_call(call).await.map_err(|failure| failure.explain(call));
        if call.effect == Effect::Write && changes_knowledge(call.model.as_str()) {
            self.database.knowledge.forget();
        }
        answer
    }

    pub(super) async fn try_call(self, call: &Call) -> Result<Reply, Failure> {
        self.tally.count();
        self.database.client.execute_kw(self.caller, call).await
    }

    async fn check_access(self, checks: Vec<(AccessOperation, Call)>, raise: bool) -> Result<bool, Problem> {
        for (operation, call) in checks {
            if self.call(&call).await?.value()? != Value::Bool(true) {
                let detail =
                    format!("Odoo does not allow this user to {} records of {}.", operation.as_str(), call.model);
                return if raise { Err(Problem::new(Code::AccessDenied, detail)) } else { Ok(false) };
            }
        }
        Ok(true)
    }

    async fn count(self, call: &Call) -> Result<i64, Problem> {
        self.call(call).await?.value()?.as_int().ok_or_else(|| unexpected(call))
    }

    async fn list(self, list: List) -> Result<Records, Problem> {
        match self.try_call(&list.call()).await {
            Ok(reply) => Ok(Records::new(Source::Reply(reply), None, list.columns, false)),
            Err(failure) if failure.is_unsendable() && !list.columns.named => {
                let ids =
                    ids_of(&self.call(&list.search()).await?.value()?).ok_or_else(|| unexpected(&list.search()))?;
                self.salvaged(list.read(ids), false, failure).await
            }
            Err(failure) => Err(failure.explain(&list.call())),
        }
    }

    async fn read(self, read: Read, one: bool) -> Result<Records, Problem> {
        if read.ids.is_empty() {
            return Ok(Records::new(Source::Pieces(Vec::new()), None, read.columns, one));
        }
        match self.try_call(&read.call()).await {
            Ok(reply) => Ok(Records::new(Source::Reply(reply), Some(read.ids), read.columns, one)),
            Err(failure) if failure.is_unsendable() && !read.columns.named => self.salvaged(read, one, failure).await,
            Err(failure) => Err(failure.explain(&read.call())),
        }
    }

    async fn salvaged(self, read: Read, one: bool, failure: Failure) -> Result<Records, Problem> {
        let salvaged = salvage(self, &read, failure).await?;
        let mut records = Records::new(Source::Pieces(salvaged.records), Some(read.ids), read.columns, one);
        records.omitted = salvaged.omitted;
        Ok(records)
    }

    async fn describe_fields(self, full: &Call, reduced: &Call) -> Result<Reply, Problem> {
        match self.try_call(full).await {
            Err(failure) if failure.is_unsendable() => self.call(reduced).await,
            answer => answer.map_err(|failure| failure.explain(full)),
        }
    }

    async fn create(self, create: &Call, read_back: &Read, one: bool) -> Result<Records, Problem> {
        let reply = self.call(create).await?;
        let ids = match reply.value()? {
            id @ Value::Int(_) => ids_of(&Value::List(vec![id])),
            ids => ids_of(&ids),
        };
        Ok(self.read_back(read_back.of(ids.ok_or_else(|| unexpected(create))?), one).await)
    }

    /// Once Odoo has written, nothing that fails may look as if it had not.
    async fn read_back(self, read: Read, one: bool) -> Records {
        let (ids, columns) = (read.ids.clone(), read.columns.clone());
        match self.read(read, one).await.and_then(Records::complete) {
            Ok(records) => records,
            Err(problem) => {
                tracing::warn!(code = problem.code.as_str(), "written, but not readable");
                Records::new(Source::Written(ids), None, columns, one)
            }
        }
    }

    async fn prove(self, prove: &Read) -> Result<(), Problem> {
        let reply = self.call(&prove.call()).await?;
        let found = ids_in(&reply.value()?).ok_or_else(|| unexpected(&prove.call()))?;
        require_all(&prove.ids, &found.into_iter().collect(), prove.model.as_str())
    }
}

impl Records {
    fn new(source: Source, asked: Option<Vec<RecordId>>, columns: Columns, one: bool) -> Self {
        Self { source, asked, columns, omitted: Vec::new(), one }
    }

    /// These records, when all that were asked for are there to be read.
    fn complete(self) -> Result<Self, Problem> {
        let found = match &self.source {
            Source::Reply(reply) => ids_in(&reply.value()?),
            Source::Pieces(pieces) => ids_in(&Value::List(pieces.clone())),
            Source::Written(ids) => Some(ids.clone()),
        };
        let found = found.ok_or_else(|| unreadable("neither records nor a fault"))?.into_iter().collect();
        require_all(self.asked.as_deref().unwrap_or_default(), &found, "what was written")?;
        Ok(self)
    }
}

/// Refuses when an id that was asked for is not among those that were found, naming those that lack.
///
/// # Errors
/// 404 `record_not_found`.
pub fn require_all(asked: &[RecordId], found: &HashSet<RecordId>, model: &str) -> Result<(), Problem> {
    let lacking: Vec<String> =
        asked.iter().filter(|id| !found.contains(id)).take(20).map(RecordId::to_string).collect();
    match lacking.as_slice() {
        [] => Ok(()),
        [id] => Err(Problem::new(Code::RecordNotFound, format!("There is no record {id} of {model}."))),
        ids => Err(Problem::new(Code::RecordNotFound, format!("There are no records {} of {model}.", ids.join(", ")))),
    }
}

/// The ids of a list of ids.
fn ids_of(value: &Value<'_>) -> Option<Vec<RecordId>> {
    value.as_list()?.iter().map(|id| id.as_int().and_then(RecordId::new)).collect()
}

/// The ids of a list of records.
#[must_use]
pub fn ids_in(records: &Value<'_>) -> Option<Vec<RecordId>> {
    records.as_list()?.iter().map(|record| record.get("id").and_then(Value::as_int).and_then(RecordId::new)).collect()
}

/// Whether a write to this model may make wrong what is remembered of all of them.
fn changes_knowledge(model: &str) -> bool {
    const MODELS: [&str; 5] = ["ir.model", "ir.model.fields", "res.lang", "res.groups", "res.users"];
    const FAMILIES: [&str; 3] = ["ir.module.", "base.module.", "base.language."];
    MODELS.contains(&model) || FAMILIES.iter().any(|prefix| model.starts_with(prefix))
}

fn unexpected(call: &Call) -> Problem {
    Problem::new(
        Code::OdooUnreadable,
        format!("Odoo's answer to {}.{} has an unexpected form.", call.model, call.method),
    )
}
