//! Which context keys a scoped credential may send.
//!
//! In: the context that will be sent, and the kind of call it is sent with. Out: nothing, or 403. Must not know:
//! which header or parameter set a key. Odoo and its add-ons read keys of any name: `show_email` adds the address to
//! the name of a partner, `default_user_ids` creates a user alongside a partner. So keys are allowed by name, and
//! defaults are checked like the values they become.

use super::scope_check::ScopeCheck;
use crate::names::ModelName;
use crate::plan::error::PlanError;
use crate::plan::metadata::{Metadata, require_schema};
use crate::plan::scope::Operation;
use crate::plan::values::{Purpose, check_record};
use crate::value::{Member, Value};

/// The kind of call that a context is sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContextUse {
    /// A read: defaults have no effect.
    Read,
    /// A form that is not saved (`default_get`, `onchange`).
    Form,
    /// A write.
    Write,
    /// A method that is not part of the ORM. The administrator allowed the credential to call it with any arguments,
    /// but defaults would affect every record that it creates, of any model.
    Method,
}

/// Keys that change neither which data is visible nor what is written where.
const ALLOWED_KEYS: [&str; 12] = [
    "active_id",
    "active_ids",
    "active_test",
    "allowed_company_ids",
    "bin_size",
    "lang",
    "mail_auto_subscribe_no_notify",
    "mail_create_nolog",
    "mail_create_nosubscribe",
    "mail_notrack",
    "tracking_disable",
    "tz",
];

/// Checks every key of the context.
///
/// # Errors
/// 403 `scope_forbidden` with the key, or metadata is missing.
pub(super) fn check_context(
    scope_check: ScopeCheck<'_>,
    model: &ModelName,
    options: ContextUse,
    metadata: &dyn Metadata,
) -> Result<(), PlanError> {
    if scope_check.is_unrestricted() {
        return Ok(());
    }
    scope_check.context().iter().try_for_each(|(key, value)| match (key.strip_prefix("default_"), options) {
        (None, ContextUse::Method) => Ok(()),
        (None, _) => check_key(scope_check, key, value),
        (Some(_), ContextUse::Read) => Ok(()),
        (Some(field), ContextUse::Form) => check_default(scope_check, model, field, value, Purpose::Preview, metadata),
        (Some(field), ContextUse::Write) => check_default(scope_check, model, field, value, Purpose::Create, metadata),
        (Some(_), ContextUse::Method) => {
            Err(scope_check.forbidden(&"context", &format!("the context key `{key}` in a method call")))
        }
    })
}

/// Checks the context of a block in a specification. A specification creates no records, so defaults are rejected.
///
/// # Errors
/// 403 `scope_forbidden` with the key.
pub(super) fn check_block(scope_check: ScopeCheck<'_>, context: &[Member<'static>]) -> Result<(), PlanError> {
    context.iter().try_for_each(|(key, value)| check_key(scope_check, key, value))
}

fn check_key(scope_check: ScopeCheck<'_>, key: &str, value: &Value<'_>) -> Result<(), PlanError> {
    let is_allowed = ALLOWED_KEYS.contains(&key) || key.ends_with("_view_ref") || key.starts_with("bin_size_");
    match (key, value.as_text().map(ModelName::parse)) {
        _ if is_allowed => Ok(()),
        ("active_model", Some(Ok(model))) => {
            scope_check.require_model(&model, Operation::Read, &"context.active_model")
        }
        _ => {
            let excerpt: String = key.chars().take(64).collect();
            let denied = format!("the context key `{excerpt}`, because the gateway cannot check its effect");
            Err(scope_check.forbidden(&"context", &denied))
        }
    }
}

fn check_default(
    scope_check: ScopeCheck<'_>,
    model: &ModelName,
    field: &str,
    value: &Value<'static>,
    purpose: Purpose,
    metadata: &dyn Metadata,
) -> Result<(), PlanError> {
    scope_check.require_field(model, purpose.operation(), field, &format_args!("context.default_{field}"))?;
    let mut values = Value::Map(vec![(field.to_owned().into(), value.clone())]);
    check_record("context.default", &mut values, purpose, &*require_schema(metadata, model)?, metadata, scope_check)
}
