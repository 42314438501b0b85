//! Methods of newer servers in front of Odoo 14: `formatted_read_group`, and `onchange` with a specification. Their
//! results are those of Odoo 19, and a scope hides the same fields.

use odoo_gateway::admin::NewApiKey;
use serde_json::{Value, json};

use super::{call, error_of, with_bearer};
use crate::credentials::new_key_of;
use crate::support::{Client, Gateway, Version, unique};

async fn admin_with_scope(version: Version, scope: &str) -> Client {
    let gateway = Gateway::shared();
    let new_key = new_key_of(version.database(), &unique("older"), "admin", "admin");
    let new_key = NewApiKey { scope: scope.to_owned(), ..new_key };
    let (_, token) = gateway.administration().await.create_key(new_key).await.unwrap();
    with_bearer(&gateway.client(), token.expose())
}

async fn admin_of(version: Version) -> Client {
    admin_with_scope(version, r#""all""#).await
}

/// Three rates of a currency that nothing else uses, and the domain that finds them.
async fn rates(client: &Client) -> (Vec<i64>, Value) {
    let code: String = unique("").chars().rev().take(3).collect();
    let new = json!({"vals_list": [{"name": code, "symbol": "x", "active": false}]});
    let currency = call(client, "res.currency", "create", &new).await.ok()[0].clone();
    let rate = |date: &str, rate: f64| json!({"name": date, "rate": rate, "currency_id": currency});
    let new = json!({"vals_list": [rate("2001-01-15", 2.0), rate("2001-01-20", 5.0), rate("2001-02-03", 6.0)]});
    let created = call(client, "res.currency.rate", "create", &new).await.ok();
    let ids = created.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    (ids, json!([["currency_id", "=", currency], ["name", "<", "2002-01-01"]]))
}

async fn groups(client: &Client, arguments: &Value) -> Value {
    let mut groups = call(client, "res.currency.rate", "formatted_read_group", arguments).await.ok();
    for group in groups.as_array_mut().unwrap() {
        group.as_object_mut().unwrap().remove("__extra_domain").unwrap();
    }
    groups
}

#[tokio::test]
async fn groups_are_those_of_odoo_19_on_odoo_14() {
    for version in Version::each() {
        let client = admin_of(version).await;
        let (ids, domain) = rates(&client).await;
        let all = json!({
            "domain": domain, "groupby": ["name:month"], "aggregates": ["rate:sum", "rate:max", "__count"],
            "order": "rate:sum desc, name:month",
        });
        let expected = json!([
            {"name:month": ["2001-01-01", "January 2001"], "rate:sum": 7.0, "rate:max": 5.0, "__count": 2},
            {"name:month": ["2001-02-01", "February 2001"], "rate:sum": 6.0, "rate:max": 6.0, "__count": 1},
        ]);
        assert_eq!(groups(&client, &all).await, expected, "{version:?}");
        let total = json!({"domain": domain, "aggregates": ["rate:sum", "__count"]});
        assert_eq!(groups(&client, &total).await, json!([{"rate:sum": 13.0, "__count": 3}]), "{version:?}");
        let month = |index: usize| json!({"name:month": expected[index]["name:month"]});
        for (more, found) in [
            (json!({}), json!([month(0), month(1)])),
            (json!({"order": "name:month desc"}), json!([month(1), month(0)])),
            (json!({"order": "__count"}), json!([month(1), month(0)])),
            (json!({"limit": 1}), json!([month(0)])),
            (json!({"offset": 1}), json!([month(1)])),
        ] {
            let mut arguments = json!({"domain": domain, "groupby": ["name:month"]});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(groups(&client, &arguments).await, found, "{version:?} {arguments}");
        }
        assert_domains_find_the_groups(&client, &all).await;
        let having = json!({"domain": domain, "groupby": ["name:month"], "having": [["rate:sum", ">", 6.5]]});
        let response = call(&client, "res.currency.rate", "formatted_read_group", &having).await;
        if version == Version::Odoo14 {
            let message = error_of(&response, 400, "werkzeug.exceptions.BadRequest");
            assert!(message.starts_with("having: this server has no such argument"), "{message}");
        } else {
            assert_eq!(response.ok().as_array().unwrap().len(), 1);
        }
        call(&client, "res.currency.rate", "unlink", &json!({"ids": ids})).await.ok();
    }
}

/// The domain of the call together with that of a group finds the records of the group.
async fn assert_domains_find_the_groups(client: &Client, arguments: &Value) {
    let groups = call(client, "res.currency.rate", "formatted_read_group", arguments).await.ok();
    for group in groups.as_array().unwrap() {
        let domains = [&arguments["domain"], &group["__extra_domain"]];
        let domain: Vec<Value> = domains.into_iter().flat_map(|domain| domain.as_array().unwrap().clone()).collect();
        let count = call(client, "res.currency.rate", "search_count", &json!({"domain": domain})).await.ok();
        assert_eq!(count, group["__count"], "{group}");
    }
}

/// The state of New York, and a form in which it was chosen.
async fn form(client: &Client) -> Value {
    let domain = json!([["code", "=", "NY"], ["country_id.code", "=", "US"]]);
    let found = call(client, "res.country.state", "search", &json!({"domain": domain})).await.ok();
    json!({
        "values": {"state_id": found[0], "country_id": false}, "field_names": ["state_id"],
        "fields_spec": {"state_id": {}, "country_id": {"fields": {"display_name": {}}}},
    })
}

#[tokio::test]
async fn values_of_a_form_are_those_of_odoo_19_on_odoo_14() {
    for version in Version::each() {
        let client = admin_of(version).await;
        let mut form = form(&client).await;
        let changed = call(&client, "res.partner", "onchange", &form).await.ok();
        let country = &changed["value"]["country_id"];
        assert!(country["id"].is_i64() && country["display_name"] == "United States", "{version:?}: {changed}");
        form["fields_spec"]["country_id"] = json!({});
        let bare = call(&client, "res.partner", "onchange", &form).await.ok();
        assert_eq!(bare["value"]["country_id"], country["id"], "{version:?}: {bare}");
        let missing = call(&client, "res.partner", "onchange", &json!({"values": {}, "field_names": []})).await;
        let message = error_of(&missing, 422, "werkzeug.exceptions.UnprocessableEntity");
        assert_eq!(message, "missing a required argument: 'fields_spec'", "{version:?}");
    }
}

#[tokio::test]
async fn hidden_fields_are_neither_aggregated_nor_computed() {
    let scope = r#"[
        {"models": "*", "operations": ["read", "create", "update"]},
        {"models": "res.currency.rate", "operations": ["read"], "fields": {"except": ["rate"]}},
        {"models": "res.partner", "operations": ["read", "create", "update"], "fields": {"except": ["country_id"]}}
    ]"#;
    for version in Version::each() {
        let client = admin_with_scope(version, scope).await;
        for more in [
            json!({"aggregates": ["rate:sum"]}),
            json!({"aggregates": ["id:count", "rate:max"]}),
            json!({"aggregates": ["__count"], "order": "rate:sum"}),
            json!({"groupby": ["rate"]}),
        ] {
            let mut arguments = json!({"domain": [], "groupby": ["name:month"]});
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let response = call(&client, "res.currency.rate", "formatted_read_group", &arguments).await;
            let message = error_of(&response, 403, "odoo.exceptions.AccessError");
            assert!(message.contains("scope"), "{version:?} {arguments}: {message}");
        }
        let allowed = json!({"domain": [], "groupby": ["name:month"], "aggregates": ["__count"], "order": "__count"});
        let response = call(&client, "res.currency.rate", "formatted_read_group", &allowed).await;
        assert!(response.status == 200 && !response.text.contains("\"rate"), "{version:?}: {}", response.text);
        let rejected = call(&client, "res.partner", "onchange", &form(&client).await).await;
        let message = error_of(&rejected, 403, "odoo.exceptions.AccessError");
        assert!(message.contains("country_id"), "{version:?}: {message}");
    }
}
