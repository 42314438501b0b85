//! Problems as the exceptions that Odoo raises, in the three forms of its faults.
//!
//! In: a [`Problem`]. Out: an [`RpcFault`]: code and text for XML-RPC, the members of an error for JSON-RPC. Must not
//! know: where the problem occurred.
//!
//! ```text
//! exception                   /xmlrpc/2   /xmlrpc                            /jsonrpc, data.name
//! UserError, ValidationError  2           warning -- UserError\n\ntext       odoo.exceptions.UserError, …ValidationError
//! MissingError                2           warning -- MissingError\n\ntext    odoo.exceptions.MissingError
//! AccessDenied                3           AccessDenied                       odoo.exceptions.AccessDenied
//! AccessError                 4           warning -- AccessError\n\ntext     odoo.exceptions.AccessError
//! any other                   1           the text                           builtins.ValueError, …
//! ```
//!
//! For any other exception Odoo sends a traceback, of which the last line remains: it names the exception. A problem of
//! the gateway has the exception that Odoo would raise; one that Odoo cannot have, such as a rate limit, is
//! `odoo_gateway.<code>`.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use crate::error::{OdooException, Problem};
use crate::error_code::{ErrorClass, ErrorCode};
use crate::odoo::xmlrpc::response::FaultCode;

/// The exceptions whose text is written for users, with their number at `/xmlrpc/2` and their name at `/xmlrpc`.
const FOR_USERS: [(&str, i64, &str); 5] = [
    ("UserError", 2, "UserError"),
    ("MissingError", 2, "MissingError"),
    ("RedirectWarning", 2, "Warning"),
    ("AccessDenied", 3, "AccessDenied"),
    ("AccessError", 4, "AccessError"),
];
/// The number of any other exception.
const OTHER: i64 = 1;

/// The form of faults in XML-RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultForm {
    /// Numbers, at `/xmlrpc/2`.
    Numbers,
    /// The class of the exception, at `/xmlrpc`.
    Classes,
}

/// An exception.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RpcFault<'p> {
    /// The class without its module, of those that decide the code.
    class: Cow<'p, str>,
    /// The class with its module.
    name: Cow<'p, str>,
    message: Cow<'p, str>,
}

impl<'p> RpcFault<'p> {
    /// The exception of a problem.
    pub(super) fn from_problem(problem: &'p Problem) -> Self {
        match &problem.odoo {
            Some(odoo) => Self::from_odoo(problem, odoo),
            None => Self::from_gateway(problem),
        }
    }

    /// The result of a method that XML-RPC cannot transmit. Its changes are committed.
    pub(super) fn unsent_result(message: &'static str) -> Self {
        Self { class: "TypeError".into(), name: "builtins.TypeError".into(), message: message.into() }
    }

    fn from_odoo(problem: &'p Problem, odoo: &'p OdooException) -> Self {
        let message = odoo.message_or(&problem.detail);
        Self { class: odoo.exception.as_str().into(), name: odoo.qualified_name(), message: message.into() }
    }

    fn from_gateway(problem: &'p Problem) -> Self {
        let text = problem.detail_with_hint();
        let (class, message) = match problem.class() {
            // Odoo has one text for every reason.
            _ if problem.code == ErrorCode::CredentialInvalid => ("AccessDenied", Cow::from("Access Denied")),
            _ if problem.code == ErrorCode::TooManyAttempts => ("AccessDenied", text),
            _ if problem.code == ErrorCode::RecordNotFound => ("MissingError", text),
            ErrorClass::Unauthorized => ("AccessDenied", text),
            ErrorClass::Forbidden => ("AccessError", text),
            ErrorClass::BadRequest | ErrorClass::Rejected | ErrorClass::Conflict | ErrorClass::TooLarge => {
                ("UserError", text)
            }
            _ => {
                let name = format!("odoo_gateway.{}", problem.code.as_str());
                return Self { class: name.clone().into(), name: name.into(), message: text };
            }
        };
        Self { class: class.into(), name: format!("odoo.exceptions.{class}").into(), message }
    }

    /// `faultCode` and `faultString`.
    pub(super) fn to_xml_rpc(&self, form: FaultForm) -> (FaultCode<'_>, Cow<'_, str>) {
        let for_users = FOR_USERS.iter().find(|(class, ..)| *class == self.class);
        let message = || Cow::from(&*self.message);
        match (form, for_users) {
            (FaultForm::Numbers, Some((_, number, _))) => (FaultCode::Int(*number), message()),
            (FaultForm::Numbers, None) => (FaultCode::Int(OTHER), self.last_line().into()),
            (FaultForm::Classes, Some(("AccessDenied", ..))) => (FaultCode::Text("AccessDenied".into()), message()),
            (FaultForm::Classes, Some((_, _, label))) => {
                (FaultCode::Text(format!("warning -- {label}\n\n{}", self.message).into()), "".into())
            }
            (FaultForm::Classes, None) => (FaultCode::Text(self.arguments().into()), self.last_line().into()),
        }
    }

    /// The message, which Odoo takes from the arguments of the exception: that of a `KeyError` is the quoted key.
    fn arguments(&self) -> &str {
        let unquoted = self.message.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        match unquoted {
            Some(key) if self.class == "KeyError" => key,
            _ => &self.message,
        }
    }

    /// The member `error`.
    pub(super) fn to_json(&self) -> Json {
        let data = json!({
            "name": self.name, "debug": "", "message": self.message, "arguments": [self.message], "context": {},
        });
        json!({"code": 200, "message": "Odoo Server Error", "data": data})
    }

    /// The last line of a traceback.
    fn last_line(&self) -> String {
        format!("{}: {}", self.name.strip_prefix("builtins.").unwrap_or(&self.name), self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Xml = (FaultCode<'static>, &'static str);

    fn number(code: i64) -> FaultCode<'static> {
        FaultCode::Int(code)
    }

    fn class(code: &'static str) -> FaultCode<'static> {
        FaultCode::Text(code.into())
    }

    #[track_caller]
    fn assert_forms(problem: &Problem, numbers: Xml, classes: Xml, name: &str, message: &str) {
        let fault = RpcFault::from_problem(problem);
        for (form, (code, text)) in [(FaultForm::Numbers, numbers), (FaultForm::Classes, classes)] {
            assert_eq!(fault.to_xml_rpc(form), (code, text.into()), "{form:?}");
        }
        let expected = json!({
            "code": 200, "message": "Odoo Server Error",
            "data": {"name": name, "debug": "", "message": message, "arguments": [message], "context": {}},
        });
        assert_eq!(fault.to_json(), expected);
    }

    #[test]
    fn exceptions_of_odoo_have_their_own_class_and_text() {
        let raised = |class: &str, message: &str| Problem::new(ErrorCode::OdooRefused, "d").odoo(class, message);
        assert_forms(
            &raised("UserError", "No."),
            (number(2), "No."),
            (class("warning -- UserError\n\nNo."), ""),
            "odoo.exceptions.UserError",
            "No.",
        );
        assert_forms(
            &raised("UserError", "No.").odoo_class(Some("odoo.exceptions.ValidationError".to_owned())),
            (number(2), "No."),
            (class("warning -- UserError\n\nNo."), ""),
            "odoo.exceptions.ValidationError",
            "No.",
        );
        assert_forms(
            &raised("AccessError", "Not you."),
            (number(4), "Not you."),
            (class("warning -- AccessError\n\nNot you."), ""),
            "odoo.exceptions.AccessError",
            "Not you.",
        );
        assert_forms(
            &raised("RedirectWarning", "Go."),
            (number(2), "Go."),
            (class("warning -- Warning\n\nGo."), ""),
            "odoo.exceptions.RedirectWarning",
            "Go.",
        );
        assert_forms(
            &raised("ValueError", "Invalid field 'x'"),
            (number(1), "ValueError: Invalid field 'x'"),
            (class("Invalid field 'x'"), "ValueError: Invalid field 'x'"),
            "builtins.ValueError",
            "Invalid field 'x'",
        );
        assert_forms(
            &raised("KeyError", "'x'"),
            (number(1), "KeyError: 'x'"),
            (class("x"), "KeyError: 'x'"),
            "builtins.KeyError",
            "'x'",
        );
        assert_forms(
            &raised("DatabaseError", ""),
            (number(1), "psycopg2.DatabaseError: d"),
            (class("d"), "psycopg2.DatabaseError: d"),
            "psycopg2.DatabaseError",
            "d",
        );
    }

    #[test]
    fn problems_of_the_gateway_have_the_exception_that_odoo_would_raise() {
        for (code, expected, exception) in [
            (ErrorCode::CredentialInvalid, 3, "odoo.exceptions.AccessDenied"),
            (ErrorCode::OdooCredentialStale, 3, "odoo.exceptions.AccessDenied"),
            (ErrorCode::TooManyAttempts, 3, "odoo.exceptions.AccessDenied"),
            (ErrorCode::ScopeForbidden, 4, "odoo.exceptions.AccessError"),
            (ErrorCode::PrivateMethod, 4, "odoo.exceptions.AccessError"),
            (ErrorCode::RecordNotFound, 2, "odoo.exceptions.MissingError"),
            (ErrorCode::InvalidValue, 2, "odoo.exceptions.UserError"),
            (ErrorCode::UnknownDatabase, 1, "odoo_gateway.unknown_database"),
            (ErrorCode::RateLimited, 1, "odoo_gateway.rate_limited"),
            (ErrorCode::OdooUnreachable, 1, "odoo_gateway.odoo_unreachable"),
            (ErrorCode::OutcomeUnknown, 1, "odoo_gateway.outcome_unknown"),
        ] {
            let problem = Problem::new(code, "Why.").hint("Do it.");
            let fault = RpcFault::from_problem(&problem);
            let (found, text) = fault.to_xml_rpc(FaultForm::Numbers);
            assert_eq!((found, fault.name.as_ref()), (number(expected), exception));
            match code {
                ErrorCode::CredentialInvalid => assert_eq!(text, "Access Denied"),
                _ => assert!(text.ends_with("Why. Do it."), "{text}"),
            }
        }
    }
}
