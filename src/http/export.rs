//! Exports: record lists of any length as CSV or NDJSON. One page is sent while the next one is fetched.
//!
//! In: the [`Pages`] of a list. Out: headers and a body that arrives page by page. Must not know: dialects.
//!
//! ```text
//! Odoo ──► task: fetch, shape, write ──► channel for one page ──► body ──► client
//! ```
//!
//! - The first page is fetched before the status is sent, so that a rejected list is an error like everywhere else.
//! - The task fetches a page only when the channel is empty. A client that does not read costs the page in its hands
//!   and one more; a client that disconnects costs at most the call in flight.
//! - Before each further page the credential is checked again: a revoked or expired credential ends the export as a
//!   failure does.
//! - A later failure cannot change the status. NDJSON ends with a line `{"error": {…}}`. CSV has no place for an
//!   error. In both cases the connection is aborted, so that no client takes the part for the complete list.
//! - `X-Omitted-Fields` lists the fields that the first page omits. Headers are sent before later pages are read:
//!   fields that only later pages omit are absent without notice.

mod body;

use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use time::OffsetDateTime;

use self::body::ExportBody;
use super::authenticate::CredentialRecheck;
use super::request::request_log::RequestLog;
use super::response::headers::set_omitted_fields;
use super::response::negotiate::RowFormat;
use super::response::problem::{ErrorContext, error_line};
use crate::error::Problem;
use crate::names::ModelName;
use crate::odoo::{CallCounter, Outcome, Page, Pages};
use crate::shape::{
    Shaped, Style, shape, write_csv, write_csv_header, write_csv_id_header, write_csv_ids, write_ndjson,
    write_ndjson_ids,
};
use crate::value::Value;

/// An export in progress.
#[derive(Debug)]
pub(super) struct ExportStream {
    pub pages: Pages,
    pub model: ModelName,
    pub rows: RowFormat,
    /// Whether the body starts with a byte order mark, for spreadsheets that otherwise assume Latin-1.
    pub has_bom: bool,
    pub style: Style,
    pub credential: CredentialRecheck,
    pub log: RequestLog,
    pub error_context: OwnedErrorContext,
}

/// An [`ErrorContext`] that outlives the head of the request.
#[derive(Debug)]
pub(super) struct OwnedErrorContext {
    request_id: String,
    path: String,
    at: OffsetDateTime,
}

impl From<ErrorContext<'_>> for OwnedErrorContext {
    fn from(ErrorContext { request_id, path, at }: ErrorContext<'_>) -> Self {
        Self { request_id: request_id.to_owned(), path: path.to_owned(), at }
    }
}

impl OwnedErrorContext {
    fn error_line(&self, problem: &Problem) -> Vec<u8> {
        error_line(problem, ErrorContext { request_id: &self.request_id, path: &self.path, at: self.at })
    }
}

impl ExportStream {
    /// Fetches the first page. Returns the headers and the body.
    ///
    /// # Errors
    /// Why the list is rejected.
    pub(super) async fn open(mut self) -> Result<(HeaderMap, Body), Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.rows.content_type()));
        let mut first = self.header();
        let page = self.fetch().await?;
        if let Some(page) = &page {
            if let Page::Records(outcome) = page
                && let Outcome::Records(records) = &**outcome
            {
                set_omitted_fields(&records.omitted, &mut headers);
            }
            self.write(page, &mut first)?;
        }
        let body = if page.is_some() { ExportBody::new(first, self) } else { ExportBody::complete(first) };
        Ok((headers, Body::new(body)))
    }

    /// The next page, written; `None` after the last one.
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(page) = self.fetch().await? else { return Ok(None) };
        self.credential.check().await?;
        let mut out = Vec::new();
        self.write(&page, &mut out)?;
        Ok(Some(out.into()))
    }

    async fn fetch(&mut self) -> Result<Option<Page>, Problem> {
        let (counter, started) = (CallCounter::default(), Instant::now());
        let page = self.pages.next(&counter).await;
        self.log.odoo_calls(counter.calls(), started.elapsed());
        page
    }

    /// What precedes the records: the byte order mark and the CSV header.
    fn header(&self) -> Vec<u8> {
        let mut out = if self.has_bom { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        match (self.rows, self.pages.columns()) {
            (RowFormat::Ndjson, _) => {}
            (RowFormat::Csv, Some(columns)) => write_csv_header(&mut out, columns),
            (RowFormat::Csv, None) => write_csv_id_header(&mut out),
        }
        out
    }

    fn write(&self, page: &Page, out: &mut Vec<u8>) -> Result<(), Problem> {
        let outcome = match (page, self.rows) {
            (Page::Records(outcome), _) => &**outcome,
            (Page::Ids(ids), RowFormat::Csv) => {
                write_csv_ids(out, ids);
                return Ok(());
            }
            (Page::Ids(ids), RowFormat::Ndjson) => {
                write_ndjson_ids(out, ids);
                return Ok(());
            }
        };
        let Shaped::Records(Value::List(records)) = shape(outcome, self.model.as_str(), self.style)? else {
            return Err(Problem::internal("a page is not a list of records"));
        };
        let written = match (self.rows, self.pages.columns()) {
            (RowFormat::Csv, Some(columns)) => write_csv(out, &records, columns),
            _ => write_ndjson(out, &records),
        };
        written.map_err(Problem::internal)
    }

    /// The last bytes of an export that failed.
    fn final_error(&self, problem: &Problem) -> Bytes {
        self.log.code(problem.code.as_str());
        match self.rows {
            RowFormat::Csv => Bytes::new(),
            RowFormat::Ndjson => self.error_context.error_line(problem).into(),
        }
    }
}
