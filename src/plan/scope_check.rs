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
//! | a relation compared by `child_of`, `parent_of` | read on the model: its tree is searched |
//! | a relation compared by text, `display_name`, `name_search` | read on every field of the model: its names are searched |
//! | order by a many2one (not `.id`), group-by a relation | read on the model: its own order decides |
//! | `[id, name]` of a many2one, ids of a relation | nothing more |
//! | a many2one set by id | read on the model, if it is administrative; else nothing more |
//! | commands 0, 1, 2 | create, update, delete on the model, and the fields of the values |
//! | commands 4 / 3, 5, 6 of a one2many | update / update and delete: the lines are changed, or deleted |
//! | commands 3, 4, 5, 6 of a many2many | read on the model |
//! | verbs on a relation | what their commands need |
//! | ids of records that [belong to others](polymorphic) | read on every model |
//! | `get_metadata` and the like, which tell external ids | read on `ir.model.data` |
//! | a reference `model,id`, and `res_model` of attachments and the like | read on the model named |
//!
//! Fields that Odoo computes from other models (related, inherited) are fields of the model that has them. But what is
//! [computed](dependence) from a field that `except` takes away is taken away too, unless `only` names it; and a model that
//! [delegates](delegation) to an administrative one counts as both.

mod arguments;
mod call;
mod columns;
mod context;
mod delegation;
mod dependence;
mod groups;
pub(super) mod polymorphic;
mod signature;

pub(super) use call::{admit_method, check_call, operation_of};
pub(super) use context::{Use, check_context};

use std::fmt::{self, Display};
use std::sync::Arc;

use super::metadata::{Known, PlanError, schema_of};
use super::schema::{Field, FieldType, Schema, unknown_field};
use super::scope::{Operation, Scope, delegated_by, is_secret, reaches_further};
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::{FieldName, MethodName, ModelName};
use crate::value::{Member, Value};

/// A scope, and the defaults that the context of the request gives to new records.
#[derive(Clone, Copy)]
pub(super) struct Guard<'g> {
    scope: &'g Scope,
    context: &'g [Member<'static>],
    known: Option<&'g dyn Known>,
}

impl fmt::Debug for Guard<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Guard").field("scope", self.scope).field("context", &self.context).finish_non_exhaustive()
    }
}

impl<'g> Guard<'g> {
    /// Asks `scope` about models, before anything is known of their fields.
    pub(super) fn new(scope: &'g Scope, context: &'g [Member<'static>]) -> Self {
        Self { scope, context, known: None }
    }

    /// Asks `scope`, also about fields that are made of others. `context` is the one that will be sent.
    pub(super) fn knowing(scope: &'g Scope, context: &'g [Member<'static>], known: &'g dyn Known) -> Self {
        Self { scope, context, known: Some(known) }
    }

    /// The schema of a model that an operation touches.
    ///
    /// # Errors
    /// A schema that is lacking; 403 `scope_forbidden` when the model's fields tell that its records are also records of
    /// a model that is outside.
    pub(super) fn schema(
        self,
        known: &dyn Known,
        model: &ModelName,
        operation: Operation,
        at: &dyn Display,
    ) -> Result<Arc<Schema>, PlanError> {
        let schema = schema_of(known, model)?;
        if !self.is_open() {
            delegation::check(self, known, &schema, operation, at)?;
        }
        Ok(schema)
    }

    /// Whether there is anything to ask.
    pub(super) fn is_open(self) -> bool {
        self.scope.is_all()
    }

    /// The context that will be sent.
    pub(super) fn context(self) -> &'g [Member<'static>] {
        self.context
    }

    /// Whether an operation is allowed on a model.
    pub(super) fn allows(self, model: &ModelName, operation: Operation) -> bool {
        self.scope.allows(model, operation)
    }

    /// Whether every model that is not administrative may be read.
    pub(super) fn reads_every_model(self) -> bool {
        self.scope.reads_every_model()
    }

    /// Whether some field is, or may become, hidden from an operation.
    pub(super) fn hides_fields(self, model: &ModelName, operation: Operation) -> bool {
        !self.scope.allows_all_fields(model, operation)
    }

    /// Whether "all fields" of this schema are fewer than Odoo would send.
    pub(super) fn leaves_out_fields(self, schema: &Schema) -> bool {
        let has_secrets = || schema.fields().any(|(name, _)| is_secret(&schema.model, name.as_str()));
        self.hides_fields(&schema.model, Operation::Read) || (!self.is_open() && has_secrets())
    }

    /// Whether a field may be shown. What cannot be told yet is not: [`Guard::look_at`] comes first.
    pub(super) fn shows(self, schema: &Schema, field: &FieldName) -> bool {
        self.scope.allows_field(&schema.model, Operation::Read, field.as_str())
            && matches!(self.is_made_of_hidden(schema, Operation::Read, field.as_str()), Ok(false))
    }

    /// Makes sure that all is known that tells which fields of a model may be shown.
    ///
    /// # Errors
    /// A schema that is lacking.
    pub(super) fn look_at(self, schema: &Schema) -> Result<(), PlanError> {
        schema
            .fields()
            .try_for_each(|(name, _)| self.is_made_of_hidden(schema, Operation::Read, name.as_str()).map(|_| ()))
    }

    fn is_made_of_hidden(self, schema: &Schema, operation: Operation, field: &str) -> Result<bool, PlanError> {
        let model = &schema.model;
        match self.known {
            Some(known) if self.scope.excepts_somewhere(operation, None) && field != "display_name" => {
                Ok(!self.scope.names_field(model, operation, field)
                    && dependence::is_made_of_hidden(self.scope, known, schema, operation, field)?)
            }
            _ => Ok(false),
        }
    }

    /// Asks for the names of a model's records, to search by them: Odoo finds a record by more than its name shows.
    ///
    /// # Errors
    /// 403 `scope_forbidden` when a field of the model is hidden, or a schema that is lacking.
    pub(super) fn names(self, model: &ModelName, at: &dyn Display) -> Result<(), PlanError> {
        self.model(model, Operation::Read, at)?;
        let hides =
            |model: &ModelName| self.allows(model, Operation::Read) && self.hides_fields(model, Operation::Read);
        let is_made_of_hidden = match self.known {
            Some(known) if self.scope.excepts_somewhere(Operation::Read, None) => {
                let schema = schema_of(known, model)?;
                dependence::is_made_of_hidden(self.scope, known, &schema, Operation::Read, "display_name")?
            }
            _ => false,
        };
        if is_made_of_hidden || hides(model) || delegated_by(model).any(|to| hides(&to)) {
            return Err(refuse(at, &format!("may not search {model} by name, because it may not read all its fields")));
        }
        Ok(())
    }

    /// Asks for what a many2one is set to by id.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn link(self, field: &Field, at: &dyn Display) -> Result<(), PlanError> {
        match field.relation.as_ref().filter(|model| reaches_further(model)) {
            Some(model) => self.model_by_id(model, at),
            None => Ok(()),
        }
    }

    /// Asks for a record that is named by model and id.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn model_by_id(self, model: &ModelName, at: &dyn Display) -> Result<(), PlanError> {
        self.model(model, Operation::Read, at)?;
        polymorphic::check_ids_at(self, model, at)
    }

    /// Asks for an operation on a model; `at` says where in the request it is touched.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn model(self, model: &ModelName, operation: Operation, at: &dyn Display) -> Result<(), PlanError> {
        if self.scope.allows(model, operation) {
            return Ok(());
        }
        Err(refuse(at, &format!("may not {} {model}", operation.as_str())))
    }

    /// Asks for an operation on what a field leads to. Nothing when it leads nowhere.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn beyond(self, field: &Field, operation: Operation, at: &dyn Display) -> Result<(), PlanError> {
        field.relation.as_ref().map_or(Ok(()), |model| self.model(model, operation, at))
    }

    /// Asks for a field of a model.
    ///
    /// # Errors
    /// 403 `scope_forbidden`, whether or not there is such a field.
    pub(super) fn field(
        self,
        model: &ModelName,
        operation: Operation,
        field: &str,
        at: &dyn Display,
    ) -> Result<(), PlanError> {
        if self.scope.allows_field(model, operation, field) && !self.is_hidden_with_another(model, operation, field)? {
            return Ok(());
        }
        self.model(model, operation, at)?;
        let shown: String = field.chars().take(64).collect();
        Err(refuse(at, &format!("may not {} the field {shown} of {model}", operation.as_str())))
    }

    fn is_hidden_with_another(self, model: &ModelName, operation: Operation, field: &str) -> Result<bool, PlanError> {
        match self.known {
            Some(known) if self.scope.excepts_somewhere(operation, None) => {
                self.is_made_of_hidden(&*schema_of(known, model)?, operation, field)
            }
            _ => Ok(false),
        }
    }

    /// Asks for all fields of a model: what is about to happen sets fields that nobody names.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn every_field(
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
    pub(super) fn method(self, model: &ModelName, method: &MethodName) -> Result<(), PlanError> {
        if self.scope.allows_method(model, method) {
            return Ok(());
        }
        Err(refuse(&"method", &format!("may not execute {method} of {model}")))
    }

    /// The refusal of a field that is not there. It does not hint at one that is hidden.
    pub(super) fn unknown(self, schema: &Schema, name: &str, at: &str) -> PlanError {
        unknown_field(schema, name, at, |near| self.shows(schema, near))
    }

    /// Refuses what cannot be checked.
    pub(super) fn unclear(self, at: &dyn Display, what: &str) -> PlanError {
        refuse(at, what)
    }

    /// Asks for what one command of a relation does to the records behind it.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn command(self, number: i64, field: &Field, at: &dyn Display) -> Result<(), PlanError> {
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
    pub(super) fn defaults_of(self, schema: &Schema, at: &dyn Display) -> Result<(), PlanError> {
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
