//! Models that no pattern of a scope matches, and methods that must be listed: they give access to more than their
//! name suggests.
//!
//! In: a name. Out: whether a rule must name it. Must not know: scopes, credentials. Requirement K-04 in
//! docs/security.md, extended by models that grant rights, run code, store secrets, or hold records that belong to
//! other models.

use crate::names::{MethodName, ModelName};

/// Prefixes of model names, with the reason why they are administrative.
const ADMINISTRATIVE: [&str; 37] = [
    // Models, rules, actions, jobs, parameters, attachments, sequences: Odoo's internals.
    "ir.",
    // Users, groups and their settings.
    "res.users",
    "res.groups",
    "res.config",
    "res.device",
    "res.session",
    "change.password.",
    // Access without a password: signed links.
    "portal.",
    // Modules, automation, merging, importing.
    "base.",
    "base_import",
    // Authentication, and keys of other services.
    "auth.",
    "auth_",
    "google.",
    "microsoft.",
    "iap",
    "payment.",
    // Mail: templates run code, messages and activities belong to records of any model, servers store passwords.
    "mail.",
    "mailing.",
    "fetchmail.",
    "sms.",
    "snailmail.",
    "whatsapp.",
    "digest.",
    "bus.",
    "discuss.",
    "rating.",
    // Searches the records of every model.
    "privacy.",
    // Wizards and campaigns that render a template written by the caller (models that inherit `mail.render.mixin`,
    // 14-19).
    "account.move.send",
    "applicant.get.refuse.reason",
    "applicant.send.mail",
    "calendar.popover.delete.wizard",
    "card.campaign",
    "crm.lead.forward.to.partner",
    "fleet.vehicle.send.mail",
    "sale.order.cancel",
    "slide.channel.invite",
    "survey.invite",
];

/// Whether only a rule that names the model allows it.
pub(super) fn is_administrative(model: &ModelName) -> bool {
    ADMINISTRATIVE.iter().any(|beginning| model.as_str().starts_with(beginning))
}

/// Methods that render a template, which can read any field, or process a complete mail; and methods that return or
/// create a link with which anyone can act on the record, under names that do not show it.
const ADMINISTRATIVE_METHODS: [&str; 23] = [
    "action_customer_preview",
    "action_end_session",
    "action_open_session_manager",
    "action_preview_sale_order",
    "action_print_answers",
    "action_print_survey",
    "action_start_survey",
    "action_test_survey",
    "activity_send_mail",
    "get_access_action",
    "get_discuss_videocall_location",
    "get_return_label",
    "message_mail_with_source",
    "message_mail_with_view",
    "message_new",
    "message_post_with_source",
    "message_post_with_template",
    "message_post_with_view",
    "message_process",
    "message_route",
    "preview_invoice",
    "preview_sale_order",
    "rating_apply",
];

/// Words in the name of methods that create or return a secret: `signup_prepare`, `generate_access_token`.
const ADMINISTRATIVE_WORDS: [&str; 10] =
    ["credentials", "passwd", "password", "portal", "secret", "share", "sharing", "signup", "token", "tokens"];

/// Methods of one model that create and revoke secrets under names that other models use, too: API keys, since Odoo
/// 19.1.
const ADMINISTRATIVE_METHODS_OF_MODELS: [(&str, &str); 2] =
    [("res.users.apikeys", "generate"), ("res.users.apikeys", "revoke")];

/// Whether only a rule that lists the method allows it.
pub(super) fn is_administrative_method(model: &ModelName, method: &MethodName) -> bool {
    let name = method.as_str();
    ADMINISTRATIVE_METHODS.contains(&name)
        || ADMINISTRATIVE_METHODS_OF_MODELS.contains(&(model.as_str(), name))
        || name.ends_with("_url")
        || name.split('_').any(|word| ADMINISTRATIVE_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_with_rights_code_secrets_or_foreign_records_are_administrative() {
        for (name, expected) in [
            ("ir.model.access", true),
            ("ir.access", true),
            ("ir.actions.server", true),
            ("ir.config_parameter", true),
            ("res.users", true),
            ("res.users.apikeys", true),
            ("res.session", true),
            ("res.device.log", true),
            ("res.groups", true),
            ("base.module.upgrade", true),
            ("base_import.import", true),
            ("auth_totp.device", true),
            ("auth.oauth.provider", true),
            ("mail.template", true),
            ("mail.message", true),
            ("payment.provider", true),
            ("portal.share", true),
            ("account.move.send.wizard", true),
            ("res.partner", false),
            ("res.company", false),
            ("sale.order", false),
            ("account.move", false),
            ("account.payment", false),
            ("irrigation.plan", false),
        ] {
            assert_eq!(is_administrative(&ModelName::parse(name).unwrap()), expected, "{name}");
        }
    }

    #[test]
    fn methods_that_render_templates_or_return_signed_links_are_administrative() {
        let orders = ModelName::from_static("sale.order");
        for (name, expected) in [
            ("message_post_with_template", true),
            ("signup_prepare", true),
            ("signup_get_auth_param", true),
            ("get_portal_url", true),
            ("get_access_action", true),
            ("generate_access_token", true),
            ("rating_get_access_token", true),
            ("action_share", true),
            ("preview_invoice", true),
            ("get_start_short_url", true),
            ("action_confirm", false),
            ("button_validate", false),
            ("message_post", false),
        ] {
            let is_administrative = is_administrative_method(&orders, &MethodName::parse(name).unwrap());
            assert_eq!(is_administrative, expected, "{name}");
        }
        let keys = ModelName::from_static("res.users.apikeys");
        for name in ["generate", "revoke"].map(MethodName::from_static) {
            assert!(is_administrative_method(&keys, &name) && !is_administrative_method(&orders, &name), "{name}");
        }
    }
}
