//! The options that every read of one plan shares: the context, the form of many2one values, the version of Odoo.
//!
//! In: what the planner decided. Out: [`ReadOptions`]. Must not know: which records or columns are read.

use super::column_tree::{Column, Columns};
use super::intent::Many2oneDisplay;
use super::model_schema::FieldType;
use crate::value::Member;

/// The options of a read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReadOptions {
    pub(super) context: Vec<Member<'static>>,
    pub(super) many2one_display: Many2oneDisplay,
    /// The major version of the server, 14 to 19.
    pub(super) major: u8,
}

impl ReadOptions {
    /// Whether Odoo must return the names of many2one values. Without many2one columns there is no need to turn them
    /// off.
    pub(super) fn needs_names(&self, columns: &Columns) -> bool {
        let mut many2one_display =
            columns.visible.iter().filter(|column| column.kind == FieldType::Many2one).peekable();
        self.many2one_display == Many2oneDisplay::Named
            || many2one_display.peek().is_none()
            || many2one_display.any(Column::needs_only_id_and_name)
    }
}
