//! Faults of `/jsonrpc`.
//!
//! In: the class of the exception with its module, its message, and the traceback. Out: the same [`Fault`] as for
//! XML-RPC. Must not know: JSON.

use super::rules::UserException;
use super::{Fault, traceback};
use crate::odoo::jsonrpc::response::JsonRpcFault;

impl Fault {
    /// Classifies a fault of JSON-RPC.
    #[must_use]
    pub fn from_jsonrpc(fault: &JsonRpcFault<'_>) -> Self {
        let exception = fault.name.strip_prefix("builtins.").unwrap_or(&fault.name);
        let classified = match user_exception(exception) {
            Some(user) => Self::from_user_exception(user, &fault.message),
            None => Self::from_traceback(&traceback::TracebackTail {
                exception,
                message: &fault.message,
                ..traceback::parse(&fault.debug, Some(&fault.message))
            }),
        };
        // The names of the database driver are not shown.
        let qualified = (!exception.starts_with("psycopg2.")).then(|| fault.name.to_string());
        Self { qualified, ..classified }
    }
}

/// The exceptions with messages for users. JSON-RPC reports a subclass by its own name, XML-RPC by its base class.
fn user_exception(exception: &str) -> Option<UserException> {
    match exception {
        "odoo.exceptions.AccessDenied" => Some(UserException::AccessDenied),
        "odoo.exceptions.AccessError" => Some(UserException::AccessError),
        "odoo.exceptions.MissingError" => Some(UserException::MissingError),
        "odoo.exceptions.RedirectWarning" => Some(UserException::RedirectWarning),
        "odoo.exceptions.UserError"
        | "odoo.exceptions.ValidationError"
        | "odoo.exceptions.LockError"
        | "odoo.exceptions.Warning"
        | "odoo.exceptions.except_orm"
        | "odoo.addons.base.models.ir_actions.ServerActionWithWarningsError"
        | "odoo.addons.web.controllers.action.MissingActionError" => Some(UserException::UserError),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::faults::FaultClass;

    fn fault(name: &'static str, message: &'static str, debug: &'static str) -> Fault {
        Fault::from_jsonrpc(&JsonRpcFault { name: name.into(), message: message.into(), debug: debug.into() })
    }

    #[test]
    fn class_of_the_exception_decides_the_class_of_the_fault() {
        for (name, message, class, exception) in [
            ("odoo.exceptions.AccessDenied", "Access Denied", FaultClass::CredentialRejected, "AccessDenied"),
            ("odoo.exceptions.AccessError", "You may not.", FaultClass::AccessForbidden, "AccessError"),
            ("odoo.exceptions.ValidationError", "No.", FaultClass::Rejected, "UserError"),
            (
                "odoo.exceptions.MissingError",
                "Gone.\n(Record: res.partner(7,), User: 2)",
                FaultClass::MissingRecord,
                "MissingError",
            ),
            ("builtins.ValueError", "Invalid field 'a'", FaultClass::UnknownField, "ValueError"),
            ("psycopg2.errors.UniqueViolation", "x", FaultClass::UniqueViolation, "DatabaseError"),
            ("builtins.ZeroDivisionError", "division by zero", FaultClass::Internal, "ZeroDivisionError"),
        ] {
            let fault = fault(name, message, "Traceback (most recent call last):\n");
            assert_eq!((fault.class, fault.exception.as_str()), (class, exception), "{name}");
            assert_eq!(fault.qualified.as_deref(), (exception != "DatabaseError").then_some(name));
        }
    }

    #[test]
    fn unserializable_result_differs_from_a_failed_method() {
        let writing = "Traceback (most recent call last):\n  File \"/o/http.py\", line 1, in _json_response\n    x\n  \
                       File \"/p/json/__init__.py\", line 2, in dumps\n    x\nTypeError: keys must be str\n";
        assert_eq!(fault("builtins.TypeError", "keys must be str", writing).class, FaultClass::ResultNotRepresentable);
    }
}
