//! Request tokens: the conditions of an exchange, and that it works once.

use futures_util::future::join_all;
use reqwest::Method;

use super::{ACCESS_TOKEN, CALLBACK, Consumer, PARTNERS, get, new_application, parse_token_pair, unthrottled_gateway};
use crate::support::client::send;
use crate::support::signer::Signer;
use crate::support::{Client, Gateway, Response, Version, testbed};

async fn exchange(signer: &Signer, client: &Client, verifier: &str) -> Response {
    let signer = signer.with_fresh_nonce().with_param("oauth_verifier", verifier);
    send(signer.sign(client.request(Method::POST, ACCESS_TOKEN))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_29_o1_30_exchange_needs_the_right_application_and_verifier_and_works_once() {
    let gateway = unthrottled_gateway(&[]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "one")).await;
    let other = Consumer::new(&gateway, new_application(Version::Odoo19, "two")).await;
    let (token, secret) = consumer.request_token(&client, CALLBACK).await;
    let signer = consumer.signer.with_token(&token, &secret);
    // request-token-not-authorized-yet, verifier-missing
    exchange(&signer, &client, "x").await.problem(401, "credential_invalid");
    let missing = send(signer.with_fresh_nonce().sign(client.request(Method::POST, ACCESS_TOKEN))).await;
    assert_eq!((missing.status, missing.json()["parameter"].as_str()), (400, Some("oauth_verifier")));
    let verifier = consumer.approve(&token).await.verifier.unwrap().expose().to_owned();
    assert!(!consumer.is_undecided(&token).await, "a decision was made");
    // verifier-of-other-request-token
    let (second, second_secret) = consumer.request_token(&client, CALLBACK).await;
    let theirs = consumer.approve(&second).await.verifier.unwrap().expose().to_owned();
    exchange(&signer, &client, &theirs).await.problem(401, "credential_invalid");
    // Another application's signature, with the valid token, secret and verifier.
    let stranger = other.signer.with_token(&token, &secret);
    exchange(&stranger, &client, &verifier).await.problem(401, "credential_invalid");
    // A verifier that no user has to type is case-sensitive.
    exchange(&signer, &client, &verifier.to_uppercase()).await.problem(401, "credential_invalid");
    let access = parse_token_pair(&exchange(&signer, &client, &verifier).await);
    exchange(&signer, &client, &verifier).await.problem(401, "credential_invalid");
    parse_token_pair(&exchange(&consumer.signer.with_token(&second, &second_secret), &client, &theirs).await);
    // An access token is not a request token.
    let signer = consumer.signer.with_token(&access.0, &access.1);
    exchange(&signer, &client, &verifier).await.problem(401, "credential_invalid");
    get(&signer.with_fresh_nonce(), &client, PARTNERS).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_27_five_wrong_verifiers_revoke_the_request_token() {
    let gateway = unthrottled_gateway(&[]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "tries")).await;
    for wrong in [4, 5, 20] {
        let (token, secret) = consumer.request_token(&client, "oob").await;
        let signer = consumer.signer.with_token(&token, &secret);
        let verifier = consumer.approve(&token).await.verifier.unwrap().expose().to_owned();
        // Concurrently, so that no request sees the attempts of the others.
        let guesses = join_all((0..wrong).map(|_| exchange(&signer, &client, "00000-00000"))).await;
        assert!(guesses.iter().all(|guess| guess.status == 401));
        let typed = verifier.to_lowercase().replace('-', " ");
        let status = exchange(&signer, &client, &typed).await.status;
        assert_eq!(status, if wrong < 5 { 200 } else { 401 }, "after {wrong} wrong ones");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_28_one_of_twenty_concurrent_exchanges_succeeds_on_both_stores() {
    let postgres =
        format!("{}/oauth1_exchange_{}", testbed().postgres().rsplit_once('/').unwrap().0, std::process::id());
    for store in [None, Some(postgres.as_str())] {
        let (gateway, client) = gateway_on(store).await;
        let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "races")).await;
        for _ in 0..3 {
            let (token, secret) = consumer.request_token(&client, CALLBACK).await;
            let signer = consumer.signer.with_token(&token, &secret);
            let verifier = consumer.approve(&token).await.verifier.unwrap().expose().to_owned();
            let responses = join_all((0..20).map(|_| exchange(&signer, &client, &verifier))).await;
            let issued: Vec<_> = responses.iter().filter(|response| response.status == 200).collect();
            assert_eq!(issued.len(), 1);
            assert!(responses.iter().all(|response| matches!(response.status, 200 | 401)));
            let access = parse_token_pair(issued[0]);
            get(&consumer.signer.with_token(&access.0, &access.1).with_fresh_nonce(), &client, PARTNERS).await.ok();
        }
    }
}

/// An unthrottled gateway on SQLite, or on a database of its own in PostgreSQL.
pub(super) async fn gateway_on(postgres: Option<&str>) -> (Gateway, Client) {
    let gateway = match postgres {
        None => unthrottled_gateway(&[]).await,
        Some(url) => {
            super::replays::create_database(url).await;
            let own = [("ODOO_GATEWAY__STORE__URL", url), ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always")];
            unthrottled_gateway(&own).await
        }
    };
    let client = gateway.client();
    (gateway, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_28_request_token_expires() {
    let gateway = unthrottled_gateway(&[("ODOO_GATEWAY__OAUTH1__REQUEST_TOKEN_LIFETIME", "1s")]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "late")).await;
    let (token, secret) = consumer.request_token(&client, CALLBACK).await;
    let late = async { while consumer.is_undecided(&token).await {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), late).await.expect("the request token expires");
    let signer = consumer.signer.with_token(&token, &secret);
    exchange(&signer, &client, "x").await.problem(401, "credential_invalid");
}
