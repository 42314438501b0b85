//! The limit of concurrent requests of a key, with a slow Odoo.

use odoo_gateway::admin::NewApiKey;
use serde_json::json;

use super::new_key;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, StubOdoo, StubReply, Version};

const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
const READ: &str = "res.partner.read";

/// A key for the stub's user with a limit of two concurrent requests, including those of its login tokens.
async fn fixture() -> (StubOdoo, Gateway, Client, Client) {
    let stub = StubOdoo::start().await;
    // Each request makes a call, so that the stub can hold it.
    let gateway = Gateway::start_with_stub(&stub, &[("ODOO_GATEWAY__ODOO__0__SHARE_READS", "false")]).await;
    let mut terms = new_key(Version::Odoo19, "two at a time").terms;
    terms.concurrent = Some(2);
    let of_stub = NewApiKey {
        database: None,
        login: "admin".to_owned(),
        secret: PASSWORD.into(),
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms,
    };
    let (_, key) = gateway.administration().await.create_key(of_stub).await.unwrap();
    let with_key = gateway.client().with_header("api-key", key.expose());
    with_key.get(PARTNER, &[("fields", "name")]).await.ok();
    stub.once(
        "res.users.read",
        StubReply::value(
            "<array><data><value><struct><member><name>name</name><value><string>Ada\
        </string></value></member></struct></value></data></array>",
        ),
    );
    let minted = with_key.post("/api/generate_token", &json!({})).await.ok();
    let with_token = gateway.client().with_header("token", minted["login_token"].as_str().unwrap());
    with_token.get(PARTNER, &[("fields", "name")]).await.ok();
    (stub, gateway, with_key, with_token)
}

#[tokio::test]
async fn concurrent_requests_are_limited_until_one_ends() {
    let (stub, _gateway, with_key, with_token) = fixture().await;
    stub.when(READ, StubReply::Hold);
    let before = stub.call_count(READ);
    let under_way = [with_key.clone(), with_token.clone()]
        .map(|client| tokio::spawn(async move { client.get(PARTNER, &[("fields", "name")]).await }));
    stub.wait_for_calls(READ, before + 2).await;
    for client in [&with_key, &with_token] {
        let rejected = client.get(PARTNER, &[("fields", "name")]).await;
        rejected.problem(429, "too_many_at_once");
        assert_eq!(rejected.header("retry-after"), "1");
    }
    assert_eq!(with_key.post("/api/generate_token", &json!({})).await.status, 429);
    assert_eq!(stub.call_count(READ), before + 2, "rejected requests do not reach Odoo");
    stub.release(READ);
    for response in under_way {
        response.await.unwrap().ok();
    }
    with_key.get(PARTNER, &[("fields", "name")]).await.ok();
}

#[tokio::test]
async fn disconnect_releases_the_permit() {
    let (stub, _gateway, with_key, _) = fixture().await;
    stub.when(READ, StubReply::Hold);
    let before = stub.call_count(READ);
    let under_way: Vec<_> = (0..2)
        .map(|_| {
            let client = with_key.clone();
            tokio::spawn(async move { client.get(PARTNER, &[("fields", "name")]).await })
        })
        .collect();
    stub.wait_for_calls(READ, before + 2).await;
    under_way.iter().for_each(tokio::task::JoinHandle::abort);
    stub.release(READ);
    let free = async { while with_key.get(PARTNER, &[("fields", "name")]).await.status != 200 {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), free).await.expect("the permits are free again");
}
