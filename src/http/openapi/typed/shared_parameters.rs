//! Parameters that the operations of several models have in common, described once.
//!
//! In: a document. Out: the same document; a parameter that occurs in several operations is a component, and the
//! operations refer to it. Must not know: models, the meaning of a parameter.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// Replaces repeated parameters by references to components.
pub(super) fn share_parameters(document: &mut Value) {
    let mut occurrences: HashMap<String, usize> = HashMap::new();
    for_each_inline(document, |parameter| *occurrences.entry(parameter.to_string()).or_default() += 1);
    let mut components = match document.pointer_mut("/components/parameters").map(Value::take) {
        Some(Value::Object(components)) => components,
        _ => Map::new(),
    };
    let mut names: HashMap<String, String> = HashMap::new();
    for_each_inline(document, |parameter| {
        let text = parameter.to_string();
        if occurrences.get(&text).is_none_or(|count| *count < 2) {
            return;
        }
        let name = names.entry(text).or_insert_with(|| free_name(parameter, &components));
        let reference = json!({"$ref": format!("#/components/parameters/{name}")});
        let shared = std::mem::replace(parameter, reference);
        components.entry(name.clone()).or_insert(shared);
    });
    if let Some(sections) = document.get_mut("components").and_then(Value::as_object_mut) {
        sections.insert("parameters".to_owned(), components.into());
    }
}

/// Visits the parameters of operations that are not references.
fn for_each_inline(document: &mut Value, visit: impl FnMut(&mut Value)) {
    let items = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    let operations = items.filter_map(|(_, item)| item.as_object_mut()).flatten();
    let lists = operations.filter_map(|(_, operation)| operation.get_mut("parameters")?.as_array_mut());
    lists.flatten().filter(|parameter| parameter.get("$ref").is_none()).for_each(visit);
}

/// The name of the parameter; with a number if another component has it.
fn free_name(parameter: &Value, components: &Map<String, Value>) -> String {
    let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
    let numbered = (2..).map(|number: u32| format!("{name}_{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !components.contains_key(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_repeated_parameter_becomes_a_component_with_a_free_name() {
        let parameter = |text: &str| json!({"name": "limit", "in": "query", "description": text});
        let operation = |text: &str| json!({"get": {"parameters": [parameter(text)]}});
        let mut document = json!({
            "paths": {"/a": operation("same"), "/b": operation("same"), "/c": operation("other")},
            "components": {"parameters": {"limit": parameter("third")}},
        });
        share_parameters(&mut document);
        let first = |path: &str| document["paths"][path]["get"]["parameters"][0].clone();
        assert_eq!(first("/a"), json!({"$ref": "#/components/parameters/limit_2"}));
        assert_eq!((first("/b"), first("/c")), (first("/a"), parameter("other")));
        assert_eq!(document["components"]["parameters"]["limit_2"], parameter("same"));
        assert_eq!(document["components"]["parameters"]["limit"], parameter("third"));
    }
}
