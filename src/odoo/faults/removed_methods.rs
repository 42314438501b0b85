//! What replaces the methods and models that Odoo removed.
//!
//! In: a model that Odoo does not have, or a method that a model does not have. Out: a hint for the client, if Odoo had
//! it before. Must not know: which version removed it, whether the gateway serves it nevertheless.

/// The parameters of the system.
const PARAMETERS: &str = "ir.config_parameter";

/// A method, the only model that had it, and what to call instead.
type Removed = (&'static str, Option<&'static str>, &'static str);

const REMOVED: &[Removed] = &[
    ("check_access_rights", None, "`has_access` without ids"),
    ("check_access_rule", None, "`has_access` with ids"),
    ("fields_view_get", None, "`get_view`"),
    ("get_param", Some(PARAMETERS), "`get_str`, `get_bool`, `get_int`, or `get_float`"),
    ("get_wkhtmltopdf_state", Some("ir.actions.report"), "`get_pdf_engine_state`"),
    ("load_views", None, "`get_views`"),
    ("name_get", None, "`read` with the field `display_name`"),
    ("read_group", None, "`formatted_read_group` with `groupby` and `aggregates`"),
    ("set_param", Some(PARAMETERS), "`set_str`, `set_bool`, `set_int`, or `set_float`"),
    ("toggle_active", None, "`action_archive` or `action_unarchive`"),
];

/// Odoo 19.4 and 19.2 removed these models.
const REMOVED_MODELS: &[(&str, &str)] = &[
    ("ir.model.access", "`ir.access`, which also contains the domains of `ir.rule`,"),
    ("ir.rule", "`ir.access`, which also contains the rights of `ir.model.access`,"),
    ("res.bank", "the fields `bank_name` and `bank_bic` of `res.partner.bank`"),
];

/// The hint for a call of a model that this version of Odoo no longer has.
pub(super) fn successor_of_model(model: &str) -> Option<String> {
    let (_, instead) = REMOVED_MODELS.iter().find(|(name, _)| *name == model)?;
    Some(format!("This version of Odoo has {instead} instead."))
}

/// The hint for a call of a method that this version of Odoo no longer has.
pub(super) fn successor(model: &str, method: &str) -> Option<String> {
    let is_called = |(name, only, _): &&Removed| *name == method && only.is_none_or(|only| only == model);
    let (_, _, instead) = REMOVED.iter().find(is_called)?;
    Some(format!("This version of Odoo has {instead} instead."))
}
