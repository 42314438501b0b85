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
//! - What fails later cannot change the status. NDJSON ends with a line `{"error": {…}}`, CSV has no place for it; then
//!   the connection breaks, so that nobody takes a part for the whole.
//! - `X-Omitted-Fields` names what the first page lacks. What only later pages lack nobody knows yet when headers go
//!   out: it is simply not there.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tracing::{Instrument as _, Span};

use super::layers::RequestLog;
use super::negotiate::Rows;
use super::problem::{Occasion, error_line};
use crate::error::Problem;
use crate::names::ModelName;
use crate::odoo::{Outcome, Page, Pages, Tally};
use crate::shape::{
    Shaped, Style, shape, write_csv, write_csv_header, write_csv_header_of_ids, write_csv_ids, write_ndjson,
    write_ndjson_ids,
};
use crate::value::Value;

/// A listing that is being answered.
#[derive(Debug)]
pub(super) struct Listing {
    pub pages: Pages,
    pub model: ModelName,
    pub rows: Rows,
    pub style: Style,
    pub log: RequestLog,
    pub last_words: LastWords,
}

/// What a last line says of the request, whose head is gone by then.
#[derive(Debug)]
pub(super) struct LastWords {
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
    pub(super) async fn open(mut self) -> Result<(HeaderMap, Body), Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.rows.content_type()));
        let mut first = self.header();
        let page = self.fetch().await?;
        if let Some(page) = &page {
            say_omitted(page, &mut headers);
            self.write(page, &mut first)?;
        }
        let rest = if page.is_some() { Rest::Unasked(Box::new(self), Span::current()) } else { Rest::Ended };
        Ok((headers, Body::new(Streamed { first: Some(first.into()), rest })))
    }

    /// The next page, written.
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some(page) = self.fetch().await? else { return Ok(None) };
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
        let mut out = Vec::new();
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
        super::pipeline::say_omitted(records, headers);
    }
}

/// What the task tells the body.
#[derive(Debug)]
enum Told {
    Page(Bytes),
    End,
    /// There will be no more; perhaps some last words.
    Broken(Bytes),
}

/// Fetches while somebody wants it.
async fn produce(mut listing: Listing, to: mpsc::Sender<Told>) {
    while let Ok(room) = to.reserve().await {
        let next = tokio::select! {
            next = listing.next() => next,
            // What was sent to Odoo ends there; nothing more is sent.
            () = to.closed() => return,
        };
        match next {
            Ok(Some(page)) => room.send(Told::Page(page)),
            Ok(None) => return room.send(Told::End),
            Err(problem) => return room.send(Told::Broken(listing.broken(&problem))),
        }
    }
}

/// The body.
struct Streamed {
    first: Option<Bytes>,
    rest: Rest,
}

enum Rest {
    /// Nobody reads yet; after a HEAD nobody ever does.
    Unasked(Box<Listing>, Span),
    Coming(mpsc::Receiver<Told>),
    /// All is said, and goes out before the connection breaks.
    Breaking,
    Broken,
    Ended,
}

/// Why a body ends without its end.
#[derive(Debug, thiserror::Error)]
#[error("the listing broke off")]
struct BrokeOff;

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = BrokeOff;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        self.ask();
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        match &mut self.rest {
            Rest::Coming(coming) => {
                // A task that ends without a word has panicked.
                let told = ready!(coming.poll_recv(cx)).unwrap_or(Told::Broken(Bytes::new()));
                self.tell(told, cx)
            }
            Rest::Breaking => {
                self.rest = Rest::Broken;
                cx.waker().wake_by_ref();
                // Who compresses passes on what he holds when nothing comes for a moment.
                Poll::Pending
            }
            Rest::Broken => Poll::Ready(Some(Err(BrokeOff))),
            Rest::Ended | Rest::Unasked(..) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && matches!(self.rest, Rest::Ended)
    }
}

impl Streamed {
    /// The first to read sets the task going.
    fn ask(&mut self) {
        if !matches!(self.rest, Rest::Unasked(..)) {
            return;
        }
        let (to, coming) = mpsc::channel(1);
        if let Rest::Unasked(listing, span) = std::mem::replace(&mut self.rest, Rest::Coming(coming)) {
            tokio::spawn(produce(*listing, to).instrument(span));
        }
    }

    fn tell(&mut self, told: Told, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        let bytes = match told {
            Told::Page(bytes) => bytes,
            Told::End => {
                self.rest = Rest::Ended;
                return Poll::Ready(None);
            }
            Told::Broken(bytes) => {
                self.rest = Rest::Breaking;
                bytes
            }
        };
        if bytes.is_empty() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}
