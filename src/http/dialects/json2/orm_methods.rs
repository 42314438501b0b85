//! The methods that every model has, with the arguments that JSON-2 takes.
//!
//! In: the major version of the server. Out: the member `methods` of a model's document, as Odoo 19 writes it. Must not
//! know: models, requests. The names are those of Odoo 19; where another version has other names, they are converted.

use crate::value::{Member, Value};

/// A method of every model.
struct DocumentedMethod {
    name: &'static str,
    /// The versions that have it.
    versions: (u8, u8),
    /// Whether it is called without ids.
    on_model: bool,
    /// The parameters, each with its default.
    parameters: &'static [(&'static str, DefaultValue)],
    /// The type of the result in Python; empty if Odoo declares none.
    returns: &'static str,
}

/// The default of a parameter.
#[derive(Clone, Copy)]
enum DefaultValue {
    /// The argument is required.
    Required,
    None,
    EmptyTuple,
    False,
    True,
    Int(i64),
    Text(&'static str),
    /// All further named arguments.
    AnyName,
}

/// Every version that the gateway supports.
const ALL: (u8, u8) = (0, u8::MAX);
/// Since Odoo 16, 17 and 19; until Odoo 18.
const SINCE_16: (u8, u8) = (16, u8::MAX);
const SINCE_17: (u8, u8) = (17, u8::MAX);
const SINCE_19: (u8, u8) = (19, u8::MAX);
const UNTIL_15: (u8, u8) = (0, 15);
const UNTIL_18: (u8, u8) = (0, 18);

type Parameters = &'static [(&'static str, DefaultValue)];

const fn on_model(
    name: &'static str,
    versions: (u8, u8),
    parameters: Parameters,
    returns: &'static str,
) -> DocumentedMethod {
    DocumentedMethod { name, versions, on_model: true, parameters, returns }
}

const fn on_records(
    name: &'static str,
    versions: (u8, u8),
    parameters: Parameters,
    returns: &'static str,
) -> DocumentedMethod {
    DocumentedMethod { name, versions, on_model: false, parameters, returns }
}

const DOMAIN: (&str, DefaultValue) = ("domain", DefaultValue::Required);
const ANY_DOMAIN: (&str, DefaultValue) = ("domain", DefaultValue::None);
const OFFSET: (&str, DefaultValue) = ("offset", DefaultValue::Int(0));
const LIMIT: (&str, DefaultValue) = ("limit", DefaultValue::None);
const ORDER: (&str, DefaultValue) = ("order", DefaultValue::None);
const FIELDS: (&str, DefaultValue) = ("fields", DefaultValue::None);
const SPECIFICATION: (&str, DefaultValue) = ("specification", DefaultValue::Required);

static METHODS: [DocumentedMethod; 25] = [
    on_records("action_archive", ALL, &[], ""),
    on_records("action_unarchive", ALL, &[], ""),
    on_records("copy", ALL, &[("default", DefaultValue::None)], "list[int]"),
    on_model("create", ALL, &[("vals_list", DefaultValue::Required)], "list[int]"),
    on_model("default_get", ALL, &[("fields", DefaultValue::Required)], "ValuesType"),
    on_records("export_data", ALL, &[("fields_to_export", DefaultValue::Required)], ""),
    on_model(
        "fields_get",
        ALL,
        &[("allfields", DefaultValue::None), ("attributes", DefaultValue::None)],
        "dict[str, ValuesType]",
    ),
    on_model(
        "formatted_read_group",
        SINCE_19,
        &[
            DOMAIN,
            ("groupby", DefaultValue::EmptyTuple),
            ("aggregates", DefaultValue::EmptyTuple),
            ("having", DefaultValue::EmptyTuple),
            OFFSET,
            LIMIT,
            ORDER,
        ],
        "list[dict]",
    ),
    on_records("get_external_id", ALL, &[], "dict[IdType, str]"),
    on_records("get_metadata", ALL, &[], "list[ValuesType]"),
    on_records("has_access", ALL, &[("operation", DefaultValue::Required)], "bool"),
    on_model("load", ALL, &[("fields", DefaultValue::Required), ("data", DefaultValue::Required)], ""),
    on_model("name_create", ALL, &[("name", DefaultValue::Required)], "tuple[int, str] | Literal[False]"),
    on_model(
        "name_search",
        ALL,
        &[
            ("name", DefaultValue::Text("")),
            ANY_DOMAIN,
            ("operator", DefaultValue::Text("ilike")),
            ("limit", DefaultValue::Int(100)),
        ],
        "list[tuple[int, str]]",
    ),
    on_records("read", ALL, &[FIELDS, ("load", DefaultValue::Text("_classic_read"))], "list[ValuesType]"),
    on_model(
        "read_group",
        UNTIL_18,
        &[
            DOMAIN,
            ("fields", DefaultValue::Required),
            ("groupby", DefaultValue::Required),
            OFFSET,
            LIMIT,
            ("orderby", DefaultValue::False),
            ("lazy", DefaultValue::True),
        ],
        "",
    ),
    on_model("search", ALL, &[DOMAIN, OFFSET, LIMIT, ORDER], "list[int]"),
    on_model("search_count", UNTIL_15, &[DOMAIN], "int"),
    on_model("search_count", SINCE_16, &[DOMAIN, LIMIT], "int"),
    on_model(
        "search_read",
        ALL,
        &[ANY_DOMAIN, FIELDS, OFFSET, LIMIT, ORDER, ("read_kwargs", DefaultValue::AnyName)],
        "list[ValuesType]",
    ),
    on_records("unlink", ALL, &[], "Literal[True]"),
    on_records("web_read", SINCE_17, &[SPECIFICATION], "list[dict]"),
    on_records(
        "web_save",
        SINCE_17,
        &[("vals", DefaultValue::Required), SPECIFICATION, ("next_id", DefaultValue::None)],
        "list[dict]",
    ),
    on_model(
        "web_search_read",
        SINCE_17,
        &[DOMAIN, SPECIFICATION, OFFSET, LIMIT, ORDER, ("count_limit", DefaultValue::None)],
        "",
    ),
    on_records("write", ALL, &[("vals", DefaultValue::Required)], "Literal[True]"),
];

fn methods_of(major: u8) -> impl Iterator<Item = &'static DocumentedMethod> {
    METHODS.iter().filter(move |method| (method.versions.0..=method.versions.1).contains(&major))
}

/// The names of the methods.
pub(super) fn names(major: u8) -> Value<'static> {
    methods_of(major).map(|method| Value::from(method.name)).collect()
}

/// The methods by name.
pub(super) fn by_name(major: u8) -> Value<'static> {
    Value::Map(methods_of(major).map(|method| (method.name.into(), method.describe())).collect())
}

impl DocumentedMethod {
    fn describe(&self) -> Value<'static> {
        let parameters = self.parameters.iter().map(|(name, default)| ((*name).into(), default.describe())).collect();
        let mut members: Vec<Member<'static>> =
            vec![("signature".into(), self.signature().into()), ("parameters".into(), Value::Map(parameters))];
        if !self.returns.is_empty() {
            members.push(("return".into(), Value::Map(vec![("annotation".into(), self.returns.into())])));
        }
        if self.on_model {
            members.push(("api".into(), Value::List(vec!["model".into()])));
        }
        members.push(("model".into(), "core".into()));
        members.push(("module".into(), "core".into()));
        Value::Map(members)
    }

    /// `(domain, offset=0, limit=None, order=None) -> list[int]`
    fn signature(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(|(name, default)| default.written(name)).collect();
        let parameters = parameters.join(", ");
        if self.returns.is_empty() { format!("({parameters})") } else { format!("({parameters}) -> {}", self.returns) }
    }
}

impl DefaultValue {
    /// The parameter in a signature of Python.
    fn written(self, name: &str) -> String {
        match self {
            Self::Required | Self::AnyName => name.to_owned(),
            Self::None => format!("{name}=None"),
            Self::EmptyTuple => format!("{name}=()"),
            Self::False => format!("{name}=False"),
            Self::True => format!("{name}=True"),
            Self::Int(number) => format!("{name}={number}"),
            Self::Text(text) => format!("{name}='{text}'"),
        }
    }

    fn describe(self) -> Value<'static> {
        let default = match self {
            Self::Required => return Value::Map(Vec::new()),
            Self::AnyName => return Value::Map(vec![("kind".into(), "VAR_KEYWORD".into())]),
            Self::None => Value::Null,
            Self::EmptyTuple => Value::List(Vec::new()),
            Self::False => Value::Bool(false),
            Self::True => Value::Bool(true),
            Self::Int(number) => Value::Int(number),
            Self::Text(text) => text.into(),
        };
        Value::Map(vec![("default".into(), default)])
    }
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
        for (name, majors) in [("web_read", 17..=19), ("read_group", 14..=18), ("formatted_read_group", 19..=19)] {
            let having: Vec<u8> = (14..=19).filter(|major| !method(*major, name).is_null()).collect();
            assert_eq!(having, majors.collect::<Vec<u8>>(), "{name}");
        }
        for major in 14..=19 {
            let listed: Vec<_> = methods_of(major).map(|method| method.name).collect();
            assert!(listed.is_sorted() && listed.windows(2).all(|pair| pair[0] != pair[1]), "{major}: {listed:?}");
        }
    }
}
