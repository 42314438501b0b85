//! Attempts to leave a scope that were measured or are known (F7 and K-05 in docs/security.md), each next to a
//! request that stays within it.

use std::sync::Arc;

use crate::language::domain::Domain;
use crate::language::literal::{self, Limits};
use crate::language::order::Order;
use crate::names::{MethodName, ModelName, RecordId};
use crate::plan::error::MissingMetadata;
use crate::plan::execution_plan::Plan;
use crate::plan::intent::{AccessOperation, Action, FieldSet, Intent, Many2oneDisplay, RecordSet, Returning, Window};
use crate::plan::metadata::UserDefaults;
use crate::plan::model_schema::Schema;
use crate::plan::planner::plan;
use crate::plan::samples::{Samples, country, field, schema};
use crate::plan::version_number::VersionNumber;
use crate::plan::{Metadata, PlanError, RequestedContext, Scope};
use crate::value::Value;

mod actions;
mod calls;
mod delegated_models;
mod property_tests;

/// Metadata of a few models, as an Odoo of this version has them.
pub(super) struct Shop(u8);

impl Metadata for Shop {
    fn schema(&self, model: &ModelName) -> Option<Arc<Schema>> {
        let to = |name, kind, model: &'static str| field(name, kind, &[("relation", model.into())]);
        let named =
            || vec![field("id", "integer", &[]), field("display_name", "char", &[]), field("name", "char", &[])];
        let more = match model.as_str() {
            "sale.order" => vec![
                field("amount", "monetary", &[]),
                field("note", "text", &[]),
                field("active", "boolean", &[]),
                field("date", "datetime", &[]),
                field("source", "reference", &[]),
                to("partner_id", "many2one", "res.partner"),
                to("user_id", "many2one", "res.users"),
                to("parent_id", "many2one", "sale.order"),
                to("order_line", "one2many", "sale.order.line"),
                to("tag_ids", "many2many", "crm.tag"),
                to("message_ids", "one2many", "mail.message"),
                to("attachment_ids", "many2many", "ir.attachment"),
            ],
            "sale.order.line" => {
                vec![
                    field("price", "float", &[]),
                    field("create_date", "datetime", &[]),
                    to("order_id", "many2one", "sale.order"),
                    to("tax_ids", "many2many", "account.tax"),
                ]
            }
            "res.partner" => vec![
                field("email", "char", &[]),
                field("credit", "float", &[]),
                field("active", "boolean", &[]),
                to("country_id", "many2one", "res.country"),
                to("user_ids", "one2many", "res.users"),
                to("parent_id", "many2one", "res.partner"),
            ],
            "crm.tag" => Vec::new(),
            "crm.lead" => vec![field("access_token", "char", &[])],
            "res.country" => return Some(country()),
            "ir.attachment" => {
                vec![field("res_model", "char", &[]), field("res_id", "integer", &[]), field("datas", "binary", &[])]
            }
            // Models outside every scope of these tests must never be requested.
            _ => return None,
        };
        Some(schema(model.as_str(), named().into_iter().chain(more).collect()))
    }

    fn default_order(&self, _model: &ModelName) -> Option<Arc<str>> {
        Some("user_id, name".into())
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        Samples.languages()
    }

    fn version(&self) -> VersionNumber {
        VersionNumber::new(self.0, 0)
    }

    fn user_defaults(&self) -> Option<UserDefaults> {
        Some(UserDefaults::default())
    }
}

/// A clerk: full access to orders without deleting them, lines to create and change, partners without their credit.
pub(super) const CLERK: &str = r#"[
    {"models": "sale.order", "operations": ["read", "create", "update"]},
    {"models": "sale.order.line", "operations": ["read", "create", "update"]},
    {"models": "sale.order", "operations": ["execute"], "methods": ["action_confirm"]},
    {"models": "res.partner", "operations": ["read", "create", "update"], "fields": {"except": ["credit"]}},
    {"models": "crm.tag", "operations": ["read"]},
    {"models": "ir.attachment", "operations": ["read", "create", "update"]}
]"#;

pub(super) fn tree(text: &str) -> Value<'static> {
    literal::parse(text, Limits::query()).unwrap().into_owned()
}

pub(super) fn model(name: &str) -> ModelName {
    ModelName::parse(name).unwrap()
}

/// The plan, or `code: detail` of the rejection.
pub(super) fn planned(scope: &str, context: &str, name: &str, action: Action) -> Result<Plan, String> {
    planned_on(19, scope, context, name, action)
}

/// The same for an Odoo of this version.
pub(super) fn planned_on(version: u8, scope: &str, context: &str, name: &str, action: Action) -> Result<Plan, String> {
    let scope = Scope::from_json(scope).unwrap();
    let mut requested = RequestedContext::default();
    requested.extend("context", tree(context)).unwrap();
    let mut intent =
        Intent { model: model(name), action, many2one_display: Many2oneDisplay::Named, domain_parameter: "domain" };
    match plan(&mut intent, &requested, &scope, &Shop(version)) {
        Ok(plan) => Ok(plan),
        Err(PlanError::Rejected(problem)) => Err(problem.to_string()),
        Err(PlanError::NeedsMetadata(MissingMetadata::Schema(model))) => {
            panic!("the schema of {model} must not be requested")
        }
        Err(missing) => panic!("{missing:?}"),
    }
}

#[test]
fn hints_never_name_a_hidden_field() {
    let hint = |scope: &str, name| {
        let action = Action::Count { domain: Domain::parse(name, Limits::query()).unwrap().into_owned() };
        let (scope, mut intent) = (
            Scope::from_json(scope).unwrap(),
            Intent {
                model: model("res.partner"),
                action,
                many2one_display: Many2oneDisplay::Named,
                domain_parameter: "domain",
            },
        );
        match plan(&mut intent, &RequestedContext::default(), &scope, &Shop(19)) {
            Err(PlanError::Rejected(problem)) => problem.hint.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(hint(CLERK, "[('emial','=','x')]"), "Did you mean email?");
    assert_eq!(hint(CLERK, "[('credti','=','x')]"), "Call `fields_get` for the list of fields.");
    assert_eq!(hint(r#""all""#, "[('credti','=','x')]"), "Did you mean credit?");
}

pub(super) fn call_of(method: &str, args: &str, kwargs: &str) -> Action {
    let Value::List(args) = tree(args) else { panic!("{args} is not a list") };
    let Value::Map(kwargs) = tree(kwargs) else { panic!("{kwargs} is not an object") };
    Action::Call { method: MethodName::parse(method).unwrap(), id: None, args, kwargs }
}
