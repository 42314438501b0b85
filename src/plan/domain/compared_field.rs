//! The field that a term compares.
//!
//! In: the end of a path. Out: [`ComparedField`]. Must not know: operators and values.

use crate::plan::model_schema::Field;

/// The left side of a comparison.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComparedField<'s> {
    /// The end of the path.
    pub kind: ComparedKind<'s>,
    /// Whether the path contains an x2many field.
    pub crosses_x2many: bool,
    /// The major version of the server.
    pub major: u8,
}

/// The kinds of path ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum ComparedKind<'s> {
    /// The id of the record.
    Id,
    /// Another field.
    Field(&'s Field),
    /// A part of a date, as a number.
    DatePart,
    /// A property, of an unknown type.
    Property,
    /// The size of a file, as a number.
    FileSize,
    /// The name of a file.
    FileName,
}
