//! When Odoo is away, slow, cut off or out of its mind: what the caller is told, and that no write happens twice.

mod away;
mod busy;
mod collisions;
mod neighbours;
mod nonsense;

use serde_json::json;

use crate::support::stub::PASSWORD;
use crate::support::{Answer, Client, Gateway, Stub};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
/// Stands in everything an Odoo in trouble says, and must stand in nothing the gateway says.
const CANARY: &str = "canary-7f3a";

/// A gateway before a stub, and somebody it knows already, with everything it needs to know of contacts.
async fn warm(settings: &[(&str, &str)]) -> (Stub, Gateway, Client) {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, settings).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    read(&admin).await.ok();
    create(&admin).await.ok();
    (stub, gateway, admin)
}

async fn read(client: &Client) -> Answer {
    client.get(PARTNER, &[("fields", "name")]).await
}

async fn create(client: &Client) -> Answer {
    client.post(PARTNERS, &json!({"vals": {"name": "Azure"}})).await
}

async fn update(client: &Client) -> Answer {
    client.put(PARTNER, &json!({"vals": {"name": "Azure"}})).await
}

/// The problem of a request that certainly did nothing: come back later.
fn try_again(answer: &Answer, code: &str) -> serde_json::Value {
    let wait: u64 = answer.header("retry-after").parse().expect("Retry-After");
    assert!((1..=60).contains(&wait), "{wait}");
    answer.refused(503, code)
}

/// The problem of a write of which nobody knows what became.
fn unknown_write(answer: &Answer) {
    let problem = answer.refused(504, "outcome_unknown");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.ends_with("What was asked may have been done."), "{detail}");
    assert_eq!(problem["hint"], "Read the records before you try again.");
    assert_eq!(answer.header("retry-after"), "", "a write is not to be repeated blindly");
}

fn says_nothing_of_odoos_words(answer: &Answer) {
    let headers = format!("{:?}", answer.headers);
    assert!(!answer.text.contains(CANARY) && !headers.contains(CANARY), "{}", answer.text);
}
