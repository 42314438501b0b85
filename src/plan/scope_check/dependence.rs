//! Fields that are computed from a hidden one show it, so they are hidden with it.
//!
//! In: a field of a model whose fields are known, and the scope. Out: whether its value comes from a field that `except`
//! takes away. Must not know: what asks for the field.
//!
//! What Odoo says of a field (`depends`, `related`) is followed within the model as far as it goes, and one step into
//! other models; further into those that a rule names and takes fields of. Of longer paths only the names of the steps are
//! compared, which may hide too much: whose fields they are is known only when each model of the way is looked at. A name
//! (`display_name`) is shown whatever it is made of, as the name of a many2one is; but it is not searched.

use std::collections::HashSet;

use crate::names::ModelName;
use crate::plan::metadata::{Known, PlanError, schema_of};
use crate::plan::schema::{Field, Schema};
use crate::plan::scope::{Operation, Scope};

/// Whether the value of a field is made of one that the scope takes away from an operation.
///
/// # Errors
/// A schema that is lacking.
pub(super) fn is_made_of_hidden(
    scope: &Scope,
    known: &dyn Known,
    schema: &Schema,
    operation: Operation,
    field: &str,
) -> Result<bool, PlanError> {
    Sources { scope, known, operation, seen: HashSet::new() }.of(schema, field)
}

struct Sources<'s> {
    scope: &'s Scope,
    known: &'s dyn Known,
    operation: Operation,
    seen: HashSet<(ModelName, String)>,
}

impl Sources<'_> {
    /// Whether one of the paths of a field leads to what is hidden.
    fn of(&mut self, schema: &Schema, name: &str) -> Result<bool, PlanError> {
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
        Ok(steps.any(|step| self.scope.excepts_somewhere(self.operation, Some(step))))
    }

    fn step(&mut self, schema: &Schema, name: &str) -> Result<bool, PlanError> {
        if self.scope.excepts_field(&schema.model, self.operation, name) {
            return Ok(true);
        }
        if name == "display_name" || !self.seen.insert((schema.model.clone(), name.to_owned())) {
            return Ok(false);
        }
        self.of(schema, name)
    }

    fn step_into(&mut self, schema: &Schema, model: &ModelName, name: &str) -> Result<bool, PlanError> {
        if *model == schema.model {
            return self.step(schema, name);
        }
        if self.scope.excepts_fields_of(model, self.operation) {
            return self.step(&*schema_of(self.known, model)?, name);
        }
        Ok(self.scope.excepts_field(model, self.operation, name))
    }
}

/// Whoever reads a field reads what it is computed from; whoever writes it writes only what it stands for.
fn paths(field: &Field, operation: Operation) -> impl Iterator<Item = &str> {
    let depends = field.depends.iter().filter(move |_| operation == Operation::Read);
    field.related.iter().chain(depends).map(String::as_str)
}
