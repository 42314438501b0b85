//! A method call whose arguments are all named, as JSON-2 sends it, in the form of `execute_kw`.
//!
//! In: ids and arguments with the names of Odoo 19, the major version of the server. Out: positional and named
//! arguments of the same call. Must not know: scopes, routes.
//!
//! `execute_kw` takes the ids of a record method as its first argument. Arguments whose names differ between Odoo 14
//! and 19 (`domain` and `args`, `fields` and `fields_list`) are sent by position, which is the same in every version.

use super::call_check::takes_ids;
use super::error::missing_argument;
use super::form_onchange::{self, FormFields};
use super::formatted_groups::{self, FormattedGroups};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{MethodName, ModelName};
use crate::value::{Member, Value};

/// A call in the form of `execute_kw`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PositionalCall {
    /// The method, which is another one where the server has no method of this name.
    pub(super) method: MethodName,
    /// Positional arguments; for a record method the first one is the list of ids.
    pub(super) args: Vec<Value<'static>>,
    /// Named arguments, the context among them.
    pub(super) kwargs: Vec<Member<'static>>,
    /// Whether it is unknown if the method needs ids, of which the caller sent none.
    pub(super) may_need_ids: bool,
}

/// The first parameters of a method.
struct LeadingParameters {
    method: &'static str,
    /// Names in Odoo 19, each with its default; `None` for a parameter that is required.
    parameters: &'static [(&'static str, Option<&'static str>)],
}

const fn leading(
    method: &'static str,
    parameters: &'static [(&'static str, Option<&'static str>)],
) -> LeadingParameters {
    LeadingParameters { method, parameters }
}

/// The parameters that are sent by position. `create` inspects its first positional argument on every version.
const LEADING: [LeadingParameters; 7] = [
    leading("create", &[("vals_list", None)]),
    leading("default_get", &[("fields", None)]),
    leading("has_access", &[("operation", None)]),
    leading("name_search", &[("name", Some("")), ("domain", Some(""))]),
    leading("search", &[("domain", None)]),
    leading("search_count", &[("domain", None)]),
    leading("write", &[("vals", None)]),
];

/// The version from which on every model has `has_access`.
const HAS_ACCESS_FROM: u8 = 18;

/// Converts a call for a server of this major version.
///
/// # Errors
/// 400 for ids of a method that takes none, and for a missing argument.
pub(super) fn to_positional(
    model: &ModelName,
    method: &MethodName,
    ids: &Value<'static>,
    arguments: &[Member<'static>],
    major: u8,
) -> Result<PositionalCall, Problem> {
    let is_record_method = if method.as_str() == "has_access" { Some(true) } else { takes_ids(method) };
    if is_record_method == Some(false) && !ids.is_falsy() {
        let detail = format!("cannot call {model}.{method} with ids");
        return Err(Problem::new(ErrorCode::InvalidParameter, detail).parameter("ids"));
    }
    if let Some(converted) = to_older_method(method, ids, arguments, major)? {
        return Ok(converted);
    }
    let (mut positional, kwargs) = split_leading(method, arguments)?;
    if method.as_str() == "create" {
        positional.iter_mut().for_each(into_list);
    }
    if method.as_str() == "has_access" && ids.is_falsy() && major < HAS_ACCESS_FROM {
        positional.push(Value::Bool(false));
        let method = MethodName::from_static("check_access_rights");
        return Ok(PositionalCall { method, args: positional, kwargs, may_need_ids: false });
    }
    let takes_ids = is_record_method.unwrap_or(!ids.is_falsy());
    let ids = takes_ids.then(|| if ids.is_falsy() { Value::List(Vec::new()) } else { ids.clone() });
    let args = ids.into_iter().chain(positional).collect();
    Ok(PositionalCall { method: method.clone(), args, kwargs, may_need_ids: is_record_method.is_none() && !takes_ids })
}

/// The same call on a server that is too old for the method or for its arguments.
///
/// # Errors
/// 400 for what the server cannot do.
fn to_older_method(
    method: &MethodName,
    ids: &Value<'static>,
    arguments: &[Member<'static>],
    major: u8,
) -> Result<Option<PositionalCall>, Problem> {
    match method.as_str() {
        "formatted_read_group" if major < formatted_groups::SINCE => {
            let (args, kwargs) = FormattedGroups::from_arguments(arguments).to_read_group(arguments, major)?;
            let method = MethodName::from_static("read_group");
            Ok(Some(PositionalCall { method, args, kwargs, may_need_ids: false }))
        }
        "onchange" if major < form_onchange::SINCE => {
            let Some(fields) = FormFields::from_arguments(arguments) else { return Ok(None) };
            let older = fields.to_older(arguments)?;
            let ids = if ids.is_falsy() { Value::List(Vec::new()) } else { ids.clone() };
            let args = [ids].into_iter().chain(older).collect();
            let kwargs = arguments.iter().filter(|(name, _)| name == "context").cloned().collect();
            Ok(Some(PositionalCall { method: method.clone(), args, kwargs, may_need_ids: false }))
        }
        _ => Ok(None),
    }
}

/// `create` returns one id for an object, and JSON-2 returns a list of ids.
fn into_list(values: &mut Value<'static>) {
    if matches!(values, Value::Map(_)) {
        *values = Value::List(vec![std::mem::take(values)]);
    }
}

/// The arguments that are sent by position, up to the last one that the caller named; and the others.
///
/// # Errors
/// 400 for a missing argument.
fn split_leading(
    method: &MethodName,
    arguments: &[Member<'static>],
) -> Result<(Vec<Value<'static>>, Vec<Member<'static>>), Problem> {
    let known = LEADING.iter().find(|known| known.method == method.as_str());
    let parameters = known.map_or(&[][..], |known| known.parameters);
    let argument = |name: &str| arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let is_missing = |(name, default): &&(&str, Option<&str>)| default.is_none() && argument(name).is_none();
    if let Some((missing, _)) = parameters.iter().find(is_missing) {
        return Err(missing_argument(missing));
    }
    let last = parameters.iter().rposition(|(name, _)| argument(name).is_some());
    let sent = parameters.iter().take(last.map_or(0, |last| last + 1));
    let value = |(name, default): &(&'static str, Option<&'static str>)| {
        argument(name).cloned().unwrap_or_else(|| default.unwrap_or_default().into())
    };
    let positional = sent.map(value).collect();
    let is_leading = |name: &str| parameters.iter().any(|(leading, _)| *leading == name);
    let others = arguments.iter().filter(|(name, _)| !is_leading(name)).cloned().collect();
    Ok((positional, others))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(ids: &[i64]) -> Value<'static> {
        ids.iter().copied().map(Value::Int).collect()
    }

    fn converted(
        method: &'static str,
        ids: Value<'static>,
        names: &[(&'static str, Value<'static>)],
        major: u8,
    ) -> Result<PositionalCall, Problem> {
        let named = |(name, value): &(&'static str, Value<'static>)| ((*name).into(), value.clone());
        let arguments: Vec<Member<'static>> = names.iter().map(named).collect();
        let (model, method) = (ModelName::from_static("res.partner"), MethodName::parse(method).unwrap());
        to_positional(&model, &method, &ids, &arguments, major)
    }

    fn text(call: Result<PositionalCall, Problem>) -> String {
        match call {
            Ok(PositionalCall { method, args, kwargs, may_need_ids }) => {
                let json = |value: &Value<'_>| serde_json::to_string(value).unwrap();
                let (args, kwargs) = (json(&Value::List(args)), json(&Value::Map(kwargs)));
                format!("{method} {args} {kwargs}{}", if may_need_ids { " ids?" } else { "" })
            }
            Err(problem) => problem.detail,
        }
    }

    #[test]
    fn arguments_whose_names_differ_between_versions_are_sent_by_position() {
        let domain = || Value::List(Vec::new());
        for (method, ids, names, expected) in [
            ("search", Value::Null, vec![("limit", Value::Int(2)), ("domain", domain())], r#"search [[]] {"limit":2}"#),
            ("name_search", Value::Null, vec![("domain", domain())], r#"name_search ["",[]] {}"#),
            ("name_search", Value::Null, vec![("name", "A".into())], r#"name_search ["A"] {}"#),
            ("name_search", Value::Null, vec![("limit", Value::Int(1))], r#"name_search [] {"limit":1}"#),
            ("default_get", Value::Null, vec![("fields", domain())], "default_get [[]] {}"),
            ("create", list(&[]), vec![("vals_list", Value::Map(Vec::new()))], "create [[{}]] {}"),
            ("create", list(&[]), vec![("vals_list", Value::List(vec![Value::Map(Vec::new())]))], "create [[{}]] {}"),
            ("write", list(&[7]), vec![("vals", Value::Map(Vec::new()))], "write [[7],{}] {}"),
            ("read", list(&[7]), vec![("fields", list(&[]))], r#"read [[7]] {"fields":[]}"#),
            ("read", Value::Null, vec![], "read [[]] {}"),
            ("unlink", Value::Int(7), vec![], "unlink [7] {}"),
            ("search", Value::Null, vec![("limit", Value::Int(2))], "missing a required argument: 'domain'"),
            ("write", list(&[7]), vec![], "missing a required argument: 'vals'"),
            ("create", list(&[7]), vec![], "cannot call res.partner.create with ids"),
        ] {
            assert_eq!(text(converted(method, ids, &names, 14)), expected);
        }
    }

    #[test]
    fn whether_another_method_needs_ids_is_found_out_by_calling_it() {
        assert_eq!(text(converted("action_confirm", list(&[7]), &[], 19)), "action_confirm [[7]] {}");
        assert_eq!(text(converted("action_confirm", list(&[]), &[], 19)), "action_confirm [] {} ids?");
        let of_model = converted("of_model", Value::Null, &[("a", Value::Int(1))], 19);
        assert_eq!(text(of_model), r#"of_model [] {"a":1} ids?"#);
    }

    #[test]
    fn methods_that_a_server_lacks_become_those_that_it_has() {
        let domain = || ("domain", Value::List(Vec::new()));
        let grouped = |major| text(converted("formatted_read_group", Value::Null, &[domain()], major));
        assert_eq!(grouped(18), r#"read_group [[],["__count"],[]] {"lazy":false}"#);
        assert_eq!(grouped(19), r#"formatted_read_group [] {"domain":[]}"#);
        let map = || Value::Map(vec![("a".into(), Value::Map(Vec::new()))]);
        let empty = || Value::Map(Vec::new());
        let form = [("values", empty()), ("field_names", list(&[])), ("fields_spec", map())];
        let older = text(converted("onchange", list(&[7]), &form, 16));
        assert_eq!(older, r#"onchange [[7],{},[],{"a":"1"}] {}"#);
        let own = [("values", empty()), ("field_name", list(&[])), ("field_onchange", map())];
        let unchanged = text(converted("onchange", list(&[7]), &own, 16));
        assert_eq!(unchanged, r#"onchange [[7]] {"values":{},"field_name":[],"field_onchange":{"a":{}}}"#);
        let newer = text(converted("onchange", Value::Null, &form, 17));
        assert_eq!(newer, r#"onchange [[]] {"values":{},"field_names":[],"fields_spec":{"a":{}}}"#);
    }

    #[test]
    fn has_access_is_check_access_rights_before_odoo_18() {
        let read = [("operation", Value::from("read"))];
        assert_eq!(text(converted("has_access", Value::Null, &read, 17)), r#"check_access_rights ["read",false] {}"#);
        assert_eq!(text(converted("has_access", Value::Null, &read, 18)), r#"has_access [[],"read"] {}"#);
        assert_eq!(text(converted("has_access", list(&[7]), &read, 14)), r#"has_access [[7],"read"] {}"#);
        assert_eq!(text(converted("has_access", Value::Null, &[], 14)), "missing a required argument: 'operation'");
    }
}
