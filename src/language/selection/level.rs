//! The items of one level of a selection.
//!
//! In: items, one after another. Out: a [`Selection`], or why an item conflicts with the ones before it. Must not
//! know: the notation, the position.

use std::collections::HashMap;

use super::{Selection, SelectionItem};
use crate::names::FieldName;

/// The items so far.
#[derive(Debug, Default)]
pub(super) struct Level {
    items: Vec<SelectionItem>,
    /// The named fields, and whether they have nested fields.
    named: HashMap<FieldName, bool>,
    /// Whether an item selects fields.
    selects: bool,
    /// Whether an item excludes a field.
    excludes: bool,
}

/// Why an item conflicts with the ones before it.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) expected: &'static str,
    pub(super) hint: Option<&'static str>,
}

impl Level {
    /// Adds an item. Exact repetitions are ignored.
    pub(super) fn add(&mut self, item: SelectionItem) -> Result<(), Conflict> {
        match &item {
            SelectionItem::All => self.selects = true,
            SelectionItem::Field { name, nested } => {
                self.selects = true;
                self.check_unique(name, nested.is_some())?;
            }
            SelectionItem::Except(_) => self.excludes = true,
        }
        if self.selects && self.excludes {
            return Err(mixed(&item));
        }
        if self.is_new(&item) {
            self.items.push(item);
        }
        Ok(())
    }

    /// A field with nested fields must be unique: with two lists it is unclear which one applies.
    fn check_unique(&self, name: &FieldName, block: bool) -> Result<(), Conflict> {
        match self.named.get(name) {
            Some(earlier) if block || *earlier => {
                Err(Conflict { expected: "each field with nested fields only once", hint: None })
            }
            _ => Ok(()),
        }
    }

    fn is_new(&mut self, item: &SelectionItem) -> bool {
        match item {
            SelectionItem::All => !self.items.contains(item),
            SelectionItem::Except(name) => self.named.insert(name.clone(), false).is_none(),
            SelectionItem::Field { name, nested } => self.named.insert(name.clone(), nested.is_some()).is_none(),
        }
    }

    pub(super) fn into_selection(self) -> Selection {
        Selection { items: self.items, lenient: false }
    }
}

fn mixed(item: &SelectionItem) -> Conflict {
    let (expected, hint) = match item {
        SelectionItem::Except(_) => {
            ("a field to select, like the items before it", "{-name} alone selects all fields except that one")
        }
        SelectionItem::All => (
            "\"-\" and a field to exclude, like the items before it",
            "{-name} already selects all fields except that one",
        ),
        SelectionItem::Field { .. } => (
            "\"-\" and a field to exclude, like the items before it",
            "{*, rel{...}} selects all fields and nested fields of a relation; exclude fields inside the nested braces",
        ),
    };
    Conflict { expected, hint: Some(hint) }
}
