//! Authorization without a page, as the vendor's manual shows it: for an application that an administrator bound to a user
//! and marked trusted, and for that user only (contract section 7).
//!
//! In: a request that wants JSON. Out: its parameters, and whether its application may. Must not know: which OAuth it is.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::parameters::Parameters;
use crate::auth::Application;
use crate::auth::oauth1::{of_scheme, parse};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::Arrival;
use crate::http::response::negotiate::prefers;

/// Whether JSON is wanted: `Accept` says so, or the request is written as the vendor's manual writes it and `Accept` does
/// not ask for a page.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let is_vendors = headers.get_all(AUTHORIZATION).iter().any(|value| of_scheme(value.as_bytes()).is_some());
    prefers(headers, "application/json", "text/html")
        || (is_vendors && !prefers(headers, "text/html", "application/json"))
}

/// The parameters with those in an `Authorization: OAuth` header, which is how the vendor's manual sends them.
///
/// # Errors
/// 400 for two headers, or one that cannot be read.
pub(super) fn with_header(parameters: Parameters, arrival: &Arrival) -> Result<Parameters, Problem> {
    let malformed = |detail: &str| Problem::new(Code::MalformedRequest, detail).parameter("Authorization");
    let mut shown = arrival.head.headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (shown.next(), shown.next());
    if second.is_some() {
        return Err(malformed("There are two Authorization headers."));
    }
    let Some(text) = first.and_then(|value| of_scheme(value.as_bytes())) else { return Ok(parameters) };
    let pairs = parse(text)?.into_iter().map(|(name, value)| Ok((String::from_utf8(name)?, String::from_utf8(value)?)));
    let pairs: Result<Vec<_>, std::string::FromUtf8Error> = pairs.collect();
    Ok(parameters.with_decoded(pairs.map_err(|_| malformed("The header is no UTF-8 once it is decoded."))?))
}

/// Lets pass only applications that may approve for the user they are bound to, from where they may call.
///
/// # Errors
/// 401 for every other application.
pub(super) fn require_trust(arrival: &Arrival, application: &Application) -> Result<(), Problem> {
    let may = application.settings.trusted && application.is_bound() && application.admits(arrival.client());
    if !may {
        let detail = "A person has to log in and allow this, with this address in a browser: the application is not \
                      trusted to do without.";
        let hint = "An administrator can register the application on a user's account and mark it trusted.";
        return Err(Problem::new(Code::PersonNeeded, detail).hint(hint));
    }
    arrival.log.user(&application.row.grant.login);
    arrival.log.database(&application.row.grant.database);
    Ok(())
}
