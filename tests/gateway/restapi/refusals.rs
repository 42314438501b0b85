//! What Odoo refuses, and what the caller is told of it: a code of ours, Odoo's own words, never a traceback.

use serde_json::{Value, json};

use super::{COUNTRIES, NOWHERE, ORDERS, PARTNERS, TAGS, admin, create, new_tag, unique, user};
use crate::support::{Answer, Version};

/// The message of Odoo is shown, and nothing of its inside.
#[track_caller]
fn speaks_for_itself(answer: &Answer, status: u16, code: &str) -> Value {
    let problem = answer.refused(status, code);
    for inside in [
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
        assert!(!answer.text.contains(inside), "{inside} in {}", answer.text);
    }
    problem
}

#[tokio::test]
async fn a_required_value_that_lacks_is_422() {
    for version in Version::BOTH {
        let admin = admin(version);
        let problem = speaks_for_itself(&admin.post(TAGS, &json!({"vals": {"color": 1}})).await, 422, "missing_value");
        assert!(problem["odoo"]["message"].as_str().unwrap().contains("(name)"), "{problem:#}");
        let id = new_tag(version, "kept").await;
        for empty in [Value::Null, json!(false)] {
            let answer = admin.put(&format!("{TAGS}/{id}"), &json!({"vals": {"name": empty}})).await;
            speaks_for_itself(&answer, 422, "missing_value");
        }
        let tag = admin.get(&format!("{TAGS}/{id}"), &[("fields", "name")]).await.ok();
        assert_eq!(tag["Partner Tags"]["name"], "kept");
    }
}

#[tokio::test]
async fn a_value_that_another_record_has_is_409_where_odoo_lets_it_be_told() {
    for version in Version::BOTH {
        let admin = admin(version);
        let vals = json!({"name": unique("Second Belgium"), "code": "BE"});
        let plain = admin.post(COUNTRIES, &json!({"vals": vals})).await;
        match version {
            Version::Odoo19 => drop(speaks_for_itself(&plain, 409, "unique_conflict")),
            // With a language Odoo 14 says nothing but the constraint's own sentence.
            Version::Odoo14 => drop(speaks_for_itself(&plain, 422, "odoo_refused")),
        }
        let without_language = json!({"vals": vals, "context": {"lang": false}});
        speaks_for_itself(&admin.post(COUNTRIES, &without_language).await, 409, "unique_conflict");
    }
}

#[tokio::test]
async fn a_record_that_others_need_is_409_on_delete() {
    for version in Version::BOTH {
        let admin = admin(version);
        let country = json!({"name": unique("Needed"), "code": "X1"});
        let country = create(&admin, COUNTRIES, country).await;
        let partner = create(&admin, PARTNERS, json!({"name": unique("citizen"), "country_id": country})).await;
        let path = format!("{COUNTRIES}/{country}");
        let problem = speaks_for_itself(&admin.delete(&path, &[]).await, 409, "reference_conflict");
        assert_eq!(problem["detail"], "Other records refer to this res.country and need it.");
        assert_eq!(problem["odoo"]["exception"], "UserError");
        assert_eq!(admin.delete(&format!("{PARTNERS}/{partner}"), &[]).await.status, 200);
        assert_eq!(admin.delete(&path, &[]).await.ok(), json!({}));
    }
}

#[tokio::test]
async fn a_reference_to_nowhere_is_422_and_no_404() {
    for version in Version::BOTH {
        let admin = admin(version);
        let vals = json!({"name": unique("lost"), "parent_id": NOWHERE});
        speaks_for_itself(&admin.post(TAGS, &json!({"vals": vals})).await, 422, "unknown_reference");
        let id = create(&admin, PARTNERS, json!({"name": unique("lost")})).await;
        let answer = admin.put(&format!("{PARTNERS}/{id}"), &json!({"vals": {"country_id": NOWHERE}})).await;
        speaks_for_itself(&answer, 422, "unknown_reference");
        let read = admin.get(&format!("{PARTNERS}/{id}"), &[("fields", "country_id")]).await.ok();
        assert_eq!(read["Contact"]["country_id"], false);
    }
}

#[tokio::test]
async fn what_odoos_rules_forbid_is_422_in_odoos_words() {
    for version in Version::BOTH {
        let admin = admin(version);
        let parent = new_tag(version, "parent").await;
        let child = create(&admin, TAGS, json!({"name": "child", "parent_id": parent})).await;
        let answer = admin.put(&format!("{TAGS}/{parent}"), &json!({"vals": {"parent_id": child}})).await;
        let problem = speaks_for_itself(&answer, 422, "odoo_refused");
        assert!(problem["odoo"]["message"].as_str().unwrap().to_lowercase().contains("recursi"), "{problem:#}");
        assert_eq!(problem["detail"], problem["odoo"]["message"]);

        let product = admin.get("/restapi/1.0/object/product.product/search", &[("limit", "1")]).await.ok();
        let product = product.as_object().unwrap().values().next().unwrap()[0].clone();
        let line = json!([[0, 0, {"product_id": product, "product_uom_qty": 1}]]);
        let order = create(&admin, ORDERS, json!({"partner_id": 1, "order_line": line})).await;
        let path = format!("{ORDERS}/{order}");
        assert_eq!(admin.post(&format!("{path}/action_confirm"), &json!({})).await.ok(), json!({"return": true}));
        let problem = speaks_for_itself(&admin.delete(&path, &[]).await, 422, "odoo_refused");
        assert!(problem["odoo"]["message"].as_str().unwrap().contains("confirmed sales order"), "{problem:#}");
        assert_eq!(admin.get(&path, &[("fields", "state")]).await.ok()["Sales Order"]["state"], "sale");
    }
}

#[tokio::test]
async fn odoos_words_are_in_the_callers_language() {
    for version in Version::BOTH {
        let french = admin(version).with_header("X-Odoo-Lang", "fr_FR");
        let internal = user(version, "internal").with_header("X-Odoo-Lang", "fr_FR");
        let answer = internal.post(PARTNERS, &json!({"vals": {"name": "x"}})).await;
        let problem = speaks_for_itself(&answer, 403, "access_denied");
        let message = problem["odoo"]["message"].as_str().unwrap();
        assert!(message.contains("autoris"), "{message}");
        let lacking = french.post(TAGS, &json!({"vals": {"color": 1}})).await;
        speaks_for_itself(&lacking, 422, "missing_value");
        let lost = json!({"name": "x", "parent_id": NOWHERE});
        speaks_for_itself(&french.post(TAGS, &json!({"vals": lost})).await, 422, "unknown_reference");
        french.get(ORDERS, &[("ids", "2147483646")]).await.refused(404, "record_not_found");
    }
}

#[tokio::test]
async fn a_warning_that_leads_elsewhere_says_only_its_message() {
    for version in Version::BOTH {
        let admin = admin(version);
        let own = admin.get("/restapi/1.0/object/res.users/2", &[("fields", "partner_id")]).await.ok();
        let partner = own.as_object().unwrap().values().next().unwrap()["partner_id"][0].clone();
        let answer = admin.put(&format!("{PARTNERS}/{partner}"), &json!({"vals": {"active": false}})).await;
        let problem = speaks_for_itself(&answer, 422, "odoo_refused");
        let message = problem["odoo"]["message"].as_str().unwrap();
        assert!(message.starts_with("You cannot archive"), "{message}");
    }
}

#[tokio::test]
async fn what_a_method_cannot_do_with_its_arguments_is_a_refusal_in_its_own_words() {
    for version in Version::BOTH {
        let id = create(&admin(version), PARTNERS, json!({"name": unique("failing")})).await;
        let path = format!("{PARTNERS}/{id}/message_subscribe");
        let answer = admin(version).post(&path, &json!({"kwargs": {"partner_ids": 5}})).await;
        let problem = speaks_for_itself(&answer, 422, "odoo_refused");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("The method message_subscribe of res.partner failed: TypeError: "), "{detail}");
        assert_eq!(problem["odoo"]["exception"], "TypeError");
    }
}

#[tokio::test]
async fn a_problem_has_the_documented_members() {
    let answer =
        admin(Version::Odoo19).with_header("X-Request-Id", "my-own-id.1").get(PARTNERS, &[("limit", "0")]).await;
    assert_eq!(
        answer.refused(400, "invalid_parameter"),
        json!({
            "type": "/docs/errors#invalid_parameter", "title": "A parameter is not valid", "status": 400,
            "detail": "limit: expected an integer from 1 to 2147483647, found \"0\" at position 1",
            "instance": PARTNERS, "code": "invalid_parameter", "request_id": "my-own-id.1", "parameter": "limit",
        })
    );
    assert_eq!(answer.header("x-request-id"), "my-own-id.1");
    assert_eq!(answer.header("cache-control"), "no-store");
}
