//! The exchange as the vendor's manual prints it: single quotes, its order of parameters, responses in JSON.

use reqwest::Method;

use super::{ACCESS_TOKEN, Consumer, PARTNERS, REQUEST_TOKEN, new_application, unthrottled_gateway};
use crate::support::signer::Signer;
use crate::support::{Client, Response, Version};

/// As printed, without the line breaks, which HTTP no longer allows.
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

/// The header in single quotes, with the parameters in this order and `between` as the separator.
fn manual_header(header: &str, order: &[&str], between: &str) -> String {
    let parts: Vec<&str> = header.strip_prefix("OAuth ").unwrap().split(", ").collect();
    assert_eq!(parts.len(), order.len());
    let named = |name: &str| *parts.iter().find(|part| part.starts_with(&format!("{name}="))).unwrap();
    let parts: Vec<String> = order.iter().map(|name| named(name).replace('"', "'")).collect();
    format!("OAuth {}", parts.join(between))
}

async fn send(client: &Client, signer: &Signer, address: &str, order: &[&str], between: &str) -> Response {
    let header = manual_header(&signer.header(client.request(Method::POST, address)), order, between);
    let client = client.with_header("authorization", &header).with_header("accept", "application/json");
    crate::support::client::send(client.request(Method::POST, address)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_as_the_manual_prints_them_complete_the_exchange() {
    let gateway = unthrottled_gateway(&[]).await;
    let client = gateway.client();
    let mut new_application = new_application(Version::Odoo19, "manual");
    new_application.settings.redirect_uris = vec!["https://127.0.0.1/callback".to_owned()];
    let consumer = Consumer::new(&gateway, new_application).await;
    for between in [",", ", ", "\t", " ,\t "] {
        let signer = consumer.signer.with_method("HMAC-SHA1");
        let token_request = signer.with_fresh_nonce().with_param("oauth_callback", "https://127.0.0.1/callback");
        let requested = send(&client, &token_request, REQUEST_TOKEN, &ASKING, between).await.ok();
        assert_eq!(requested["oauth_callback_confirmed"], "true");
        let (token, secret) =
            (requested["oauth_token"].as_str().unwrap(), requested["oauth_token_secret"].as_str().unwrap());
        let verifier = consumer.approve(token).await.verifier.unwrap();
        let exchange =
            signer.with_token(token, secret).with_fresh_nonce().with_param("oauth_verifier", verifier.expose());
        let issued = send(&client, &exchange, ACCESS_TOKEN, &EXCHANGING, between).await.ok();
        let names: Vec<_> = issued.as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["oauth_token", "oauth_token_secret"]);
        let (token, secret) = (issued["oauth_token"].as_str().unwrap(), issued["oauth_token_secret"].as_str().unwrap());
        let signer = signer.with_token(token, secret).with_fresh_nonce();
        let header = signer.header(client.request(Method::GET, PARTNERS)).replace('"', "'");
        client.with_header("authorization", &header).get(PARTNERS, &[]).await.ok();
    }
}
