//! Odoo is unreachable, slow, interrupted or broken: the response to the client, and that no write happens twice.

mod concurrent_updates;
mod isolation;
mod malformed_responses;
mod one_call_writes;
mod overload;
mod shared_reads;
mod unreachable;

use serde_json::json;

use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, Response, StubOdoo};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
/// Part of every text of a broken Odoo; must not be part of any response of the gateway.
const CANARY: &str = "canary-7f3a";

/// A gateway in front of a stub, with the user's identity and the metadata of contacts cached, and a client.
async fn warm_gateway(settings: &[(&str, &str)]) -> (StubOdoo, Gateway, Client) {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, settings).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    read(&admin).await.ok();
    create(&admin).await.ok();
    (stub, gateway, admin)
}

async fn read(client: &Client) -> Response {
    client.get(PARTNER, &[("fields", "name")]).await
}

async fn create(client: &Client) -> Response {
    client.post(PARTNERS, &json!({"vals": {"name": "Azure"}})).await
}

async fn update(client: &Client) -> Response {
    client.put(PARTNER, &json!({"vals": {"name": "Azure"}})).await
}

/// Checks the problem of a request that had no effect and can be retried later.
fn assert_retryable(response: &Response, code: &str) -> serde_json::Value {
    let wait: u64 = response.header("retry-after").parse().expect("Retry-After");
    assert!((1..=60).contains(&wait), "{wait}");
    response.problem(503, code)
}

/// Checks the problem of a write whose outcome is unknown.
fn assert_outcome_unknown(response: &Response) {
    let problem = response.problem(504, "outcome_unknown");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.ends_with("The change may have been made."), "{detail}");
    assert_eq!(problem["hint"], "Read the records before you retry.");
    assert_eq!(response.header("retry-after"), "", "no invitation to repeat a write blindly");
}

fn assert_no_odoo_text(response: &Response) {
    let headers = format!("{:?}", response.headers);
    assert!(!response.text.contains(CANARY) && !headers.contains(CANARY), "{}", response.text);
}
