//! An update as one call that also reads: `web_save`, Odoo 17+.
//!
//! In: what a request writes and returns. Out: a [`WebSave`], if that one call has the same effect and the same result
//! as separate calls. Must not know: how calls are sent, what happens if Odoo rejects one.
//!
//! No record is created this way, and no related record. If reading fails, Odoo rolls everything back, and separate
//! calls have to follow. But a fault does not prove that there was a rollback: `/xmlrpc/object` sends an `AccessError`
//! without a traceback, so it can come from a function that runs after the commit; and the `create` of a model can
//! commit by itself, of which even a traceback of the failed read shows nothing. A second `create` would then create a
//! second record. A second `write` writes the same values again.
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
//! - Up to Odoo 17, floats and amounts in the cache can contain the noise of rounding: 1.15 is returned as
//!   1.1500000000000001, and as 1.15 by a later read. So they are not read this way there.

use super::call::{Call, OrmMethod, id_list};
use super::column_tree::{Column, Columns};
use super::metadata::Metadata;
use super::model_schema::{Field, FieldType, Schema};
use super::read_options::ReadOptions;
use super::web_read_specification::{CUSTOM_WEB_READ_MODELS, specification};
use crate::names::{FieldName, RecordId};
use crate::value::Value;

/// The column that shows whether a record exists. Nearly every model has it, and no write sets it.
const CREATE_DATE: &str = "create_date";

/// The name of a record, which Odoo computes.
const DISPLAY_NAME: &str = "display_name";

/// The first version whose cache contains floats and amounts as a later read returns them.
const EXACT_FLOATS_FROM: u8 = 18;

/// What is read after a write.
#[derive(Clone, Copy)]
pub(super) struct ReadBack<'r> {
    /// `None` if only ids are returned.
    pub(super) columns: Option<&'r Columns>,
    pub(super) options: &'r ReadOptions,
}

/// How a `write` is sent as a `web_save`.
#[derive(Debug, Clone, PartialEq)]
pub struct WebSave {
    specification: Value<'static>,
    /// Whether the result shows that the records exist. If not, this must be checked before.
    pub shows_existence: bool,
    /// Whether the result contains the requested columns.
    pub reads_back: bool,
}

impl WebSave {
    /// The update of one record, or of several, with these values, after which `columns` are returned. Of several
    /// records, Odoo writes those that exist, so this must be checked before.
    pub(super) fn for_update(
        values: &Value<'_>,
        is_one: bool,
        ReadBack { columns, options }: ReadBack<'_>,
        schema: &Schema,
        metadata: &dyn Metadata,
    ) -> Option<Self> {
        let written = values.as_map().filter(|_| !creates_records(values))?;
        let is_written = |name: &str| written.iter().any(|(key, _)| key == name);
        let is_suitable = |name: &str| name != CREATE_DATE && schema.field(name).is_some_and(is_own_column);
        let shows_existence = is_one && written.iter().all(|(name, _)| is_suitable(name));
        // Odoo sanitizes HTML again when it stores it.
        let is_cached_html = |column: &Column| column.kind == FieldType::Html && is_written(column.name.as_str());
        let readable = ReadableColumns { metadata, major: options.version.major };
        let is_returned = |column: &Column| readable.contains(column, schema) && !is_cached_html(column);
        let returned = columns.filter(|columns| columns.visible.iter().all(is_returned));
        let reads_back = returned.is_some();
        if !has_create_date(schema) || !(shows_existence || reads_back) {
            return None;
        }
        let columns = returned.map_or_else(|| with_create_date(&Columns::default()), with_create_date);
        Some(Self { specification: specification(&columns, options)?, shows_existence, reads_back })
    }

    /// The call that replaces a `write` of these records. It takes the values.
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

    /// Whether names of records are computed, which runs code of the model that can reject the record.
    #[must_use]
    pub fn reads_display_names(&self) -> bool {
        names_display_name(&self.specification)
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

/// Whether the values contain a relation command that creates a record: `[0, 0, {…}]`.
fn creates_records(values: &Value<'_>) -> bool {
    match values {
        Value::List(items) => items.first() == Some(&Value::Int(0)) || items.iter().any(creates_records),
        Value::Map(members) => members.iter().any(|(_, value)| creates_records(value)),
        _ => false,
    }
}

fn names_display_name(specification: &Value<'_>) -> bool {
    let members = specification.as_map().unwrap_or_default();
    members.iter().any(|(name, fields)| name == DISPLAY_NAME || names_display_name(fields))
}

/// The columns whose values are the same for all users and the same in the transaction as after it.
#[derive(Clone, Copy)]
struct ReadableColumns<'r> {
    metadata: &'r dyn Metadata,
    /// The major version of the server.
    major: u8,
}

impl ReadableColumns<'_> {
    fn contains(self, column: &Column, schema: &Schema) -> bool {
        match (&column.nested, schema.field(column.name.as_str())) {
            (None, _) if matches!(column.name.as_str(), "id" | DISPLAY_NAME) => true,
            (None, Some(field)) => is_own_column(field) && !self.differs_in_the_cache(field),
            (Some(nested), Some(field)) if field.kind == FieldType::Many2one && is_own_column(field) => {
                let schema = self.metadata.schema(&nested.model);
                let mut columns = nested.columns.visible.iter();
                schema.is_some_and(|schema| columns.all(|column| self.contains(column, &schema)))
            }
            _ => false,
        }
    }

    fn differs_in_the_cache(self, field: &Field) -> bool {
        self.major < EXACT_FLOATS_FROM && matches!(field.kind, FieldType::Float | FieldType::Monetary)
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
