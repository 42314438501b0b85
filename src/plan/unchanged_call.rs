//! A method call that a client makes as it would make it at Odoo: over RPC.
//!
//! In: the arguments of `execute_kw`, a scope. Out: the same [`Call`], if the scope allows it. Must not know: how the
//! client sent it. The context is the client's alone, without the user's language and time zone, and Odoo decides
//! about records that do not exist. As for every call, reads of all fields list the visible ones.

use super::call::{Call, with_context};
use super::call_check::{admit_method, check_call};
use super::context::RequestedContext;
use super::error::PlanError;
use super::metadata::Metadata;
use super::method_policy;
use super::scope::Scope;
use super::scope_check::ScopeCheck;
use crate::names::{MethodName, ModelName};
use crate::value::{Member, Value};

/// The arguments of `execute_kw`, in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct UncheckedCall {
    /// The model.
    pub model: ModelName,
    /// The method.
    pub method: MethodName,
    /// Positional arguments.
    pub args: Vec<Value<'static>>,
    /// Named arguments, the context among them.
    pub kwargs: Vec<Member<'static>>,
}

/// Checks a call, and changes it only as far as the scope requires.
///
/// # Errors
/// 403 for a private method, and for what the scope does not allow; 400 for a context that is not an object; or
/// metadata is missing.
pub fn plan_unchanged(requested: &UncheckedCall, scope: &Scope, metadata: &dyn Metadata) -> Result<Call, PlanError> {
    let UncheckedCall { model, method, args, kwargs } = requested;
    let effect = method_policy::classify(method)?;
    admit_method(ScopeCheck::new(scope, &[]), model, method)?;
    let context = context_of(kwargs)?;
    let others = kwargs.iter().filter(|(name, _)| name != "context").cloned().collect();
    let (model, method, kwargs) = (model.clone(), method.clone(), with_context(others, &context));
    let mut call = Call { model, method, args: args.clone(), kwargs, effect };
    check_call(&mut call, ScopeCheck::with_metadata(scope, &context, metadata), metadata)?;
    Ok(call)
}

/// The members of the context. Odoo treats every value that is false in Python as no context.
fn context_of(kwargs: &[Member<'static>]) -> Result<Vec<Member<'static>>, PlanError> {
    let mut context = RequestedContext::default();
    let given = kwargs.iter().find(|(name, _)| name == "context").map(|(_, context)| context);
    if let Some(given) = given.filter(|given| !given.is_falsy()) {
        context.extend("context", given.clone())?;
    }
    Ok(context.members.into_iter().map(|(_, member)| member).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::ErrorCode;
    use crate::plan::Effect;
    use crate::plan::samples::Samples;

    fn unchecked(method: &'static str, args: Vec<Value<'static>>, context: Option<Value<'static>>) -> UncheckedCall {
        let (model, method) = (ModelName::from_static("res.partner"), MethodName::from_static(method));
        let kwargs = context.map(|context| ("context".into(), context)).into_iter().collect();
        UncheckedCall { model, method, args, kwargs }
    }

    fn planned(requested: &UncheckedCall) -> Result<Call, ErrorCode> {
        plan_unchanged(requested, &Scope::All, &Samples).map_err(|error| match error {
            PlanError::Rejected(problem) => problem.code,
            PlanError::NeedsMetadata(missing) => panic!("{missing:?}"),
        })
    }

    #[test]
    fn call_within_the_scope_is_not_changed() {
        // Unlike a call of a REST dialect: no language, and no check whether the record exists.
        let context = Value::Map(vec![("lang".into(), "xx_YY".into())]);
        let write = unchecked("write", vec![Value::Int(7), Value::Map(Vec::new())], Some(context));
        let UncheckedCall { model, method, args, kwargs } = write.clone();
        assert_eq!(planned(&write), Ok(Call { model, method, args, kwargs, effect: Effect::Write }));
        for none in [Value::Null, Value::Bool(false), Value::Map(Vec::new()), "".into()] {
            assert_eq!(planned(&unchecked("search", Vec::new(), Some(none))).map(|call| call.kwargs), Ok(Vec::new()));
        }
    }

    #[test]
    fn private_methods_and_other_contexts_are_rejected() {
        assert_eq!(planned(&unchecked("_search", Vec::new(), None)), Err(ErrorCode::PrivateMethod));
        assert_eq!(planned(&unchecked("search", Vec::new(), Some(Value::Int(1)))), Err(ErrorCode::InvalidContext));
        let scope = Scope::from_json(r#"[{"models": "res.country", "operations": ["read"]}]"#).unwrap();
        let read = unchecked("read", vec![Value::Int(7)], None);
        let Err(PlanError::Rejected(problem)) = plan_unchanged(&read, &scope, &Samples) else { panic!("rejected") };
        assert_eq!(problem.code, ErrorCode::ScopeForbidden);
    }

    #[test]
    fn saving_records_needs_update_whatever_form_their_ids_have() {
        let allows = |operation: &str, ids: &Value<'static>| {
            let scope = format!(r#"[{{"models": "res.partner", "operations": ["{operation}"]}}]"#);
            let save = unchecked("web_save", vec![ids.clone(), Value::Map(Vec::new()), Value::Map(Vec::new())], None);
            plan_unchanged(&save, &Scope::from_json(&scope).unwrap(), &Samples).is_ok()
        };
        let map = Value::Map(vec![("12".into(), Value::Int(1))]);
        let list = Value::List(vec![Value::Int(0)]);
        for ids in [Value::Int(12), "12".into(), map, list, Value::Float(1.5), Value::Bool(true)] {
            assert!(allows("update", &ids) && !allows("create", &ids), "{ids:?}");
        }
        let (map, list) = (Value::Map(Vec::new()), Value::List(Vec::new()));
        for none in [Value::Int(0), "".into(), map, list, Value::Float(0.0), Value::Bool(false), Value::Null] {
            assert!(allows("create", &none) && !allows("update", &none), "{none:?}");
        }
    }
}
