//! The same request in each dialect leads to the same calls to Odoo.

use serde_json::{Value, json};

use crate::support::recording_proxy::{RecordingProxy, recorded_gateway};
use crate::support::{Client, Version, unique};

const TAG: &str = "res.partner.category";

/// A request: method, path and body.
type Request = (&'static str, String, Option<Value>);

async fn send(client: &Client, (method, path, body): &Request) -> Value {
    let request = client.request(method.parse().unwrap(), path);
    let request = body.iter().fold(request, |request, body| request.json(body));
    crate::support::client::send(request).await.ok()
}

/// Sends the requests, and checks that the first `calls` calls to Odoo are the same for each of them.
async fn assert_same_calls<const N: usize>(
    proxy: &RecordingProxy,
    client: &Client,
    requests: [Request; N],
    calls: usize,
) {
    let mut expected: Option<Vec<(String, String)>> = None;
    for request in requests {
        proxy.take_calls();
        send(client, &request).await;
        let found: Vec<_> = proxy.take_calls_with_bodies().into_iter().take(calls).collect();
        assert_eq!(found.len(), calls, "{request:?}");
        if let Some(expected) = &expected {
            assert_eq!(&found, expected, "{request:?}");
        }
        expected = Some(found);
    }
}

fn get<const N: usize>(paths: [String; N]) -> [Request; N] {
    paths.map(|path| ("GET", path, None))
}

#[tokio::test]
async fn the_same_request_makes_the_same_calls_in_every_dialect() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let name = unique("parity");
        let created = send(&admin, &("POST", format!("/api/{TAG}/create"), Some(json!({"name": name})))).await;
        let id = created["id"].as_i64().unwrap();
        // The model's label, which `restapi` shows, is fetched once.
        send(&admin, &("GET", format!("/restapi/1.0/object/{TAG}/{id}"), None)).await;
        let list = format!("[(%27id%27,%27=%27,{id})]");
        let listing = [
            format!("/restapi/1.0/object/{TAG}?domain={list}&fields=name&order=name&limit=5"),
            format!("/api/{TAG}/search?domain={list}&fields=name&order=name&limit=5"),
            format!("/restful/api/v1/{TAG}?domain={list}&fields=name&order=name&limit=5"),
        ];
        assert_same_calls(&proxy, &admin, get(listing), 1).await;
        // `api_v1` gets the total in the same call.
        send(&admin, &("GET", format!("/api/v1/{TAG}?filter={list}&query=%7Bname%7D&order=name&limit=5"), None)).await;
        assert_eq!(proxy.take_calls(), [format!("{TAG}.web_search_read")]);
        let reading = [
            format!("/restapi/1.0/object/{TAG}/{id}?fields=name,color"),
            format!("/api/{TAG}/{id}?fields=name,color"),
            format!("/restful/api/v1/{TAG}/{id}?fields=name,color"),
            format!("/api/v1/{TAG}/{id}?query=%7Bname,color%7D"),
        ];
        assert_same_calls(&proxy, &admin, get(reading), 1).await;
        let arguments = json!({"args": [name], "kwargs": {"limit": 3}});
        let calling: [Request; 3] = [
            ("POST", format!("/restapi/1.0/object/{TAG}/name_search"), Some(arguments.clone())),
            (
                "POST",
                format!("/api/{TAG}/execute_kw"),
                Some(json!({"method": "name_search", "args": [name], "kwargs": {"limit": 3}})),
            ),
            ("POST", format!("/api/v1/object/{TAG}/name_search"), Some(arguments)),
        ];
        assert_same_calls(&proxy, &admin, calling, 1).await;
        // `restful` calls methods of records only.
        let arguments = json!({"args": [["name"]]});
        let calling: [Request; 4] = [
            ("POST", format!("/restapi/1.0/object/{TAG}/{id}/read"), Some(arguments.clone())),
            ("POST", format!("/api/{TAG}/execute_kw"), Some(json!({"method": "read", "args": [[id], ["name"]]}))),
            ("POST", format!("/restful/api/v1/{TAG}/{id}/read"), Some(arguments.clone())),
            ("POST", format!("/api/v1/object/{TAG}/{id}/read"), Some(arguments)),
        ];
        assert_same_calls(&proxy, &admin, calling, 1).await;
        // The calls of an update that write: the responses differ, and so do the fields that are read back.
        let values = json!({"color": 4});
        let updating: [Request; 3] = [
            ("PUT", format!("/restapi/1.0/object/{TAG}/{id}"), Some(json!({"vals": values}))),
            ("PUT", format!("/api/{TAG}/{id}"), Some(values.clone())),
            ("PATCH", format!("/api/v1/{TAG}/{id}"), Some(json!({"data": values}))),
        ];
        let writing: &[&str] = if version == Version::Odoo19 { &["web_save"] } else { &["read", "write"] };
        assert_same_calls(&proxy, &admin, updating, writing.len()).await;
        // `restful` returns only what was written, so its one call also reads that.
        send(&admin, &("PATCH", format!("/restful/api/v1/{TAG}/{id}"), Some(values))).await;
        let calls = proxy.take_calls();
        let expected: Vec<String> = writing.iter().map(|method| format!("{TAG}.{method}")).collect();
        assert_eq!(calls[..writing.len()], expected);
        let values = json!({"name": unique("parity"), "color": 2});
        let creating: [Request; 4] = [
            ("POST", format!("/restapi/1.0/object/{TAG}"), Some(json!({"vals": values}))),
            ("POST", format!("/api/{TAG}/create"), Some(values.clone())),
            ("POST", format!("/restful/api/v1/{TAG}"), Some(values.clone())),
            ("POST", format!("/api/v1/{TAG}"), Some(json!({"data": values}))),
        ];
        assert_same_calls(&proxy, &admin, creating, 1).await;
        gateway.stop().await;
    }
}
