//! Columns of exports and imports, which reach over relations by slashes.
//!
//! In: the columns of `export_data` and `load`. Out: nothing, or a refusal. Must not know: the rows.
//!
//! ```text
//! column = step { "/" step }      step = field | "id" | ".id"        external id, database id
//! ```

use super::arguments::Walk;
use crate::names::{FieldName, ModelName};
use crate::plan::metadata::PlanError;
use crate::plan::schema::FieldType;
use crate::plan::scope::Operation;
use crate::value::Value;

/// Whether columns leave Odoo or go into it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Out,
    In,
}

impl Walk<'_> {
    pub(super) fn columns(self, value: &Value<'static>, way: Way) -> Result<(), PlanError> {
        let columns = value.as_list().ok_or_else(|| self.unclear("fields", value))?;
        let texts = columns.iter().map(|column| column.as_text().ok_or_else(|| self.unclear("fields", column)));
        let texts = texts.collect::<Result<Vec<_>, _>>()?;
        // A row that says which record it is changes that record.
        let changes = way == Way::In && texts.iter().any(|text| matches!(*text, "id" | ".id"));
        for text in texts {
            let steps: Vec<&str> = text.split('/').collect();
            match way {
                Way::Out => self.exported(text, &steps)?,
                Way::In => self.imported(text, &steps, changes)?,
            }
        }
        Ok(())
    }

    /// `id` is the external id, which is made when there is none. Names of x2many records are joined.
    fn exported(self, column: &str, steps: &[&str]) -> Result<(), PlanError> {
        let at = format!("fields: {}", column.chars().take(128).collect::<String>());
        match steps {
            [".id"] => Ok(()),
            ["id"] => self.guard.model(&ModelName::of_literal("ir.model.data"), Operation::Create, &at),
            [name, rest @ ..] if FieldName::parse(name).is_ok() => {
                self.guard.field(self.model, Operation::Read, name, &at)?;
                let schema = self.schema()?;
                let field = schema.field(name).ok_or_else(|| self.guard.unknown(&schema, name, "fields"))?;
                match (&field.relation, rest) {
                    (Some(_), []) if field.kind.is_x2many() => self.guard.beyond(field, Operation::Read, &at),
                    (_, []) => Ok(()),
                    (Some(model), rest) => {
                        self.guard.model(model, Operation::Read, &at)?;
                        Walk { model, ..self }.exported(column, rest)
                    }
                    (None, _) => Err(self.unclear("fields", &Value::from(column.to_owned()))),
                }
            }
            _ => Err(self.unclear("fields", &Value::from(column.to_owned()))),
        }
    }

    /// Lines of a one2many are made and changed; other relations are looked up, by name or by id.
    fn imported(self, column: &str, steps: &[&str], changes: bool) -> Result<(), PlanError> {
        let at = format!("fields: {}", column.chars().take(128).collect::<String>());
        if changes {
            self.guard.model(self.model, Operation::Update, &at)?;
        }
        match steps {
            ["id" | ".id"] => Ok(()),
            [name, rest @ ..] if FieldName::parse(name).is_ok() => {
                self.guard.field(self.model, Operation::Create, name, &at)?;
                if changes {
                    self.guard.field(self.model, Operation::Update, name, &at)?;
                }
                let schema = self.schema()?;
                let field = schema.field(name).ok_or_else(|| self.guard.unknown(&schema, name, "fields"))?;
                match (&field.relation, field.kind, rest) {
                    (None, FieldType::Reference, _) => Err(self.unclear("fields", &Value::from(column.to_owned()))),
                    (None, _, []) => Ok(()),
                    (Some(model), FieldType::One2many, [_, ..]) => self.imported_line(model, column, rest, &at),
                    (Some(model), FieldType::One2many, []) => {
                        self.guard.model(model, Operation::Update, &at)?;
                        self.guard.names(model, &at)
                    }
                    (Some(model), _, []) => self.guard.names(model, &at),
                    (Some(model), _, ["id" | ".id"]) => self.guard.model_by_id(model, &at),
                    _ => Err(self.unclear("fields", &Value::from(column.to_owned()))),
                }
            }
            _ => Err(self.unclear("fields", &Value::from(column.to_owned()))),
        }
    }

    fn imported_line(self, model: &ModelName, column: &str, rest: &[&str], at: &str) -> Result<(), PlanError> {
        self.guard.model(model, Operation::Create, &at)?;
        let line = Walk { model, ..self };
        self.guard.defaults_of(&*line.schema()?, &at)?;
        line.imported(column, rest, true)
    }
}
