//! Fields that hold a secret, or a link with which anyone can act on the record, recognized by their names.
//!
//! In: a model and the name of a field. Out: whether it is excluded from "all fields". Must not know: values, scopes.
//! A test checks every field of every model of real servers, so that a suspicious name without a classification is
//! noticed.

use crate::names::ModelName;

/// The last word of a name: `access_token`, `smtp_pass`.
const LAST_WORDS: [&str; 14] = [
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pass",
    "pin",
    "pwd",
    "rtoken",
    "secret",
    "secrets",
    "token",
    "tokens",
];

/// The word before `_key` and `_keys` if the key is a secret: `unsplash_access_key`. Other keys are public, or sort
/// keys.
const KEY_WORDS: [&str; 14] = [
    "access",
    "account",
    "api",
    "auth",
    "client",
    "encryption",
    "license",
    "private",
    "secret",
    "server",
    "service",
    "shared",
    "signing",
    "webhook",
];

/// The word before `_url`, `_uri` and `_link` if the link is signed, or is itself the secret.
const LINK_WORDS: [&str; 9] =
    ["access", "gmail", "invitation", "invite", "outlook", "portal", "share", "signup", "webhook"];

/// Secret fields whose names do not show it.
const SECRETS: [(&str, &str); 15] = [
    ("auth_totp.wizard", "qrcode"),
    ("auth_totp.wizard", "url"),
    ("base.automation", "url"),
    ("base.automation", "webhook_uuid"),
    ("discuss.channel", "sfu_channel_uuid"),
    ("discuss.channel", "uuid"),
    ("ir.config_parameter", "value"),
    ("mail.channel", "uuid"),
    ("mail.push.device", "keys"),
    ("payment.link.wizard", "link"),
    ("payment.transaction", "callback_hash"),
    ("res.device", "session_identifier"),
    ("res.device.log", "session_identifier"),
    ("res.users.apikeys.show", "key"),
    ("spreadsheet.dashboard.share", "full_url"),
];

/// Fields whose names look like secrets but are flags.
const NOT_SECRETS: [(&str, &str); 3] = [
    ("payment.acquirer", "save_token"),
    ("res.config.settings", "auth_signup_reset_password"),
    ("res.config.settings", "portal_allow_api_keys"),
];

/// Whether a field holds a secret. Relations to secrets do not: by convention their names end in `_id` and `_ids`.
pub(in crate::plan) fn is_secret(model: &ModelName, field: &str) -> bool {
    let is_listed = |list: &[(&str, &str)]| list.contains(&(model.as_str(), field));
    if is_listed(&NOT_SECRETS) {
        return false;
    }
    let (before, last) = field.rsplit_once('_').unwrap_or(("", field));
    let follows = |words: &[&str]| before.rsplit('_').next().is_some_and(|word| words.contains(&word));
    let has_secret_name = match last {
        "key" | "keys" => follows(&KEY_WORDS),
        "url" | "uri" | "link" => follows(&LINK_WORDS),
        "apikey" => true,
        last => LAST_WORDS.contains(&last),
    };
    has_secret_name || field.starts_with("signup_") || is_listed(&SECRETS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognized_by_their_names() {
        for (model, field, expected) in [
            ("res.partner", "signup_token", true),
            ("res.partner", "signup_url", true),
            ("res.partner", "signup_type", true),
            ("res.partner", "payment_token_ids", false),
            ("res.partner", "website", false),
            ("sale.order", "access_token", true),
            ("sale.order", "access_url", true),
            ("sale.order", "access_warning", false),
            ("ir.mail_server", "smtp_pass", true),
            ("ir.mail_server", "smtp_ssl_private_key", true),
            ("google.gmail.mixin", "google_gmail_access_token_expiration", false),
            ("auth.passkey.key", "public_key", false),
            ("account.move.line", "term_key", false),
            ("ir.config_parameter", "key", false),
            ("ir.config_parameter", "value", true),
            ("ir.attachment", "url", false),
            ("portal.share", "share_link", true),
            ("hr.employee", "pin", true),
            ("x_any", "x_api_key", true),
        ] {
            assert_eq!(is_secret(&ModelName::parse(model).unwrap(), field), expected, "{model} {field}");
        }
    }
}
