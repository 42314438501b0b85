//! The pipeline of a report: which report it is, whether the caller may print its records, and their documents.
//!
//! In: an [`ApiRequest`] and a [`ReportEndpoint`] of a dialect. Out: a response. Must not know: parameters, envelopes,
//! how Odoo prints.

use axum::response::Response;
use http::HeaderMap;

use super::odoo_calls::{invalidate_stale_identity, record_odoo_calls};
use super::parsing::{ParsedRequest, ReceivedRequest};
use super::planning::plan_with_metadata;
use super::response_headers::{add_headers, set_common_headers};
use super::{Dialect, Parse};
use crate::auth::{CredentialKind, Principal};
use crate::cpu_work::run_cpu_work;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::request::ApiRequest;
use crate::http::response::negotiate::{Media, ResponseFormat};
use crate::names::{RecordId, ReportName};
use crate::odoo::{CallCounter, MetadataSnapshot, ReportPrinter};
use crate::plan::{ReportFormat, ReportPlan, plan_report};

/// One operation that prints the report in the path.
pub(in crate::http) struct ReportEndpoint {
    /// The dialect of the operation. Its media types include those of documents.
    pub dialect: &'static Dialect,
    /// Parses the ids of the records, in the order of the request, with duplicates.
    pub parse: Parse<Vec<RecordId>>,
    /// Renders the documents. The pipeline adds the headers that every response has.
    pub render: fn(PrintedReport, Media) -> Result<Response, Problem>,
}

/// A report that Odoo printed.
pub(in crate::http) struct PrintedReport {
    /// The name of the report.
    pub name: ReportName,
    /// The ids of the records, in the order of the request, with duplicates.
    pub ids: Vec<RecordId>,
    /// The format of the documents.
    pub format: ReportFormat,
    /// One document per id. HTML and text that the client receives as such are one document for all ids.
    pub documents: Vec<Vec<u8>>,
}

impl PrintedReport {
    fn size(&self) -> u64 {
        self.documents.iter().map(|document| document.len() as u64).sum()
    }
}

/// Handles a request for a report.
///
/// # Errors
/// The problem of the stage that failed.
pub(in crate::http) async fn handle_report(request: ApiRequest, endpoint: ReportEndpoint) -> Result<Response, Problem> {
    let ReportEndpoint { dialect, parse, render } = endpoint;
    let received = ReceivedRequest::receive(request, ApiRequest::report).await?;
    let parsed = received.parse(dialect, parse, |_| false).await?;
    let ResponseFormat::Buffered(media) = parsed.format else {
        return Err(Problem::internal("a report is not exported record by record"));
    };
    let printed = plan_and_print(&parsed, media).await;
    let (format, documents) = invalidate_stale_identity(&parsed.request, &parsed.caller, printed).await?;
    let ParsedRequest { request, caller, name, parsed: ids, preferences, .. } = parsed;
    let printed = PrintedReport { name, ids, format, documents };
    request.timing.run("shape", || {
        run_cpu_work(printed.size(), || {
            let mut response = render(printed, media)?;
            let mut headers = HeaderMap::new();
            set_common_headers(&caller, preferences, &mut headers);
            add_headers(&mut response, headers);
            Ok(response)
        })
    })
}

/// Finds the report, checks that all records exist, and prints them.
async fn plan_and_print(
    parsed: &ParsedRequest<ReportName, Vec<RecordId>>,
    media: Media,
) -> Result<(ReportFormat, Vec<Vec<u8>>), Problem> {
    let ParsedRequest { request, caller, name, parsed: ids, context, .. } = parsed;
    let counter = CallCounter::default();
    let printer = record_odoo_calls(request, &counter, find_report(caller, name, &counter)).await?;
    let format = choose_format(media, printer.report.format)?;
    let plan_with =
        |metadata: &MetadataSnapshot<'_>| plan_report(&printer.report, ids, context, &caller.scope, metadata);
    let planning = plan_with_metadata(&caller.database.metadata, &caller.odoo_user, plan_with);
    let plan = request.timing.time("plan", planning).await?;
    let counter = CallCounter::default();
    let printing = print(&printer, &plan, ids, (media, format), &counter);
    Ok((format, record_odoo_calls(request, &counter, printing).await?))
}

async fn find_report(caller: &Principal, name: &ReportName, counter: &CallCounter) -> Result<ReportPrinter, Problem> {
    let login = (caller.credential_kind != CredentialKind::OdooApiKey).then(|| caller.login.to_string());
    ReportPrinter::find(caller.database.clone(), caller.odoo_user.clone(), login, name, counter).await
}

/// Prints the records after checking that all of them exist.
async fn print(
    printer: &ReportPrinter,
    plan: &ReportPlan,
    ids: &[RecordId],
    (media, format): (Media, ReportFormat),
    counter: &CallCounter,
) -> Result<Vec<Vec<u8>>, Problem> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    printer.require_records(plan, counter).await?;
    if is_one_document(media) {
        return Ok(vec![printer.print_together(ids, format, plan, counter).await?]);
    }
    printer.print_each(ids, format, plan, counter).await
}

/// Whether Odoo prints all records into one document. PDFs are joined by the gateway; JSON and XML have one entry per
/// record.
fn is_one_document(media: Media) -> bool {
    matches!(media, Media::Html | Media::Text)
}

/// The format in which to print the report.
///
/// # Errors
/// 406 if the report is not available in the requested format.
fn choose_format(media: Media, native: ReportFormat) -> Result<ReportFormat, Problem> {
    let requested = match media {
        Media::Pdf => ReportFormat::Pdf,
        Media::Html => ReportFormat::Html,
        Media::Text => ReportFormat::Text,
        _ => native,
    };
    if native.converts_to(requested) {
        return Ok(requested);
    }
    let detail = format!("The report is available as `{}`, not as `{}`.", native.as_str(), requested.as_str());
    Err(Problem::new(ErrorCode::NotAcceptable, detail).parameter("Accept"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_is_printed_only_in_formats_that_it_supports() {
        use ReportFormat::{Html, Pdf, Text};
        for (media, native, expected) in [
            (Media::Json, Pdf, Some(Pdf)),
            (Media::Xml, Text, Some(Text)),
            (Media::Pdf, Html, Some(Pdf)),
            (Media::Html, Pdf, Some(Html)),
            (Media::Text, Text, Some(Text)),
            (Media::Text, Pdf, None),
            (Media::Pdf, Text, None),
        ] {
            assert_eq!(choose_format(media, native).ok(), expected, "{media:?} {native:?}");
        }
    }
}
