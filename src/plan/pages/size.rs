//! How many records a page has.
//!
//! In: the columns; how large pages turned out. Out: a number. Must not know: what is on them.
//!
//! A page is as long as two pages in memory may be (the one that is written and the one that is fetched) and no longer:
//! so many cells while nothing is known, so many bytes of Odoo's once something is. It begins small, so that the first
//! byte leaves early.

use crate::plan::fields::Columns;
use crate::plan::schema::FieldType;

/// Records on a page at most.
const MOST: usize = 2000;
/// Ids on a page: one is nearly nothing.
const IDS: usize = 10_000;
/// Values on a page while nothing is known of their size.
const CELLS: usize = 5_000;
/// What a file that is asked for by name counts.
const FILE: usize = 250;
/// What Odoo's answer for a page should have.
const BYTES: usize = 2 << 20;

/// The size of the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    records: usize,
    /// Odoo could not answer a page larger than this.
    most: usize,
}

impl Size {
    pub(super) fn of_ids() -> Self {
        Self { records: IDS, most: IDS }
    }

    pub(super) fn of_records(columns: &Columns) -> Self {
        Self { records: (CELLS / cells(columns)).clamp(1, MOST), most: MOST }
    }

    pub(super) fn records(self) -> usize {
        self.records
    }

    /// So many records came in so many bytes.
    pub(super) fn adapt(&mut self, records: usize, bytes: usize) {
        if records > 0 && bytes > 0 {
            let fitting = BYTES.saturating_mul(records) / bytes;
            self.records = fitting.clamp(1, self.records.saturating_mul(2).min(self.most));
        }
    }

    /// A page of this size was too large. `false` when there is no smaller one.
    pub(super) fn shrink(&mut self) -> bool {
        let (before, smaller) = (self.records, (self.records / 4).max(1));
        (self.records, self.most) = (smaller, smaller);
        before > 1
    }
}

#[cfg(test)]
impl Size {
    pub(super) fn limit_to(&mut self, records: usize) {
        *self = Self { records, most: records };
    }
}

fn cells(columns: &Columns) -> usize {
    let weigh = |kind| if kind == FieldType::Binary && columns.named { FILE } else { 1 };
    columns.shown.iter().map(|column| weigh(column.kind)).sum::<usize>().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_grow_and_shrink_with_what_records_weigh() {
        let mut size = Size { records: 500, most: MOST };
        let mut sizes = Vec::new();
        for bytes_of_one in [300, 300, 300, 20_000, 3 << 20, 3 << 20, 100] {
            size.adapt(size.records(), size.records() * bytes_of_one);
            sizes.push(size.records());
        }
        assert_eq!(sizes, [1000, 2000, 2000, 104, 1, 1, 2]);
    }

    #[test]
    fn what_was_too_large_is_not_tried_again() {
        let mut size = Size { records: 500, most: MOST };
        assert!(size.shrink());
        size.adapt(125, 1000);
        assert_eq!(size.records(), 125);
        let shrunk = std::iter::from_fn(|| size.shrink().then(|| size.records())).collect::<Vec<_>>();
        assert_eq!(shrunk, [31, 7, 1]);
    }
}
