//! The plan and execute stages of a method call that Odoo receives as the client sent it.
//!
//! In: a caller and the arguments of `execute_kw`. Out: Odoo's reply. Must not know: how the client sent the call, or
//! how it receives the reply.

use http::HeaderMap;

use super::odoo_calls::{invalidate_stale_identity, record_odoo_calls};
use super::planning::plan_with_metadata;
use crate::auth::Principal;
use crate::cpu_work::run_cpu_work;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::idempotency::has_idempotency_key;
use crate::http::request::ApiRequest;
use crate::odoo::{CallCounter, CallProtocol, Reply, execute_unchanged_call};
use crate::plan::{Effect, UncheckedCall, plan_unchanged};

/// Checks and executes a call over this protocol.
///
/// # Errors
/// Why the call is not allowed, or Odoo's error.
pub(in crate::http) async fn execute_unchanged(
    request: &ApiRequest,
    caller: &Principal,
    call: UncheckedCall,
    protocol: CallProtocol,
) -> Result<Reply, Problem> {
    let reply = plan_and_execute(request, caller, call, protocol).await;
    invalidate_stale_identity(request, caller, reply).await
}

async fn plan_and_execute(
    request: &ApiRequest,
    caller: &Principal,
    call: UncheckedCall,
    protocol: CallProtocol,
) -> Result<Reply, Problem> {
    let (database, user, size) = (&caller.database, &caller.odoo_user, request.body.size());
    let planning = plan_with_metadata(&database.metadata, user, |metadata| {
        run_cpu_work(size, || plan_unchanged(&call, &caller.scope, metadata))
    });
    let planned = request.timing.time("plan", planning).await?;
    // The plan has a copy of the arguments, which can be large, and Odoo may need long.
    drop(call);
    reject_idempotency_key(planned.effect, &request.head.headers)?;
    let counter = CallCounter::default();
    let execution = Box::pin(execute_unchanged_call(database, user, &planned, protocol, &counter));
    record_odoo_calls(request, &counter, execution).await
}

/// A client that sends a key relies on it when it repeats a write, so a key that has no effect is an error.
///
/// # Errors
/// 400 for a write with `Idempotency-Key`.
fn reject_idempotency_key(effect: Effect, headers: &HeaderMap) -> Result<(), Problem> {
    if effect == Effect::Read || !has_idempotency_key(headers) {
        return Ok(());
    }
    let detail = "Idempotency-Key: XML-RPC and JSON-RPC do not support this header. Nothing was executed.";
    let problem = Problem::new(ErrorCode::InvalidParameter, detail).parameter("Idempotency-Key");
    Err(problem.hint("Write over /json/2, /api, or /api/v1, or leave the header out."))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn writes_with_an_idempotency_key_are_rejected() {
        let without = HeaderMap::new();
        let mut with = HeaderMap::new();
        with.insert("idempotency-key", HeaderValue::from_static("7d20c4f1b8"));
        for (effect, headers, is_accepted) in [
            (Effect::Read, &without, true),
            (Effect::Read, &with, true),
            (Effect::Write, &without, true),
            (Effect::Write, &with, false),
        ] {
            let checked = reject_idempotency_key(effect, headers);
            assert_eq!(checked.is_ok(), is_accepted, "{effect:?}");
            if let Err(problem) = checked {
                assert_eq!(problem.code, ErrorCode::InvalidParameter);
            }
        }
    }
}
