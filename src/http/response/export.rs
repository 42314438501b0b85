//! Listings as rows and lines, of any length: a page is written while the next is fetched.
//!
//! In: the [`Pages`] of a listing. Out: an answer whose body comes page by page. Must not know: families.
//!
//! ```text
//! Odoo ──► task: fetch, shape, write ──► room for one page ──► body ──► client
//! ```
//!
//! - The first page is there before the status is: whatever refuses the listing is an error as everywhere.
//! - The task fetches a page only when there is room for it. A client that does not read costs one page in its hands and
//!   one ahead; one that leaves costs at most the call that is under way.
//! - Before each further page is handed out, the credential is checked again: what was revoked, switched off or has ended meanwhile ends
//!   the listing as a failure does.
//! - What fails later cannot change the status. NDJSON ends with a line `{"error": {…}}`, CSV has no place for it; then
//!   the connection breaks, so that nobody takes a part for the whole.
//! - `X-Omitted-Fields` names what the first page lacks. What only later pages lack nobody knows yet when headers go
//!   out: it is simply not there.

mod body;

use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use time::OffsetDateTime;

use self::body::Streamed;
use super::negotiate::Rows;
use super::problem::{Occasion, error_line};
use crate::error::Problem;
use crate::http::authenticate::Standing;
use crate::http::middleware::RequestLog;
use crate::names::ModelName;
use crate::odoo::{Outcome, Page, Pages, Tally};
use crate::shape::{
    Shaped, Style, shape, write_csv, write_csv_header, write_csv_header_of_ids, write_csv_ids, write_ndjson,
    write_ndjson_ids,
};
use crate::value::Value;

/// A listing that is being answered.
#[derive(Debug)]
pub(in crate::http) struct Listing {
    pub pages: Pages,
    pub model: ModelName,
    pub rows: Rows,
    /// Whether a byte order mark stands before everything, for spreadsheets that take text without one for Latin 1.
    pub with_bom: bool,
    pub style: Style,
    pub standing: Standing,
    pub log: RequestLog,
    pub last_words: LastWords,
}

/// What a last line says of the request, whose head is gone by then.
#[derive(Debug)]
pub(in crate::http) struct LastWords {
    request_id: String,
    path: String,
    at: OffsetDateTime,
}

impl From<Occasion<'_>> for LastWords {
    fn from(Occasion { request_id, path, at }: Occasion<'_>) -> Self {
        Self { request_id: request_id.to_owned(), path: path.to_owned(), at }
    }
}

impl LastWords {
    fn line(&self, problem: &Problem) -> Vec<u8> {
        error_line(problem, Occasion { request_id: &self.request_id, path: &self.path, at: self.at })
    }
}

impl Listing {
    /// Fetches the first page. Answers headers and the body.
    ///
    /// # Errors
    /// Whatever refuses the listing.
    pub(in crate::http) async fn open(mut self) -> Result<(HeaderMap, Body), Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.rows.content_type()));
        let mut first = self.header();
        let page = self.fetch().await?;
        if let Some(page) = &page {
            say_omitted(page, &mut headers);
            self.write(page, &mut first)?;
        }
        let body = if page.is_some() { Streamed::of(first, self) } else { Streamed::whole(first) };
        Ok((headers, Body::new(body)))
    }

    /// The next page, written.
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(page) = self.fetch().await? else { return Ok(None) };
        self.standing.check().await?;
        let mut out = Vec::new();
        self.write(&page, &mut out)?;
        Ok(Some(out.into()))
    }

    async fn fetch(&mut self) -> Result<Option<Page>, Problem> {
        let (tally, began) = (Tally::default(), Instant::now());
        let page = self.pages.next(&tally).await;
        self.log.odoo_calls(tally.calls(), began.elapsed());
        page
    }

    /// What stands before all records.
    fn header(&self) -> Vec<u8> {
        let mut out = if self.with_bom { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        match (self.rows, self.pages.shown()) {
            (Rows::Ndjson, _) => {}
            (Rows::Csv, Some(columns)) => write_csv_header(&mut out, columns),
            (Rows::Csv, None) => write_csv_header_of_ids(&mut out),
        }
        out
    }

    fn write(&self, page: &Page, out: &mut Vec<u8>) -> Result<(), Problem> {
        let outcome = match (page, self.rows) {
            (Page::Records(outcome), _) => &**outcome,
            (Page::Ids(ids), Rows::Csv) => {
                write_csv_ids(out, ids);
                return Ok(());
            }
            (Page::Ids(ids), Rows::Ndjson) => {
                write_ndjson_ids(out, ids);
                return Ok(());
            }
        };
        let Shaped::Records(Value::List(records)) = shape(outcome, self.model.as_str(), self.style)? else {
            return Err(Problem::internal("a page that is no list of records"));
        };
        let written = match (self.rows, self.pages.shown()) {
            (Rows::Csv, Some(columns)) => write_csv(out, &records, columns),
            _ => write_ndjson(out, &records),
        };
        written.map_err(Problem::internal)
    }

    /// The end of a listing that broke off.
    fn broken(&self, problem: &Problem) -> Bytes {
        self.log.code(problem.code.as_str());
        match self.rows {
            Rows::Csv => Bytes::new(),
            Rows::Ndjson => self.last_words.line(problem).into(),
        }
    }
}

fn say_omitted(page: &Page, headers: &mut HeaderMap) {
    if let Page::Records(outcome) = page
        && let Outcome::Records(records) = &**outcome
    {
        crate::http::pipeline::say_omitted(records, headers);
    }
}
