//! The parameters of the methods that every model has, for calls with named arguments.
//!
//! In: the name of a method, or the major version of a server. Out: [`MethodParameters`]. Must not know: how a call is
//! sent, what an argument contains. The names are those of Odoo 19; `named_call` converts where a version has others.

/// The parameters of a method, and what Odoo documents about it.
#[derive(Debug)]
pub struct MethodParameters {
    /// Its name.
    pub name: &'static str,
    /// The versions that have it.
    versions: (u8, u8),
    /// Whether it is called without ids.
    pub on_model: bool,
    /// The parameters in their order, without the ids, each with its default.
    pub parameters: &'static [(&'static str, ParameterDefault)],
    /// The type of the result in Python; empty if Odoo declares none.
    pub returns: &'static str,
}

/// The default of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterDefault {
    /// The argument is required.
    Required,
    /// `None`
    None,
    /// `()`
    EmptyTuple,
    /// `False`
    False,
    /// `True`
    True,
    /// An integer.
    Int(i64),
    /// A text.
    Text(&'static str),
    /// Not one parameter: all further named arguments.
    AnyName,
}

/// Every version that the gateway supports.
const ALL: (u8, u8) = (0, u8::MAX);
/// Since Odoo 16 and 17; until Odoo 15 and 18.
const SINCE_16: (u8, u8) = (16, u8::MAX);
const SINCE_17: (u8, u8) = (17, u8::MAX);
const UNTIL_15: (u8, u8) = (0, 15);
const UNTIL_18: (u8, u8) = (0, 18);
/// Not documented by any version.
const NEVER: (u8, u8) = (1, 0);

type Parameters = &'static [(&'static str, ParameterDefault)];

const fn on_model(
    name: &'static str,
    versions: (u8, u8),
    parameters: Parameters,
    returns: &'static str,
) -> MethodParameters {
    MethodParameters { name, versions, on_model: true, parameters, returns }
}

const fn on_records(
    name: &'static str,
    versions: (u8, u8),
    parameters: Parameters,
    returns: &'static str,
) -> MethodParameters {
    MethodParameters { name, versions, on_model: false, parameters, returns }
}

const fn required(name: &'static str) -> (&'static str, ParameterDefault) {
    (name, ParameterDefault::Required)
}

const DOMAIN: (&str, ParameterDefault) = ("domain", ParameterDefault::Required);
const ANY_DOMAIN: (&str, ParameterDefault) = ("domain", ParameterDefault::None);
const OFFSET: (&str, ParameterDefault) = ("offset", ParameterDefault::Int(0));
const LIMIT: (&str, ParameterDefault) = ("limit", ParameterDefault::None);
const ORDER: (&str, ParameterDefault) = ("order", ParameterDefault::None);
const FIELDS: (&str, ParameterDefault) = ("fields", ParameterDefault::None);
const SPECIFICATION: (&str, ParameterDefault) = ("specification", ParameterDefault::Required);

const GROUPING: Parameters = &[
    DOMAIN,
    ("groupby", ParameterDefault::EmptyTuple),
    ("aggregates", ParameterDefault::EmptyTuple),
    ("having", ParameterDefault::EmptyTuple),
    OFFSET,
    LIMIT,
    ORDER,
];

/// The methods that a client reads about in the document of a model.
static METHODS: [MethodParameters; 25] = [
    on_records("action_archive", ALL, &[], ""),
    on_records("action_unarchive", ALL, &[], ""),
    on_records("copy", ALL, &[("default", ParameterDefault::None)], "list[int]"),
    on_model("create", ALL, &[("vals_list", ParameterDefault::Required)], "list[int]"),
    on_model("default_get", ALL, &[("fields", ParameterDefault::Required)], "ValuesType"),
    on_records("export_data", ALL, &[("fields_to_export", ParameterDefault::Required)], ""),
    on_model(
        "fields_get",
        ALL,
        &[("allfields", ParameterDefault::None), ("attributes", ParameterDefault::None)],
        "dict[str, ValuesType]",
    ),
    on_model("formatted_read_group", ALL, GROUPING, "list[dict]"),
    on_records("get_external_id", ALL, &[], "dict[IdType, str]"),
    on_records("get_metadata", ALL, &[], "list[ValuesType]"),
    on_records("has_access", ALL, &[("operation", ParameterDefault::Required)], "bool"),
    on_model("load", ALL, &[("fields", ParameterDefault::Required), ("data", ParameterDefault::Required)], ""),
    on_model("name_create", ALL, &[("name", ParameterDefault::Required)], "tuple[int, str] | Literal[False]"),
    on_model(
        "name_search",
        ALL,
        &[
            ("name", ParameterDefault::Text("")),
            ANY_DOMAIN,
            ("operator", ParameterDefault::Text("ilike")),
            ("limit", ParameterDefault::Int(100)),
        ],
        "list[tuple[int, str]]",
    ),
    on_records("read", ALL, &[FIELDS, ("load", ParameterDefault::Text("_classic_read"))], "list[ValuesType]"),
    on_model(
        "read_group",
        UNTIL_18,
        &[
            DOMAIN,
            ("fields", ParameterDefault::Required),
            ("groupby", ParameterDefault::Required),
            OFFSET,
            LIMIT,
            ("orderby", ParameterDefault::False),
            ("lazy", ParameterDefault::True),
        ],
        "",
    ),
    on_model("search", ALL, &[DOMAIN, OFFSET, LIMIT, ORDER], "list[int]"),
    on_model("search_count", UNTIL_15, &[DOMAIN], "int"),
    on_model("search_count", SINCE_16, &[DOMAIN, LIMIT], "int"),
    on_model(
        "search_read",
        ALL,
        &[ANY_DOMAIN, FIELDS, OFFSET, LIMIT, ORDER, ("read_kwargs", ParameterDefault::AnyName)],
        "list[ValuesType]",
    ),
    on_records("unlink", ALL, &[], "Literal[True]"),
    on_records("web_read", SINCE_17, &[SPECIFICATION], "list[dict]"),
    on_records(
        "web_save",
        SINCE_17,
        &[("vals", ParameterDefault::Required), SPECIFICATION, ("next_id", ParameterDefault::None)],
        "list[dict]",
    ),
    on_model(
        "web_search_read",
        SINCE_17,
        &[DOMAIN, SPECIFICATION, OFFSET, LIMIT, ORDER, ("count_limit", ParameterDefault::None)],
        "",
    ),
    on_records("write", ALL, &[("vals", ParameterDefault::Required)], "Literal[True]"),
];

/// Methods that every model has from Odoo 19 on, but that are deprecated, or made for Odoo's web client.
static UNDOCUMENTED: [MethodParameters; 12] = [
    on_model("check_access_rights", NEVER, &[required("operation"), ("raise_exception", ParameterDefault::True)], ""),
    on_model(
        "formatted_read_grouping_sets",
        NEVER,
        &[DOMAIN, required("grouping_sets"), ("aggregates", ParameterDefault::EmptyTuple)],
        "",
    ),
    on_records("get_field_translations", NEVER, &[required("field_name"), ("langs", ParameterDefault::None)], ""),
    on_records("onchange", NEVER, &[required("values"), required("field_names"), required("fields_spec")], ""),
    on_model("read_progress_bar", NEVER, &[DOMAIN, required("group_by"), required("progress_bar")], ""),
    on_records("toggle_active", NEVER, &[], ""),
    on_records(
        "update_field_translations",
        NEVER,
        &[required("field_name"), required("translations"), ("source_lang", ParameterDefault::Text(""))],
        "",
    ),
    on_model(
        "web_name_search",
        NEVER,
        &[
            required("name"),
            SPECIFICATION,
            ANY_DOMAIN,
            ("operator", ParameterDefault::Text("ilike")),
            ("limit", ParameterDefault::Int(100)),
        ],
        "",
    ),
    on_model(
        "web_read_group",
        NEVER,
        &[DOMAIN, required("groupby"), ("aggregates", ParameterDefault::EmptyTuple), LIMIT, OFFSET, ORDER],
        "",
    ),
    on_records(
        "web_resequence",
        NEVER,
        &[SPECIFICATION, ("field_name", ParameterDefault::Text("sequence")), OFFSET],
        "",
    ),
    on_records("web_save_multi", NEVER, &[required("vals_list"), SPECIFICATION], ""),
    on_records("web_unlink", NEVER, &[], ""),
];

/// Odoo 20 has another method of the name that Odoo 19.1 removed.
static READ_GROUP_OF_ODOO_20: MethodParameters = on_model("read_group", NEVER, GROUPING, "");

/// The methods that a server of this major version documents, by name.
pub fn documented_methods(major: u8) -> impl Iterator<Item = &'static MethodParameters> {
    METHODS.iter().filter(move |method| (method.versions.0..=method.versions.1).contains(&major))
}

/// The parameters of a method on a server that has JSON-2, of this major version; `None` if not every model has it.
#[must_use]
pub fn parameters_of(method: &str, major: u8) -> Option<&'static MethodParameters> {
    if method == READ_GROUP_OF_ODOO_20.name && major >= 20 {
        return Some(&READ_GROUP_OF_ODOO_20);
    }
    METHODS.iter().chain(&UNDOCUMENTED).rfind(|known| known.name == method)
}

impl MethodParameters {
    /// The parameters that take one argument each, in their order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let takes_one = |(_, default): &&(&str, ParameterDefault)| *default != ParameterDefault::AnyName;
        self.parameters.iter().filter(takes_one).map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_parameters_of_a_method_are_found_whether_odoo_documents_it_or_not() {
        let on = |major, method: &str| parameters_of(method, major).map(|known| known.names().collect::<Vec<_>>());
        let names = |method: &str| on(19, method);
        assert_eq!(names("search_count"), Some(vec!["domain", "limit"]));
        assert_eq!(names("search_read"), Some(vec!["domain", "fields", "offset", "limit", "order"]));
        assert_eq!(names("check_access_rights"), Some(vec!["operation", "raise_exception"]));
        assert_eq!(names("action_confirm"), None);
        let grouping = |major| on(major, "read_group").unwrap().join(",");
        assert_eq!(grouping(19), "domain,fields,groupby,offset,limit,orderby,lazy");
        assert_eq!(grouping(20), "domain,groupby,aggregates,having,offset,limit,order");
        assert!(documented_methods(19).all(|method| method.name != "check_access_rights"));
    }

    #[test]
    fn an_undocumented_method_is_in_one_list_only() {
        for method in &UNDOCUMENTED {
            assert!(METHODS.iter().all(|documented| documented.name != method.name), "{}", method.name);
        }
    }
}
