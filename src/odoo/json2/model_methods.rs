//! The parameters of a model's methods, from Odoo's own document `/doc-bearer/<model>.json`.
//!
//! In: the text of the document. Out: [`ModelMethods`]. Must not know: who may read the document. It also contains the
//! fields of the model, which are dropped.

use std::collections::HashMap;

use crate::odoo::jsonrpc::python_json;
use crate::value::{Member, Value};

/// The public methods of a model by name.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::odoo) struct ModelMethods(HashMap<Box<str>, DocumentedMethod>);

/// How a method is called.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::odoo) struct DocumentedMethod {
    /// Whether it is a method of records.
    pub(in crate::odoo) takes_ids: bool,
    /// The names of the parameters that also have a position, in their order.
    pub(in crate::odoo) parameters: Box<[Box<str>]>,
}

impl ModelMethods {
    /// Parses the document; `None` if it is none.
    pub(in crate::odoo) fn parse(text: &str) -> Option<Self> {
        let document = python_json::parse(text).ok()?;
        let methods = document.get("methods")?.as_map()?;
        let method = |(name, described): &Member<'_>| Some((Box::<str>::from(&**name), parse_method(described)?));
        Some(Self(methods.iter().filter_map(method).collect()))
    }

    /// How this method is called.
    pub(in crate::odoo) fn get(&self, method: &str) -> Option<&DocumentedMethod> {
        self.0.get(method)
    }

    /// The size in memory, in bytes.
    pub(in crate::odoo) fn size(&self) -> u64 {
        /// What a name needs besides its text.
        const ENTRY: usize = 64;
        let parameters = self.0.values().flat_map(|described| described.parameters.iter());
        self.0.keys().chain(parameters).map(|name| name.len() + ENTRY).sum::<usize>() as u64
    }
}

fn parse_method(described: &Value<'_>) -> Option<DocumentedMethod> {
    let of_model = Value::from("model");
    let takes_ids = described.get("api").and_then(Value::as_list).is_none_or(|api| !api.contains(&of_model));
    // A parameter without a kind has a position and a name. The others follow: variable ones, and named ones.
    let has_position = |(_, described): &&Member<'_>| described.get("kind").is_none();
    let parameters = described.get("parameters")?.as_map()?.iter().take_while(has_position);
    Some(DocumentedMethod { takes_ids, parameters: parameters.map(|(name, _)| Box::from(&**name)).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_with_a_position_are_found_in_their_order() {
        let document = r#"{"model": "sale.order", "name": "Sales Order", "doc": null, "fields": {"id": {}}, "methods": {
            "action_confirm": {"signature": "()", "parameters": {}, "model": "sale.order", "module": "sale"},
            "get_rates": {"signature": "(b, a=1, *, c, **kwargs)", "api": ["model", "readonly"], "parameters":
                {"b": {}, "a": {"default": 1}, "c": {"kind": "KEYWORD_ONLY"}, "kwargs": {"kind": "VAR_KEYWORD"}}},
            "variable": {"parameters": {"first": {}, "args": {"kind": "VAR_POSITIONAL"}}}
        }}"#;
        let methods = ModelMethods::parse(document).unwrap();
        let shape = |method: &str| {
            methods.get(method).map(|known| (known.takes_ids, known.parameters.iter().map(|name| &**name).collect()))
        };
        assert_eq!(shape("action_confirm"), Some((true, vec![])));
        assert_eq!(shape("get_rates"), Some((false, vec!["b", "a"])));
        assert_eq!(shape("variable"), Some((true, vec!["first"])));
        assert_eq!(shape("unknown"), None);
        assert!(methods.size() > 0);
    }

    #[test]
    fn other_responses_are_no_document() {
        for text in ["", "<html>", "{}", "[]", r#"{"methods": []}"#, r#"{"name": "odoo.exceptions.AccessError"}"#] {
            assert_eq!(ModelMethods::parse(text), None, "{text}");
        }
    }
}
