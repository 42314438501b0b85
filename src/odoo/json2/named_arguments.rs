//! The arguments of `execute_kw` by their names, as JSON-2 takes them.
//!
//! In: a call, the names of the method's parameters. Out: [`NamedArguments`], or why the call has none. Must not know:
//! where the names come from, JSON.
//!
//! Over XML-RPC, the first positional argument of a record method is its ids. JSON-2 has the member `ids` for them, and
//! the member `context` for the context, so no argument can have these names.

use crate::plan::{Call, MethodParameters, parameters_of};
use crate::value::Value;

/// The arguments of a call by their names.
#[derive(Debug, PartialEq)]
pub(in crate::odoo) struct NamedArguments<'c> {
    /// The ids; `None` for a method of the model.
    pub(in crate::odoo) ids: Option<&'c Value<'c>>,
    /// The other arguments, the context among them.
    pub(in crate::odoo) members: Vec<(&'c str, &'c Value<'c>)>,
}

/// Why a call cannot be written with named arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::odoo) enum NamingError {
    /// A record method is called without ids.
    NoIds,
    /// The arguments do not match the parameters of the method; in Python's words.
    Mismatch(String),
    /// An argument has a name that JSON-2 reserves.
    Reserved(String),
}

/// A method that the gateway calls itself, and that not every model has.
struct OwnCall {
    model: &'static str,
    method: &'static str,
    takes_ids: bool,
    parameters: &'static [&'static str],
}

const fn own(
    model: &'static str,
    method: &'static str,
    takes_ids: bool,
    parameters: &'static [&'static str],
) -> OwnCall {
    OwnCall { model, method, takes_ids, parameters }
}

/// Their parameters are known, so that no document has to be read before they are called.
const OWN_CALLS: [OwnCall; 10] = [
    own("ir.actions.report", "get_pdf_engine_state", false, &["engine_name"]),
    own("ir.actions.report", "get_wkhtmltopdf_state", false, &[]),
    own("ir.config_parameter", "get_param", false, &["key", "default"]),
    own("ir.config_parameter", "set_param", false, &["key", "value"]),
    own("ir.model", "display_name_for", false, &["models"]),
    own("ir.model", "get_available_models", false, &[]),
    own("res.lang", "get_installed", false, &[]),
    own("res.users", "context_get", false, &[]),
    own("res.users", "has_group", true, &["group_ext_id"]),
    own("*", "get_portal_url", true, &["suffix", "report_type", "download", "query_string", "anchor"]),
];

/// The arguments of a method whose parameters on a server of this major version are known without asking Odoo; `None`
/// for another method.
pub(in crate::odoo) fn known(call: &Call, major: u8) -> Option<Result<NamedArguments<'_>, NamingError>> {
    let (model, method) = (call.model.as_str(), call.method.as_str());
    if let Some(known) = parameters_of(method, major) {
        return Some(to_named(call, !known.on_model, MethodParameters::names(known)));
    }
    let is_own = |own: &&OwnCall| own.method == method && (own.model == "*" || own.model == model);
    let own = OWN_CALLS.iter().find(is_own)?;
    Some(to_named(call, own.takes_ids, own.parameters.iter().copied()))
}

/// The arguments of a call that has none besides ids, whatever its method is. If the method takes no ids, Odoo rejects
/// the call before it runs. It accepts an empty list, which a method of the model would not receive.
pub(in crate::odoo) fn with_ids_alone(call: &Call) -> Option<NamedArguments<'_>> {
    match call.args.as_slice() {
        [ids] if is_ids(ids) => to_named(call, true, std::iter::empty()).ok(),
        _ => None,
    }
}

/// The arguments of a call with only one that needs a name, if an override calls it `name`, for which Odoo asks. `None`
/// if the method can lack another argument: it has a parameter of this name anyway, or not every model has the method.
pub(in crate::odoo) fn renamed<'c>(call: &'c Call, major: u8, name: &'c str) -> Option<NamedArguments<'c>> {
    let known = parameters_of(call.method.as_str(), major)?;
    let takes_ids = !known.on_model;
    let is_only = call.args.len() == 1 + usize::from(takes_ids);
    let is_new = known.names().all(|known| known != name);
    (is_only && is_new).then(|| to_named(call, takes_ids, std::iter::once(name)).ok()).flatten()
}

/// The arguments of a call without positional ones, whatever its method is.
pub(in crate::odoo) fn without_positional(call: &Call) -> Option<Result<NamedArguments<'_>, NamingError>> {
    call.args.is_empty().then(|| to_named(call, false, std::iter::empty()))
}

fn is_ids(value: &Value<'_>) -> bool {
    match value {
        Value::Int(id) => *id > 0,
        Value::List(ids) => !ids.is_empty() && ids.iter().all(|id| matches!(id, Value::Int(id) if *id > 0)),
        _ => false,
    }
}

/// Names the positional arguments of a call.
///
/// # Errors
/// If they do not match the parameters.
pub(in crate::odoo) fn to_named<'c, 'p: 'c>(
    call: &'c Call,
    takes_ids: bool,
    mut parameters: impl Iterator<Item = &'p str>,
) -> Result<NamedArguments<'c>, NamingError> {
    let method = call.method.as_str();
    let (ids, positional) = match call.args.split_first() {
        Some((ids, others)) if takes_ids => (Some(ids), others),
        None if takes_ids => return Err(NamingError::NoIds),
        _ => (None, call.args.as_slice()),
    };
    let mut members: Vec<(&str, &Value<'_>)> = Vec::with_capacity(positional.len() + call.kwargs.len());
    for (index, value) in positional.iter().enumerate() {
        let name = parameters.next().ok_or_else(|| {
            // Python counts `self`.
            let (taken, given) = (index + 1, positional.len() + 1);
            NamingError::Mismatch(format!("{method}() takes {taken} positional arguments but {given} were given"))
        })?;
        if matches!(name, "ids" | "context") {
            return Err(NamingError::Reserved(name.to_owned()));
        }
        members.push((name, value));
    }
    for (name, value) in &call.kwargs {
        match name.as_ref() {
            "ids" => return Err(NamingError::Reserved(name.to_string())),
            // Odoo treats every value that is false in Python as no context.
            "context" if value.is_falsy() => {}
            name if members.iter().any(|(known, _)| *known == name) => {
                return Err(NamingError::Mismatch(format!("{method}() got multiple values for argument '{name}'")));
            }
            name => members.push((name, value)),
        }
    }
    Ok(NamedArguments { ids, members })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{MethodName, ModelName};
    use crate::plan::Effect;

    fn call(model: &'static str, method: &'static str, args: Vec<Value<'static>>) -> Call {
        let (model, method) = (ModelName::from_static(model), MethodName::from_static(method));
        Call { model, method, args, kwargs: Vec::new(), effect: Effect::Read }
    }

    fn ids(ids: &[i64]) -> Value<'static> {
        ids.iter().copied().map(Value::Int).collect()
    }

    fn text(named: Result<NamedArguments<'_>, NamingError>) -> String {
        match named {
            Ok(NamedArguments { ids, members }) => {
                let ids = ids.map(|ids| format!("ids={ids:?} ")).unwrap_or_default();
                let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
                format!("{ids}{}", names.join(","))
            }
            Err(NamingError::NoIds) => "no ids".to_owned(),
            Err(NamingError::Mismatch(text)) => text,
            Err(NamingError::Reserved(name)) => format!("{name} is reserved"),
        }
    }

    #[test]
    fn positional_arguments_of_the_orm_get_the_names_of_odoo_19() {
        let none = || Value::List(Vec::new());
        for (method, args, expected) in [
            ("search", vec![none(), Value::Int(0), Value::Int(5), "id".into()], "domain,offset,limit,order"),
            ("search_read", vec![none(), none()], "domain,fields"),
            ("read", vec![ids(&[7]), none()], "ids=List([Int(7)]) fields"),
            ("read", vec![Value::Int(7)], "ids=Int(7) "),
            ("write", vec![Value::Bool(false), Value::Map(Vec::new())], "ids=Bool(false) vals"),
            ("create", vec![none()], "vals_list"),
            ("fields_get", vec![none(), none()], "allfields,attributes"),
            ("default_get", vec![none()], "fields"),
            ("unlink", vec![ids(&[7])], "ids=List([Int(7)]) "),
            ("check_access_rights", vec!["read".into(), Value::Bool(false)], "operation,raise_exception"),
            ("unlink", vec![], "no ids"),
            ("unlink", vec![ids(&[7]), none()], "unlink() takes 1 positional arguments but 2 were given"),
            ("get_portal_url", vec![ids(&[7])], "ids=List([Int(7)]) "),
        ] {
            assert_eq!(text(known(&call("res.partner", method, args), 19).unwrap()), expected, "{method}");
        }
        assert!(known(&call("res.partner", "action_confirm", vec![ids(&[7])]), 19).is_none());
        assert!(known(&call("res.partner", "has_group", vec![ids(&[7])]), 19).is_none(), "a method of another model");
        let engine = call("ir.actions.report", "get_pdf_engine_state", vec!["wkhtmltopdf".into()]);
        assert_eq!(text(known(&engine, 20).unwrap()), "engine_name");
    }

    #[test]
    fn named_arguments_are_added_and_may_not_repeat_or_replace_others() {
        let with = |kwargs: &[(&'static str, Value<'static>)]| {
            let mut call = call("res.partner", "search", vec![Value::List(Vec::new())]);
            call.kwargs = kwargs.iter().map(|(name, value)| ((*name).into(), value.clone())).collect();
            text(known(&call, 19).unwrap())
        };
        let context = Value::Map(vec![("lang".into(), "en_US".into())]);
        assert_eq!(with(&[("limit", Value::Int(5)), ("context", context)]), "domain,limit,context");
        for none in [Value::Null, Value::Bool(false), Value::Map(Vec::new())] {
            assert_eq!(with(&[("context", none)]), "domain");
        }
        assert_eq!(with(&[("domain", Value::Null)]), "search() got multiple values for argument 'domain'");
        assert_eq!(with(&[("ids", Value::Null)]), "ids is reserved");
        let call = call("x.model", "compute", vec![Value::Null]);
        assert_eq!(text(to_named(&call, false, ["context"].into_iter())), "context is reserved");
    }

    #[test]
    fn the_only_argument_takes_the_name_of_an_override() {
        let renamed =
            |method, args, name| renamed(&call("res.partner", method, args), 19, name).map(|named| text(Ok(named)));
        let values = || Value::Map(Vec::new());
        assert_eq!(renamed("write", vec![ids(&[7]), values()], "values").as_deref(), Some("ids=List([Int(7)]) values"));
        assert_eq!(renamed("create", vec![values()], "values").as_deref(), Some("values"));
        for (method, args, name) in [
            ("write", vec![ids(&[7])], "values"),
            ("search", vec![ids(&[]), Value::Int(0)], "args"),
            ("load", vec![ids(&[])], "data"),
            ("write", vec![ids(&[7]), values()], "context"),
            ("action_of_records", vec![ids(&[7]), values()], "values"),
        ] {
            assert_eq!(renamed(method, args, name), None, "{method} {name}");
        }
    }

    #[test]
    fn a_method_with_unknown_parameters_can_be_called_with_ids_alone() {
        for (args, expected) in [
            (vec![ids(&[7, 8])], Some("ids=List([Int(7), Int(8)]) ")),
            (vec![ids(&[])], None),
            (vec![Value::Int(7)], Some("ids=Int(7) ")),
            (vec![ids(&[0])], None),
            (vec!["draft".into()], None),
            (vec![ids(&[7]), "draft".into()], None),
            (vec![], None),
        ] {
            let call = call("sale.order", "action_confirm", args);
            assert_eq!(with_ids_alone(&call).map(|named| text(Ok(named))).as_deref(), expected, "{call:?}");
        }
        assert!(without_positional(&call("sale.order", "of_model", vec![])).is_some());
        assert!(without_positional(&call("sale.order", "of_model", vec![Value::Null])).is_none());
    }
}
