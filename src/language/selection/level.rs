//! The wishes between two brackets, as they come in.
//!
//! In: one [`Item`] after the other. Out: a [`Selection`], or why an item cannot stand beside those before it. Must not
//! know: in which notation, or where, they stand.

use std::collections::HashMap;

use super::{Item, Selection};
use crate::names::FieldName;

/// What came so far.
#[derive(Debug, Default)]
pub(super) struct Level {
    items: Vec<Item>,
    /// The fields that are named, and whether with a block.
    named: HashMap<FieldName, bool>,
    /// Whether `*` or a field was named, and whether one was left out.
    shows: bool,
    leaves_out: bool,
}

/// Why an item does not fit in.
#[derive(Debug)]
pub(super) struct Clash {
    pub(super) expected: &'static str,
    pub(super) hint: Option<&'static str>,
}

impl Level {
    /// Takes an item in. What is said twice in the same words is said once.
    pub(super) fn add(&mut self, item: Item) -> Result<(), Clash> {
        match &item {
            Item::All => self.shows = true,
            Item::Field { name, within } => {
                self.shows = true;
                self.once(name, within.is_some())?;
            }
            Item::Except(_) => self.leaves_out = true,
        }
        if self.shows && self.leaves_out {
            return Err(mixed(&item));
        }
        if self.is_new(&item) {
            self.items.push(item);
        }
        Ok(())
    }

    /// A field that stands there with a block stands there once: with two, nobody knows which was meant.
    fn once(&self, name: &FieldName, block: bool) -> Result<(), Clash> {
        match self.named.get(name) {
            Some(earlier) if block || *earlier => {
                Err(Clash { expected: "each field with a block only once", hint: None })
            }
            _ => Ok(()),
        }
    }

    fn is_new(&mut self, item: &Item) -> bool {
        match item {
            Item::All => !self.items.contains(item),
            Item::Except(name) => self.named.insert(name.clone(), false).is_none(),
            Item::Field { name, within } => self.named.insert(name.clone(), within.is_some()).is_none(),
        }
    }

    pub(super) fn into_selection(self) -> Selection {
        Selection { items: self.items, lenient: false }
    }
}

fn mixed(item: &Item) -> Clash {
    let (expected, hint) = match item {
        Item::Except(_) => ("a field to show, as before it", "{-name} alone already shows all fields but that one"),
        Item::All => ("\"-\" and a field to leave out, as before it", "{-name} already shows all fields but that one"),
        Item::Field { .. } => (
            "\"-\" and a field to leave out, as before it",
            "{*, rel{...}} shows all fields and opens a relation; inside of its block fields can be left out",
        ),
    };
    Clash { expected, hint: Some(hint) }
}
