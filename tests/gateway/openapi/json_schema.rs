//! Checks a value against a schema of the document: a small validator that rejects keywords it does not know.

use serde_json::Value;

/// Keywords that describe a value and do not restrict it.
const ANNOTATIONS: [&str; 10] = [
    "title",
    "description",
    "readOnly",
    "contentEncoding",
    "contentMediaType",
    "example",
    "default",
    "minItems",
    "maxItems",
    "pattern",
];

/// The violations of a schema, each with its place in the value.
pub(super) fn violations(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    for (keyword, expected) in schema.as_object().unwrap() {
        let is_valid = match keyword.as_str() {
            "$ref" => {
                let pointer = expected.as_str().unwrap().trim_start_matches('#');
                check(document, document.pointer(pointer).unwrap(), value, place, found);
                true
            }
            "anyOf" => {
                let accepts = |one: &Value| violations(document, one, value).is_empty();
                expected.as_array().unwrap().iter().any(accepts)
            }
            "type" => match expected {
                Value::Array(types) => types.iter().any(|one| has_type(value, one)),
                one => has_type(value, one),
            },
            "const" => value == expected,
            "enum" => expected.as_array().unwrap().contains(value),
            "format" => has_format(value, expected.as_str().unwrap()),
            "minimum" => value.is_null() || value.as_f64() >= expected.as_f64(),
            "required" => {
                let names = expected.as_array().unwrap().iter();
                names.filter_map(Value::as_str).all(|name| value.get(name).is_some())
            }
            "properties" => {
                for (name, member) in value.as_object().unwrap() {
                    match expected.get(name) {
                        Some(schema) => check(document, schema, member, &format!("{place}/{name}"), found),
                        None => found.push(format!("{place}/{name} is not described")),
                    }
                }
                true
            }
            "items" | "prefixItems" => {
                for (at, item) in value.as_array().unwrap().iter().enumerate() {
                    let schema = if keyword == "items" { Some(expected) } else { expected.get(at) };
                    schema.iter().for_each(|schema| check(document, schema, item, &format!("{place}/{at}"), found));
                }
                true
            }
            "additionalProperties" | "propertyNames" => value.is_object() || value.is_null(),
            known if ANNOTATIONS.contains(&known) || known.starts_with("x-") => true,
            unknown => panic!("the validator does not know {unknown}"),
        };
        if !is_valid {
            found.push(format!("{place}: {value} is not {keyword} {expected}"));
            return;
        }
    }
    let pattern = schema.get("pattern").and_then(Value::as_str).filter(|pattern| pattern.contains(r"\d{4}"));
    if let (Some(pattern), Some(text)) = (pattern, value.as_str())
        && !matches_digits(text, pattern)
    {
        found.push(format!("{place}: {text} does not match {pattern}"));
    }
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("the validator does not know the type {unknown}"),
    }
}

fn has_format(value: &Value, format: &str) -> bool {
    let pattern = match format {
        "date" => r"^\d{4}-\d{2}-\d{2}$",
        "date-time" => r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$",
        "int32" | "int64" => return value.is_i64() || value.is_null(),
        unknown => panic!("the validator does not know the format {unknown}"),
    };
    value.as_str().is_none_or(|text| matches_digits(text, pattern))
}

/// Whether a text has the form of a pattern of digits and literal characters.
fn matches_digits(text: &str, pattern: &str) -> bool {
    let form = pattern.trim_matches(['^', '$']).replace(r"\d{4}", "0000").replace(r"\d{2}", "00");
    text.replace(|character: char| character.is_ascii_digit(), "0") == form
}
