//! `/restapi/1.0/report/{report_name}`: printed records.
//!
//! In: a report's name, ids. Out: `{"report": …}` with each document in base64, or by `Accept` the document itself:
//! PDFs joined in the order of their ids, HTML, text. Must not know: how Odoo prints.

use std::time::Instant;

use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::envelope::to_bytes;
use super::schemas::{
    FileContent, Printed, PrintedMany, ReportHeaders, ReportPath, ReportRecordPath, ReportsQuery, TAG,
};
use crate::auth::{CredentialKind, Principal};
use crate::error::Problem;
use crate::error_code::Code;
use crate::http::authenticate;
use crate::http::pipeline::{forget_stale, planned};
use crate::http::request::Arrival;
use crate::http::request::body_budget::at_once;
use crate::http::request::odoo_context;
use crate::http::request::params::Input;
use crate::http::response::negotiate::{self, Media};
use crate::http::response::problem::add_rate_limit;
use crate::http::state::Gateway;
use crate::names::{RecordId, ReportName};
use crate::odoo::{Printing, Tally};
use crate::plan::{ContextAsked, ReportForm, plan_report};
use crate::shape::join_pdfs;
use crate::value::Value;

/// The routes that print. Their answers are not all JSON or XML.
pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(print_report)).routes(routes!(print_reports))
}

/// What reports can be had as.
const MEDIA: &[Media] = &[Media::Json, Media::Xml, Media::Pdf, Media::Html, Media::Text];
/// Records that one request may print: each keeps Odoo busy for a second or two.
const MOST: usize = 50;

/// Print a record
///
/// The report of one record: a PDF in base64, or with `Accept: application/pdf` the PDF itself, with `text/html` its
/// HTML. A report that Odoo makes as HTML or text says so in `format`.
///
/// Odoo prints only in a session of its web client, which a password opens. Who calls with an Odoo API key gets the
/// documents of Odoo's own portal pages (quotations and orders, invoices); asking for one gives the record a share link.
#[utoipa::path(
    get, path = "/report/{report_name}/{id}", operation_id = "restapi_print_report", tag = TAG,
    params(ReportRecordPath, ReportHeaders),
    responses((status = 200, description = "The document", content(
        (Printed = "application/json"), (inline(FileContent) = "application/pdf"), (String = "text/html")
    )))
)]
async fn print_report(arrival: Arrival) -> Result<Response, Problem> {
    print(arrival, |arrival, _| Ok(Wanted { ids: vec![arrival.id("id")?], one: true })).await
}

/// Print records
///
/// The report of each of some records, at most 50, in the order of their ids. `Accept: application/pdf` joins them into
/// one PDF. An id that does not exist: nothing is printed.
#[utoipa::path(
    get, path = "/report/{report_name}", operation_id = "restapi_print_reports", tag = TAG,
    params(ReportPath, ReportsQuery, ReportHeaders),
    responses((status = 200, description = "The documents", content(
        (PrintedMany = "application/json"), (inline(FileContent) = "application/pdf"), (String = "text/html")
    )))
)]
async fn print_reports(arrival: Arrival) -> Result<Response, Problem> {
    print(arrival, |_, input| {
        let ids = input.ids("ids")?.ok_or_else(|| {
            let missing = Problem::new(Code::MissingParameter, "The parameter ids is needed.");
            missing.parameter("ids").hint("For example ids=12,17")
        })?;
        if ids.len() > MOST {
            let detail = format!("ids: at most {MOST} records are printed at a time, found {}.", ids.len());
            return Err(Problem::new(Code::InvalidParameter, detail).parameter("ids"));
        }
        Ok(Wanted { ids, one: false })
    })
    .await
}

async fn print(
    mut arrival: Arrival,
    wanted: impl FnOnce(&Arrival, &Input) -> Result<Wanted, Problem> + Send,
) -> Result<Response, Problem> {
    let stages = arrival.stages.clone();
    let caller = stages.time("auth", authenticate::identify(&mut arrival)).await?;
    let name = arrival.report()?;
    let body = stages.time("body", arrival.body()).await?;
    let reading = || at_once(Input::read(arrival.head.uri.query(), &arrival.head.headers, body));
    let input = arrival.gateway.bodies.work(arrival.size, reading).await?;
    let media = negotiate::choose(&arrival.head.headers, MEDIA)?;
    let context = odoo_context::read(&arrival.head.headers, &input)?;
    let order = Order { wanted: wanted(&arrival, &input)?, name, media, context };
    let (tally, began) = (Tally::default(), Instant::now());
    let printed = stages.time("odoo", fulfil(&caller, &order, &tally)).await;
    arrival.log.odoo_calls(tally.calls(), began.elapsed());
    let (form, documents) = forget_stale(&arrival, &caller, printed).await?;
    let mut answer = write(&order, form, documents).await?;
    if let Some(limit) = caller.allowance {
        add_rate_limit(limit, answer.headers_mut());
    }
    Ok(answer)
}

/// Of which records, in the caller's order, duplicates kept.
struct Wanted {
    ids: Vec<RecordId>,
    /// Whether one document is wanted or a list.
    one: bool,
}

/// What is wanted.
struct Order {
    name: ReportName,
    wanted: Wanted,
    media: Media,
    context: ContextAsked,
}

/// Looks, checks, prints: nothing is printed before all records are known to be there.
async fn fulfil(caller: &Principal, order: &Order, tally: &Tally) -> Result<(ReportForm, Vec<Vec<u8>>), Problem> {
    let login = (caller.kind != CredentialKind::OdooKey).then(|| caller.login.clone());
    let printing = Printing::find(caller.database.clone(), caller.caller.clone(), login, &order.name, tally).await?;
    let (report, ids) = (&printing.report, order.wanted.ids.as_slice());
    let form = form(order.media, report.form)?;
    let plan =
        planned(caller, &report.model, |known| plan_report(report, ids, &order.context, &caller.scope, known)).await?;
    if ids.is_empty() {
        return Ok((form, Vec::new()));
    }
    printing.require_records(&plan, tally).await?;
    let documents = if is_one_page(order) {
        vec![printing.print_together(ids, form, &plan, tally).await?]
    } else {
        printing.print_each(ids, form, &plan, tally).await?
    };
    Ok((form, documents))
}

/// HTML and text of several records are one page; PDFs are joined here, and JSON has an entry for each.
fn is_one_page(order: &Order) -> bool {
    matches!(order.media, Media::Html | Media::Text)
}

/// The form to print in, when the report can be had as what was asked for.
fn form(media: Media, made_for: ReportForm) -> Result<ReportForm, Problem> {
    let asked = match media {
        Media::Pdf => ReportForm::Pdf,
        Media::Html => ReportForm::Html,
        Media::Text => ReportForm::Text,
        _ => made_for,
    };
    if made_for.can_be(asked) {
        return Ok(asked);
    }
    let detail = format!("This report is made as {}; it cannot be had as {}.", made_for.as_str(), asked.as_str());
    Err(Problem::new(Code::NotAcceptable, detail).parameter("Accept"))
}

async fn write(order: &Order, form: ReportForm, documents: Vec<Vec<u8>>) -> Result<Response, Problem> {
    match order.media {
        media @ (Media::Json | Media::Xml) => {
            let tree = envelope(&order.wanted, form, &documents);
            let kind = [(CONTENT_TYPE, HeaderValue::from_static(media.name()))];
            Ok((kind, to_bytes(&tree, media)?).into_response())
        }
        media => {
            if documents.is_empty() {
                let detail = "ids: without a record there is no document.";
                return Err(Problem::new(Code::MissingParameter, detail).parameter("ids"));
            }
            let document = if media == Media::Pdf { joined(documents).await? } else { documents.concat() };
            Ok((document_headers(order, media), document).into_response())
        }
    }
}

/// Large documents take a while, and others want to be answered meanwhile.
async fn joined(documents: Vec<Vec<u8>>) -> Result<Vec<u8>, Problem> {
    tokio::task::spawn_blocking(|| join_pdfs(documents)).await.map_err(Problem::internal)?
}

fn envelope(wanted: &Wanted, form: ReportForm, documents: &[Vec<u8>]) -> Value<'static> {
    let entry = |(id, document): (&RecordId, &Vec<u8>)| {
        Value::Map(vec![
            ("id".into(), Value::Int(id.get())),
            ("state".into(), "true".into()),
            ("format".into(), form.as_str().into()),
            ("result".into(), STANDARD.encode(document).into()),
        ])
    };
    let mut entries = wanted.ids.iter().zip(documents).map(entry);
    let report = if wanted.one { entries.next().unwrap_or_default() } else { entries.collect() };
    Value::Map(vec![("report".into(), report)])
}

/// Odoo's HTML is no page of ours: it runs nothing and fetches nothing from here.
fn document_headers(order: &Order, media: Media) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let kind = match media {
        Media::Html => "text/html; charset=utf-8",
        Media::Text => "text/plain; charset=utf-8",
        media => media.name(),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if media == Media::Html {
        let policy = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'";
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    let ids = order.wanted.ids.iter().take(3).map(RecordId::to_string).collect::<Vec<_>>().join("-");
    let extension = match media {
        Media::Html => "html",
        Media::Text => "txt",
        _ => "pdf",
    };
    let name = format!(r#"inline; filename="{}-{ids}.{extension}""#, order.name);
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_the_manuals() {
        let [one, other] = [12, 17].map(|id| RecordId::new(id).unwrap());
        let documents = [b"%PDF".to_vec(), b"x".to_vec()];
        let json = |ids: Vec<RecordId>, one| {
            serde_json::to_string(&envelope(&Wanted { ids, one }, ReportForm::Pdf, &documents)).unwrap()
        };
        assert_eq!(json(vec![one], true), r#"{"report":{"id":12,"state":"true","format":"pdf","result":"JVBERg=="}}"#);
        assert_eq!(
            json(vec![one, other], false),
            r#"{"report":[{"id":12,"state":"true","format":"pdf","result":"JVBERg=="},{"id":17,"state":"true","format":"pdf","result":"eA=="}]}"#
        );
        assert_eq!(json(Vec::new(), false), r#"{"report":[]}"#);
    }

    #[test]
    fn a_report_is_had_as_what_it_can_be() {
        use ReportForm::{Html, Pdf, Text};
        for (media, made_for, expected) in [
            (Media::Json, Pdf, Some(Pdf)),
            (Media::Xml, Text, Some(Text)),
            (Media::Pdf, Html, Some(Pdf)),
            (Media::Html, Pdf, Some(Html)),
            (Media::Text, Text, Some(Text)),
            (Media::Text, Pdf, None),
            (Media::Pdf, Text, None),
        ] {
            assert_eq!(form(media, made_for).ok(), expected, "{media:?} {made_for:?}");
        }
    }
}
