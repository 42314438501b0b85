//! The pages of a list.
//!
//! In: `page`, `page_size`, `limit`. Out: offset and limit for Odoo, and the pagination object after the total is
//! known. Must not know: records. A page has `page_size` records, else `limit`, else 1000. With `page_size`, a
//! smaller `limit` shortens the page.

use super::envelope::map;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::params::RequestParams;
use crate::language::order::Order;
use crate::plan::Window;
use crate::value::Value;

/// The maximum number of records per page.
pub(super) const MAX_PAGE_SIZE: u32 = 1000;

/// The requested page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paging {
    page: u32,
    page_size: Option<u32>,
    limit: Option<u32>,
}

impl Paging {
    /// Parses the parameters. The `limit` of a streamed list has no maximum.
    ///
    /// # Errors
    /// 400 if a parameter is not an integer from 1, or a page is larger than 1000 records.
    pub(super) fn parse(params: &RequestParams, is_streamed: bool) -> Result<Self, Problem> {
        Ok(Self {
            page: params.number("page", 1)?.unwrap_or(1),
            page_size: parse_page_size(params, "page_size")?,
            limit: if is_streamed { params.number("limit", 1)? } else { parse_page_size(params, "limit")? },
        })
    }

    fn size(self) -> u32 {
        self.page_size.or(self.limit).unwrap_or(MAX_PAGE_SIZE)
    }

    /// The offset and limit for Odoo. The offset stays within the integers of PostgreSQL.
    pub(super) fn window(self, order: Option<Order>) -> Window {
        const MAX_OFFSET: u32 = i32::MAX.unsigned_abs();
        let offset = (self.page - 1).saturating_mul(self.size()).min(MAX_OFFSET);
        Window { offset, limit: Some(self.limit.map_or(self.size(), |limit| limit.min(self.size()))), order }
    }

    /// The offset and limit of a streamed list: all records, unless the request names a page.
    pub(super) fn streamed_window(self, order: Option<Order>) -> Window {
        let is_page = self.page > 1 || self.page_size.or(self.limit).is_some();
        if is_page { self.window(order) } else { Window { order, ..Window::default() } }
    }

    /// The pagination object of a page with `count` of `total` records.
    pub(super) fn pagination(self, count: usize, total: i64) -> Value<'static> {
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

/// Parses a number of records from 1 to 1000.
///
/// # Errors
/// 400 for any other number.
pub(super) fn parse_page_size(params: &RequestParams, name: &'static str) -> Result<Option<u32>, Problem> {
    match params.number(name, 1)? {
        Some(number) if number > MAX_PAGE_SIZE => {
            let detail = format!("{name}: expected at most {MAX_PAGE_SIZE} records, found {number}.");
            Err(Problem::new(ErrorCode::InvalidParameter, detail)
                .parameter(name)
                .hint("Use the parameter `page` to get more records."))
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
    fn page_has_page_size_or_limit_or_1000_records() {
        for (paging, offset, limit) in [
            (paging(1, None, None), 0, 1000),
            (paging(3, None, None), 2000, 1000),
            (paging(2, Some(10), None), 10, 10),
            (paging(2, None, Some(5)), 5, 5),
            (paging(2, Some(10), Some(3)), 10, 3),
            (paging(2, Some(10), Some(30)), 10, 10),
            (paging(u32::MAX, Some(1000), None), 2_147_483_647, 1000),
        ] {
            let window = paging.window(None);
            assert_eq!((window.offset, window.limit), (offset, Some(limit)), "{paging:?}");
        }
    }

    #[test]
    fn pagination_contains_the_neighbouring_pages() {
        for (paging, count, total, expected) in [
            (paging(1, None, None), 2, 2, "[2,2,1,1,null,null,null]"),
            (paging(1, None, None), 0, 0, "[0,0,1,1,null,null,null]"),
            (paging(2, Some(10), None), 10, 25, "[10,25,2,3,10,1,3]"),
            (paging(3, Some(10), None), 5, 25, "[5,25,3,3,10,2,null]"),
            (paging(9, Some(10), None), 0, 25, "[0,25,9,3,10,3,null]"),
            (paging(1, None, Some(5)), 5, 10, "[5,10,1,2,null,null,2]"),
            (paging(2, Some(10), Some(3)), 3, 25, "[3,25,2,3,10,1,3]"),
        ] {
            let members = paging.pagination(count, total);
            let values: Value<'_> = members.as_map().unwrap().iter().map(|(_, value)| value.clone()).collect();
            assert_eq!(serde_json::to_string(&values).unwrap(), expected, "{paging:?}");
        }
    }
}
