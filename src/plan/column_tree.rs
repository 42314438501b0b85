//! The columns of a read: the requested fields, those of nested records included.
//!
//! In: fields that are already checked. Out: [`Columns`]. Must not know: scopes, how records are fetched.

use super::model_schema::{Field, FieldType, Schema};
use crate::names::{FieldName, ModelName};

/// One column of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The field.
    pub name: FieldName,
    /// The type; the format of some types depends on the dialect.
    pub kind: FieldType,
    /// The columns of the related records; `None`: the value as Odoo returns it.
    pub nested: Option<NestedColumns>,
    /// The field that Odoo returns for this column, if it has another name.
    pub alias_of: Option<&'static str>,
}

/// The requested columns of related records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NestedColumns {
    /// The related model.
    pub model: ModelName,
    /// The columns of each record.
    pub columns: Columns,
}

/// The columns of a read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    /// The columns of the response, in this order; `id` only if it is part of the response.
    pub visible: Vec<Column>,
    /// Whether the client named the columns. A named column that Odoo cannot return is an error; others are left out.
    pub named: bool,
    /// A stored column that is only read to see whether the records exist.
    pub existence_column: Option<FieldName>,
}

impl Columns {
    /// The columns to request, by their names in Odoo. Odoo always returns `id`.
    pub fn requested(&self) -> impl Iterator<Item = &str> {
        let visible = self.visible.iter().map(Column::odoo_name).filter(|name| *name != "id");
        visible.chain(self.existence_column.as_ref().map(FieldName::as_str))
    }

    /// The same columns, where unreadable ones are left out even if the client named them.
    #[must_use]
    pub fn into_best_effort(mut self) -> Self {
        self.named = false;
        for nested in self.visible.iter_mut().filter_map(|column| column.nested.as_mut()) {
            nested.columns = std::mem::take(&mut nested.columns).into_best_effort();
        }
        self
    }

    /// The same columns without some of the visible ones.
    #[must_use]
    pub fn without(&self, is_left_out: impl Fn(&FieldName) -> bool) -> Self {
        let visible = self.visible.iter().filter(|column| !is_left_out(&column.name)).cloned().collect();
        Self { visible, named: self.named, existence_column: self.existence_column.clone() }
    }

    /// Whether related records are requested.
    #[must_use]
    pub fn is_nested(&self) -> bool {
        self.visible.iter().any(|column| column.nested.is_some())
    }

    /// `visible`, and the column that shows existence if none of them does.
    pub(super) fn new(visible: Vec<Column>, named: bool, schema: &Schema) -> Self {
        let existence_column = if visible.iter().any(|column| shows_existence(&column.name, schema)) {
            None
        } else {
            existence_column(schema)
        };
        Self { visible, named, existence_column }
    }

    /// Appends these fields if they are not included yet.
    pub(super) fn append_missing<'n>(&mut self, names: impl IntoIterator<Item = &'n FieldName>, schema: &Schema) {
        for name in names {
            if let (false, Some(field)) =
                (self.visible.iter().any(|column| column.name == *name), schema.field(name.as_str()))
            {
                self.visible.push(Column::for_field(name.clone(), field));
            }
        }
    }
}

impl Column {
    /// A column without nested records.
    pub(super) fn plain(name: FieldName, kind: FieldType) -> Self {
        Self { name, kind, nested: None, alias_of: None }
    }

    /// The column of a field, without nested records.
    pub(super) fn for_field(name: FieldName, field: &Field) -> Self {
        Self { name, kind: field.kind, nested: None, alias_of: field.alias_of }
    }

    /// The name of the column in Odoo's response.
    #[must_use]
    pub fn odoo_name(&self) -> &str {
        self.alias_of.unwrap_or(self.name.as_str())
    }

    /// The column `id`.
    pub(super) fn id() -> Self {
        Self::plain(FieldName::from_static("id"), FieldType::Integer)
    }

    /// Whether only the id and the name of one related record are requested: Odoo returns both in the many2one
    /// itself.
    #[must_use]
    pub fn needs_only_id_and_name(&self) -> bool {
        let nested =
            |nested: &NestedColumns| nested.columns.visible.iter().all(|column| is_in_link(column.name.as_str()));
        self.kind == FieldType::Many2one && self.nested.as_ref().is_some_and(nested)
    }
}

fn is_in_link(name: &str) -> bool {
    matches!(name, "id" | "display_name")
}

/// Whether reading the column fails or returns nothing for a record that does not exist.
fn shows_existence(name: &FieldName, schema: &Schema) -> bool {
    schema.field(name.as_str()).is_some_and(|field| is_plain_column(field) && name.as_str() != "id")
}

fn is_plain_column(field: &Field) -> bool {
    field.stored && !field.kind.is_x2many() && field.kind != FieldType::Binary
}

/// The cheapest column that shows existence. Nearly every model has `write_date`, except models backed by database
/// views.
pub(super) fn existence_column(schema: &Schema) -> Option<FieldName> {
    let find = |name_to_find: &str| schema.fields().map(|(name, _)| name).find(|name| name.as_str() == name_to_find);
    find("write_date")
        .or_else(|| schema.fields().map(|(name, _)| name).find(|name| shows_existence(name, schema)))
        .cloned()
}
