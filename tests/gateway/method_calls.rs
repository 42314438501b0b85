//! Method calls by name, in all four dialects: the transport to Odoo, results that cannot be sent, the caller's errors,
//! and records that do not exist.

mod caller_errors;
mod missing_records;
mod results;
mod transport;

use serde_json::{Value, json};

use crate::support::recording_proxy::RecordingProxy;
use crate::support::{Client, Gateway, Response, Version};

const PARTNER: &str = "res.partner";
/// An id that no record has.
const MISSING_ID: i64 = 2_147_483_647;

/// How a gateway calls methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Json,
    Xml,
}

impl Transport {
    const BOTH: [Self; 2] = [Self::Json, Self::Xml];
}

/// A gateway with this transport in front of an Odoo with one database, and a client as the administrator.
async fn gateway_with(transport: Transport, version: Version) -> (RecordingProxy, Gateway, Client) {
    let proxy = RecordingProxy::in_front_of_single_database(version).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", &proxy.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
        ("ODOO_GATEWAY__ODOO__0__METHOD_CALLS", if transport == Transport::Json { "auto" } else { "xmlrpc" }),
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", ""),
    ])
    .await;
    let admin = gateway.client().as_user("admin");
    (proxy, gateway, admin)
}

/// Calls a model's method in each dialect that supports it: `restapi`, `api`, `api_v1`.
async fn model_call_in_every_dialect(
    client: &Client,
    model: &str,
    method: &str,
    args: &Value,
    kwargs: &Value,
) -> Vec<Response> {
    let body = json!({"args": args, "kwargs": kwargs});
    let restapi = client.post(&format!("/restapi/1.0/object/{model}/{method}"), &body).await;
    let named = json!({"method": method, "args": args, "kwargs": kwargs});
    let api = client.post(&format!("/api/{model}/execute_kw"), &named).await;
    let api_v1 = client.post(&format!("/api/v1/object/{model}/{method}"), &body).await;
    vec![restapi, api, api_v1]
}

/// The same; if the first argument is one id, also as a method of that record in `restful`.
async fn call_in_every_dialect(
    client: &Client,
    model: &str,
    method: &str,
    args: &Value,
    kwargs: &Value,
) -> Vec<Response> {
    let mut responses = model_call_in_every_dialect(client, model, method, args, kwargs).await;
    if let Some(id) = args.as_array().and_then(|args| args.first()?.as_array()?.first()?.as_i64()) {
        let body = json!({"args": args.as_array().unwrap()[1..], "kwargs": kwargs});
        responses.push(client.post(&format!("/restful/api/v1/{model}/{id}/{method}"), &body).await);
    }
    responses
}

async fn call(client: &Client, model: &str, method: &str, args: &Value, kwargs: &Value) -> Response {
    let path = format!("/restapi/1.0/object/{model}/{method}");
    client.post(&path, &json!({"args": args, "kwargs": kwargs})).await
}

async fn new_partner(client: &Client, name: &str) -> i64 {
    let created = client.post("/api/res.partner/create", &json!({"name": name})).await.ok();
    created["id"].as_i64().unwrap()
}
