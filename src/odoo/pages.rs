//! Turns the pages of a listing at Odoo.
//!
//! In: a [`Pager`] and whose rights apply. Out: one [`Page`] after the other, as soon as each is asked for. Must not
//! know: what becomes of the pages, whether anybody asks ahead. Nothing of a page is kept once the next is asked for.

use std::sync::Arc;

use super::database::Database;
use super::executor::{Outcome, Records, Run, Source, Tally};
use super::reads::{Beside, number};
use super::user::Caller;
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::RecordId;
use crate::plan::{Columns, List, Pager, Read, Step};

/// One page.
#[derive(Debug)]
pub enum Page {
    /// Records, as of any list.
    Records(Box<Outcome>),
    /// Ids.
    Ids(Vec<RecordId>),
}

/// The pages of one listing, for one caller.
#[derive(Debug)]
pub struct Pages {
    database: Arc<Database>,
    caller: Caller,
    pager: Pager,
}

impl Pages {
    /// No page is asked for yet.
    #[must_use]
    pub fn new(database: Arc<Database>, caller: Caller, pager: Pager) -> Self {
        Self { database, caller, pager }
    }

    /// What the caller gets of each record; `None` where ids are listed.
    #[must_use]
    pub fn shown(&self) -> Option<&Columns> {
        self.pager.shown()
    }

    /// The next page; `None` behind the last.
    ///
    /// # Errors
    /// Odoo's refusal, or why Odoo could not be asked.
    pub async fn next(&mut self, tally: &Tally) -> Result<Option<Page>, Problem> {
        loop {
            let Some(step) = self.pager.step() else { return Ok(None) };
            let odoo = Run::new(&self.database, &self.caller, tally);
            let turned = turn(odoo, &mut self.pager, step).await;
            match turned {
                Ok(None) => {}
                // What does not fit into one answer may fit into several.
                Err(problem) if problem.code == Code::AnswerTooLarge && self.pager.shrink() => {}
                turned => return turned,
            }
        }
    }
}

/// Takes one step. `None` when it was none that answers a page.
async fn turn(odoo: Run<'_>, pager: &mut Pager, step: Step) -> Result<Option<Page>, Problem> {
    match step {
        Step::List(list) => list_page(odoo, pager, list).await.map(Some),
        Step::Read(read) => read_page(odoo, pager, read).await.map(Some),
        Step::Ids(ids) => {
            pager.passed(0);
            Ok(Some(Page::Ids(ids)))
        }
        Step::Search(list) => {
            let ids = odoo.search(&list.search()).await?;
            pager.searched(&ids);
            let (offset, limit) = list.bounds();
            if limit.is_some_and(|limit| number(ids.len()) < limit) {
                let count = odoo.count(&list.count()).await?;
                pager.counted_behind(count.saturating_sub(offset).saturating_sub(number(ids.len())));
            }
            Ok(Some(Page::Ids(ids)))
        }
        Step::Find(call) => {
            pager.found(odoo.search(&call).await?);
            Ok(None)
        }
        Step::Prove(read) => {
            odoo.prove(&read).await?;
            pager.proven();
            Ok(None)
        }
    }
}

async fn list_page(odoo: Run<'_>, pager: &mut Pager, list: List) -> Result<Page, Problem> {
    let mut records = odoo.page(&list, Beside::Nothing).await?;
    let behind = behind_short_page(odoo, &list, &mut records).await?;
    pager.listed(&records.list()?, size(&records))?;
    if let Some(count) = behind {
        pager.counted_behind(count);
    }
    if let Some(shown) = pager.shown() {
        records.columns = shown.clone();
    }
    Ok(Page::Records(Box::new(Outcome::Records(records))))
}

/// How many records stand behind a page that is shorter than it was asked to be. Records that Odoo has dropped from it
/// are put back.
async fn behind_short_page(odoo: Run<'_>, list: &List, records: &mut Records) -> Result<Option<i64>, Problem> {
    let came = number(records.list()?.len());
    let (offset, limit) = list.bounds();
    if limit.is_none_or(|limit| came >= limit) {
        return Ok(None);
    }
    let count = odoo.count(&list.count()).await?.saturating_sub(offset);
    if came >= count {
        return Ok(Some(0));
    }
    let ids = odoo.search(&list.search()).await?;
    if number(ids.len()) > came {
        *records = odoo.read(list.read(ids), false).await?;
        records.asked = None;
    }
    Ok(Some(count.saturating_sub(number(records.list()?.len()))))
}

/// Records that one search has found may be gone when they are read; those that were asked for must be there.
async fn read_page(odoo: Run<'_>, pager: &mut Pager, read: Read) -> Result<Page, Problem> {
    let mut records = odoo.read(read, false).await?;
    if !pager.is_of_given() {
        records.asked = None;
    }
    pager.passed(size(&records));
    Ok(Page::Records(Box::new(Outcome::Records(records))))
}

/// How many bytes of Odoo's the records had; nothing where they were put together from pieces.
fn size(records: &Records) -> usize {
    match &records.source {
        Source::Reply(reply) | Source::Page(reply) => reply.size(),
        Source::Pieces(_) | Source::Written(_) => 0,
    }
}
