//! Every sentence of the pages, in one place: another language is another [`Texts`].
//!
//! In: names and numbers. Out: sentences. Must not know: HTML, which escapes what is put in.

use std::time::Duration;

/// The sentences in one language. `{…}` stands for what is put in.
#[derive(Debug)]
pub(in crate::http) struct Texts {
    /// The language, as BCP 47 writes it.
    pub language: &'static str,
    pub product: &'static str,
    pub application: &'static str,
    pub user: &'static str,
    pub database: &'static str,
    pub request: &'static str,

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
    pub rights_title: &'static str,
    pub allow_button: &'static str,
    pub deny_button: &'static str,
    pub switch_button: &'static str,
    sent_to: &'static str,

    pub verifier_title: &'static str,
    pub verifier_lead: &'static str,
    pub verifier_hint: &'static str,
    pub denied_title: &'static str,
    pub denied_lead: &'static str,
    pub trouble_title: &'static str,
    pub outdated_title: &'static str,
    pub outdated_lead: &'static str,
    pub start_again: &'static str,

    pub rights: RightsTexts,
}

/// What a scope is put into words with.
#[derive(Debug)]
pub(in crate::http) struct RightsTexts {
    pub everything: &'static str,
    pub nothing: &'static str,
    /// What is done, and to what.
    pub rule: &'static str,
    pub read: &'static str,
    pub create: &'static str,
    pub update: &'static str,
    pub delete: &'static str,
    pub execute: &'static str,
    pub and: &'static str,
    pub everything_there_is: &'static str,
    pub any_model: &'static str,
    pub models_below: &'static str,
    pub one_model: &'static str,
    pub only_fields: &'static str,
    pub all_fields_but: &'static str,
    pub only_methods: &'static str,
}

/// The first language.
pub(in crate::http) static ENGLISH: Texts = Texts {
    language: "en",
    product: "odoo-gateway",
    application: "Application",
    user: "Signed in as",
    database: "Database",
    request: "Request",

    login_title: "Sign in",
    login_lead: "{application} asks for access to Odoo. Sign in with your Odoo account to go on.",
    login_label: "Login",
    password_label: "Password or API key",
    password_hint: "If you sign in to Odoo with a second factor, enter an Odoo API key here.",
    login_button: "Sign in",
    login_incomplete: "Enter both your login and your password, as you do in Odoo.",
    login_wrong: "Odoo does not take this login and password. Check both and try again.",
    login_throttled: "Too many wrong passwords were tried. Wait {seconds} seconds before the next try.",
    login_unavailable: "Odoo cannot be asked at the moment. Your password was not checked; try again soon.",

    consent_title: "Allow access?",
    consent_lead: "{application} would like to work in Odoo in your name.",
    consent_hint: "It never sees your password, and never gets further than your own rights in Odoo.",
    rights_title: "It will be able to",
    allow_button: "Allow",
    deny_button: "Deny",
    switch_button: "Use another account",
    sent_to: "You will return to {place}.",

    verifier_title: "Almost done",
    verifier_lead: "Enter this code in {application} to complete the connection.",
    verifier_hint: "It works once and for a few minutes. Give it to nobody else.",
    denied_title: "Access denied",
    denied_lead: "{application} has got no access. You can close this page.",
    trouble_title: "This request cannot be answered",
    outdated_title: "This page is out of date",
    outdated_lead: "The form was opened in another session, was sent before, or waited too long. Nothing was done.",
    start_again: "Go back to the application and start again.",

    rights: RightsTexts {
        everything: "do everything that you can do in Odoo yourself",
        nothing: "do nothing yet",
        rule: "{deeds} {models}",
        read: "see",
        create: "create",
        update: "change",
        delete: "delete",
        execute: "run actions on",
        and: "and",
        everything_there_is: "all records",
        any_model: "all records, except users and settings",
        models_below: "{model}.* records",
        one_model: "{model} records",
        only_fields: "only {names}",
        all_fields_but: "without {names}",
        only_methods: "only {names}",
    },
};

impl Texts {
    /// A sentence about an application.
    pub(in crate::http) fn of_application(&self, sentence: &str, application: &str) -> String {
        put(sentence, "{application}", application)
    }

    /// Where one goes from here.
    pub(in crate::http) fn sent_to(&self, place: &str) -> String {
        put(self.sent_to, "{place}", place)
    }

    /// How long to wait.
    pub(in crate::http) fn throttled(&self, wait: Duration) -> String {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        put(self.login_throttled, "{seconds}", &seconds.max(1).to_string())
    }
}

/// A sentence with something in it. What is put in is not looked at again.
pub(super) fn put(sentence: &str, place: &str, value: &str) -> String {
    sentence.replacen(place, value, 1)
}
