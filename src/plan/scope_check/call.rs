//! A call of a method by its name, checked against the scope before it is sent.
//!
//! In: a [`Call`], whole. Out: the call, in which everything that was checked stands as it was checked, and reads of "all
//! fields" name those that may be shown. Must not know: routes. What cannot be understood is refused.

use super::arguments::Walk;
use super::signature::{Says, Signature, Understood, understand};
use super::{Guard, Use, check_context, polymorphic};
use crate::language::domain::Domain;
use crate::names::{MethodName, ModelName};
use crate::plan::call::Call;
use crate::plan::fields::is_kept_back;
use crate::plan::intent::AccessOperation;
use crate::plan::metadata::{Known, PlanError};
use crate::plan::schema::Schema;
use crate::plan::scope::Operation;
use crate::value::Value;

/// The operation that one of Odoo's access rights is about.
pub(in crate::plan) fn operation_of(asked: AccessOperation) -> Operation {
    match asked {
        AccessOperation::Create => Operation::Create,
        AccessOperation::Read => Operation::Read,
        AccessOperation::Write => Operation::Update,
        AccessOperation::Unlink => Operation::Delete,
    }
}

/// Methods of every model that tell what stands in `ir.model.data`.
const TELLING_EXTERNAL_IDS: [&str; 3] = ["get_external_id", "get_metadata", "get_xml_id"];

/// Checks what can be told from a method's name alone, before anything is looked at.
///
/// # Errors
/// 403 `scope_forbidden`.
pub(in crate::plan) fn admit_method(guard: Guard<'_>, model: &ModelName, method: &MethodName) -> Result<(), PlanError> {
    if guard.is_open() {
        return Ok(());
    }
    match understand(method.as_str()) {
        Understood::Known(signature) if signature.name == "web_save" && guard.allows(model, Operation::Create) => {
            Ok(())
        }
        Understood::Known(signature) => guard.model(model, signature.operation, &"method"),
        Understood::Unclear => {
            Err(guard.unclear(&"method", &format!("may not call {method}: what it touches cannot be told")))
        }
        Understood::Other => {
            guard.method(model, method)?;
            let tells_external_ids = TELLING_EXTERNAL_IDS.contains(&method.as_str());
            if tells_external_ids {
                guard.model(&ModelName::of_literal("ir.model.data"), Operation::Read, &"method")?;
            }
            Ok(())
        }
    }
}

/// Checks a call, and narrows what would read all fields.
///
/// # Errors
/// 403 `scope_forbidden`, 400 for arguments that make no sense, or a schema that is lacking.
pub(in crate::plan) fn check_call(call: &mut Call, guard: Guard<'_>, known: &dyn Known) -> Result<(), PlanError> {
    if guard.is_open() {
        return match understand(call.method.as_str()) {
            Understood::Known(signature) if reads_all(signature.name, known) => narrow(call, signature, guard, known),
            _ => Ok(()),
        };
    }
    admit_method(guard, &call.model, &call.method)?;
    if let Understood::Known(signature) = understand(call.method.as_str()) {
        return check_known(call, signature, guard, known);
    }
    check_context(guard, &call.model, Use::Executing, known)?;
    polymorphic::check_ids(guard, &call.model)
}

fn check_known(call: &mut Call, signature: &Signature, guard: Guard<'_>, known: &dyn Known) -> Result<(), PlanError> {
    let makes = signature.name == "web_save" && !call.args.first().is_some_and(is_of_records);
    let operation = if makes { Operation::Create } else { signature.operation };
    guard.model(&call.model, operation, &"method")?;
    check_context(guard, &call.model, way_of(signature, operation), known)?;
    check_reach(call, signature, guard)?;
    guard.schema(known, &call.model, operation, &"method")?;
    check_what_is_not_said(call, signature, guard, known)?;
    let walk = Walk { model: &call.model, operation, guard, known };
    let first = usize::from(signature.of_records);
    let surplus = call.args.get(first + signature.arguments.len());
    let stranger =
        call.kwargs.iter().map(|(name, _)| name).find(|name| *name != "context" && !is_named(signature, name));
    if surplus.is_some() || stranger.is_some() {
        let argument = stranger.map_or("so many arguments", |name| name);
        return Err(
            guard.unclear(&"args", &format!("may not give {} {argument}: what it does cannot be told", call.method))
        );
    }
    for (argument, (_, says)) in call.args.iter_mut().skip(first).zip(signature.arguments) {
        walk.argument(*says, argument)?;
    }
    for (name, argument) in call.kwargs.iter_mut().filter(|(name, _)| name != "context") {
        let says = signature.arguments.iter().find(|(names, _)| names.contains(&name.as_ref()));
        says.map_or(Ok(()), |(_, says)| walk.argument(*says, argument))?;
    }
    narrow(call, signature, guard, known)
}

fn is_named(signature: &Signature, name: &str) -> bool {
    signature.arguments.iter().any(|(names, _)| names.contains(&name))
}

fn names_nothing(ids: Option<&Value<'_>>) -> bool {
    ids.is_none_or(|ids| ids.is_empty_word() || ids.as_list().is_some_and(<[_]>::is_empty))
}

/// To Odoo an empty text or object is no record either, and saving none makes one.
fn is_of_records(ids: &Value<'_>) -> bool {
    match ids {
        Value::Int(id) => *id != 0,
        Value::List(ids) => !ids.is_empty(),
        _ => false,
    }
}

fn way_of(signature: &Signature, operation: Operation) -> Use {
    match (signature.name, operation) {
        ("default_get" | "onchange", _) => Use::Filling,
        (_, Operation::Read) => Use::Reading,
        _ => Use::Writing,
    }
}

/// Records that belong to others are reached by a domain that says to whom, or not at all.
fn check_reach(call: &Call, signature: &Signature, guard: Guard<'_>) -> Result<(), PlanError> {
    let searches = |(place, (_, says)): (usize, &(&[&str], Says))| (*says == Says::Domain).then_some(place);
    match signature.arguments.iter().enumerate().find_map(searches) {
        Some(place) => {
            let said = argument(call, signature, place).filter(|said| !said.is_empty_word()).cloned();
            let domain = said.map(Domain::from_value).transpose().unwrap_or_default().unwrap_or_default();
            polymorphic::check_search(guard, &call.model, &domain, "domain")
        }
        None if signature.of_records && !names_nothing(call.args.first()) || signature.name == "load" => {
            polymorphic::check_ids(guard, &call.model)
        }
        None => Ok(()),
    }
}

fn argument<'c>(call: &'c Call, signature: &Signature, place: usize) -> Option<&'c Value<'static>> {
    let names = signature.arguments.get(place).map_or(&[][..], |(names, _)| *names);
    let named = || call.kwargs.iter().find(|(name, _)| names.contains(&name.as_ref())).map(|(_, value)| value);
    call.args.get(usize::from(signature.of_records) + place).or_else(named)
}

/// What a method does to fields that its arguments do not name.
fn check_what_is_not_said(
    call: &Call,
    signature: &Signature,
    guard: Guard<'_>,
    known: &dyn Known,
) -> Result<(), PlanError> {
    let model = &call.model;
    match signature.name {
        "copy" => {
            guard.model(model, Operation::Read, &"method")?;
            guard.every_field(model, Operation::Create, &"method")
        }
        "name_search" | "web_name_search" => guard.names(model, &"method"),
        "name_create" => guard.every_field(model, Operation::Create, &"method"),
        "toggle_active" | "action_archive" | "action_unarchive" => {
            guard.field(model, Operation::Update, "active", &"method")
        }
        name if sums_what_is_not_named(name, call, known) => guard.every_field(model, Operation::Read, &"fields"),
        _ => Ok(()),
    }
}

/// Grouping without fields sums all of them; `web_read_group` takes none from 19 on.
fn sums_what_is_not_named(method: &str, call: &Call, known: &dyn Known) -> bool {
    let sums = method == "read_group" || (method == "web_read_group" && known.major_version() < 19);
    let fields = || call.kwargs.iter().find(|(name, _)| name == "fields").map(|(_, fields)| fields);
    sums && names_nothing(call.args.get(1).or_else(fields))
}

/// Whether a method reads all fields where none are named. A nested search reads ids alone from 17 on.
fn reads_all(method: &str, known: &dyn Known) -> bool {
    matches!(method, "read" | "search_read") || (method == "web_search_read" && known.major_version() < 17)
}

fn keeps_back(schema: &Schema) -> bool {
    schema.fields().any(|(name, _)| is_kept_back(&schema.model, name))
}

/// Names the fields that may be shown where none are named. Secrets are not among them, whoever asks; but they are
/// described.
fn narrow(call: &mut Call, signature: &Signature, guard: Guard<'_>, known: &dyn Known) -> Result<(), PlanError> {
    let takes_all = |(_, says): &&(_, Says)| matches!(says, Says::Fields | Says::FieldsOrSpecification);
    let Some((names, _)) = signature.arguments.iter().find(takes_all) else { return Ok(()) };
    let place = signature.arguments.iter().position(|(other, _)| other == names).unwrap_or_default();
    let said = argument(call, signature, place);
    let is_said = said.is_some_and(|said| matches!(said, Value::Map(_)) || !names_nothing(Some(said)));
    if is_said {
        return Ok(());
    }
    let walk = Walk { model: &call.model, operation: Operation::Read, guard, known };
    let schema = walk.schema()?;
    if !guard.leaves_out_fields(&schema) && (signature.name == "fields_get" || !keeps_back(&schema)) {
        return Ok(());
    }
    let shown = walk.shown_fields()?;
    if let Some(said) = call.args.get_mut(usize::from(signature.of_records) + place) {
        *said = shown;
        return Ok(());
    }
    let name = names.iter().find(|name| call.kwargs.iter().any(|(key, _)| key == *name)).or(names.last());
    call.kwargs.retain(|(key, _)| !names.contains(&key.as_ref()));
    call.kwargs.extend(name.map(|name| ((*name).into(), shown)));
    Ok(())
}
