//! What a scope allows of a model: the operations, and the fields of each.
//!
//! In: a model, a scope, metadata. Out: [`ModelAccess`], or 403 if the scope does not allow reading the model; the
//! language in which the model is described. Must not know: the access rights of Odoo, what the description of a model is used for.

use std::collections::BTreeSet;

use super::all_fields::readable_columns;
use super::context::{self, RequestedContext};
use super::error::PlanError;
use super::metadata::Metadata;
use super::model_schema::Schema;
use super::scope::{Operation, Scope};
use super::scope_check::ScopeCheck;
use crate::names::{FieldName, ModelName};

/// The operations on a model that a scope allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelAccess {
    /// The fields that "all fields" of a record stands for.
    pub readable: BTreeSet<FieldName>,
    /// The fields that a new record may have; `None` if no record may be created.
    pub creatable: Option<BTreeSet<FieldName>>,
    /// The fields that may be changed; `None` if no record may be changed.
    pub updatable: Option<BTreeSet<FieldName>>,
    /// Whether records may be deleted.
    pub delete: bool,
    /// Whether methods may be called that are not part of the ORM.
    pub execute: bool,
}

/// The parameter that names the models.
const PARAMETER: &str = "models";

/// Returns the language of labels: the requested one, else that of the user. `None` is the source language. Nothing of
/// the model is needed yet.
///
/// # Errors
/// 403 `scope_forbidden` if the scope does not allow reading the model; 400 for a language that is not installed; or
/// metadata is missing.
pub fn label_language(
    model: &ModelName,
    requested: &RequestedContext,
    scope: &Scope,
    metadata: &dyn Metadata,
) -> Result<Option<String>, PlanError> {
    ScopeCheck::new(scope, &[]).require_model(model, Operation::Read, &PARAMETER)?;
    let context = context::resolve(requested, metadata)?;
    let lang = context.iter().find(|(key, _)| key == "lang").and_then(|(_, value)| value.as_text());
    Ok(lang.map(str::to_owned))
}

/// Returns what a scope allows of a model.
///
/// # Errors
/// 403 `scope_forbidden` if the scope does not allow reading the model; or metadata is missing.
pub fn model_access(model: &ModelName, scope: &Scope, metadata: &dyn Metadata) -> Result<ModelAccess, PlanError> {
    ScopeCheck::new(scope, &[]).require_model(model, Operation::Read, &PARAMETER)?;
    let scope_check = ScopeCheck::with_metadata(scope, &[], metadata);
    let schema = scope_check.checked_schema(metadata, model, Operation::Read, &PARAMETER)?;
    scope_check.require_dependencies(&schema)?;
    let is_allowed = |operation| is_allowed(scope_check, metadata, model, operation);
    let writable = |operation| {
        let allowed = is_allowed(operation)?;
        allowed.then(|| writable_fields(scope_check, &schema, operation)).transpose()
    };
    Ok(ModelAccess {
        readable: readable_columns(&schema, scope_check).map(|column| column.name).collect(),
        creatable: writable(Operation::Create)?,
        updatable: writable(Operation::Update)?,
        delete: is_allowed(Operation::Delete)?,
        execute: is_allowed(Operation::Execute)?,
    })
}

/// Whether the scope allows an operation on the model, and on the models that it delegates to.
fn is_allowed(
    scope_check: ScopeCheck<'_>,
    metadata: &dyn Metadata,
    model: &ModelName,
    operation: Operation,
) -> Result<bool, PlanError> {
    let checked = scope_check
        .require_model(model, operation, &PARAMETER)
        .and_then(|()| scope_check.checked_schema(metadata, model, operation, &PARAMETER));
    accepted(checked.map(|_| ()))
}

fn writable_fields(
    scope_check: ScopeCheck<'_>,
    schema: &Schema,
    operation: Operation,
) -> Result<BTreeSet<FieldName>, PlanError> {
    let mut fields = BTreeSet::new();
    for (name, _) in schema.fields() {
        if accepted(scope_check.require_field(&schema.model, operation, name.as_str(), &PARAMETER))? {
            fields.insert(name.clone());
        }
    }
    Ok(fields)
}

/// Whether a check passed. Only missing metadata is an error.
fn accepted(check: Result<(), PlanError>) -> Result<bool, PlanError> {
    match check {
        Ok(()) => Ok(true),
        Err(PlanError::Rejected(_)) => Ok(false),
        Err(missing) => Err(missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::ErrorCode;
    use crate::plan::samples::{Samples, partner};

    fn access(scope: &str) -> Result<ModelAccess, PlanError> {
        let scope = Scope::from_json(scope).unwrap();
        model_access(&partner().model, &scope, &Samples)
    }

    fn has(fields: &BTreeSet<FieldName>, name: &str) -> bool {
        fields.contains(name)
    }

    #[test]
    fn everything_is_allowed_without_a_restriction() {
        let access = access(r#""all""#).unwrap();
        assert!(has(&access.readable, "name") && access.delete && access.execute);
        assert!(has(&access.creatable.unwrap(), "name") && has(&access.updatable.unwrap(), "name"));
    }

    #[test]
    fn each_operation_has_the_fields_of_its_rules() {
        let rules = r#"[{"models": "res.partner", "operations": ["read"], "fields": {"except": ["country_id"]}},
                        {"models": "res.partner", "operations": ["update"], "fields": {"only": ["name"]}}]"#;
        let access = access(rules).unwrap();
        assert!(has(&access.readable, "name") && !has(&access.readable, "country_id"));
        assert_eq!(access.creatable, None);
        assert_eq!(access.updatable.unwrap().iter().map(FieldName::as_str).collect::<Vec<_>>(), ["name"]);
        assert!(!access.delete && !access.execute);
    }

    #[test]
    fn a_model_outside_the_scope_is_named() {
        let rules = r#"[{"models": "sale.order", "operations": ["read"]}]"#;
        let Err(PlanError::Rejected(problem)) = access(rules) else { panic!("the scope does not allow the model") };
        assert_eq!((problem.code, problem.parameter.as_deref()), (ErrorCode::ScopeForbidden, Some("models")));
        assert!(problem.detail.contains("res.partner"), "{}", problem.detail);
        let scope = Scope::from_json(rules).unwrap();
        let lang = label_language(&partner().model, &RequestedContext::default(), &scope, &Samples);
        assert!(matches!(lang, Err(PlanError::Rejected(problem)) if problem.code == ErrorCode::ScopeForbidden));
    }
}
