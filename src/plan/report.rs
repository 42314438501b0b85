//! The plan of a report: which report it is, whether the scope allows it, and which calls check that the user can
//! read its records.
//!
//! In: a report's name, record ids, a [`Scope`], [`Metadata`]. Out: calls, and a [`ReportPlan`]. Must not know: how
//! Odoo prints. Odoo does not check before it renders: a missing record produces an error page or an empty page, and
//! a report reads every field that its template names.

use super::call::{Call, Effect, id_list};
use super::column_tree::{Columns, existence_column};
use super::context::{self, RequestedContext};
use super::context_check::{ContextUse, check_context};
use super::error::PlanError;
use super::execution_plan::ReadPlan;
use super::intent::Many2oneDisplay;
use super::metadata::{Metadata, require_schema};
use super::read_options::ReadOptions;
use super::scope::{Operation, Scope};
use super::scope_check::{ScopeCheck, polymorphic};
use crate::names::{MethodName, ModelName, RecordId, ReportName};
use crate::value::{Member, Value};

/// The format of a printed report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportFormat {
    /// PDF.
    Pdf,
    /// HTML.
    Html,
    /// Plain text.
    Text,
}

impl ReportFormat {
    /// The name in Odoo's paths and in responses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Html => "html",
            Self::Text => "text",
        }
    }

    /// Whether a report of the format `self` can also be printed as `other`: HTML and PDF use the same template.
    #[must_use]
    pub fn converts_to(self, other: Self) -> bool {
        (self == Self::Text) == (other == Self::Text)
    }
}

/// A report of Odoo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The program that makes its PDF, if it is not Odoo's default.
    pub engine: Option<String>,
    /// The name.
    pub name: ReportName,
    /// The model whose records it prints.
    pub model: ModelName,
    /// The native format.
    pub format: ReportFormat,
}

/// The calls before a report is printed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportPlan {
    /// Returns the ids that exist, each once; fails if the user may not read one of them.
    pub existence_check: ReadPlan,
    /// The context for rendering.
    pub context: Vec<Member<'static>>,
}

/// The call that finds a report; it returns a list with at most one record.
#[must_use]
pub fn find_report(name: &ReportName) -> Call {
    let domain = Value::List(vec!["report_name".into(), "=".into(), name.as_str().to_owned().into()]);
    Call {
        model: ModelName::from_static("ir.actions.report"),
        method: MethodName::from_static("search_read"),
        args: vec![Value::List(vec![domain]), Value::List(vec!["model".into(), "report_type".into()])],
        kwargs: vec![("limit".into(), Value::Int(1))],
        effect: Effect::Read,
    }
}

impl Report {
    /// Parses the response of [`find_report`]. Returns `None` if there is no report, or its format is not supported.
    #[must_use]
    pub fn from_search_result(name: &ReportName, found: &Value<'_>) -> Option<Self> {
        let report = found.as_list()?.first()?;
        let format = match report.get("report_type")?.as_text()? {
            "qweb-pdf" => ReportFormat::Pdf,
            "qweb-html" => ReportFormat::Html,
            "qweb-text" => ReportFormat::Text,
            with_engine if with_engine.starts_with(PDF_ENGINE_PREFIX) => ReportFormat::Pdf,
            _ => return None,
        };
        let model = ModelName::parse(report.get("model")?.as_text()?).ok()?;
        let engine = report.get("report_type")?.as_text()?.strip_prefix(PDF_ENGINE_PREFIX).map(str::to_owned);
        Some(Self { engine, name: name.clone(), model, format })
    }

    /// The report that the portal page of its model offers. Users without a stored password get it from there.
    #[must_use]
    pub fn portal_document(name: &ReportName) -> Option<Self> {
        let (_, model) = PORTAL_DOCUMENTS.iter().find(|(report, _)| *report == name.as_str())?;
        let model = ModelName::from_static(model);
        Some(Self { engine: None, name: name.clone(), model, format: ReportFormat::Pdf })
    }

    /// The calls that ask whether Odoo can make the PDF, in the order in which they are tried: each version has one of
    /// the methods.
    #[must_use]
    pub fn engine_state_calls(&self) -> [Call; 2] {
        let engine = Value::from(self.engine.as_deref().unwrap_or(DEFAULT_ENGINE).to_owned());
        let methods = [("get_wkhtmltopdf_state", Vec::new()), ("get_pdf_engine_state", vec![engine])];
        methods.map(|(method, args)| Call {
            model: ModelName::from_static("ir.actions.report"),
            method: MethodName::from_static(method),
            args,
            kwargs: Vec::new(),
            effect: Effect::Read,
        })
    }
}

/// Since Odoo 20, the type of a report can name an engine: `qweb-pdf-paper-muncher`.
const PDF_ENGINE_PREFIX: &str = "qweb-pdf-";
const DEFAULT_ENGINE: &str = "wkhtmltopdf";

/// What is wrong with Odoo's PDF engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineFailure {
    /// It makes no PDF, for this reason.
    Unusable(&'static str),
    /// Odoo has one worker. Most documents are printed nevertheless, but the engine cannot fetch images from Odoo.
    OneWorker,
}

/// What the state of Odoo's PDF engine means, if something is wrong. Odoo 20 can return the name of the engine, too.
#[must_use]
pub fn engine_failure(state: &Value<'_>) -> Option<EngineFailure> {
    let state = state.as_list().and_then(<[_]>::last).unwrap_or(state);
    match state.as_text()? {
        "install" => Some(EngineFailure::Unusable("The server of Odoo has no PDF engine.")),
        "broken" => Some(EngineFailure::Unusable("The PDF engine on the server of Odoo does not work.")),
        "workers" => Some(EngineFailure::OneWorker),
        _ => None,
    }
}

/// The reports of Odoo's portal pages. For invoices the portal always includes the payments.
const PORTAL_DOCUMENTS: [(&str, &str); 4] = [
    ("sale.report_saleorder", "sale.order"),
    ("account.report_invoice_with_payments", "account.move"),
    ("account.report_invoice", "account.move"),
    ("purchase.report_purchaseorder", "purchase.order"),
];

/// Checks the fields that a report can read. A template can read any field, so the scope must allow all of them.
///
/// # Errors
/// Metadata is missing; 403 outside the scope; 400 for the context.
pub fn plan_report(
    report: &Report,
    ids: &[RecordId],
    requested: &RequestedContext,
    scope: &Scope,
    metadata: &dyn Metadata,
) -> Result<ReportPlan, PlanError> {
    ScopeCheck::new(scope, &[]).require_all_fields(&report.model, Operation::Read, &"report")?;
    let context = context::resolve(requested, metadata)?;
    let scope_check = ScopeCheck::with_metadata(scope, &context, metadata);
    check_context(scope_check, &report.model, ContextUse::Read, metadata)?;
    polymorphic::check_ids(scope_check, &report.model)?;
    let once: indexmap::IndexSet<RecordId> = ids.iter().copied().collect();
    let existence_column = existence_column(&*require_schema(metadata, &report.model)?);
    let existence_check = ReadPlan {
        model: report.model.clone(),
        ids: once.into_iter().collect(),
        columns: Columns { visible: Vec::new(), named: true, existence_column },
        options: ReadOptions {
            context: context.clone(),
            many2one_display: Many2oneDisplay::Bare,
            version: metadata.version(),
        },
    };
    Ok(ReportPlan { existence_check, context })
}

/// The call that returns the portal URL of a record. It creates the record's share token if there is none, and always
/// returns the same one, so it may be repeated.
#[must_use]
pub fn portal_link(model: &ModelName, id: RecordId) -> Call {
    Call {
        model: model.clone(),
        method: MethodName::from_static("get_portal_url"),
        args: vec![id_list(&[id])],
        kwargs: Vec::new(),
        effect: Effect::Read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::ErrorCode;
    use crate::plan::samples::Samples;

    fn name(text: &str) -> ReportName {
        ReportName::parse(text).unwrap()
    }

    fn found(kind: &'static str) -> Value<'static> {
        let members = vec![
            ("id".into(), Value::Int(7)),
            ("model".into(), "res.partner".into()),
            ("report_type".into(), kind.into()),
        ];
        Value::List(vec![Value::Map(members)])
    }

    fn planned(scope: &str) -> Result<Vec<i64>, ErrorCode> {
        let report = Report::from_search_result(&name("base.x"), &found("qweb-pdf")).unwrap();
        let ids = [3, 1, 3].map(|id| RecordId::new(id).unwrap());
        let scope = Scope::from_json(scope).unwrap();
        match plan_report(&report, &ids, &RequestedContext::default(), &scope, &Samples) {
            Ok(plan) => Ok(plan.existence_check.ids.into_iter().map(RecordId::get).collect()),
            Err(PlanError::Rejected(problem)) => Err(problem.code),
            Err(missing) => panic!("{missing:?}"),
        }
    }

    #[test]
    fn the_report_type_decides_the_format() {
        for (kind, format) in
            [("qweb-pdf", ReportFormat::Pdf), ("qweb-html", ReportFormat::Html), ("qweb-text", ReportFormat::Text)]
        {
            assert_eq!(Report::from_search_result(&name("base.x"), &found(kind)).unwrap().format, format);
        }
        let muncher = Report::from_search_result(&name("base.x"), &found("qweb-pdf-paper-muncher")).unwrap();
        assert_eq!((muncher.format, muncher.engine.as_deref()), (ReportFormat::Pdf, Some("paper-muncher")));
        assert_eq!(Report::from_search_result(&name("base.x"), &found("py3o")), None);
        assert_eq!(Report::from_search_result(&name("base.x"), &Value::List(Vec::new())), None);
    }

    #[test]
    fn the_state_of_the_engine_is_asked_with_the_method_of_either_version() {
        let asked = |kind| {
            let report = Report::from_search_result(&name("base.x"), &found(kind)).unwrap();
            report.engine_state_calls().map(|call| (call.method.as_str().to_owned(), call.args))
        };
        let [old, new] = asked("qweb-pdf");
        assert_eq!(old, ("get_wkhtmltopdf_state".to_owned(), Vec::new()));
        assert_eq!(new, ("get_pdf_engine_state".to_owned(), vec!["wkhtmltopdf".into()]));
        assert_eq!(asked("qweb-pdf-paper-muncher")[1].1, vec!["paper-muncher".into()]);
    }

    #[test]
    fn only_an_engine_that_cannot_print_is_a_failure() {
        let with_name = |state: &'static str| Value::List(vec!["wkhtmltopdf".into(), state.into()]);
        for state in ["install".into(), "broken".into(), with_name("install")] {
            assert!(matches!(engine_failure(&state), Some(EngineFailure::Unusable(_))), "{state:?}");
        }
        assert_eq!(engine_failure(&"workers".into()), Some(EngineFailure::OneWorker));
        for state in ["ok".into(), "upgrade".into(), with_name("ok"), Value::Bool(false), Value::List(Vec::new())] {
            assert_eq!(engine_failure(&state), None, "{state:?}");
        }
    }

    #[test]
    fn pdf_and_html_convert_into_each_other_and_text_does_not() {
        assert!(ReportFormat::Pdf.converts_to(ReportFormat::Html) && ReportFormat::Html.converts_to(ReportFormat::Pdf));
        assert!(ReportFormat::Text.converts_to(ReportFormat::Text));
        assert!(
            !ReportFormat::Text.converts_to(ReportFormat::Pdf) && !ReportFormat::Html.converts_to(ReportFormat::Text)
        );
    }

    #[test]
    fn every_record_is_checked_once() {
        assert_eq!(planned(r#""all""#), Ok(vec![3, 1]));
    }

    #[test]
    fn a_report_needs_read_on_every_field_of_its_model() {
        let may = |rule: &str| planned(&format!(r#"[{{"models": "res.partner", {rule}}}]"#));
        assert!(may(r#""operations": ["read"]"#).is_ok());
        assert_eq!(may(r#""operations": ["update", "execute"]"#), Err(ErrorCode::ScopeForbidden));
        assert_eq!(may(r#""operations": ["read"], "fields": {"except": ["email"]}"#), Err(ErrorCode::ScopeForbidden));
        assert_eq!(may(r#""operations": ["read"], "fields": {"only": ["name"]}"#), Err(ErrorCode::ScopeForbidden));
        assert_eq!(planned(r#""nothing""#), Err(ErrorCode::ScopeForbidden));
    }
}
