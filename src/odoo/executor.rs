//! Runs a plan at Odoo.
//!
//! In: a [`Plan`] and whose rights apply. Out: an [`Outcome`] that owns Odoo's answers unparsed, so that the shape
//! stage can borrow from them. Must not know: wishes, media types. What is refused here is what only Odoo can know:
//! whether records exist, whether the caller may.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};

use super::database::Database;
use super::error::{Failure, unreadable};
use super::read_quirks::Learned;
use super::reads::Beside;
use super::related::Behind;
use super::reply::Reply;
use super::user::{Caller, Uid};
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::RecordId;
use crate::plan::{AccessOperation, Call, Columns, Effect, Merging, Plan, Prove, Read, Update};
use crate::value::Value;

/// What came of a plan.
#[derive(Debug)]
pub enum Outcome {
    /// Whether all asked rights are there.
    Rights(bool),
    /// A list of ids.
    Ids(Vec<RecordId>),
    /// A number.
    Count(i64),
    /// Records.
    Records(Records),
    /// Records that were written, and nothing of them is wanted but their ids.
    Written {
        /// Which.
        ids: Vec<RecordId>,
        /// Whether one record was wanted or a list.
        one: bool,
    },
    /// Descriptions of fields by name.
    Fields(Reply),
    /// These records are gone.
    Deleted(Vec<RecordId>),
    /// What a method answered.
    Result(Reply),
}

impl Outcome {
    /// How many bytes of Odoo's answer are still to be read.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Fields(reply) | Self::Result(reply) => reply.size(),
            Self::Records(Records { source: Source::Reply(reply) | Source::Page(reply), .. }) => reply.size(),
            _ => 0,
        }
    }
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
    /// Columns that Odoo could not send for at least one of them, as `image_1920` or `partner_id.image_1920`.
    pub omitted: Vec<String>,
    /// Whether one record was wanted or a list.
    pub one: bool,
    /// How many records the domain finds in all, where that is wanted.
    pub total: Option<i64>,
    /// What stands behind relations, where Odoo did not nest it by itself.
    pub behind: Behind,
}

/// Where records stand.
#[derive(Debug)]
pub enum Source {
    /// In one answer.
    Reply(Reply),
    /// In one answer `{length, records}`.
    Page(Reply),
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
    let odoo = Run::new(database, caller, tally);
    match plan {
        Plan::CheckAccess { checks, raise } => odoo.check_access(checks, raise).await.map(Outcome::Rights),
        Plan::NoAccess => Ok(Outcome::Rights(false)),
        Plan::Search(list) => odoo.find(&list, None).await.map(|found| Outcome::Ids(found.ids)),
        Plan::Count(call) => odoo.count(&call).await.map(Outcome::Count),
        Plan::List { list, counted } => {
            let beside = if counted { Beside::Total } else { Beside::Proof };
            odoo.page(&list, beside).await.map(Outcome::Records)
        }
        Plan::Read { read, one } => odoo.read(read, one).await.map(Outcome::Records),
        Plan::DescribeFields { full, reduced } => odoo.describe_fields(full, reduced).await.map(Outcome::Fields),
        Plan::Create { create, read_back, one } => {
            let ids = odoo.create(&create).await?;
            Ok(odoo.written(ids, read_back, one).await)
        }
        Plan::Update(update) => {
            let Update { prove, merging, write, read_back, one } = *update;
            let ids = odoo.on_proven(prove, merging, write).await?;
            Ok(odoo.written(ids, read_back, one).await)
        }
        Plan::Delete { prove, unlink } => odoo.on_proven(prove, None, unlink).await.map(Outcome::Deleted),
        Plan::Call { prove, call } => odoo.call_method(prove.as_ref(), &call).await.map(Outcome::Result),
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
    Run { database, caller, tally }.prove(prove).await.map(drop)
}

/// One caller at one database.
#[derive(Clone, Copy)]
pub(super) struct Run<'r> {
    database: &'r Database,
    caller: &'r Caller,
    tally: &'r Tally,
}

impl<'r> Run<'r> {
    pub(super) fn new(database: &'r Database, caller: &'r Caller, tally: &'r Tally) -> Self {
        Self { database, caller, tally }
    }
}

impl<'r> Run<'r> {
    /// One call, its faults explained. A write may make old what is remembered.
    async fn call(self, call: &Call) -> Result<Reply, Problem> {
        let answer = self.try_call(call).await.map_err(|failure| failure.explain(call));
        if call.effect == Effect::Write && changes_knowledge(call.model.as_str()) {
            self.database.knowledge.forget();
        }
        answer
    }

    /// A method that somebody named. Where its records are to be proven, each of them must exist.
    async fn call_method(self, prove: Option<&Read>, call: &Call) -> Result<Reply, Problem> {
        if let Some(prove) = prove {
            self.prove(prove).await?;
        }
        self.tally.count();
        let answer = self.database.client.call_method(self.caller, call).await;
        if call.effect == Effect::Write && changes_knowledge(call.model.as_str()) {
            self.database.knowledge.forget();
        }
        answer.map_err(|failure| failure.explain_method(call))
    }

    async fn try_call(self, call: &Call) -> Result<Reply, Failure> {
        self.tally.count();
        self.database.client.execute_kw(self.caller, call).await
    }

    /// A call that answers records or descriptions, which are never nothing: that is what Odoo makes of an answer with
    /// a `None` anywhere in it.
    pub(super) async fn try_read(self, call: &Call) -> Result<Reply, Failure> {
        let reply = self.try_call(call).await?;
        if reply.is_nothing() { Err(Failure::none_inside()) } else { Ok(reply) }
    }

    /// What reading has taught of this database's models.
    pub(super) fn learned(self) -> &'r Learned {
        &self.database.knowledge.learned
    }

    pub(super) fn uid(self) -> Uid {
        self.caller.uid
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

    pub(super) async fn count(self, call: &Call) -> Result<i64, Problem> {
        self.call(call).await?.value()?.as_int().ok_or_else(|| unexpected(call))
    }

    /// The ids that a search finds.
    pub(super) async fn search(self, call: &Call) -> Result<Vec<RecordId>, Problem> {
        ids_of(&self.call(call).await?.value()?).ok_or_else(|| unexpected(call))
    }

    /// Without what cannot be read or sent of them, if need be.
    async fn describe_fields(self, full: Call, reduced: Vec<Call>) -> Result<Reply, Problem> {
        let mut call = full;
        for next in reduced {
            match self.try_read(&call).await {
                Err(failure) if failure.may_be_a_field() => call = next,
                answer => return answer.map_err(|failure| failure.explain(&call)),
            }
        }
        self.call(&call).await
    }

    async fn create(self, create: &Call) -> Result<Vec<RecordId>, Problem> {
        let reply = self.call(create).await?;
        let ids = match reply.value()? {
            id @ Value::Int(_) => ids_of(&Value::List(vec![id])),
            ids => ids_of(&ids),
        };
        ids.ok_or_else(|| unexpected(create))
    }

    /// Proves which records it is about, and does it. Answers their ids as they were asked for.
    async fn on_proven(
        self,
        prove: Prove,
        merging: Option<Merging>,
        mut write: Call,
    ) -> Result<Vec<RecordId>, Problem> {
        let (ids, asked, proof) = match prove {
            Prove::Ids { read, asked } => {
                let proof = self.prove(&read).await?;
                (read.ids, asked, Some(proof))
            }
            Prove::Found(search) => {
                let ids = self.search(&search).await?;
                (ids.clone(), ids, None)
            }
        };
        if ids.is_empty() {
            return Ok(asked);
        }
        if let Some(merging) = merging {
            let present = match proof {
                Some(proof) => proof,
                None => self.call(&merging.read.of(ids.clone()).call()).await?,
            };
            merging.complete(&mut write, &present.value()?)?;
        }
        self.call(&write.on(&ids)).await?;
        Ok(asked)
    }

    async fn written(self, ids: Vec<RecordId>, read_back: Option<Read>, one: bool) -> Outcome {
        match read_back {
            Some(read) => Outcome::Records(self.read_back(read.of(ids), one).await),
            None => Outcome::Written { ids, one },
        }
    }

    /// Once Odoo has written, nothing that fails may look as if it had not.
    async fn read_back(self, read: Read, one: bool) -> Records {
        let (ids, columns) = (read.ids.clone(), read.columns.clone().as_far_as_possible());
        match self.read(read.with(columns.clone()), one).await.and_then(Records::complete) {
            Ok(records) => records,
            Err(problem) => {
                tracing::warn!(code = problem.code.as_str(), "written, but not readable");
                Records::new(Source::Written(ids), None, columns, one)
            }
        }
    }

    /// Answers the records, all of which exist.
    pub(super) async fn prove(self, prove: &Read) -> Result<Reply, Problem> {
        let reply = self.call(&prove.call()).await?;
        let found = ids_in(&reply.value()?).ok_or_else(|| unexpected(&prove.call()))?;
        require_all(&prove.ids, &found.into_iter().collect(), prove.model.as_str())?;
        Ok(reply)
    }
}

impl Records {
    pub(super) fn new(source: Source, asked: Option<Vec<RecordId>>, columns: Columns, one: bool) -> Self {
        let behind = if matches!(source, Source::Page(_)) { Behind::InPlace } else { Behind::Nothing };
        Self { source, asked, columns, omitted: Vec::new(), one, total: None, behind }
    }

    /// The records as a list of maps.
    ///
    /// # Errors
    /// When Odoo's answer has another form.
    pub fn list(&self) -> Result<Vec<Value<'_>>, Problem> {
        let list = match &self.source {
            Source::Reply(reply) => reply.value()?,
            Source::Page(reply) => match reply.value()? {
                Value::Map(members) => members.into_iter().find(|(key, _)| key == "records").map(|(_, value)| value),
                _ => None,
            }
            .unwrap_or_default(),
            Source::Pieces(pieces) => return Ok(pieces.clone()),
            Source::Written(ids) => {
                let record = |id: &RecordId| Value::Map(vec![("id".into(), Value::Int(id.get()))]);
                return Ok(ids.iter().map(record).collect());
            }
        };
        match list {
            Value::List(records) => Ok(records),
            _ => Err(unreadable("neither records nor a fault")),
        }
    }

    /// These records, when all that were asked for are there to be read.
    fn complete(self) -> Result<Self, Problem> {
        let found = ids_in(&Value::List(self.list()?)).ok_or_else(|| unreadable("neither records nor a fault"))?;
        require_all(self.asked.as_deref().unwrap_or_default(), &found.into_iter().collect(), "what was written")?;
        Ok(self)
    }

    /// How many records the domain finds, as the page says itself; only true where it was told to count.
    pub(super) fn length(&self) -> Result<Option<i64>, Problem> {
        match &self.source {
            Source::Page(reply) => Ok(reply.value()?.get("length").and_then(Value::as_int)),
            _ => Ok(None),
        }
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
