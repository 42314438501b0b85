//! A call of a method by its name, checked against the scope before it is sent.
//!
//! In: a complete [`Call`]. Out: the call with every checked argument in the form that was checked. Reads of "all
//! fields" list the visible fields. Must not know: routes. Calls that cannot be checked are rejected, unless the scope
//! lists their method.

mod argument;
mod group_by;
mod import_export;
mod orm_methods;

use self::argument::ArgumentWalk;
use self::orm_methods::{
    ArgumentKind, MethodSignature, MethodSupport, NEW_READ_GROUP_SINCE, method_support, on_version,
};
use super::context_check::{ContextUse, check_context};
use super::method_policy;
use super::scope_check::{ScopeCheck, polymorphic};
use crate::language::domain::Domain;
use crate::names::{MethodName, ModelName};
use crate::plan::all_fields::is_withheld;
use crate::plan::call::Call;
use crate::plan::error::PlanError;
use crate::plan::metadata::Metadata;
use crate::plan::model_schema::Schema;
use crate::plan::scope::{Operation, Scope};
use crate::value::Value;

/// Methods of every model that return contents of `ir.model.data`.
const EXTERNAL_ID_METHODS: [&str; 3] = ["get_external_id", "get_metadata", "get_xml_id"];

/// Checks a method by its name alone, before any metadata is read.
///
/// # Errors
/// 403 `scope_forbidden`.
pub(super) fn admit_method(
    scope_check: ScopeCheck<'_>,
    model: &ModelName,
    method: &MethodName,
) -> Result<(), PlanError> {
    if scope_check.is_unrestricted() {
        return Ok(());
    }
    match method_support(method.as_str()) {
        MethodSupport::Checked(signature)
            if signature.name == "web_save" && scope_check.allows(model, Operation::Create) =>
        {
            Ok(())
        }
        MethodSupport::Checked(signature) => scope_check.require_model(model, signature.operation, &"method"),
        MethodSupport::Uncheckable => scope_check.require_listed_method(model, method),
        MethodSupport::Other => {
            scope_check.require_method(model, method)?;
            let reads_external_ids = EXTERNAL_ID_METHODS.contains(&method.as_str());
            if reads_external_ids {
                scope_check.require_model(&ModelName::from_static("ir.model.data"), Operation::Read, &"method")?;
            }
            Ok(())
        }
    }
}

/// Whether a scope allows to call a method, as far as its name tells. The arguments are checked with the call.
#[must_use]
pub fn may_call(scope: &Scope, model: &ModelName, method: &MethodName) -> bool {
    method_policy::classify(method).is_ok() && admit_method(ScopeCheck::new(scope, &[]), model, method).is_ok()
}

/// Whether the first argument of a method of the ORM is the list of ids; `None` for another method.
pub(super) fn takes_ids(method: &MethodName) -> Option<bool> {
    match method_support(method.as_str()) {
        MethodSupport::Checked(signature) => Some(signature.takes_ids),
        MethodSupport::Uncheckable | MethodSupport::Other => None,
    }
}

/// Checks a call, and restricts a read of all fields to the visible ones.
///
/// # Errors
/// 403 `scope_forbidden`, or as the check of each argument; or metadata is missing.
pub(super) fn check_call(
    call: &mut Call,
    scope_check: ScopeCheck<'_>,
    metadata: &dyn Metadata,
) -> Result<(), PlanError> {
    if scope_check.is_unrestricted() {
        return match method_support(call.method.as_str()) {
            MethodSupport::Checked(signature) if reads_all(signature.name, metadata) => {
                restrict_fields(call, signature, scope_check, metadata)
            }
            _ => Ok(()),
        };
    }
    admit_method(scope_check, &call.model, &call.method)?;
    if let MethodSupport::Checked(signature) = method_support(call.method.as_str()) {
        return check_orm_call(call, on_version(signature, metadata.version()), scope_check, metadata);
    }
    check_context(scope_check, &call.model, ContextUse::Method, metadata)?;
    polymorphic::check_ids(scope_check, &call.model)
}

fn check_orm_call(
    call: &mut Call,
    signature: &MethodSignature,
    scope_check: ScopeCheck<'_>,
    metadata: &dyn Metadata,
) -> Result<(), PlanError> {
    let creates = signature.name == "web_save" && is_absent_or_falsy(call.args.first());
    let operation = if creates { Operation::Create } else { signature.operation };
    scope_check.require_model(&call.model, operation, &"method")?;
    check_context(scope_check, &call.model, context_use(signature, operation), metadata)?;
    check_owners(call, signature, scope_check)?;
    scope_check.checked_schema(metadata, &call.model, operation, &"method")?;
    check_implied_access(call, signature, scope_check, metadata)?;
    let walk = ArgumentWalk { model: &call.model, operation, scope_check, metadata };
    let first = usize::from(signature.takes_ids);
    let surplus = call.args.get(first + signature.arguments.len());
    let unknown_name =
        call.kwargs.iter().map(|(name, _)| name).find(|name| *name != "context" && !is_named(signature, name));
    if surplus.is_some() || unknown_name.is_some() {
        let argument = unknown_name.map_or("this many arguments", |name| name);
        let denied = format!("{argument} of `{}`, because the gateway cannot check its effect", call.method);
        return Err(scope_check.forbidden(&"args", &denied));
    }
    for (argument, (_, kind)) in call.args.iter_mut().skip(first).zip(signature.arguments) {
        walk.argument(*kind, argument)?;
    }
    for (name, argument) in call.kwargs.iter_mut().filter(|(name, _)| name != "context") {
        let kind = signature.arguments.iter().find(|(names, _)| names.contains(&name.as_ref()));
        kind.map_or(Ok(()), |(_, kind)| walk.argument(*kind, argument))?;
    }
    restrict_fields(call, signature, scope_check, metadata)
}

fn is_named(signature: &MethodSignature, name: &str) -> bool {
    signature.arguments.iter().any(|(names, _)| names.contains(&name))
}

/// Whether Odoo takes an argument for none: no records, no fields. Every other value of ids has records for Odoo, also
/// a text; saving no records creates one.
fn is_absent_or_falsy(argument: Option<&Value<'_>>) -> bool {
    argument.is_none_or(Value::is_falsy)
}

fn context_use(signature: &MethodSignature, operation: Operation) -> ContextUse {
    match (signature.name, operation) {
        ("default_get" | "onchange", _) => ContextUse::Form,
        (_, Operation::Read) => ContextUse::Read,
        _ => ContextUse::Write,
    }
}

/// Records that belong to others need a domain that names the owner's model.
fn check_owners(call: &Call, signature: &MethodSignature, scope_check: ScopeCheck<'_>) -> Result<(), PlanError> {
    let domain_index =
        |(index, (_, kind)): (usize, &(&[&str], ArgumentKind))| (*kind == ArgumentKind::Domain).then_some(index);
    match signature.arguments.iter().enumerate().find_map(domain_index) {
        Some(index) => {
            let given = argument(call, signature, index).filter(|given| !given.is_null_or_false()).cloned();
            let domain = given.map(Domain::from_value).transpose().unwrap_or_default().unwrap_or_default();
            polymorphic::check_search(scope_check, &call.model, &domain, "domain")
        }
        None if signature.takes_ids && !is_absent_or_falsy(call.args.first()) || signature.name == "load" => {
            polymorphic::check_ids(scope_check, &call.model)
        }
        None => Ok(()),
    }
}

fn argument<'c>(call: &'c Call, signature: &MethodSignature, index: usize) -> Option<&'c Value<'static>> {
    let names = signature.arguments.get(index).map_or(&[][..], |(names, _)| *names);
    let named = || call.kwargs.iter().find(|(name, _)| names.contains(&name.as_ref())).map(|(_, value)| value);
    call.args.get(usize::from(signature.takes_ids) + index).or_else(named)
}

/// Checks access to fields that a method touches without naming them in its arguments.
fn check_implied_access(
    call: &Call,
    signature: &MethodSignature,
    scope_check: ScopeCheck<'_>,
    metadata: &dyn Metadata,
) -> Result<(), PlanError> {
    let model = &call.model;
    match signature.name {
        "copy" => {
            scope_check.require_model(model, Operation::Read, &"method")?;
            scope_check.require_all_fields(model, Operation::Create, &"method")
        }
        "name_search" | "web_name_search" => scope_check.require_name_search(model, &"method"),
        "name_create" => scope_check.require_all_fields(model, Operation::Create, &"method"),
        "toggle_active" | "action_archive" | "action_unarchive" => {
            scope_check.require_field(model, Operation::Update, "active", &"method")
        }
        name if aggregates_all_fields(name, call, metadata) => {
            scope_check.require_all_fields(model, Operation::Read, &"fields")
        }
        _ => Ok(()),
    }
}

/// Grouping without `fields` aggregates all of them; `web_read_group` has no such argument from Odoo 19 on, and
/// `read_group` from Odoo 20 on.
fn aggregates_all_fields(method: &str, call: &Call, metadata: &dyn Metadata) -> bool {
    let is_old_read_group = method == "read_group" && !metadata.version().is_at_least(NEW_READ_GROUP_SINCE);
    let aggregates = is_old_read_group || (method == "web_read_group" && metadata.major_version() < 19);
    let fields = || call.kwargs.iter().find(|(name, _)| name == "fields").map(|(_, fields)| fields);
    aggregates && is_absent_or_falsy(call.args.get(1).or_else(fields))
}

/// Whether a method reads all fields if none are named.
fn reads_all(method: &str, metadata: &dyn Metadata) -> bool {
    matches!(method, "read" | "search_read") || (method == "web_search_read" && !has_nested_search(metadata))
}

/// From Odoo 17 on, `web_search_read` takes a specification, and an empty one reads only ids.
fn has_nested_search(metadata: &dyn Metadata) -> bool {
    metadata.major_version() >= 17
}

fn has_withheld_fields(schema: &Schema) -> bool {
    schema.fields().any(|(name, _)| is_withheld(&schema.model, name))
}

/// Lists the visible fields if the call names none. Secrets are never included, whatever the scope; but `fields_get`
/// describes them.
fn restrict_fields(
    call: &mut Call,
    signature: &MethodSignature,
    scope_check: ScopeCheck<'_>,
    metadata: &dyn Metadata,
) -> Result<(), PlanError> {
    let accepts_all =
        |(_, kind): &&(_, ArgumentKind)| matches!(kind, ArgumentKind::Fields | ArgumentKind::FieldsOrSpecification);
    let Some((names, _)) = signature.arguments.iter().find(accepts_all) else { return Ok(()) };
    let index = signature.arguments.iter().position(|(other, _)| other == names).unwrap_or_default();
    let given = argument(call, signature, index);
    let is_specification =
        signature.name == "web_search_read" && has_nested_search(metadata) && matches!(given, Some(Value::Map(_)));
    if is_specification || !is_absent_or_falsy(given) {
        return Ok(());
    }
    let walk = ArgumentWalk { model: &call.model, operation: Operation::Read, scope_check, metadata };
    let schema = walk.schema()?;
    if !scope_check.omits_fields(&schema) && (signature.name == "fields_get" || !has_withheld_fields(&schema)) {
        return Ok(());
    }
    let visible = walk.visible_fields()?;
    if let Some(given) = call.args.get_mut(usize::from(signature.takes_ids) + index) {
        *given = visible;
        return Ok(());
    }
    let name = names.iter().find(|name| call.kwargs.iter().any(|(key, _)| key == *name)).or(names.last());
    call.kwargs.retain(|(key, _)| !names.contains(&key.as_ref()));
    call.kwargs.extend(name.map(|name| ((*name).into(), visible)));
    Ok(())
}
