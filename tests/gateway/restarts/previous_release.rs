//! The binary of the previous release on a store that this one has migrated, as while gateways are replaced one after
//! the other. `make prove` builds that binary, and names it in `PREVIOUS_RELEASE`.

use serde_json::json;

use super::{Cluster, PARTNER};
use crate::oauth1::UNTHROTTLED;
use crate::support::binary::Process;
use crate::support::odoo::empty_database;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, StubOdoo, changes_reach_gateways};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const CREATE: &str = "res.partner.create";

async fn log_in(gateway: &Process) -> String {
    let login = json!({"login": "admin", "password": PASSWORD, "db": "stub"});
    let issued = gateway.client().post("/rest/api/login/token", &login).await.ok();
    issued["access_token"].as_str().unwrap().to_owned()
}

fn with_token(gateway: &Process, token: &str) -> Client {
    gateway.client().with_header("access-token", token)
}

async fn accepts(gateway: &Process, tokens: &[&str]) {
    for token in tokens {
        with_token(gateway, token).get(PARTNER, &[("fields", "name")]).await.ok();
    }
}

async fn works_on_the_store_of(cluster: &Cluster, previous: &str) {
    let serve_previous = async || {
        let folder = tempfile::tempdir().unwrap();
        let serve = async |settings: &[(&str, &str)]| Process::serve_with(previous, folder, settings).await;
        cluster.with_settings(&UNTHROTTLED, serve).await
    };
    let old = serve_previous().await;
    let first = log_in(&old).await;
    let new = cluster.serve(&UNTHROTTLED).await;
    let second = log_in(&new).await;
    for gateway in [&old, &new] {
        accepts(gateway, &[&first, &second]).await;
    }
    assert!(old.stop_with("TERM").await.0.success());

    let old = serve_previous().await;
    let third = log_in(&old).await;
    for gateway in [&old, &new] {
        accepts(gateway, &[&first, &second, &third]).await;
    }
    let (values, created) = (json!({"vals": {"name": "Azure"}}), cluster.stub.call_count(CREATE));
    for (gateway, replayed) in [(&old, ""), (&new, "true"), (&old, "true")] {
        let client = with_token(gateway, &first).with_header("Idempotency-Key", "both");
        let response = client.post(PARTNERS, &values).await;
        assert_eq!((response.status, response.header("idempotency-replayed")), (200, replayed), "{}", response.text);
    }
    assert_eq!(cluster.stub.call_count(CREATE), created + 1);

    for (gateway, token) in [(&old, &second), (&new, &third)] {
        with_token(gateway, token).delete("/rest/api/logout/token", &[]).await.ok();
    }
    changes_reach_gateways().await;
    for gateway in [&old, &new] {
        accepts(gateway, &[&first]).await;
        for token in [&second, &third] {
            with_token(gateway, token).get(PARTNER, &[]).await.problem(401, "credential_invalid");
        }
    }
    for gateway in [old, new] {
        assert!(gateway.stop_with("TERM").await.0.success());
    }
}

#[ignore = "needs a binary that is built from the history: `make resilience` builds it and runs this"]
#[tokio::test(flavor = "multi_thread")]
async fn previous_release_works_on_the_migrated_store_beside_this_one() {
    let previous = std::env::var("PREVIOUS_RELEASE").expect("the path of the binary");
    let (folder, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = format!("sqlite:{}", folder.path().join("gateway.db").display());
    let stub = StubOdoo::start().await;
    works_on_the_store_of(&Cluster { stub: stub.clone(), store: file, keys }, &previous).await;
    let keys = tempfile::tempdir().unwrap();
    works_on_the_store_of(&Cluster { stub, store: empty_database().await, keys }, &previous).await;
}
