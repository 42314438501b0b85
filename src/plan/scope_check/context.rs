//! Which keys of the context a scoped credential may send.
//!
//! In: the context that will be sent, and what it goes with. Out: nothing, or 403. Must not know: who set a key. Odoo and
//! its add-ons read keys of any name: `show_email` puts the address into the name of a partner, `default_user_ids` makes a
//! user beside one. So keys are allowed by name, and defaults are checked like the values they become.

use super::Guard;
use crate::names::ModelName;
use crate::plan::metadata::{Known, PlanError, schema_of};
use crate::plan::scope::Operation;
use crate::plan::values::{Purpose, check_record};
use crate::value::{Member, Value};

/// What a context goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Use {
    /// A read: defaults mean nothing.
    Reading,
    /// A form that is not saved.
    Filling,
    /// A write.
    Writing,
    /// A method of the model's own, which the administrator let the credential call with whatever it takes. But defaults
    /// would reach every record that it makes, of any model.
    Executing,
}

/// Keys that change neither what may be seen nor what is written where.
const HARMLESS: [&str; 12] = [
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

/// Checks every key.
///
/// # Errors
/// 403 `scope_forbidden` naming the key, or a schema that is lacking.
pub(in crate::plan) fn check_context(
    guard: Guard<'_>,
    model: &ModelName,
    way: Use,
    known: &dyn Known,
) -> Result<(), PlanError> {
    if guard.is_open() {
        return Ok(());
    }
    guard.context().iter().try_for_each(|(key, value)| match (key.strip_prefix("default_"), way) {
        (None, Use::Executing) => Ok(()),
        (None, _) => check_key(guard, key, value),
        (Some(_), Use::Reading) => Ok(()),
        (Some(field), Use::Filling) => check_default(guard, model, field, value, Purpose::Try, known),
        (Some(field), Use::Writing) => check_default(guard, model, field, value, Purpose::Create, known),
        (Some(_), Use::Executing) => Err(guard.unclear(&"context", &format!("may not send {key} to a method"))),
    })
}

/// Checks the context of a block within a specification: nothing is made there, so defaults have no place.
///
/// # Errors
/// 403 `scope_forbidden` naming the key.
pub(super) fn check_block(guard: Guard<'_>, context: &[Member<'static>]) -> Result<(), PlanError> {
    context.iter().try_for_each(|(key, value)| check_key(guard, key, value))
}

fn check_key(guard: Guard<'_>, key: &str, value: &Value<'_>) -> Result<(), PlanError> {
    let is_harmless = HARMLESS.contains(&key) || key.ends_with("_view_ref") || key.starts_with("bin_size_");
    match (key, value.as_text().map(ModelName::parse)) {
        _ if is_harmless => Ok(()),
        ("active_model", Some(Ok(model))) => guard.model(&model, Operation::Read, &"context.active_model"),
        _ => {
            let shown: String = key.chars().take(64).collect();
            Err(guard.unclear(&"context", &format!("may not send the key {shown}: what it changes cannot be told")))
        }
    }
}

fn check_default(
    guard: Guard<'_>,
    model: &ModelName,
    field: &str,
    value: &Value<'static>,
    purpose: Purpose,
    known: &dyn Known,
) -> Result<(), PlanError> {
    guard.field(model, purpose.operation(), field, &format_args!("context.default_{field}"))?;
    let mut values = Value::Map(vec![(field.to_owned().into(), value.clone())]);
    check_record("context.default", &mut values, purpose, &*schema_of(known, model)?, known, guard)
}
