//! Models that no pattern of a scope covers, and methods that must be listed: they reach further than their name says.
//!
//! In: a name. Out: whether a rule must say it. Must not know: scopes, credentials. Security requirement K-04;
//! wider than it where a model carries rights, runs code, keeps secrets, or speaks for records of other models.

use crate::names::{MethodName, ModelName};

/// Beginnings of names, each with what makes it administrative.
const ADMINISTRATIVE: [&str; 21] = [
    // Models, rules, actions, jobs, parameters, attachments, sequences: the machine room.
    "ir.",
    // Users, groups and what hangs on them.
    "res.users",
    "res.groups",
    "res.config",
    "change.password.",
    "portal.wizard",
    // Modules, automation, merging, importing.
    "base.",
    "base_import",
    // Ways to sign in, and keys of other services.
    "auth.",
    "auth_",
    "google.",
    "microsoft.",
    "iap",
    "payment.",
    // Mail: templates run code, messages and activities speak for records of any model, servers keep passwords.
    "mail.",
    "mailing.",
    "fetchmail.",
    "sms.",
    "bus.",
    "discuss.",
    "rating.",
];

/// Whether only a rule that names the model covers it.
pub(super) fn is_administrative(model: &ModelName) -> bool {
    ADMINISTRATIVE.iter().any(|beginning| model.as_str().starts_with(beginning))
}

/// Methods that every model with messages has, and that render a template, which may read what no rule names, or take
/// in a whole mail.
const ADMINISTRATIVE_METHODS: [&str; 8] = [
    "message_mail_with_source",
    "message_mail_with_view",
    "message_post_with_source",
    "message_post_with_template",
    "message_post_with_view",
    "message_process",
    "message_route",
    "message_new",
];

/// Whether only a rule that lists the method covers it.
pub(super) fn is_administrative_method(method: &MethodName) -> bool {
    ADMINISTRATIVE_METHODS.contains(&method.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_code_secrets_and_records_that_speak_for_others_are_administrative() {
        for (name, expected) in [
            ("ir.model.access", true),
            ("ir.actions.server", true),
            ("ir.config_parameter", true),
            ("res.users", true),
            ("res.users.apikeys", true),
            ("res.groups", true),
            ("base.module.upgrade", true),
            ("base_import.import", true),
            ("auth_totp.device", true),
            ("auth.oauth.provider", true),
            ("mail.template", true),
            ("mail.message", true),
            ("payment.provider", true),
            ("res.partner", false),
            ("res.company", false),
            ("sale.order", false),
            ("account.payment", false),
            ("irrigation.plan", false),
        ] {
            assert_eq!(is_administrative(&ModelName::parse(name).unwrap()), expected, "{name}");
        }
    }
}
