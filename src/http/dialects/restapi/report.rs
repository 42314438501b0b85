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

use super::envelope::{DIALECT, to_bytes};
use super::openapi_schemas::{ReportPath, ReportsQuery, RestapiReport, RestapiReports, TAG};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::http::openapi::{ContextQuery, FileContent, IdPath, RequestHeaders};
use crate::http::pipeline::{Dialect, PrintedReport, ReportEndpoint, handle_report};
use crate::http::request::ApiRequest;
use crate::http::request::params::RequestParams;
use crate::http::response::negotiate::Media;
use crate::http::state::AppState;
use crate::names::RecordId;
use crate::shape::join_pdfs;
use crate::value::Value;

/// The routes that print reports.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(print_report)).routes(routes!(print_reports))
}

/// The dialect with the media types of documents.
const REPORTS: Dialect = Dialect { media: &[Media::Json, Media::Xml, Media::Pdf, Media::Html, Media::Text], ..DIALECT };
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
    params(ReportPath, IdPath, RequestHeaders),
    responses((status = 200, description = "The document", content(
        (RestapiReport = "application/json"), (inline(FileContent) = "application/pdf"), (String = "text/html"),
        (String = "text/plain")
    )))
)]
async fn print_report(request: ApiRequest) -> Result<Response, Problem> {
    handle_report(
        request,
        ReportEndpoint {
            dialect: &REPORTS,
            parse: |request, _| Ok(vec![request.record_id("id")?]),
            render: |printed, media| render(printed, media, Layout::One),
        },
    )
    .await
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
    params(ReportPath, ReportsQuery, ContextQuery, RequestHeaders),
    responses((status = 200, description = "The documents", content(
        (RestapiReports = "application/json"), (inline(FileContent) = "application/pdf"), (String = "text/html"),
        (String = "text/plain")
    )))
)]
async fn print_reports(request: ApiRequest) -> Result<Response, Problem> {
    handle_report(
        request,
        ReportEndpoint {
            dialect: &REPORTS,
            parse: |_, params| parse_ids(params),
            render: |printed, media| render(printed, media, Layout::List),
        },
    )
    .await
}

/// Parses the ids of the records to print.
fn parse_ids(params: &RequestParams) -> Result<Vec<RecordId>, Problem> {
    let ids = params.ids("ids")?.ok_or_else(|| {
        let problem = Problem::new(ErrorCode::MissingParameter, "The parameter `ids` is missing.");
        problem.parameter("ids").hint("For example `ids=12,17`.")
    })?;
    if ids.len() > MAX_RECORDS {
        let detail = format!("ids: expected at most {MAX_RECORDS} records, found {}.", ids.len());
        let problem = Problem::new(ErrorCode::InvalidParameter, detail).parameter("ids");
        return Err(problem.hint("Print the records in several requests."));
    }
    Ok(ids)
}

/// What the envelope contains.
#[derive(Clone, Copy)]
enum Layout {
    /// One document.
    One,
    /// A list of documents.
    List,
}

/// Renders the envelope, or the document itself.
fn render(printed: PrintedReport, media: Media, layout: Layout) -> Result<Response, Problem> {
    if let Media::Json | Media::Xml = media {
        let headers = [(CONTENT_TYPE, HeaderValue::from_static(media.name()))];
        return Ok((headers, to_bytes(&envelope(&printed, layout), media)?).into_response());
    }
    if printed.documents.is_empty() {
        let detail = "ids: expected at least one record id.";
        return Err(Problem::new(ErrorCode::MissingParameter, detail).parameter("ids"));
    }
    let headers = document_headers(&printed, media);
    let documents = printed.documents;
    let document = if media == Media::Pdf { join_pdfs(documents)? } else { documents.concat() };
    Ok((headers, document).into_response())
}

fn envelope(printed: &PrintedReport, layout: Layout) -> Value<'static> {
    let entry = |(id, document): (&RecordId, &Vec<u8>)| {
        Value::Map(vec![
            ("id".into(), Value::Int(id.get())),
            ("state".into(), "true".into()),
            ("format".into(), printed.format.as_str().into()),
            ("result".into(), STANDARD.encode(document).into()),
        ])
    };
    let mut entries = printed.ids.iter().zip(&printed.documents).map(entry);
    let report = match layout {
        Layout::One => entries.next().unwrap_or_default(),
        Layout::List => entries.collect(),
    };
    Value::Map(vec![("report".into(), report)])
}

/// The headers of a document. The policy prevents HTML from Odoo from running scripts and loading resources.
fn document_headers(printed: &PrintedReport, media: Media) -> HeaderMap {
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
    let ids = printed.ids.iter().take(3).map(RecordId::to_string).collect::<Vec<_>>().join("-");
    let extension = match media {
        Media::Html => "html",
        Media::Text => "txt",
        _ => "pdf",
    };
    let name = format!(r#"inline; filename="{}-{ids}.{extension}""#, printed.name);
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ReportName;
    use crate::plan::ReportFormat;

    #[test]
    fn envelope_is_that_of_the_synconics_manual() {
        let [one, other] = [12, 17].map(|id| RecordId::new(id).unwrap());
        let json = |ids: Vec<RecordId>, layout| {
            let name = ReportName::parse("sale.report_saleorder").unwrap();
            let documents = vec![b"%PDF".to_vec(), b"x".to_vec()];
            let printed = PrintedReport { name, ids, format: ReportFormat::Pdf, documents };
            serde_json::to_string(&envelope(&printed, layout)).unwrap()
        };
        assert_eq!(
            json(vec![one], Layout::One),
            r#"{"report":{"id":12,"state":"true","format":"pdf","result":"JVBERg=="}}"#
        );
        assert_eq!(
            json(vec![one, other], Layout::List),
            concat!(
                r#"{"report":[{"id":12,"state":"true","format":"pdf","result":"JVBERg=="},"#,
                r#"{"id":17,"state":"true","format":"pdf","result":"eA=="}]}"#
            )
        );
        assert_eq!(json(Vec::new(), Layout::List), r#"{"report":[]}"#);
    }
}
