//! The ways out of a scope that were measured or are known (security F7, K-05), each beside a way that stays within.

use std::sync::Arc;

use super::*;
use crate::language::domain::Domain;
use crate::language::literal::{self, Limits};
use crate::language::order::Order;
use crate::names::RecordId;
use crate::plan::intent::{AccessOperation, Back, Deed, Fields, Links, Slice, Target, Wish};
use crate::plan::metadata::{Lack, UserDefaults};
use crate::plan::planner::plan;
use crate::plan::query_plan::Plan;
use crate::plan::schema::samples::{Samples, country, field, schema};
use crate::plan::{ContextAsked, Known, PlanError, Scope};

mod actions;
mod calls;
mod delegated_models;
mod property;

/// Knows a handful of models of an Odoo of this version.
pub(super) struct Shop(u8);

impl Known for Shop {
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
            "res.country" => return Some(country()),
            "ir.attachment" => {
                vec![field("res_model", "char", &[]), field("res_id", "integer", &[]), field("datas", "binary", &[])]
            }
            // What lies outside of every scope of these tests must never be looked at.
            _ => return None,
        };
        Some(schema(model.as_str(), named().into_iter().chain(more).collect()))
    }

    fn own_order(&self, _model: &ModelName) -> Option<Arc<str>> {
        Some("user_id, name".into())
    }

    fn languages(&self) -> Option<Arc<[String]>> {
        Samples.languages()
    }

    fn major_version(&self) -> u8 {
        self.0
    }

    fn user_defaults(&self) -> UserDefaults {
        UserDefaults::default()
    }
}

/// A clerk: orders whole, lines to make and change, partners to read without their credit.
pub(super) const CLERK: &str = r#"[
    {"models": "sale.order", "operations": ["read", "create", "update"]},
    {"models": "sale.order.line", "operations": ["read", "create", "update"]},
    {"models": "sale.order", "operations": ["execute"], "methods": ["action_confirm"]},
    {"models": "res.partner", "operations": ["read", "create", "update"], "fields": {"except": ["credit"]}},
    {"models": "crm.tag", "operations": ["read"]},
    {"models": "ir.attachment", "operations": ["read", "create", "update"]}
]"#;

pub(super) fn tree(text: &str) -> Value<'static> {
    literal::read(text, Limits::query()).unwrap().into_owned()
}

pub(super) fn model(name: &str) -> ModelName {
    ModelName::parse(name).unwrap()
}

/// The plan, or `code: detail` of the refusal.
pub(super) fn planned(scope: &str, context: &str, name: &str, deed: Deed) -> Result<Plan, String> {
    let scope = Scope::from_json(scope).unwrap();
    let mut asked = ContextAsked::default();
    asked.say_all("context", tree(context)).unwrap();
    match plan(
        &mut Wish { model: model(name), deed, links: Links::Named, domain_parameter: "domain" },
        &asked,
        &scope,
        &Shop(19),
    ) {
        Ok(plan) => Ok(plan),
        Err(PlanError::Refused(problem)) => Err(problem.to_string()),
        Err(PlanError::Lacking(Lack::Schema(model))) => panic!("{model} would have been asked for"),
        Err(lacking) => panic!("{lacking:?}"),
    }
}

#[test]
fn a_field_that_is_hidden_is_not_hinted_at() {
    let hint = |scope: &str, name| {
        let deed = Deed::Count { domain: Domain::read(name, Limits::query()).unwrap().into_owned() };
        let (scope, mut wish) = (
            Scope::from_json(scope).unwrap(),
            Wish { model: model("res.partner"), deed, links: Links::Named, domain_parameter: "domain" },
        );
        match plan(&mut wish, &ContextAsked::default(), &scope, &Shop(19)) {
            Err(PlanError::Refused(problem)) => problem.hint.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(hint(CLERK, "[('emial','=','x')]"), "Did you mean email?");
    assert_eq!(hint(CLERK, "[('credti','=','x')]"), "fields_get lists the fields of a model.");
    assert_eq!(hint(r#""all""#, "[('credti','=','x')]"), "Did you mean credit?");
}

pub(super) fn call_of(method: &str, args: &str, kwargs: &str) -> Deed {
    let Value::List(args) = tree(args) else { panic!("{args} is no list") };
    let Value::Map(kwargs) = tree(kwargs) else { panic!("{kwargs} is no object") };
    Deed::Call { method: MethodName::parse(method).unwrap(), id: None, args, kwargs }
}
