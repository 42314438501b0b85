//! `onchange` of Odoo 17 and later on older servers.
//!
//! In: the named arguments of a call; a result. Out: the positional arguments that Odoo 14-16 takes; the result in the
//! newer form. Must not know: scopes, how a call is sent.
//!
//! ```text
//! fields_spec {"a": {}, "lines": {"fields": {"b": {}}}}   field_onchange {"a": "1", "lines": "1", "lines.b": "1"}
//! a many2one  7, or {"id": 7, "display_name": "x"}        [7, "x"]
//! ```
//!
//! Of the record behind a many2one, older servers return only the name. A call with the argument names of Odoo 14-16 is
//! not converted.

use super::error::missing_argument;
use crate::error::Problem;
use crate::value::{Member, Value};

/// The version from which on `onchange` takes a specification.
pub(super) const SINCE: u8 = 17;
/// The arguments that only the older method has.
const OLDER_NAMES: [&str; 2] = ["field_name", "field_onchange"];
/// How deep a specification is nested at most. Deeper ones are not converted.
const MAX_DEPTH: usize = 8;

/// The fields of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct FormFields(Value<'static>);

impl FormFields {
    /// The fields that a call names; `None` if it is one of the older method.
    #[must_use]
    pub fn from_arguments(arguments: &[Member<'static>]) -> Option<Self> {
        if arguments.iter().any(|(name, _)| OLDER_NAMES.contains(&name.as_ref())) {
            return None;
        }
        let given = arguments.iter().find(|(name, _)| name == "fields_spec").map(|(_, fields)| fields);
        Some(Self(given.cloned().unwrap_or_default()))
    }

    /// The arguments of `onchange` before Odoo 17, after the ids.
    ///
    /// # Errors
    /// 400 for a missing argument.
    pub(super) fn to_older(&self, arguments: &[Member<'static>]) -> Result<Vec<Value<'static>>, Problem> {
        let given = |name: &str| {
            let found = arguments.iter().find(|(key, _)| key == name).map(|(_, value)| value);
            found.cloned().ok_or_else(|| missing_argument(name))
        };
        let (values, names) = (given("values")?, given("field_names")?);
        let fields = match given("fields_spec")? {
            Value::Map(fields) => {
                let mut names = Vec::new();
                collect_names("", &fields, &mut names);
                Value::Map(names.into_iter().map(|name| (name.into(), "1".into())).collect())
            }
            other => other,
        };
        Ok(vec![values, names, fields])
    }

    /// A result in the newer form. One that has it already is returned unchanged.
    #[must_use]
    pub fn restore<'v>(&self, result: Value<'v>) -> Value<'v> {
        let Value::Map(members) = result else { return result };
        let restore = |(name, value): Member<'v>| match (name.as_ref(), value) {
            ("value", Value::Map(values)) => (name, Value::Map(restore_values(values, &self.0))),
            (_, value) => (name, value),
        };
        Value::Map(members.into_iter().map(restore).collect())
    }
}

/// The names of fields, and of fields of their lines after a dot.
fn collect_names(prefix: &str, fields: &[Member<'_>], names: &mut Vec<String>) {
    if prefix.matches('.').count() >= MAX_DEPTH {
        return;
    }
    for (name, block) in fields {
        let path = format!("{prefix}{name}");
        if let Some(Value::Map(nested)) = block.get("fields") {
            collect_names(&format!("{path}."), nested, names);
        }
        names.push(path);
    }
}

fn restore_values<'v>(values: Vec<Member<'v>>, fields: &Value<'_>) -> Vec<Member<'v>> {
    let restore = |(name, value): Member<'v>| {
        let nested = fields.get(&name).and_then(|block| block.get("fields"));
        (name, restore_value(value, nested))
    };
    values.into_iter().map(restore).collect()
}

/// A pair is a many2one, a list of lists is a list of commands.
fn restore_value<'v>(value: Value<'v>, nested: Option<&Value<'_>>) -> Value<'v> {
    let Value::List(items) = value else { return value };
    if let [id @ Value::Int(_), name @ Value::Text(_)] = items.as_slice() {
        return match nested {
            None => id.clone(),
            Some(_) => Value::Map(vec![("id".into(), id.clone()), ("display_name".into(), name.clone())]),
        };
    }
    Value::List(items.into_iter().map(|command| restore_command(command, nested)).collect())
}

/// `[0, virtual id, values]`, `[1, id, values]`; the others contain no values.
fn restore_command<'v>(command: Value<'v>, nested: Option<&Value<'_>>) -> Value<'v> {
    let Value::List(mut parts) = command else { return command };
    if let (Some(values), Some(nested)) = (parts.get_mut(2), nested) {
        *values = match std::mem::take(values) {
            Value::Map(members) => Value::Map(restore_values(members, nested)),
            other => other,
        };
    }
    Value::List(parts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::language::literal::{Limits, parse_json};

    fn tree(value: &serde_json::Value) -> Value<'static> {
        parse_json(&value.to_string(), Limits::trusted()).unwrap().into_owned()
    }

    fn arguments() -> Vec<Member<'static>> {
        let arguments = json!({"values": {"name": "x"}, "field_names": ["name"], "fields_spec": {
            "name": {}, "user_id": {}, "country_id": {"fields": {"display_name": {}}},
            "child_ids": {"fields": {"name": {}, "country_id": {"fields": {}}}},
        }});
        tree(&arguments).as_map().unwrap().to_vec()
    }

    #[test]
    fn a_specification_becomes_a_list_of_paths() {
        let arguments = arguments();
        let older = FormFields::from_arguments(&arguments).unwrap().to_older(&arguments).unwrap();
        let names = [
            "name",
            "user_id",
            "country_id.display_name",
            "country_id",
            "child_ids.name",
            "child_ids.country_id",
            "child_ids",
        ];
        let fields: serde_json::Map<String, serde_json::Value> =
            names.into_iter().map(|name| (name.to_owned(), json!("1"))).collect();
        assert_eq!(serde_json::to_value(Value::List(older)).unwrap(), json!([{"name": "x"}, ["name"], fields]));
        let missing = FormFields::from_arguments(&[]).unwrap().to_older(&[]).unwrap_err();
        assert_eq!(missing.detail, "missing a required argument: 'values'");
    }

    #[test]
    fn relations_are_returned_as_in_odoo_17() {
        let line = |country: serde_json::Value| json!({"name": "y", "country_id": country});
        let result = |user: serde_json::Value, country: &serde_json::Value| {
            let children = json!([[5], [0, 0, line(country.clone())], [1, 9, line(json!(false))], [4, 8]]);
            let values = json!({"name": "x", "user_id": user, "country_id": country, "child_ids": children});
            json!({"value": values, "warning": {}})
        };
        let fields = FormFields::from_arguments(&arguments()).unwrap();
        let newer = result(json!(2), &json!({"id": 75, "display_name": "France"}));
        let restored = fields.restore(tree(&result(json!([2, "Ada"]), &json!([75, "France"]))));
        assert_eq!(serde_json::to_value(restored).unwrap(), newer);
        assert_eq!(serde_json::to_value(fields.restore(tree(&newer))).unwrap(), newer, "unchanged");
        assert_eq!(fields.restore(Value::Bool(false)), Value::Bool(false));
    }
}
