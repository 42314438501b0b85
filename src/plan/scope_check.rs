//! Checks a credential's scope at every step of a walk over models and fields.
//!
//! In: the models, fields, commands and methods that a request touches, named by the code that walks it: domains,
//! orders, columns, values, calls. Out: nothing, or 403 `scope_forbidden` with the model, the operation and the
//! field. Must not know: how requests are written.
//!
//! A field is checked before its schema is consulted, and a model before its schema is fetched. So a rejection
//! reveals nothing about what exists, and Odoo is not called. With [`Scope::All`] every check is one comparison.
//!
//! | the request touches | required permission |
//! |---|---|
//! | a step of a path, `any`, a nested specification, a column `a/b` | read on the model it leads to, and the field |
//! | a relation compared by `child_of`, `parent_of` | read on the model: its hierarchy is searched |
//! | a relation compared by text, `display_name`, `name_search` | read on every field of the model: its names are searched |
//! | order by a many2one (not `.id`), group by a relation | read on the model: its default order decides |
//! | `[id, name]` of a many2one, ids of a relation | nothing more |
//! | a many2one set by id | read on the model if it is administrative, otherwise nothing more |
//! | the name or size of an attachment's file, as a part of its content | the field `name` or `file_size` |
//! | commands 0, 1, 2 | create, update, delete on the model, and the fields of the values |
//! | commands 4 / 3, 5, 6 of a one2many | update / update and delete: the lines are changed or deleted |
//! | commands 3, 4, 5, 6 of a many2many | read on the model |
//! | named commands of a relation | what the Odoo commands they become require |
//! | ids of records that [belong to others](polymorphic) | read on every model |
//! | `get_metadata` and other methods that return external ids | read on `ir.model.data` |
//! | a reference `model,id`, and `res_model` of attachments and similar models | read on the named model |
//!
//! Fields that Odoo computes from other models (related, inherited) are fields of the model that has them. But a
//! field that is [computed](dependence) from a field in `except` is hidden too, unless `only` lists it; and a model
//! that [delegates](delegation) to an administrative one counts as both.

mod delegation;
mod dependence;
pub(super) mod polymorphic;

use std::fmt::{self, Display};
use std::sync::Arc;

use super::error::PlanError;
use super::metadata::{Metadata, require_schema};
use super::model_schema::{Field, FieldType, Schema, unknown_field};
use super::scope::{Operation, Scope, delegated_by, is_or_delegates_to_administrative, is_secret};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{FieldName, MethodName, ModelName};
use crate::value::{Member, Value};

/// A scope, the context that is sent with the request, and the metadata that dependencies are read from.
#[derive(Clone, Copy)]
pub(super) struct ScopeCheck<'s> {
    scope: &'s Scope,
    context: &'s [Member<'static>],
    metadata: Option<&'s dyn Metadata>,
}

impl fmt::Debug for ScopeCheck<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ScopeCheck")
            .field("scope", self.scope)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl<'s> ScopeCheck<'s> {
    /// A check of models only, before metadata is available.
    pub(super) fn new(scope: &'s Scope, context: &'s [Member<'static>]) -> Self {
        Self { scope, context, metadata: None }
    }

    /// A check that also follows dependencies between fields. `context` is the one that will be sent.
    pub(super) fn with_metadata(scope: &'s Scope, context: &'s [Member<'static>], metadata: &'s dyn Metadata) -> Self {
        Self { scope, context, metadata: Some(metadata) }
    }

    /// Returns the schema of a model after checking the models it delegates to.
    ///
    /// # Errors
    /// Metadata is missing; 403 `scope_forbidden` if the records of the model are also records of a model outside the
    /// scope.
    pub(super) fn checked_schema(
        self,
        metadata: &dyn Metadata,
        model: &ModelName,
        operation: Operation,
        at: &dyn Display,
    ) -> Result<Arc<Schema>, PlanError> {
        let schema = require_schema(metadata, model)?;
        if !self.is_unrestricted() {
            delegation::check(self, metadata, &schema, operation, at)?;
        }
        Ok(schema)
    }

    /// Whether the scope allows everything.
    pub(super) fn is_unrestricted(self) -> bool {
        self.scope.is_all()
    }

    /// The context that will be sent.
    pub(super) fn context(self) -> &'s [Member<'static>] {
        self.context
    }

    /// Whether an operation is allowed on a model.
    pub(super) fn allows(self, model: &ModelName, operation: Operation) -> bool {
        self.scope.allows(model, operation)
    }

    /// Whether the scope allows `read` on every model that is not administrative.
    pub(super) fn can_read_every_model(self) -> bool {
        self.scope.can_read_every_model()
    }

    /// Whether the scope hides a field of the model from an operation, now or after an upgrade of Odoo.
    pub(super) fn hides_fields(self, model: &ModelName, operation: Operation) -> bool {
        !self.scope.allows_all_fields(model, operation)
    }

    /// Whether "all fields" of this schema excludes fields that Odoo would return.
    pub(super) fn omits_fields(self, schema: &Schema) -> bool {
        let has_secrets = || schema.fields().any(|(name, _)| is_secret(&schema.model, name.as_str()));
        self.hides_fields(&schema.model, Operation::Read) || (!self.is_unrestricted() && has_secrets())
    }

    /// Whether the field may be read. Call [`ScopeCheck::require_dependencies`] first: without its metadata a field
    /// counts as hidden.
    pub(super) fn is_visible(self, schema: &Schema, field: &FieldName) -> bool {
        self.scope.allows_field(&schema.model, Operation::Read, field.as_str())
            && matches!(self.depends_on_hidden(schema, Operation::Read, field.as_str()), Ok(false))
    }

    /// Checks that the metadata for [`ScopeCheck::is_visible`] is available for every field of a schema.
    ///
    /// # Errors
    /// Metadata is missing.
    pub(super) fn require_dependencies(self, schema: &Schema) -> Result<(), PlanError> {
        schema
            .fields()
            .try_for_each(|(name, _)| self.depends_on_hidden(schema, Operation::Read, name.as_str()).map(|_| ()))
    }

    fn depends_on_hidden(self, schema: &Schema, operation: Operation, field: &str) -> Result<bool, PlanError> {
        let model = &schema.model;
        match self.metadata {
            Some(metadata) if self.scope.hides_anywhere(operation, None) && field != "display_name" => {
                Ok(!self.scope.lists_field(model, operation, field)
                    && dependence::depends_on_hidden(self.scope, metadata, schema, operation, field)?)
            }
            _ => Ok(false),
        }
    }

    /// Checks a search by record names: Odoo compares more fields than the name shows.
    ///
    /// # Errors
    /// 403 `scope_forbidden` if a field of the model is hidden, or metadata is missing.
    pub(super) fn require_name_search(self, model: &ModelName, at: &dyn Display) -> Result<(), PlanError> {
        self.require_model(model, Operation::Read, at)?;
        let hides =
            |model: &ModelName| self.allows(model, Operation::Read) && self.hides_fields(model, Operation::Read);
        let depends_on_hidden = match self.metadata {
            Some(metadata) if self.scope.hides_anywhere(Operation::Read, None) => {
                let schema = require_schema(metadata, model)?;
                dependence::depends_on_hidden(self.scope, metadata, &schema, Operation::Read, "display_name")?
            }
            _ => false,
        };
        if depends_on_hidden || hides(model) || delegated_by(model).any(|to| hides(&to)) {
            let reason = "because it does not allow `read` on all fields of the model";
            return Err(forbidden(at, &format!("searching `{model}` by name, {reason}")));
        }
        Ok(())
    }

    /// Checks the model that a many2one is set to by id.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn require_link(self, field: &Field, at: &dyn Display) -> Result<(), PlanError> {
        match field.relation.as_ref().filter(|model| is_or_delegates_to_administrative(model)) {
            Some(model) => self.require_record(model, at),
            None => Ok(()),
        }
    }

    /// Checks a record that is addressed by model and id.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn require_record(self, model: &ModelName, at: &dyn Display) -> Result<(), PlanError> {
        self.require_model(model, Operation::Read, at)?;
        polymorphic::check_ids_at(self, model, at)
    }

    /// Checks an operation on a model. `at` is the place in the request.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn require_model(
        self,
        model: &ModelName,
        operation: Operation,
        at: &dyn Display,
    ) -> Result<(), PlanError> {
        if self.scope.allows(model, operation) {
            return Ok(());
        }
        Err(forbidden(at, &format!("`{}` on `{model}`", operation.as_str())))
    }

    /// Checks an operation on the related model of a field. Fields without a relation pass.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn require_related(
        self,
        field: &Field,
        operation: Operation,
        at: &dyn Display,
    ) -> Result<(), PlanError> {
        field.relation.as_ref().map_or(Ok(()), |model| self.require_model(model, operation, at))
    }

    /// Checks an operation on a field.
    ///
    /// # Errors
    /// 403 `scope_forbidden`, whether or not the field exists.
    pub(super) fn require_field(
        self,
        model: &ModelName,
        operation: Operation,
        field: &str,
        at: &dyn Display,
    ) -> Result<(), PlanError> {
        if self.scope.allows_field(model, operation, field) && !self.is_hidden_by_dependency(model, operation, field)? {
            return Ok(());
        }
        self.require_model(model, operation, at)?;
        let excerpt: String = field.chars().take(64).collect();
        Err(forbidden(at, &format!("`{}` on the field `{excerpt}` of `{model}`", operation.as_str())))
    }

    fn is_hidden_by_dependency(self, model: &ModelName, operation: Operation, field: &str) -> Result<bool, PlanError> {
        match self.metadata {
            Some(metadata) if self.scope.hides_anywhere(operation, None) => {
                self.depends_on_hidden(&*require_schema(metadata, model)?, operation, field)
            }
            _ => Ok(false),
        }
    }

    /// Checks an operation that sets or reads fields which the request does not name.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn require_all_fields(
        self,
        model: &ModelName,
        operation: Operation,
        at: &dyn Display,
    ) -> Result<(), PlanError> {
        self.require_model(model, operation, at)?;
        if self.hides_fields(model, operation) {
            return Err(forbidden(at, &format!("`{}` on all fields of `{model}`", operation.as_str())));
        }
        Ok(())
    }

    /// Checks a method that is not part of the ORM.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn require_method(self, model: &ModelName, method: &MethodName) -> Result<(), PlanError> {
        if self.scope.allows_method(model, method) {
            return Ok(());
        }
        Err(forbidden(&"method", &format!("`execute` on the method `{method}` of `{model}`")))
    }

    /// Checks a method of the ORM whose arguments do not show which fields it touches: only a rule that lists the
    /// method allows it, and then it runs as any other method does.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn require_listed_method(self, model: &ModelName, method: &MethodName) -> Result<(), PlanError> {
        if self.scope.lists_method(model, method) {
            return self.require_method(model, method);
        }
        let denied = format!("the method `{method}`, because the gateway cannot check which fields it touches");
        let hint = format!(
            "Use a method that it can check, such as `search_read` or `read_group`. Or ask the administrator for a rule \
             for `{model}` that allows `execute` and lists `{method}` in `methods`."
        );
        Err(forbidden_with_hint(&"method", &denied, hint))
    }

    /// The error for a field that does not exist. Its hint never names a hidden field.
    pub(super) fn unknown_field(self, schema: &Schema, name: &str, at: &str) -> PlanError {
        unknown_field(schema, name, at, |near| self.is_visible(schema, near))
    }

    /// The error for something that the scope does not allow, or that cannot be checked.
    pub(super) fn forbidden(self, at: &dyn Display, denied: &str) -> PlanError {
        forbidden(at, denied)
    }

    /// Checks what one command of a relation field does to the related records.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn require_command(self, number: i64, field: &Field, at: &dyn Display) -> Result<(), PlanError> {
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
        needed.iter().try_for_each(|operation| self.require_related(field, *operation, at))
    }

    /// Checks the defaults that the context sets on new related records. Lists are rejected: clients do not send
    /// them, and checking them would need a walk of their own.
    ///
    /// # Errors
    /// 403 `scope_forbidden`.
    pub(super) fn require_defaults(self, schema: &Schema, at: &dyn Display) -> Result<(), PlanError> {
        if self.is_unrestricted() {
            return Ok(());
        }
        for (key, value) in self.context {
            let Some(field) = key.strip_prefix("default_").filter(|field| schema.field(field).is_some()) else {
                continue;
            };
            self.require_field(&schema.model, Operation::Create, field, &format_args!("{at}: context.{key}"))?;
            if matches!(value, Value::List(_)) {
                let model = &schema.model;
                let denied = format!("the default `{key}` for `{model}`; send the values in the request instead");
                return Err(forbidden(at, &denied));
            }
        }
        Ok(())
    }
}

/// The error 403 `scope_forbidden`: `denied` completes "does not allow".
fn forbidden(at: &dyn Display, denied: &str) -> PlanError {
    forbidden_with_hint(at, denied, "Use a credential with a wider scope.")
}

fn forbidden_with_hint(at: &dyn Display, denied: &str, hint: impl Into<String>) -> PlanError {
    let at = at.to_string();
    let parameter = at.split([':', '[', '.']).next().unwrap_or_default().to_owned();
    let detail = format!("{at}: the credential's scope does not allow {denied}.");
    Problem::new(ErrorCode::ScopeForbidden, detail).parameter(parameter).hint(hint).into()
}
