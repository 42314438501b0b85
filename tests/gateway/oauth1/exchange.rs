//! Request tokens: what it takes to exchange one, and that it works once.

use futures_util::future::join_all;
use reqwest::Method;

use super::{ACCESS_TOKEN, CALLBACK, Consumer, PARTNERS, get, pair, quick, wanted};
use crate::support::client::send;
use crate::support::signer::Signer;
use crate::support::{Answer, Client, Gateway, Version, stand};

async fn exchange(signer: &Signer, client: &Client, verifier: &str) -> Answer {
    let signer = signer.now().saying("oauth_verifier", verifier);
    send(signer.sign(client.request(Method::POST, ACCESS_TOKEN))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_29_o1_30_only_the_right_application_with_the_right_verifier_exchanges_and_once() {
    let gateway = quick(&[]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "one")).await;
    let other = Consumer::new(&gateway, wanted(Version::Odoo19, "two")).await;
    let (token, secret) = consumer.ask(&client, CALLBACK).await;
    let signer = consumer.signer.with_token(&token, &secret);
    // request-token-not-authorized-yet, verifier-missing
    exchange(&signer, &client, "x").await.refused(401, "credential_invalid");
    let missing = send(signer.now().sign(client.request(Method::POST, ACCESS_TOKEN))).await;
    assert_eq!((missing.status, missing.json()["parameter"].as_str()), (400, Some("oauth_verifier")));
    let verifier = consumer.approve(&token).await.verifier.unwrap().expose().to_owned();
    assert!(!consumer.is_waiting(&token).await, "it was decided about");
    // verifier-of-other-request-token
    let (second, second_secret) = consumer.ask(&client, CALLBACK).await;
    let theirs = consumer.approve(&second).await.verifier.unwrap().expose().to_owned();
    exchange(&signer, &client, &theirs).await.refused(401, "credential_invalid");
    // Another application's signature, with the right token, secret and verifier.
    let stranger = other.signer.with_token(&token, &secret);
    exchange(&stranger, &client, &verifier).await.refused(401, "credential_invalid");
    // Of upper and lower case only one is right, where nobody types it.
    exchange(&signer, &client, &verifier.to_uppercase()).await.refused(401, "credential_invalid");
    let access = pair(&exchange(&signer, &client, &verifier).await);
    exchange(&signer, &client, &verifier).await.refused(401, "credential_invalid");
    pair(&exchange(&consumer.signer.with_token(&second, &second_secret), &client, &theirs).await);
    // An access token is no request token.
    let signer = consumer.signer.with_token(&access.0, &access.1);
    exchange(&signer, &client, &verifier).await.refused(401, "credential_invalid");
    get(&signer.now(), &client, PARTNERS).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_27_five_wrong_verifiers_kill_the_request_token() {
    let gateway = quick(&[]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "tries")).await;
    for wrong in [4, 5, 20] {
        let (token, secret) = consumer.ask(&client, "oob").await;
        let signer = consumer.signer.with_token(&token, &secret);
        let verifier = consumer.approve(&token).await.verifier.unwrap().expose().to_owned();
        // At once, so that none of them sees the others' tries.
        let guesses = join_all((0..wrong).map(|_| exchange(&signer, &client, "00000-00000"))).await;
        assert!(guesses.iter().all(|guess| guess.status == 401));
        let typed = verifier.to_lowercase().replace('-', " ");
        let status = exchange(&signer, &client, &typed).await.status;
        assert_eq!(status, if wrong < 5 { 200 } else { 401 }, "behind {wrong} wrong ones");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_28_of_twenty_exchanges_at_once_one_succeeds_on_both_stores() {
    let postgres = format!("{}/oauth1_exchange_{}", stand().postgres().rsplit_once('/').unwrap().0, std::process::id());
    for store in [None, Some(postgres.as_str())] {
        let (gateway, client) = on(store).await;
        let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "races")).await;
        for _ in 0..3 {
            let (token, secret) = consumer.ask(&client, CALLBACK).await;
            let signer = consumer.signer.with_token(&token, &secret);
            let verifier = consumer.approve(&token).await.verifier.unwrap().expose().to_owned();
            let answers = join_all((0..20).map(|_| exchange(&signer, &client, &verifier))).await;
            let given: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
            assert_eq!(given.len(), 1);
            assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401)));
            let access = pair(given[0]);
            get(&consumer.signer.with_token(&access.0, &access.1).now(), &client, PARTNERS).await.ok();
        }
    }
}

/// A quick gateway on SQLite, or on a database of its own in PostgreSQL.
pub(super) async fn on(postgres: Option<&str>) -> (Gateway, Client) {
    let gateway = match postgres {
        None => quick(&[]).await,
        Some(url) => {
            super::replays::create_database(url).await;
            let own = [("ODOO_GATEWAY__STORE__URL", url), ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always")];
            quick(&own).await
        }
    };
    let client = gateway.client();
    (gateway, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_28_a_request_token_ends_in_time() {
    let gateway = quick(&[("ODOO_GATEWAY__OAUTH1__REQUEST_TOKEN_LIFETIME", "1s")]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "late")).await;
    let (token, secret) = consumer.ask(&client, CALLBACK).await;
    let late = async { while consumer.is_waiting(&token).await {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), late).await.expect("it ends");
    let signer = consumer.signer.with_token(&token, &secret);
    exchange(&signer, &client, "x").await.refused(401, "credential_invalid");
}
