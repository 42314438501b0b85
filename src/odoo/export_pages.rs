//! Fetches a listing from Odoo page by page.
//!
//! In: a [`Pager`] and a user. Out: one [`Page`] per call of `next`. Must not know: what becomes of the pages,
//! whether a caller fetches ahead. No page is retained after it was returned. Between two pages, and between the calls
//! of a page, other calls go first.

use std::sync::Arc;

use super::call_queue::CallPriority;
use super::client::OdooClient;
use super::database::Database;
use super::nested_read::{CountMode, as_i64, list_records, read_records};
use super::plan_outcome::Outcome;
use super::returned_records::{RecordSource, Records};
use super::user::OdooUser;
use super::user_client::{CallCounter, UserClient};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::RecordId;
use crate::plan::{Columns, ListPlan, PageStep, Pager, ReadPlan};

/// One page.
#[derive(Debug)]
pub enum Page {
    /// Records, as in any list.
    Records(Box<Outcome>),
    /// Ids.
    Ids(Vec<RecordId>),
}

/// The pages of one listing, for one user.
#[derive(Debug)]
pub struct Pages {
    database: Arc<Database>,
    client: OdooClient,
    user: OdooUser,
    pager: Pager,
}

impl Pages {
    /// A listing; fetches no page yet.
    #[must_use]
    pub fn new(database: Arc<Database>, user: OdooUser, pager: Pager) -> Self {
        Self { client: database.client.with_priority(CallPriority::Export), database, user, pager }
    }

    /// The columns that the client gets of each record; `None` if only ids are listed.
    #[must_use]
    pub fn columns(&self) -> Option<&Columns> {
        self.pager.columns()
    }

    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// Odoo's error, or a problem if Odoo does not respond.
    pub async fn next(&mut self, counter: &CallCounter) -> Result<Option<Page>, Problem> {
        loop {
            let Some(step) = self.pager.next_step() else { return Ok(None) };
            let odoo = UserClient::new(&self.database, &self.user, counter).with_client(&self.client);
            let result = execute_step(odoo, &mut self.pager, step).await;
            match result {
                Ok(None) => {}
                // A page that is too large for one response may fit into several.
                Err(problem) if problem.code == ErrorCode::AnswerTooLarge && self.pager.shrink_page() => {}
                result => {
                    self.client = self.database.client.with_priority(CallPriority::BegunExport);
                    return result;
                }
            }
        }
    }
}

/// Executes one step; `None` if the step does not produce a page.
async fn execute_step(odoo: UserClient<'_>, pager: &mut Pager, step: PageStep) -> Result<Option<Page>, Problem> {
    match step {
        PageStep::List(list) => list_page(odoo, pager, list).await.map(Some),
        PageStep::Read(read) => read_page(odoo, pager, read).await.map(Some),
        PageStep::Ids(ids) => {
            pager.advance(0);
            Ok(Some(Page::Ids(ids)))
        }
        PageStep::Search(list) => {
            let ids = odoo.search(&list.search_call()).await?;
            pager.accept_page_ids(&ids);
            let (offset, limit) = list.offset_and_limit();
            if limit.is_some_and(|limit| as_i64(ids.len()) < limit) {
                let count = odoo.count(&list.count_call()).await?;
                pager.accept_remaining(count.saturating_sub(offset).saturating_sub(as_i64(ids.len())));
            }
            Ok(Some(Page::Ids(ids)))
        }
        PageStep::FindIds(call) => {
            pager.accept_found_ids(odoo.search(&call).await?);
            Ok(None)
        }
        PageStep::Verify(read) => {
            odoo.require_records(&read).await?;
            pager.accept_verified();
            Ok(None)
        }
    }
}

async fn list_page(odoo: UserClient<'_>, pager: &mut Pager, list: ListPlan) -> Result<Page, Problem> {
    let mut records = list_records(odoo, &list, CountMode::None).await?;
    let remaining = count_after_short_page(odoo, &list, &mut records).await?;
    pager.accept_records(&records.list()?, size(&records))?;
    if let Some(count) = remaining {
        pager.accept_remaining(count);
    }
    if let Some(shown) = pager.columns() {
        records.columns = shown.clone();
    }
    Ok(Page::Records(Box::new(Outcome::Records(records))))
}

/// The number of records after a page that is shorter than requested; `None` for a full page. Records that Odoo has
/// dropped from the page are read again by their ids.
async fn count_after_short_page(
    odoo: UserClient<'_>,
    list: &ListPlan,
    records: &mut Records,
) -> Result<Option<i64>, Problem> {
    let length = as_i64(records.count()?);
    let (offset, limit) = list.offset_and_limit();
    if limit.is_none_or(|limit| length >= limit) {
        return Ok(None);
    }
    let count = odoo.count(&list.count_call()).await?.saturating_sub(offset);
    if length >= count {
        return Ok(Some(0));
    }
    let ids = odoo.search(&list.search_call()).await?;
    if as_i64(ids.len()) > length {
        *records = read_records(odoo, list.read_plan(ids), false).await?;
        records.requested = None;
    }
    Ok(Some(count.saturating_sub(as_i64(records.count()?))))
}

/// Records that a search found may have been deleted since; records that the client named must exist.
async fn read_page(odoo: UserClient<'_>, pager: &mut Pager, read: ReadPlan) -> Result<Page, Problem> {
    let mut records = read_records(odoo, read, false).await?;
    if !pager.is_for_given_ids() {
        records.requested = None;
    }
    pager.advance(size(&records));
    Ok(Page::Records(Box::new(Outcome::Records(records))))
}

/// The size of Odoo's response in bytes; 0 if the records were assembled from several responses.
fn size(records: &Records) -> usize {
    match &records.source {
        RecordSource::Reply(reply) | RecordSource::Page(reply) => reply.size(),
        RecordSource::Assembled(_) | RecordSource::Written(_) => 0,
    }
}
