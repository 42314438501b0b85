//! Parameters that several operations have in common, described once.
//!
//! In: a complete document. Out: the same document; a parameter that occurs in more than one operation is a component,
//! and the operations refer to it. Must not know: dialects, the meaning of a parameter.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::{OpenApi, Ref, RefOr};

use super::operations_mut;

/// A parameter, where it occurs first, and in how many operations.
struct Occurrence {
    parameter: Parameter,
    tag: String,
    operations: usize,
}

/// Replaces repeated parameters by references to components.
pub(super) fn share_parameters(document: &mut OpenApi) {
    let shared = named(occurrences(document).into_iter().filter(|occurrence| occurrence.operations > 1));
    for parameter in operations_mut(document).flat_map(|operation| operation.parameters.iter_mut().flatten()) {
        let is_same = |(_, one): &(&String, &Parameter)| matches!(parameter, RefOr::T(parameter) if parameter == *one);
        if let Some((name, _)) = shared.iter().find(is_same) {
            *parameter = RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")));
        }
    }
    let shared = shared.into_iter().map(|(name, parameter)| (name, RefOr::T(parameter)));
    document.components.get_or_insert_default().parameters.extend(shared);
}

fn occurrences(document: &mut OpenApi) -> Vec<Occurrence> {
    let mut found: Vec<Occurrence> = Vec::new();
    for operation in operations_mut(document) {
        for parameter in operation.parameters.iter().flatten() {
            let RefOr::T(parameter) = parameter else { continue };
            match found.iter_mut().find(|occurrence| occurrence.parameter == *parameter) {
                Some(occurrence) => occurrence.operations += 1,
                None => {
                    found.push(Occurrence { parameter: parameter.clone(), tag: tag(operation), operations: 1 });
                }
            }
        }
    }
    found
}

fn tag(operation: &Operation) -> String {
    operation.tags.iter().flatten().next().cloned().unwrap_or_default()
}

/// Names the components: like the parameter, or with the tag in front if another parameter has the name. A parameter
/// without a free name stays where it is.
fn named(shared: impl Iterator<Item = Occurrence>) -> BTreeMap<String, Parameter> {
    let mut components = BTreeMap::new();
    for Occurrence { parameter, tag, .. } in shared {
        let (plain, specific) = (parameter.name.clone(), format!("{tag}_{}", parameter.name));
        let name = if components.contains_key(&plain) { specific } else { plain };
        if let Entry::Vacant(free) = components.entry(name) {
            free.insert(parameter);
        }
    }
    components
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    #[test]
    fn no_parameter_is_described_twice() {
        let document = serde_json::to_value(crate::http::openapi()).unwrap();
        let items = document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
        let parameters = items.flat_map(|operation| operation["parameters"].as_array().into_iter().flatten());
        let mut descriptions: BTreeMap<String, usize> = BTreeMap::new();
        let inline = parameters.filter(|parameter| parameter.get("$ref").is_none());
        inline.for_each(|parameter| *descriptions.entry(parameter.to_string()).or_default() += 1);
        assert!(!descriptions.is_empty());
        descriptions.retain(|_, times| *times > 1);
        assert_eq!(descriptions, BTreeMap::new());
        let shared = &document["components"]["parameters"];
        assert_eq!(shared["model"]["in"], "path");
        assert_eq!(shared["Prefer"]["in"], "header");
        assert!(shared.as_object().unwrap().values().all(Value::is_object));
    }
}
