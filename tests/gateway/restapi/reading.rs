//! Reading records: one record, several by id, or by a domain.

use serde_json::{Value, json};

use super::{MISSING_ID, PARTNERS, TAGS, admin, create, ids_of, new_tag, unique};
use crate::support::Version;

#[tokio::test]
async fn record_is_read_with_all_fields() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("full"));
        let id = new_tag(version, &name).await;
        let response = admin.get(&format!("{TAGS}/{id}"), &[]).await;
        assert!(
            response.text.starts_with(&format!(r#"{{"Partner Tags":{{"id":{id},"#)),
            "id is first: {}",
            response.text
        );
        let tag = response.ok()["Partner Tags"].clone();
        let mut expected = json!({
            "id": id, "display_name": name, "name": name, "color": 1, "parent_id": false, "child_ids": [],
            "active": true, "parent_path": format!("{id}/"), "partner_ids": [],
            "create_uid": [2, "Mitchell Admin"], "create_date": tag["create_date"],
            "write_uid": [2, "Mitchell Admin"], "write_date": tag["write_date"],
        });
        if version == Version::Odoo14 {
            expected["__last_update"] = tag["write_date"].clone();
        }
        assert_eq!(tag, expected);
        let (day, time) = tag["create_date"].as_str().unwrap().split_once(' ').expect("YYYY-MM-DD HH:MM:SS");
        assert_eq!((day.len(), time.len()), (10, 8));
    }
}

#[tokio::test]
async fn named_fields_follow_the_id_in_the_requested_order() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("named"));
        let id = new_tag(version, &name).await;
        let expected = format!(r#"{{"Partner Tags":{{"id":{id},"parent_id":false,"name":"{name}"}}}}"#);
        for fields in
            ["parent_id,name", "['parent_id','name']", r#"["parent_id","name","name"]"#, "('parent_id', 'name', 'id')"]
        {
            let response = admin.get(&format!("{TAGS}/{id}"), &[("fields", fields)]).await;
            assert_eq!(response.text, expected, "{fields}");
        }
        let only_id = admin.get(&format!("{TAGS}/{id}"), &[("fields", "id")]).await.ok();
        assert_eq!(only_id, json!({"Partner Tags": {"id": id}}));
    }
}

#[tokio::test]
async fn records_are_returned_in_the_order_of_the_ids_with_duplicates() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("many"));
        let (a, b) = (new_tag(version, &name).await, new_tag(version, &name).await);
        let record = |id: i64| json!({"id": id, "name": name});
        for (ids, expected) in [
            (format!("{b},{a}"), vec![record(b), record(a)]),
            (format!("[{a},{b}]"), vec![record(a), record(b)]),
            (format!("({a},)"), vec![record(a)]),
            (format!("{a}"), vec![record(a)]),
            (format!("{a},{b},{a}"), vec![record(a), record(b), record(a)]),
            (String::new(), vec![]),
            ("[]".to_owned(), vec![]),
        ] {
            let response = admin.get(TAGS, &[("ids", &ids), ("fields", "name")]).await.ok();
            assert_eq!(response, json!({"Partner Tags": expected}), "{ids}");
        }
        let all_fields = admin.get(TAGS, &[("ids", &format!("{b},{a}"))]).await.ok();
        assert_eq!(ids_of(&all_fields), [b, a]);
        assert_eq!(all_fields["Partner Tags"][0]["create_uid"], json!([2, "Mitchell Admin"]));
    }
}

#[tokio::test]
async fn records_are_searched_and_read_in_one_request() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("listed"));
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(new_tag(version, &name).await);
        }
        let domain = format!("[('name','=','{name}')]");
        for path in [TAGS.to_owned(), format!("{TAGS}/")] {
            let query = [("domain", domain.as_str()), ("fields", "['name']"), ("order", "id desc"), ("limit", "2")];
            let expected = json!([{"id": ids[2], "name": name}, {"id": ids[1], "name": name}]);
            assert_eq!(admin.get(&path, &query).await.ok(), json!({"Partner Tags": expected}));
        }
        let offset = [("domain", domain.as_str()), ("order", "id"), ("offset", "2")];
        assert_eq!(ids_of(&admin.get(TAGS, &offset).await.ok()), [ids[2]]);
    }
}

#[tokio::test]
async fn unknown_id_is_404_and_invalid_ids_never_reach_odoo() {
    for version in Version::each() {
        let admin = admin(version);
        let id = new_tag(version, &unique("there")).await;
        for fields in ["", "id", "name", "child_ids"] {
            let problem = admin.get(&format!("{TAGS}/{MISSING_ID}"), &[("fields", fields)]).await;
            let problem = problem.problem(404, "record_not_found");
            assert_eq!(problem["detail"], format!("The record {MISSING_ID} of res.partner.category does not exist."));
            let ids = format!("{id},{MISSING_ID}");
            let problem = admin.get(TAGS, &[("ids", &ids), ("fields", fields)]).await.problem(404, "record_not_found");
            assert_eq!(problem["detail"], format!("The record {MISSING_ID} of res.partner.category does not exist."));
        }
        for no_id in ["0", "-1", "2147483648", "99999999999999999999", "abc", "1.5", "01x"] {
            admin.get(&format!("{TAGS}/{no_id}"), &[]).await.problem(404, "record_not_found");
        }
        for no_ids in ["0", "-1", "2147483648", "1,x", "1,,2", "[1", "{'a':1}"] {
            let problem = admin.get(TAGS, &[("ids", no_ids)]).await.problem(400, "invalid_parameter");
            assert_eq!(problem["parameter"], "ids", "{no_ids}");
        }
    }
}

#[tokio::test]
async fn contradictory_parameters_are_rejected() {
    for version in Version::each() {
        let admin = admin(version);
        let both = [("ids", "1"), ("domain", "[('id','=',1)]")];
        let problem = admin.get(PARTNERS, &both).await.problem(400, "invalid_parameter");
        assert_eq!(problem["detail"], "The parameters `ids` and `domain` cannot be combined.");
        let twice = [("limit", "1"), ("limit", "1")];
        assert_eq!(admin.get(PARTNERS, &twice).await.problem(400, "repeated_parameter")["parameter"], "limit");
    }
}

#[tokio::test]
async fn unknown_fields_are_rejected_with_a_hint() {
    for version in Version::each() {
        let admin = admin(version);
        for path in [PARTNERS.to_owned(), format!("{PARTNERS}/3")] {
            let problem = admin.get(&path, &[("fields", "['name','contry_id']")]).await.problem(400, "unknown_field");
            assert_eq!(problem["hint"], "Did you mean country_id?");
            assert_eq!(problem["parameter"], "fields");
        }
        for fields in ["_name", "name;x", "country_id.name", "password_crypt"] {
            admin.get(PARTNERS, &[("fields", fields)]).await.problem(400, "unknown_field");
        }
        let last_update = admin.get(&format!("{PARTNERS}/3"), &[("fields", "__last_update")]).await;
        match version {
            Version::Odoo14 => assert_eq!(last_update.status, 200),
            Version::Odoo19 | Version::Odoo20 => drop(last_update.problem(400, "unknown_field")),
        }
    }
}

#[tokio::test]
async fn archived_records_are_hidden_in_lists_but_readable_by_id() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("archived"));
        let id = create(&admin, PARTNERS, json!({"name": name, "active": false})).await;
        let (domain, by_id) = (format!("[('name','=','{name}')]"), format!("{PARTNERS}/{id}"));
        let all = "{'active_test': False}";
        assert_eq!(ids_of(&admin.get(PARTNERS, &[("domain", &domain)]).await.ok()), [0_i64; 0]);
        assert_eq!(ids_of(&admin.get(PARTNERS, &[("domain", &domain), ("context", all)]).await.ok()), [id]);
        let count = format!("{PARTNERS}/search_count");
        assert_eq!(admin.get(&count, &[("domain", &domain)]).await.ok(), json!({"count": 0}));
        let json_all = r#"{"active_test": false}"#;
        assert_eq!(admin.get(&count, &[("domain", &domain), ("context", json_all)]).await.ok(), json!({"count": 1}));
        assert_eq!(admin.get(&by_id, &[("fields", "active")]).await.ok()["Contact"]["active"], false);
        assert_eq!(ids_of(&admin.get(PARTNERS, &[("ids", &id.to_string())]).await.ok()), [id]);
        let written = admin.put(&by_id, &json!({"vals": {"ref": name}})).await.ok();
        assert_eq!(written["Contact"]["ref"], Value::from(name));
        assert_eq!(admin.delete(&by_id, &[]).await.ok(), json!({}));
    }
}
