//! `execute_kw`: any public method.

use serde_json::json;

use super::{TAGS, admin, new_tag};
use crate::support::Version;
use crate::support::client::send;

#[tokio::test]
async fn method_returns_the_plain_result() {
    for version in Version::each() {
        let client = admin(version);
        let (tag, name) = new_tag(version).await;
        let path = format!("{TAGS}/execute_kw");
        let search = json!({"method": "name_search", "args": [name], "kwargs": {"limit": 1}});
        assert_eq!(client.post(&path, &search).await.ok(), json!([[tag, name]]));
        let read = client.post(&path, &json!({"method": "read", "args": [[tag], ["name", "create_date"]]})).await.ok();
        assert_eq!(read[0]["create_date"].as_str().unwrap().as_bytes()[10], b' ', "results are Odoo's own");
        let write = json!({"method": "write", "args": [[tag], {"color": 5}]});
        assert_eq!(client.post(&path, &write).await.ok(), json!(true));
        client.post(&path, &json!({"args": []})).await.api_problem(400, "missing_parameter");
        client.post(&path, &json!({"method": "_compute_x"})).await.api_problem(403, "private_method");
        client.post(&path, &json!({"method": "no_such_method"})).await.api_problem(404, "unknown_method");
        client.post(&path, &json!({"method": "read", "args": 7})).await.api_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn arguments_are_accepted_in_a_form_and_in_the_query() {
    let client = admin(Version::Odoo19);
    let (tag, name) = new_tag(Version::Odoo19).await;
    let args = format!("['{name}']");
    let query = [("method", "name_search"), ("args", args.as_str()), ("kwargs", "{'limit': 1}")];
    let expected = json!([[tag, name]]);
    assert_eq!(client.post_query(&format!("{TAGS}/execute_kw"), &query).await.ok(), expected);
    let form = client.request(reqwest::Method::POST, &format!("{TAGS}/execute_kw")).form(&query);
    assert_eq!(send(form).await.ok(), expected);
}
