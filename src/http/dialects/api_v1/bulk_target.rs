//! The records of an update or deletion of several records.
//!
//! In: `id` or `filter`. Out: a [`RecordSet`]. Must not know: what is done with the records. Only an explicit filter
//! selects all records, `[[1, "=", 1]]`; omitted or empty parameters never do.

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::params::RequestParams;
use crate::plan::RecordSet;

/// Parses the records from the parameters `id` and `filter`.
///
/// # Errors
/// 400 if both or neither are given, or the given one is empty.
pub(super) fn parse_bulk_target(params: &RequestParams) -> Result<RecordSet, Problem> {
    let filter = params.domain("filter")?;
    match params.ids("id")? {
        Some(ids) if !filter.is_all() || (!ids.is_empty() && params.is_set("filter")) => {
            Err(Problem::new(ErrorCode::InvalidParameter, "The parameters `id` and `filter` cannot be combined.")
                .parameter("id")
                .hint("Send one of them."))
        }
        Some(ids) if !ids.is_empty() => Ok(RecordSet::Many(ids)),
        None if !filter.is_all() => Ok(RecordSet::Matching(filter)),
        _ => {
            let detail = "The request does not select records: the parameter `id` or `filter` is missing.";
            let hint = "Send `?id=[1,2,3]`, or a `filter` in the body. The filter `[[1,\"=\",1]]` selects all records.";
            Err(Problem::new(ErrorCode::MissingParameter, detail).parameter("filter").hint(hint))
        }
    }
}
