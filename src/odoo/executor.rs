//! Executes plans.
//!
//! In: a [`Plan`], a database, a user. Out: an [`Outcome`]. Must not know: intents, media types. What is rejected here
//! is what only Odoo can decide: whether records exist, and whether the user has access to them.

use super::client::CallProtocol;
use super::database::Database;
use super::nested_read::{CountMode, find_ids, list_records, read_records};
use super::one_call_write::{OneCallWrite, update_in_one_call};
use super::plan_outcome::Outcome;
use super::replaced_methods::{read_group, toggle_active};
use super::reply::Reply;
use super::returned_records::{RecordSource, Records};
use super::user::OdooUser;
use super::user_client::{CallCounter, UserClient};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::RecordId;
use crate::plan::{AccessOperation, Call, ExistenceCheck, PartialUpdate, Plan, ReadPlan, UpdatePlan, WebSave};
use crate::value::Value;

/// Executes a plan.
///
/// # Errors
/// Odoo's error, or a problem if Odoo does not respond.
pub async fn execute_plan(
    database: &Database,
    user: &OdooUser,
    plan: Plan,
    counter: &CallCounter,
) -> Result<Outcome, Problem> {
    let odoo = UserClient::new(database, user, counter);
    let odoo = if only_reads(&plan) { odoo.with_shared_reads() } else { odoo };
    match plan {
        Plan::CheckAccess { checks, raise } => check_access(odoo, checks, raise).await.map(Outcome::Access),
        Plan::NoAccess => Ok(Outcome::Access(false)),
        Plan::Search(list) => find_ids(odoo, &list, None).await.map(|found| Outcome::Ids(found.ids)),
        Plan::Count(call) => odoo.count(&call).await.map(Outcome::Count),
        Plan::List { list, with_total } => {
            let mode = if with_total { CountMode::Total } else { CountMode::VerifyShortPage };
            list_records(odoo, &list, mode).await.map(Outcome::Records)
        }
        Plan::Read { read, one } => read_records(odoo, read, one).await.map(Outcome::Records),
        Plan::DescribeFields { full, reduced } => describe_fields(odoo, full, reduced).await.map(Outcome::Fields),
        Plan::Create { create, read_back, one } => {
            let ids = odoo.create(&create).await?;
            Ok(written(odoo, ids, read_back, one).await)
        }
        Plan::Update(update) => execute_update(odoo, *update).await,
        Plan::Delete { existence_check, unlink } => {
            check_and_write(odoo, existence_check, None, unlink).await.map(Outcome::Deleted)
        }
        Plan::Call { existence_check, call, may_need_ids } => {
            if let Some(records) = existence_check {
                odoo.require_records(&records).await?;
            }
            let result =
                if may_need_ids { odoo.call_with_or_without_ids(call).await } else { odoo.call_method(&call).await };
            result.map(Outcome::Result)
        }
        Plan::ReadGroup(plan) => read_group(odoo, *plan).await.map(|(groups, rows)| Outcome::Groups(groups, rows)),
        Plan::ToggleActive(plan) => toggle_active(odoo, &plan).await.map(Outcome::Result),
    }
}

/// Makes a call as the client sent it, over this protocol.
///
/// # Errors
/// As [`execute_plan`].
pub async fn execute_unchanged_call(
    database: &Database,
    user: &OdooUser,
    call: &Call,
    protocol: CallProtocol,
    counter: &CallCounter,
) -> Result<Reply, Problem> {
    UserClient::new(database, user, counter).call_method_over(protocol, call).await
}

/// Whether the plan consists of the gateway's own reads. The reads of a write are not shared: a call that was sent
/// before the write must not answer them.
fn only_reads(plan: &Plan) -> bool {
    match plan {
        Plan::CheckAccess { .. }
        | Plan::NoAccess
        | Plan::Search(_)
        | Plan::Count(_)
        | Plan::List { .. }
        | Plan::Read { .. }
        | Plan::DescribeFields { .. } => true,
        Plan::Create { .. } | Plan::Update(_) | Plan::Delete { .. } => false,
        Plan::Call { .. } | Plan::ReadGroup(_) | Plan::ToggleActive(_) => false,
    }
}

async fn check_access(
    odoo: UserClient<'_>,
    checks: Vec<(AccessOperation, Call)>,
    raise: bool,
) -> Result<bool, Problem> {
    for (operation, call) in checks {
        if odoo.call(&call).await?.value()? != Value::Bool(true) {
            if !raise {
                return Ok(false);
            }
            let detail = format!("Odoo does not allow this user to {} records of {}.", operation.as_str(), call.model);
            return Err(Problem::new(ErrorCode::AccessDenied, detail).hint("Change the user's access rights in Odoo."));
        }
    }
    Ok(true)
}

/// Requests all descriptions, and fewer of them if they cannot be returned.
async fn describe_fields(odoo: UserClient<'_>, full: Call, reduced: Vec<Call>) -> Result<Reply, Problem> {
    let mut call = full;
    for next in reduced {
        match odoo.try_read(&call).await {
            Err(error) if error.may_be_field_specific() => call = next,
            reply => return reply.map_err(|error| error.into_call_problem(&call)),
        }
    }
    odoo.call(&call).await
}

async fn execute_update(odoo: UserClient<'_>, update: UpdatePlan) -> Result<Outcome, Problem> {
    let UpdatePlan { existence_check, partial_update, mut write, read_back, web_save, one } = update;
    let mut rejected = None;
    if let (Some(web_save), ExistenceCheck::Ids { read, requested }) =
        (usable_web_save(odoo, web_save.as_ref(), &write), &existence_check)
    {
        if !web_save.shows_existence {
            odoo.require_records(read).await?;
        }
        match update_in_one_call(odoo, web_save, &mut write, read, read_back.as_ref(), one).await? {
            OneCallWrite::Returned(records) if requested.len() == read.ids.len() => {
                return Ok(Outcome::Records(*records));
            }
            OneCallWrite::Returned(_) | OneCallWrite::Written => {
                return Ok(written(odoo, requested.clone(), read_back, one).await);
            }
            OneCallWrite::Rejected => rejected = Some(write.model.clone()),
        }
    }
    let ids = check_and_write(odoo, existence_check, partial_update, write).await?;
    if let Some(model) = rejected {
        odoo.quirks().set_separate_writes(odoo.uid(), &model);
    }
    Ok(written(odoo, ids, read_back, one).await)
}

/// The one call, unless it is known to fail although separate calls work.
fn usable_web_save<'w>(odoo: UserClient<'_>, web_save: Option<&'w WebSave>, write: &Call) -> Option<&'w WebSave> {
    web_save.filter(|_| !odoo.quirks().needs_separate_writes(odoo.uid(), &write.model))
}

/// Checks that the records exist, and writes or deletes them. Returns the ids as the client requested them.
async fn check_and_write(
    odoo: UserClient<'_>,
    check: ExistenceCheck,
    partial_update: Option<PartialUpdate>,
    mut write: Call,
) -> Result<Vec<RecordId>, Problem> {
    let (ids, requested, records) = match check {
        ExistenceCheck::Ids { read, requested: asked } => {
            let records = odoo.require_records(&read).await?;
            (read.ids, asked, Some(records))
        }
        ExistenceCheck::Search(search) => {
            let ids = odoo.search(&search).await?;
            (ids.clone(), ids, None)
        }
    };
    if ids.is_empty() {
        return Ok(requested);
    }
    if let Some(partial_update) = partial_update {
        let records = match records {
            Some(records) => records,
            None => odoo.call(&partial_update.read.with_ids(ids.clone()).call()).await?,
        };
        partial_update.complete(&mut write, &records.value()?)?;
    }
    odoo.call(&write.with_ids(&ids)).await?;
    Ok(requested)
}

async fn written(odoo: UserClient<'_>, ids: Vec<RecordId>, read_back: Option<ReadPlan>, one: bool) -> Outcome {
    match read_back {
        Some(read) => Outcome::Records(read_written(odoo, read.with_ids(ids), one).await),
        None => Outcome::Written { ids, one },
    }
}

/// Reads the written records. A failure is only logged: it must not look as if nothing had been written.
async fn read_written(odoo: UserClient<'_>, read: ReadPlan, one: bool) -> Records {
    let (ids, columns) = (read.ids.clone(), read.columns.clone().into_best_effort());
    match read_records(odoo, read.with_columns(columns.clone()), one).await.and_then(Records::complete) {
        Ok(records) => records,
        Err(problem) => {
            tracing::warn!(code = problem.code.as_str(), "records were written, but cannot be read back");
            Records::new(RecordSource::Written(ids), None, columns, one)
        }
    }
}
