//! A write as one call that also reads: `web_save`, Odoo 17+.
//!
//! In: what a request writes and returns. Out: a [`WebSave`], if that one call has the same effect and the same result
//! as separate calls. Must not know: how calls are sent, what happens if Odoo rejects one.
//!
//! `web_save` reads in the transaction of the write. This decides what it is used for:
//!
//! - Odoo writes to an id that does not exist, and returns the written values as if it existed. A stored column that no
//!   write sets shows the truth: without it, Odoo leaves the record out. The written columns then changed no row. A
//!   relation, a binary field, or an inverse method could have changed rows of other tables, so they are not written
//!   this way.
//! - Values come from Odoo's cache, and messages about the changes are not posted yet. Relations to several records are
//!   in the order in which they were written, and can contain records that the user may not see. Computed values can be
//!   from before the write. Binary fields are sizes. So only stored columns are read this way.
//! - If the result of a creation cannot be transmitted, the new id is lost. So only types that can always be
//!   transmitted are read this way.

use super::call::{Call, OrmMethod, id_list};
use super::metadata::Metadata;
use super::model_schema::{Field, FieldType, Schema};
use super::read_columns::{Column, Columns};
use super::read_options::ReadOptions;
use super::web_read_specification::{CUSTOM_WEB_READ_MODELS, specification};
use crate::names::{FieldName, RecordId};
use crate::value::Value;

/// The column that shows whether a record exists. Nearly every model has it, and no write sets it.
const CREATE_DATE: &str = "create_date";

/// What is read after a write.
#[derive(Clone, Copy)]
pub(super) struct ReadBack<'r> {
    pub(super) columns: &'r Columns,
    pub(super) options: &'r ReadOptions,
}

/// How a `create` of one record or a `write` is sent as a `web_save`.
#[derive(Debug, Clone, PartialEq)]
pub struct WebSave {
    specification: Value<'static>,
    /// Whether the result shows that the records exist. If not, this must be checked before.
    pub shows_existence: bool,
    /// Whether the result contains the requested columns.
    pub reads_back: bool,
}

impl WebSave {
    /// The creation of a record of which `columns` are returned. Related records are not read: a `create` of a model
    /// can return its record with the rights of the superuser.
    pub(super) fn for_create(ReadBack { columns, options }: ReadBack<'_>, schema: &Schema) -> Option<Self> {
        let is_suitable = |column: &Column| column.kind != FieldType::Monetary && is_stored(column, schema, None);
        if !has_create_date(schema) || !columns.visible.iter().all(is_suitable) {
            return None;
        }
        let specification = specification(&with_create_date(columns), options)?;
        Some(Self { specification, shows_existence: true, reads_back: true })
    }

    /// The update of one record, or of several, with these values, after which `columns` are returned. Of several
    /// records, Odoo writes those that exist, so this must be checked before.
    pub(super) fn for_update(
        values: &Value<'_>,
        is_one: bool,
        ReadBack { columns, options }: ReadBack<'_>,
        schema: &Schema,
        metadata: &dyn Metadata,
    ) -> Option<Self> {
        let written = values.as_map()?;
        let is_written = |name: &str| written.iter().any(|(key, _)| key == name);
        let is_suitable = |name: &str| name != CREATE_DATE && schema.field(name).is_some_and(is_own_column);
        let shows_existence = is_one && written.iter().all(|(name, _)| is_suitable(name));
        // Odoo sanitizes HTML again when it stores it.
        let is_cached_html = |column: &Column| column.kind == FieldType::Html && is_written(column.name.as_str());
        let is_returned = |column: &Column| is_stored(column, schema, Some(metadata)) && !is_cached_html(column);
        let reads_back = columns.visible.iter().all(is_returned);
        if !has_create_date(schema) || !(shows_existence || reads_back) {
            return None;
        }
        let columns = if reads_back { with_create_date(columns) } else { with_create_date(&Columns::default()) };
        Some(Self { specification: specification(&columns, options)?, shows_existence, reads_back })
    }

    /// The call that replaces `write`: a `write` of these records, or a `create` without ids. It takes the values.
    #[must_use]
    pub fn call(&self, write: &mut Call, ids: &[RecordId]) -> Call {
        let values = write.args.last_mut().map(std::mem::take).unwrap_or_default();
        Call {
            model: write.model.clone(),
            method: OrmMethod::WebSave.name(),
            args: vec![id_list(ids), values, self.specification.clone()],
            kwargs: write.kwargs.clone(),
            effect: write.effect,
        }
    }

    /// Moves the values of a [`call`](Self::call) back.
    pub fn restore(call: Call, write: &mut Call) {
        if let (Some(values), Some(place)) = (call.args.into_iter().nth(1), write.args.last_mut()) {
            *place = values;
        }
    }
}

/// Whether the model has the column, and a `web_read` that only reads.
fn has_create_date(schema: &Schema) -> bool {
    schema.field(CREATE_DATE).is_some_and(|field| field.stored)
        && !CUSTOM_WEB_READ_MODELS.contains(&schema.model.as_str())
}

fn with_create_date(columns: &Columns) -> Columns {
    let is_included = columns.visible.iter().any(|column| column.name.as_str() == CREATE_DATE);
    let existence_column = (!is_included).then(|| FieldName::from_static(CREATE_DATE));
    Columns { existence_column, ..columns.clone() }
}

/// Whether the value of the column is the same for all users and the same in the transaction as after it. Related
/// records are read only with their `metadata`.
fn is_stored(column: &Column, schema: &Schema, metadata: Option<&dyn Metadata>) -> bool {
    match (&column.nested, schema.field(column.name.as_str())) {
        (None, _) if matches!(column.name.as_str(), "id" | "display_name") => true,
        (None, Some(field)) => is_own_column(field),
        (Some(nested), Some(field)) if field.kind == FieldType::Many2one && is_own_column(field) => {
            let schema = metadata.and_then(|metadata| metadata.schema(&nested.model));
            let mut columns = nested.columns.visible.iter();
            schema.is_some_and(|schema| columns.all(|column| is_stored(column, &schema, metadata)))
        }
        _ => false,
    }
}

/// Whether the field is one simple column of the model's own table. A value of a company is none: Odoo 17 stores it
/// elsewhere, and its default is not part of the record.
fn is_own_column(field: &Field) -> bool {
    use FieldType::{
        Boolean, Char, Date, Datetime, Float, Html, Integer, Many2one, Monetary, Reference, Selection, Text,
    };
    let is_simple = matches!(
        field.kind,
        Boolean | Integer | Float | Monetary | Char | Text | Html | Date | Datetime | Selection | Many2one | Reference
    );
    is_simple && field.stored && !field.company_dependent
}

#[cfg(test)]
mod tests;
