//! Models that no pattern of a scope covers: whoever reaches them reaches further than their name says.
//!
//! In: a model's name. Out: whether a rule must name it. Must not know: scopes, credentials. Security requirement K-04;
//! wider than it where a model carries rights, runs code, keeps secrets, or speaks for records of other models.

use crate::names::ModelName;

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
