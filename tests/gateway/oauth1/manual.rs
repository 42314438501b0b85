//! The exchange as the vendor's manual prints it: single quotes, its order of parameters, answers in JSON.

use reqwest::Method;

use super::{ACCESS_TOKEN, Consumer, PARTNERS, REQUEST_TOKEN, quick, wanted};
use crate::support::signer::Signer;
use crate::support::{Answer, Client, Version};

/// As it is printed, but for the line breaks, which HTTP no longer knows.
const ASKING: [&str; 7] = [
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_callback",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_signature",
    "oauth_version",
];
const EXCHANGING: [&str; 8] = [
    "oauth_consumer_key",
    "oauth_token",
    "oauth_nonce",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_verifier",
    "oauth_signature",
    "oauth_version",
];

/// The header in single quotes and in this order, its parameters separated as `between` says.
fn printed(header: &str, order: &[&str], between: &str) -> String {
    let parts: Vec<&str> = header.strip_prefix("OAuth ").unwrap().split(", ").collect();
    assert_eq!(parts.len(), order.len());
    let named = |name: &str| *parts.iter().find(|part| part.starts_with(&format!("{name}="))).unwrap();
    let parts: Vec<String> = order.iter().map(|name| named(name).replace('"', "'")).collect();
    format!("OAuth {}", parts.join(between))
}

async fn send(client: &Client, signer: &Signer, address: &str, order: &[&str], between: &str) -> Answer {
    let header = printed(&signer.header(client.request(Method::POST, address)), order, between);
    let client = client.with_header("authorization", &header).with_header("accept", "application/json");
    crate::support::client::send(client.request(Method::POST, address)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exchange_of_the_manual_works_as_printed() {
    let gateway = quick(&[]).await;
    let client = gateway.client();
    let mut wanted = wanted(Version::Odoo19, "manual");
    wanted.settings.redirect_uris = vec!["https://127.0.0.1/callback".to_owned()];
    let consumer = Consumer::new(&gateway, wanted).await;
    for between in [",", ", ", "\t", " ,\t "] {
        let signer = consumer.signer.by("HMAC-SHA1");
        let ask = signer.now().saying("oauth_callback", "https://127.0.0.1/callback");
        let asked = send(&client, &ask, REQUEST_TOKEN, &ASKING, between).await.ok();
        assert_eq!(asked["oauth_callback_confirmed"], "true");
        let (token, secret) = (asked["oauth_token"].as_str().unwrap(), asked["oauth_token_secret"].as_str().unwrap());
        let verifier = consumer.approve(token).await.verifier.unwrap();
        let exchange = signer.with_token(token, secret).now().saying("oauth_verifier", verifier.expose());
        let given = send(&client, &exchange, ACCESS_TOKEN, &EXCHANGING, between).await.ok();
        let names: Vec<_> = given.as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["oauth_token", "oauth_token_secret"]);
        let (token, secret) = (given["oauth_token"].as_str().unwrap(), given["oauth_token_secret"].as_str().unwrap());
        let signer = signer.with_token(token, secret).now();
        let header = signer.header(client.request(Method::GET, PARTNERS)).replace('"', "'");
        client.with_header("authorization", &header).get(PARTNERS, &[]).await.ok();
    }
}
