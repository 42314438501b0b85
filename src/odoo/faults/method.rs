//! What a fault of a method means that somebody called by its name.
//!
//! In: a [`Fault`] and what was called. Out: a [`Problem`]. Must not know: dialects. Of the gateway's own calls an
//! exception that nobody expected is Odoo's failure. Here the arguments are the caller's, and so is what the method says
//! of them: no ids and arguments that do not fit are a bad request, a `ValueError` or its like is a refusal.

use super::{Addressed, Fault, FaultClass};
use crate::error::Problem;
use crate::error_code::Code;
use crate::plan::no_records;

/// Exceptions beyond `ValueError`, `TypeError`, `KeyError`, `IndexError` by which Python code says that it cannot use
/// what it was given. Their base classes are in no text.
const COMPLAINTS: [&str; 8] = [
    "AssertionError",
    "JSONDecodeError",
    "LookupError",
    "NotImplementedError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnknownTimeZoneError",
    "InvalidOperation",
];

/// What Python calls the types that arguments have.
const TYPES: [&str; 7] = ["'str'", "'int'", "'float'", "'bool'", "'list'", "'dict'", "'NoneType'"];

impl Fault {
    /// The problem that the caller of a method is told.
    #[must_use]
    pub fn problem_of_method(&self, addressed: &Addressed<'_>) -> Problem {
        let Addressed { model, method, .. } = addressed;
        let problem = match self.class {
            // It looks at the form of its first argument, also when that was given by name.
            FaultClass::NoRecords if *method == "create" => Problem::new(
                Code::MissingParameter,
                "The method create takes the values as its first argument, and none is given in args.",
            )
            .parameter("args")
            .hint("For example {\"args\": [{\"name\": \"Azure\"}]}"),
            FaultClass::NoRecords => no_records(model, method),
            FaultClass::CallDoesNotFit => Problem::new(
                Code::InvalidValue,
                format!("The arguments do not fit the method {method} of {model}: {}.", self.told()),
            ),
            _ if self.is_a_complaint(addressed) => {
                Problem::new(Code::OdooRefused, format!("The method {method} of {model} failed: {}.", self.told()))
            }
            _ => return self.problem(addressed),
        };
        problem.odoo(short(&self.exception), without_class(&self.message))
    }

    /// Whether the method's own code says that it cannot go on with what it was given.
    fn is_a_complaint(&self, addressed: &Addressed<'_>) -> bool {
        match self.class {
            FaultClass::DoubtfulValue => !addressed.is_orm_method(),
            FaultClass::BadArguments => !self.names_function(addressed.method),
            FaultClass::Internal => {
                let name = short(&self.exception);
                let of_a_module = self.exception.starts_with("odoo.addons.");
                let of_a_type = name == "AttributeError" && TYPES.iter().any(|kind| self.message.starts_with(kind));
                of_a_module || of_a_type || COMPLAINTS.contains(&name)
            }
            _ => false,
        }
    }

    /// The exception in one line, without a point at its end.
    fn told(&self) -> String {
        let message = without_class(&self.message).trim_end_matches('.');
        let name = short(&self.exception);
        if message.is_empty() { name.to_owned() } else { format!("{name}: {message}") }
    }
}

/// The class without its module.
fn short(exception: &str) -> &str {
    exception.rsplit('.').next().unwrap_or_default()
}

/// Python names a method with the class that it found it in: `Partner.name_search() got …`.
fn without_class(message: &str) -> &str {
    let Some(end) = message.find("()") else { return message };
    let name = message.get(..end).unwrap_or_default();
    let is_path = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    let start = name.rfind('.').filter(|_| is_path).map_or(0, |point| point + 1);
    message.get(start..).unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::jsonrpc::answer::WireFault;
    use crate::plan::Effect;

    const INSIDE: &str = "Traceback (most recent call last):\n  File \"/o/service/model.py\", line 1, in call_kw\n    x\n  \
                          File \"/o/addons/sale/models/sale_order.py\", line 1, in action_confirm\n    x\n";
    const AT_CALL: &str =
        "Traceback (most recent call last):\n  File \"/o/service/model.py\", line 1, in call_kw\n    x\n";

    fn problem(name: &'static str, message: &'static str, debug: &'static str, method: &str) -> Problem {
        let fault = Fault::read_json(&WireFault { name: name.into(), message: message.into(), debug: debug.into() });
        fault.problem_of_method(&Addressed { model: "sale.order", method, ids: &[], effect: Effect::Write })
    }

    #[test]
    fn what_the_method_says_of_its_arguments_is_a_refusal_and_not_odoos_failure() {
        for (name, message, detail) in [
            ("builtins.ValueError", "No such thing: 7.", "ValueError: No such thing: 7"),
            ("builtins.TypeError", "unsupported operand type(s)", "TypeError: unsupported operand type(s)"),
            ("builtins.KeyError", "'x'", "KeyError: 'x'"),
            ("builtins.IndexError", "list index out of range", "IndexError: list index out of range"),
            ("builtins.AssertionError", "", "AssertionError"),
            (
                "builtins.TypeError",
                "Order.other() got an unexpected keyword argument 'a'",
                "TypeError: other() got an unexpected keyword argument 'a'",
            ),
            (
                "builtins.AttributeError",
                "'str' object has no attribute 'items'",
                "AttributeError: 'str' object has no attribute 'items'",
            ),
            ("odoo.addons.bank.models.sync.SyncError", "Try later", "SyncError: Try later"),
            (
                "builtins.ValueError",
                "<class 'odoo.exceptions.UserError'>: \"no\" while evaluating\n'secret code'",
                "ValueError: UserError: \"no\"",
            ),
            ("builtins.ValueError", "cannot open /var/lib/odoo/filestore/x", "ValueError"),
            ("builtins.ValueError", "in <odoo.addons.sale.models.sale_order.X>", "ValueError"),
            ("builtins.ValueError", "near SELECT id FROM x", "ValueError"),
        ] {
            let problem = problem(name, message, INSIDE, "action_confirm");
            assert_eq!(problem.code, Code::OdooRefused, "{message}");
            assert_eq!(problem.detail, format!("The method action_confirm of sale.order failed: {detail}."));
        }
    }

    #[test]
    fn what_nobody_can_blame_on_the_arguments_stays_odoos_failure() {
        for (name, message) in [
            ("builtins.RecursionError", "maximum recursion depth exceeded"),
            ("builtins.AttributeError", "'sale.order' object has no attribute 'x'"),
            ("builtins.NameError", "name 'x' is not defined"),
            ("psycopg2.errors.UndefinedColumn", "column x does not exist"),
            ("builtins.MemoryError", ""),
        ] {
            let problem = problem(name, message, INSIDE, "action_confirm");
            assert_eq!(problem.code, Code::OdooInternalError, "{name}");
            assert_eq!(problem.odoo.unwrap().message, "", "{name}");
        }
    }

    #[test]
    fn a_call_that_does_not_fit_is_a_bad_request_that_says_so() {
        let none = problem("builtins.IndexError", "list index out of range", AT_CALL, "action_confirm");
        assert_eq!((none.code, none.parameter.as_deref()), (Code::MissingParameter, Some("args")));
        assert_eq!(none.detail, "The method action_confirm works on records of sale.order, and no ids are given.");
        let create = problem("builtins.IndexError", "list index out of range", AT_CALL, "create");
        assert!(create.detail.contains("takes the values as its first argument"), "{create}");
        let message = "SaleOrder.action_confirm() got an unexpected keyword argument 'x'";
        let stranger = problem("builtins.TypeError", message, AT_CALL, "action_confirm");
        assert_eq!(stranger.code, Code::InvalidValue);
        assert_eq!(
            stranger.detail,
            "The arguments do not fit the method action_confirm of sale.order: TypeError: action_confirm() got an \
             unexpected keyword argument 'x'."
        );
        let adapt = problem("psycopg2.ProgrammingError", "can't adapt type 'dict'", INSIDE, "action_confirm");
        assert_eq!(adapt.code, Code::InvalidValue);
        assert!(!format!("{adapt:?}").contains("psycopg2"), "{adapt:?}");
    }

    #[test]
    fn the_orms_own_complaints_stay_what_they_were() {
        assert_eq!(problem("builtins.KeyError", "'x'", INSIDE, "write").code, Code::InvalidValue);
        assert_eq!(problem("builtins.ValueError", "Invalid field 'x'", INSIDE, "action_x").code, Code::UnknownField);
    }
}
