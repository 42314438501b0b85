//! Calls of methods that Odoo removed, which clients of earlier versions still make.
//!
//! In: a call by name, checked against the scope. Out: the [`Plan`] that does the same with the methods that the server
//! has; `None` if the call can be made as it is. Must not know: how calls are sent, dialects.
//!
//! | method | until | instead |
//! |---|---|---|
//! | `check_access_rights` | 19.0 | `has_access` |
//! | `read_group` | 19.0 | `formatted_read_group`, see `read_group` |
//! | `toggle_active` | 19.0 | the method, if the model has it; otherwise `action_archive`, `action_unarchive` |

use super::access_check::access_check;
use super::call::Call;
use super::call_check::check_call;
use super::column_tree::{Column, Columns};
use super::error::PlanError;
use super::execution_plan::{Plan, ReadPlan, TogglePlan};
use super::intent::{AccessOperation, Many2oneDisplay};
use super::metadata::{Metadata, require_schema};
use super::method_ids::ids_to_verify;
use super::model_schema::FieldType;
use super::read_group::GroupPlan;
use super::read_options::ReadOptions;
use super::scope_check::ScopeCheck;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::FieldName;
use crate::value::Value;

/// The first version without these methods.
const REMOVED_IN: (u8, u8) = (19, 1);

/// The fields that tell whether a record is archived. The second one is that of models made in Odoo's web client.
const ACTIVE_FIELDS: [&str; 2] = ["active", "x_active"];

/// Plans a call of a method that the server no longer has.
///
/// # Errors
/// 400 for arguments that the method rejects, 403 outside the scope, or metadata is missing.
pub(super) fn plan_replacement(
    call: &Call,
    scope_check: ScopeCheck<'_>,
    metadata: &dyn Metadata,
) -> Result<Option<Plan>, PlanError> {
    if !metadata.version().is_at_least(REMOVED_IN) {
        return Ok(None);
    }
    match call.method.as_str() {
        "check_access_rights" => plan_access_check(call, scope_check, metadata).map(Some),
        "read_group" => {
            let Some(mut plan) = GroupPlan::from_call(call, scope_check, metadata)? else { return Ok(None) };
            check_call(plan.call_mut(), scope_check, metadata)?;
            Ok(Some(Plan::ReadGroup(Box::new(plan))))
        }
        "toggle_active" => plan_toggle(call, scope_check, metadata).map(Some),
        _ => Ok(None),
    }
}

/// `check_access_rights(operation, raise_exception=True)`
fn plan_access_check(call: &Call, scope_check: ScopeCheck<'_>, metadata: &dyn Metadata) -> Result<Plan, PlanError> {
    check_call(&mut call.clone(), scope_check, metadata)?;
    let argument = |index: usize, name: &str| {
        let named = || call.kwargs.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        call.args.get(index).or_else(named)
    };
    let given = argument(0, "operation");
    let Some(operation) = given.and_then(Value::as_text).and_then(AccessOperation::parse) else {
        let found = given.map_or_else(|| "nothing".to_owned(), |given| given.excerpt(60));
        let detail = format!("operation: expected create, read, write or unlink, found {found}.");
        return Err(Problem::new(ErrorCode::InvalidValue, detail).parameter("args").into());
    };
    let raise = argument(1, "raise_exception").is_none_or(|raise| !raise.is_falsy());
    if !scope_check.allows(&call.model, operation.operation()) {
        if raise {
            scope_check.require_model(&call.model, operation.operation(), &"operation")?;
        }
        return Ok(Plan::NoAccess);
    }
    let check = access_check(&call.model, operation, scope_check.context(), metadata.version());
    Ok(Plan::CheckAccess { checks: vec![(operation, check)], raise })
}

/// `toggle_active()`: the archived records are read first, because Odoo has one method for each direction.
fn plan_toggle(call: &Call, scope_check: ScopeCheck<'_>, metadata: &dyn Metadata) -> Result<Plan, PlanError> {
    let mut toggle = call.clone();
    check_call(&mut toggle, scope_check, metadata)?;
    let ids = ids_to_verify(&toggle)?.unwrap_or_default();
    let schema = require_schema(metadata, &call.model)?;
    let Some((active, _)) = ACTIVE_FIELDS.iter().find_map(|name| schema.entry(name)) else {
        let detail = format!("The model {} has no field `active`, so its records cannot be archived.", call.model);
        return Err(Problem::new(ErrorCode::OdooRefused, detail).into());
    };
    let column = Column::plain(FieldName::clone(active), FieldType::Boolean);
    let once: indexmap::IndexSet<_> = ids.into_iter().collect();
    let read = ReadPlan {
        model: call.model.clone(),
        ids: once.into_iter().collect(),
        columns: Columns { visible: vec![column], named: true, existence_column: None },
        options: ReadOptions {
            context: scope_check.context().to_vec(),
            many2one_display: Many2oneDisplay::Bare,
            version: metadata.version(),
        },
    };
    Ok(Plan::ToggleActive(Box::new(TogglePlan { active: FieldName::clone(active), read, toggle })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{MethodName, ModelName};
    use crate::plan::Effect;
    use crate::plan::samples::SamplesOn;
    use crate::plan::scope::Scope;

    const ODOO_20: SamplesOn = SamplesOn(20, 0);

    fn planned(
        model: &'static str,
        method: &'static str,
        args: Vec<Value<'static>>,
        scope: &Scope,
        server: &SamplesOn,
    ) -> Result<Option<Plan>, ErrorCode> {
        let (model, method) = (ModelName::from_static(model), MethodName::from_static(method));
        let call = Call { model, method, args, kwargs: Vec::new(), effect: Effect::Write };
        plan_replacement(&call, ScopeCheck::with_metadata(scope, &[], server), server).map_err(|error| match error {
            PlanError::Rejected(problem) => problem.code,
            PlanError::NeedsMetadata(missing) => panic!("{missing:?}"),
        })
    }

    fn list(items: Vec<Value<'static>>) -> Value<'static> {
        Value::List(items)
    }

    fn scope(operations: &str) -> Scope {
        Scope::from_json(&format!(r#"[{{"models": "res.partner", "operations": [{operations}]}}]"#)).unwrap()
    }

    #[test]
    fn calls_stay_as_they_are_while_odoo_has_the_method() {
        for server in [SamplesOn(14, 0), SamplesOn(18, 3), SamplesOn(19, 0)] {
            for (method, args) in [
                ("check_access_rights", vec!["read".into()]),
                ("read_group", vec![list(vec![]), list(vec!["name".into()]), list(vec!["type".into()])]),
                ("toggle_active", vec![list(vec![Value::Int(7)])]),
            ] {
                assert_eq!(planned("res.partner", method, args, &Scope::All, &server), Ok(None), "{method}");
            }
        }
        let search = planned("res.partner", "search", vec![list(vec![])], &Scope::All, &ODOO_20);
        assert_eq!(search, Ok(None));
    }

    #[test]
    fn rights_are_asked_of_the_model() {
        let check = |args, scope| planned("res.partner", "check_access_rights", args, scope, &SamplesOn(19, 1));
        let Ok(Some(Plan::CheckAccess { checks, raise: true })) = check(vec!["write".into()], &Scope::All) else {
            panic!("a check of the right to write")
        };
        let [(AccessOperation::Write, call)] = checks.as_slice() else { panic!("{checks:?}") };
        assert_eq!((call.method.as_str(), &call.args), ("has_access", &vec![list(vec![]), "write".into()]));
        let quiet = check(vec!["read".into(), false.into()], &Scope::All);
        assert!(matches!(quiet, Ok(Some(Plan::CheckAccess { raise: false, .. }))));
        for wrong in [vec!["fly".into()], vec![Value::Int(1)], vec![]] {
            assert_eq!(check(wrong, &Scope::All), Err(ErrorCode::InvalidValue));
        }
    }

    #[test]
    fn rights_outside_the_scope_are_not_granted() {
        let check = |args, operations| {
            let scope = scope(operations);
            planned("res.partner", "check_access_rights", args, &scope, &ODOO_20)
        };
        let read_and_call = r#""read", "execute""#;
        assert!(matches!(check(vec!["read".into()], read_and_call), Ok(Some(Plan::CheckAccess { .. }))));
        assert_eq!(check(vec!["unlink".into()], read_and_call), Err(ErrorCode::ScopeForbidden));
        assert_eq!(check(vec!["unlink".into(), false.into()], read_and_call), Ok(Some(Plan::NoAccess)));
        assert_eq!(check(vec!["read".into()], r#""read""#), Err(ErrorCode::ScopeForbidden), "a method call");
    }

    #[test]
    fn groups_need_what_the_scope_allows_of_the_new_method() {
        let group = |scope: &str| {
            let args = vec![list(vec![]), list(vec!["credit".into()]), list(vec!["type".into()])];
            planned("res.partner", "read_group", args, &Scope::from_json(scope).unwrap(), &ODOO_20)
        };
        let rule = |more: &str| format!(r#"[{{"models": "res.partner", "operations": ["read"]{more}}}]"#);
        assert!(matches!(group(&rule("")), Ok(Some(Plan::ReadGroup(_)))));
        for hidden in ["credit", "type"] {
            let without = rule(&format!(r#", "fields": {{"except": ["{hidden}"]}}"#));
            assert_eq!(group(&without), Err(ErrorCode::ScopeForbidden), "{hidden}");
        }
    }

    #[test]
    fn groups_are_ordered_by_what_the_scope_allows() {
        let ordered = |order: &'static str, fields: &str| {
            let rule = format!(r#"[{{"models": "res.partner", "operations": ["read"], "fields": {fields}}}]"#);
            let (zero, one) = (Value::Int(0), Value::Int(1));
            let args = vec![list(vec![]), list(vec![]), list(vec!["type".into()]), zero, one, order.into()];
            planned("res.partner", "read_group", args, &Scope::from_json(&rule).unwrap(), &ODOO_20)
        };
        for order in ["credit:sum", "credit:max desc", "type, credit desc"] {
            let hidden = ordered(order, r#"{"except": ["credit"]}"#);
            assert_eq!(hidden, Err(ErrorCode::ScopeForbidden), "{order}");
            let shown = ordered(order, r#"{"except": ["color"]}"#);
            assert!(matches!(shown, Ok(Some(Plan::ReadGroup(_)))), "{order}: {shown:?}");
        }
    }

    #[test]
    fn groups_do_not_reveal_which_hidden_fields_exist() {
        let scope = r#"[{"models": "res.partner", "operations": ["read"], "fields": {"only": ["type"]}}]"#;
        let scope = Scope::from_json(scope).unwrap();
        for field in ["credit", "nosuch"] {
            for (fields, groupby) in [(vec![], field), (vec![field.into()], "type")] {
                let args = vec![list(vec![]), list(fields), list(vec![groupby.into()])];
                let rejected = planned("res.partner", "read_group", args, &scope, &ODOO_20);
                assert_eq!(rejected, Err(ErrorCode::ScopeForbidden), "{field} {groupby}");
            }
        }
    }

    #[test]
    fn archived_records_are_read_before_they_are_toggled() {
        let toggle = |model, ids, scope: &Scope| planned(model, "toggle_active", vec![ids], scope, &ODOO_20);
        let ids = || list(vec![Value::Int(9), Value::Int(7), Value::Int(9)]);
        let Ok(Some(Plan::ToggleActive(plan))) = toggle("res.partner", ids(), &Scope::All) else {
            panic!("a plan of two directions")
        };
        assert_eq!(plan.read.ids.iter().map(|id| id.get()).collect::<Vec<_>>(), [9, 7]);
        assert_eq!(plan.read.columns.requested().collect::<Vec<_>>(), ["active"]);
        assert_eq!(toggle("res.country", ids(), &Scope::All), Err(ErrorCode::OdooRefused), "no field `active`");
        assert_eq!(toggle("res.partner", ids(), &scope(r#""read""#)), Err(ErrorCode::ScopeForbidden));
        assert_eq!(toggle("res.partner", "7".into(), &Scope::All), Err(ErrorCode::InvalidValue));
    }
}
