//! The audit log, with filters, also as CSV.
//!
//! ```text
//! actor, action, subject   parts of texts
//! from, until              days, UTC, both included
//! before                   the id of the event that the page before ended with
//! ```
//!
//! In: parameters in the query. Out: a page, or a file that is sent while it is read. Must not know: how events are
//! stored.

use askama::Template;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use time::macros::format_description;
use time::{Date, Duration};

use super::AUDIT_CSV_PATH;
use super::page_query::LinkQuery;
use crate::admin::{AUDIT_CSV_HEADER, AdminError, Administration, AuditEntry, AuditFilter, audit_csv_row};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::console::page::{AUDIT, ConsolePage};
use crate::http::console::problem_page::admin_problem;
use crate::http::console::time_text::readable_time;
use crate::http::console::user::Administrator;
use crate::http::request::ApiRequest;

/// The number of events on a page, and of those that a file is read in at once.
const PAGE_ROWS: u32 = 50;
const FILE_ROWS: u32 = 1000;

/// The parameters that select events.
const FILTERS: [&str; 5] = ["actor", "action", "subject", "from", "until"];

/// Actions that the form suggests.
const ACTIONS: [&str; 12] = [
    "key.",
    "key.create",
    "key.disable",
    "key.enable",
    "key.delete",
    "app.",
    "app.create",
    "app.disable",
    "app.delete",
    "app.rotate_secret",
    "token.revoke",
    "keys.",
];

/// One event, for the template.
struct EventView {
    time: String,
    actor: String,
    action: String,
    subject: String,
    detail: String,
}

impl From<&AuditEntry> for EventView {
    fn from(AuditEntry { event, .. }: &AuditEntry) -> Self {
        Self {
            time: readable_time(event.at),
            actor: event.actor.clone(),
            action: event.action.clone(),
            subject: event.subject.clone(),
            detail: event.detail.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "console/admin/audit.html")]
struct AuditTemplate<'a> {
    page: &'a ConsolePage<'a>,
    query: &'a LinkQuery,
    alert: Option<&'static str>,
    actions: &'static [&'static str],
    events: Vec<EventView>,
    older: Option<String>,
    file: String,
}

/// `GET /console/admin/audit`.
pub(super) async fn audit_page(Administrator(user): Administrator, request: ApiRequest) -> Result<Response, Problem> {
    let query = LinkQuery::parse(&request);
    let (filter, alert) = match parse_filter(&query) {
        Ok(filter) => (filter, None),
        Err(alert) => (AuditFilter::default(), Some(alert)),
    };
    let before = query.value("before").parse().ok();
    let admin = user.administration(&request.state);
    // One more shows whether there is another page.
    let mut entries = admin.find_audit_entries(&filter, before, PAGE_ROWS + 1).await.map_err(admin_problem)?;
    let has_older = entries.len() > usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
    if has_older {
        entries.pop();
    }
    let last = entries.last().map(|entry| entry.id).filter(|_| has_older);
    let page = ConsolePage::new(&request, &user, AUDIT).await?;
    let template = AuditTemplate {
        page: &page,
        query: &query,
        alert,
        actions: &ACTIONS,
        events: entries.iter().map(EventView::from).collect(),
        older: last.map(|last| query.with(AUDIT.path, &FILTERS, ("before", last))),
        file: query.with(AUDIT_CSV_PATH, &FILTERS, ("download", "1")),
    };
    page.respond(if alert.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }, &template)
}

/// `GET /console/admin/audit.csv`: all events that match. A failure while the file is sent ends it, so the browser
/// reports an incomplete download.
pub(super) async fn audit_csv(Administrator(user): Administrator, request: ApiRequest) -> Result<Response, Problem> {
    let filter =
        parse_filter(&LinkQuery::parse(&request)).map_err(|alert| Problem::new(ErrorCode::InvalidParameter, alert))?;
    let file = AuditFile { admin: user.administration(&request.state), filter, before: None, is_complete: false };
    let header = stream::once(async { Ok(AUDIT_CSV_HEADER.to_owned()) });
    let rows = stream::try_unfold(file, AuditFile::next_rows);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.csv\"")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let body = futures_util::StreamExt::chain(header, rows);
    Ok((headers, Body::from_stream(body)).into_response())
}

/// A file that is being sent.
struct AuditFile {
    admin: Administration,
    filter: AuditFilter,
    before: Option<i64>,
    is_complete: bool,
}

impl AuditFile {
    async fn next_rows(mut self) -> Result<Option<(String, Self)>, AdminError> {
        if self.is_complete {
            return Ok(None);
        }
        let entries = self.admin.find_audit_entries(&self.filter, self.before, FILE_ROWS).await?;
        self.before = entries.last().map(|entry| entry.id);
        self.is_complete = entries.len() < usize::try_from(FILE_ROWS).unwrap_or(usize::MAX);
        Ok(Some((entries.iter().map(audit_csv_row).collect(), self)))
    }
}

/// The filter in a query.
///
/// # Errors
/// What is wrong, as a sentence.
fn parse_filter(query: &LinkQuery) -> Result<AuditFilter, &'static str> {
    let day = |name| match query.value(name) {
        "" => Ok(None),
        text => Date::parse(text, format_description!("[year]-[month]-[day]"))
            .map(Some)
            .map_err(|_| "Enter days as YYYY-MM-DD."),
    };
    let begin = |day: Date| day.midnight().assume_utc().unix_timestamp();
    let text = |name| query.value(name).to_owned();
    Ok(AuditFilter {
        actor: text("actor"),
        action: text("action"),
        subject: text("subject"),
        from: day("from")?.map(begin),
        until: day("until")?.and_then(|day| day.checked_add(Duration::DAY)).map(begin),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_include_their_last_second() {
        let query = LinkQuery::parse_text("from=1970-01-02&until=1970-01-02&actor=+ada&action=key.");
        let filter = parse_filter(&query).unwrap();
        assert_eq!((filter.from, filter.until), (Some(86_400), Some(2 * 86_400)));
        assert_eq!((filter.actor.as_str(), filter.action.as_str()), ("ada", "key."));
        assert!(parse_filter(&LinkQuery::parse_text("from=yesterday")).is_err());
        let link = "/a?actor=ada&action=key.&from=1970-01-02&until=1970-01-02&before=7";
        assert_eq!(query.with("/a", &FILTERS, ("before", 7)), link);
    }
}
