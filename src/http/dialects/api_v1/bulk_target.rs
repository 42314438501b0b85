//! Which records an update or a deletion of several is about.
//!
//! In: `id` or `filter`. Out: a [`Target`]. Must not know: what is done to them. All records are meant only by a filter that says so,
//! `[[1, "=", 1]]`: never by leaving something out.

use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::params::Input;
use crate::plan::Target;

/// Reads which.
///
/// # Errors
/// 400 for neither, for both, for an empty one.
pub(super) fn several(input: &Input) -> Result<Target, Problem> {
    let filter = input.domain("filter")?;
    match input.ids("id")? {
        Some(ids) if !filter.is_all() || (!ids.is_empty() && input.is_given("filter")) => {
            Err(Problem::new(Code::InvalidParameter, "id and filter cannot be given together.").parameter("id"))
        }
        Some(ids) if !ids.is_empty() => Ok(Target::Many(ids)),
        None if !filter.is_all() => Ok(Target::Found(filter)),
        _ => {
            let detail = "It is not said which records are meant: the parameter id or filter is needed.";
            let hint = "For example ?id=[1,2,3], or a filter in the body; [[1,\"=\",1]] finds all records.";
            Err(Problem::new(Code::MissingParameter, detail).parameter("filter").hint(hint))
        }
    }
}
