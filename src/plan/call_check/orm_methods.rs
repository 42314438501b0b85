//! The public methods of the ORM: the operation of each, and what its arguments contain.
//!
//! In: a method's name. Out: its [`MethodSignature`]. Must not know: scopes, values. One table for Odoo 14-20 with the
//! `web` add-on. Where versions differ, an argument has several names, or its form decides; only `read_group` has two
//! signatures. Positions are those of `execute_kw`, after the ids.

use crate::plan::scope::Operation::{self, Create, Delete, Read, Update};
use crate::plan::version_number::VersionNumber;

/// What an argument contains, which decides how it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArgumentKind {
    /// No fields: numbers, flags, search strings.
    Plain,
    /// Cannot be checked: only an empty value is accepted.
    Uncheckable,
    /// A domain.
    Domain,
    /// An order.
    Order,
    /// Names of fields to read; an empty list means all.
    Fields,
    /// Names of fields.
    Names(Operation),
    /// Names of fields, or a specification.
    FieldsOrSpecification,
    /// A nested read: `{field: {fields: {…}}}`.
    Specification,
    /// The fields of a form: a specification (17+), or `{"line_ids.name": "1"}`.
    FormFields,
    /// `name:agg`, `name:agg(field)`.
    Aggregates,
    /// `field`, `field:granularity`, `relation.field`.
    GroupBy,
    /// An order of groups.
    GroupOrder,
    /// A domain over aggregates.
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

/// The signature of one method.
#[derive(Debug, Clone, Copy)]
pub(super) struct MethodSignature {
    /// Its name.
    pub(super) name: &'static str,
    /// The operation that it needs.
    pub(super) operation: Operation,
    /// Whether the first argument is the list of ids.
    pub(super) takes_ids: bool,
    /// The arguments after the ids, in order, each with its names.
    pub(super) arguments: &'static [(&'static [&'static str], ArgumentKind)],
}

/// How far calls of a method can be checked.
#[derive(Debug, Clone, Copy)]
pub(super) enum MethodSupport {
    /// The arguments can be checked.
    Checked(&'static MethodSignature),
    /// An ORM method whose arguments do not show which fields it touches.
    Uncheckable,
    /// Not an ORM method.
    Other,
}

/// Looks a method up by its name.
pub(super) fn method_support(method: &str) -> MethodSupport {
    match SIGNATURES.iter().find(|signature| signature.name == method) {
        Some(signature) => MethodSupport::Checked(signature),
        None if UNCHECKABLE.contains(&method) || method.starts_with("search") || method.ends_with("read_group") => {
            MethodSupport::Uncheckable
        }
        None => MethodSupport::Other,
    }
}

/// The signature of the method on this version of Odoo.
pub(super) fn on_version(signature: &'static MethodSignature, version: VersionNumber) -> &'static MethodSignature {
    if signature.name == READ_GROUP_OF_ODOO_20.name && version.is_at_least(NEW_READ_GROUP_SINCE) {
        &READ_GROUP_OF_ODOO_20
    } else {
        signature
    }
}

/// The first version whose `read_group` takes `groupby` and `aggregates`. Between 19.1 and 19.4 there is none.
pub(super) const NEW_READ_GROUP_SINCE: (u8, u8) = (20, 0);

/// Methods of the ORM and of `web` that read or write fields in ways that cannot be checked.
const UNCHECKABLE: [&str; 9] = [
    "copy_data",
    "copy_translations",
    "get_property_definition",
    "hierarchy_read",
    "import",
    "import_data",
    "qweb_render_view",
    "web_override_translations",
    "web_resequence",
];

type Arguments = &'static [(&'static [&'static str], ArgumentKind)];

const fn on_model(name: &'static str, operation: Operation, arguments: Arguments) -> MethodSignature {
    MethodSignature { name, operation, takes_ids: false, arguments }
}

const fn takes_ids(name: &'static str, operation: Operation, arguments: Arguments) -> MethodSignature {
    MethodSignature { name, operation, takes_ids: true, arguments }
}

const DOMAIN: (&[&str], ArgumentKind) = (&["domain", "args"], ArgumentKind::Domain);
const OFFSET: (&[&str], ArgumentKind) = (&["offset"], ArgumentKind::Plain);
const LIMIT: (&[&str], ArgumentKind) = (&["limit"], ArgumentKind::Plain);
const ORDER: (&[&str], ArgumentKind) = (&["order"], ArgumentKind::Order);
const GROUP_ORDER: (&[&str], ArgumentKind) = (&["orderby", "order"], ArgumentKind::GroupOrder);
const COUNT: (&[&str], ArgumentKind) = (&["count", "count_limit"], ArgumentKind::Plain);
const FIELDS: (&[&str], ArgumentKind) = (&["fields"], ArgumentKind::Fields);
const LOAD: (&[&str], ArgumentKind) = (&["load"], ArgumentKind::Plain);
const LAZY: (&[&str], ArgumentKind) = (&["lazy"], ArgumentKind::Plain);
const OPERATOR: (&[&str], ArgumentKind) = (&["operator"], ArgumentKind::Plain);
const SPECIFICATION: (&[&str], ArgumentKind) = (&["specification"], ArgumentKind::Specification);
const VALUES: (&[&str], ArgumentKind) = (&["vals", "values"], ArgumentKind::Values);

/// The arguments of `formatted_read_group`.
const FORMATTED_GROUPS: Arguments = &[
    DOMAIN,
    (&["groupby"], ArgumentKind::GroupBy),
    (&["aggregates"], ArgumentKind::Aggregates),
    (&["having"], ArgumentKind::Having),
    OFFSET,
    LIMIT,
    GROUP_ORDER,
];

/// Since Odoo 20 a method of its own under a known name: the positions and names of `formatted_read_group`.
static READ_GROUP_OF_ODOO_20: MethodSignature = on_model("read_group", Read, FORMATTED_GROUPS);

static SIGNATURES: [MethodSignature; 32] = [
    on_model("search", Read, &[DOMAIN, OFFSET, LIMIT, ORDER, COUNT]),
    on_model("search_count", Read, &[DOMAIN, LIMIT]),
    on_model("search_read", Read, &[DOMAIN, FIELDS, OFFSET, LIMIT, ORDER, LOAD]),
    on_model(
        "web_search_read",
        Read,
        &[DOMAIN, (&["specification", "fields"], ArgumentKind::FieldsOrSpecification), OFFSET, LIMIT, ORDER, COUNT],
    ),
    on_model("name_search", Read, &[(&["name"], ArgumentKind::Plain), DOMAIN, OPERATOR, LIMIT]),
    on_model("web_name_search", Read, &[(&["name"], ArgumentKind::Plain), SPECIFICATION, DOMAIN, OPERATOR, LIMIT]),
    on_model("fields_get", Read, &[(&["allfields"], ArgumentKind::Fields), (&["attributes"], ArgumentKind::Plain)]),
    on_model("default_get", Read, &[(&["fields_list", "fields"], ArgumentKind::Names(Read))]),
    takes_ids("read", Read, &[FIELDS, LOAD]),
    takes_ids("web_read", Read, &[SPECIFICATION]),
    takes_ids("name_get", Read, &[]),
    takes_ids(
        "export_data",
        Read,
        &[(&["fields_to_export"], ArgumentKind::ExportColumns), (&["raw_data"], ArgumentKind::Plain)],
    ),
    takes_ids(
        "get_field_translations",
        Read,
        &[(&["field_name"], ArgumentKind::Names(Read)), (&["langs"], ArgumentKind::Plain)],
    ),
    takes_ids(
        "onchange",
        Read,
        &[
            (&["values"], ArgumentKind::FormValues),
            (&["field_names", "field_name"], ArgumentKind::Names(Read)),
            (&["fields_spec", "field_onchange"], ArgumentKind::FormFields),
        ],
    ),
    on_model(
        "read_group",
        Read,
        &[
            DOMAIN,
            (&["fields"], ArgumentKind::Aggregates),
            (&["groupby"], ArgumentKind::GroupBy),
            OFFSET,
            LIMIT,
            GROUP_ORDER,
            LAZY,
        ],
    ),
    on_model("formatted_read_group", Read, FORMATTED_GROUPS),
    on_model(
        "formatted_read_grouping_sets",
        Read,
        &[
            DOMAIN,
            (&["grouping_sets"], ArgumentKind::GroupBy),
            (&["aggregates"], ArgumentKind::Aggregates),
            (&["order"], ArgumentKind::GroupOrder),
        ],
    ),
    // Until 18: fields, groupby; from 19 on: groupby, aggregates. Both are checked as the stricter of the two.
    on_model(
        "web_read_group",
        Read,
        &[
            DOMAIN,
            (&["groupby", "fields"], ArgumentKind::GroupBy),
            (&["aggregates"], ArgumentKind::GroupBy),
            LIMIT,
            OFFSET,
            GROUP_ORDER,
            LAZY,
            (&["expand"], ArgumentKind::Uncheckable),
            (&["expand_limit"], ArgumentKind::Plain),
            (&["expand_orderby"], ArgumentKind::Uncheckable),
            (&["auto_unfold"], ArgumentKind::Plain),
            (&["opening_info"], ArgumentKind::Uncheckable),
            (&["unfold_read_specification"], ArgumentKind::Specification),
            (&["unfold_read_default_limit"], ArgumentKind::Plain),
            (&["groupby_read_specification"], ArgumentKind::Uncheckable),
        ],
    ),
    on_model(
        "read_progress_bar",
        Read,
        &[DOMAIN, (&["group_by"], ArgumentKind::GroupBy), (&["progress_bar"], ArgumentKind::ProgressBar)],
    ),
    on_model("create", Create, &[(&["vals_list", "vals", "values"], ArgumentKind::ManyNewValues)]),
    on_model("name_create", Create, &[(&["name"], ArgumentKind::Plain)]),
    on_model("load", Create, &[(&["fields"], ArgumentKind::ImportColumns), (&["data"], ArgumentKind::Plain)]),
    takes_ids("copy", Create, &[(&["default"], ArgumentKind::NewValues)]),
    takes_ids("write", Update, &[VALUES]),
    takes_ids("web_save", Update, &[VALUES, SPECIFICATION, (&["next_id"], ArgumentKind::Plain)]),
    takes_ids("web_save_multi", Update, &[(&["vals_list"], ArgumentKind::ManyValues), SPECIFICATION]),
    takes_ids(
        "update_field_translations",
        Update,
        &[
            (&["field_name"], ArgumentKind::Names(Update)),
            (&["translations"], ArgumentKind::Plain),
            (&["source_lang"], ArgumentKind::Plain),
        ],
    ),
    takes_ids("toggle_active", Update, &[]),
    takes_ids("action_archive", Update, &[]),
    takes_ids("action_unarchive", Update, &[]),
    takes_ids("unlink", Delete, &[]),
    takes_ids("web_unlink", Delete, &[]),
];
