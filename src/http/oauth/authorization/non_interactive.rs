//! Authorization without a page, as in the vendor's manual: only for an application that an administrator bound to a
//! user and marked as trusted, and only for that user (docs/dialects/restapi.md).
//!
//! In: a request that accepts JSON. Out: its parameters, and whether the application may skip the pages. Must not
//! know: which version of OAuth it uses.

use http::HeaderMap;

use super::raw_parameters::AuthorizationParams;
use crate::auth::Application;
use crate::auth::oauth1::parse_parameters;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::http::request::authorization::Authorization;
use crate::http::response::negotiate::prefers;

/// Whether the client expects JSON: `Accept` prefers it, or the request has the vendor's `Authorization: OAuth`
/// header and `Accept` does not prefer a page.
pub(super) fn wants_json(headers: &HeaderMap) -> bool {
    let has_oauth_header = matches!(Authorization::parse(headers), Ok(Some(Authorization::OAuth(_))));
    prefers(headers, "application/json", "text/html")
        || (has_oauth_header && !prefers(headers, "text/html", "application/json"))
}

/// Adds the parameters of the vendor's `Authorization: OAuth` header.
///
/// # Errors
/// 400 if the header is malformed or sent twice.
pub(super) fn with_header_params(
    parameters: AuthorizationParams,
    request: &ApiRequest,
) -> Result<AuthorizationParams, Problem> {
    let malformed = |detail: &str| Problem::new(ErrorCode::MalformedRequest, detail).parameter("Authorization");
    let Some(Authorization::OAuth(text)) = Authorization::parse(&request.head.headers)? else { return Ok(parameters) };
    let pairs = parse_parameters(text)?
        .into_iter()
        .map(|(name, value)| Ok((String::from_utf8(name)?, String::from_utf8(value)?)));
    let pairs: Result<Vec<_>, std::string::FromUtf8Error> = pairs.collect();
    let not_utf8 = "The Authorization header is not valid UTF-8 after percent-decoding.";
    Ok(parameters.with_decoded(pairs.map_err(|_| malformed(not_utf8))?))
}

/// Checks that the application may approve for the user it is bound to, from the client's network.
///
/// # Errors
/// 401 for every other application.
pub(super) fn require_trusted_client(request: &ApiRequest, application: &Application) -> Result<(), Problem> {
    let is_allowed =
        application.settings.trusted && application.is_bound() && application.allows_address(request.client_ip());
    if !is_allowed {
        let detail = "A user must log in and allow this: open this URL in a browser. The application is not trusted to \
                      authorize without a user.";
        let hint = "An administrator can bind the application to a user and mark it as trusted.";
        return Err(Problem::new(ErrorCode::PersonNeeded, detail).hint(hint));
    }
    request.log.user(&application.row.grant.login);
    request.log.database(&application.row.grant.database);
    Ok(())
}
