//! Which shared schemas occur only in request bodies.
//!
//! In: an OpenAPI 3.0 document. Out: names of schemas. Must not know: what a schema contains, except for references.

use std::collections::HashSet;

use serde_json::Value;

use super::walk::Object;

/// The names of the schemas that only request bodies refer to. `components` are the shared parts of the document.
pub(super) fn request_schemas(paths: Option<&Value>, components: &Object) -> HashSet<String> {
    let (mut requests, mut others) = (References::new(components), References::new(components));
    for (name, value) in components.iter().filter(|(name, _)| *name != "schemas") {
        if name == "requestBodies" { requests.collect(value) } else { others.collect(value) }
    }
    let items = paths.and_then(Value::as_object).into_iter().flatten();
    for member in items.filter_map(|(_, item)| item.as_object()).flat_map(Object::values) {
        match member {
            Value::Object(operation) => {
                for (name, value) in operation {
                    if name == "requestBody" { requests.collect(value) } else { others.collect(value) }
                }
            }
            parameters => others.collect(parameters),
        }
    }
    requests.names.retain(|name| !others.names.contains(name));
    requests.names
}

/// The schemas that values refer to, also through other schemas.
struct References<'a> {
    schemas: Option<&'a Value>,
    names: HashSet<String>,
}

impl<'a> References<'a> {
    fn new(components: &'a Object) -> Self {
        Self { schemas: components.get("schemas"), names: HashSet::new() }
    }

    fn collect(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                let name = reference.and_then(|reference| reference.strip_prefix("#/components/schemas/"));
                if let Some(name) = name
                    && self.names.insert(name.to_owned())
                    && let Some(schema) = self.schemas.and_then(|schemas| schemas.get(name))
                {
                    self.collect(schema);
                }
                members.values().for_each(|member| self.collect(member));
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            _ => {}
        }
    }
}
