//! Search, schema, count, view.

use serde_json::json;

use super::{PARTNERS, TAGS, admin, create, new_tag};
use crate::support::{Version, unique};

#[tokio::test]
async fn search_returns_a_plain_list_in_the_requested_order() {
    for version in Version::each() {
        let client = admin(version);
        let (first, second) = (new_tag(version).await, new_tag(version).await);
        let domain = format!("[('id','in',[{},{}])]", first.0, second.0);
        let query = [("domain", domain.as_str()), ("fields", "['name','color']"), ("order", "id desc")];
        let expected = json!([
            {"id": second.0, "name": second.1, "color": 3},
            {"id": first.0, "name": first.1, "color": 3},
        ]);
        assert_eq!(client.get(&format!("{TAGS}/search"), &query).await.ok(), expected);
        let page = [("domain", domain.as_str()), ("fields", "name"), ("limit", "1"), ("offset", "1"), ("order", "id")];
        let expected = json!([{"id": second.0, "name": second.1}]);
        assert_eq!(client.get(&format!("{TAGS}/search/"), &page).await.ok(), expected);
    }
}

#[tokio::test]
async fn record_has_pairs_and_iso_8601_datetimes() {
    for version in Version::each() {
        let client = admin(version);
        let (tag, name) = new_tag(version).await;
        let child = create(&client, TAGS, &json!({"name": unique("child"), "parent_id": tag})).await;
        let path = format!("{TAGS}/{child}");
        let record = client.get(&path, &[("fields", "parent_id,create_date,child_ids,color")]).await.ok();
        assert_eq!(record["parent_id"], json!([tag, name]));
        assert_eq!((&record["child_ids"], record["color"].is_i64()), (&json!([]), true));
        let created = record["create_date"].as_str().unwrap();
        assert_eq!((created.len(), created.as_bytes()[10]), (19, b'T'), "{created}");
        let full_record = client.get(&path, &[]).await.ok();
        assert_eq!(full_record.as_object().unwrap().keys().next().unwrap(), "id");
        assert_eq!(full_record["write_date"].as_str().unwrap().as_bytes()[10], b'T');
        // A domain accepts the format of the response.
        let before = format!("[('id','=',{child}),('create_date','<','{created}')]");
        let found = client.get(&format!("{TAGS}/record_count"), &[("domain", &before)]).await.ok();
        assert_eq!(found["record_count"], 0);
    }
}

#[tokio::test]
async fn schema_has_no_envelope_and_count_contains_its_domain() {
    for version in Version::each() {
        let client = admin(version);
        let schema = client.get(&format!("{PARTNERS}/schema"), &[]).await.ok();
        assert_eq!(schema["name"]["type"], "char");
        assert_eq!(schema["country_id"]["relation"], "res.country");
        let (tag, _) = new_tag(version).await;
        let counted = client.get(&format!("{TAGS}/record_count"), &[("domain", &format!("[('id','=',{tag})]"))]).await;
        let expected = json!({"model": "res.partner.category", "domain": [["id", "=", tag]], "record_count": 1});
        assert_eq!(counted.ok(), expected);
    }
}

#[tokio::test]
async fn empty_value_is_false_or_null_as_preferred() {
    let client = admin(Version::Odoo19);
    let (tag, _) = new_tag(Version::Odoo19).await;
    let path = format!("{TAGS}/{tag}");
    assert_eq!(client.get(&path, &[("fields", "parent_id")]).await.ok(), json!({"id": tag, "parent_id": false}));
    let response = client.with_header("Prefer", "empty=null").get(&path, &[("fields", "parent_id")]).await;
    assert_eq!(response.header("preference-applied"), "empty=null");
    assert_eq!(response.ok(), json!({"id": tag, "parent_id": null}));
}
