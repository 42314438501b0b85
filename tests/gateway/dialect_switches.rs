//! Dialects that the configuration switches off.

use serde_json::{Value, json};

use crate::support::client::send;
use crate::support::{Client, Gateway, Response};

/// A request of each dialect: its switch, method, path.
const REQUESTS: [(&str, &str, &str); 13] = [
    ("RESTAPI", "GET", "/restapi/1.0/common/version"),
    ("RESTAPI", "GET", "/restapi/1.0/object/res.partner"),
    ("API", "GET", "/api/res.partner/search"),
    ("API", "POST", "/api/generate_token"),
    ("RESTFUL", "GET", "/restful/api/v1/res.partner"),
    ("RESTFUL", "POST", "/rest/api/login/token"),
    ("API_V1", "GET", "/api/v1/health"),
    ("API_V1", "POST", "/api/v1/res.partner"),
    ("RPC", "POST", "/xmlrpc/2/common"),
    ("RPC", "POST", "/jsonrpc"),
    ("JSON2", "POST", "/json/2/res.partner/search"),
    ("JSON2", "GET", "/doc-bearer/index.json"),
    ("JSON2", "GET", "/web/version"),
];

async fn gateway_without(switches: &[&str]) -> Gateway {
    let names: Vec<String> = switches.iter().map(|switch| format!("ODOO_GATEWAY__DIALECTS__{switch}")).collect();
    let settings: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "false")).collect();
    Gateway::start_with_odoo(&settings).await
}

async fn ask(client: &Client, method: &str, path: &str) -> Response {
    send(client.request(method.parse().unwrap(), path)).await
}

fn is_unknown(response: &Response) -> bool {
    response.status == 404 && response.text.contains("This path does not exist.")
}

#[tokio::test]
async fn the_paths_of_a_dialect_that_is_off_are_unknown() {
    let switches = ["RESTAPI", "API", "RESTFUL", "API_V1", "RPC", "JSON2"];
    for off in [&switches[..], &["API"], &["API_V1"]] {
        let gateway = gateway_without(off).await;
        let client = gateway.client();
        for (switch, method, path) in REQUESTS {
            let response = ask(&client, method, path).await;
            if off.contains(&switch) {
                assert!(response.problem(404, "unknown_route")["hint"].is_null(), "{path}");
            } else {
                assert!(!is_unknown(&response), "{path}: {}", response.text);
            }
        }
    }
}

#[tokio::test]
async fn documents_and_credentials_do_not_need_the_dialects() {
    let gateway = gateway_without(&["RESTAPI", "API", "RESTFUL", "API_V1", "RPC", "JSON2"]).await;
    let client = gateway.client();
    let document = client.get("/openapi.json", &[]).await.ok();
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    assert_eq!(tags, ["restapi", "oauth", "oauth2"], "OAuth 1 has the tag of `restapi`");
    let paths = document["paths"].as_object().unwrap().keys();
    let is_oauth = |path: &&String| path.contains("/oauth") || path.starts_with("/.well-known/") || *path == "/start";
    assert_eq!(paths.clone().filter(|path| !is_oauth(path)).collect::<Vec<_>>(), Vec::<&String>::new());
    let collection = client.get("/postman_collection.json", &[]).await.ok();
    let folders: Vec<&Value> = collection["item"].as_array().unwrap().iter().map(|folder| &folder["name"]).collect();
    assert_eq!(folders, ["restapi"], "the requests of OAuth");
    for path in ["/docs", "/docs/guides", "/docs/reference", "/"] {
        assert_eq!(client.with_header("accept", "text/html").get(path, &[]).await.status, 200, "{path}");
    }
    let token = client.post("/restapi/1.0/common/oauth2/token", &json!({})).await;
    assert!([400, 401].contains(&token.status), "{}", token.text);
    let oauth1 = client.post("/restapi/1.0/common/oauth1/request_token", &json!({})).await;
    assert!([400, 401].contains(&oauth1.status), "{}", oauth1.text);
}
