//! Which fields of a record, and of the records behind its relations, are wanted.
//!
//! In: nothing yet. Out: [`Selection`]. Must not know: models, types of fields.

use crate::names::FieldName;

/// What is wanted of a record, level by level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// In the asked order.
    pub items: Vec<Item>,
    /// Fields that the model lacks are left out instead of refused: an administrator wrote it for several Odoos.
    pub lenient: bool,
}

/// One thing that is wanted, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// `*`: every readable field.
    All,
    /// `-name`: every readable field but this.
    Except(FieldName),
    /// `name`, or `name{…}` for records behind a relation.
    Field {
        /// The field.
        name: FieldName,
        /// What is wanted of the records behind it; `None`: the field as it is.
        within: Option<Selection>,
    },
}

impl Selection {
    /// Every readable field, relations as ids.
    #[must_use]
    pub fn all() -> Self {
        Self { items: vec![Item::All], lenient: false }
    }
}
