//! The methods that every model has, with the arguments that JSON-2 takes.
//!
//! In: the major version of the server. Out: the member `methods` of a model's document, as Odoo 19 writes it. Must not
//! know: models, requests.

use crate::plan::{MethodParameters, ParameterDefault, documented_methods};
use crate::value::{Member, Value};

/// The names of the methods.
pub(super) fn names(major: u8) -> Value<'static> {
    documented_methods(major).map(|method| Value::from(method.name)).collect()
}

/// The methods by name.
pub(super) fn by_name(major: u8) -> Value<'static> {
    Value::Map(documented_methods(major).map(|method| (method.name.into(), describe(method))).collect())
}

fn describe(method: &MethodParameters) -> Value<'static> {
    let parameters =
        method.parameters.iter().map(|(name, default)| ((*name).into(), describe_default(*default))).collect();
    let mut members: Vec<Member<'static>> =
        vec![("signature".into(), signature(method).into()), ("parameters".into(), Value::Map(parameters))];
    if !method.returns.is_empty() {
        members.push(("return".into(), Value::Map(vec![("annotation".into(), method.returns.into())])));
    }
    if method.on_model {
        members.push(("api".into(), Value::List(vec!["model".into()])));
    }
    members.push(("model".into(), "core".into()));
    members.push(("module".into(), "core".into()));
    Value::Map(members)
}

/// `(domain, offset=0, limit=None, order=None) -> list[int]`
fn signature(method: &MethodParameters) -> String {
    let parameters: Vec<String> = method.parameters.iter().map(|(name, default)| written(name, *default)).collect();
    let parameters = parameters.join(", ");
    if method.returns.is_empty() { format!("({parameters})") } else { format!("({parameters}) -> {}", method.returns) }
}

/// The parameter in a signature of Python.
fn written(name: &str, default: ParameterDefault) -> String {
    match default {
        ParameterDefault::Required | ParameterDefault::AnyName => name.to_owned(),
        ParameterDefault::None => format!("{name}=None"),
        ParameterDefault::EmptyTuple => format!("{name}=()"),
        ParameterDefault::False => format!("{name}=False"),
        ParameterDefault::True => format!("{name}=True"),
        ParameterDefault::Int(number) => format!("{name}={number}"),
        ParameterDefault::Text(text) => format!("{name}='{text}'"),
    }
}

fn describe_default(default: ParameterDefault) -> Value<'static> {
    let default = match default {
        ParameterDefault::Required => return Value::Map(Vec::new()),
        ParameterDefault::AnyName => return Value::Map(vec![("kind".into(), "VAR_KEYWORD".into())]),
        ParameterDefault::None => Value::Null,
        ParameterDefault::EmptyTuple => Value::List(Vec::new()),
        ParameterDefault::False => Value::Bool(false),
        ParameterDefault::True => Value::Bool(true),
        ParameterDefault::Int(number) => Value::Int(number),
        ParameterDefault::Text(text) => text.into(),
    };
    Value::Map(vec![("default".into(), default)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn method(major: u8, name: &str) -> serde_json::Value {
        serde_json::to_value(by_name(major)).unwrap()[name].clone()
    }

    #[test]
    fn a_method_is_described_as_odoo_19_does() {
        let expected = json!({
            "signature": "(name='', domain=None, operator='ilike', limit=100) -> list[tuple[int, str]]",
            "parameters": {
                "name": {"default": ""}, "domain": {"default": null}, "operator": {"default": "ilike"},
                "limit": {"default": 100}
            },
            "return": {"annotation": "list[tuple[int, str]]"}, "api": ["model"], "model": "core", "module": "core"
        });
        assert_eq!(method(19, "name_search"), expected);
        assert_eq!(method(19, "unlink")["signature"], "() -> Literal[True]");
    }

    #[test]
    fn methods_and_arguments_that_a_version_lacks_are_left_out() {
        assert_eq!(method(15, "search_count")["parameters"], json!({"domain": {}}));
        assert_eq!(method(16, "search_count")["parameters"], json!({"domain": {}, "limit": {"default": null}}));
        for (name, majors) in [("web_read", 17..=19), ("read_group", 14..=18), ("formatted_read_group", 14..=19)] {
            let having: Vec<u8> = (14..=19).filter(|major| !method(*major, name).is_null()).collect();
            assert_eq!(having, majors.collect::<Vec<u8>>(), "{name}");
        }
        for major in 14..=19 {
            let listed: Vec<_> = documented_methods(major).map(|method| method.name).collect();
            assert!(listed.is_sorted() && listed.windows(2).all(|pair| pair[0] != pair[1]), "{major}: {listed:?}");
        }
    }
}
