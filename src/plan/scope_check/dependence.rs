//! Fields that are computed from a hidden field reveal it, so they are hidden too.
//!
//! In: a field, its schema, and the scope. Out: whether the value is computed from a field that `except` hides. Must
//! not know: what the field is used for.
//!
//! The dependencies that Odoo declares (`depends`, `related`) are followed within the model without limit, and one
//! step into other models, or further into models for which a rule hides fields. Of longer paths only the names of
//! the steps are compared. This may hide too much: the owner of each step is only known after reading the schema of
//! every model on the path. `display_name` is always visible, like the name of a many2one; but searching by it is
//! checked.

use std::collections::HashSet;

use crate::names::ModelName;
use crate::plan::error::PlanError;
use crate::plan::metadata::{Metadata, require_schema};
use crate::plan::model_schema::{Field, Schema};
use crate::plan::scope::{Operation, Scope};

/// Whether the value of a field is computed from a field that the scope hides from an operation.
///
/// # Errors
/// Metadata is missing.
pub(super) fn depends_on_hidden(
    scope: &Scope,
    metadata: &dyn Metadata,
    schema: &Schema,
    operation: Operation,
    field: &str,
) -> Result<bool, PlanError> {
    DependencyWalk { scope, metadata, operation, visited: HashSet::new() }.field(schema, field)
}

struct DependencyWalk<'s> {
    scope: &'s Scope,
    metadata: &'s dyn Metadata,
    operation: Operation,
    visited: HashSet<(ModelName, String)>,
}

impl DependencyWalk<'_> {
    /// Whether one of the dependency paths of a field leads to a hidden field.
    fn field(&mut self, schema: &Schema, name: &str) -> Result<bool, PlanError> {
        let Some(field) = schema.field(name) else { return Ok(false) };
        for path in paths(field, self.operation) {
            if self.path(schema, path)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn path(&mut self, schema: &Schema, path: &str) -> Result<bool, PlanError> {
        let mut steps = path.split('.');
        let first = steps.next().unwrap_or_default();
        if self.step(schema, first)? {
            return Ok(true);
        }
        let relation = schema.field(first).and_then(|field| field.relation.as_ref());
        if let (Some(model), Some(second)) = (relation, steps.next())
            && self.step_into(schema, model, second)?
        {
            return Ok(true);
        }
        Ok(steps.any(|step| self.scope.hides_anywhere(self.operation, Some(step))))
    }

    fn step(&mut self, schema: &Schema, name: &str) -> Result<bool, PlanError> {
        if self.scope.hides_field(&schema.model, self.operation, name) {
            return Ok(true);
        }
        if name == "display_name" || !self.visited.insert((schema.model.clone(), name.to_owned())) {
            return Ok(false);
        }
        self.field(schema, name)
    }

    fn step_into(&mut self, schema: &Schema, model: &ModelName, name: &str) -> Result<bool, PlanError> {
        if *model == schema.model {
            return self.step(schema, name);
        }
        if self.scope.hides_fields_of(model, self.operation) {
            return self.step(&*require_schema(self.metadata, model)?, name);
        }
        Ok(self.scope.hides_field(model, self.operation, name))
    }
}

/// A read reveals everything that a field is computed from; a write only changes the field that it is related to. Two
/// names of a field have the same value.
fn paths(field: &Field, operation: Operation) -> impl Iterator<Item = &str> {
    let depends = field.depends.iter().filter(move |_| operation == Operation::Read);
    field.related.iter().chain(depends).map(String::as_str).chain(field.alias).chain(field.alias_of)
}
