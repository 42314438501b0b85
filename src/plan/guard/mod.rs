//! Asks a credential's scope at every step of a walk over models and fields.
//!
//! In: what a wish touches, named by those who walk it anyway: domains, orders, columns, values, calls. Out: nothing, or
//! 403 `scope_forbidden` with the model, the operation and the field. Must not know: how wishes are written.
//!
//! A field is asked for before its schema is looked at, a model before its schema is fetched: so a refusal tells nothing
//! of what lies behind it, and Odoo is not asked. With [`Scope::All`] every question is one comparison.
//!
//! | what is touched | what it needs |
//! |---|---|
//! | a step of a path, `any`, a nested specification, a column `a/b` | read on the model it leads to, and its field |
//! | a relation compared by text, or by `child_of`, `parent_of` | read on the model: its names or its tree are searched |
//! | order by a many2one (not `.id`), group-by a relation | read on the model: its own order decides |
//! | `[id, name]` of a many2one, ids of a relation, a many2one set by id | nothing more |
//! | commands 0, 1, 2 | create, update, delete on the model, and the fields of the values |
//! | commands 4 / 3, 5, 6 of a one2many | update / update and delete: the lines are changed, or deleted |
//! | commands 3, 4, 5, 6 of a many2many | read on the model |
//! | verbs on a relation | what their commands need |
//! | ids of records that [belong to others](polymorphic) | read on every model |
//! | `get_metadata` and the like, which tell external ids | read on `ir.model.data` |
//! | a reference `model,id`, and `res_model` of attachments and the like | read on the model named |
//!
//! Fields that Odoo computes from other models (related, inherited) are fields of the model that has them.

mod arguments;
mod call;
mod columns;
mod context;
mod groups;
pub(in crate::plan) mod polymorphic;
mod signature;

pub(in crate::plan) use call::{admit_method, check_call, operation_of};
pub(in crate::plan) use context::{Use, check_context};

use std::fmt::Display;

use super::known::PlanError;
use super::schema::{Field, FieldType, Schema, unknown_field};
use super::scope::{Operation, Scope};
use crate::error::Problem;
use crate::explain::Code;
use crate::names::{FieldName, MethodName, ModelName};
use crate::value::{Member, Value};

/// A scope, and the defaults that the context of the request gives to new records.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Guard<'g> {
    scope: &'g Scope,
    context: &'g [Member<'static>],
}

impl<'g> Guard<'g> {
    /// Asks `scope`; `context` is the one that will be sent.
    pub(in crate::plan) fn new(scope: &'g Scope, context: &'g [Member<'static>]) -> Self {
        Self { scope, context }
    }

    /// Whether there is anything to ask.
    pub(in crate::plan) fn is_open(self) -> bool {
        self.scope.is_all()
    }

    /// The context that will be sent.
    pub(in crate::plan) fn context(self) -> &'g [Member<'static>] {
        self.context
    }

    /// Whether an operation is allowed on a model.
    pub(in crate::plan) fn allows(self, model: &ModelName, operation: Operation) -> bool {
        self.scope.allows(model, operation)
    }

    /// Whether every model that is not administrative may be read.
    pub(in crate::plan) fn reads_every_model(self) -> bool {
        self.scope.reads_every_model()
    }

    /// Whether some field is, or may become, hidden from an operation.
    pub(in crate::plan) fn hides_fields(self, model: &ModelName, operation: Operation) -> bool {
        !self.scope.allows_all_fields(model, operation)
    }

    /// Whether a field may be shown.
    pub(in crate::plan) fn shows(self, model: &ModelName, field: &FieldName) -> bool {
        self.scope.allows_field(model, Operation::Read, field.as_str())
    }

    /// Asks for an operation on a model; `at` says where in the request it is touched.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(in crate::plan) fn model(
        self,
        model: &ModelName,
        operation: Operation,
        at: &dyn Display,
    ) -> Result<(), PlanError> {
        if self.scope.allows(model, operation) {
            return Ok(());
        }
        Err(refuse(at, &format!("may not {} {model}", operation.as_str())))
    }

    /// Asks for an operation on what a field leads to. Nothing when it leads nowhere.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(in crate::plan) fn beyond(
        self,
        field: &Field,
        operation: Operation,
        at: &dyn Display,
    ) -> Result<(), PlanError> {
        field.relation.as_ref().map_or(Ok(()), |model| self.model(model, operation, at))
    }

    /// Asks for a field of a model.
    ///
    /// # Errors
    /// 403 `scope_forbidden`, whether or not there is such a field.
    pub(in crate::plan) fn field(
        self,
        model: &ModelName,
        operation: Operation,
        field: &str,
        at: &dyn Display,
    ) -> Result<(), PlanError> {
        if self.scope.allows_field(model, operation, field) {
            return Ok(());
        }
        self.model(model, operation, at)?;
        let shown: String = field.chars().take(64).collect();
        Err(refuse(at, &format!("may not {} the field {shown} of {model}", operation.as_str())))
    }

    /// Asks for all fields of a model: what is about to happen sets fields that nobody names.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(in crate::plan) fn every_field(
        self,
        model: &ModelName,
        operation: Operation,
        at: &dyn Display,
    ) -> Result<(), PlanError> {
        self.model(model, operation, at)?;
        if self.hides_fields(model, operation) {
            return Err(refuse(at, &format!("may not {} every field of {model}", operation.as_str())));
        }
        Ok(())
    }

    /// Asks for a method that is none of the ORM's.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(in crate::plan) fn method(self, model: &ModelName, method: &MethodName) -> Result<(), PlanError> {
        if self.scope.allows_method(model, method) {
            return Ok(());
        }
        Err(refuse(&"method", &format!("may not execute {method} of {model}")))
    }

    /// The refusal of a field that is not there. It does not hint at one that is hidden.
    pub(in crate::plan) fn unknown(self, schema: &Schema, name: &str, at: &str) -> PlanError {
        unknown_field(schema, name, at, |near| self.shows(&schema.model, near))
    }

    /// Refuses what cannot be checked.
    pub(in crate::plan) fn unclear(self, at: &dyn Display, what: &str) -> PlanError {
        refuse(at, what)
    }

    /// Asks for what one command of a relation does to the records behind it.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(in crate::plan) fn command(self, number: i64, field: &Field, at: &dyn Display) -> Result<(), PlanError> {
        if matches!(number, 1..=4 | 6) {
            field.relation.as_ref().map_or(Ok(()), |model| polymorphic::check_ids_at(self, model, at))?;
        }
        let needed: &[Operation] = match (number, field.kind) {
            (0, _) => &[Operation::Create],
            (1, _) => &[Operation::Update],
            (2, _) => &[Operation::Delete],
            (4, FieldType::One2many) => &[Operation::Update],
            (_, FieldType::One2many) => &[Operation::Update, Operation::Delete],
            _ => &[Operation::Read],
        };
        needed.iter().try_for_each(|operation| self.beyond(field, *operation, at))
    }

    /// Asks for the defaults that the context gives to new records behind a relation. Values of a list would need a walk of
    /// their own, and nobody writes them there.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(in crate::plan) fn defaults_of(self, schema: &Schema, at: &dyn Display) -> Result<(), PlanError> {
        if self.is_open() {
            return Ok(());
        }
        for (key, value) in self.context {
            let Some(field) = key.strip_prefix("default_").filter(|field| schema.field(field).is_some()) else {
                continue;
            };
            self.field(&schema.model, Operation::Create, field, &format_args!("{at}: context.{key}"))?;
            if matches!(value, Value::List(_)) {
                return Err(refuse(at, &format!("may not give {} the default {key}", schema.model)));
            }
        }
        Ok(())
    }
}

/// The refusal: what the credential may not do, and where in the request that stands.
fn refuse(at: &dyn Display, what: &str) -> PlanError {
    let at = at.to_string();
    let parameter = at.split([':', '[', '.']).next().unwrap_or_default().to_owned();
    Problem::new(Code::ScopeForbidden, format!("{at}: this credential {what}.")).parameter(parameter).into()
}

#[cfg(test)]
mod tests;
