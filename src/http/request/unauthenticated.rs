//! What a request may hold before anybody has shown a credential: little.
//!
//! In: requests to routes that need no credential, or that check it in the body. Out: their body, within 64 KiB; or why
//! it is too much. Must not know: routes. A form of a million parameters costs its sender nothing, so it must cost the
//! gateway nothing either.

use bytes::Bytes;

use super::Arrival;
use crate::error::Problem;
use crate::error_code::Code;

/// The largest body, in bytes.
pub(in crate::http) const LARGEST_BODY: u64 = 64 * 1024;
/// The most parameters of a query or a form.
const MOST_PARAMETERS: usize = 50;

/// The body of a request that needs no credential.
///
/// # Errors
/// 413 for one that is larger than [`LARGEST_BODY`]; as [`Arrival::body`].
pub(in crate::http) async fn body(arrival: &mut Arrival) -> Result<Bytes, Problem> {
    arrival.body_within(LARGEST_BODY).await
}

/// Counts the parameters of a query or form before any of them is read.
///
/// # Errors
/// 400 for more than 50.
pub(in crate::http) fn check_parameters(encoded: &[u8], place: &str) -> Result<(), Problem> {
    let most = MOST_PARAMETERS - 1;
    if memchr::memchr_iter(b'&', encoded).nth(most).is_none() {
        return Ok(());
    }
    let detail = format!("{place} has more than {MOST_PARAMETERS} parameters.");
    Err(Problem::new(Code::InvalidParameter, detail).hint("Send only the parameters of this endpoint."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_parameters_are_accepted_and_one_more_is_not() {
        let form = |count: usize| vec!["a=b"; count].join("&");
        for (count, is_accepted) in [(0, true), (1, true), (50, true), (51, false), (100_000, false)] {
            assert_eq!(check_parameters(form(count).as_bytes(), "The form").is_ok(), is_accepted, "{count}");
        }
    }
}
