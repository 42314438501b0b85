//! Which methods of a model may be called from outside, and which of them only read.
//!
//! In: a method's name. Out: its [`Effect`], or the refusal. Must not know: models, who calls. Odoo 14 blocks only
//! names that start with `_` and `init`; 19 blocks most of the ORM's plumbing: here both are blocked on all (contract 0.2).

use super::call::Effect;
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::MethodName;

/// Plumbing of the ORM: it changes who calls or where, or answers what cannot be sent; all that 19 itself keeps private.
const PLUMBING: [&str; 22] = [
    "sudo",
    "env",
    "init",
    "new",
    "browse",
    "exists",
    "mapped",
    "filtered",
    "filtered_domain",
    "sorted",
    "grouped",
    "concat",
    "union",
    "modified",
    "recompute",
    "search_fetch",
    "fetch",
    "update",
    "ensure_one",
    "check_access",
    "lock_for_update",
    "try_lock_for_update",
];

/// Families of plumbing: `with_user`, `flush_model`, `invalidate_cache`, …
const PLUMBING_PREFIXES: [&str; 3] = ["with_", "flush", "invalidate"];

/// Methods that leave nothing behind on any Odoo 14..19, so that a call may be repeated. `export_data` is not
/// among them: asked for `id` it creates external ids.
const READERS: [&str; 20] = [
    "check_access_rights",
    "default_get",
    "fields_get",
    "fields_view_get",
    "formatted_read_group",
    "get_metadata",
    "get_view",
    "get_views",
    "has_access",
    "load_views",
    "name_get",
    "name_search",
    "read",
    "read_group",
    "search",
    "search_count",
    "search_read",
    "web_read",
    "web_read_group",
    "web_search_read",
];

/// Judges a method's name.
///
/// # Errors
/// 403 `private_method`; Odoo is never asked.
pub(super) fn judge(method: &MethodName) -> Result<Effect, Problem> {
    let name = method.as_str();
    let private = name.starts_with('_')
        || PLUMBING.contains(&name)
        || PLUMBING_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if private {
        return Err(Problem::new(
            Code::PrivateMethod,
            format!("The method {name} is private to Odoo and cannot be called."),
        ));
    }
    Ok(if READERS.contains(&name) { Effect::Read } else { Effect::Write })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(name: &str) -> Option<Effect> {
        judge(&MethodName::parse(name).unwrap()).ok()
    }

    #[test]
    fn plumbing_is_refused_whatever_the_version() {
        for name in [
            "_search",
            "__init__",
            "sudo",
            "with_user",
            "with_context",
            "init",
            "browse",
            "flush",
            "flush_model",
            "invalidate_recordset",
            "mapped",
            "filtered_domain",
            "new",
            "env",
            "exists",
            "search_fetch",
            "fetch",
            "update",
        ] {
            assert_eq!(verdict(name), None, "{name}");
        }
    }

    #[test]
    fn what_only_reads_may_be_repeated_and_nothing_else() {
        assert_eq!(verdict("search_read"), Some(Effect::Read));
        for name in ["write", "unlink", "create", "export_data", "action_confirm", "withdraw", "newest", "message_post"]
        {
            assert_eq!(verdict(name), Some(Effect::Write), "{name}");
        }
    }
}
