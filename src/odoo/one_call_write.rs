//! Updates records in one call that also reads them, or at least shows that they exist.
//!
//! In: a [`WebSave`], and the write that it replaces. Out: what is left to do. Must not know: for which writes this
//! call exists, how records are read.
//!
//! Odoo rolls everything back if any part of the call fails, reading included. Separate calls can have another result
//! then: a write that succeeds and a read that omits a field, or an error of the existence check. So after a fault that
//! reading can have caused, the separate calls decide. If they succeed, this user's next writes to the model use them
//! at once. A write whose outcome is unknown is never repeated. Some faults do not show whether they come from a
//! function that runs after the commit; then the same values are written to the same records again.

use std::collections::HashSet;

use super::error::OdooError;
use super::reply::Reply;
use super::returned_records::{RecordSource, Records, RelatedRecords, record_ids, require_all, scan_records};
use super::user_client::{UserClient, unexpected_form};
use crate::error::Problem;
use crate::names::RecordId;
use crate::plan::{Call, ReadPlan, WebSave};

/// What one call did.
pub(super) enum OneCallWrite {
    /// It wrote the records and returned them.
    Returned(Box<Records>),
    /// It wrote the records, which are still to be read.
    Written,
    /// Nothing: the write must be made in separate calls.
    Rejected,
}

/// What one call did, before its result is used.
enum Saved {
    /// The records of the reply.
    Records(Reply, Vec<RecordId>),
    /// It wrote the records, but its result cannot be used.
    Unusable(Problem),
    /// Nothing, because Odoo rejected the values.
    Invalid(Problem),
    /// Nothing, perhaps because of what it reads.
    Rejected,
}

/// Updates the records of `existence_check`, of which there is at least one. If Odoo rejects the call, the values stay
/// in `write`.
///
/// # Errors
/// If Odoo does not respond, and 404 if the record does not exist.
pub(super) async fn update_in_one_call(
    odoo: UserClient<'_>,
    web_save: &WebSave,
    write: &mut Call,
    existence_check: &ReadPlan,
    read_back: Option<&ReadPlan>,
    one: bool,
) -> Result<OneCallWrite, Problem> {
    let ids = &existence_check.ids;
    match save(odoo, web_save, write, ids).await? {
        Saved::Records(reply, found) => {
            let found: HashSet<RecordId> = found.into_iter().collect();
            if web_save.shows_existence {
                require_all(ids, &found, existence_check.model.as_str())?;
            }
            // A record can be deleted between the existence check and the write.
            if let Some(read_back) = read_back.filter(|_| web_save.reads_back)
                && ids.iter().all(|id| found.contains(id))
            {
                let records = returned_records(reply, ids.clone(), read_back, one);
                return Ok(OneCallWrite::Returned(Box::new(records)));
            }
            Ok(OneCallWrite::Written)
        }
        Saved::Unusable(problem) => {
            tracing::warn!(code = problem.code.as_str(), "records were written, but not returned");
            Ok(OneCallWrite::Written)
        }
        Saved::Invalid(problem) => {
            // Odoo can reject values of a record that does not exist.
            if web_save.shows_existence {
                odoo.require_records(existence_check).await?;
            }
            Err(problem)
        }
        Saved::Rejected => Ok(OneCallWrite::Rejected),
    }
}

async fn save(odoo: UserClient<'_>, web_save: &WebSave, write: &mut Call, ids: &[RecordId]) -> Result<Saved, Problem> {
    let call = web_save.call(write, ids);
    match odoo.try_write(&call).await {
        Ok(reply) => {
            // The records are returned after the write, so it must be certain that they can be parsed.
            let ids = if web_save.reads_back {
                reply.value().map(|records| record_ids(&records))
            } else {
                scan_records(&reply).map(|scan| scan.ids)
            };
            Ok(match ids.and_then(|ids| ids.ok_or_else(|| unexpected_form(write))) {
                Ok(ids) => Saved::Records(reply, ids),
                Err(problem) => Saved::Unusable(problem),
            })
        }
        Err(error) if error.is_lost_result() => Ok(Saved::Unusable(error.into_call_problem(write))),
        Err(error) if is_about_values(&error, web_save) => Ok(Saved::Invalid(error.into_call_problem(write))),
        Err(error) if error.permits_another_call() => {
            WebSave::restore(call, write);
            Ok(Saved::Rejected)
        }
        Err(error) => Err(error.into_call_problem(write)),
    }
}

/// Whether Odoo rejected what was written, not what was read. The code that computes the name of a record can raise the
/// same exceptions.
fn is_about_values(error: &OdooError, web_save: &WebSave) -> bool {
    let can_be_a_name = web_save.reads_display_names() && error.is_rejection_by_code();
    error.is_rejection_of_values() && !can_be_a_name
}

fn returned_records(reply: Reply, ids: Vec<RecordId>, read_back: &ReadPlan, one: bool) -> Records {
    let columns = read_back.columns.clone().into_best_effort();
    let records = Records::new(RecordSource::Reply(reply), Some(ids), columns, one);
    Records { related: RelatedRecords::InPlace, ..records }
}
