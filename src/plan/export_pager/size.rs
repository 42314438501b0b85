//! The number of records on a page.
//!
//! In: the columns; the size of the pages so far. Out: a number. Must not know: the records.
//!
//! A page is as large as two pages in memory can be (the one that is being written and the one that is being
//! fetched): a number of cells while the size of a record is unknown, then a number of bytes. The first page is
//! small, so that the first byte is sent early.

use crate::plan::column_tree::Columns;
use crate::plan::model_schema::FieldType;

/// The maximum number of records on a page.
const MAX_RECORDS: usize = 2000;
/// The number of ids on a page; an id takes very little space.
const IDS_PER_PAGE: usize = 10_000;
/// The number of values on a page while their size is unknown.
const CELLS_PER_PAGE: usize = 5_000;
/// The number of values that a named binary field counts as.
const CELLS_PER_FILE: usize = 250;
/// The target size of Odoo's response for a page.
const TARGET_BYTES: usize = 2 << 20;

/// The size of the next page, in records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageSize {
    records: usize,
    /// Larger pages failed before.
    max: usize,
}

impl PageSize {
    pub(super) fn for_ids() -> Self {
        Self { records: IDS_PER_PAGE, max: IDS_PER_PAGE }
    }

    pub(super) fn for_records(columns: &Columns) -> Self {
        Self { records: (CELLS_PER_PAGE / cells(columns)).clamp(1, MAX_RECORDS), max: MAX_RECORDS }
    }

    pub(super) fn records(self) -> usize {
        self.records
    }

    /// Adapts the size to a page of this many records and bytes.
    pub(super) fn adapt(&mut self, records: usize, bytes: usize) {
        if records > 0 && bytes > 0 {
            let fitting = TARGET_BYTES.saturating_mul(records) / bytes;
            self.records = fitting.clamp(1, self.records.saturating_mul(2).min(self.max));
        }
    }

    /// Shrinks the page after one that was too large. Returns `false` if there is no smaller size.
    pub(super) fn shrink(&mut self) -> bool {
        let (before, smaller) = (self.records, (self.records / 4).max(1));
        (self.records, self.max) = (smaller, smaller);
        before > 1
    }
}

#[cfg(test)]
impl PageSize {
    pub(super) fn limit_to(&mut self, records: usize) {
        *self = Self { records, max: records };
    }
}

fn cells(columns: &Columns) -> usize {
    let weight = |kind| if kind == FieldType::Binary && columns.named { CELLS_PER_FILE } else { 1 };
    columns.visible.iter().map(|column| weight(column.kind)).sum::<usize>().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_size_follows_the_size_of_the_records() {
        let mut size = PageSize { records: 500, max: MAX_RECORDS };
        let mut sizes = Vec::new();
        for bytes_of_one in [300, 300, 300, 20_000, 3 << 20, 3 << 20, 100] {
            size.adapt(size.records(), size.records() * bytes_of_one);
            sizes.push(size.records());
        }
        assert_eq!(sizes, [1000, 2000, 2000, 104, 1, 1, 2]);
    }

    #[test]
    fn a_size_that_was_too_large_is_not_retried() {
        let mut size = PageSize { records: 500, max: MAX_RECORDS };
        assert!(size.shrink());
        size.adapt(125, 1000);
        assert_eq!(size.records(), 125);
        let shrunk = std::iter::from_fn(|| size.shrink().then(|| size.records())).collect::<Vec<_>>();
        assert_eq!(shrunk, [31, 7, 1]);
    }
}
