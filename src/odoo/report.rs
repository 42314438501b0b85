//! Prints reports: no method does it, only Odoo's web client, page by page.
//!
//! ```text
//! session  a user with a password    /report/download, /report/html in the user's own session
//! link     an API key, a portal user  the portal page of the record, for the documents that Odoo's portal has
//! ```
//!
//! In: a report, what was planned, who asks. Out: one document a record, in the order of their ids. Must not know:
//! families, media types. Every record is printed by itself: Odoo with a wkhtmltopdf from a distribution refuses to print
//! several into one PDF (19) or prints none of them (14).

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::SecretString;

use super::database::Database;
use super::executor::{Tally, call_once, prove};
use super::json2;
use super::transport::Visit;
use super::user::Caller;
use super::web::page::{self, Page};
use super::web::{Visitor, needs_password};
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::{RecordId, ReportName};
use crate::plan::{Report, ReportForm, ReportPlan, find_report, portal_link};
use crate::value::Value;

/// A report, as far as this user gets it.
#[derive(Debug, Clone)]
pub struct Printing {
    /// The database.
    pub database: Arc<Database>,
    /// Who asks.
    pub caller: Caller,
    /// His login; `None` where he has shown an Odoo API key alone.
    pub login: Option<String>,
    /// The report.
    pub report: Report,
    /// Whether the user may not look at reports, so that only the link is left.
    by_link_only: bool,
}

/// Two sessions at most for one page: the one that is remembered, and when Odoo has ended it, a new one.
const SESSIONS: usize = 2;

impl Printing {
    /// Finds the report. That Odoo answers proves the caller's secret.
    ///
    /// # Errors
    /// 404 `unknown_report`; when Odoo cannot be asked or does not take the caller.
    pub async fn find(
        database: Arc<Database>,
        caller: Caller,
        login: Option<String>,
        name: &ReportName,
        tally: &Tally,
    ) -> Result<Self, Problem> {
        let found = call_once(&database, &caller, &find_report(name), tally).await;
        let (report, by_link_only) = match found {
            Ok(reply) => (Report::read(name, &reply.value()?).ok_or_else(|| unknown(name))?, false),
            // Portal users may not look at reports, but at documents of their own.
            Err(problem) if problem.code == Code::AccessDenied => (Report::on_portal(name).ok_or(problem)?, true),
            Err(problem) => return Err(problem),
        };
        Ok(Self { database, caller, login, report, by_link_only })
    }

    /// Proves that the records are there for this user.
    ///
    /// # Errors
    /// 404 for one that is not, 403 for one that he may not read.
    pub async fn require_records(&self, plan: &ReportPlan, tally: &Tally) -> Result<(), Problem> {
        prove(&self.database, &self.caller, &plan.prove, tally).await
    }

    /// One document for each id, in their order.
    ///
    /// # Errors
    /// 403 `report_needs_password`, what Odoo says, or that the documents are too large together.
    pub async fn print_each(
        &self,
        ids: &[RecordId],
        form: ReportForm,
        plan: &ReportPlan,
        tally: &Tally,
    ) -> Result<Vec<Vec<u8>>, Problem> {
        let settings = self.database.client.settings();
        let printed = stream::iter(ids.to_vec()).map(|id| self.print(vec![id], form, plan, tally));
        let mut printed = printed.buffered(settings.report_concurrency.max(1));
        let (mut documents, mut size) = (Vec::with_capacity(ids.len()), 0_usize);
        while let Some(document) = printed.try_next().await? {
            size += document.len();
            if size > settings.answer_cap {
                let detail = format!("These documents are together larger than {} bytes.", settings.answer_cap);
                return Err(Problem::new(Code::AnswerTooLarge, detail).hint("Ask for fewer records at a time."));
            }
            documents.push(document);
        }
        Ok(documents)
    }

    /// One page with all of them, as HTML and text can be.
    ///
    /// # Errors
    /// As [`print_each`](Self::print_each).
    pub async fn print_together(
        &self,
        ids: &[RecordId],
        form: ReportForm,
        plan: &ReportPlan,
        tally: &Tally,
    ) -> Result<Vec<u8>, Problem> {
        self.print(ids.to_vec(), form, plan, tally).await
    }

    async fn print(
        &self,
        ids: Vec<RecordId>,
        form: ReportForm,
        plan: &ReportPlan,
        tally: &Tally,
    ) -> Result<Vec<u8>, Problem> {
        let _turn = self.database.web.turn_to_print().await?;
        if self.by_link_only {
            return self.print_by_link(&ids, form, needs_password("This user may not look at reports."), tally).await;
        }
        match self.print_in_session(&ids, form, plan, tally).await {
            Err(problem) if problem.code == Code::ReportNeedsPassword => {
                self.print_by_link(&ids, form, problem, tally).await
            }
            printed => printed,
        }
    }

    async fn print_in_session(
        &self,
        ids: &[RecordId],
        form: ReportForm,
        plan: &ReportPlan,
        tally: &Tally,
    ) -> Result<Vec<u8>, Problem> {
        let web = &self.database.web;
        let visitor = Visitor { caller: &self.caller, login: self.login.as_deref() };
        let url = self.url(ids, form, plan)?;
        for _ in 0..SESSIONS {
            let session = web.session(visitor).await?;
            let visit = Visit { session: Some(session.id()), ..self.visit(url.clone()) };
            tally.count();
            let mut visited = web.client().visit(visit).await?;
            let renewed = visited.session.take();
            match page::read(visited, form, self.report.model.as_str(), &numbers(ids))? {
                Page::Report(document) => {
                    // Whom Odoo does not know gets a session too, in which he is nobody.
                    renewed.into_iter().for_each(|id| session.follow(id));
                    return Ok(document);
                }
                Page::LoggedOut => web.forget(visitor, &session).await,
            }
        }
        let detail = "Odoo's web client opened a session for this user and then did not know it.";
        Err(Problem::new(Code::OdooUnreadable, detail))
    }

    /// `/report/download` tells what went wrong in a form that can be read, but knows no HTML.
    fn url(&self, ids: &[RecordId], form: ReportForm, plan: &ReportPlan) -> Result<Url, Problem> {
        let ids = ids.iter().map(RecordId::to_string).collect::<Vec<_>>().join(",");
        let (name, word) = (&self.report.name, form.as_str());
        let path = format!("report/{word}/{name}/{ids}");
        let context = serde_json::to_string(&Value::Map(plan.context.clone())).map_err(Problem::internal)?;
        let base = self.database.client.base();
        if form == ReportForm::Html {
            let mut url = base.join(&path).map_err(Problem::internal)?;
            url.query_pairs_mut().append_pair("context", &context);
            return Ok(url);
        }
        let mut url = base.join("report/download").map_err(Problem::internal)?;
        let data = format!(r#"["/{path}","qweb-{word}"]"#);
        // Odoo 14 wants a token and sends it back.
        url.query_pairs_mut().append_pair("data", &data).append_pair("context", &context).append_pair("token", "0");
        Ok(url)
    }

    fn visit(&self, url: Url) -> Visit {
        Visit::page(url, self.database.client.settings().answer_cap)
    }

    /// The document of the record's portal page, when it is this report; else `otherwise`.
    async fn print_by_link(
        &self,
        ids: &[RecordId],
        form: ReportForm,
        otherwise: Problem,
        tally: &Tally,
    ) -> Result<Vec<u8>, Problem> {
        let on_portal = Report::on_portal(&self.report.name).filter(|report| report.model == self.report.model);
        let ([id], Some(_)) = (ids, on_portal) else { return Err(otherwise) };
        let call = portal_link(&self.report.model, *id);
        let reply = call_once(&self.database, &self.caller, &call, tally).await?;
        let mut url = reply.value()?.as_text().and_then(|link| self.below_base(link)).ok_or_else(no_link)?;
        url.query_pairs_mut().append_pair("report_type", form.as_str());
        tally.count();
        let visited = self.database.web.client().visit(self.visit_as_anybody(url, tally).await?).await?;
        match page::read(visited, form, self.report.model.as_str(), &numbers(ids)) {
            Ok(Page::Report(document)) => Ok(document),
            Ok(Page::LoggedOut) => Err(otherwise),
            Err(problem) if problem.code == Code::AccessDenied => Err(otherwise),
            Err(problem) => Err(problem),
        }
    }

    /// A page without a session of anybody's. Which database it is about Odoo 19 reads from a header, older ones from a
    /// session that nobody is logged in to.
    async fn visit_as_anybody(&self, url: Url, tally: &Tally) -> Result<Visit, Problem> {
        let database = self.database.client.settings().database.as_str();
        if self.database.knowledge.known_version().await?.major >= json2::FIRST_MAJOR {
            let database = HeaderValue::from_str(database).map_err(Problem::internal)?;
            return Ok(Visit { database: Some(database), ..self.visit(url) });
        }
        Ok(Visit { session: self.nobodys_session(database, tally).await?, ..self.visit(url) })
    }

    async fn nobodys_session(&self, database: &str, tally: &Tally) -> Result<Option<SecretString>, Problem> {
        let client = self.database.web.client();
        let mut url = client.base().join("web/login").map_err(Problem::internal)?;
        url.query_pairs_mut().append_pair("db", database);
        tally.count();
        Ok(client.visit(self.visit(url)).await?.session)
    }

    /// A path that Odoo answered, below its own address and nowhere else.
    fn below_base(&self, link: &str) -> Option<Url> {
        let base = self.database.client.base();
        let url = base.join(link.strip_prefix('/')?).ok()?;
        (url.origin() == base.origin() && url.path().starts_with(base.path())).then_some(url)
    }
}

fn numbers(ids: &[RecordId]) -> Vec<i64> {
    ids.iter().map(|id| id.get()).collect()
}

fn unknown(name: &ReportName) -> Problem {
    Problem::new(Code::UnknownReport, format!("There is no report {name}."))
        .hint("Reports are listed by GET /restapi/1.0/object/ir.actions.report?fields=name,model,report_name.")
}

fn no_link() -> Problem {
    Problem::new(Code::OdooUnreadable, "Odoo's answer to get_portal_url is no path.")
}
