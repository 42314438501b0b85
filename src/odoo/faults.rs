//! Classification of Odoo's faults.
//!
//! In: a fault in one of four forms (`/xmlrpc/2`: integer codes; `/xmlrpc`: codes that name the class; `/jsonrpc` and
//! `/json/2`: the class with its module). Out: a [`Fault`] with its class, the name of the exception, and as much of
//! its message as may be shown; together with the target of the call, a [`Problem`](crate::error::Problem). Must not
//! know: HTTP, dialects, sessions.
//!
//! Odoo rolls back before it sends a fault, so a fault means that nothing was done, with three exceptions:
//! [`FaultClass::NoResult`], [`FaultClass::ResultNotRepresentable`], and [`Fault::is_after_commit`].
//!
//! The traceback is parsed and dropped: it contains paths, and SQL with values. Odoo's own log has it.

mod class;
mod client_method_call;
mod disclosure;
mod json;
mod json2;
mod missing_records;
mod missing_value;
mod problem;
mod redirect_warning;
mod removed_methods;
mod rules;
mod traceback;

use std::borrow::Cow;

pub use class::FaultClass;
pub(super) use disclosure::user_text;
pub(super) use json2::missing_argument;
pub use missing_records::MissingRecords;
pub use problem::CallTarget;
use rules::UserException;

use crate::odoo::xmlrpc::response::{FaultCode, XmlRpcFault};

/// A classified fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure it is.
    pub class: FaultClass,
    /// The class of the exception in Odoo, for example `UserError` or `psycopg2.errors.UniqueViolation`.
    pub exception: String,
    /// The same with its module, if Odoo sent that: `odoo.exceptions.ValidationError`, a kind of `UserError`.
    pub qualified: Option<String>,
    /// As much of the message as may be shown to a client; often empty.
    pub message: String,
    /// The missing records, if it is a `MissingError` that names them.
    pub missing: Option<MissingRecords>,
    /// Whether the exception was raised by a function that Odoo runs after the commit.
    pub is_after_commit: bool,
}

impl Fault {
    /// Classifies a fault of XML-RPC.
    #[must_use]
    pub fn from_xmlrpc(fault: &XmlRpcFault<'_>) -> Self {
        match &fault.code {
            FaultCode::Int(code) => Self::from_int_code(*code, &fault.string),
            FaultCode::Text(code) => Self::from_text_code(code, &fault.string),
        }
    }

    /// `/xmlrpc/2`: code 2 stands for three classes of exceptions, which differ in the form of their messages.
    fn from_int_code(code: i64, string: &str) -> Self {
        match code {
            3 => Self::from_user_exception(UserException::AccessDenied, string),
            4 => Self::from_user_exception(UserException::AccessError, string),
            2 if redirect_warning::parse_message(string).is_some() => {
                Self::from_user_exception(UserException::RedirectWarning, string)
            }
            2 if MissingRecords::parse(string).is_some() => {
                Self::from_user_exception(UserException::MissingError, string)
            }
            2 => Self::from_user_exception(UserException::UserError, string),
            _ => Self::from_traceback(&traceback::parse(string, None)),
        }
    }

    /// `/xmlrpc`: the code contains the class and the message; for unexpected exceptions only the message.
    fn from_text_code(code: &str, string: &str) -> Self {
        if traceback::is_traceback(string) {
            return Self::from_traceback(&traceback::parse(string, Some(code)));
        }
        if code == "AccessDenied" {
            return Self::from_user_exception(UserException::AccessDenied, string);
        }
        match code.strip_prefix("warning -- ").and_then(|rest| rest.split_once("\n\n")) {
            Some(("AccessError", message)) => Self::from_user_exception(UserException::AccessError, message),
            Some(("MissingError", message)) => Self::from_user_exception(UserException::MissingError, message),
            Some(("Warning", message)) => Self::from_user_exception(UserException::RedirectWarning, message),
            Some((_, message)) => Self::from_user_exception(UserException::UserError, message),
            None => Self::from_traceback(&traceback::parse(string, Some(code))),
        }
    }

    /// An exception with a message for the user.
    fn from_user_exception(class: UserException, message: &str) -> Self {
        let first_item =
            (class == UserException::RedirectWarning).then(|| redirect_warning::parse_message(message)).flatten();
        let message = first_item.map_or(Cow::Borrowed(message), Cow::Owned);
        let missing = (class == UserException::MissingError).then(|| MissingRecords::parse(&message)).flatten();
        Self {
            class: rules::classify_user_exception(class, &message, missing.as_ref()),
            exception: class.exception().to_owned(),
            qualified: None,
            message: disclosure::user_text(&message),
            missing,
            is_after_commit: false,
        }
    }

    /// The message, if it is written for the user.
    pub(super) fn user_message(&self) -> &str {
        if UserException::ALL.iter().any(|exception| exception.exception() == self.exception) {
            &self.message
        } else {
            ""
        }
    }

    /// An unexpected exception. The message of an exception of unknown origin is shown only to a client that called a
    /// method by name.
    fn from_traceback(tail: &traceback::TracebackTail<'_>) -> Self {
        let class = rules::classify_exception(tail);
        let may_be_shown = class.is_about_the_request() || class == FaultClass::Internal;
        let is_after_commit = tail.location == traceback::FrameLocation::AfterCommit;
        // Names and messages of the database driver are of no use to clients.
        if tail.exception.starts_with("psycopg2.") {
            let text = if class.is_about_the_request() { "A value does not fit the type of its field." } else { "" };
            let (exception, message) = ("DatabaseError".to_owned(), text.to_owned());
            return Self { class, exception, qualified: None, message, missing: None, is_after_commit };
        }
        Self {
            class,
            exception: tail.exception.to_owned(),
            qualified: None,
            message: if may_be_shown { disclosure::one_line(tail.message) } else { String::new() },
            missing: None,
            is_after_commit,
        }
    }
}

#[cfg(test)]
mod captured_tests;
