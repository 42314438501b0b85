//! What a fault means to the caller of the gateway.
//!
//! In: a [`Fault`] and what the call was about. Out: a [`Problem`]. Must not know: HTTP frameworks, families. The
//! mapping is the table of contract section 0.3.

use std::time::Duration;

use super::{Fault, FaultClass, Missing};
use crate::error::Problem;
use crate::error_code::Code;
use crate::plan::Effect;

/// How long Odoo 14 and 15 keep an address waiting after too many bad logins.
const COOL_DOWN: Duration = Duration::from_secs(60);
/// When it is worth trying again after a shortage inside Odoo.
const SHORTAGE: Duration = Duration::from_secs(5);

/// What a call was about; the same fault means one thing for it and another for what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addressed<'a> {
    /// The model that was called.
    pub model: &'a str,
    /// The method that was called.
    pub method: &'a str,
    /// The records it was called on.
    pub ids: &'a [i64],
    /// Whether it could change anything.
    pub effect: Effect,
}

impl Addressed<'_> {
    fn removes(&self) -> bool {
        self.method == "unlink"
    }

    /// Whether the method is Odoo's own and its `ValueError`s speak about its arguments.
    pub(super) fn is_orm_method(&self) -> bool {
        const METHODS: &[&str] = &[
            "check_access_rights",
            "copy",
            "create",
            "default_get",
            "export_data",
            "fields_get",
            "formatted_read_group",
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
    /// The problem that the caller is told.
    #[must_use]
    pub fn problem(&self, addressed: &Addressed<'_>) -> Problem {
        let code = self.code(addressed);
        let problem = Problem::new(code, self.detail(code, addressed)).odoo(&self.exception, self.message_for(code));
        match code {
            Code::TooManyAttempts => problem.retry_after(COOL_DOWN),
            Code::OdooBusy | Code::OdooUnreachable => problem.retry_after(SHORTAGE),
            Code::ConcurrentUpdate => problem.retry_after(Duration::from_secs(1)),
            _ => problem,
        }
    }

    fn code(&self, addressed: &Addressed<'_>) -> Code {
        match self.class {
            FaultClass::CredentialRefused | FaultClass::UnknownUser => Code::CredentialInvalid,
            FaultClass::TooManyLogins => Code::TooManyAttempts,
            FaultClass::AccessForbidden => Code::AccessDenied,
            FaultClass::PrivateMethod => Code::PrivateMethod,
            FaultClass::UnknownDatabase => Code::UnknownDatabase,
            FaultClass::UnknownModel if self.names_model(addressed.model) => Code::UnknownModel,
            FaultClass::UnknownMethod => Code::UnknownMethod,
            FaultClass::NoRecords => Code::MissingParameter,
            FaultClass::CallDoesNotFit => Code::InvalidValue,
            FaultClass::BadArguments if self.names_function(addressed.method) => Code::InvalidValue,
            FaultClass::MissingRecord if self.misses_one_of(addressed) => Code::RecordNotFound,
            FaultClass::MissingRecord => Code::UnknownReference,
            FaultClass::MissingValue | FaultClass::ForeignKey if addressed.removes() => Code::ReferenceConflict,
            FaultClass::MissingValue => Code::MissingValue,
            FaultClass::ForeignKey => Code::UnknownReference,
            FaultClass::UniqueViolation => Code::UniqueConflict,
            FaultClass::UnknownModel | FaultClass::Refused | FaultClass::NoTable => Code::OdooRefused,
            FaultClass::UnknownField => Code::UnknownField,
            FaultClass::FieldNotSearchable => Code::FieldNotSearchable,
            FaultClass::InvalidDomain => Code::InvalidDomain,
            FaultClass::InvalidOrder => Code::InvalidOrder,
            FaultClass::InvalidContext => Code::InvalidContext,
            FaultClass::InvalidValue => Code::InvalidValue,
            FaultClass::DoubtfulValue if addressed.is_orm_method() => Code::InvalidValue,
            FaultClass::ConcurrentUpdate => Code::ConcurrentUpdate,
            FaultClass::Busy => Code::OdooBusy,
            FaultClass::DatabaseDown => Code::OdooUnreachable,
            FaultClass::NoResult | FaultClass::ResultNotRepresentable => Code::ResultNotRepresentable,
            FaultClass::BadArguments | FaultClass::DoubtfulValue | FaultClass::Internal => Code::OdooInternalError,
        }
    }

    fn names_model(&self, model: &str) -> bool {
        self.message.strip_prefix("Object ").and_then(|rest| rest.strip_suffix(" doesn't exist")) == Some(model)
    }

    /// Whether Python's complaint about arguments is about this method and not about one that it calls.
    pub(super) fn names_function(&self, method: &str) -> bool {
        let function = self.message.split("()").next().unwrap_or_default();
        function.rsplit('.').next() == Some(method)
    }

    fn misses_one_of(&self, addressed: &Addressed<'_>) -> bool {
        let missing = self.missing.as_ref().filter(|missing| missing.model == addressed.model);
        missing.is_some_and(|missing| missing.ids.iter().any(|id| addressed.ids.contains(id)))
    }

    /// Where Odoo failed inside, the name of the exception is all that is told.
    fn message_for(&self, code: Code) -> &str {
        if code == Code::OdooInternalError { "" } else { &self.message }
    }

    fn detail(&self, code: Code, addressed: &Addressed<'_>) -> String {
        let Addressed { model, method, .. } = addressed;
        match code {
            Code::CredentialInvalid => "Odoo does not take this credential.".to_owned(),
            Code::TooManyAttempts => "Odoo refuses logins for a while after too many failures.".to_owned(),
            Code::PrivateMethod => format!("Odoo does not let {method} be called from outside."),
            Code::UnknownDatabase => "Odoo has no such database.".to_owned(),
            Code::UnknownModel => format!("There is no model {model}."),
            Code::UnknownMethod => format!("The model {model} has no method {method}."),
            Code::RecordNotFound => self.missing_detail(addressed),
            Code::UnknownReference => self.reference_detail(),
            Code::ReferenceConflict => format!("Other records refer to this {model} and need it."),
            Code::InvalidValue if self.class == FaultClass::DoubtfulValue => {
                format!("Odoo cannot use a value that {method} was given: {}: {}", self.exception, self.message)
            }
            Code::ConcurrentUpdate => "Others changed the same records; Odoo tried several times.".to_owned(),
            Code::OdooBusy => "Odoo has no database connection left. Nothing was done.".to_owned(),
            Code::OdooUnreachable => "Odoo cannot reach its database. Nothing was done.".to_owned(),
            Code::ResultNotRepresentable if addressed.effect == Effect::Read => {
                format!("XML-RPC cannot carry what {method} of {model} would answer. Fields one by one show which.")
            }
            Code::ResultNotRepresentable => {
                format!("{method} was done and its changes are kept, but XML-RPC cannot carry its result.")
            }
            Code::OdooInternalError => format!("Odoo failed with {} in {model}.{method}.", self.exception),
            Code::OdooRefused if self.class == FaultClass::NoTable => {
                format!("The model {model} keeps no records: it has no table in the database.")
            }
            _ if self.message.is_empty() => format!("Odoo refuses {model}.{method} with {}.", self.exception),
            // Odoo 14 and 15 say no more than a constraint's name.
            Code::UniqueConflict | Code::OdooRefused if !self.message.contains(' ') => {
                format!("The rule {} of the database refuses the values.", self.message)
            }
            _ => self.message.clone(),
        }
    }

    /// Odoo's own words speak of removals, whatever was done.
    fn reference_detail(&self) -> String {
        match &self.missing {
            Some(Missing { model, ids, .. }) => {
                format!("A value refers to {model} with id {}, which does not exist.", listed(ids.iter()))
            }
            None => "A value refers to a record that does not exist.".to_owned(),
        }
    }

    fn missing_detail(&self, addressed: &Addressed<'_>) -> String {
        let missing = self.missing.iter().flat_map(|missing| &missing.ids).filter(|id| addressed.ids.contains(id));
        format!("There is no {} with id {}.", addressed.model, listed(missing))
    }
}

/// The first few of them.
fn listed<'a>(ids: impl Iterator<Item = &'a i64>) -> String {
    ids.take(20).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::odoo::xmlrpc::answer::{FaultCode, WireFault};

    fn problem(code: &str, model: &str, method: &str, ids: &[i64]) -> Problem {
        let fault = Fault::read(&WireFault { code: FaultCode::Text(code.into()), string: "".into() });
        fault.problem(&Addressed { model, method, ids, effect: Effect::Write })
    }

    #[test]
    fn a_missing_record_is_404_only_where_it_is_the_one_that_is_addressed() {
        let gone = "warning -- MissingError\n\nGone.\n(Record: res.partner(7, 9), User: 2)";
        for (model, ids, expected) in [
            ("res.partner", [9], Code::RecordNotFound),
            ("res.partner", [8], Code::UnknownReference),
            ("res.users", [9], Code::UnknownReference),
        ] {
            assert_eq!(problem(gone, model, "write", &ids).code, expected, "{model} {ids:?}");
        }
        assert_eq!(problem(gone, "res.partner", "write", &[1, 9]).detail, "There is no res.partner with id 9.");
        let silent = "warning -- MissingError\n\nThe document is gone.";
        assert_eq!(problem(silent, "res.partner", "write", &[7]).code, Code::OdooRefused);
    }

    #[test]
    fn a_foreign_key_is_a_conflict_only_for_who_removes() {
        let key = "warning -- UserError\n\nx\n\nModel: Contact (res.partner), Constraint: res_partner_country_id_fkey";
        assert_eq!(problem(key, "res.country", "unlink", &[1]).code, Code::ReferenceConflict);
        assert_eq!(problem(key, "res.partner", "write", &[1]).code, Code::UnknownReference);
    }

    #[test]
    fn an_unknown_model_counts_only_where_it_is_the_one_that_is_addressed() {
        let unknown = "warning -- UserError\n\nObject a.b doesn't exist";
        assert_eq!(problem(unknown, "a.b", "read", &[]).code, Code::UnknownModel);
        assert_eq!(problem(unknown, "c.d", "read", &[]).code, Code::OdooRefused);
    }

    #[test]
    fn an_error_of_unknown_origin_is_the_callers_only_in_the_orm() {
        let raised = |method| {
            let string =
                "Traceback (most recent call last):\n  File \"/x.py\", line 1, in f\n    x\nKeyError: 'secret'\n";
            let fault = Fault::read(&WireFault { code: FaultCode::Text("'secret'".into()), string: string.into() });
            fault.problem(&Addressed { model: "a.b", method, ids: &[], effect: Effect::Write })
        };
        assert_eq!(raised("write").code, Code::InvalidValue);
        let inside = raised("action_confirm");
        assert_eq!(inside.code, Code::OdooInternalError);
        assert_eq!(inside.detail, "Odoo failed with KeyError in a.b.action_confirm.");
        assert_eq!(inside.odoo.map(|odoo| odoo.message), Some(String::new()));
    }
}
