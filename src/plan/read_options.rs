//! The options that every read of one plan shares: the context, the form of many2one values, the version of Odoo.
//!
//! In: what the planner decided. Out: [`ReadOptions`]. Must not know: which records or columns are read.
//!
//! How Odoo returns the content of files, and their size if the context asks for it:
//!
//! | | `read`, `search_read` | `web_read`, `web_search_read` |
//! |---|---|---|
//! | until 19.4 | base64; `bin_size`: the size as text | as `read` |
//! | from 20 on | an object with the content, whatever the context is | an object without the content |
//!
//! So from Odoo 20 on, sizes are read by `web_read` and contents by `read`, each on its own.

use super::column_tree::{Column, Columns};
use super::intent::Many2oneDisplay;
use super::model_schema::FieldType;
use super::version_number::VersionNumber;
use crate::value::Member;

/// The context key that requests the size of files instead of their content.
pub(super) const SIZE_KEY: &str = "bin_size";

/// The first version whose `read` returns contents whatever the context is, and whose `web_read` returns sizes.
const SIZES_BY_WEB_READ_FROM: (u8, u8) = (20, 0);

/// The options of a read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReadOptions {
    pub(super) context: Vec<Member<'static>>,
    pub(super) many2one_display: Many2oneDisplay,
    /// The version of the server.
    pub(super) version: VersionNumber,
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

    /// Whether a column, or one of its nested columns, is the content of files, which `web_read` does not return.
    pub(super) fn needs_read(&self, columns: &Columns) -> bool {
        let is_content = |column: &Column| column.kind == FieldType::Binary && !self.requests_size(column);
        self.version.is_at_least(SIZES_BY_WEB_READ_FROM)
            && columns.visible.iter().any(|column| {
                is_content(column) || column.nested.as_ref().is_some_and(|nested| self.needs_read(&nested.columns))
            })
    }

    /// The columns without sizes of files, and these sizes, if one `read` cannot return both.
    pub(super) fn split_sizes(&self, columns: &Columns) -> Option<[Columns; 2]> {
        if !self.version.is_at_least(SIZES_BY_WEB_READ_FROM) {
            return None;
        }
        let (sizes, others): (Vec<Column>, Vec<Column>) =
            columns.visible.iter().cloned().partition(|column| self.is_size(column));
        if sizes.is_empty() {
            return None;
        }
        let others = Columns { visible: others, ..columns.clone() };
        Some([others, Columns { visible: sizes, named: columns.named, existence_column: None }])
    }

    /// Whether all columns are sizes of files that only `web_read` returns.
    pub(super) fn are_sizes(&self, columns: &Columns) -> bool {
        let mut read = columns.visible.iter().filter(|column| column.name.as_str() != "id").peekable();
        self.version.is_at_least(SIZES_BY_WEB_READ_FROM)
            && read.peek().is_some()
            && read.all(|column| self.is_size(column))
    }

    fn is_size(&self, column: &Column) -> bool {
        column.kind == FieldType::Binary && self.requests_size(column)
    }

    fn requests_size(&self, column: &Column) -> bool {
        let is_request = |key: &str| match key.strip_prefix(SIZE_KEY) {
            Some("") => true,
            Some(rest) => rest.strip_prefix('_').is_some_and(|name| name == column.name.as_str()),
            None => false,
        };
        self.context.iter().any(|(key, value)| !value.is_falsy() && is_request(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{FieldName, ModelName};
    use crate::plan::column_tree::NestedColumns;
    use crate::value::Value;

    fn column(name: &'static str, kind: FieldType) -> Column {
        Column::plain(FieldName::from_static(name), kind)
    }

    fn columns(visible: Vec<Column>) -> Columns {
        Columns { visible, named: true, existence_column: Some(FieldName::from_static("write_date")) }
    }

    fn options(version: (u8, u8), key: &'static str, value: Value<'static>) -> ReadOptions {
        ReadOptions {
            context: vec![("lang".into(), "en_US".into()), (key.into(), value)],
            many2one_display: Many2oneDisplay::Named,
            version: VersionNumber::new(version.0, version.1),
        }
    }

    fn partner() -> Columns {
        let names = [("id", FieldType::Integer), ("name", FieldType::Char)];
        let files = [("image_128", FieldType::Binary), ("image_1920", FieldType::Binary)];
        columns(names.into_iter().chain(files).map(|(name, kind)| column(name, kind)).collect())
    }

    fn names(columns: &Columns) -> String {
        columns.requested().collect::<Vec<_>>().join(",")
    }

    #[test]
    fn sizes_are_read_apart_from_other_columns_since_odoo_20() {
        for (version, key, value, expected) in [
            ((20, 0), "bin_size", Value::Bool(true), Some(("name,write_date", "image_128,image_1920"))),
            ((19, 5), "bin_size", Value::Int(1), Some(("name,write_date", "image_128,image_1920"))),
            ((20, 0), "bin_size_image_128", Value::Bool(true), Some(("name,image_1920,write_date", "image_128"))),
            ((20, 0), "bin_size", Value::Bool(false), None),
            ((20, 0), "bin_sized", Value::Bool(true), None),
            ((19, 4), "bin_size", Value::Bool(true), None),
            ((14, 0), "bin_size", Value::Bool(true), None),
        ] {
            let options = options(version, key, value);
            let split = options.split_sizes(&partner());
            let found = split.as_ref().map(|[others, sizes]| (names(others), names(sizes)));
            let expected = expected.map(|(others, sizes): (&str, &str)| (others.to_owned(), sizes.to_owned()));
            assert_eq!(found, expected, "{version:?} {key}");
            if let Some([others, sizes]) = split {
                assert_eq!((options.are_sizes(&others), options.are_sizes(&sizes)), (false, true));
            }
        }
    }

    #[test]
    fn without_files_there_is_nothing_to_split() {
        let plain = columns(vec![column("id", FieldType::Integer), column("name", FieldType::Char)]);
        let options = options((20, 0), "bin_size", Value::Bool(true));
        assert_eq!(options.split_sizes(&plain), None);
        assert!(!options.are_sizes(&columns(vec![column("id", FieldType::Integer)])));
    }

    #[test]
    fn contents_on_any_level_need_a_read_since_odoo_20() {
        let nested = NestedColumns { model: ModelName::from_static("res.partner"), columns: partner() };
        let parent = Column { nested: Some(nested), ..column("parent_id", FieldType::Many2one) };
        for (version, value, expected) in [
            ((20, 0), Value::Bool(false), true),
            ((20, 0), Value::Bool(true), false),
            ((19, 4), Value::Bool(false), false),
        ] {
            let options = options(version, "bin_size", value.clone());
            for columns in [partner(), columns(vec![parent.clone()])] {
                assert_eq!(options.needs_read(&columns), expected, "{version:?} {value:?}");
            }
        }
    }
}
