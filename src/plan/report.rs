//! A report, before it is printed: which one it is, whether the credential reaches that far, which calls prove that the
//! records are there for this user.
//!
//! In: a report's name, record ids, a [`Scope`], what is [`Known`]. Out: calls, and a [`ReportPlan`]. Must not know: how
//! Odoo prints. Odoo itself does not look before it renders: a record that is missing makes an error page or an empty
//! one, and a report reads whatever its template names.

use super::call::{Call, Effect, id_list};
use super::context::{self, ContextAsked};
use super::fields::{Columns, proof_column};
use super::intent::Links;
use super::metadata::{Known, PlanError, schema_of};
use super::query_plan::{Read, Way};
use super::scope::{Operation, Scope};
use super::scope_check::{Guard, Use, check_context, polymorphic};
use crate::names::{MethodName, ModelName, RecordId, ReportName};
use crate::value::{Member, Value};

/// What a report is printed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportForm {
    /// PDF.
    Pdf,
    /// HTML.
    Html,
    /// Plain text.
    Text,
}

impl ReportForm {
    /// The word for it, in Odoo's paths and in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Html => "html",
            Self::Text => "text",
        }
    }

    /// Whether a report that is made for `self` can also be had as `other`: HTML and PDF come from the same template.
    #[must_use]
    pub fn can_be(self, other: Self) -> bool {
        (self == Self::Text) == (other == Self::Text)
    }
}

/// A report that Odoo has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub name: ReportName,
    /// Of which model's records it is.
    pub model: ModelName,
    /// What it is made for.
    pub form: ReportForm,
}

/// What is asked before a report is printed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportPlan {
    /// Answers the ids that exist, each once; refused when the user may not read one of them.
    pub prove: Read,
    /// What the report is to be rendered with.
    pub context: Vec<Member<'static>>,
}

/// The call that finds a report; answers a list of one or none.
#[must_use]
pub fn find_report(name: &ReportName) -> Call {
    let domain = Value::List(vec!["report_name".into(), "=".into(), name.as_str().to_owned().into()]);
    Call {
        model: ModelName::of_literal("ir.actions.report"),
        method: MethodName::of_literal("search_read"),
        args: vec![Value::List(vec![domain]), Value::List(vec!["model".into(), "report_type".into()])],
        kwargs: vec![("limit".into(), Value::Int(1))],
        effect: Effect::Read,
    }
}

impl Report {
    /// Reads the answer of [`find_report`]. `None` for no report, and for one of a form that cannot be printed.
    #[must_use]
    pub fn read(name: &ReportName, found: &Value<'_>) -> Option<Self> {
        let report = found.as_list()?.first()?;
        let form = match report.get("report_type")?.as_text()? {
            "qweb-pdf" => ReportForm::Pdf,
            "qweb-html" => ReportForm::Html,
            "qweb-text" => ReportForm::Text,
            _ => return None,
        };
        let model = ModelName::parse(report.get("model")?.as_text()?).ok()?;
        Some(Self { name: name.clone(), model, form })
    }

    /// The report that is the document on the portal page of its model: who has no password gets it from there.
    #[must_use]
    pub fn on_portal(name: &ReportName) -> Option<Self> {
        let (_, model) = PORTAL_DOCUMENTS.iter().find(|(report, _)| *report == name.as_str())?;
        Some(Self { name: name.clone(), model: ModelName::of_literal(model), form: ReportForm::Pdf })
    }
}

/// What Odoo's own portal pages print. An invoice there always shows its payments.
const PORTAL_DOCUMENTS: [(&str, &str); 4] = [
    ("sale.report_saleorder", "sale.order"),
    ("account.report_invoice_with_payments", "account.move"),
    ("account.report_invoice", "account.move"),
    ("purchase.report_purchaseorder", "purchase.order"),
];

/// Checks what a report touches. A template shows whatever it likes of a record, so every field must be within reach.
///
/// # Errors
/// What is lacking; 403 beyond the scope; 400 for the context.
pub fn plan_report(
    report: &Report,
    ids: &[RecordId],
    asked: &ContextAsked,
    scope: &Scope,
    known: &dyn Known,
) -> Result<ReportPlan, PlanError> {
    Guard::new(scope, &[]).every_field(&report.model, Operation::Read, &"report")?;
    let context = context::resolve(asked, known)?;
    let guard = Guard::knowing(scope, &context, known);
    check_context(guard, &report.model, Use::Reading, known)?;
    polymorphic::check_ids(guard, &report.model)?;
    let once: indexmap::IndexSet<RecordId> = ids.iter().copied().collect();
    let proof = proof_column(&*schema_of(known, &report.model)?);
    let prove = Read {
        model: report.model.clone(),
        ids: once.into_iter().collect(),
        columns: Columns { shown: Vec::new(), named: true, proof },
        way: Way { context: context.clone(), links: Links::Bare, major: known.major_version() },
    };
    Ok(ReportPlan { prove, context })
}

/// The call that answers where a record's portal page is. It makes the record's share token when there is none, the
/// same each time: so it may be repeated.
#[must_use]
pub fn portal_link(model: &ModelName, id: RecordId) -> Call {
    Call {
        model: model.clone(),
        method: MethodName::of_literal("get_portal_url"),
        args: vec![id_list(&[id])],
        kwargs: Vec::new(),
        effect: Effect::Read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::Code;
    use crate::plan::schema::samples::Samples;

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

    fn planned(scope: &str) -> Result<Vec<i64>, Code> {
        let report = Report::read(&name("base.x"), &found("qweb-pdf")).unwrap();
        let ids = [3, 1, 3].map(|id| RecordId::new(id).unwrap());
        let scope = Scope::from_json(scope).unwrap();
        match plan_report(&report, &ids, &ContextAsked::default(), &scope, &Samples) {
            Ok(plan) => Ok(plan.prove.ids.into_iter().map(RecordId::get).collect()),
            Err(PlanError::Refused(problem)) => Err(problem.code),
            Err(lacking) => panic!("{lacking:?}"),
        }
    }

    #[test]
    fn a_report_is_what_odoo_says_it_is() {
        for (kind, form) in
            [("qweb-pdf", ReportForm::Pdf), ("qweb-html", ReportForm::Html), ("qweb-text", ReportForm::Text)]
        {
            assert_eq!(Report::read(&name("base.x"), &found(kind)).unwrap().form, form);
        }
        assert_eq!(Report::read(&name("base.x"), &found("py3o")), None);
        assert_eq!(Report::read(&name("base.x"), &Value::List(Vec::new())), None);
    }

    #[test]
    fn pages_come_as_pdf_or_html_and_text_as_text() {
        assert!(ReportForm::Pdf.can_be(ReportForm::Html) && ReportForm::Html.can_be(ReportForm::Pdf));
        assert!(ReportForm::Text.can_be(ReportForm::Text));
        assert!(!ReportForm::Text.can_be(ReportForm::Pdf) && !ReportForm::Html.can_be(ReportForm::Text));
    }

    #[test]
    fn every_record_is_proven_once() {
        assert_eq!(planned(r#""all""#), Ok(vec![3, 1]));
    }

    #[test]
    fn a_report_needs_its_model_and_every_field_of_it() {
        let may = |rule: &str| planned(&format!(r#"[{{"models": "res.partner", {rule}}}]"#));
        assert!(may(r#""operations": ["read"]"#).is_ok());
        assert_eq!(may(r#""operations": ["update", "execute"]"#), Err(Code::ScopeForbidden));
        assert_eq!(may(r#""operations": ["read"], "fields": {"except": ["email"]}"#), Err(Code::ScopeForbidden));
        assert_eq!(may(r#""operations": ["read"], "fields": {"only": ["name"]}"#), Err(Code::ScopeForbidden));
        assert_eq!(planned(r#""nothing""#), Err(Code::ScopeForbidden));
    }
}
