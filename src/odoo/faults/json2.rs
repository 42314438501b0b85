//! Faults of JSON-2.
//!
//! In: the class of the exception with its module, its message, the traceback, and what was called. Out: the same
//! [`Fault`] as for XML-RPC. Must not know: JSON.
//!
//! Odoo looks up the key, the model, the method and its arguments itself, and rejects them with exceptions of HTTP.
//! XML-RPC rejects them with exceptions of Python.

use super::rules::UserException;
use super::{Fault, FaultClass, traceback};
use crate::odoo::jsonrpc::response::JsonRpcFault;

/// The module of the exceptions of HTTP.
const HTTP: &str = "werkzeug.exceptions.";
/// The class of exceptions about arguments.
const TYPE_ERROR: &str = "builtins.TypeError";

impl Fault {
    /// Classifies an error of JSON-2.
    #[must_use]
    pub fn from_json2(error: &JsonRpcFault<'_>, model: &str, method: &str) -> Self {
        let unknown_model = format!("the model '{model}' does not exist");
        let unknown_method = format!("The method '{model}.{method}' does not exist");
        match error.name.strip_prefix(HTTP) {
            Some("Unauthorized") => Self::from_user_exception(UserException::AccessDenied, "Access Denied"),
            Some("NotFound") if error.message == unknown_model => Self::unknown_model(model),
            Some("NotFound") if error.message == unknown_method => Self::from_jsonrpc(&JsonRpcFault {
                name: "builtins.AttributeError".into(),
                message: unknown_method.into(),
                debug: "".into(),
            }),
            Some("UnprocessableEntity") => Self::signature_mismatch(&in_words_of_python(method, &error.message)),
            _ => Self::rolled_back(error),
        }
    }

    /// Odoo serializes the result before the commit. Since Odoo 19.2 the traceback does not show this, as the module
    /// that calls the method has another name.
    fn rolled_back(error: &JsonRpcFault<'_>) -> Self {
        let fault = Self::from_jsonrpc(error);
        if !fault.class.is_after_commit() {
            return fault;
        }
        let (name, message) = (error.name.as_ref().into(), error.message.as_ref().into());
        let without_traceback = JsonRpcFault { name, message, debug: "".into() };
        let is_after_commit = traceback::is_after_commit(&error.debug);
        Self { is_after_commit, ..Self::from_jsonrpc(&without_traceback) }
    }

    /// The model does not exist.
    #[must_use]
    pub fn unknown_model(model: &str) -> Self {
        Self::from_user_exception(UserException::UserError, &format!("Object {model} doesn't exist"))
    }

    /// The arguments do not match the method, which did not run.
    #[must_use]
    pub fn signature_mismatch(message: &str) -> Self {
        let error = JsonRpcFault { name: TYPE_ERROR.into(), message: message.into(), debug: "".into() };
        Self { class: FaultClass::SignatureMismatch, ..Self::from_jsonrpc(&error) }
    }

    /// A record method was called without ids, which XML-RPC rejects.
    #[must_use]
    pub fn no_records() -> Self {
        let (name, message) = ("builtins.IndexError".into(), "list index out of range".into());
        let error = JsonRpcFault { name, message, debug: "".into() };
        Self { class: FaultClass::NoRecords, ..Self::from_jsonrpc(&error) }
    }

    /// Whether a method of the model was called with ids. It did not run.
    pub(in crate::odoo) fn rejects_ids(&self) -> bool {
        self.class == FaultClass::SignatureMismatch && self.message.starts_with(REJECTED_IDS)
    }
}

const REJECTED_IDS: &str = "cannot call ";
const MISSING: &str = "missing a required argument: ";

/// The name of the first argument that a call lacks. `None` for any other error, and unless the traceback proves that
/// the method did not run.
pub(in crate::odoo) fn missing_argument<'e>(error: &'e JsonRpcFault<'_>) -> Option<&'e str> {
    let name = error.message.strip_prefix(MISSING)?.strip_prefix('\'')?.strip_suffix('\'')?;
    let is_rejected = error.name.strip_prefix(HTTP) == Some("UnprocessableEntity");
    (is_rejected && traceback::is_raised_by_json2(&error.debug)).then_some(name)
}

/// What `inspect.Signature.bind` reports about arguments, as a call would report it.
fn in_words_of_python(method: &str, message: &str) -> String {
    let missing = message.strip_prefix(MISSING);
    let missing = missing.or_else(|| message.strip_prefix("missing a required keyword-only argument: "));
    match missing {
        Some(name) => format!("{method}() missing 1 required positional argument: {name}"),
        None if message.starts_with(REJECTED_IDS) => message.to_owned(),
        None if message.starts_with("multiple values ") => format!("{method}() got {message}"),
        None => format!("{method}() {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(name: &'static str, message: &'static str) -> Fault {
        let error = JsonRpcFault { name: name.into(), message: message.into(), debug: "Traceback".into() };
        Fault::from_json2(&error, "res.partner", "name_search")
    }

    #[test]
    fn exceptions_of_http_have_the_classes_of_those_that_xml_rpc_returns() {
        let not_found = "werkzeug.exceptions.NotFound";
        let unprocessable = "werkzeug.exceptions.UnprocessableEntity";
        for (name, message, class, exception, text) in [
            (
                "werkzeug.exceptions.Unauthorized",
                "Invalid apikey",
                FaultClass::CredentialRejected,
                "AccessDenied",
                "Access Denied",
            ),
            (
                not_found,
                "the model 'res.partner' does not exist",
                FaultClass::UnknownModel,
                "UserError",
                "Object res.partner doesn't exist",
            ),
            (
                not_found,
                "The method 'res.partner.name_search' does not exist",
                FaultClass::UnknownMethod,
                "AttributeError",
                "The method 'res.partner.name_search' does not exist",
            ),
            (not_found, "raised by the method", FaultClass::Internal, not_found, "raised by the method"),
            (
                unprocessable,
                "missing a required argument: 'domain'",
                FaultClass::SignatureMismatch,
                "TypeError",
                "name_search() missing 1 required positional argument: 'domain'",
            ),
            (
                unprocessable,
                "got an unexpected keyword argument 'x'",
                FaultClass::SignatureMismatch,
                "TypeError",
                "name_search() got an unexpected keyword argument 'x'",
            ),
            ("odoo.exceptions.ValidationError", "No.", FaultClass::Rejected, "UserError", "No."),
            ("odoo.exceptions.LockError", "No.", FaultClass::Rejected, "UserError", "No."),
            ("builtins.ValueError", "Invalid field 'a'", FaultClass::UnknownField, "ValueError", "Invalid field 'a'"),
        ] {
            let fault = fault(name, message);
            assert_eq!((fault.class, fault.exception.as_str(), fault.message.as_str()), (class, exception, text));
        }
    }

    #[test]
    fn a_result_that_cannot_be_serialized_is_rolled_back() {
        let serializing = "Traceback (most recent call last):\n  File \"/o/odoo/http/retrying.py\", line 1, in retrying\n    \
                           x\n  File \"/p/json/__init__.py\", line 2, in dumps\n    x\nTypeError: no\n";
        let after_commit = serializing.replace("    x\n", "    self.postcommit.run()\n");
        for (debug, is_after_commit) in [(serializing, false), (&after_commit, true)] {
            let name = "builtins.TypeError";
            let error = JsonRpcFault { name: name.into(), message: "no".into(), debug: debug.into() };
            let fault = Fault::from_json2(&error, "res.partner", "action_x");
            let expected = (FaultClass::AmbiguousValue, is_after_commit, Some(name));
            assert_eq!((fault.class, fault.is_after_commit, fault.qualified.as_deref()), expected);
        }
    }

    #[test]
    fn a_missing_argument_is_named_only_if_the_method_did_not_run() {
        let controller = "Traceback (most recent call last):\n  File \"/o/addons/rpc/controllers/json2.py\", line 98, in \
                          web_json_2_rpc\n    raise UnprocessableEntity(exc.args[0])\n";
        let inside = format!("{controller}  File \"/o/addons/x/models/x.py\", line 1, in write\n    check()\n");
        let named = |name: &'static str, message: &'static str, debug: &str| {
            let error = JsonRpcFault { name: name.into(), message: message.into(), debug: debug.into() };
            missing_argument(&error).map(str::to_owned)
        };
        let (rejected, message) = ("werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'values'");
        assert_eq!(named(rejected, message, controller).as_deref(), Some("values"));
        for (name, message, debug) in [
            (rejected, message, inside.as_str()),
            (rejected, message, ""),
            ("builtins.TypeError", message, controller),
            (rejected, "missing a required keyword-only argument: 'values'", controller),
            (rejected, "got an unexpected keyword argument 'vals'", controller),
        ] {
            assert_eq!(named(name, message, debug), None, "{name} {message} {debug}");
        }
    }

    #[test]
    fn a_method_that_takes_no_ids_is_recognized() {
        let with_ids = fault("werkzeug.exceptions.UnprocessableEntity", "cannot call res.partner.name_search with ids");
        assert!(with_ids.rejects_ids());
        assert!(!fault("odoo.exceptions.UserError", "cannot call a taxi").rejects_ids());
        assert_eq!(Fault::no_records().class, FaultClass::NoRecords);
    }
}
