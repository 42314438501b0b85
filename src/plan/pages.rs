//! A listing of any length as pages, each a call of its own.
//!
//! In: the plan of a listing and the order that was asked for. Out: a [`Pager`]: which [`Step`] comes next, told what
//! came of the one before. Must not know: how calls are sent, what becomes of the records.
//!
//! ```text
//! by key   domain and "behind the last record", in the order of the key     any number of records in constant memory
//! by ids   read of the next few ids: those asked for, or those that one     four bytes a record
//!          search has found, where the order cannot be a key
//! ```
//!
//! There is no snapshot: a record that comes, goes or moves meanwhile may be there or not, but none is there twice
//! unless it moved. Where nobody asks for an order it is `id`.

mod keyset;
mod size;

use std::collections::VecDeque;

use self::keyset::{Key, Place};
use self::size::Size;
use super::call::Call;
use super::fields::Columns;
use super::intent::Slice;
use super::query_plan::{List, Read};
use super::schema::Schema;
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::RecordId;
use crate::value::Value;

/// What to do for the next page.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Search and read this. Told by [`Pager::listed`].
    List(List),
    /// Read this. Told by [`Pager::passed`].
    Read(Read),
    /// Search this; the ids are the page. Told by [`Pager::searched`].
    Search(List),
    /// These ids are the page. Told by [`Pager::passed`].
    Ids(Vec<RecordId>),
    /// See whether these records are all there; no page yet. Told by [`Pager::proven`].
    Prove(Read),
    /// Search this; no page yet. Told by [`Pager::found`].
    Find(Call),
}

/// Turns the pages of one listing.
#[derive(Debug)]
pub struct Pager {
    listing: Listing,
    way: Way,
    size: Size,
}

/// What is listed.
#[derive(Debug)]
enum Listing {
    /// Records that a search finds, and the columns that the caller gets.
    Found { list: List, shown: Columns },
    /// Records of given ids, and what proves that they are all there.
    Given { read: Read, proof: Read },
    /// Ids that a search finds.
    Ids(List),
}

/// How the pages are told apart.
#[derive(Debug)]
enum Way {
    /// From the place of the last record on; `left` records are still wanted.
    Key { key: Key, place: Option<Place>, left: Option<usize>, ended: bool },
    /// By ids that are known.
    Ids(VecDeque<RecordId>),
    /// By ids that must be found first. Where Odoo would cut off the wrong part, the cut is made here.
    Unfound { cut: Option<Cut> },
    /// By given ids, all of which must exist.
    Unproven(VecDeque<RecordId>),
}

/// A part of what is found.
#[derive(Debug, Clone, Copy)]
struct Cut {
    offset: usize,
    limit: Option<usize>,
}

impl Cut {
    fn of(&self, ids: Vec<RecordId>) -> VecDeque<RecordId> {
        ids.into_iter().skip(self.offset).take(self.limit.unwrap_or(usize::MAX)).collect()
    }
}

impl Pager {
    /// The pages of the records that a search finds. `slice` and `schema` are what the list was planned from.
    pub(super) fn of_list(mut list: List, slice: &Slice, schema: &Schema) -> Self {
        let shown = list.columns.clone();
        let (way, size) = (way(&list, slice, schema), Size::of_records(&shown));
        if let Way::Key { key, .. } = &way {
            list.columns.read_along(key.fields(), schema);
        }
        Self { listing: Listing::Found { list, shown }, way, size }
    }

    /// The pages of the ids that a search finds.
    pub(super) fn of_ids(list: List, slice: &Slice, schema: &Schema) -> Self {
        let way = match way(&list, slice, schema) {
            // What tells the place of an id is the id and nothing else.
            Way::Key { key, .. } if !key.is_id() => Way::Unfound { cut: None },
            way => way,
        };
        Self { listing: Listing::Ids(list), way, size: Size::of_ids() }
    }

    /// The pages of given records, in their order. Where there are several, `proof` finds out first which of them exist.
    pub(super) fn of_given(read: Read, proof: Read) -> Self {
        let size = Size::of_records(&read.columns);
        let ids = VecDeque::from(read.ids.clone());
        let way = if ids.len() > size.records() { Way::Unproven(ids) } else { Way::Ids(ids) };
        Self { listing: Listing::Given { read, proof }, way, size }
    }

    /// What the caller gets of each record; `None` where ids are listed.
    #[must_use]
    pub fn shown(&self) -> Option<&Columns> {
        match &self.listing {
            Listing::Found { shown, .. } => Some(shown),
            Listing::Given { read, .. } => Some(&read.columns),
            Listing::Ids(_) => None,
        }
    }

    /// Whether the caller named the records one by one.
    #[must_use]
    pub fn is_of_given(&self) -> bool {
        matches!(self.listing, Listing::Given { .. })
    }

    /// What to do next; `None` behind the last page. The same until it is told what came of it.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        match (&self.way, &self.listing) {
            (Way::Key { ended: true, .. }, _) => None,
            (Way::Key { .. }, Listing::Found { list, .. }) => Some(Step::List(self.page_of(list))),
            (Way::Key { .. }, Listing::Ids(list)) => Some(Step::Search(self.page_of(list))),
            (Way::Ids(ids), _) if ids.is_empty() => None,
            (Way::Ids(ids), Listing::Found { list, shown }) => {
                Some(Step::Read(Read { columns: shown.clone(), ..list.read(self.next_of(ids)) }))
            }
            (Way::Ids(ids), Listing::Ids(_)) => Some(Step::Ids(self.next_of(ids))),
            (Way::Ids(ids), Listing::Given { read, .. }) => Some(Step::Read(read.of(self.next_of(ids)))),
            (Way::Unfound { cut }, Listing::Found { list, .. } | Listing::Ids(list)) => {
                Some(Step::Find(if cut.is_some() { list.search_all() } else { list.search() }))
            }
            (Way::Unproven(_), Listing::Given { proof, .. }) => Some(Step::Prove(proof.clone())),
            (Way::Key { .. } | Way::Unfound { .. }, Listing::Given { .. }) | (Way::Unproven(_), _) => None,
        }
    }

    /// These came for [`Step::List`], in so many bytes.
    ///
    /// # Errors
    /// When the last record does not tell its place.
    pub fn listed(&mut self, records: &[Value<'_>], bytes: usize) -> Result<(), Problem> {
        if let Way::Key { key, place, left, ended } = &mut self.way {
            if let Some(last) = records.last() {
                *place = Some(key.place(last).ok_or_else(placeless)?);
            }
            turn(left, ended, records.len());
        }
        self.size.adapt(records.len(), bytes);
        Ok(())
    }

    /// These came for [`Step::Search`].
    pub fn searched(&mut self, ids: &[RecordId]) {
        if let Way::Key { place, left, ended, .. } = &mut self.way {
            if let Some(last) = ids.last() {
                *place = Some(vec![Value::Int(last.get())]);
            }
            turn(left, ended, ids.len());
        }
    }

    /// The page of [`Step::Read`] or [`Step::Ids`] is there, in so many bytes.
    pub fn passed(&mut self, bytes: usize) {
        let wanted = self.size.records();
        if let Way::Ids(ids) = &mut self.way {
            let count = wanted.min(ids.len());
            ids.drain(..count);
            self.size.adapt(count, bytes);
        }
    }

    /// These came for [`Step::Find`].
    pub fn found(&mut self, ids: Vec<RecordId>) {
        self.way = Way::Ids(match &self.way {
            Way::Unfound { cut: Some(cut) } => cut.of(ids),
            _ => ids.into(),
        });
    }

    /// So many records were counted behind a page of [`Step::List`] or [`Step::Search`] that was shorter than it was
    /// asked to be. Where an empty page has records behind it, Odoo has taken away what it had counted off: what is left
    /// is found at once.
    pub fn counted_behind(&mut self, count: i64) {
        let Way::Key { place, left, ended, .. } = &mut self.way else { return };
        let was_empty = *ended && *left != Some(0);
        if count <= 0 {
            *ended = true;
        } else if was_empty {
            let (limit, is_behind) = (*left, place.is_some());
            let rest = match &self.listing {
                Listing::Found { list, .. } | Listing::Ids(list) => self.page_of(list),
                Listing::Given { .. } => return,
            };
            let offset = if is_behind { 0 } else { usize::try_from(rest.bounds().0).unwrap_or_default() };
            match &mut self.listing {
                Listing::Found { list, .. } | Listing::Ids(list) => *list = rest,
                Listing::Given { .. } => {}
            }
            self.way = Way::Unfound { cut: Some(Cut { offset, limit }) };
        }
    }

    /// What [`Step::Prove`] asked for is there.
    pub fn proven(&mut self) {
        if let Way::Unproven(ids) = &mut self.way {
            self.way = Way::Ids(std::mem::take(ids));
        }
    }

    /// The page was too large to be answered: the next step is a smaller one. `false` when it cannot be smaller.
    pub fn shrink(&mut self) -> bool {
        matches!(self.way, Way::Key { .. } | Way::Ids(_)) && self.size.shrink()
    }

    fn wanted(&self) -> usize {
        match &self.way {
            Way::Key { left: Some(left), .. } => self.size.records().min(*left),
            _ => self.size.records(),
        }
    }

    fn next_of(&self, ids: &VecDeque<RecordId>) -> Vec<RecordId> {
        ids.iter().take(self.size.records()).copied().collect()
    }

    /// The part of the list that is the next page. Only the first leaves out what is to be left out.
    fn page_of(&self, list: &List) -> List {
        let mut page = list.clone();
        let limit = i64::try_from(self.wanted()).unwrap_or(i64::MAX);
        page.slice.retain(|(name, _)| name == "order" || name == "offset");
        page.slice.push(("limit".into(), Value::Int(limit)));
        if let Way::Key { key, place: Some(place), .. } = &self.way {
            page.domain = and(page.domain, key.behind(place));
            page.slice.retain(|(name, _)| name != "offset");
        }
        page
    }
}

fn way(list: &List, slice: &Slice, schema: &Schema) -> Way {
    let left = slice.limit.and_then(|limit| usize::try_from(limit).ok());
    if list.searches_its_own_way() {
        let offset = usize::try_from(slice.offset).unwrap_or(usize::MAX);
        return Way::Unfound { cut: Some(Cut { offset, limit: left }) };
    }
    match Key::of(slice.order.as_ref(), schema, list.way.major) {
        Some(key) => Way::Key { key, place: None, left, ended: false },
        None => Way::Unfound { cut: None },
    }
}

/// Nothing is the end. A page that is short is not by itself: some models hide records only after a page was counted
/// off, so somebody has to [count](Pager::counted_behind).
fn turn(left: &mut Option<usize>, ended: &mut bool, came: usize) {
    *left = left.map(|left| left.saturating_sub(came));
    *ended = came == 0 || *left == Some(0);
}

/// Conditions behind each other hold all.
fn and(domain: Value<'static>, more: Vec<Value<'static>>) -> Value<'static> {
    match domain {
        Value::List(mut items) => {
            items.extend(more);
            Value::List(items)
        }
        _ => Value::List(more),
    }
}

fn placeless() -> Problem {
    let detail = "A record does not tell its place in the asked order, so the records behind it cannot be found.";
    Problem::new(Code::ResultNotRepresentable, detail).hint("Ask for the order id.")
}

#[cfg(test)]
mod tests;
