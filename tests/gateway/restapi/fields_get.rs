//! `fields_get`: the description of a model's fields.

use serde_json::json;

use super::{COUNTRIES, PARTNERS, admin, user};
use crate::support::Version;

#[tokio::test]
async fn fields_are_described_with_the_requested_attributes() {
    let path = format!("{COUNTRIES}/fields_get");
    for version in Version::each() {
        for (names, attributes) in
            [("['code']", "['string','type']"), ("code", "string,type"), (r#"["code"]"#, r#"["type","string"]"#)]
        {
            let response = admin(version).get(&path, &[("allfields", names), ("attributes", attributes)]).await.ok();
            assert_eq!(response, json!({"fields": {"code": {"type": "char", "string": "Country Code"}}}));
        }
        let query = [("allfields", "code,currency_id"), ("attributes", "type,relation")];
        let response = admin(version).get(&path, &query).await.ok();
        let currency = json!({"type": "many2one", "relation": "res.currency"});
        assert_eq!(response, json!({"fields": {"code": {"type": "char"}, "currency_id": currency}}));
    }
}

#[tokio::test]
async fn default_is_all_fields_with_all_attributes() {
    for version in Version::each() {
        for model in ["res.partner", "res.users", "sale.order", "ir.attachment", "account.move"] {
            let path = format!("/restapi/1.0/object/{model}/fields_get");
            for query in [vec![], vec![("allfields", "[]"), ("attributes", "")]] {
                let response = admin(version).get(&path, &query).await.ok();
                let fields = response["fields"].as_object().unwrap();
                assert!(fields.len() > 20, "{model}");
                for (name, field) in fields {
                    assert!(field["type"].is_string() && field["string"].is_string(), "{model}.{name}: {field}");
                }
            }
        }
    }
}

#[tokio::test]
async fn request_of_the_manual_returns_label_help_and_type() {
    for version in Version::each() {
        let query = [("allfields", "[]"), ("attributes", "['string','help','type']")];
        let response = admin(version).get(&format!("{PARTNERS}/fields_get"), &query).await.ok();
        assert_eq!(response["fields"]["country_id"], json!({"type": "many2one", "string": "Country"}));
        let help = response["fields"]["tz"]["help"].as_str().unwrap();
        assert!(help.contains("timezone"), "{help}");
    }
}

#[tokio::test]
async fn unknown_field_is_rejected_instead_of_omitted() {
    for version in Version::each() {
        let path = format!("{COUNTRIES}/fields_get");
        let problem =
            admin(version).get(&path, &[("allfields", "code,curency_id")]).await.problem(400, "unknown_field");
        assert_eq!(problem["parameter"], "allfields");
        assert_eq!(problem["hint"], "Did you mean currency_id?");
        admin(version).get("/restapi/1.0/object/no.model/fields_get", &[]).await.problem(404, "unknown_model");
    }
}

#[tokio::test]
async fn descriptions_are_in_the_users_language_and_limited_to_visible_fields() {
    for version in Version::each() {
        let query = [("allfields", "code"), ("attributes", "string")];
        let french = admin(version).with_header("X-Odoo-Lang", "fr_FR");
        let response = french.get(&format!("{COUNTRIES}/fields_get"), &query).await.ok();
        assert_eq!(response, json!({"fields": {"code": {"string": "Code du pays"}}}));
        let for_accountants = [("allfields", "property_account_payable_id")];
        let path = format!("{PARTNERS}/fields_get");
        assert_eq!(admin(version).get(&path, &for_accountants).await.status, 200);
        user(version, "portal").get(&path, &[("allfields", "user_id_nowhere")]).await.problem(400, "unknown_field");
    }
}
