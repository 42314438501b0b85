//! Removes the components and tags that no operation uses.
//!
//! In: a document. Out: the same document with less. Must not know: what the components describe.

use std::collections::HashSet;

use serde_json::Value;

/// Removes what no path refers to. Security schemes are used by name and stay.
pub(super) fn remove_unused(document: &mut Value) {
    let mut used = HashSet::new();
    let mut pending = Vec::new();
    collect(document.get("paths").unwrap_or(&Value::Null), &mut pending);
    while let Some(pointer) = pending.pop() {
        if used.insert(pointer.clone()) {
            collect(document.pointer(&pointer).unwrap_or(&Value::Null), &mut pending);
        }
    }
    let tags = used_tags(document);
    let sections = document.get_mut("components").and_then(Value::as_object_mut);
    for (section, components) in sections.into_iter().flatten().filter(|(section, _)| *section != "securitySchemes") {
        if let Some(components) = components.as_object_mut() {
            components.retain(|name, _| used.contains(&format!("/components/{section}/{name}")));
        }
    }
    if let Some(declared) = document.get_mut("tags").and_then(Value::as_array_mut) {
        declared.retain(|tag| tag.get("name").and_then(Value::as_str).is_some_and(|name| tags.contains(name)));
    }
}

/// Adds the pointers of all references in a value.
fn collect(value: &Value, pointers: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str().and_then(|text| text.strip_prefix('#')) {
                    Some(pointer) if name == "$ref" => pointers.push(pointer.to_owned()),
                    _ => collect(member, pointers),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, pointers)),
        _ => {}
    }
}

fn used_tags(document: &Value) -> HashSet<String> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let operations = paths.filter_map(|(_, item)| item.as_object()).flatten();
    let tags = operations.filter_map(|(_, operation)| operation.get("tags")?.as_array()).flatten();
    tags.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_used_indirectly_stays() {
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let mut document = json!({
            "tags": [{"name": "used"}, {"name": "unused"}],
            "paths": {"/": {"get": {"tags": ["used"], "x": [reference("A")]}}},
            "components": {
                "schemas": {"A": {"items": reference("B")}, "B": {"items": reference("A")}, "C": reference("A")},
                "securitySchemes": {"basic": {}},
            },
        });
        remove_unused(&mut document);
        let schemas: Vec<&String> = document["components"]["schemas"].as_object().unwrap().keys().collect();
        assert_eq!(schemas, ["A", "B"]);
        assert_eq!(document["components"]["securitySchemes"], json!({"basic": {}}));
        assert_eq!(document["tags"], json!([{"name": "used"}]));
    }
}
