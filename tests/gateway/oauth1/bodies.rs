//! `oauth_body_hash`: the signature of a body that is not a form.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};

use super::{ACCESS_TOKEN, Consumer, PARTNERS, REQUEST_TOKEN, get, new_application, unthrottled_gateway};
use crate::support::client::send;
use crate::support::signer::{FORM, ParamLocation};
use crate::support::{Client, Version, unique};

const PATH: &str = "/restapi/1.0/object/res.partner";
const JSON: &str = "application/json";

fn hash(algorithm: &'static Algorithm, body: &str) -> String {
    STANDARD.encode(digest(algorithm, body.as_bytes()))
}

fn post(client: &Client, kind: &str, body: &str) -> RequestBuilder {
    client.request(Method::POST, PATH).header("content-type", kind).body(body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn body_hash_is_verified_if_sent() {
    let gateway = unthrottled_gateway(&[]).await;
    let client = gateway.client();
    for version in Version::each() {
        let signer = Consumer::new(&gateway, new_application(version, version.database())).await.connect(&client).await;
        let body = serde_json::json!({"vals": {"name": unique("hashed")}}).to_string();
        let other = body.replace("hashed", "forged");
        for method in ["HMAC-SHA1", "HMAC-SHA256"] {
            let with = |hash: &str| signer.with_method(method).with_fresh_nonce().with_param("oauth_body_hash", hash);
            let right = with(&hash(&SHA1_FOR_LEGACY_USE_ONLY, &body));
            send(right.sign(post(&client, JSON, &body))).await.ok();
            // The same signature and hash with another body.
            let header = with(&hash(&SHA1_FOR_LEGACY_USE_ONLY, &body)).header(post(&client, JSON, &body));
            let forged = send(post(&client, JSON, &other).header("authorization", &header)).await;
            let problem = forged.problem(401, "credential_invalid");
            assert_eq!(problem["parameter"], "oauth_body_hash");
            for wrong in ["", "x", &hash(&SHA1_FOR_LEGACY_USE_ONLY, "")] {
                send(with(wrong).sign(post(&client, JSON, &body))).await.problem(401, "credential_invalid");
            }
        }
        let own =
            signer.with_method("HMAC-SHA256").with_fresh_nonce().with_param("oauth_body_hash", &hash(&SHA256, &body));
        send(own.sign(post(&client, JSON, &body))).await.ok();
        // In the query it is a protocol parameter, not a parameter of the dialect.
        let in_query = signer
            .with_location(ParamLocation::Query)
            .with_fresh_nonce()
            .with_param("oauth_body_hash", &hash(&SHA256, &body));
        send(in_query.sign(post(&client, JSON, &body))).await.ok();
        // The hash of an empty body.
        let empty = signer.with_fresh_nonce().with_param("oauth_body_hash", &hash(&SHA1_FOR_LEGACY_USE_ONLY, ""));
        get(&empty, &client, PARTNERS).await.ok();
        let form = "vals={'name': 'hashed form'}";
        let with_form = signer.with_fresh_nonce().with_param("oauth_body_hash", &hash(&SHA256, form));
        send(with_form.sign(post(&client, FORM, form))).await.ok();
        let searched = [("domain", "[('name','like','forged')]")];
        let found = client.on(version).as_user("admin").get(PARTNERS, &searched).await.ok();
        assert_eq!(found["count"], 0, "rejected requests wrote nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn token_requests_with_an_unsigned_body_are_rejected() {
    let gateway = unthrottled_gateway(&[]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "hashes")).await;
    let wrong = hash(&SHA256, "another body");
    let token_request =
        consumer.signer.with_fresh_nonce().with_param("oauth_callback", "oob").with_param("oauth_body_hash", &wrong);
    send(token_request.sign(client.request(Method::POST, REQUEST_TOKEN))).await.problem(401, "credential_invalid");
    // A body without a verified signature is not read to its end.
    let large = client.request(Method::POST, REQUEST_TOKEN).header("content-type", JSON).body("x".repeat(100_000));
    assert_eq!(send(token_request.with_fresh_nonce().sign(large)).await.status, 413);
    let (token, secret) = consumer.request_token(&client, "oob").await;
    let verifier = consumer.approve(&token).await.verifier.unwrap();
    let signer = consumer.signer.with_token(&token, &secret);
    let with = |hash: &str| {
        let signer = signer
            .with_fresh_nonce()
            .with_param("oauth_verifier", verifier.expose())
            .with_param("oauth_body_hash", hash);
        signer.sign(client.request(Method::POST, ACCESS_TOKEN))
    };
    send(with(&wrong)).await.problem(401, "credential_invalid");
    assert_eq!(send(with(&hash(&SHA256, ""))).await.status, 200, "the request token is still valid");
}
