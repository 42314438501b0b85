//! The format of responses and the rules of HTTP: XML, `Accept`, `HEAD`, `OPTIONS`, trailing slashes, order of checks.

use reqwest::Method;
use serde_json::json;

use super::{MISSING_ID, PARTNERS, TAGS, admin, new_tag, unique, user};
use crate::support::client::send;
use crate::support::{Gateway, Version};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

#[tokio::test]
async fn every_kind_of_response_is_available_as_xml() {
    for version in Version::each() {
        let xml = admin(version).with_header("Accept", "application/xml");
        let name = unique("a<&>\"b");
        let escaped = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let id = new_tag(version, &name).await;
        let record = format!(
            "<member name=\"id\" type=\"number\">{id}</member><member name=\"name\" type=\"string\">{escaped}</member>\
             <member name=\"parent_id\" type=\"boolean\">false</member><member name=\"child_ids\" type=\"array\"></member>"
        );
        let ids = format!("ids={id}");
        for (path, expected) in [
            (
                format!("{TAGS}/{id}?fields=name,parent_id,child_ids"),
                format!("<member name=\"Partner Tags\" type=\"object\">{record}</member>"),
            ),
            (
                format!("{TAGS}?{ids}&fields=name,parent_id,child_ids"),
                format!("<member name=\"Partner Tags\" type=\"array\"><item type=\"object\">{record}</item></member>"),
            ),
            (
                format!("{TAGS}/search?domain=[['id','=',{id}]]"),
                format!("<member name=\"Partner Tags\" type=\"array\"><item type=\"number\">{id}</item></member>"),
            ),
            (
                format!("{TAGS}/search_count?domain=[['id','=',{id}]]"),
                "<member name=\"count\" type=\"number\">1</member>".into(),
            ),
            (
                format!("{TAGS}/check_access_rights?operation=read"),
                "<member name=\"return\" type=\"boolean\">true</member>".into(),
            ),
            (
                format!("{TAGS}/fields_get?allfields=name&attributes=type"),
                "<member name=\"fields\" type=\"object\"><member name=\"name\" type=\"object\">\
                 <member name=\"type\" type=\"string\">char</member></member></member>"
                    .into(),
            ),
        ] {
            let response = xml.get(&path, &[]).await;
            assert_eq!(
                (response.status, response.header("content-type")),
                (200, "application/xml"),
                "{}",
                response.text
            );
            assert_eq!(response.text, format!("{DECLARATION}<response type=\"object\">{expected}</response>"));
        }
        let called = xml.post(&format!("{TAGS}/{id}/read"), &json!({"args": [["parent_id"]]})).await;
        let expected = format!(
            "<member name=\"return\" type=\"array\"><item type=\"object\"><member name=\"id\" type=\"number\">{id}</member>\
             <member name=\"parent_id\" type=\"boolean\">false</member></item></member>"
        );
        assert_eq!(called.text, format!("{DECLARATION}<response type=\"object\">{expected}</response>"));
        let deleted = xml.delete(&format!("{TAGS}/{id}"), &[]).await;
        assert_eq!(deleted.text, format!("{DECLARATION}<response type=\"object\"></response>"));
    }
}

#[tokio::test]
async fn written_records_are_available_as_xml_and_null_has_a_type() {
    for version in Version::each() {
        let xml = admin(version).with_header("Accept", "text/xml;q=0.1, application/xml;q=0.9, application/json;q=0.5");
        let xml = xml.with_header("Prefer", "empty=null");
        let created = xml.post(TAGS, &json!({"vals": {"name": unique("xml")}})).await;
        assert_eq!((created.status, created.header("content-type")), (200, "application/xml"));
        assert!(created.text.contains("<member name=\"parent_id\" type=\"null\"></member>"), "{}", created.text);
        let version_of = xml.get("/restapi/1.0/common/version", &[]).await;
        assert_eq!(version_of.header("content-type"), "application/xml", "{}", version_of.text);
    }
}

#[tokio::test]
async fn responses_are_not_cached_and_vary_by_credential() {
    for version in Version::each() {
        let response = admin(version).with_header("Accept-Encoding", "gzip").get(TAGS, &[]).await;
        assert_eq!(response.header("content-encoding"), "gzip");
        for response in [admin(version).get(TAGS, &[]).await, admin(version).get(TAGS, &[("limit", "0")]).await] {
            assert_eq!(response.header("cache-control"), "no-store");
            assert_eq!(response.header("vary"), "Accept, Accept-Encoding, Authorization, Prefer, Origin");
            assert_eq!(response.header("x-content-type-options"), "nosniff");
            assert_eq!(response.header("x-request-id").len(), 32);
        }
    }
}

#[tokio::test]
async fn problems_are_json_for_every_accept_header() {
    for version in Version::each() {
        let xml = admin(version).with_header("Accept", "application/xml");
        xml.get(&format!("{TAGS}/{MISSING_ID}"), &[]).await.problem(404, "record_not_found");
    }
}

#[tokio::test]
async fn json_is_the_default_and_other_types_are_406() {
    for version in Version::each() {
        let path = format!("{TAGS}/search_count");
        for accept in [
            "*/*",
            "application/*",
            "application/json",
            "text/html, */*;q=0.1",
            "application/xml;q=0.5, application/json",
            "",
        ] {
            let response = admin(version).with_header("Accept", accept).get(&path, &[]).await;
            assert_eq!((response.status, response.header("content-type")), (200, "application/json"), "{accept}");
        }
        for accept in ["image/png", "text/html", "application/json;q=0, application/xml;q=0"] {
            let problem = admin(version).with_header("Accept", accept).get(&path, &[]).await;
            assert_eq!(problem.problem(406, "not_acceptable")["parameter"], "Accept", "{accept}");
        }
        let created =
            admin(version).with_header("Accept", "image/png").post(TAGS, &json!({"vals": {"name": "406"}})).await;
        created.problem(406, "not_acceptable");
        let count = admin(version).get(&path, &[("domain", "[('name','=','406')]")]).await.ok();
        assert_eq!(count, json!({"count": 0}), "nothing was created");
    }
}

#[tokio::test]
async fn head_returns_the_headers_of_get_without_a_body() {
    for version in Version::each() {
        let id = new_tag(version, "head").await;
        for (path, status) in [
            (format!("{TAGS}/{id}?fields=name"), 200),
            (format!("{TAGS}?ids={id}&fields=name"), 200),
            (format!("{TAGS}/search?domain=[['id','=',{id}]]"), 200),
            (format!("{TAGS}/search_count?domain=[['id','=',{id}]]"), 200),
            (format!("{TAGS}/fields_get?allfields=name"), 200),
            (format!("{TAGS}/check_access_rights?operation=read"), 200),
            ("/restapi/1.0/common/version".to_owned(), 200),
            (format!("{TAGS}/{MISSING_ID}"), 404),
        ] {
            let get = admin(version).get(&path, &[]).await;
            let head = send(admin(version).request(Method::HEAD, &path)).await;
            assert_eq!((get.status, head.status), (status, status), "{path}");
            assert_eq!(head.text, "");
            assert_eq!(head.header("content-type"), get.header("content-type"));
            if status == 200 {
                assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn options_lists_the_methods_without_a_credential() {
    let anonymous = Gateway::shared().client();
    for (path, allowed) in [
        (TAGS.to_owned(), vec!["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]),
        (format!("{TAGS}/7"), vec!["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]),
        (format!("{TAGS}/search"), vec!["GET", "HEAD", "OPTIONS", "POST"]),
        (format!("{TAGS}/7/write"), vec!["OPTIONS", "POST"]),
        ("/restapi/1.0/common/version".to_owned(), vec!["GET", "HEAD", "OPTIONS"]),
    ] {
        for path in [path.clone(), format!("{path}/")] {
            let response = send(anonymous.request(Method::OPTIONS, &path)).await;
            assert_eq!((response.status, response.text.as_str()), (204, ""), "{path}");
            let mut names: Vec<_> = response.header("allow").split(", ").collect();
            names.sort_unstable();
            assert_eq!(names, allowed, "{path}");
        }
    }
    send(anonymous.request(Method::PATCH, TAGS)).await.problem(405, "method_not_allowed");
    let response = send(anonymous.request(Method::GET, &format!("{TAGS}/7/write"))).await;
    response.problem(405, "method_not_allowed");
    assert!(response.header("allow").contains("POST"));
}

#[tokio::test]
async fn trailing_slash_makes_no_difference() {
    for version in Version::each() {
        let admin = admin(version);
        let id = new_tag(version, &unique("slashed")).await;
        for path in [
            format!("{TAGS}/{id}"),
            format!("{TAGS}/search_count"),
            format!("{TAGS}/fields_get"),
            format!("{TAGS}?ids={id}"),
        ] {
            let slashed = match path.split_once('?') {
                Some((path, query)) => format!("{path}/?{query}"),
                None => format!("{path}/"),
            };
            let (plain, slashed) = (admin.get(&path, &[]).await.ok(), admin.get(&slashed, &[]).await.ok());
            if !path.ends_with("search_count") {
                assert_eq!(plain, slashed, "{path}");
            }
        }
        let created = admin.post(&format!("{TAGS}/"), &json!({"vals": {"name": unique("slashed")}})).await.ok();
        assert!(created["Partner Tags"]["id"].is_i64());
        let called = admin.post(&format!("{TAGS}/{id}/write/"), &json!({"args": [{"color": 2}]})).await.ok();
        assert_eq!(called, json!({"return": true}));
        let written = admin.put(&format!("{TAGS}/{id}/"), &json!({"vals": {"color": 3}})).await.ok();
        assert_eq!(written["Partner Tags"]["color"], 3);
        assert_eq!(admin.delete(&format!("{TAGS}/{id}/"), &[]).await.ok(), json!({}));
    }
}

#[tokio::test]
async fn checks_run_in_the_documented_order() {
    let gateway = Gateway::shared().client();
    gateway.get("/restapi/1.0/nowhere", &[]).await.problem(404, "unknown_route");
    gateway.get("/start", &[]).await.problem(404, "unknown_route");
    gateway.get("/restapi/1.0/object/NO MODEL", &[]).await.problem(401, "credential_missing");
    for version in Version::each() {
        let admin = admin(version);
        for name in ["Res.Partner", "res..partner", "v12", "res.partner;x", "res-partner", &"a".repeat(129)] {
            let text = admin.with_header("Content-Type", "text/plain");
            send(text.request(Method::POST, &format!("/restapi/1.0/object/{name}")).body("x"))
                .await
                .problem(404, "unknown_model");
        }
        let elsewhere = Gateway::shared().client().with_header("X-Odoo-Database", "nowhere").as_user("admin");
        send(elsewhere.request(Method::POST, TAGS).header("Content-Type", "text/plain").body("x"))
            .await
            .problem(404, "unknown_database");
        let picky = admin.with_header("Accept", "image/png");
        send(picky.request(Method::POST, TAGS).header("Content-Type", "text/plain").body("x"))
            .await
            .problem(415, "unsupported_media_type");
        picky.post(TAGS, &json!({"vals": {"nmae": "x"}})).await.problem(406, "not_acceptable");
        let internal = user(version, "internal");
        internal.put(&format!("{PARTNERS}/1"), &json!({"vals": {"nmae": "x"}})).await.problem(400, "unknown_field");
    }
}
