//! Executes calls of methods that Odoo removed.
//!
//! In: a [`GroupPlan`] or a [`TogglePlan`], a user. Out: the result of the old method. Must not know: which version
//! removed it, dialects.

use super::client::CallProtocol;
use super::reply::Reply;
use super::user_client::{UserClient, unexpected_form};
use crate::error::Problem;
use crate::names::RecordId;
use crate::plan::{GroupPlan, GroupRows, TogglePlan};
use crate::value::Value;

/// Groups records, and returns what converts the groups to the old form.
///
/// # Errors
/// Odoo's error, or a problem if Odoo does not respond.
pub(super) async fn read_group(odoo: UserClient<'_>, plan: GroupPlan) -> Result<(Reply, GroupRows), Problem> {
    let described = match &plan.describe {
        Some(call) => Some(odoo.call(call).await?),
        None => None,
    };
    let fields = described.as_ref().map(Reply::value).transpose()?;
    let (call, rows) = plan.complete(fields.as_ref());
    Ok((odoo.call_method(&call).await?, rows))
}

/// Archives records, and restores those that are archived: with the method of the model if it has one.
///
/// # Errors
/// 404 for a record that does not exist; Odoo's error, or a problem if Odoo does not respond.
pub(super) async fn toggle_active(odoo: UserClient<'_>, plan: &TogglePlan) -> Result<Reply, Problem> {
    let TogglePlan { read, toggle, .. } = plan;
    if read.ids.is_empty() {
        return Ok(Reply::none());
    }
    let records = odoo.require_records(read).await?;
    let (quirks, model) = (odoo.quirks(), &toggle.model);
    if !quirks.lacks_toggle(odoo.uid(), model) {
        match odoo.try_method(CallProtocol::Best, toggle).await {
            Err(error) if error.is_unknown_method() => quirks.set_lacks_toggle(odoo.uid(), model),
            reply => return reply.map_err(|error| error.into_method_problem(toggle)),
        }
    }
    let (active, archived) = split_by_state(&records.value()?, plan).ok_or_else(|| unexpected_form(&read.call()))?;
    if !active.is_empty() {
        odoo.call_method(&plan.one_direction(true, &active)).await?;
    }
    if !archived.is_empty() {
        let restored = odoo.call_method(&plan.one_direction(false, &archived)).await;
        restored.map_err(|problem| after_archiving(problem, &active))?;
    }
    Ok(Reply::none())
}

/// The records that are not archived, and those that are.
fn split_by_state(records: &Value<'_>, plan: &TogglePlan) -> Option<(Vec<RecordId>, Vec<RecordId>)> {
    let (mut active, mut archived) = (Vec::new(), Vec::new());
    for record in records.as_list()? {
        let id = RecordId::new(record.get("id")?.as_int()?)?;
        let is_active = *record.get(plan.active.as_str())? == Value::Bool(true);
        if is_active { active.push(id) } else { archived.push(id) }
    }
    Some((active, archived))
}

/// The two directions are two transactions.
fn after_archiving(problem: Problem, active: &[RecordId]) -> Problem {
    if active.is_empty() {
        return problem;
    }
    let ids = active.iter().take(20).map(RecordId::to_string).collect::<Vec<_>>().join(", ");
    problem.hint(format!("The other records were archived before this error: {ids}."))
}
