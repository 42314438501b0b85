//! How many requests a key may have under way at one time, before an Odoo that takes its time.

use odoo_gateway::admin::WantedKey;
use serde_json::json;

use super::wanted;
use crate::support::stub::PASSWORD;
use crate::support::{Act, Client, Gateway, Stub, Version};

const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
const READ: &str = "res.partner.read";

/// A key for the stub's user that may have two requests under way, by itself and by the tokens made with it.
async fn scene() -> (Stub, Gateway, Client, Client) {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let mut terms = wanted(Version::Odoo19, "two at a time").terms;
    terms.concurrent = Some(2);
    let of_stub = WantedKey {
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
        Act::value(
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
async fn a_key_has_no_more_under_way_than_it_may_and_then_it_may_again() {
    let (stub, _gateway, with_key, with_token) = scene().await;
    stub.when(READ, Act::Hold);
    let before = stub.asked(READ);
    let under_way = [with_key.clone(), with_token.clone()]
        .map(|client| tokio::spawn(async move { client.get(PARTNER, &[("fields", "name")]).await }));
    stub.until_asked(READ, before + 2).await;
    for client in [&with_key, &with_token] {
        let refused = client.get(PARTNER, &[("fields", "name")]).await;
        refused.refused(429, "too_many_at_once");
        assert_eq!(refused.header("retry-after"), "1");
    }
    assert_eq!(with_key.post("/api/generate_token", &json!({})).await.status, 429);
    assert_eq!(stub.asked(READ), before + 2, "who finds no place costs Odoo nothing");
    stub.let_go(READ);
    for answer in under_way {
        answer.await.unwrap().ok();
    }
    with_key.get(PARTNER, &[("fields", "name")]).await.ok();
}

#[tokio::test]
async fn who_leaves_leaves_his_place() {
    let (stub, _gateway, with_key, _) = scene().await;
    stub.when(READ, Act::Hold);
    let before = stub.asked(READ);
    let under_way: Vec<_> = (0..2)
        .map(|_| {
            let client = with_key.clone();
            tokio::spawn(async move { client.get(PARTNER, &[("fields", "name")]).await })
        })
        .collect();
    stub.until_asked(READ, before + 2).await;
    under_way.iter().for_each(tokio::task::JoinHandle::abort);
    stub.let_go(READ);
    let free = async { while with_key.get(PARTNER, &[("fields", "name")]).await.status != 200 {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), free).await.expect("the places are free again");
}
