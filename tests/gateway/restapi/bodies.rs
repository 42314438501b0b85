//! Where parameters are sent (query, JSON, form, multipart) and their notation (JSON or Python).

use reqwest::Method;
use serde_json::{Value, json};

use super::{TAGS, admin, unique};
use crate::support::client::send;
use crate::support::{Client, Response, Version};

/// Sends a body unchanged, with or without a media type.
async fn post_text(client: &Client, content_type: Option<&str>, body: String) -> Response {
    let request = client.request(Method::POST, TAGS);
    let request = match content_type {
        Some(content_type) => request.header("Content-Type", content_type),
        None => request,
    };
    send(request.body(body)).await
}

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const MULTIPART: Option<&str> = Some("multipart/form-data; boundary=edge");

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn multipart(parts: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    format!("{}--edge--\r\n", parts.iter().map(part).collect::<String>())
}

#[tokio::test]
async fn values_are_accepted_in_the_query_and_in_every_kind_of_body() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("b\u{f6}dy"));
        let python = format!("{{'name': u'{name}', 'color': 0x5, 'active': True, 'parent_id': None,}}");
        let json = json!({"name": name, "color": 5, "active": true, "parent_id": null});
        for response in [
            admin.post_query(TAGS, &[("vals", &python)]).await,
            admin.post_query(TAGS, &[("vals", &json.to_string())]).await,
            admin.post(TAGS, &json!({"vals": json})).await,
            admin.post(TAGS, &json!({"vals": python})).await,
            post_text(&admin, None, json!({"vals": json}).to_string()).await,
            post_text(&admin, Some("application/vnd.api+json; charset=utf-8"), json!({"vals": json}).to_string()).await,
            post_text(&admin, Some("application/json"), format!("\u{feff}{}", json!({"vals": json}))).await,
            post_text(&admin, FORM, form(&[("vals", &python)])).await,
            post_text(&admin, FORM, form(&[("vals", &json.to_string())])).await,
            post_text(&admin, MULTIPART, multipart(&[("vals", &python)])).await,
            post_text(&admin, MULTIPART, multipart(&[("vals", &json.to_string())])).await,
        ] {
            let tag = response.ok()["Partner Tags"].clone();
            let kept = (&tag["name"], &tag["color"], &tag["active"], &tag["parent_id"]);
            assert_eq!(kept, (&Value::from(name.as_str()), &json!(5), &json!(true), &json!(false)));
        }
    }
}

#[tokio::test]
async fn body_takes_precedence_over_the_query() {
    for version in Version::each() {
        let admin = admin(version);
        let path = format!("{TAGS}?vals={{'name':'query'}}&context={{'lang':'xx'}}");
        let body = json!({"vals": {"name": "body"}, "context": {"lang": "fr_FR"}});
        assert_eq!(admin.post(&path, &body).await.ok()["Partner Tags"]["name"], "body");
    }
}

#[tokio::test]
async fn empty_body_counts_as_no_body() {
    for version in Version::each() {
        for content_type in [None, Some("application/json"), Some("application/x-www-form-urlencoded")] {
            let request = admin(version).request(Method::POST, TAGS).query(&[("vals", "{'name': 'empty'}")]);
            let request = content_type.into_iter().fold(request, |request, name| request.header("Content-Type", name));
            assert_eq!(send(request).await.ok()["Partner Tags"]["name"], "empty");
        }
    }
}

#[tokio::test]
async fn repeated_parameter_is_rejected_in_the_query_and_in_every_body() {
    for version in Version::each() {
        let admin = admin(version);
        let twice = [("vals", "{'name': 'x'}"), ("vals", "{'name': 'x'}")];
        admin.post_query(TAGS, &twice).await.problem(400, "repeated_parameter");
        post_text(&admin, FORM, form(&twice)).await.problem(400, "repeated_parameter");
        let problem = post_text(&admin, MULTIPART, multipart(&twice)).await;
        assert_eq!(problem.problem(400, "repeated_parameter")["parameter"], "vals");
    }
}

#[tokio::test]
async fn malformed_bodies_are_rejected() {
    for version in Version::each() {
        let admin = admin(version);
        for (content_type, body, status, code) in [
            (Some("text/plain"), "vals", 415, "unsupported_media_type"),
            (Some("application/xml"), "<vals/>", 415, "unsupported_media_type"),
            (None, "{", 400, "invalid_literal"),
            (None, "[1]", 400, "invalid_literal"),
            (None, "{'vals': {}}", 400, "invalid_literal"),
            (None, r#"{"vals": NaN}"#, 400, "invalid_literal"),
            (None, r#"{"vals": {"color": 01}}"#, 400, "invalid_literal"),
            (Some("multipart/form-data"), "x", 400, "malformed_request"),
            (Some("application/x-www-form-urlencoded"), "vals=%FF", 400, "malformed_request"),
        ] {
            post_text(&admin, content_type, body.to_owned()).await.problem(status, code);
        }
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        let response = post_text(&admin, None, json!({"vals": deep}).to_string()).await;
        response.problem(400, "invalid_literal");
        let long = admin.post_query(TAGS, &[("vals", &format!("[{}1]", "1,".repeat(10_000)))]).await;
        long.problem(400, "invalid_literal");
    }
}

#[tokio::test]
async fn error_in_a_literal_contains_its_position_and_text() {
    for version in Version::each() {
        let problem = admin(version).post_query(TAGS, &[("vals", "{'name': 'é', 'color': open}")]).await;
        let problem = problem.problem(400, "invalid_literal");
        assert_eq!(problem["parameter"], "vals");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("found \"open\"") && detail.ends_with("at position 24"), "{detail}");
        let problem =
            admin(version).post_query(TAGS, &[("vals", "{'name': ['a'")]).await.problem(400, "invalid_literal");
        assert!(problem["detail"].as_str().unwrap().contains("the [ at position 10"), "{problem:#}");
    }
}
