//! Faults of `/jsonrpc`.
//!
//! In: the class of the exception with its module, its message and the traceback. Out: the same [`Fault`] that XML-RPC
//! comes to. Must not know: JSON.

use super::rules::Spoken;
use super::{Fault, traceback};
use crate::odoo::jsonrpc::answer::WireFault;

impl Fault {
    /// Understands a fault that came over JSON-RPC.
    #[must_use]
    pub fn read_json(fault: &WireFault<'_>) -> Self {
        let exception = fault.name.strip_prefix("builtins.").unwrap_or(&fault.name);
        match spoken(exception) {
            Some(spoken) => Self::spoken(spoken, &fault.message),
            None => Self::raised(&traceback::Raised {
                exception,
                message: &fault.message,
                ..traceback::read(&fault.debug, Some(&fault.message))
            }),
        }
    }
}

/// XML-RPC knows these by their base classes, which no text names.
fn spoken(exception: &str) -> Option<Spoken> {
    match exception {
        "odoo.exceptions.AccessDenied" => Some(Spoken::AccessDenied),
        "odoo.exceptions.AccessError" => Some(Spoken::AccessError),
        "odoo.exceptions.MissingError" => Some(Spoken::MissingError),
        "odoo.exceptions.RedirectWarning" => Some(Spoken::RedirectWarning),
        "odoo.exceptions.UserError"
        | "odoo.exceptions.ValidationError"
        | "odoo.exceptions.LockError"
        | "odoo.exceptions.Warning"
        | "odoo.exceptions.except_orm"
        | "odoo.addons.base.models.ir_actions.ServerActionWithWarningsError"
        | "odoo.addons.web.controllers.action.MissingActionError" => Some(Spoken::UserError),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::faults::FaultClass;

    fn fault(name: &'static str, message: &'static str, debug: &'static str) -> Fault {
        Fault::read_json(&WireFault { name: name.into(), message: message.into(), debug: debug.into() })
    }

    #[test]
    fn the_class_of_the_exception_says_what_it_means() {
        for (name, message, class, exception) in [
            ("odoo.exceptions.AccessDenied", "Access Denied", FaultClass::CredentialRefused, "AccessDenied"),
            ("odoo.exceptions.AccessError", "You may not.", FaultClass::AccessForbidden, "AccessError"),
            ("odoo.exceptions.ValidationError", "No.", FaultClass::Refused, "UserError"),
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
        }
    }

    #[test]
    fn a_result_that_json_cannot_hold_is_told_from_a_method_that_failed() {
        let writing = "Traceback (most recent call last):\n  File \"/o/http.py\", line 1, in _json_response\n    x\n  \
                       File \"/p/json/__init__.py\", line 2, in dumps\n    x\nTypeError: keys must be str\n";
        assert_eq!(fault("builtins.TypeError", "keys must be str", writing).class, FaultClass::ResultNotRepresentable);
    }
}
