//! Which methods of a model may be called, and which of them only read.
//!
//! In: a method's name. Out: its [`Effect`], or the rejection. Must not know: models, who calls. Odoo 14 blocks only
//! names that start with `_` and `init`; 19 blocks most internal methods of the ORM. The gateway blocks both sets on
//! every version.

use super::call::Effect;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::MethodName;

/// Internal methods of the ORM: they change the user or the environment, or return objects that cannot be sent;
/// includes all methods that Odoo 19 itself marks as private.
const PRIVATE_METHODS: [&str; 22] = [
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

/// Prefixes of internal methods: `with_user`, `flush_model`, `invalidate_cache`, …
const PRIVATE_PREFIXES: [&str; 3] = ["with_", "flush", "invalidate"];

/// Methods that change nothing on any Odoo 14-19, so that a call may be repeated. `export_data` is not one of them:
/// reading `id` creates external ids.
const READ_ONLY_METHODS: [&str; 21] = [
    "check_access_rights",
    "default_get",
    "fields_get",
    "fields_view_get",
    "formatted_read_group",
    "formatted_read_grouping_sets",
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

/// Classifies a method by its name.
///
/// # Errors
/// 403 `private_method`, without a call to Odoo.
pub(super) fn classify(method: &MethodName) -> Result<Effect, Problem> {
    let name = method.as_str();
    let private = name.starts_with('_')
        || PRIVATE_METHODS.contains(&name)
        || PRIVATE_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if private {
        return Err(Problem::new(
            ErrorCode::PrivateMethod,
            format!("The method {name} is private to Odoo and cannot be called."),
        ));
    }
    Ok(if READ_ONLY_METHODS.contains(&name) { Effect::Read } else { Effect::Write })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(name: &str) -> Option<Effect> {
        classify(&MethodName::parse(name).unwrap()).ok()
    }

    #[test]
    fn internal_methods_are_rejected_on_every_version() {
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
            assert_eq!(effect(name), None, "{name}");
        }
    }

    #[test]
    fn only_methods_that_are_known_to_read_count_as_reads() {
        assert_eq!(effect("search_read"), Some(Effect::Read));
        for name in ["write", "unlink", "create", "export_data", "action_confirm", "withdraw", "newest", "message_post"]
        {
            assert_eq!(effect(name), Some(Effect::Write), "{name}");
        }
    }
}
