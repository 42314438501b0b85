//! The model's label in responses, and the preferences that change the form of a response.

use serde_json::{Value, json};

use super::{PARTNERS, TAGS, admin, create, ids_of, new_tag, unique, user};
use crate::support::{Client, Version};

async fn label(client: &Client, model: &str) -> String {
    let found = client.get(&format!("/restapi/1.0/object/{model}/search"), &[("limit", "1")]).await.ok();
    found.as_object().unwrap().keys().next().unwrap().clone()
}

#[tokio::test]
async fn label_is_the_untranslated_name_of_the_model() {
    for version in Version::each() {
        for client in [admin(version), admin(version).with_header("X-Odoo-Lang", "fr_FR")] {
            for (model, name) in [
                ("res.partner", "Contact"),
                ("res.partner.category", "Partner Tags"),
                ("sale.order", "Sales Order"),
                ("ir.model", "Models"),
                ("ir.model.fields", "Fields"),
                ("res.country", "Country"),
            ] {
                assert_eq!(label(&client, model).await, name);
            }
        }
    }
}

#[tokio::test]
async fn users_without_access_to_labels_get_the_technical_name() {
    for version in Version::each() {
        assert_eq!(label(&user(version, "internal"), "res.partner").await, "Contact");
        assert_eq!(label(&user(version, "salesman"), "sale.order").await, "Sales Order");
        assert_eq!(label(&user(version, "portal"), "res.partner").await, "res.partner");
        assert_eq!(label(&admin(version), "res.partner").await, "Contact", "labels are cached per user");
    }
}

#[tokio::test]
async fn technical_name_can_be_preferred_in_every_request() {
    for version in Version::each() {
        let technical = admin(version).with_header("Prefer", "label=technical");
        let name = unique("technical");
        let created = technical.post(TAGS, &json!({"vals": {"name": name}})).await;
        assert_eq!(created.header("preference-applied"), "label=technical");
        let id = created.ok()["res.partner.category"]["id"].as_i64().unwrap();
        let tag = json!({"id": id, "name": name});
        let (one, ids, fields) = (format!("{TAGS}/{id}"), id.to_string(), ("fields", "name"));
        assert_eq!(technical.get(&one, &[fields]).await.ok(), json!({"res.partner.category": tag}));
        assert_eq!(technical.get(TAGS, &[("ids", &ids), fields]).await.ok(), json!({"res.partner.category": [tag]}));
        let domain = format!("[('id','=',{id})]");
        assert_eq!(
            technical.get(TAGS, &[("domain", &domain), fields]).await.ok(),
            json!({"res.partner.category": [tag]})
        );
        let found = technical.get(&format!("{TAGS}/search"), &[("domain", &domain)]).await.ok();
        assert_eq!(found, json!({"res.partner.category": [id]}));
        let written = technical.put(&one, &json!({"vals": {"color": 4}})).await.ok();
        assert_eq!(written["res.partner.category"]["color"], 4);
        assert_eq!(technical.delete(&one, &[]).await.ok(), json!({}));
    }
}

#[tokio::test]
async fn empty_values_can_be_null_instead_of_false() {
    for version in Version::each() {
        let null = admin(version).with_header("Prefer", "respond-async, empty=null");
        let id = create(&admin(version), PARTNERS, json!({"name": unique("empty"), "active": false})).await;
        let fields = ("fields", "ref,parent_id,image_128,child_ids,active,is_company,color,partner_latitude");
        let response = null.get(&format!("{PARTNERS}/{id}"), &[fields]).await;
        assert_eq!(response.header("preference-applied"), "empty=null");
        let expected = json!({
            "id": id, "ref": null, "parent_id": null, "image_128": null, "child_ids": [],
            "active": false, "is_company": false, "color": 0, "partner_latitude": 0.0,
        });
        assert_eq!(response.ok(), json!({"Contact": expected}));
        let listed = null.get(PARTNERS, &[("ids", &id.to_string()), fields]).await.ok();
        assert_eq!(listed, json!({"Contact": [expected]}));
        let plain = admin(version).get(&format!("{PARTNERS}/{id}"), &[fields]).await;
        assert_eq!(plain.header("preference-applied"), "");
        assert_eq!(plain.ok()["Contact"]["ref"], false);
        let written = null.put(&format!("{PARTNERS}/{id}"), &json!({"vals": {"ref": "R"}})).await.ok();
        assert_eq!((&written["Contact"]["ref"], &written["Contact"]["parent_id"]), (&json!("R"), &Value::Null));
    }
}

#[tokio::test]
async fn several_preferences_apply_and_unknown_ones_are_ignored() {
    for version in Version::each() {
        let id = new_tag(version, "preferred").await;
        let client = admin(version).with_header("Prefer", "label=\"technical\"; x=1, empty=null, mood=good");
        let response = client.get(TAGS, &[("ids", &id.to_string()), ("fields", "parent_id")]).await;
        assert_eq!(response.header("preference-applied"), "empty=null, label=technical");
        assert_eq!(response.ok(), json!({"res.partner.category": [{"id": id, "parent_id": null}]}));
        let other = admin(version).with_header("Prefer", "empty=zero, label=human");
        let response = other.get(TAGS, &[("ids", &id.to_string())]).await;
        assert_eq!(response.header("preference-applied"), "");
        assert_eq!(ids_of(&response.ok()), [id]);
    }
}
