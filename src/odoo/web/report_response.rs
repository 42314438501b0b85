//! The meaning of a response that should be a report.
//!
//! In: a response. Out: the report, the end of the session, or a [`Problem`]. Must not know: sessions. Only the media
//! type and the first bytes show that a response is a PDF: Odoo reports most errors with status 200 and a page that
//! contains JSON with escaped quotes. Its traceback is dropped.

use serde::Deserialize;

use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::odoo::error::TransportError;
use crate::odoo::faults::{CallTarget, Fault};
use crate::odoo::transport::WebResponse;
use crate::odoo::xmlrpc::response::{FaultCode, XmlRpcFault};
use crate::plan::{Effect, ReportFormat};

/// A page.
#[derive(Debug, PartialEq)]
pub(in crate::odoo) enum ReportPage {
    /// The report.
    Report(Vec<u8>),
    /// The session has ended: Odoo redirects to its login page or, with several databases, returns 404.
    LoggedOut,
}

/// Parses the response to a request for the report of these records of `model`, in this format.
///
/// # Errors
/// Odoo's error, or a response that is not a report.
pub(in crate::odoo) fn parse(
    response: WebResponse,
    format: ReportFormat,
    model: &str,
    ids: &[i64],
) -> Result<ReportPage, Problem> {
    let target = CallTarget { model, method: "", ids, effect: Effect::Read };
    match response.status.as_u16() {
        200 if is_report(&response, format) => Ok(ReportPage::Report(response.body)),
        200 if format == ReportFormat::Pdf && is_page(&response.body) => Err(page_instead_of_pdf(&target)),
        200 if format != ReportFormat::Html => Err(report_error(&response.body, &target)),
        300..400 | 404 => Ok(ReportPage::LoggedOut),
        400 | 422 => {
            let detail = format!("Odoo rejects the request to print the report for {}.", records(&target));
            Err(Problem::new(ErrorCode::OdooRefused, detail))
        }
        414 | 431 => Err(address_too_long(ids.len())),
        403 => {
            let detail = format!("Odoo does not allow this user to print the report for {}.", records(&target));
            Err(Problem::new(ErrorCode::AccessDenied, detail).hint("Change the user's access rights in Odoo."))
        }
        500 => Err(print_failed(&target)),
        _ => Err(unexpected(&response, "Odoo did not print the report")),
    }
}

/// Without an engine for PDF, Odoo 20 prints the page that the engine would have converted.
fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

fn page_instead_of_pdf(target: &CallTarget<'_>) -> Problem {
    let detail = format!("Odoo printed the report for {} as HTML, because it has no PDF engine.", records(target));
    Problem::new(ErrorCode::PdfEngineUnavailable, detail).hint(ENGINE_HINT)
}

/// What to do if Odoo cannot make PDF documents.
pub(in crate::odoo) const ENGINE_HINT: &str =
    "Install wkhtmltopdf on the server of Odoo. `Accept: text/html` prints the report as a page.";

/// The problem that the ids make the address of a report too long for Odoo or for a proxy in front of it.
pub(in crate::odoo) fn address_too_long(count: usize) -> Problem {
    let detail = format!("The address of a report on {count} records is longer than Odoo or its proxy accepts.");
    Problem::new(ErrorCode::InvalidParameter, detail).parameter("ids").hint("Request fewer records at a time.")
}

/// The first 20 records, for error messages.
fn records(target: &CallTarget<'_>) -> String {
    let ids = target.ids.iter().take(20).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("{} {ids}", target.model)
}

fn print_failed(target: &CallTarget<'_>) -> Problem {
    let detail = format!("Odoo failed to print the report for {}.", records(target));
    Problem::new(ErrorCode::OdooInternalError, detail).hint("Odoo's log contains the cause.")
}

/// The problem of a response that is neither the report nor an error of Odoo.
pub(in crate::odoo) fn not_a_report() -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, "Odoo's response is not the requested report.")
}

fn is_report(response: &WebResponse, format: ReportFormat) -> bool {
    match format {
        ReportFormat::Pdf => response.media_type == "application/pdf" && response.body.starts_with(b"%PDF"),
        ReportFormat::Html => response.media_type == "text/html",
        ReportFormat::Text => response.media_type == "text/plain",
    }
}

#[derive(Deserialize)]
struct PageMessage {
    data: Exception,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Exception {
    name: String,
    message: String,
    arguments: Vec<serde_json::Value>,
}

/// Odoo 14 sends no message; the first argument of the exception is the message.
fn report_error(body: &[u8], target: &CallTarget<'_>) -> Problem {
    let parsed: Option<PageMessage> =
        std::str::from_utf8(body).ok().and_then(|body| serde_json::from_str(&unescape(body)).ok());
    let Some(PageMessage { data }) = parsed else {
        return not_a_report();
    };
    let argument = data.arguments.first().and_then(serde_json::Value::as_str).unwrap_or_default();
    let message = if data.message.is_empty() { argument } else { data.message.as_str() };
    let class = data.name.rsplit('.').next().unwrap_or_default();
    let kind = match class {
        "AccessError" | "MissingError" => class,
        "RedirectWarning" => "Warning",
        "UserError" | "ValidationError" => "UserError",
        _ => return print_failed(target).odoo(safe_name(class), ""),
    };
    let code = FaultCode::Text(format!("warning -- {kind}\n\n{message}").into());
    Fault::from_xmlrpc(&XmlRpcFault { code, string: "".into() }).problem(target)
}

/// The name of a class, cut before any other character.
pub(super) fn safe_name(class: &str) -> String {
    class.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect()
}

/// Reverts `html.escape` of Python and of Werkzeug.
fn unescape(text: &str) -> String {
    const ENTITIES: [(&str, &str); 6] =
        [("&#34;", "\""), ("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    // The ampersand comes last, so that an escaped entity is not unescaped twice.
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// The usual cause of an unexpected response: a proxy does not forward the path to Odoo.
pub(in crate::odoo) const UNREACHABLE_HINT: &str =
    "Allow the gateway to reach /web and /report on the Odoo server, as it reaches /xmlrpc.";

/// The problem for a response with an unexpected status.
pub(in crate::odoo) fn unexpected(response: &WebResponse, what: &str) -> Problem {
    let status = response.status.as_u16();
    let error = TransportError::Status { status, retry_after: response.retry_after };
    match error.into_problem(Effect::Read) {
        problem if problem.code == ErrorCode::OdooUnreadable => {
            Problem::new(ErrorCode::OdooUnreadable, format!("{what}: HTTP {status}.")).hint(UNREACHABLE_HINT)
        }
        problem => problem,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn page(status: u16, media: &str, body: &str, format: ReportFormat) -> Result<ReportPage, Problem> {
        let response = WebResponse {
            status: StatusCode::from_u16(status).unwrap(),
            media_type: media.to_owned(),
            session: None,
            retry_after: None,
            body: body.as_bytes().to_vec(),
        };
        parse(response, format, "sale.order", &[7])
    }

    fn error_page(name: &str, rest: &str) -> String {
        let json = format!(
            r#"{{"code": 200, "data": {{"name": "{name}", "debug": "Traceback: /odoo \"x\" & 1 < 2"{rest}}}}}"#
        );
        json.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    }

    #[test]
    fn pdf_needs_the_media_type_and_the_signature() {
        assert_eq!(
            page(200, "application/pdf", "%PDF-1.4", ReportFormat::Pdf),
            Ok(ReportPage::Report(b"%PDF-1.4".to_vec()))
        );
        for (media, body, code) in [
            ("application/pdf", "\n<!DOCTYPE html>", ErrorCode::PdfEngineUnavailable),
            ("text/html", "<html>", ErrorCode::PdfEngineUnavailable),
            ("application/pdf", "other", ErrorCode::OdooUnreadable),
            ("text/html", "%PDF-1.4", ErrorCode::OdooUnreadable),
            ("", "", ErrorCode::OdooUnreadable),
        ] {
            assert_eq!(page(200, media, body, ReportFormat::Pdf).unwrap_err().code, code, "{media} {body}");
        }
        assert_eq!(page(200, "text/plain", "x", ReportFormat::Text), Ok(ReportPage::Report(b"x".to_vec())));
        assert_eq!(page(200, "text/html", "<p>", ReportFormat::Html), Ok(ReportPage::Report(b"<p>".to_vec())));
    }

    #[test]
    fn redirect_and_404_mean_that_the_session_has_ended() {
        for status in [302, 303, 404] {
            assert_eq!(page(status, "text/html", "<html>", ReportFormat::Pdf), Ok(ReportPage::LoggedOut), "{status}");
        }
    }

    #[test]
    fn odoo_errors_are_classified_like_faults_and_lose_their_traceback() {
        let message = r#", "message": "Say it < \"loud\"""#;
        for (name, rest, code) in [
            ("odoo.exceptions.UserError", message, ErrorCode::OdooRefused),
            ("odoo.exceptions.UserError", r#", "arguments": ["Say it"]"#, ErrorCode::OdooRefused),
            ("odoo.exceptions.AccessError", message, ErrorCode::AccessDenied),
            (
                "odoo.exceptions.MissingError",
                r#", "message": "Gone.\n(Record: sale.order(7,), User: 2)""#,
                ErrorCode::RecordNotFound,
            ),
            ("builtins.KeyError", message, ErrorCode::OdooInternalError),
            ("odoo.addons.base.models.qweb.QWebException", "", ErrorCode::OdooInternalError),
        ] {
            let problem = page(200, "text/html", &error_page(name, rest), ReportFormat::Pdf).unwrap_err();
            assert_eq!(problem.code, code, "{name}");
            assert!(!format!("{problem:?}").contains("Traceback"), "{problem:?}");
        }
        let problem =
            page(200, "text/html", &error_page("odoo.exceptions.UserError", message), ReportFormat::Pdf).unwrap_err();
        assert_eq!(problem.odoo.unwrap().message, "Say it < \"loud\"");
    }

    #[test]
    fn other_statuses_map_to_codes() {
        for (status, code) in [
            (400, ErrorCode::OdooRefused),
            (422, ErrorCode::OdooRefused),
            (414, ErrorCode::InvalidParameter),
            (431, ErrorCode::InvalidParameter),
            (403, ErrorCode::AccessDenied),
            (500, ErrorCode::OdooInternalError),
            (502, ErrorCode::OdooUnreachable),
            (503, ErrorCode::OdooUnreachable),
            (429, ErrorCode::OdooBusy),
            (418, ErrorCode::OdooUnreadable),
        ] {
            let problem = page(status, "text/html", "secret", ReportFormat::Html).unwrap_err();
            assert_eq!(problem.code, code, "{status}");
            assert!(!format!("{problem:?}").contains("secret") && !problem.detail.contains("XML-RPC"), "{status}");
        }
    }
}
