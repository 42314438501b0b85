//! Exact bytes, negotiation, and rejections before the first byte.

use std::io::Read as _;

use reqwest::Method;
use serde_json::{Value, json};

use super::{CSV, NDJSON, PARTNERS, TAGS, admin, create, lines};
use crate::support::client::send;
use crate::support::{Response, Version, unique};

/// Creates three tags: a parent and two children, the first with a name that needs quotes.
async fn create_tag_tree(version: Version) -> (String, [i64; 3]) {
    let name = unique("tree");
    let odd = format!("a,\"b\"\r\n{name}").replace('\r', "");
    let parent = create(&admin(version), TAGS, &[json!({"name": name, "color": 3})]).await[0];
    let children =
        [json!({"name": odd, "parent_id": parent}), json!({"name": format!("=1+1 é {name}"), "active": true})];
    let children = create(&admin(version), TAGS, &children).await;
    (name, [parent, children[0], children[1]])
}

fn found(name: &str) -> String {
    format!("[('name','like','{name}')]")
}

#[track_caller]
fn checked_text(response: &Response, kind: &str) -> String {
    assert_eq!((response.status, response.header("content-type")), (200, kind), "{}", response.text);
    response.text.clone()
}

#[tokio::test]
async fn list_is_available_as_csv() {
    for version in Version::each() {
        let (name, [parent, odd, last]) = create_tag_tree(version).await;
        let query = [("domain", found(&name)), ("fields", "color,name,parent_id,child_ids,active,id".into())];
        let query: Vec<_> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let response = admin(version).with_header("Accept", CSV).get(TAGS, &query).await;
        let link = json!([parent, name]).to_string().replace('"', "\"\"");
        let colors: Vec<Value> = lines(&admin(version).with_header("Accept", NDJSON).get(TAGS, &query).await.text)
            .iter()
            .map(|record| record["color"].clone())
            .collect();
        assert_eq!(
            checked_text(&response, "text/csv; charset=utf-8"),
            format!(
                "id,color,name,parent_id,child_ids,active\r\n\
                 {parent},3,{name},,[{odd}],true\r\n\
                 {odd},{},\"a,\"\"b\"\"\n{name}\",\"{link}\",[],true\r\n\
                 {last},{},=1+1 é {name},,[],true\r\n",
                colors[1], colors[2]
            )
        );
        assert_eq!(response.header("vary"), "Accept, Accept-Encoding, Authorization, Prefer, Origin");
        assert_eq!(response.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn list_is_available_as_ndjson() {
    for version in Version::each() {
        let (name, [parent, odd, last]) = create_tag_tree(version).await;
        let domain = found(&name);
        let query = [("domain", domain.as_str()), ("fields", "name,parent_id")];
        let client = admin(version).with_header("Accept", NDJSON);
        let text = checked_text(&client.get(TAGS, &query).await, NDJSON);
        let expected = format!(
            "{{\"id\":{parent},\"name\":\"{name}\",\"parent_id\":false}}\n\
             {{\"id\":{odd},\"name\":\"a,\\\"b\\\"\\n{name}\",\"parent_id\":[{parent},\"{name}\"]}}\n\
             {{\"id\":{last},\"name\":\"=1+1 é {name}\",\"parent_id\":false}}\n"
        );
        assert_eq!(text, expected);
        let null = client.with_header("Prefer", "empty=null").get(TAGS, &query).await;
        assert_eq!(null.text, expected.replace("false", "null"));
        assert_eq!(null.header("preference-applied"), "empty=null");
    }
}

#[tokio::test]
async fn search_is_available_as_a_column_of_ids_and_as_objects() {
    for version in Version::each() {
        let (name, [parent, odd, last]) = create_tag_tree(version).await;
        let (path, domain) = (format!("{TAGS}/search"), found(&name));
        for (order, ids) in
            [("", [parent, odd, last]), ("id desc", [last, odd, parent]), ("parent_id, id desc", [odd, last, parent])]
        {
            let query = [("domain", domain.as_str()), ("order", order)];
            let whole = admin(version).get(&path, &query).await.ok();
            let ids = if order.is_empty() {
                ids.to_vec()
            } else {
                serde_json::from_value(whole["Partner Tags"].clone()).unwrap()
            };
            let csv = admin(version).with_header("Accept", CSV).get(&path, &query).await;
            let rows: String = ids.iter().map(|id| format!("{id}\r\n")).collect();
            assert_eq!(checked_text(&csv, "text/csv; charset=utf-8"), format!("id\r\n{rows}"), "{order}");
            let ndjson = admin(version).with_header("Accept", NDJSON).get(&path, &query).await;
            let rows: String = ids.iter().map(|id| format!("{{\"id\":{id}}}\n")).collect();
            assert_eq!(checked_text(&ndjson, NDJSON), rows, "{order}");
        }
    }
}

#[tokio::test]
async fn requested_ids_are_exported_in_their_order_with_duplicates() {
    for version in Version::each() {
        let (name, [parent, _, last]) = create_tag_tree(version).await;
        let ids = format!("{last},{parent},{last}");
        let response = admin(version).with_header("Accept", CSV).get(TAGS, &[("ids", &ids), ("fields", "name")]).await;
        let expected = format!("id,name\r\n{last},=1+1 é {name}\r\n{parent},{name}\r\n{last},=1+1 é {name}\r\n");
        assert_eq!(checked_text(&response, "text/csv; charset=utf-8"), expected);
        let none = admin(version).with_header("Accept", CSV).get(TAGS, &[("ids", "[]"), ("fields", "name")]).await;
        assert_eq!(none.text, "id,name\r\n");
    }
}

#[tokio::test]
async fn empty_export_is_a_header_or_nothing() {
    for version in Version::each() {
        let query = [("domain", "[(0,'=',1)]"), ("fields", "name")];
        let csv = admin(version).with_header("Accept", CSV).get(TAGS, &query).await;
        assert_eq!(checked_text(&csv, "text/csv; charset=utf-8"), "id,name\r\n");
        let ndjson = admin(version).with_header("Accept", NDJSON).get(TAGS, &query).await;
        assert_eq!(checked_text(&ndjson, NDJSON), "");
        let ids = admin(version).with_header("Accept", CSV).get(&format!("{TAGS}/search"), &query[..1]).await;
        assert_eq!(checked_text(&ids, "text/csv; charset=utf-8"), "id\r\n");
    }
}

#[tokio::test]
async fn offset_and_limit_apply() {
    for version in Version::each() {
        let (name, [_, odd, last]) = create_tag_tree(version).await;
        let domain = found(&name);
        for (offset, limit, ids) in
            [("1", "1", vec![odd]), ("1", "5", vec![odd, last]), ("3", "1", vec![]), ("0", "3", vec![])]
        {
            let query = [("domain", domain.as_str()), ("offset", offset), ("limit", limit), ("fields", "name")];
            let found = lines(&admin(version).with_header("Accept", NDJSON).get(TAGS, &query).await.text);
            let found: Vec<i64> = found.iter().map(|record| record["id"].as_i64().unwrap()).collect();
            if limit == "3" {
                assert_eq!(found.len(), 3);
            } else {
                assert_eq!(found, ids, "{offset} {limit}");
            }
        }
    }
}

#[tokio::test]
async fn every_field_has_a_column() {
    for version in Version::each() {
        let csv = admin(version).with_header("Accept", CSV).get(PARTNERS, &[("limit", "3")]).await;
        let text = checked_text(&csv, "text/csv; charset=utf-8");
        let whole = admin(version).get(PARTNERS, &[("limit", "1")]).await.ok();
        let names: Vec<&str> = whole["Contact"][0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(text.split("\r\n").next().unwrap(), names.join(","));
    }
}

#[tokio::test]
async fn invalid_exports_are_rejected_before_the_first_byte() {
    for version in Version::each() {
        for accept in [CSV, NDJSON] {
            let client = admin(version).with_header("Accept", accept);
            for (path, query, status, code) in [
                (TAGS, ("fields", "nmae"), 400, "unknown_field"),
                (TAGS, ("domain", "[('nmae','=',1)]"), 400, "unknown_field"),
                (TAGS, ("domain", "["), 400, "invalid_domain"),
                (TAGS, ("order", "nmae"), 400, "unknown_field"),
                (TAGS, ("limit", "0"), 400, "invalid_parameter"),
                (TAGS, ("ids", "2147483647"), 404, "record_not_found"),
                ("/restapi/1.0/object/no.such.model", ("limit", "1"), 404, "unknown_model"),
            ] {
                client.get(path, &[query]).await.problem(status, code);
            }
            let internal = client.as_user("portal").get("/restapi/1.0/object/ir.cron", &[]).await;
            internal.problem(403, "access_denied");
        }
    }
}

#[tokio::test]
async fn only_lists_are_available_as_rows() {
    for version in Version::each() {
        let count = format!("{TAGS}/search_count");
        for (path, query) in [
            (&*count, ("limit", "1")),
            (TAGS, ("count", "True")),
            ("/restapi/1.0/object/res.lang/1", ("fields", "name")),
        ] {
            let response = admin(version).with_header("Accept", CSV).get(path, &[query]).await;
            let problem = response.problem(406, "not_acceptable");
            assert_eq!(
                problem["detail"],
                "None of the accepted media types is available. Available: application/json, application/xml."
            );
            let both =
                admin(version).with_header("Accept", "text/csv, application/json;q=0.1").get(path, &[query]).await;
            assert_eq!(both.header("content-type"), "application/json", "{}", both.text);
        }
        let html =
            admin(version).with_header("Accept", "text/html").get(TAGS, &[]).await.problem(406, "not_acceptable");
        let offer = "None of the accepted media types is available. Available: application/json, application/xml, text/csv, application/x-ndjson.";
        assert_eq!(html["detail"], offer);
        let any = admin(version).with_header("Accept", "*/*").get(TAGS, &[("limit", "1")]).await;
        assert_eq!(any.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn head_has_the_headers_and_no_body() {
    for version in Version::each() {
        let client = admin(version).with_header("Accept", CSV);
        let head = send(client.request(Method::HEAD, TAGS).query(&[("fields", "name")])).await;
        assert_eq!(checked_text(&head, "text/csv; charset=utf-8"), "");
        assert_eq!(head.header("content-length"), "");
        let rejected = send(client.request(Method::HEAD, TAGS).query(&[("fields", "nmae")])).await;
        assert_eq!(rejected.status, 400);
    }
}

#[tokio::test]
async fn exports_are_compressed_as_requested() {
    for version in Version::each() {
        let query = [("fields", "name,email,phone")];
        let plain = admin(version).with_header("Accept", NDJSON).get(PARTNERS, &query).await.text;
        let client = admin(version).with_header("Accept", NDJSON).with_header("Accept-Encoding", "gzip");
        let response = client.request(Method::GET, PARTNERS).query(&query).send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip");
        let packed = response.bytes().await.unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
        // Other tests create partners at the same time.
        let (first, other) = (plain.lines().next(), text.lines().next());
        assert_eq!(first, other);
        assert!(packed.len() < text.len() / 2);
    }
}
