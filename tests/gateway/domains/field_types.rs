//! Each field type with each operator and each kind of value: Odoo accepts it, or the gateway says what is valid.

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::{admin, search};
use crate::support::Version;

/// A field of each type: stored, with a search method, company-dependent, translated.
const BOTH: &[(&str, &str)] = &[
    ("res.partner", "id"),
    ("res.partner", "name"),
    ("res.partner", "comment"),
    ("res.partner", "active"),
    ("res.partner", "color"),
    ("res.partner", "create_date"),
    ("res.partner", "type"),
    ("res.partner", "parent_id"),
    ("res.partner", "country_id"),
    ("res.partner", "child_ids"),
    ("res.partner", "category_id"),
    ("res.partner", "image_1920"),
    ("res.partner", "activity_date_deadline"),
    ("res.partner", "property_account_receivable_id"),
    ("res.partner", "category_id.create_date"),
    ("account.move", "invoice_date"),
    ("account.move", "amount_total"),
    ("account.move", "invoice_line_ids"),
    ("mail.message", "body"),
    ("mail.message", "res_id"),
    ("ir.attachment", "db_datas"),
    ("ir.ui.menu", "action"),
    ("product.template", "name"),
    ("product.template", "standard_price"),
    ("res.currency", "rounding"),
];
const ONLY_19: &[(&str, &str)] = &[
    ("res.partner", "properties"),
    ("res.partner", "properties.abc"),
    ("res.partner", "create_date.month_number"),
    ("sale.order.line", "analytic_distribution"),
    ("sale.order.line", "extra_tax_data"),
    ("product.category", "product_properties_definition"),
    ("product.template", "product_properties"),
];

const OPERATORS: [&str; 17] = [
    "=",
    "!=",
    "=?",
    "in",
    "not in",
    ">",
    ">=",
    "<",
    "<=",
    "like",
    "not like",
    "ilike",
    "not ilike",
    "=like",
    "=ilike",
    "child_of",
    "parent_of",
];

fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(5),
        json!(1.5),
        json!(9_999_999_999_i64),
        json!(""),
        json!("abc"),
        json!("5"),
        json!("2026-01-31"),
        json!("2026-01-31T10:00:00.5Z"),
        json!([]),
        json!([false]),
        json!([true]),
        json!([1, 2]),
        json!([1.5, false]),
        json!(["a", "b"]),
        json!([1, "a", false]),
        json!(["2026-01-31 10:00:00", "2026-02-01", false]),
    ]
}

/// Texts that no response may contain: names and messages of the database driver, SQL.
const INTERNALS: [&str; 8] = [
    "psycopg",
    "LINE 1",
    "invalid input syntax",
    "UndefinedFunction",
    "operator does not exist",
    "SELECT ",
    "::",
    "Traceback",
];

async fn sweep(version: Version, fields: &[&[(&'static str, &'static str)]]) {
    let client = admin(version);
    let mut terms: Vec<(&str, Value)> = Vec::new();
    for (model, field) in fields.iter().flat_map(|fields| fields.iter()) {
        for operator in OPERATORS {
            terms.extend(values().into_iter().map(|value| (*model, json!([[field, operator, value]]))));
        }
    }
    let count = terms.len();
    let responses: Vec<_> = futures_util::stream::iter(terms)
        .map(|(model, domain)| {
            let client = client.clone();
            async move {
                let query = [("domain", &*domain.to_string()), ("limit", "1")];
                let response = client.get(&format!("/restapi/1.0/object/{model}/search"), &query).await;
                (model, domain, response)
            }
        })
        .buffer_unordered(8)
        .collect()
        .await;
    let mut wrong = Vec::new();
    for (model, domain, response) in &responses {
        let leak = INTERNALS.iter().find(|inside| response.text.contains(**inside));
        if response.status >= 500 || leak.is_some() || !matches!(response.status, 200 | 400 | 422) {
            wrong.push(format!("{} {model} {domain}: {}", response.status, response.text));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    // Without this check, a gateway that rejects everything would pass.
    let found = responses.iter().filter(|(_, _, response)| response.status == 200).count();
    assert!(found * 4 > count, "{found} of {count}");
}

#[tokio::test]
async fn no_operator_and_value_on_any_type_of_field_fails_inside_odoo_14() {
    sweep(Version::Odoo14, &[BOTH]).await;
}

#[tokio::test]
async fn no_operator_and_value_on_any_type_of_field_fails_inside_odoo_19() {
    sweep(Version::Odoo19, &[BOTH, ONLY_19]).await;
}

#[tokio::test]
async fn invalid_value_is_rejected_with_field_and_operator_at_every_position() {
    for version in Version::each() {
        let client = admin(version);
        for (domain, code, expected) in [
            (
                json!([["country_id", "=", true]]),
                "invalid_value",
                "a record id, a name, or false, for \"country_id =\"",
            ),
            (json!([["id", "=", "abc"]]), "invalid_value", "an integer from -2147483648 to 2147483647, for \"id =\""),
            (
                json!(["!", ["active", ">", true]]),
                "invalid_domain",
                "one of =, !=, =?, in, not in for active (boolean)",
            ),
            (json!([["name", "child_of", 5]]), "invalid_domain", "for name (char)"),
            (json!([["country_id", "child_of", 5]]), "invalid_domain", "res.country has no hierarchy"),
            (json!([["parent_id.country_id.id", "in", ["x"]]]), "invalid_value", "for \"parent_id.country_id.id in\""),
            (json!([["write_date", ">", 5]]), "invalid_value", "a date and time as a string"),
        ] {
            let domain = domain.to_string();
            let response = client.get("/restapi/1.0/object/res.partner/search", &[("domain", &domain)]).await;
            let detail = response.problem(400, code)["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with("domain: ") && detail.contains(expected), "{domain}: {detail}");
            let response = client.get("/api/v1/res.partner", &[("filter", &domain)]).await;
            assert_eq!(response.status, 400);
            let error = &response.json()["error"];
            assert_eq!(error["parameter"], "filter", "{error}");
            let message = error["message"].as_str().unwrap();
            assert!(message.starts_with("filter: ") && message.contains(expected), "{message}");
        }
        let any = json!([["child_ids", "any", [["color", "=", "x"]]]]).to_string();
        if version == Version::Odoo19 {
            let response = client.get("/restapi/1.0/object/res.partner/search", &[("domain", &any)]).await;
            assert!(response.problem(400, "invalid_value")["detail"].as_str().unwrap().contains("for \"color =\""));
        }
    }
}

#[tokio::test]
async fn names_and_lists_of_names_search_relations() {
    for version in Version::each() {
        let client = admin(version);
        let states = async |value: Value, operator: &str| {
            search(&client, "res.country.state", &json!([["country_id", operator, value]])).await.len()
        };
        let (one, both) =
            (states(json!("United States"), "=").await, states(json!(["United States", "Canada"]), "in").await);
        assert!(one > 0 && both > one, "{version:?} {one} {both}");
        let all = search(&client, "res.country.state", &json!([])).await.len();
        assert_eq!(states(json!(["United States", "Canada"]), "not in").await, all - both, "{version:?}");
        assert_eq!(states(json!(["United States", 2_147_483_647]), "in").await, one, "{version:?}");
    }
}
