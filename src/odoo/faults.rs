//! What Odoo's faults mean.
//!
//! In: a fault as it came, in one of three forms (`/xmlrpc/2`: integer codes; `/xmlrpc`: codes that name the class;
//! `/jsonrpc`: the class with its module). Out: a [`Fault`]: its class, the exception's name, and as much of its message as may be shown; from that,
//! together with what the call addressed, a [`Problem`](crate::error::Problem). Must not know: HTTP, families,
//! sessions.
//!
//! Odoo rolls back before it answers a fault, so a fault means that nothing was done - but for the two classes whose
//! names say otherwise: [`FaultClass::NoResult`] and [`FaultClass::ResultNotRepresentable`].
//!
//! The traceback is read and dropped: it holds paths and SQL with values. Odoo's own log has it.

mod class;
mod disclosure;
mod json;
mod method;
mod missing;
mod problem;
mod redirect;
mod rules;
mod traceback;

use std::borrow::Cow;

pub use class::FaultClass;
pub use missing::Missing;
pub use problem::Addressed;
use rules::Spoken;

use crate::odoo::xmlrpc::answer::{FaultCode, WireFault};

/// A fault, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure it is.
    pub class: FaultClass,
    /// The class of the exception in Odoo, as `UserError` or `psycopg2.errors.UniqueViolation`.
    pub exception: String,
    /// As much of its message as may be shown to a caller; often nothing.
    pub message: String,
    /// Which records are missing, where it is a `MissingError` that says so.
    pub missing: Option<Missing>,
}

impl Fault {
    /// Understands a fault.
    #[must_use]
    pub fn read(fault: &WireFault<'_>) -> Self {
        match &fault.code {
            FaultCode::Int(code) => Self::from_number(*code, &fault.string),
            FaultCode::Text(code) => Self::from_text(code, &fault.string),
        }
    }

    /// `/xmlrpc/2`: 2 stands for three classes of exceptions, told apart by the form of their messages.
    fn from_number(code: i64, string: &str) -> Self {
        match code {
            3 => Self::spoken(Spoken::AccessDenied, string),
            4 => Self::spoken(Spoken::AccessError, string),
            2 if redirect::message(string).is_some() => Self::spoken(Spoken::RedirectWarning, string),
            2 if Missing::read(string).is_some() => Self::spoken(Spoken::MissingError, string),
            2 => Self::spoken(Spoken::UserError, string),
            _ => Self::raised(&traceback::read(string, None)),
        }
    }

    /// `/xmlrpc`: the code is the class and the message, or for unexpected exceptions the message alone.
    fn from_text(code: &str, string: &str) -> Self {
        if traceback::is_traceback(string) {
            return Self::raised(&traceback::read(string, Some(code)));
        }
        if code == "AccessDenied" {
            return Self::spoken(Spoken::AccessDenied, string);
        }
        match code.strip_prefix("warning -- ").and_then(|rest| rest.split_once("\n\n")) {
            Some(("AccessError", message)) => Self::spoken(Spoken::AccessError, message),
            Some(("MissingError", message)) => Self::spoken(Spoken::MissingError, message),
            Some(("Warning", message)) => Self::spoken(Spoken::RedirectWarning, message),
            Some((_, message)) => Self::spoken(Spoken::UserError, message),
            None => Self::raised(&traceback::read(string, Some(code))),
        }
    }

    /// An exception that is made to be read by people.
    fn spoken(class: Spoken, message: &str) -> Self {
        let first_item = (class == Spoken::RedirectWarning).then(|| redirect::message(message)).flatten();
        let message = first_item.map_or(Cow::Borrowed(message), Cow::Owned);
        let missing = (class == Spoken::MissingError).then(|| Missing::read(&message)).flatten();
        Self {
            class: rules::spoken(class, &message, missing.as_ref()),
            exception: class.exception().to_owned(),
            message: disclosure::to_people(&message),
            missing,
        }
    }

    /// The message, where the exception is one that is made for people.
    pub(super) fn words_for_people(&self) -> &str {
        if Spoken::ALL.iter().any(|spoken| spoken.exception() == self.exception) { &self.message } else { "" }
    }

    /// An exception nobody caught. What an exception of unknown origin says is shown only of methods that were called
    /// by their names.
    fn raised(raised: &traceback::Raised<'_>) -> Self {
        let class = rules::raised(raised);
        let may_be_shown = class.is_about_the_request() || class == FaultClass::Internal;
        // Names and texts of the database's driver are nothing to callers.
        if raised.exception.starts_with("psycopg2.") {
            let text = if class.is_about_the_request() { "A value does not fit the type of its field." } else { "" };
            return Self { class, exception: "DatabaseError".to_owned(), message: text.to_owned(), missing: None };
        }
        Self {
            class,
            exception: raised.exception.to_owned(),
            message: if may_be_shown { disclosure::one_line(raised.message) } else { String::new() },
            missing: None,
        }
    }
}

#[cfg(test)]
mod captured_tests;
