//! Many at the same moment: exactly one success, whichever store (O2-23, O2-26).

use serde_json::Value;

use super::{Scene, member};
use crate::support::Answer;

/// One of them was answered, all others were refused; that one.
fn the_one(answers: Vec<Answer>) -> Value {
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1, "{lost:?}");
    for answer in &lost {
        assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()), "{}", answer.text);
    }
    won[0].ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_exchanges_at_once_exactly_one_succeeds() {
    for scene in Scene::both().await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        for round in 0..5 {
            let code = scene.code(&application, "", None).await;
            let tries = (0..20).map(|_| scene.redeem(&application, &secret, &code));
            let given = the_one(futures_util::future::join_all(tries).await);
            // Somebody showed the code twice: nobody can tell the thief from the robbed.
            let dead = scene.call(&member(&given, "access_token")).await;
            assert_eq!(dead.status, 401, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_refreshes_at_once_exactly_one_succeeds() {
    for scene in Scene::both().await {
        let (application, secret) = scene.application("shop", |_| {}).await;
        for round in 0..5 {
            let code = scene.code(&application, "", None).await;
            let given = scene.redeem(&application, &secret, &code).await.ok();
            let refresh = member(&given, "refresh_token");
            let tries = (0..20).map(|_| scene.refresh(&application, &secret, &refresh));
            let next = the_one(futures_util::future::join_all(tries).await);
            for dead in [&given, &next] {
                assert_eq!(scene.call(&member(dead, "access_token")).await.status, 401, "round {round}");
            }
        }
    }
}
