//! `fields_get`: what a model's fields are.

use serde_json::json;

use super::{COUNTRIES, PARTNERS, admin, user};
use crate::support::Version;

#[tokio::test]
async fn fields_are_described_with_the_attributes_that_are_asked_for() {
    let path = format!("{COUNTRIES}/fields_get");
    for version in Version::BOTH {
        for (names, attributes) in
            [("['code']", "['string','type']"), ("code", "string,type"), (r#"["code"]"#, r#"["type","string"]"#)]
        {
            let answer = admin(version).get(&path, &[("allfields", names), ("attributes", attributes)]).await.ok();
            assert_eq!(answer, json!({"fields": {"code": {"type": "char", "string": "Country Code"}}}));
        }
        let query = [("allfields", "code,currency_id"), ("attributes", "type,relation")];
        let answer = admin(version).get(&path, &query).await.ok();
        let currency = json!({"type": "many2one", "relation": "res.currency"});
        assert_eq!(answer, json!({"fields": {"code": {"type": "char"}, "currency_id": currency}}));
    }
}

#[tokio::test]
async fn without_names_all_fields_and_without_attributes_all_of_them() {
    for version in Version::BOTH {
        for model in ["res.partner", "res.users", "sale.order", "ir.attachment", "account.move"] {
            let path = format!("/restapi/1.0/object/{model}/fields_get");
            for query in [vec![], vec![("allfields", "[]"), ("attributes", "")]] {
                let answer = admin(version).get(&path, &query).await.ok();
                let fields = answer["fields"].as_object().unwrap();
                assert!(fields.len() > 20, "{model}");
                for (name, field) in fields {
                    assert!(field["type"].is_string() && field["string"].is_string(), "{model}.{name}: {field}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_manuals_request_names_label_help_and_type() {
    for version in Version::BOTH {
        let query = [("allfields", "[]"), ("attributes", "['string','help','type']")];
        let answer = admin(version).get(&format!("{PARTNERS}/fields_get"), &query).await.ok();
        assert_eq!(answer["fields"]["country_id"], json!({"type": "many2one", "string": "Country"}));
        let help = answer["fields"]["tz"]["help"].as_str().unwrap();
        assert!(help.contains("timezone"), "{help}");
    }
}

#[tokio::test]
async fn a_field_that_is_not_there_is_refused_and_not_left_out() {
    for version in Version::BOTH {
        let path = format!("{COUNTRIES}/fields_get");
        let problem =
            admin(version).get(&path, &[("allfields", "code,curency_id")]).await.refused(400, "unknown_field");
        assert_eq!(problem["parameter"], "allfields");
        assert_eq!(problem["hint"], "Did you mean currency_id?");
        admin(version).get("/restapi/1.0/object/no.model/fields_get", &[]).await.refused(404, "unknown_model");
    }
}

#[tokio::test]
async fn descriptions_are_in_the_callers_language_and_for_his_eyes() {
    for version in Version::BOTH {
        let query = [("allfields", "code"), ("attributes", "string")];
        let french = admin(version).with_header("X-Odoo-Lang", "fr_FR");
        let answer = french.get(&format!("{COUNTRIES}/fields_get"), &query).await.ok();
        assert_eq!(answer, json!({"fields": {"code": {"string": "Code du pays"}}}));
        let for_accountants = [("allfields", "property_account_payable_id")];
        let path = format!("{PARTNERS}/fields_get");
        assert_eq!(admin(version).get(&path, &for_accountants).await.status, 200);
        user(version, "portal").get(&path, &[("allfields", "user_id_nowhere")]).await.refused(400, "unknown_field");
    }
}
