//! Pages of a list: which records they have, and what is told of them.
//!
//! In: `page`, `page_size`, `limit`. Out: offset and limit for Odoo, and the pagination object once the total is known.
//! Must not know: records. A page has `page_size` records, else `limit`, else 1000; beside a `page_size` the `limit` cuts
//! the page.

use super::envelope::map;
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::request::params::Input;
use crate::language::order::Order;
use crate::plan::Slice;
use crate::value::Value;

/// No page is larger.
pub(super) const LARGEST: u32 = 1000;

/// The page that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paging {
    page: u32,
    page_size: Option<u32>,
    limit: Option<u32>,
}

impl Paging {
    /// Reads the parameters. A listing that is written record by record may be longer than a page.
    ///
    /// # Errors
    /// 400 for what is no number from 1, and for pages of more than 1000 records.
    pub(super) fn read(input: &Input, in_rows: bool) -> Result<Self, Problem> {
        Ok(Self {
            page: input.number("page", 1)?.unwrap_or(1),
            page_size: bounded(input, "page_size")?,
            limit: if in_rows { input.number("limit", 1)? } else { bounded(input, "limit")? },
        })
    }

    fn size(self) -> u32 {
        self.page_size.or(self.limit).unwrap_or(LARGEST)
    }

    /// What to ask Odoo for. Beyond what it can count there is nothing anyway.
    pub(super) fn slice(self, order: Option<Order>) -> Slice {
        const FARTHEST: u32 = i32::MAX.unsigned_abs();
        let offset = (self.page - 1).saturating_mul(self.size()).min(FARTHEST);
        Slice { offset, limit: Some(self.limit.map_or(self.size(), |limit| limit.min(self.size()))), order }
    }

    /// The same for a listing that is written record by record: all records, unless a page of them is asked for.
    pub(super) fn slice_of_rows(self, order: Option<Order>) -> Slice {
        let is_page = self.page > 1 || self.page_size.or(self.limit).is_some();
        if is_page { self.slice(order) } else { Slice { order, ..Slice::default() } }
    }

    /// What is told of the page: `count` records here of `total` in all.
    pub(super) fn told(self, count: usize, total: i64) -> Value<'static> {
        let (page, size) = (i64::from(self.page), i64::from(self.size()));
        let pages = ((total + size - 1) / size).max(1);
        let number = |number: i64, exists: bool| if exists { Value::Int(number) } else { Value::Null };
        map([
            ("count", Value::Int(i64::try_from(count).unwrap_or(i64::MAX))),
            ("total_count", Value::Int(total)),
            ("current_page", Value::Int(page)),
            ("total_pages", Value::Int(pages)),
            ("page_size", self.page_size.map_or(Value::Null, |size| Value::Int(size.into()))),
            ("prev_page", number((page - 1).min(pages), page > 1)),
            ("next_page", number(page + 1, page < pages)),
        ])
    }
}

/// A number of records from 1 to 1000.
///
/// # Errors
/// 400 for any other.
pub(super) fn bounded(input: &Input, name: &'static str) -> Result<Option<u32>, Problem> {
    match input.number(name, 1)? {
        Some(number) if number > LARGEST => {
            let detail = format!("{name}: expected at most {LARGEST} records, found {number}.");
            Err(Problem::new(Code::InvalidParameter, detail).parameter(name).hint("The parameter page asks for more."))
        }
        number => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(page: u32, page_size: Option<u32>, limit: Option<u32>) -> Paging {
        Paging { page, page_size, limit }
    }

    #[test]
    fn a_page_has_page_size_or_limit_or_a_thousand_records() {
        for (paging, offset, limit) in [
            (paging(1, None, None), 0, 1000),
            (paging(3, None, None), 2000, 1000),
            (paging(2, Some(10), None), 10, 10),
            (paging(2, None, Some(5)), 5, 5),
            (paging(2, Some(10), Some(3)), 10, 3),
            (paging(2, Some(10), Some(30)), 10, 10),
            (paging(u32::MAX, Some(1000), None), 2_147_483_647, 1000),
        ] {
            let slice = paging.slice(None);
            assert_eq!((slice.offset, slice.limit), (offset, Some(limit)), "{paging:?}");
        }
    }

    #[test]
    fn a_page_knows_its_neighbours() {
        for (paging, count, total, told) in [
            (paging(1, None, None), 2, 2, "[2,2,1,1,null,null,null]"),
            (paging(1, None, None), 0, 0, "[0,0,1,1,null,null,null]"),
            (paging(2, Some(10), None), 10, 25, "[10,25,2,3,10,1,3]"),
            (paging(3, Some(10), None), 5, 25, "[5,25,3,3,10,2,null]"),
            (paging(9, Some(10), None), 0, 25, "[0,25,9,3,10,3,null]"),
            (paging(1, None, Some(5)), 5, 10, "[5,10,1,2,null,null,2]"),
            (paging(2, Some(10), Some(3)), 3, 25, "[3,25,2,3,10,1,3]"),
        ] {
            let members = paging.told(count, total);
            let values: Value<'_> = members.as_map().unwrap().iter().map(|(_, value)| value.clone()).collect();
            assert_eq!(serde_json::to_string(&values).unwrap(), told, "{paging:?}");
        }
    }
}
