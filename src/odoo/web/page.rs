//! What a page means that should have been a report.
//!
//! In: what came back. Out: the report's bytes, that the session has ended, or a [`Problem`]. Must not know: sessions.
//! Only the media type and the first bytes say that a PDF is one: Odoo tells most of what went wrong with a 200 and a
//! page that holds JSON with its quotes escaped. Its traceback is read over and dropped.

use serde::Deserialize;

use crate::error::Problem;
use crate::error_code::Code;
use crate::odoo::error::Broken;
use crate::odoo::faults::{Addressed, Fault};
use crate::odoo::transport::Visited;
use crate::odoo::xmlrpc::answer::{FaultCode, WireFault};
use crate::plan::{Effect, ReportForm};

/// A page.
#[derive(Debug, PartialEq)]
pub(in crate::odoo) enum Page {
    /// The report.
    Report(Vec<u8>),
    /// There is no such session any more: Odoo sends to its login, or, with several databases, to nowhere.
    LoggedOut,
}

/// Reads a page that should be the report of these records of `model` in this form.
///
/// # Errors
/// What Odoo says, or that it says nothing that could be understood.
pub(in crate::odoo) fn read(visited: Visited, form: ReportForm, model: &str, ids: &[i64]) -> Result<Page, Problem> {
    let addressed = Addressed { model, method: "", ids, effect: Effect::Read };
    match visited.status.as_u16() {
        200 if is_report(&visited, form) => Ok(Page::Report(visited.body)),
        200 if form != ReportForm::Html => Err(refusal(&visited.body, &addressed)),
        300..400 | 404 => Ok(Page::LoggedOut),
        400 | 422 => Err(Problem::new(Code::OdooRefused, "Odoo refuses to print this report.")),
        403 => Err(Problem::new(Code::AccessDenied, "Odoo does not let this user print this report.")),
        500 => Err(Problem::new(Code::OdooInternalError, "Odoo failed while it printed this report.")),
        _ => Err(unexpected(&visited, "Odoo did not print the report")),
    }
}

fn is_report(visited: &Visited, form: ReportForm) -> bool {
    match form {
        ReportForm::Pdf => visited.media == "application/pdf" && visited.body.starts_with(b"%PDF"),
        ReportForm::Html => visited.media == "text/html",
        ReportForm::Text => visited.media == "text/plain",
    }
}

#[derive(Deserialize)]
struct Told {
    data: Exception,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Exception {
    name: String,
    message: String,
    arguments: Vec<serde_json::Value>,
}

/// Odoo 14 has no message, but the arguments of the exception; the first of them is it.
fn refusal(body: &[u8], addressed: &Addressed<'_>) -> Problem {
    let told: Option<Told> = std::str::from_utf8(body).ok().and_then(|body| serde_json::from_str(&unescape(body)).ok());
    let Some(Told { data }) = told else {
        return Problem::new(Code::OdooUnreadable, "What Odoo sent is not the report that was asked for.");
    };
    let argument = data.arguments.first().and_then(serde_json::Value::as_str).unwrap_or_default();
    let message = if data.message.is_empty() { argument } else { data.message.as_str() };
    let class = data.name.rsplit('.').next().unwrap_or_default();
    let spoken = match class {
        "AccessError" | "MissingError" => class,
        "RedirectWarning" => "Warning",
        "UserError" | "ValidationError" => "UserError",
        _ => {
            let detail = "Odoo failed while it printed this report.";
            return Problem::new(Code::OdooInternalError, detail).odoo(shown(class), "");
        }
    };
    let code = FaultCode::Text(format!("warning -- {spoken}\n\n{message}").into());
    Fault::read(&WireFault { code, string: "".into() }).problem(addressed)
}

/// The name of a class, and nothing else that might stand there.
fn shown(class: &str) -> String {
    class.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect()
}

/// What `html.escape` of Python and of werkzeug made of quotes and brackets.
fn unescape(text: &str) -> String {
    const ENTITIES: [(&str, &str); 6] =
        [("&#34;", "\""), ("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    // The ampersand last: what it escapes is not to be read again.
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// The problem of a page that nobody expects.
pub(in crate::odoo) fn unexpected(visited: &Visited, what: &str) -> Problem {
    let status = visited.status.as_u16();
    let broken = Broken::Status { status, retry_after: visited.retry_after };
    match broken.problem(Effect::Read) {
        problem if problem.code == Code::OdooUnreadable => {
            Problem::new(Code::OdooUnreadable, format!("{what} but with HTTP {status}."))
                .hint("Odoo's /web and /report must be reachable for the gateway as /xmlrpc is.")
        }
        problem => problem,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn page(status: u16, media: &str, body: &str, form: ReportForm) -> Result<Page, Problem> {
        let visited = Visited {
            status: StatusCode::from_u16(status).unwrap(),
            media: media.to_owned(),
            session: None,
            retry_after: None,
            body: body.as_bytes().to_vec(),
        };
        read(visited, form, "sale.order", &[7])
    }

    fn told(name: &str, rest: &str) -> String {
        let json = format!(
            r#"{{"code": 200, "data": {{"name": "{name}", "debug": "Traceback: /odoo \"x\" & 1 < 2"{rest}}}}}"#
        );
        json.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
    }

    #[test]
    fn a_pdf_is_what_says_so_and_looks_like_one() {
        assert_eq!(page(200, "application/pdf", "%PDF-1.4", ReportForm::Pdf), Ok(Page::Report(b"%PDF-1.4".to_vec())));
        for (media, body) in [("application/pdf", "<html>"), ("text/html", "%PDF-1.4"), ("", "")] {
            assert_eq!(page(200, media, body, ReportForm::Pdf).unwrap_err().code, Code::OdooUnreadable, "{media}");
        }
        assert_eq!(page(200, "text/plain", "x", ReportForm::Text), Ok(Page::Report(b"x".to_vec())));
        assert_eq!(page(200, "text/html", "<p>", ReportForm::Html), Ok(Page::Report(b"<p>".to_vec())));
    }

    #[test]
    fn who_is_sent_away_is_logged_out() {
        for status in [302, 303, 404] {
            assert_eq!(page(status, "text/html", "<html>", ReportForm::Pdf), Ok(Page::LoggedOut), "{status}");
        }
    }

    #[test]
    fn what_odoo_says_is_classified_as_over_xml_rpc_and_its_traceback_dropped() {
        let message = r#", "message": "Say it < \"loud\"""#;
        for (name, rest, code) in [
            ("odoo.exceptions.UserError", message, Code::OdooRefused),
            ("odoo.exceptions.UserError", r#", "arguments": ["Say it"]"#, Code::OdooRefused),
            ("odoo.exceptions.AccessError", message, Code::AccessDenied),
            (
                "odoo.exceptions.MissingError",
                r#", "message": "Gone.\n(Record: sale.order(7,), User: 2)""#,
                Code::RecordNotFound,
            ),
            ("builtins.KeyError", message, Code::OdooInternalError),
            ("odoo.addons.base.models.qweb.QWebException", "", Code::OdooInternalError),
        ] {
            let problem = page(200, "text/html", &told(name, rest), ReportForm::Pdf).unwrap_err();
            assert_eq!(problem.code, code, "{name}");
            assert!(!format!("{problem:?}").contains("Traceback"), "{problem:?}");
        }
        let said = page(200, "text/html", &told("odoo.exceptions.UserError", message), ReportForm::Pdf).unwrap_err();
        assert_eq!(said.odoo.unwrap().message, "Say it < \"loud\"");
    }

    #[test]
    fn every_other_status_has_its_meaning() {
        for (status, code) in [
            (400, Code::OdooRefused),
            (422, Code::OdooRefused),
            (403, Code::AccessDenied),
            (500, Code::OdooInternalError),
            (502, Code::OdooUnreachable),
            (503, Code::OdooUnreachable),
            (429, Code::OdooBusy),
            (418, Code::OdooUnreadable),
        ] {
            let problem = page(status, "text/html", "secret", ReportForm::Html).unwrap_err();
            assert_eq!(problem.code, code, "{status}");
            assert!(!format!("{problem:?}").contains("secret") && !problem.detail.contains("XML-RPC"), "{status}");
        }
    }
}
