//! Libraries as anybody has them, unmodified, all the way from the request token to records of a real Odoo.

use serde_json::{Value, json};

use super::{CALLBACK, Consumer, PLAIN_CALLBACK, quick, wanted};
use crate::support::library::Library;
use crate::support::{Gateway, Version};

/// What each of them asks for, and what is to come of it.
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

async fn goes_all_the_way(gateway: &Gateway, library: &str, version: Version, callback: &str, method: &str) {
    let name = format!("{library} {} {callback} {method}", version.database());
    let consumer = Consumer::new(gateway, wanted(version, &name)).await;
    let facts = json!({
        "gateway": format!("http://{}", gateway.address()), "key": consumer.signer.key,
        "secret": consumer.signer.secret, "callback": callback, "method": method, "calls": calls(version),
    });
    let mut client = Library::start(library, &facts);
    let authorize: url::Url = client.says().await["authorize"].as_str().unwrap().parse().unwrap();
    // Authlib says the callback once more; it counts as it was said when it was signed.
    let (_, token) = authorize.query_pairs().find(|(name, _)| name == "oauth_token").unwrap();
    let decided = consumer.approve(&token).await;
    let back = decided.redirection().unwrap_or_else(|| decided.verifier.unwrap().expose().to_owned());
    client.tell(&back).await;
    let answers = client.says().await["answers"].as_array().unwrap().clone();
    assert_eq!(answers.len(), 5);
    for answer in &answers {
        assert_eq!(answer["status"], 200, "{name}: {answer}");
    }
    let created: Value = serde_json::from_str(answers[4]["text"].as_str().unwrap()).unwrap();
    let partner = created.as_object().unwrap().values().next().unwrap();
    assert_eq!(partner["city"], "a=b&c~d*'()!", "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_oauthlib_goes_all_the_way() {
    let gateway = quick(&[]).await;
    for version in Version::BOTH {
        for (callback, method) in [("oob", "HMAC-SHA1"), (CALLBACK, "HMAC-SHA256"), (CALLBACK, "HMAC-SHA512")] {
            goes_all_the_way(&gateway, "requests-oauthlib", version, callback, method).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_goes_all_the_way() {
    let gateway = quick(&[]).await;
    for version in Version::BOTH {
        // It decodes a callback twice before it signs it: what is encoded in one it signs wrongly.
        for callback in ["oob", PLAIN_CALLBACK] {
            goes_all_the_way(&gateway, "authlib", version, callback, "HMAC-SHA1").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oauthlib_goes_all_the_way() {
    let gateway = quick(&[]).await;
    for version in Version::BOTH {
        for (callback, method) in [("oob", "HMAC-SHA256"), (CALLBACK, "HMAC-SHA1")] {
            goes_all_the_way(&gateway, "oauthlib", version, callback, method).await;
        }
    }
}
