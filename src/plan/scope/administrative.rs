//! Models that no pattern of a scope covers, and methods that must be listed: they reach further than their name says.
//!
//! In: a name. Out: whether a rule must say it. Must not know: scopes, credentials. Security requirement K-04;
//! wider than it where a model carries rights, runs code, keeps secrets, or speaks for records of other models.

use crate::names::{MethodName, ModelName};

/// Beginnings of names, each with what makes it administrative.
const ADMINISTRATIVE: [&str; 36] = [
    // Models, rules, actions, jobs, parameters, attachments, sequences: the machine room.
    "ir.",
    // Users, groups and what hangs on them.
    "res.users",
    "res.groups",
    "res.config",
    "res.device",
    "change.password.",
    // Ways in for people without a password: links that are signed.
    "portal.",
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
    "snailmail.",
    "whatsapp.",
    "digest.",
    "bus.",
    "discuss.",
    "rating.",
    // Searches the records of every model.
    "privacy.",
    // Wizards and campaigns that render a template which their caller writes (heirs of `mail.render.mixin`, 14..19).
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

/// Whether only a rule that names the model covers it.
pub(super) fn is_administrative(model: &ModelName) -> bool {
    ADMINISTRATIVE.iter().any(|beginning| model.as_str().starts_with(beginning))
}

/// Methods that render a template, which may read what no rule names, or take in a whole mail; and methods that answer
/// or make a link by which anyone acts on the record, under names that do not say so.
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

/// Words in the name of a method that makes or answers a secret: `signup_prepare`, `generate_access_token`.
const ADMINISTRATIVE_WORDS: [&str; 10] =
    ["credentials", "passwd", "password", "portal", "secret", "share", "sharing", "signup", "token", "tokens"];

/// Whether only a rule that lists the method covers it.
pub(super) fn is_administrative_method(method: &MethodName) -> bool {
    let name = method.as_str();
    ADMINISTRATIVE_METHODS.contains(&name)
        || name.ends_with("_url")
        || name.split('_').any(|word| ADMINISTRATIVE_WORDS.contains(&word))
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
    fn methods_that_render_templates_or_answer_signed_links_are_administrative() {
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
            assert_eq!(is_administrative_method(&MethodName::parse(name).unwrap()), expected, "{name}");
        }
    }
}
