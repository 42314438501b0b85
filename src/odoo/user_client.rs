//! Calls to one database on behalf of one user.
//!
//! In: a [`Call`]. Out: a [`Reply`], or Odoo's fault as a [`Problem`]. Must not know: plans, how records are read. A
//! write to models, fields, modules, languages, groups, or users invalidates the cached metadata.
//!
//! Equal reads share one call only if the caller permits it: the reads of a write must be its own calls, or they could
//! return what was there before the write. A method that a client named is never shared.

use std::sync::atomic::{AtomicU32, Ordering};

use super::client::{CallProtocol, OdooClient, ReadReply};
use super::database::Database;
use super::error::OdooError;
use super::read_failure_cache::ReadQuirks;
use super::reply::Reply;
use super::returned_records::{require_all, scan_records};
use super::user::{OdooUser, Uid};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::RecordId;
use crate::plan::{Call, Effect, ReadPlan};
use crate::value::Value;

/// Counts the calls to Odoo that one request caused, including those that fail. A read that shares the call of another
/// request caused none.
#[derive(Debug, Default)]
pub struct CallCounter(AtomicU32);

impl CallCounter {
    /// The number of calls so far.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A client of one database that acts as one user.
#[derive(Clone, Copy)]
pub(super) struct UserClient<'c> {
    database: &'c Database,
    client: &'c OdooClient,
    user: &'c OdooUser,
    counter: &'c CallCounter,
    shares_reads: bool,
}

impl<'c> UserClient<'c> {
    pub(super) fn new(database: &'c Database, user: &'c OdooUser, counter: &'c CallCounter) -> Self {
        Self { database, client: &database.client, user, counter, shares_reads: false }
    }

    /// The same client, whose calls are made by another client of the database.
    pub(super) fn with_client(self, client: &'c OdooClient) -> Self {
        Self { client, ..self }
    }

    /// The same client, whose reads may share the calls of equal reads.
    pub(super) fn with_shared_reads(self) -> Self {
        Self { shares_reads: true, ..self }
    }

    pub(super) fn uid(self) -> Uid {
        self.user.uid
    }

    /// What earlier reads have shown about the models of the database.
    pub(super) fn quirks(self) -> &'c ReadQuirks {
        &self.database.metadata.quirks
    }

    /// Makes a call of the gateway's own.
    pub(super) async fn call(self, call: &Call) -> Result<Reply, Problem> {
        let reply = self.try_call(call).await.map_err(|error| error.into_call_problem(call));
        self.invalidate_metadata(call);
        reply
    }

    /// Calls a method that a client named.
    pub(super) async fn call_method(self, call: &Call) -> Result<Reply, Problem> {
        self.call_method_over(CallProtocol::Best, call).await
    }

    /// Calls a method that a client named over this protocol.
    pub(super) async fn call_method_over(self, protocol: CallProtocol, call: &Call) -> Result<Reply, Problem> {
        self.try_method(protocol, call).await.map_err(|error| error.into_method_problem(call))
    }

    /// Calls a method that a client named without ids, although it may be a method of records. Then Odoo rejects the
    /// call before the method runs, and an empty list of ids is sent.
    pub(super) async fn call_with_or_without_ids(self, mut call: Call) -> Result<Reply, Problem> {
        let mut reply = self.try_method(CallProtocol::Best, &call).await;
        if reply.as_ref().is_err_and(OdooError::lacks_ids) {
            call.args.insert(0, Value::List(Vec::new()));
            reply = self.try_method(CallProtocol::Best, &call).await;
        }
        reply.map_err(|error| error.into_method_problem(&call))
    }

    /// Calls a method that a client named, and returns the error as Odoo returned it.
    pub(super) async fn try_method(self, protocol: CallProtocol, call: &Call) -> Result<Reply, OdooError> {
        self.counter.increment();
        let reply = self.client.call_method(self.user, call, protocol).await;
        self.invalidate_metadata(call);
        reply
    }

    async fn try_call(self, call: &Call) -> Result<Reply, OdooError> {
        if self.shares_reads && call.effect == Effect::Read {
            let ReadReply { reply, is_shared } = self.client.execute_shared_read(self.user, call).await;
            if !is_shared {
                self.counter.increment();
            }
            return reply;
        }
        self.counter.increment();
        self.client.execute_kw(self.user, call).await
    }

    /// Makes a call whose result is a list or dict, and never `None`. A `None` means that Odoo's result contains one
    /// and could not be transmitted.
    pub(super) async fn try_read(self, call: &Call) -> Result<Reply, OdooError> {
        let reply = self.try_call(call).await?;
        if reply.is_none() { Err(OdooError::none_in_result()) } else { Ok(reply) }
    }

    /// Makes a call that may write, and returns the error as Odoo returned it.
    pub(super) async fn try_write(self, call: &Call) -> Result<Reply, OdooError> {
        let reply = self.try_call(call).await;
        self.invalidate_metadata(call);
        reply
    }

    /// Makes a call that returns a number.
    pub(super) async fn count(self, call: &Call) -> Result<i64, Problem> {
        self.call(call).await?.value()?.as_int().ok_or_else(|| unexpected_form(call))
    }

    /// Makes a call that returns a list of ids.
    pub(super) async fn search(self, call: &Call) -> Result<Vec<RecordId>, Problem> {
        parse_ids(&self.call(call).await?.value()?).ok_or_else(|| unexpected_form(call))
    }

    /// Makes a call that creates records, and returns one id or a list of ids.
    pub(super) async fn create(self, call: &Call) -> Result<Vec<RecordId>, Problem> {
        let reply = self.call(call).await?;
        let ids = match reply.value()? {
            id @ Value::Int(_) => parse_ids(&Value::List(vec![id])),
            ids => parse_ids(&ids),
        };
        ids.ok_or_else(|| unexpected_form(call))
    }

    /// Reads records, all of which must exist.
    ///
    /// # Errors
    /// 404 for a record that does not exist, 403 for a record that the user may not read.
    pub(super) async fn require_records(self, read: &ReadPlan) -> Result<Reply, Problem> {
        let reply = self.call(&read.call()).await?;
        let found = scan_records(&reply)?.ids.ok_or_else(|| unexpected_form(&read.call()))?;
        require_all(&read.ids, &found.into_iter().collect(), read.model.as_str())?;
        Ok(reply)
    }

    fn invalidate_metadata(self, call: &Call) {
        if call.effect == Effect::Write && can_change_metadata(call.model.as_str()) {
            self.database.metadata.invalidate();
        }
    }
}

fn parse_ids(value: &Value<'_>) -> Option<Vec<RecordId>> {
    value.as_list()?.iter().map(|id| id.as_int().and_then(RecordId::new)).collect()
}

/// Whether a write to this model can change the metadata of any model.
fn can_change_metadata(model: &str) -> bool {
    const MODELS: [&str; 5] = ["ir.model", "ir.model.fields", "res.lang", "res.groups", "res.users"];
    const PREFIXES: [&str; 3] = ["ir.module.", "base.module.", "base.language."];
    MODELS.contains(&model) || PREFIXES.iter().any(|prefix| model.starts_with(prefix))
}

/// The problem with a reply that is not what the method returns.
pub(super) fn unexpected_form(call: &Call) -> Problem {
    Problem::new(
        ErrorCode::OdooUnreadable,
        format!("Odoo's response to {}.{} has an unexpected form.", call.model, call.method),
    )
}
