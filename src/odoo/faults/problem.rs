//! What a fault means for the client.
//!
//! In: a [`Fault`] and the target of the call. Out: a [`Problem`]. Must not know: HTTP frameworks, dialects.
//! docs/dialects/README.md, "Errors", documents the codes.

use std::time::Duration;

use super::missing_value::missing_field;
use super::removed_methods::{successor, successor_of_model};
use super::{Fault, FaultClass, MissingRecords};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::plan::Effect;

/// How long Odoo 14 and 15 reject an address after too many failed logins.
const COOL_DOWN: Duration = Duration::from_secs(60);
/// Time before a retry if Odoo lacks a resource.
const SHORTAGE: Duration = Duration::from_secs(5);

/// The target of a call. A fault about the target differs from the same fault about a related record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTarget<'a> {
    /// The model.
    pub model: &'a str,
    /// The method.
    pub method: &'a str,
    /// The records.
    pub ids: &'a [i64],
    /// Whether the call could change anything.
    pub effect: Effect,
}

impl CallTarget<'_> {
    fn removes(&self) -> bool {
        matches!(self.method, "unlink" | "web_unlink")
    }

    /// Whether the method belongs to Odoo's ORM, so that its `ValueError`s are about the arguments.
    pub(super) fn is_orm_method(&self) -> bool {
        const METHODS: &[&str] = &[
            "check_access_rights",
            "copy",
            "create",
            "default_get",
            "export_data",
            "fields_get",
            "formatted_read_group",
            "formatted_read_grouping_sets",
            "has_access",
            "load",
            "name_create",
            "name_get",
            "name_search",
            "onchange",
            "read",
            "read_group",
            "search",
            "search_count",
            "search_read",
            "unlink",
            "write",
        ];
        METHODS.contains(&self.method) || self.method.starts_with("web_")
    }
}

impl Fault {
    /// The problem for the client.
    #[must_use]
    pub fn problem(&self, target: &CallTarget<'_>) -> Problem {
        let code = self.code(target);
        let problem = Problem::new(code, self.detail(code, target))
            .odoo(&self.exception, self.message_for(code))
            .odoo_class(self.qualified.clone());
        match code {
            ErrorCode::UnknownModel => with_hint(problem, successor_of_model(target.model)),
            ErrorCode::UnknownMethod => with_hint(problem, successor(target.model, target.method)),
            ErrorCode::MissingValue => match missing_field(&self.message, target.model) {
                Some(field) => problem.parameter(field.as_str()),
                None => problem,
            },
            ErrorCode::TooManyAttempts => problem.retry_after(COOL_DOWN),
            ErrorCode::OdooBusy | ErrorCode::OdooUnreachable => problem.retry_after(SHORTAGE),
            ErrorCode::ConcurrentUpdate => problem.retry_after(Duration::from_secs(1)),
            _ => problem,
        }
    }

    fn code(&self, target: &CallTarget<'_>) -> ErrorCode {
        match self.class {
            FaultClass::CredentialRejected | FaultClass::UnknownUser => ErrorCode::CredentialInvalid,
            FaultClass::TooManyLogins => ErrorCode::TooManyAttempts,
            FaultClass::AccessForbidden | FaultClass::ReadOnlyCredential => ErrorCode::AccessDenied,
            FaultClass::PrivateMethod => ErrorCode::PrivateMethod,
            FaultClass::UnknownDatabase => ErrorCode::UnknownDatabase,
            FaultClass::UnknownModel if self.names_model(target.model) => ErrorCode::UnknownModel,
            FaultClass::UnknownMethod => ErrorCode::UnknownMethod,
            FaultClass::NoRecords => ErrorCode::MissingParameter,
            FaultClass::SignatureMismatch => ErrorCode::InvalidValue,
            FaultClass::BadArguments if self.names_function(target.method) => ErrorCode::InvalidValue,
            FaultClass::MissingRecord if self.is_missing_target(target) => ErrorCode::RecordNotFound,
            FaultClass::MissingRecord => ErrorCode::UnknownReference,
            FaultClass::MissingValue | FaultClass::ForeignKey if target.removes() => ErrorCode::ReferenceConflict,
            FaultClass::MissingValue => ErrorCode::MissingValue,
            FaultClass::ForeignKey => ErrorCode::UnknownReference,
            FaultClass::UniqueViolation => ErrorCode::UniqueConflict,
            FaultClass::UnknownModel | FaultClass::Rejected | FaultClass::NoTable => ErrorCode::OdooRefused,
            FaultClass::UnknownField => ErrorCode::UnknownField,
            FaultClass::FieldNotSearchable => ErrorCode::FieldNotSearchable,
            FaultClass::InvalidDomain => ErrorCode::InvalidDomain,
            FaultClass::InvalidOrder => ErrorCode::InvalidOrder,
            FaultClass::InvalidContext => ErrorCode::InvalidContext,
            FaultClass::InvalidValue => ErrorCode::InvalidValue,
            FaultClass::AmbiguousValue if target.is_orm_method() => ErrorCode::InvalidValue,
            FaultClass::ConcurrentUpdate => ErrorCode::ConcurrentUpdate,
            FaultClass::Busy => ErrorCode::OdooBusy,
            FaultClass::DatabaseDown => ErrorCode::OdooUnreachable,
            FaultClass::NoResult | FaultClass::ResultNotRepresentable => ErrorCode::ResultNotRepresentable,
            FaultClass::BadArguments | FaultClass::AmbiguousValue | FaultClass::Internal => {
                ErrorCode::OdooInternalError
            }
        }
    }

    fn names_model(&self, model: &str) -> bool {
        self.message.strip_prefix("Object ").and_then(|rest| rest.strip_suffix(" doesn't exist")) == Some(model)
    }

    /// Whether Python's message about arguments concerns this method, and not one that it calls.
    pub(super) fn names_function(&self, method: &str) -> bool {
        let function = self.message.split("()").next().unwrap_or_default();
        function.rsplit('.').next() == Some(method)
    }

    fn is_missing_target(&self, target: &CallTarget<'_>) -> bool {
        let missing = self.missing.as_ref().filter(|missing| missing.model == target.model);
        missing.is_some_and(|missing| missing.ids.iter().any(|id| target.ids.contains(id)))
    }

    /// Empty for an internal error of Odoo, of which only the class of the exception is shown.
    fn message_for(&self, code: ErrorCode) -> &str {
        if code == ErrorCode::OdooInternalError { "" } else { &self.message }
    }

    fn detail(&self, code: ErrorCode, target: &CallTarget<'_>) -> String {
        let CallTarget { model, method, .. } = target;
        match code {
            ErrorCode::CredentialInvalid => "Odoo does not accept this credential.".to_owned(),
            ErrorCode::TooManyAttempts => {
                "Odoo rejects logins for a while after too many failed attempts. Retry later.".to_owned()
            }
            ErrorCode::AccessDenied if self.class == FaultClass::ReadOnlyCredential => {
                "The Odoo API key may only read. Nothing was done.".to_owned()
            }
            ErrorCode::PrivateMethod => {
                format!("The method {method} is private: Odoo does not allow calling it over RPC.")
            }
            ErrorCode::UnknownDatabase => "Odoo has no database with this name.".to_owned(),
            ErrorCode::UnknownModel => format!("There is no model {model}."),
            ErrorCode::UnknownMethod => format!("The model {model} has no method {method}."),
            ErrorCode::RecordNotFound => self.missing_detail(target),
            ErrorCode::UnknownReference => self.reference_detail(),
            ErrorCode::ReferenceConflict => format!("Other records refer to this record of {model} and require it."),
            ErrorCode::InvalidValue if self.class == FaultClass::AmbiguousValue => {
                format!("Odoo rejects a value passed to {method}: {}: {}", self.exception, self.message)
            }
            ErrorCode::ConcurrentUpdate => {
                "Another transaction changed the same records. Nothing was done. Retry later.".to_owned()
            }
            ErrorCode::OdooBusy => "Odoo has no free database connection. Nothing was done.".to_owned(),
            ErrorCode::OdooUnreachable => "Odoo cannot reach its database. Nothing was done.".to_owned(),
            ErrorCode::ResultNotRepresentable if target.effect == Effect::Read => {
                format!(
                    "XML-RPC cannot transmit the result of {method} of {model}. Request the fields one by one to find \
                     the cause."
                )
            }
            ErrorCode::ResultNotRepresentable => {
                format!("{method} ran and its changes are committed, but XML-RPC cannot transmit its result.")
            }
            ErrorCode::OdooInternalError => format!("Odoo raised {} in {model}.{method}.", self.exception),
            ErrorCode::OdooRefused if self.class == FaultClass::NoTable => {
                format!("The model {model} has no stored records: it has no table in the database.")
            }
            _ if self.message.is_empty() => format!("Odoo rejects {model}.{method} with {}.", self.exception),
            // Odoo 14 and 15 send only the name of the constraint.
            ErrorCode::UniqueConflict | ErrorCode::OdooRefused if !self.message.contains(' ') => {
                format!("The constraint {} of the database rejects the values.", self.message)
            }
            _ => self.message.clone(),
        }
    }

    /// Used instead of Odoo's message, which is about a removal even if nothing was removed.
    fn reference_detail(&self) -> String {
        match &self.missing {
            Some(MissingRecords { model, ids, .. }) => {
                format!("A value refers to {model} with id {}, which does not exist.", listed(ids.iter()))
            }
            None => "A value refers to a record that does not exist.".to_owned(),
        }
    }

    fn missing_detail(&self, target: &CallTarget<'_>) -> String {
        let missing = self.missing.iter().flat_map(|missing| &missing.ids).filter(|id| target.ids.contains(id));
        match missing.clone().count() {
            1 => format!("The record {} of {} does not exist.", listed(missing), target.model),
            _ => format!("The records {} of {} do not exist.", listed(missing), target.model),
        }
    }
}

fn with_hint(problem: Problem, hint: Option<String>) -> Problem {
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// The first 20 ids, separated by commas.
fn listed<'a>(ids: impl Iterator<Item = &'a i64>) -> String {
    ids.take(20).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::xmlrpc::response::{FaultCode, XmlRpcFault};

    fn problem(code: &str, model: &str, method: &str, ids: &[i64]) -> Problem {
        let fault = Fault::from_xmlrpc(&XmlRpcFault { code: FaultCode::Text(code.into()), string: "".into() });
        fault.problem(&CallTarget { model, method, ids, effect: Effect::Write })
    }

    #[test]
    fn missing_record_is_404_only_if_the_call_addresses_it() {
        let gone = "warning -- MissingError\n\nGone.\n(Record: res.partner(7, 9), User: 2)";
        for (model, ids, expected) in [
            ("res.partner", [9], ErrorCode::RecordNotFound),
            ("res.partner", [8], ErrorCode::UnknownReference),
            ("res.users", [9], ErrorCode::UnknownReference),
        ] {
            assert_eq!(problem(gone, model, "write", &ids).code, expected, "{model} {ids:?}");
        }
        assert_eq!(
            problem(gone, "res.partner", "write", &[1, 9]).detail,
            "The record 9 of res.partner does not exist."
        );
        let silent = "warning -- MissingError\n\nThe document is gone.";
        assert_eq!(problem(silent, "res.partner", "write", &[7]).code, ErrorCode::OdooRefused);
    }

    #[test]
    fn a_missing_value_names_its_field_if_it_belongs_to_the_model_of_the_call() {
        let text = "warning -- UserError\n\nThe operation cannot be completed: Missing required field 'Country Name' \
                    (name) for model 'Country' (res.country)";
        let own = problem(text, "res.country", "create", &[]);
        assert_eq!((own.code, own.parameter.as_deref()), (ErrorCode::MissingValue, Some("name")));
        assert!(own.detail.ends_with("'Country Name' (name) for model 'Country' (res.country)"), "{}", own.detail);
        let other = problem(text, "res.partner", "create", &[]);
        assert_eq!((other.code, other.parameter), (ErrorCode::MissingValue, None));
        assert_eq!(problem(text, "res.country", "unlink", &[1]).code, ErrorCode::ReferenceConflict);
    }

    #[test]
    fn a_method_that_was_removed_has_a_hint() {
        let removed = |model, method: &str| {
            let message = format!("The method '{model}.{method}' does not exist");
            let string = format!(
                "Traceback (most recent call last):\n  File \"/odoo/service/model.py\", line 1, in f\n    x\n\
                 AttributeError: {message}\n"
            );
            let fault =
                Fault::from_xmlrpc(&XmlRpcFault { code: FaultCode::Text(message.into()), string: string.into() });
            let problem = fault.problem(&CallTarget { model, method, ids: &[], effect: Effect::Read });
            assert_eq!(problem.code, ErrorCode::UnknownMethod);
            problem.hint.unwrap_or_default()
        };
        assert!(removed("res.partner", "name_get").contains("display_name"));
        assert!(removed("ir.config_parameter", "get_param").contains("get_str"));
        assert_eq!(removed("res.partner", "get_param"), "");
        assert_eq!(removed("res.partner", "no_such_method"), "");
    }

    #[test]
    fn a_write_with_a_key_that_may_only_read_is_forbidden() {
        let message = "cannot execute UPDATE in a read-only transaction";
        let string = format!(
            "Traceback (most recent call last):\n  File \"/odoo/service/model.py\", line 1, in f\n    x\n\
             psycopg2.errors.ReadOnlySqlTransaction: {message}\n"
        );
        let fault = Fault::from_xmlrpc(&XmlRpcFault { code: FaultCode::Text(message.into()), string: string.into() });
        let target = CallTarget { model: "res.partner", method: "write", ids: &[7], effect: Effect::Write };
        let problem = fault.problem(&target);
        assert_eq!(problem.code, ErrorCode::AccessDenied);
        assert!(problem.detail.contains("may only read"), "{}", problem.detail);
        assert!(!format!("{problem:?}").contains("psycopg2"), "{problem:?}");
    }

    #[test]
    fn foreign_key_violation_is_a_conflict_only_on_removal() {
        let key = "warning -- UserError\n\nx\n\nModel: Contact (res.partner), Constraint: res_partner_country_id_fkey";
        assert_eq!(problem(key, "res.country", "unlink", &[1]).code, ErrorCode::ReferenceConflict);
        assert_eq!(problem(key, "res.partner", "write", &[1]).code, ErrorCode::UnknownReference);
    }

    #[test]
    fn unknown_model_is_404_only_if_the_call_addresses_it() {
        let unknown = "warning -- UserError\n\nObject a.b doesn't exist";
        assert_eq!(problem(unknown, "a.b", "read", &[]).code, ErrorCode::UnknownModel);
        assert_eq!(problem(unknown, "c.d", "read", &[]).code, ErrorCode::OdooRefused);
    }

    #[test]
    fn error_of_unknown_origin_is_the_callers_mistake_only_in_the_orm() {
        let raised = |method| {
            let string =
                "Traceback (most recent call last):\n  File \"/x.py\", line 1, in f\n    x\nKeyError: 'secret'\n";
            let fault =
                Fault::from_xmlrpc(&XmlRpcFault { code: FaultCode::Text("'secret'".into()), string: string.into() });
            fault.problem(&CallTarget { model: "a.b", method, ids: &[], effect: Effect::Write })
        };
        assert_eq!(raised("write").code, ErrorCode::InvalidValue);
        let inside = raised("action_confirm");
        assert_eq!(inside.code, ErrorCode::OdooInternalError);
        assert_eq!(inside.detail, "Odoo raised KeyError in a.b.action_confirm.");
        assert_eq!(inside.odoo.map(|odoo| odoo.message), Some(String::new()));
    }
}
