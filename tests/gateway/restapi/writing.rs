//! Create, update and delete: the response, the result in Odoo, and that a rejected request changes nothing.

use serde_json::{Value, json};

use super::{MISSING_ID, PARTNERS, TAGS, admin, create, ids_of, new_tag, unique};
use crate::support::Version;

#[tokio::test]
async fn created_record_is_returned_with_all_fields() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("created"));
        let vals = format!("{{'name': '{name}', 'color': 3, 'parent_id': None}}");
        for response in [
            admin.post_query(TAGS, &[("vals", &vals)]).await,
            admin.post(TAGS, &json!({"vals": {"name": name, "color": 3, "parent_id": null}})).await,
        ] {
            let created = response.ok();
            let id = created["Partner Tags"]["id"].as_i64().unwrap();
            assert_eq!(admin.get(&format!("{TAGS}/{id}"), &[]).await.ok(), created, "as a read returns it");
            assert_eq!(created["Partner Tags"]["name"], Value::from(name.as_str()));
            assert_eq!(created["Partner Tags"]["color"], 3);
        }
    }
}

#[tokio::test]
async fn list_of_values_creates_several_records_and_returns_a_list() {
    for version in Version::each() {
        let admin = admin(version);
        let names = [unique("several"), unique("several")];
        let vals = json!([{"name": names[0]}, {"name": names[1]}]);
        let created = admin.post(TAGS, &json!({"vals": vals})).await.ok();
        let ids = ids_of(&created);
        for (n, name) in names.iter().enumerate() {
            assert_eq!(created["Partner Tags"][n]["name"], Value::from(name.as_str()));
            let found = admin.get(&format!("{TAGS}/search"), &[("domain", &format!("[('name','=','{name}')]"))]).await;
            assert_eq!(found.ok(), json!({"Partner Tags": [ids[n]]}));
        }
        let one = admin.post_query(TAGS, &[("vals", &format!("[{{'name': '{}'}}]", unique("several")))]).await.ok();
        assert_eq!(ids_of(&one).len(), 1, "a list of one returns a list");
    }
}

#[tokio::test]
async fn nothing_is_created_if_one_of_several_is_invalid() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("half"));
        for (wrong, status, code) in [
            (json!({"nmae": "x"}), 400, "unknown_field"),
            (json!({"color": 1}), 422, "missing_value"),
            (json!(7), 400, "invalid_value"),
        ] {
            let response = admin.post(TAGS, &json!({"vals": [{"name": name}, wrong]})).await;
            response.problem(status, code);
        }
        let query = [("domain", format!("[('name','=','{name}')]"))];
        let count = admin.get(&format!("{TAGS}/search_count"), &[(query[0].0, &query[0].1)]).await.ok();
        assert_eq!(count, json!({"count": 0}));
    }
}

#[tokio::test]
async fn create_requires_values() {
    for version in Version::each() {
        let admin = admin(version);
        for body in [json!({}), json!({"vals": []}), json!({"vals": ""})] {
            let problem = admin.post(TAGS, &body).await.problem(400, "missing_parameter");
            assert_eq!(problem["parameter"], "vals", "{body}");
        }
        admin.post(TAGS, &json!({"vals": "name"})).await.problem(400, "invalid_literal");
        admin.post(TAGS, &json!({"vals": 3})).await.problem(400, "invalid_value");
        admin.post_query(TAGS, &[("vals", "{'name': 'x'")]).await.problem(400, "invalid_literal");
    }
}

#[tokio::test]
async fn updated_record_is_returned_with_all_fields() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("updated"));
        let id = new_tag(version, "before").await;
        let path = format!("{TAGS}/{id}");
        let by_query = admin.put_query(&path, &[("vals", &format!("{{'name': '{name}'}}"))]).await.ok();
        assert_eq!(by_query, admin.get(&path, &[]).await.ok());
        assert_eq!(by_query["Partner Tags"]["name"], Value::from(name.as_str()));
        let by_body = admin.put(&path, &json!({"vals": {"color": 9}})).await.ok();
        assert_eq!(by_body["Partner Tags"]["color"], 9);
        assert_eq!(by_body["Partner Tags"]["name"], Value::from(name.as_str()), "other fields stay unchanged");
        let nothing = admin.put(&path, &json!({"vals": {}})).await.ok();
        assert_eq!(nothing["Partner Tags"]["color"], 9);
    }
}

#[tokio::test]
async fn updated_records_are_returned_in_the_order_of_the_ids() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("updated"));
        let (a, b) = (new_tag(version, "a").await, new_tag(version, "b").await);
        let vals = format!("{{'name': '{name}'}}");
        let written = admin.put_query(TAGS, &[("ids", &format!("{b},{a}")), ("vals", &vals)]).await.ok();
        assert_eq!(ids_of(&written), [b, a]);
        assert_eq!(written["Partner Tags"][1]["name"], Value::from(name.as_str()));
        let written = admin.put(TAGS, &json!({"ids": [a, a], "vals": {"color": 4}})).await.ok();
        assert_eq!(ids_of(&written), [a, a], "duplicates stay");
        let written = admin.put(&format!("{TAGS}?ids={b}"), &json!({"vals": {"color": 5}})).await.ok();
        assert_eq!(written["Partner Tags"][0]["color"], 5, "ids in the query, values in the body");
    }
}

#[tokio::test]
async fn deleted_records_no_longer_exist() {
    for version in Version::each() {
        let admin = admin(version);
        let ids = [new_tag(version, "a").await, new_tag(version, "b").await, new_tag(version, "c").await];
        assert_eq!(admin.delete(&format!("{TAGS}/{}", ids[0]), &[]).await.ok(), json!({}));
        admin.delete(&format!("{TAGS}/{}", ids[0]), &[]).await.problem(404, "record_not_found");
        let two = format!("{},{},{}", ids[1], ids[2], ids[1]);
        assert_eq!(admin.delete(TAGS, &[("ids", &two)]).await.ok(), json!({}));
        let domain = format!("[('id','in',{ids:?})]");
        let count = admin.get(&format!("{TAGS}/search_count"), &[("domain", &domain)]).await.ok();
        assert_eq!(count, json!({"count": 0}));
    }
}

#[tokio::test]
async fn one_unknown_id_prevents_the_whole_request() {
    for version in Version::each() {
        let admin = admin(version);
        let id = new_tag(version, "unchanged").await;
        let ids = format!("{id},{MISSING_ID}");
        let vals = ("vals", "{'name': 'hit'}");
        let problem = admin.put_query(TAGS, &[("ids", &ids), vals]).await.problem(404, "record_not_found");
        assert_eq!(problem["detail"], format!("The record {MISSING_ID} of res.partner.category does not exist."));
        admin.delete(TAGS, &[("ids", &ids)]).await.problem(404, "record_not_found");
        admin.put_query(&format!("{TAGS}/{MISSING_ID}"), &[vals]).await.problem(404, "record_not_found");
        admin.delete(&format!("{TAGS}/{MISSING_ID}"), &[]).await.problem(404, "record_not_found");
        let tag = admin.get(&format!("{TAGS}/{id}"), &[("fields", "name")]).await.ok();
        assert_eq!(tag, json!({"Partner Tags": {"id": id, "name": "unchanged"}}));
    }
}

#[tokio::test]
async fn update_and_delete_without_ids_are_rejected() {
    for version in Version::each() {
        let admin = admin(version);
        for ids in [vec![], vec![("ids", "")], vec![("ids", "[]")]] {
            let problem = admin.delete(TAGS, &ids).await.problem(400, "missing_parameter");
            assert_eq!(problem["parameter"], "ids");
            let query = [ids, vec![("vals", "{'name':'x'}")]].concat();
            assert_eq!(admin.put_query(TAGS, &query).await.problem(400, "missing_parameter")["parameter"], "ids");
        }
        for ids in ["0", "-5", "2147483648", "1,x"] {
            admin.delete(TAGS, &[("ids", ids)]).await.problem(400, "invalid_parameter");
        }
        for id in ["0", "2147483648", "x"] {
            admin.delete(&format!("{TAGS}/{id}"), &[]).await.problem(404, "record_not_found");
            let vals = [("vals", "{'name':'x'}")];
            admin.put_query(&format!("{TAGS}/{id}"), &vals).await.problem(404, "record_not_found");
        }
    }
}

#[tokio::test]
async fn relations_are_written_with_ids_or_odoos_commands() {
    for version in Version::each() {
        let admin = admin(version);
        let (a, b) = (new_tag(version, "a").await, new_tag(version, "b").await);
        let id = create(&admin, PARTNERS, json!({"name": unique("tagged"), "category_id": [a]})).await;
        let path = format!("{PARTNERS}/{id}");
        let child = unique("child");
        for (tags, expected) in [
            (json!([b, a]), vec![a, b]),
            (json!([[3, a]]), vec![b]),
            (json!([[4, a, 0]]), vec![a, b]),
            (json!([[6, false, [a]]]), vec![a]),
            (json!([]), vec![a]),
            (json!([[5]]), vec![]),
            (json!([[6, 0, [a, b]]]), vec![a, b]),
            (json!(null), vec![]),
        ] {
            let written = admin.put(&path, &json!({"vals": {"category_id": tags}})).await.ok();
            let mut found: Vec<i64> = serde_json::from_value(written["Contact"]["category_id"].clone()).unwrap();
            found.sort_unstable();
            assert_eq!(found, expected, "{tags}");
        }
        let vals = format!("{{'child_ids': [(0, 0, {{'name': '{child}', 'country_id': [21, 'x']}})]}}");
        let children = admin.put_query(&path, &[("vals", &vals)]).await.ok()["Contact"]["child_ids"].clone();
        let read =
            admin.get(PARTNERS, &[("ids", &children.to_string()), ("fields", "name,parent_id,country_id")]).await;
        let read = read.ok()["Contact"][0].clone();
        assert_eq!(read["name"], Value::from(child));
        assert_eq!(read["parent_id"][0], id);
        assert_eq!(read["country_id"][0], 21);
    }
}
