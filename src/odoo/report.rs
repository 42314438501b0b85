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
use super::web::report_response::{self, ReportPage};
use super::web::{SessionOwner, needs_password};
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::{RecordId, ReportName};
use crate::plan::{Report, ReportFormat, ReportPlan, find_report, portal_link};
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
        if self.portal_only {
            return self
                .print_from_portal(&ids, format, needs_password("This user may not read reports."), counter)
                .await;
        }
        match self.print_in_session(&ids, format, plan, counter).await {
            Err(problem) if problem.code == ErrorCode::ReportNeedsPassword => {
                self.print_from_portal(&ids, format, problem, counter).await
            }
            printed => printed,
        }
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
        let hint = "Retry. If the error persists, check that the proxy in front of Odoo forwards cookies.";
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

fn as_ints(ids: &[RecordId]) -> Vec<i64> {
    ids.iter().map(|id| id.get()).collect()
}

fn unknown_report(name: &ReportName) -> Problem {
    Problem::new(ErrorCode::UnknownReport, format!("The report {name} does not exist."))
        .hint("`GET /restapi/1.0/object/ir.actions.report?fields=name,model,report_name` lists the reports.")
}

fn no_link() -> Problem {
    Problem::new(ErrorCode::OdooUnreadable, "Odoo returned no valid link to this document.")
}
