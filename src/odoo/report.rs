//! Prints reports. No RPC method does this, only Odoo's web client.
//!
//! ```text
//! session  a user with a password     /report/download or /report/html, in the user's own session
//! link     an API key, a portal user  the portal page of the record, for the documents that Odoo's portal provides
//! ```
//!
//! In: a report, a plan, a user. Out: one document per record, in the order of the ids. Must not know: dialects, media
//! types. Every record is printed separately: with a wkhtmltopdf from a Linux distribution, Odoo 19 refuses to print
//! several records into one PDF, and Odoo 14 prints none of them.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::SecretString;

use super::api_key_owner;
use super::database::Database;
use super::transport::WebRequest;
use super::user::OdooUser;
use super::user_client::{CallCounter, UserClient};
use super::web::report_response::{self, ENGINE_HINT, ReportPage, address_too_long, not_a_report};
use super::web::{SessionOwner, needs_password};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{RecordId, ReportName};
use crate::plan::{EngineFailure, Report, ReportFormat, ReportPlan, engine_failure, find_report, portal_link};
use crate::value::Value;

/// A report and the user who prints it.
#[derive(Debug, Clone)]
pub struct ReportPrinter {
    /// The database.
    pub database: Arc<Database>,
    /// The user.
    pub user: OdooUser,
    /// The user's login; `None` with an Odoo API key.
    pub login: Option<String>,
    /// The report.
    pub report: Report,
    /// Whether the user may not read reports, so that only the portal link is left.
    portal_only: bool,
}

/// Maximum number of sessions per page: the cached one and, if Odoo has ended it, a new one.
const MAX_SESSIONS: usize = 2;

/// The first version that rejects a request whose line and headers together are larger than 16 KiB.
const LIMITS_HEADERS_FROM: (u8, u8) = (19, 4);
/// The first major version that sends a page if it has no PDF engine.
const PRINTS_PAGES_FROM: u8 = 20;
/// What the headers leave of them.
const MAX_URL_BYTES: usize = 14 << 10;

impl ReportPrinter {
    /// Finds the report. A response proves that Odoo accepts the user's secret.
    ///
    /// # Errors
    /// 404 `unknown_report`; an error if Odoo rejects the user or does not respond.
    pub async fn find(
        database: Arc<Database>,
        user: OdooUser,
        login: Option<String>,
        name: &ReportName,
        counter: &CallCounter,
    ) -> Result<Self, Problem> {
        let found = UserClient::new(&database, &user, counter).call(&find_report(name)).await;
        let (report, portal_only) = match found {
            Ok(reply) => {
                (Report::from_search_result(name, &reply.value()?).ok_or_else(|| unknown_report(name))?, false)
            }
            // Portal users may not read reports, but they may print their own documents.
            Err(problem) if problem.code == ErrorCode::AccessDenied => {
                (Report::portal_document(name).ok_or(problem)?, true)
            }
            Err(problem) => return Err(problem),
        };
        Ok(Self { database, user, login, report, portal_only })
    }

    /// Checks that the records exist and that the user may read them.
    ///
    /// # Errors
    /// 404 for a record that does not exist, 403 for a record that the user may not read.
    pub async fn require_records(&self, plan: &ReportPlan, counter: &CallCounter) -> Result<(), Problem> {
        self.user_client(counter).require_records(&plan.existence_check).await.map(drop)
    }

    fn user_client<'c>(&'c self, counter: &'c CallCounter) -> UserClient<'c> {
        UserClient::new(&self.database, &self.user, counter)
    }

    /// Prints one document per id, in their order.
    ///
    /// # Errors
    /// 403 `report_needs_password`, Odoo's error, or 400 if the documents together are too large.
    pub async fn print_each(
        &self,
        ids: &[RecordId],
        format: ReportFormat,
        plan: &ReportPlan,
        counter: &CallCounter,
    ) -> Result<Vec<Vec<u8>>, Problem> {
        let settings = self.database.client.settings();
        let printed = stream::iter(ids.to_vec()).map(|id| self.print(vec![id], format, plan, counter));
        let mut printed = printed.buffered(settings.report_concurrency.max(1));
        let (mut documents, mut size) = (Vec::with_capacity(ids.len()), 0_usize);
        while let Some(document) = printed.try_next().await? {
            size += document.len();
            if size > settings.answer_cap {
                let detail = format!("The documents together are larger than {} bytes.", settings.answer_cap);
                return Err(Problem::new(ErrorCode::AnswerTooLarge, detail).hint("Request fewer records at a time."));
            }
            documents.push(document);
        }
        Ok(documents)
    }

    /// Prints one document for all ids, which HTML and text allow.
    ///
    /// # Errors
    /// As [`print_each`](Self::print_each).
    pub async fn print_together(
        &self,
        ids: &[RecordId],
        format: ReportFormat,
        plan: &ReportPlan,
        counter: &CallCounter,
    ) -> Result<Vec<u8>, Problem> {
        self.print(ids.to_vec(), format, plan, counter).await
    }

    async fn print(
        &self,
        ids: Vec<RecordId>,
        format: ReportFormat,
        plan: &ReportPlan,
        counter: &CallCounter,
    ) -> Result<Vec<u8>, Problem> {
        let _permit = self.database.web.acquire_print_permit().await?;
        let in_session = match self.portal_only {
            true => Err(needs_password("This user may not read reports.")),
            false => self.print_in_session(&ids, format, plan, counter).await,
        };
        let printed = match in_session {
            Err(problem) if problem.code == ErrorCode::ReportNeedsPassword => {
                self.print_from_portal(&ids, format, problem, counter).await
            }
            printed => printed,
        };
        match printed {
            Err(problem) if format == ReportFormat::Pdf && may_be_of_the_engine(&problem) => {
                Err(self.explain(problem, counter).await)
            }
            printed => printed,
        }
    }

    /// Asks Odoo whether its engine is the cause. Its own message is in the language of the user, and is the same for
    /// a report that its module rejects.
    async fn explain(&self, problem: Problem, counter: &CallCounter) -> Problem {
        let failure = self.engine_failure(counter).await;
        let version = self.database.metadata.cached_version().await;
        explained(problem, failure, version.is_ok_and(|version| version.major >= PRINTS_PAGES_FROM))
    }

    /// What is wrong with Odoo's engine; `None` if nothing is, or if Odoo does not say.
    async fn engine_failure(&self, counter: &CallCounter) -> Option<EngineFailure> {
        for call in self.report.engine_state_calls() {
            match self.user_client(counter).call(&call).await {
                Ok(reply) => return engine_failure(&reply.value().ok()?),
                Err(problem) if problem.code == ErrorCode::UnknownMethod => {}
                Err(_) => return None,
            }
        }
        None
    }

    async fn print_in_session(
        &self,
        ids: &[RecordId],
        format: ReportFormat,
        plan: &ReportPlan,
        counter: &CallCounter,
    ) -> Result<Vec<u8>, Problem> {
        let web = &self.database.web;
        let owner = SessionOwner { user: &self.user, login: self.login.as_deref() };
        let url = self.url(ids, format, plan)?;
        if self.database.metadata.cached_version().await?.is_at_least(LIMITS_HEADERS_FROM) {
            check_length(&url, ids.len())?;
        }
        for _ in 0..MAX_SESSIONS {
            let session = web.session(owner).await?;
            let request = WebRequest { session: Some(session.id()), ..self.page_request(url.clone()) };
            counter.increment();
            let mut response = web.client().send_web_request(request).await?;
            let new_id = response.session.take();
            match report_response::parse(response, format, self.report.model.as_str(), &as_ints(ids))? {
                ReportPage::Report(document) => {
                    // A client that is not logged in also gets a session, but an anonymous one.
                    new_id.into_iter().for_each(|id| session.set_id(id));
                    return Ok(document);
                }
                ReportPage::LoggedOut => web.remove(owner, &session).await,
            }
        }
        let detail = "Odoo's web client opened a session for this user, but rejects it.";
        let hint = "Retry. If the error persists, check that the proxy in front of Odoo forwards cookies, and on Odoo \
                    20 that all gateways reach Odoo from one address if base.session_check_device is set.";
        Err(Problem::new(ErrorCode::OdooUnreadable, detail).hint(hint))
    }

    /// `/report/download` reports errors in a form that can be parsed, but does not support HTML.
    fn url(&self, ids: &[RecordId], format: ReportFormat, plan: &ReportPlan) -> Result<Url, Problem> {
        let ids = ids.iter().map(RecordId::to_string).collect::<Vec<_>>().join(",");
        let (name, kind) = (&self.report.name, format.as_str());
        let path = format!("report/{kind}/{name}/{ids}");
        let context = serde_json::to_string(&Value::Map(plan.context.clone())).map_err(Problem::internal)?;
        let base = self.database.client.base();
        if format == ReportFormat::Html {
            let mut url = base.join(&path).map_err(Problem::internal)?;
            url.query_pairs_mut().append_pair("context", &context);
            return Ok(url);
        }
        let mut url = base.join("report/download").map_err(Problem::internal)?;
        let data = format!(r#"["/{path}","qweb-{kind}"]"#);
        // Odoo 14 requires a token and returns it.
        url.query_pairs_mut().append_pair("data", &data).append_pair("context", &context).append_pair("token", "0");
        Ok(url)
    }

    fn page_request(&self, url: Url) -> WebRequest {
        WebRequest::get(url, self.database.client.settings().answer_cap)
    }

    /// The document of the record's portal page if it is this report, else the problem `fallback`.
    async fn print_from_portal(
        &self,
        ids: &[RecordId],
        format: ReportFormat,
        fallback: Problem,
        counter: &CallCounter,
    ) -> Result<Vec<u8>, Problem> {
        let on_portal = Report::portal_document(&self.report.name).filter(|report| report.model == self.report.model);
        let ([id], Some(_)) = (ids, on_portal) else { return Err(fallback) };
        let call = portal_link(&self.report.model, *id);
        let reply = self.user_client(counter).call(&call).await?;
        let mut url = reply.value()?.as_text().and_then(|link| self.join_below_base(link)).ok_or_else(no_link)?;
        url.query_pairs_mut().append_pair("report_type", format.as_str());
        counter.increment();
        let response = self.database.web.client().send_web_request(self.anonymous_request(url, counter).await?).await?;
        match report_response::parse(response, format, self.report.model.as_str(), &as_ints(ids)) {
            Ok(ReportPage::Report(document)) => Ok(document),
            Ok(ReportPage::LoggedOut) => Err(fallback),
            Err(problem) if problem.code == ErrorCode::AccessDenied => Err(fallback),
            Err(problem) => Err(problem),
        }
    }

    /// A request without a user's session. Odoo 19 reads the database from a header, older versions from an anonymous
    /// session.
    async fn anonymous_request(&self, url: Url, counter: &CallCounter) -> Result<WebRequest, Problem> {
        let database = self.database.client.settings().database.as_str();
        if self.database.metadata.cached_version().await?.major >= api_key_owner::FIRST_MAJOR {
            let database = HeaderValue::from_str(database).map_err(Problem::internal)?;
            return Ok(WebRequest { database: Some(database), ..self.page_request(url) });
        }
        Ok(WebRequest { session: self.anonymous_session(database, counter).await?, ..self.page_request(url) })
    }

    async fn anonymous_session(&self, database: &str, counter: &CallCounter) -> Result<Option<SecretString>, Problem> {
        let client = self.database.web.client();
        let mut url = client.base().join("web/login").map_err(Problem::internal)?;
        url.query_pairs_mut().append_pair("db", database);
        counter.increment();
        Ok(client.send_web_request(self.page_request(url)).await?.session)
    }

    /// Resolves a path from Odoo; `None` if it is not below Odoo's base URL.
    fn join_below_base(&self, link: &str) -> Option<Url> {
        let base = self.database.client.base();
        let url = base.join(link.strip_prefix('/')?).ok()?;
        (url.origin() == base.origin() && url.path().starts_with(base.path())).then_some(url)
    }
}

/// Whether the failure of Odoo's PDF engine can look like this.
fn may_be_of_the_engine(problem: &Problem) -> bool {
    matches!(problem.code, ErrorCode::OdooInternalError | ErrorCode::OdooRefused | ErrorCode::PdfEngineUnavailable)
}

/// The problem of a PDF with what is known about the engine. If the server prints no pages, the page that came in place
/// of the PDF is that of a proxy.
fn explained(problem: Problem, failure: Option<EngineFailure>, prints_pages: bool) -> Problem {
    match failure {
        Some(EngineFailure::Unusable(detail)) => {
            Problem::new(ErrorCode::PdfEngineUnavailable, detail).hint(ENGINE_HINT)
        }
        _ if problem.code == ErrorCode::PdfEngineUnavailable && !prints_pages => not_a_report(),
        // Odoo prints most documents with one worker, too, so its own error stays.
        Some(EngineFailure::OneWorker) => problem.hint(ONE_WORKER_HINT),
        None => problem,
    }
}

/// What can help if Odoo has one worker.
const ONE_WORKER_HINT: &str = "Odoo's log contains the cause. If it is the PDF engine, set `workers` of Odoo to at \
                               least 2: with one worker, Odoo cannot serve the images of a PDF while it makes the PDF.";

fn as_ints(ids: &[RecordId]) -> Vec<i64> {
    ids.iter().map(|id| id.get()).collect()
}

/// # Errors
/// 400 if Odoo would reject the address.
fn check_length(url: &Url, count: usize) -> Result<(), Problem> {
    if url.as_str().len() <= MAX_URL_BYTES { Ok(()) } else { Err(address_too_long(count)) }
}

fn unknown_report(name: &ReportName) -> Problem {
    Problem::new(ErrorCode::UnknownReport, format!("The report {name} does not exist."))
        .hint("`GET /restapi/1.0/object/ir.actions.report?fields=name,model,report_name` lists the reports.")
}

fn no_link() -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, "Odoo returned no valid link to this document.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_unusable_engine_replaces_the_error_of_odoo() {
        let (refused, failed) = (ErrorCode::OdooRefused, ErrorCode::OdooInternalError);
        let (page, unreadable) = (ErrorCode::PdfEngineUnavailable, ErrorCode::OdooUnreadable);
        let unusable = Some(EngineFailure::Unusable("It is missing."));
        for (code, failure, prints_pages, expected) in [
            (refused, unusable, false, page),
            (refused, Some(EngineFailure::OneWorker), false, refused),
            (failed, Some(EngineFailure::OneWorker), false, failed),
            (failed, None, true, failed),
            (page, None, false, unreadable),
            (page, Some(EngineFailure::OneWorker), false, unreadable),
            (page, unusable, false, page),
            (page, None, true, page),
        ] {
            let problem = Problem::new(code, "Invoice the order first.").odoo("UserError", "Invoice the order first.");
            let found = explained(problem.clone(), failure, prints_pages);
            assert_eq!(found.code, expected, "{code:?} {failure:?} {prints_pages}");
            if failure == Some(EngineFailure::OneWorker) && found.code == code {
                assert_eq!((found.detail, found.odoo), (problem.detail, problem.odoo));
                assert_eq!(found.hint.as_deref(), Some(ONE_WORKER_HINT));
            }
        }
    }

    #[test]
    fn address_leaves_room_for_the_headers() {
        let address = |ids: usize| format!("http://odoo/report/html/sale.x/{}", "1234,".repeat(ids));
        let checked = |ids: usize| check_length(&Url::parse(&address(ids)).unwrap(), ids);
        assert_eq!(checked(2800), Ok(()));
        let problem = checked(3000).unwrap_err();
        assert_eq!((problem.code, problem.parameter.as_deref()), (ErrorCode::InvalidParameter, Some("ids")));
    }
}
