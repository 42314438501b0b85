//! The plan and execute stages of a method call that Odoo receives as the client sent it.
//!
//! In: a caller and the arguments of `execute_kw`. Out: Odoo's reply. Must not know: how the client sent the call, or
//! how it receives the reply.

use super::odoo_calls::{invalidate_stale_identity, record_odoo_calls};
use super::planning::plan_with_metadata;
use crate::auth::Principal;
use crate::cpu_work::run_cpu_work;
use crate::error::Problem;
use crate::http::request::ApiRequest;
use crate::odoo::{CallCounter, CallProtocol, Reply, execute_unchanged_call};
use crate::plan::{UncheckedCall, plan_unchanged};

/// Checks and executes a call over this protocol.
///
/// # Errors
/// Why the call is not allowed, or Odoo's error.
pub(in crate::http) async fn execute_unchanged(
    request: &ApiRequest,
    caller: &Principal,
    call: &UncheckedCall,
    protocol: CallProtocol,
) -> Result<Reply, Problem> {
    let reply = plan_and_execute(request, caller, call, protocol).await;
    invalidate_stale_identity(request, caller, reply).await
}

async fn plan_and_execute(
    request: &ApiRequest,
    caller: &Principal,
    call: &UncheckedCall,
    protocol: CallProtocol,
) -> Result<Reply, Problem> {
    let (database, user, size) = (&caller.database, &caller.odoo_user, request.body.size());
    let planning = plan_with_metadata(&database.metadata, user, |metadata| {
        run_cpu_work(size, || plan_unchanged(call, &caller.scope, metadata))
    });
    let planned = request.timing.time("plan", planning).await?;
    let counter = CallCounter::default();
    let execution = Box::pin(execute_unchanged_call(database, user, &planned, protocol, &counter));
    record_odoo_calls(request, &counter, execution).await
}
