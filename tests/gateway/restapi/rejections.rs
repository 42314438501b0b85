//! Errors from Odoo: the response contains an error code of the gateway and Odoo's message, but no traceback.

use serde_json::{Value, json};

use super::{COUNTRIES, MISSING_ID, ORDERS, PARTNERS, TAGS, admin, create, new_tag, unique, user};
use crate::support::{Response, Version};

/// The problem in the response; checks that it contains nothing of Odoo's internals.
#[track_caller]
fn clean_problem(response: &Response, status: u16, code: &str) -> Value {
    let problem = response.problem(status, code);
    for internal in [
        "Traceback",
        "File \"",
        "line ",
        "/odoo/",
        "/usr/",
        "SELECT ",
        "INSERT INTO",
        "UPDATE \"",
        "psycopg2.extensions",
    ] {
        assert!(!response.text.contains(internal), "{internal} in {}", response.text);
    }
    problem
}

#[tokio::test]
async fn missing_required_value_is_422() {
    for version in Version::each() {
        let admin = admin(version);
        let problem = clean_problem(&admin.post(TAGS, &json!({"vals": {"color": 1}})).await, 422, "missing_value");
        assert!(problem["odoo"]["message"].as_str().unwrap().contains("(name)"), "{problem:#}");
        let id = new_tag(version, "kept").await;
        for empty in [Value::Null, json!(false)] {
            let response = admin.put(&format!("{TAGS}/{id}"), &json!({"vals": {"name": empty}})).await;
            clean_problem(&response, 422, "missing_value");
        }
        let tag = admin.get(&format!("{TAGS}/{id}"), &[("fields", "name")]).await.ok();
        assert_eq!(tag["Partner Tags"]["name"], "kept");
    }
}

#[tokio::test]
async fn duplicate_value_is_409_if_odoo_reports_it() {
    for version in Version::each() {
        let admin = admin(version);
        let vals = json!({"name": unique("Second Belgium"), "code": "BE"});
        let plain = admin.post(COUNTRIES, &json!({"vals": vals})).await;
        match version {
            Version::Odoo19 | Version::Odoo20 => drop(clean_problem(&plain, 409, "unique_conflict")),
            // If a language is set, Odoo 14 returns only the constraint's message.
            Version::Odoo14 => drop(clean_problem(&plain, 422, "odoo_refused")),
        }
        let without_language = json!({"vals": vals, "context": {"lang": false}});
        clean_problem(&admin.post(COUNTRIES, &without_language).await, 409, "unique_conflict");
    }
}

#[tokio::test]
async fn deleting_a_referenced_record_is_409() {
    for version in Version::each() {
        let admin = admin(version);
        let country = json!({"name": unique("Needed"), "code": "X1"});
        let country = create(&admin, COUNTRIES, country).await;
        let partner = create(&admin, PARTNERS, json!({"name": unique("citizen"), "country_id": country})).await;
        let path = format!("{COUNTRIES}/{country}");
        let problem = clean_problem(&admin.delete(&path, &[]).await, 409, "reference_conflict");
        assert_eq!(problem["detail"], "Other records refer to this record of res.country and require it.");
        assert_eq!(problem["odoo"]["exception"], "UserError");
        assert_eq!(admin.delete(&format!("{PARTNERS}/{partner}"), &[]).await.status, 200);
        assert_eq!(admin.delete(&path, &[]).await.ok(), json!({}));
    }
}

#[tokio::test]
async fn reference_to_a_missing_record_is_422() {
    for version in Version::each() {
        let admin = admin(version);
        let vals = json!({"name": unique("lost"), "parent_id": MISSING_ID});
        clean_problem(&admin.post(TAGS, &json!({"vals": vals})).await, 422, "unknown_reference");
        let id = create(&admin, PARTNERS, json!({"name": unique("lost")})).await;
        let response = admin.put(&format!("{PARTNERS}/{id}"), &json!({"vals": {"country_id": MISSING_ID}})).await;
        clean_problem(&response, 422, "unknown_reference");
        let read = admin.get(&format!("{PARTNERS}/{id}"), &[("fields", "country_id")]).await.ok();
        assert_eq!(read["Contact"]["country_id"], false);
    }
}

#[tokio::test]
async fn violated_constraint_is_422_with_odoos_message() {
    for version in Version::each() {
        let admin = admin(version);
        let parent = new_tag(version, "parent").await;
        let child = create(&admin, TAGS, json!({"name": "child", "parent_id": parent})).await;
        let response = admin.put(&format!("{TAGS}/{parent}"), &json!({"vals": {"parent_id": child}})).await;
        let problem = clean_problem(&response, 422, "odoo_refused");
        assert!(problem["odoo"]["message"].as_str().unwrap().to_lowercase().contains("recursi"), "{problem:#}");
        assert_eq!(problem["detail"], problem["odoo"]["message"]);

        let product = admin.get("/restapi/1.0/object/product.product/search", &[("limit", "1")]).await.ok();
        let product = product.as_object().unwrap().values().next().unwrap()[0].clone();
        let line = json!([[0, 0, {"product_id": product, "product_uom_qty": 1}]]);
        let order = create(&admin, ORDERS, json!({"partner_id": 1, "order_line": line})).await;
        let path = format!("{ORDERS}/{order}");
        assert_eq!(admin.post(&format!("{path}/action_confirm"), &json!({})).await.ok(), json!({"return": true}));
        let problem = clean_problem(&admin.delete(&path, &[]).await, 422, "odoo_refused");
        assert!(problem["odoo"]["message"].as_str().unwrap().contains("confirmed sales order"), "{problem:#}");
        assert_eq!(admin.get(&path, &[("fields", "state")]).await.ok()["Sales Order"]["state"], "sale");
    }
}

#[tokio::test]
async fn odoos_messages_are_in_the_users_language() {
    for version in Version::each() {
        let french = admin(version).with_header("X-Odoo-Lang", "fr_FR");
        let internal = user(version, "internal").with_header("X-Odoo-Lang", "fr_FR");
        let response = internal.post(PARTNERS, &json!({"vals": {"name": "x"}})).await;
        let problem = clean_problem(&response, 403, "access_denied");
        let message = problem["odoo"]["message"].as_str().unwrap();
        assert!(message.contains("autoris"), "{message}");
        let lacking = french.post(TAGS, &json!({"vals": {"color": 1}})).await;
        clean_problem(&lacking, 422, "missing_value");
        let lost = json!({"name": "x", "parent_id": MISSING_ID});
        clean_problem(&french.post(TAGS, &json!({"vals": lost})).await, 422, "unknown_reference");
        french.get(ORDERS, &[("ids", "2147483646")]).await.problem(404, "record_not_found");
    }
}

#[tokio::test]
async fn redirect_warning_contains_only_its_message() {
    for version in Version::each() {
        let admin = admin(version);
        let own = admin.get("/restapi/1.0/object/res.users/2", &[("fields", "partner_id")]).await.ok();
        let partner = own.as_object().unwrap().values().next().unwrap()["partner_id"][0].clone();
        let response = admin.put(&format!("{PARTNERS}/{partner}"), &json!({"vals": {"active": false}})).await;
        let problem = clean_problem(&response, 422, "odoo_refused");
        let message = problem["odoo"]["message"].as_str().unwrap();
        assert!(message.starts_with("You cannot archive"), "{message}");
    }
}

#[tokio::test]
async fn error_raised_by_a_method_contains_its_own_message() {
    for version in Version::each() {
        let id = create(&admin(version), PARTNERS, json!({"name": unique("failing")})).await;
        let path = format!("{PARTNERS}/{id}/message_subscribe");
        let response = admin(version).post(&path, &json!({"kwargs": {"partner_ids": 5}})).await;
        let problem = clean_problem(&response, 422, "odoo_refused");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("The method message_subscribe of res.partner failed: TypeError: "), "{detail}");
        assert_eq!(problem["odoo"]["exception"], "TypeError");
    }
}

#[tokio::test]
async fn problem_has_the_documented_members() {
    let response =
        admin(Version::Odoo19).with_header("X-Request-Id", "my-own-id.1").get(PARTNERS, &[("limit", "0")]).await;
    assert_eq!(
        response.problem(400, "invalid_parameter"),
        json!({
            "type": "/docs/errors#invalid_parameter", "title": "A parameter is not valid", "status": 400,
            "detail": "limit: expected an integer from 1 to 2147483647, found \"0\" at position 1",
            "instance": PARTNERS, "code": "invalid_parameter", "request_id": "my-own-id.1", "parameter": "limit",
        })
    );
    assert_eq!(response.header("x-request-id"), "my-own-id.1");
    assert_eq!(response.header("cache-control"), "no-store");
}
