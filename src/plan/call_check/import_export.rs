//! Columns of exports and imports, which reach over relations by slashes.
//!
//! In: the columns of `export_data` and `load`. Out: nothing, or a rejection. Must not know: the rows.
//!
//! ```text
//! column = step { "/" step }      step = field | "id" | ".id"        external id, database id
//! ```

use super::argument::ArgumentWalk;
use crate::names::{FieldName, ModelName};
use crate::plan::error::PlanError;
use crate::plan::model_schema::FieldType;
use crate::plan::scope::Operation;
use crate::value::Value;

/// The maximum number of steps, which is that of names in a path. Each step is a level of recursion.
const MAX_STEPS: usize = 16;

impl ArgumentWalk<'_> {
    /// Checks the columns of `export_data`.
    pub(super) fn export_columns(self, value: &Value<'static>) -> Result<(), PlanError> {
        self.column_names(value)?.into_iter().try_for_each(|text| self.exported(text, &steps(text)))
    }

    /// Checks the columns of `load`. A column `id` or `.id` makes rows update existing records.
    pub(super) fn import_columns(self, value: &Value<'static>) -> Result<(), PlanError> {
        let columns = self.column_names(value)?;
        let updates = columns.iter().any(|text| matches!(*text, "id" | ".id"));
        columns.into_iter().try_for_each(|text| self.imported(text, &steps(text), updates))
    }

    fn column_names<'v>(self, value: &'v Value<'static>) -> Result<Vec<&'v str>, PlanError> {
        let columns = value.as_list().ok_or_else(|| self.uncheckable("fields", value))?;
        let is_short = |text: &&str| text.split('/').nth(MAX_STEPS).is_none();
        let name = |column: &'v Value<'static>| {
            column.as_text().filter(is_short).ok_or_else(|| self.uncheckable("fields", column))
        };
        columns.iter().map(name).collect()
    }

    /// `id` is the external id, which Odoo creates if it does not exist. Names of x2many records are joined.
    fn exported(self, column: &str, steps: &[&str]) -> Result<(), PlanError> {
        let at = format!("fields: {}", column.chars().take(128).collect::<String>());
        match steps {
            [".id"] => Ok(()),
            ["id"] => self.scope_check.require_model(&ModelName::from_static("ir.model.data"), Operation::Create, &at),
            [name, rest @ ..] if FieldName::parse(name).is_ok() => {
                self.scope_check.require_field(self.model, Operation::Read, name, &at)?;
                let schema = self.schema()?;
                let field =
                    schema.field(name).ok_or_else(|| self.scope_check.unknown_field(&schema, name, "fields"))?;
                match (&field.relation, rest) {
                    (Some(_), []) if field.kind.is_x2many() => {
                        self.scope_check.require_related(field, Operation::Read, &at)
                    }
                    (_, []) => Ok(()),
                    (Some(model), rest) => {
                        self.scope_check.require_model(model, Operation::Read, &at)?;
                        ArgumentWalk { model, ..self }.exported(column, rest)
                    }
                    (None, _) => Err(self.uncheckable("fields", &Value::from(column.to_owned()))),
                }
            }
            _ => Err(self.uncheckable("fields", &Value::from(column.to_owned()))),
        }
    }

    /// Lines of a one2many are created and updated; records of other relations are looked up by name or by id.
    fn imported(self, column: &str, steps: &[&str], updates: bool) -> Result<(), PlanError> {
        let at = format!("fields: {}", column.chars().take(128).collect::<String>());
        if updates {
            self.scope_check.require_model(self.model, Operation::Update, &at)?;
        }
        match steps {
            ["id" | ".id"] => Ok(()),
            [name, rest @ ..] if FieldName::parse(name).is_ok() => {
                self.scope_check.require_field(self.model, Operation::Create, name, &at)?;
                if updates {
                    self.scope_check.require_field(self.model, Operation::Update, name, &at)?;
                }
                let schema = self.schema()?;
                let field =
                    schema.field(name).ok_or_else(|| self.scope_check.unknown_field(&schema, name, "fields"))?;
                match (&field.relation, field.kind, rest) {
                    (None, FieldType::Reference, _) => Err(self.uncheckable("fields", &Value::from(column.to_owned()))),
                    (None, _, []) => Ok(()),
                    (Some(model), FieldType::One2many, [_, ..]) => self.imported_line(model, column, rest, &at),
                    (Some(model), FieldType::One2many, []) => {
                        self.scope_check.require_model(model, Operation::Update, &at)?;
                        self.scope_check.require_name_search(model, &at)
                    }
                    (Some(model), _, []) => self.scope_check.require_name_search(model, &at),
                    (Some(model), _, ["id" | ".id"]) => self.scope_check.require_record(model, &at),
                    _ => Err(self.uncheckable("fields", &Value::from(column.to_owned()))),
                }
            }
            _ => Err(self.uncheckable("fields", &Value::from(column.to_owned()))),
        }
    }

    fn imported_line(self, model: &ModelName, column: &str, rest: &[&str], at: &str) -> Result<(), PlanError> {
        self.scope_check.require_model(model, Operation::Create, &at)?;
        let line = ArgumentWalk { model, ..self };
        self.scope_check.require_defaults(&*line.schema()?, &at)?;
        line.imported(column, rest, true)
    }
}

fn steps(column: &str) -> Vec<&str> {
    column.split('/').collect()
}
