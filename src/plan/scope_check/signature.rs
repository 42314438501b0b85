//! The ORM's public methods: what each does to records, and what its arguments say.
//!
//! In: a method's name. Out: its [`Signature`]. Must not know: scopes, values. One table for Odoo 14..19 and their `web`
//! add-on: where versions differ, an argument has several names, or is read by its form. Places are those of `execute_kw`,
//! behind the ids.

use crate::plan::scope::Operation::{self, Create, Delete, Read, Update};

/// What an argument says, so how it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing of fields: numbers, switches, texts to look for.
    Plain,
    /// Only "no" can be checked.
    Unset,
    /// A domain.
    Domain,
    /// An order.
    Order,
    /// Names of fields to read; none for all.
    Fields,
    /// Names of fields.
    Names(Operation),
    /// Names of fields, or a specification.
    FieldsOrSpecification,
    /// What to read, nested: `{field: {fields: {…}}}`.
    Specification,
    /// What a form shows: a specification (17+), or `{"line_ids.name": "1"}`.
    FormFields,
    /// `name:agg`, `name:agg(field)`.
    Aggregates,
    /// `field`, `field:granularity`, `relation.field`.
    GroupBy,
    /// An order of groups.
    GroupOrder,
    /// A domain of aggregates.
    Having,
    /// `{field, colors, sum_field}`
    ProgressBar,
    /// The values of a new record.
    NewValues,
    /// The values of new records: an object or a list of them.
    ManyNewValues,
    /// Values for records.
    Values,
    /// A list of values, one for each record.
    ManyValues,
    /// The values of a form that is not saved.
    FormValues,
    /// Columns `a/b` to export.
    ExportColumns,
    /// Columns `a/b` to import.
    ImportColumns,
}

/// One method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature {
    /// Its name.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) operation: Operation,
    /// Whether its first argument is the list of ids.
    pub(super) of_records: bool,
    /// The arguments behind the ids, in order, each with its names.
    pub(super) arguments: &'static [(&'static [&'static str], Says)],
}

/// How a method is understood.
#[derive(Debug, Clone, Copy)]
pub(super) enum Understood {
    /// Its arguments can be checked.
    Known(&'static Signature),
    /// The ORM's, but what it touches cannot be told from its arguments.
    Unclear,
    /// None of the ORM's.
    Other,
}

/// Understands a method by its name.
pub(super) fn understand(method: &str) -> Understood {
    match SIGNATURES.iter().find(|signature| signature.name == method) {
        Some(signature) => Understood::Known(signature),
        None if UNCLEAR.contains(&method) || method.starts_with("search") || method.ends_with("read_group") => {
            Understood::Unclear
        }
        None => Understood::Other,
    }
}

/// Methods of the ORM and of `web` that hand out or take fields in ways of their own.
const UNCLEAR: [&str; 10] = [
    "copy_data",
    "copy_translations",
    "formatted_read_grouping_sets",
    "get_property_definition",
    "hierarchy_read",
    "import",
    "import_data",
    "qweb_render_view",
    "web_override_translations",
    "web_resequence",
];

type Arguments = &'static [(&'static [&'static str], Says)];

const fn of_model(name: &'static str, operation: Operation, arguments: Arguments) -> Signature {
    Signature { name, operation, of_records: false, arguments }
}

const fn of_records(name: &'static str, operation: Operation, arguments: Arguments) -> Signature {
    Signature { name, operation, of_records: true, arguments }
}

const DOMAIN: (&[&str], Says) = (&["domain", "args"], Says::Domain);
const OFFSET: (&[&str], Says) = (&["offset"], Says::Plain);
const LIMIT: (&[&str], Says) = (&["limit"], Says::Plain);
const ORDER: (&[&str], Says) = (&["order"], Says::Order);
const GROUP_ORDER: (&[&str], Says) = (&["orderby", "order"], Says::GroupOrder);
const COUNT: (&[&str], Says) = (&["count", "count_limit"], Says::Plain);
const FIELDS: (&[&str], Says) = (&["fields"], Says::Fields);
const LOAD: (&[&str], Says) = (&["load"], Says::Plain);
const LAZY: (&[&str], Says) = (&["lazy"], Says::Plain);
const OPERATOR: (&[&str], Says) = (&["operator"], Says::Plain);
const SPECIFICATION: (&[&str], Says) = (&["specification"], Says::Specification);
const VALUES: (&[&str], Says) = (&["vals", "values"], Says::Values);

static SIGNATURES: [Signature; 30] = [
    of_model("search", Read, &[DOMAIN, OFFSET, LIMIT, ORDER, COUNT]),
    of_model("search_count", Read, &[DOMAIN, LIMIT]),
    of_model("search_read", Read, &[DOMAIN, FIELDS, OFFSET, LIMIT, ORDER, LOAD]),
    of_model(
        "web_search_read",
        Read,
        &[DOMAIN, (&["specification", "fields"], Says::FieldsOrSpecification), OFFSET, LIMIT, ORDER, COUNT],
    ),
    of_model("name_search", Read, &[(&["name"], Says::Plain), DOMAIN, OPERATOR, LIMIT]),
    of_model("web_name_search", Read, &[(&["name"], Says::Plain), SPECIFICATION, DOMAIN, OPERATOR, LIMIT]),
    of_model("fields_get", Read, &[(&["allfields"], Says::Fields), (&["attributes"], Says::Plain)]),
    of_model("default_get", Read, &[(&["fields_list", "fields"], Says::Names(Read))]),
    of_records("read", Read, &[FIELDS, LOAD]),
    of_records("web_read", Read, &[SPECIFICATION]),
    of_records("name_get", Read, &[]),
    of_records("export_data", Read, &[(&["fields_to_export"], Says::ExportColumns), (&["raw_data"], Says::Plain)]),
    of_records("get_field_translations", Read, &[(&["field_name"], Says::Names(Read)), (&["langs"], Says::Plain)]),
    of_records(
        "onchange",
        Read,
        &[
            (&["values"], Says::FormValues),
            (&["field_names", "field_name"], Says::Names(Read)),
            (&["fields_spec", "field_onchange"], Says::FormFields),
        ],
    ),
    of_model(
        "read_group",
        Read,
        &[DOMAIN, (&["fields"], Says::Aggregates), (&["groupby"], Says::GroupBy), OFFSET, LIMIT, GROUP_ORDER, LAZY],
    ),
    of_model(
        "formatted_read_group",
        Read,
        &[
            DOMAIN,
            (&["groupby"], Says::GroupBy),
            (&["aggregates"], Says::Aggregates),
            (&["having"], Says::Having),
            OFFSET,
            LIMIT,
            GROUP_ORDER,
        ],
    ),
    // Until 18: fields, groupby; from 19 on: groupby, aggregates. So both are checked as the stricter of the two.
    of_model(
        "web_read_group",
        Read,
        &[
            DOMAIN,
            (&["groupby", "fields"], Says::GroupBy),
            (&["aggregates"], Says::GroupBy),
            LIMIT,
            OFFSET,
            GROUP_ORDER,
            LAZY,
            (&["expand"], Says::Unset),
            (&["expand_limit"], Says::Plain),
            (&["expand_orderby"], Says::Unset),
            (&["auto_unfold"], Says::Plain),
            (&["opening_info"], Says::Unset),
            (&["unfold_read_specification"], Says::Specification),
            (&["unfold_read_default_limit"], Says::Plain),
            (&["groupby_read_specification"], Says::Unset),
        ],
    ),
    of_model(
        "read_progress_bar",
        Read,
        &[DOMAIN, (&["group_by"], Says::GroupBy), (&["progress_bar"], Says::ProgressBar)],
    ),
    of_model("create", Create, &[(&["vals_list", "vals", "values"], Says::ManyNewValues)]),
    of_model("name_create", Create, &[(&["name"], Says::Plain)]),
    of_model("load", Create, &[(&["fields"], Says::ImportColumns), (&["data"], Says::Plain)]),
    of_records("copy", Create, &[(&["default"], Says::NewValues)]),
    of_records("write", Update, &[VALUES]),
    of_records("web_save", Update, &[VALUES, SPECIFICATION, (&["next_id"], Says::Plain)]),
    of_records("web_save_multi", Update, &[(&["vals_list"], Says::ManyValues), SPECIFICATION]),
    of_records(
        "update_field_translations",
        Update,
        &[(&["field_name"], Says::Names(Update)), (&["translations"], Says::Plain), (&["source_lang"], Says::Plain)],
    ),
    of_records("toggle_active", Update, &[]),
    of_records("action_archive", Update, &[]),
    of_records("action_unarchive", Update, &[]),
    of_records("unlink", Delete, &[]),
];
