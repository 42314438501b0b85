//! Concurrent requests: exactly one succeeds, on both stores (O2-23, O2-26).

use serde_json::Value;

use super::{Fixture, member};
use crate::support::Response;

/// Checks that exactly one response is a success, and returns its body.
fn single_success(responses: Vec<Response>) -> Value {
    let (won, lost): (Vec<_>, Vec<_>) = responses.into_iter().partition(|response| response.status == 200);
    assert_eq!(won.len(), 1, "{lost:?}");
    for response in &lost {
        assert_eq!((response.status, &response.json()["error"]), (400, &"invalid_grant".into()), "{}", response.text);
    }
    won[0].ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_twenty_concurrent_exchanges_succeeds() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        for round in 0..5 {
            let code = fixture.code(&application, "", None).await;
            let tries = (0..20).map(|_| fixture.redeem(&application, &secret, &code));
            let issued = single_success(futures_util::future::join_all(tries).await);
            // The code was used twice, so one of the users may be an attacker.
            let dead = fixture.call_api(&member(&issued, "access_token")).await;
            assert_eq!(dead.status, 401, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_twenty_concurrent_refreshes_succeeds() {
    for fixture in Fixture::on_both_stores().await {
        let (application, secret) = fixture.application("shop", |_| {}).await;
        for round in 0..5 {
            let code = fixture.code(&application, "", None).await;
            let issued = fixture.redeem(&application, &secret, &code).await.ok();
            let refresh = member(&issued, "refresh_token");
            let tries = (0..20).map(|_| fixture.refresh(&application, &secret, &refresh));
            let next = single_success(futures_util::future::join_all(tries).await);
            for dead in [&issued, &next] {
                assert_eq!(fixture.call_api(&member(dead, "access_token")).await.status, 401, "round {round}");
            }
        }
    }
}
