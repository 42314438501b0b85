//! The member `methods` of a model's document: the methods that the caller may call.
//!
//! In: what Odoo tells about the methods of the model, its fields, a scope. Out: the methods by name, as Odoo 19
//! describes them. Must not know: how Odoo was asked.

use super::orm_methods;
use crate::names::{MethodName, ModelName};
use crate::odoo::PublicMethods;
use crate::plan::{Scope, may_call};
use crate::value::{Member, Value};

/// The methods of every model whose records have messages, with the parameters that all versions have: name, whether it
/// is known by name only, the parameters.
const THREAD_METHODS: [(&str, bool, &[&str]); 3] = [
    ("message_post", true, &["subject", "partner_ids", "attachment_ids", "subtype_xmlid"]),
    ("message_subscribe", false, &["partner_ids", "subtype_ids"]),
    ("message_unsubscribe", false, &["partner_ids"]),
];
/// The field that those models have.
const MESSAGES: &str = "message_ids";

/// The methods that this scope allows on a model with these fields, on a server of this major version.
pub(super) fn methods(
    (model, fields): (&ModelName, &Value<'_>),
    known: PublicMethods,
    major: u8,
    scope: &Scope,
) -> Value<'static> {
    let mut methods = match orm_methods::by_name(major) {
        Value::Map(methods) => methods,
        _ => Vec::new(),
    };
    let more: Vec<Member<'static>> = match known {
        PublicMethods::Described(Value::Map(described)) => described,
        PublicMethods::Described(_) => Vec::new(),
        PublicMethods::Buttons(names) => {
            let button = |name: &MethodName| (name.as_str().to_owned().into(), describe_button(model));
            let threads = fields.get(MESSAGES).is_some().then(thread_methods).into_iter().flatten();
            names.iter().map(button).chain(threads).collect()
        }
    };
    for (name, described) in more {
        if methods.iter().all(|(known, _)| *known != name) {
            methods.push((name, described));
        }
    }
    methods.retain(|(name, _)| MethodName::parse(name).is_ok_and(|method| may_call(scope, model, &method)));
    methods.sort_by(|(one, _), (other, _)| one.cmp(other));
    Value::Map(methods)
}

/// A button calls its method without arguments. The method may have optional ones.
fn describe_button(model: &ModelName) -> Value<'static> {
    Value::Map(vec![
        ("signature".into(), "()".into()),
        ("parameters".into(), Value::Map(Vec::new())),
        ("doc".into(), "<p>A button of the form.</p>".into()),
        ("model".into(), model.as_str().to_owned().into()),
        ("module".into(), "".into()),
    ])
}

fn thread_methods() -> impl Iterator<Item = Member<'static>> {
    let none = || ("default".into(), Value::Null);
    THREAD_METHODS.into_iter().map(move |(name, keyword_only, parameters)| {
        let optional = |parameter: &&'static str| {
            let kind = keyword_only.then_some(("kind".into(), "KEYWORD_ONLY".into()));
            ((*parameter).into(), Value::Map(kind.into_iter().chain([none()]).collect()))
        };
        let mut described: Vec<Member<'static>> = parameters.iter().map(optional).collect();
        let written: Vec<String> = parameters.iter().map(|parameter| format!("{parameter}=None")).collect();
        let mut signature = written.join(", ");
        if keyword_only {
            signature = format!("*, body='', {signature}, **kwargs");
            let body = [("kind".into(), "KEYWORD_ONLY".into()), ("default".into(), "".into())];
            described.insert(0, ("body".into(), Value::Map(body.into())));
            described.push(("kwargs".into(), Value::Map(vec![("kind".into(), "VAR_KEYWORD".into())])));
        }
        let members = vec![
            ("signature".into(), format!("({signature})").into()),
            ("parameters".into(), Value::Map(described)),
            ("model".into(), "mail.thread".into()),
            ("module".into(), "mail".into()),
        ];
        (name.into(), Value::Map(members))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(fields: &str, known: PublicMethods, scope: &str) -> Vec<String> {
        let fields = Value::Map(vec![(fields.to_owned().into(), Value::Null)]);
        let model = ModelName::from_static("sale.order");
        match methods((&model, &fields), known, 19, &Scope::from_json(scope).unwrap()) {
            Value::Map(methods) => methods.into_iter().map(|(name, _)| name.into_owned()).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn buttons(names: &[&'static str]) -> PublicMethods {
        PublicMethods::Buttons(names.iter().map(|name| MethodName::from_static(name)).collect())
    }

    #[test]
    fn methods_of_the_model_are_added_to_those_of_every_model() {
        let all = names("name", buttons(&["action_confirm"]), r#""all""#);
        assert!(all.is_sorted() && all.contains(&"action_confirm".to_owned()) && all.contains(&"write".to_owned()));
        assert!(!all.contains(&"message_post".to_owned()));
        let with_messages = names(MESSAGES, buttons(&[]), r#""all""#);
        assert_eq!(with_messages.iter().filter(|name| name.starts_with("message_")).count(), THREAD_METHODS.len());
        let described = Value::Map(vec![("action_lock".into(), Value::Null), ("filtered_domain".into(), Value::Null)]);
        let described = names(MESSAGES, PublicMethods::Described(described), r#""all""#);
        assert!(described.contains(&"action_lock".to_owned()));
        for not_callable in ["filtered_domain", "message_post"] {
            assert!(!described.contains(&not_callable.to_owned()), "{not_callable}: Odoo describes all methods");
        }
    }

    #[test]
    fn methods_outside_of_the_scope_are_left_out() {
        let scope = r#"[{"models": "sale.order", "operations": ["read"]},
                        {"models": "sale.order", "operations": ["execute"], "methods": ["action_confirm"]}]"#;
        let listed = names("name", buttons(&["action_confirm", "action_cancel"]), scope);
        for (name, is_listed) in
            [("search_read", true), ("write", false), ("action_confirm", true), ("action_cancel", false)]
        {
            assert_eq!(listed.contains(&name.to_owned()), is_listed, "{name}: {listed:?}");
        }
    }
}
