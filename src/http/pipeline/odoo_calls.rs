//! What the execute stage of every operation does in addition to its calls to Odoo.
//!
//! In: calls to Odoo, or their result. Out: the same result; the log line of the request and the cached identity of the
//! caller are up to date. Must not know: what the calls do.

use std::time::Instant;

use crate::auth::{CredentialKind, Principal};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::odoo::CallCounter;

/// Runs calls to Odoo, and records their number and duration.
pub(in crate::http) async fn record_odoo_calls<T>(
    request: &ApiRequest,
    counter: &CallCounter,
    calls: impl Future<Output = T>,
) -> T {
    let started = Instant::now();
    let result = request.timing.time("odoo", calls).await;
    request.log.odoo_calls(counter.calls(), started.elapsed());
    result
}

/// Invalidates a cached identity that Odoo rejects: the user's next request verifies the password again. A gateway
/// key or token whose stored Odoo credential is rejected has to be created again.
pub(in crate::http) async fn invalidate_stale_identity<T>(
    request: &ApiRequest,
    caller: &Principal,
    result: Result<T, Problem>,
) -> Result<T, Problem> {
    match result {
        Err(problem) if problem.code == ErrorCode::CredentialInvalid => match caller.credential_kind {
            CredentialKind::Basic | CredentialKind::UserId | CredentialKind::OdooApiKey => {
                request.state.odoo_authenticator.invalidate(caller);
                Err(problem)
            }
            kind => Err(stale_odoo_credential(kind)),
        },
        result => result,
    }
}

fn stale_odoo_credential(kind: CredentialKind) -> Problem {
    let detail = "Odoo no longer accepts the password or API key that is stored with this key or token.";
    let hint = match kind {
        CredentialKind::ApiKey => {
            "Ask the administrator to store the user's current password or Odoo API key with `odoo-gateway key rotate \
             NAME`, which prints a new secret, or create a new API key."
        }
        CredentialKind::LoginToken => {
            "Create a new login token. If it is rejected too, ask the administrator to store the user's current \
             password or Odoo API key: with `odoo-gateway user link`, or for the user of the API key itself with \
             `odoo-gateway key rotate NAME`."
        }
        CredentialKind::OAuth1 | CredentialKind::OAuth2 => {
            "Let the user sign in to the application again. If the application is bound to a user, ask the \
             administrator to store the current password or Odoo API key with `odoo-gateway app rotate-secret NAME`."
        }
        _ => "Log in again with the user's current password or Odoo API key.",
    };
    Problem::new(ErrorCode::OdooCredentialStale, detail).hint(hint)
}
