//! Searches API keys and applications, page by page.
//!
//! In: a text, the number of a page. Out: one page. Must not know: how pages are displayed.

use super::{AdminError, Administration};
use crate::auth::Application;
use crate::secret::TokenKind;
use crate::store::{RowRange, StoredToken};

/// The number of rows on a page.
const PAGE_ROWS: u32 = 25;

/// One page of a list.
#[derive(Debug, Clone)]
pub struct ListPage<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The number of this page, from 1.
    pub number: u32,
    /// The number of pages, at least 1.
    pub pages: u32,
    /// The number of rows on all pages.
    pub total: u64,
}

impl<T> ListPage<T> {
    /// Returns the same page with other rows.
    #[must_use]
    pub fn map<U>(&self, row: impl FnMut(&T) -> U) -> ListPage<U> {
        let Self { rows, number, pages, total } = self;
        ListPage { rows: rows.iter().map(row).collect(), number: *number, pages: *pages, total: *total }
    }
}

impl Administration {
    /// Returns one page of the API keys whose name, login or first characters contain a text, by name.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn search_keys(&self, text: &str, page: u32) -> Result<ListPage<StoredToken>, AdminError> {
        self.search(TokenKind::ApiKey, text, page).await
    }

    /// Returns one page of the applications whose name, login or client id contain a text, by name.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn search_applications(&self, text: &str, page: u32) -> Result<ListPage<Application>, AdminError> {
        let ListPage { rows, number, pages, total } = self.search(TokenKind::ClientSecret, text, page).await?;
        let rows = rows.into_iter().filter_map(Application::from_row).collect();
        Ok(ListPage { rows, number, pages, total })
    }

    async fn search(&self, kind: TokenKind, text: &str, page: u32) -> Result<ListPage<StoredToken>, AdminError> {
        let number = page.max(1);
        let range = RowRange { offset: i64::from(number - 1) * i64::from(PAGE_ROWS), limit: PAGE_ROWS.into() };
        let (rows, total) = self.store.search_accounts(kind, text.trim(), range, self.clock.now()).await?;
        let pages = u32::try_from(total.div_ceil(PAGE_ROWS.into())).unwrap_or(u32::MAX).max(1);
        Ok(ListPage { rows, number, pages, total })
    }
}
