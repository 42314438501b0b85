//! Limits of requests before a credential is verified.
//!
//! In: requests to routes without a credential, or with the credential in the body. Out: their body, at most 64 KiB,
//! or why it is rejected. Must not know: routes. A form with a million parameters costs an anonymous sender nothing,
//! so it must not cost the gateway much either.

use bytes::Bytes;

use super::ApiRequest;
use crate::error::Problem;
use crate::error_code::ErrorCode;

/// The largest body, in bytes.
pub(in crate::http) const LARGEST_BODY: u64 = 64 * 1024;
/// The largest number of parameters in a query or form.
const MAX_PARAMETERS: usize = 50;

/// The body of a request whose credential is not verified.
///
/// # Errors
/// 413 for a body larger than [`LARGEST_BODY`], 400 for one that does not arrive completely.
pub(in crate::http) async fn body(request: &mut ApiRequest) -> Result<Bytes, Problem> {
    request.body.read_within(LARGEST_BODY).await
}

/// Checks the number of parameters in a query or form before they are parsed. `location` starts the error message.
///
/// # Errors
/// 400 for more than 50.
pub(in crate::http) fn check_parameters(encoded: &[u8], location: &str) -> Result<(), Problem> {
    let last_allowed = MAX_PARAMETERS - 1;
    if memchr::memchr_iter(b'&', encoded).nth(last_allowed).is_none() {
        return Ok(());
    }
    let detail = format!("{location} has more than {MAX_PARAMETERS} parameters.");
    Err(Problem::new(ErrorCode::InvalidParameter, detail)
        .hint("Send only the parameters that this endpoint documents."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_fifty_parameters_are_accepted() {
        let form = |count: usize| vec!["a=b"; count].join("&");
        for (count, is_accepted) in [(0, true), (1, true), (50, true), (51, false), (100_000, false)] {
            assert_eq!(check_parameters(form(count).as_bytes(), "The form").is_ok(), is_accepted, "{count}");
        }
    }
}
