//! Every sentence of the pages. Another language is another [`Messages`].
//!
//! In: names and numbers. Out: sentences. Must not know: HTML; the templates escape the values.

use std::time::Duration;

/// The sentences in one language. `{…}` is a placeholder.
#[derive(Debug)]
pub(in crate::http) struct Messages {
    /// The language tag (BCP 47).
    pub language: &'static str,
    pub product: &'static str,
    pub application: &'static str,
    pub user: &'static str,
    pub database: &'static str,
    pub request_id: &'static str,

    pub login_title: &'static str,
    pub login_lead: &'static str,
    pub login_label: &'static str,
    pub password_label: &'static str,
    pub password_hint: &'static str,
    pub login_button: &'static str,
    pub login_incomplete: &'static str,
    pub login_wrong: &'static str,
    pub login_throttled: &'static str,
    pub login_unavailable: &'static str,

    pub consent_title: &'static str,
    pub consent_lead: &'static str,
    pub consent_hint: &'static str,
    pub permissions_title: &'static str,
    pub allow_button: &'static str,
    pub deny_button: &'static str,
    pub switch_button: &'static str,
    return_to: &'static str,

    pub verifier_title: &'static str,
    pub verifier_lead: &'static str,
    pub verifier_hint: &'static str,
    pub denied_title: &'static str,
    pub denied_lead: &'static str,
    pub trouble_title: &'static str,
    pub outdated_title: &'static str,
    pub outdated_lead: &'static str,
    pub start_again: &'static str,

    pub permissions: PermissionMessages,
}

/// The phrases that describe a scope.
#[derive(Debug)]
pub(in crate::http) struct PermissionMessages {
    pub everything: &'static str,
    pub nothing: &'static str,
    /// The actions, and the records they apply to.
    pub rule: &'static str,
    pub read: &'static str,
    pub create: &'static str,
    pub update: &'static str,
    pub delete: &'static str,
    pub execute: &'static str,
    pub and: &'static str,
    pub all_records: &'static str,
    pub any_model: &'static str,
    pub models_below: &'static str,
    pub one_model: &'static str,
    pub only_fields: &'static str,
    pub all_fields_but: &'static str,
    pub only_methods: &'static str,
}

/// The sentences in English.
pub(in crate::http) static ENGLISH: Messages = Messages {
    language: "en",
    product: "odoo-gateway",
    application: "Application",
    user: "Signed in as",
    database: "Database",
    request_id: "Request",

    login_title: "Sign in",
    login_lead: "{application} requests access to Odoo. Sign in with your Odoo account to continue.",
    login_label: "Login",
    password_label: "Password or API key",
    password_hint: "If you use two-factor authentication in Odoo, enter an Odoo API key here.",
    login_button: "Sign in",
    login_incomplete: "Enter both your login and your password, as you do in Odoo.",
    login_wrong: "Odoo does not accept this login and password. Check both and try again.",
    login_throttled: "There were too many attempts with a wrong password. Wait {seconds} seconds and try again.",
    login_unavailable: "Odoo does not answer at the moment, so your password was not checked. Try again soon.",

    consent_title: "Allow access?",
    consent_lead: "{application} would like to work in Odoo on your behalf.",
    consent_hint: "It never sees your password, and it can never do more than you can do in Odoo yourself.",
    permissions_title: "It will be able to",
    allow_button: "Allow",
    deny_button: "Deny",
    switch_button: "Use another account",
    return_to: "You will return to {host}.",

    verifier_title: "Almost done",
    verifier_lead: "Enter this code in {application} to complete the connection.",
    verifier_hint: "The code works once and expires in a few minutes. Do not share it with anyone else.",
    denied_title: "Access denied",
    denied_lead: "{application} did not get access. You can close this page.",
    trouble_title: "Something went wrong",
    outdated_title: "This page is out of date",
    outdated_lead: "The form was opened in another session, was already sent, or has expired. Nothing was changed.",
    start_again: "Go back to the application and start again.",

    permissions: PermissionMessages {
        everything: "do everything that you can do in Odoo yourself",
        nothing: "do nothing yet",
        rule: "{actions} {models}",
        read: "read",
        create: "create",
        update: "update",
        delete: "delete",
        execute: "call methods of",
        and: "and",
        all_records: "all records",
        any_model: "all records, except users and settings",
        models_below: "{model}.* records",
        one_model: "{model} records",
        only_fields: "only {names}",
        all_fields_but: "without {names}",
        only_methods: "only {names}",
    },
};

impl Messages {
    /// A sentence about an application.
    pub(in crate::http) fn for_application(&self, sentence: &str, application: &str) -> String {
        insert(sentence, "{application}", application)
    }

    /// Where the browser is redirected to afterward.
    pub(in crate::http) fn return_to(&self, host: &str) -> String {
        insert(self.return_to, "{host}", host)
    }

    /// How long to wait after too many attempts.
    pub(in crate::http) fn throttled(&self, wait: Duration) -> String {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        insert(self.login_throttled, "{seconds}", &seconds.max(1).to_string())
    }
}

/// Replaces a placeholder. The value itself may contain braces.
pub(super) fn insert(sentence: &str, placeholder: &str, value: &str) -> String {
    sentence.replacen(placeholder, value, 1)
}
