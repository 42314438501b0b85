//! Unmodified client libraries, from the request token to records of a real Odoo.

use serde_json::{Value, json};

use super::{CALLBACK, Consumer, PLAIN_CALLBACK, new_application, unthrottled_gateway};
use crate::support::foreign_clients::ForeignClient;
use crate::support::{Gateway, Version};

/// The requests that each library sends.
fn calls(version: Version) -> Value {
    let name = format!("A & B + \u{20ac} \u{1f600} {}", version.database());
    json!([
        {"method": "GET", "path": "/restapi/1.0/object/res.partner/search",
         "params": {"domain": "[('name','ilike','a b+c%')]", "limit": "2"}},
        {"method": "GET", "path": "/restapi/1.0/object/res.partner/",
         "params": {"domain": "[(\"is_company\",\"=\",True)]", "fields": "['name','email']", "limit": "3"}},
        {"method": "POST", "path": "/restapi/1.0/object/res.partner", "form": {"vals": json!({"name": name}).to_string()}},
        {"method": "POST", "path": "/restapi/1.0/object/res.partner?context=%7B%7D", "json": {"vals": {"name": name}}},
        {"method": "POST", "path": "/restapi/1.0/object/res.partner",
         "params": {"vals": json!({"name": name, "city": "a=b&c~d*'()!"}).to_string()}},
    ])
}

async fn completes_the_flow(gateway: &Gateway, library: &str, version: Version, callback: &str, method: &str) {
    let name = format!("{library} {} {callback} {method}", version.database());
    let consumer = Consumer::new(gateway, new_application(version, &name)).await;
    let facts = json!({
        "gateway": format!("http://{}", gateway.address()), "key": consumer.signer.key,
        "secret": consumer.signer.secret, "callback": callback, "method": method, "calls": calls(version),
    });
    let mut client = ForeignClient::start(library, &facts);
    let authorize: url::Url = client.next_message().await["authorize"].as_str().unwrap().parse().unwrap();
    // Authlib sends the callback again; the gateway uses the one of the signed request.
    let (_, token) = authorize.query_pairs().find(|(name, _)| name == "oauth_token").unwrap();
    let decided = consumer.approve(&token).await;
    let back = decided.redirect_uri().unwrap_or_else(|| decided.verifier.unwrap().expose().to_owned());
    client.send_line(&back).await;
    let responses = client.next_message().await["responses"].as_array().unwrap().clone();
    assert_eq!(responses.len(), 5);
    for response in &responses {
        assert_eq!(response["status"], 200, "{name}: {response}");
    }
    let created: Value = serde_json::from_str(responses[4]["text"].as_str().unwrap()).unwrap();
    let partner = created.as_object().unwrap().values().next().unwrap();
    assert_eq!(partner["city"], "a=b&c~d*'()!", "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_oauthlib_completes_the_flow() {
    let gateway = unthrottled_gateway(&[]).await;
    for version in Version::each() {
        for (callback, method) in [("oob", "HMAC-SHA1"), (CALLBACK, "HMAC-SHA256"), (CALLBACK, "HMAC-SHA512")] {
            completes_the_flow(&gateway, "requests-oauthlib", version, callback, method).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_completes_the_flow() {
    let gateway = unthrottled_gateway(&[]).await;
    for version in Version::each() {
        // Authlib decodes a callback twice before it signs it, so its signature of an encoded callback is wrong.
        for callback in ["oob", PLAIN_CALLBACK] {
            completes_the_flow(&gateway, "authlib", version, callback, "HMAC-SHA1").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oauthlib_completes_the_flow() {
    let gateway = unthrottled_gateway(&[]).await;
    for version in Version::each() {
        for (callback, method) in [("oob", "HMAC-SHA256"), (CALLBACK, "HMAC-SHA1")] {
            completes_the_flow(&gateway, "oauthlib", version, callback, method).await;
        }
    }
}
