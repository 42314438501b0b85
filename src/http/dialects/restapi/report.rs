//! `/restapi/1.0/report/{report_name}`: printed records.
//!
//! In: the name of a report, record ids. Out: `{"report": …}` with each document in base64; or, depending on
//! `Accept`, the document itself: PDFs joined in the order of their ids, HTML, text. Must not know: how Odoo prints.

use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::to_bytes;
use super::openapi_schemas::{ReportPath, ReportsQuery, RestapiReport, RestapiReports, TAG};
use crate::auth::{CredentialKind, Principal};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::authenticate::authenticate;
use crate::http::body_budget::now_or_internal;
use crate::http::openapi::{ContextHeaders, ContextQuery, DatabaseHeader, FileContent, IdPath};
use crate::http::pipeline::{invalidate_stale_identity, plan_with_metadata, record_odoo_calls};
use crate::http::request::ApiRequest;
use crate::http::request::odoo_context;
use crate::http::request::params::RequestParams;
use crate::http::response::headers::set_rate_limit;
use crate::http::response::negotiate::{self, Media};
use crate::http::state::AppState;
use crate::names::{RecordId, ReportName};
use crate::odoo::{CallCounter, ReportPrinter};
use crate::plan::{ReportFormat, RequestedContext, plan_report};
use crate::shape::join_pdfs;
use crate::value::Value;

/// The routes that print reports.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(print_report)).routes(routes!(print_reports))
}

/// The media types of reports, the default first.
const MEDIA: &[Media] = &[Media::Json, Media::Xml, Media::Pdf, Media::Html, Media::Text];
/// The maximum number of records per request. Odoo needs one or two seconds per record.
const MAX_RECORDS: usize = 50;

/// Print a record
///
/// Prints the report of one record: a PDF in base64; with `Accept: application/pdf` the PDF itself, with `text/html`
/// the HTML. The member `format` is `html` or `text` if Odoo defines the report as HTML or text.
///
/// Odoo prints only in a web session, which requires the user's password. With an Odoo API key, only the documents of
/// Odoo's portal pages are available (quotations, orders, invoices); Odoo then creates a share link for the record.
///
/// Many reports use the language of their customer instead of `X-Odoo-Lang`. Odoo 14 always uses the language of the
/// user.
#[utoipa::path(
    get, path = "/report/{report_name}/{id}", operation_id = "restapi_print_report", tag = TAG,
    params(ReportPath, IdPath, DatabaseHeader, ContextHeaders),
    responses((status = 200, description = "The document", content(
        (RestapiReport = "application/json"), (inline(FileContent) = "application/pdf"), (String = "text/html")
    )))
)]
async fn print_report(request: ApiRequest) -> Result<Response, Problem> {
    handle_report(request, |request, _| Ok(ReportTarget { ids: vec![request.record_id("id")?], is_single: true })).await
}

/// Print records
///
/// Prints the report of each record, at most 50, in the order of the ids. `Accept: application/pdf` joins the
/// documents into one PDF. If one of the records does not exist, nothing is printed.
///
/// Many reports use the language of their customer instead of `X-Odoo-Lang`. Odoo 14 always uses the language of the
/// user, also if the context contains another one.
#[utoipa::path(
    get, path = "/report/{report_name}", operation_id = "restapi_print_reports", tag = TAG,
    params(ReportPath, ReportsQuery, ContextQuery, DatabaseHeader, ContextHeaders),
    responses((status = 200, description = "The documents", content(
        (RestapiReports = "application/json"), (inline(FileContent) = "application/pdf"), (String = "text/html")
    )))
)]
async fn print_reports(request: ApiRequest) -> Result<Response, Problem> {
    handle_report(request, |_, params| {
        let ids = params.ids("ids")?.ok_or_else(|| {
            let problem = Problem::new(ErrorCode::MissingParameter, "The parameter `ids` is missing.");
            problem.parameter("ids").hint("For example `ids=12,17`.")
        })?;
        if ids.len() > MAX_RECORDS {
            let detail = format!("ids: expected at most {MAX_RECORDS} records, found {}.", ids.len());
            let problem = Problem::new(ErrorCode::InvalidParameter, detail).parameter("ids");
            return Err(problem.hint("Print the records in several requests."));
        }
        Ok(ReportTarget { ids, is_single: false })
    })
    .await
}

async fn handle_report(
    mut request: ApiRequest,
    parse: impl FnOnce(&ApiRequest, &RequestParams) -> Result<ReportTarget, Problem> + Send,
) -> Result<Response, Problem> {
    let timing = request.timing.clone();
    let caller = timing.time("auth", authenticate(&mut request)).await?;
    let name = request.report()?;
    let body = timing.time("body", request.read_body()).await?;
    let parse_params = || now_or_internal(RequestParams::parse(&request.head, body));
    let params = request.run_on_body(parse_params).await?;
    let media = negotiate::choose(&request.head.headers, MEDIA)?;
    let context = odoo_context::parse(&request.head.headers, &params)?;
    let print_request = PrintRequest { target: parse(&request, &params)?, name, media, context };
    let counter = CallCounter::default();
    let printed = record_odoo_calls(&request, &counter, print_documents(&caller, &print_request, &counter)).await;
    let (format, documents) = invalidate_stale_identity(&request, &caller, printed).await?;
    let mut response = render(&print_request, format, documents).await?;
    if let Some(limit) = caller.rate_limit {
        set_rate_limit(limit, response.headers_mut());
    }
    Ok(response)
}

/// The records to print, in the order of the request, with duplicates.
struct ReportTarget {
    ids: Vec<RecordId>,
    /// Whether the response contains one document instead of a list.
    is_single: bool,
}

/// A request to print.
struct PrintRequest {
    name: ReportName,
    target: ReportTarget,
    media: Media,
    context: RequestedContext,
}

/// Finds the report, checks that all records exist, and prints them.
async fn print_documents(
    caller: &Principal,
    print_request: &PrintRequest,
    counter: &CallCounter,
) -> Result<(ReportFormat, Vec<Vec<u8>>), Problem> {
    let login = (caller.credential_kind != CredentialKind::OdooApiKey).then(|| caller.login.to_string());
    let printer =
        ReportPrinter::find(caller.database.clone(), caller.odoo_user.clone(), login, &print_request.name, counter)
            .await?;
    let (report, ids) = (&printer.report, print_request.target.ids.as_slice());
    let format = choose_format(print_request.media, report.format)?;
    let plan = plan_with_metadata(caller, (), |(), metadata| {
        plan_report(report, ids, &print_request.context, &caller.scope, metadata).map_err(|error| ((), error))
    })
    .await?;
    if ids.is_empty() {
        return Ok((format, Vec::new()));
    }
    printer.require_records(&plan, counter).await?;
    let documents = if is_one_document(print_request) {
        vec![printer.print_together(ids, format, &plan, counter).await?]
    } else {
        printer.print_each(ids, format, &plan, counter).await?
    };
    Ok((format, documents))
}

/// Whether Odoo prints all records into one document. PDFs are joined by the gateway; JSON and XML have one entry per
/// record.
fn is_one_document(print_request: &PrintRequest) -> bool {
    matches!(print_request.media, Media::Html | Media::Text)
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

async fn render(
    print_request: &PrintRequest,
    format: ReportFormat,
    documents: Vec<Vec<u8>>,
) -> Result<Response, Problem> {
    match print_request.media {
        media @ (Media::Json | Media::Xml) => {
            let body = envelope(&print_request.target, format, &documents);
            let headers = [(CONTENT_TYPE, HeaderValue::from_static(media.name()))];
            Ok((headers, to_bytes(&body, media)?).into_response())
        }
        media => {
            if documents.is_empty() {
                let detail = "ids: expected at least one record id.";
                return Err(Problem::new(ErrorCode::MissingParameter, detail).parameter("ids"));
            }
            let document = if media == Media::Pdf { join(documents).await? } else { documents.concat() };
            Ok((document_headers(print_request, media), document).into_response())
        }
    }
}

/// Joins PDFs in a blocking task: large documents take a while.
async fn join(documents: Vec<Vec<u8>>) -> Result<Vec<u8>, Problem> {
    tokio::task::spawn_blocking(|| join_pdfs(documents)).await.map_err(Problem::internal)?
}

fn envelope(target: &ReportTarget, format: ReportFormat, documents: &[Vec<u8>]) -> Value<'static> {
    let entry = |(id, document): (&RecordId, &Vec<u8>)| {
        Value::Map(vec![
            ("id".into(), Value::Int(id.get())),
            ("state".into(), "true".into()),
            ("format".into(), format.as_str().into()),
            ("result".into(), STANDARD.encode(document).into()),
        ])
    };
    let mut entries = target.ids.iter().zip(documents).map(entry);
    let report = if target.is_single { entries.next().unwrap_or_default() } else { entries.collect() };
    Value::Map(vec![("report".into(), report)])
}

/// The headers of a document. The policy prevents HTML from Odoo from running scripts and loading resources.
fn document_headers(print_request: &PrintRequest, media: Media) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let content_type = match media {
        Media::Html => "text/html; charset=utf-8",
        Media::Text => "text/plain; charset=utf-8",
        media => media.name(),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if media == Media::Html {
        let policy = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'";
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    let ids = print_request.target.ids.iter().take(3).map(RecordId::to_string).collect::<Vec<_>>().join("-");
    let extension = match media {
        Media::Html => "html",
        Media::Text => "txt",
        _ => "pdf",
    };
    let name = format!(r#"inline; filename="{}-{ids}.{extension}""#, print_request.name);
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_is_that_of_the_synconics_manual() {
        let [one, other] = [12, 17].map(|id| RecordId::new(id).unwrap());
        let documents = [b"%PDF".to_vec(), b"x".to_vec()];
        let json = |ids: Vec<RecordId>, is_single| {
            serde_json::to_string(&envelope(&ReportTarget { ids, is_single }, ReportFormat::Pdf, &documents)).unwrap()
        };
        assert_eq!(json(vec![one], true), r#"{"report":{"id":12,"state":"true","format":"pdf","result":"JVBERg=="}}"#);
        assert_eq!(
            json(vec![one, other], false),
            concat!(
                r#"{"report":[{"id":12,"state":"true","format":"pdf","result":"JVBERg=="},"#,
                r#"{"id":17,"state":"true","format":"pdf","result":"eA=="}]}"#
            )
        );
        assert_eq!(json(Vec::new(), false), r#"{"report":[]}"#);
    }

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
