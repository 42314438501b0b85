//! Faults of methods that a client called by name.
//!
//! In: a [`Fault`] and the target of the call. Out: a [`Problem`]. Must not know: dialects. In one of the gateway's own
//! calls, an unexpected exception is a failure of Odoo. Here the arguments are the client's, and the exception can be
//! about them: missing ids and mismatched arguments are a bad request, a `ValueError` or similar is a rejection.

use super::{CallTarget, Fault, FaultClass};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::plan::ids_required;

/// Exceptions, in addition to `ValueError`, `TypeError`, `KeyError`, and `IndexError`, by which Python code rejects its
/// arguments. A fault does not name their base classes.
const ARGUMENT_ERRORS: [&str; 8] = [
    "AssertionError",
    "JSONDecodeError",
    "LookupError",
    "NotImplementedError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnknownTimeZoneError",
    "InvalidOperation",
];

/// Python's names for the types of arguments.
const TYPES: [&str; 7] = ["'str'", "'int'", "'float'", "'bool'", "'list'", "'dict'", "'NoneType'"];

impl Fault {
    /// The problem for the client that called the method.
    #[must_use]
    pub fn method_problem(&self, target: &CallTarget<'_>) -> Problem {
        let CallTarget { model, method, .. } = target;
        let problem = match self.class {
            // `create` inspects its first argument even if the values are passed by keyword.
            FaultClass::NoRecords if *method == "create" => Problem::new(
                ErrorCode::MissingParameter,
                "The method create expects the values as its first argument, but args is empty.",
            )
            .parameter("args")
            .hint("For example: {\"args\": [{\"name\": \"Azure\"}]}"),
            FaultClass::NoRecords => ids_required(model, method),
            FaultClass::SignatureMismatch => Problem::new(
                ErrorCode::InvalidValue,
                format!("The arguments do not match the method {method} of {model}: {}.", self.summary()),
            )
            .hint("Send the positional arguments in `args` and the named ones in `kwargs`."),
            _ if self.blames_arguments(target) => Problem::new(
                ErrorCode::OdooRefused,
                format!("The method {method} of {model} failed: {}.", self.summary()),
            ),
            _ => return self.problem(target),
        };
        problem.odoo(class_name(&self.exception), without_class(&self.message)).odoo_class(self.qualified.clone())
    }

    /// Whether the method's code rejects its arguments.
    fn blames_arguments(&self, target: &CallTarget<'_>) -> bool {
        match self.class {
            FaultClass::AmbiguousValue => !target.is_orm_method(),
            FaultClass::BadArguments => !self.names_function(target.method),
            FaultClass::Internal => {
                let name = class_name(&self.exception);
                let of_a_module = self.exception.starts_with("odoo.addons.");
                let of_a_type = name == "AttributeError" && TYPES.iter().any(|kind| self.message.starts_with(kind));
                of_a_module || of_a_type || ARGUMENT_ERRORS.contains(&name)
            }
            _ => false,
        }
    }

    /// The exception in one line, without a period at its end.
    fn summary(&self) -> String {
        let message = without_class(&self.message).trim_end_matches('.');
        let name = class_name(&self.exception);
        if message.is_empty() { name.to_owned() } else { format!("{name}: {message}") }
    }
}

/// The class without its module.
fn class_name(exception: &str) -> &str {
    exception.rsplit('.').next().unwrap_or_default()
}

/// Removes the class from the qualified name that Python writes before a method: `Partner.name_search() got …`.
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
    use crate::odoo::jsonrpc::response::JsonRpcFault;
    use crate::plan::Effect;

    const INSIDE: &str = "Traceback (most recent call last):\n  File \"/o/service/model.py\", line 1, in call_kw\n    x\n  \
                          File \"/o/addons/sale/models/sale_order.py\", line 1, in action_confirm\n    x\n";
    const AT_CALL: &str =
        "Traceback (most recent call last):\n  File \"/o/service/model.py\", line 1, in call_kw\n    x\n";

    fn problem(name: &'static str, message: &'static str, debug: &'static str, method: &str) -> Problem {
        let fault =
            Fault::from_jsonrpc(&JsonRpcFault { name: name.into(), message: message.into(), debug: debug.into() });
        fault.method_problem(&CallTarget { model: "sale.order", method, ids: &[], effect: Effect::Write })
    }

    #[test]
    fn exception_about_the_arguments_is_a_rejection() {
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
            assert_eq!(problem.code, ErrorCode::OdooRefused, "{message}");
            assert_eq!(problem.detail, format!("The method action_confirm of sale.order failed: {detail}."));
        }
    }

    #[test]
    fn other_unexpected_exception_is_a_failure_of_odoo() {
        for (name, message) in [
            ("builtins.RecursionError", "maximum recursion depth exceeded"),
            ("builtins.AttributeError", "'sale.order' object has no attribute 'x'"),
            ("builtins.NameError", "name 'x' is not defined"),
            ("psycopg2.errors.UndefinedColumn", "column x does not exist"),
            ("builtins.MemoryError", ""),
        ] {
            let problem = problem(name, message, INSIDE, "action_confirm");
            assert_eq!(problem.code, ErrorCode::OdooInternalError, "{name}");
            assert_eq!(problem.odoo.unwrap().message, "", "{name}");
        }
    }

    #[test]
    fn mismatched_call_is_a_bad_request() {
        let none = problem("builtins.IndexError", "list index out of range", AT_CALL, "action_confirm");
        assert_eq!((none.code, none.parameter.as_deref()), (ErrorCode::MissingParameter, Some("args")));
        assert_eq!(none.detail, "The method `action_confirm` of `sale.order` needs record ids.");
        let create = problem("builtins.IndexError", "list index out of range", AT_CALL, "create");
        assert!(create.detail.contains("expects the values as its first argument"), "{create}");
        let message = "SaleOrder.action_confirm() got an unexpected keyword argument 'x'";
        let unknown_argument = problem("builtins.TypeError", message, AT_CALL, "action_confirm");
        assert_eq!(unknown_argument.code, ErrorCode::InvalidValue);
        assert_eq!(
            unknown_argument.detail,
            "The arguments do not match the method action_confirm of sale.order: TypeError: action_confirm() got an \
             unexpected keyword argument 'x'."
        );
        let adapt = problem("psycopg2.ProgrammingError", "can't adapt type 'dict'", INSIDE, "action_confirm");
        assert_eq!(adapt.code, ErrorCode::InvalidValue);
        assert!(!format!("{adapt:?}").contains("psycopg2"), "{adapt:?}");
    }

    #[test]
    fn orm_errors_keep_their_codes() {
        assert_eq!(problem("builtins.KeyError", "'x'", INSIDE, "write").code, ErrorCode::InvalidValue);
        assert_eq!(
            problem("builtins.ValueError", "Invalid field 'x'", INSIDE, "action_x").code,
            ErrorCode::UnknownField
        );
    }
}
