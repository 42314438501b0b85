//! From the security schemes of OpenAPI 3.0 to the security definitions of Swagger 2.0.
//!
//! In: schemes and requirements. Out: definitions and requirements. An OAuth 2 definition has one flow, so a scheme
//! with several flows becomes several definitions, and each requirement of it several alternatives. Must not know:
//! operations.

use serde_json::{Value, json};

use super::walk::{Object, Walk};

/// The flows of OAuth 2: in OpenAPI 3.0, in Swagger 2.0, and the suffix of the definition's name.
const FLOWS: [(&str, &str, &str); 4] = [
    ("authorizationCode", "accessCode", ""),
    ("clientCredentials", "application", "_application"),
    ("password", "password", "_password"),
    ("implicit", "implicit", "_implicit"),
];

/// The definitions of all schemes.
pub(super) fn definitions(schemes: &Object, walk: &mut Walk) -> Object {
    let mut definitions = Object::new();
    for (name, scheme) in schemes {
        let text = |member: &str| scheme.get(member).and_then(Value::as_str).unwrap_or_default();
        let definition = match (text("type"), text("scheme")) {
            ("http", "basic") => json!({"type": "basic"}),
            // Swagger 2.0 has no other HTTP schemes; the client writes the complete header.
            ("http", _) => json!({"type": "apiKey", "in": "header", "name": "Authorization"}),
            ("apiKey", _) => json!({"type": "apiKey", "in": text("in"), "name": text("name")}),
            ("oauth2", _) => {
                definitions.extend(oauth2(name, scheme));
                continue;
            }
            _ => {
                walk.inside(name, |walk| walk.report("type"));
                continue;
            }
        };
        definitions.insert(name.clone(), described(definition, &description(scheme)));
    }
    definitions
}

/// The description of a scheme, which for a bearer token includes the form of the header.
fn description(scheme: &Value) -> String {
    let description = scheme.get("description").and_then(Value::as_str).unwrap_or_default();
    let is_bearer = scheme.get("scheme").is_some_and(|name| name == "bearer");
    let form = if is_bearer { "The value of the header is `Bearer`, a space, and the token. " } else { "" };
    format!("{form}{description}")
}

fn described(mut definition: Value, description: &str) -> Value {
    if let (Value::Object(definition), false) = (&mut definition, description.is_empty()) {
        definition.insert("description".into(), description.into());
    }
    definition
}

/// One definition for each flow. A refresh URL has no equivalent; here it is always the token URL.
fn oauth2(name: &str, scheme: &Value) -> Vec<(String, Value)> {
    let definition = |(flow, flow_2_0, suffix): &(&str, &str, &str)| {
        let members = scheme.get("flows")?.get(flow)?;
        let mut definition = json!({"type": "oauth2", "flow": flow_2_0});
        if let Value::Object(definition) = &mut definition {
            let copied = ["authorizationUrl", "tokenUrl", "scopes"];
            definition
                .extend(copied.into_iter().filter_map(|name| Some((name.to_owned(), members.get(name)?.clone()))));
        }
        Some((format!("{name}{suffix}"), described(definition, &description(scheme))))
    };
    FLOWS.iter().filter_map(definition).collect()
}

/// Replaces requirements of OAuth 2 by one alternative for each flow. `schemes` are those of OpenAPI 3.0.
pub(super) fn replace_requirements(security: &mut Value, schemes: &Object) {
    let Value::Array(requirements) = security else { return };
    let alternatives = std::mem::take(requirements).into_iter().flat_map(|requirement| {
        let Value::Object(names) = requirement else { return vec![requirement] };
        let flows = names.iter().find_map(|(name, scopes)| {
            let flows = schemes.get(name)?.get("flows")?;
            let used = FLOWS.iter().filter(|(flow, ..)| flows.get(flow).is_some());
            Some(used.map(|(.., suffix)| (name.clone(), *suffix, scopes.clone())).collect::<Vec<_>>())
        });
        let Some(flows) = flows else { return vec![names.into()] };
        let alternative = |(name, suffix, scopes): (String, &str, Value)| {
            let other = names.iter().filter(|(other, _)| **other != name);
            let mut names: Object = other.map(|(name, scopes)| (name.clone(), scopes.clone())).collect();
            names.insert(format!("{name}{suffix}"), scopes);
            Value::Object(names)
        };
        flows.into_iter().map(alternative).collect()
    });
    *requirements = alternatives.collect();
}
