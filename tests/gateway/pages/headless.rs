//! Trusted applications get JSON and no page (contract section 7), as the vendor's manual prints it.

use odoo_gateway::admin::{ApplicationSettings, WantedApplication};
use reqwest::Method;
use serde_json::Value;

use super::{OAUTH1, OAUTH2, TOKEN, create, create_consumer, request, trusted, wanted};
use crate::support::client::send;
use crate::support::signer::Signer;
use crate::support::{Answer, Gateway};

const STATE: &str = "Y1Ux1iNPvn6KYQK5Lj84WJ9VJrQw1L";
const MANUALS: &str = "https://127.0.0.1/callback";

fn names(answer: &Value) -> Vec<&str> {
    answer.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The description in a refusal, which is RFC 6749's.
#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) -> String {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(error)), "{}", answer.text);
    assert!(!answer.text.contains("code\":"), "{}", answer.text);
    answer.json()["error_description"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manuals_exchange_of_oauth2_works_as_printed() {
    let gateway = Gateway::before_odoo(&[]).await;
    let (id, secret) = create(&gateway, trusted("Manual", &[MANUALS])).await;
    let printed = format!(
        "OAuth client_id='{id}', state='{STATE}', redirect_uri='https%3A%2F%2F127.0.0.1%2Fcallback', response_type='code'"
    );
    let answer = gateway.client().with_header("authorization", &printed).get(OAUTH2, &[]).await.ok();
    assert_eq!(names(&answer), ["code", "state"]);
    assert_eq!(answer["state"], STATE);
    // A comma is missing in the manual.
    let printed = format!(
        "OAuth client_id='{id}', client_secret='{secret}', redirect_uri='https%3A%2F%2F127.0.0.1%2Fcallback', \
         code='{}' grant_type='authorization_code'",
        answer["code"].as_str().unwrap()
    );
    let given = send(gateway.client().with_header("authorization", &printed).request(Method::POST, TOKEN)).await.ok();
    assert_eq!(given["token_type"], "bearer");
    let bearer = format!("Bearer {}", given["access_token"].as_str().unwrap());
    let client = gateway.client().with_header("authorization", &bearer);
    client.get("/restapi/1.0/object/res.partner/search_count", &[]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_application_asks_in_the_query_too() {
    let gateway = Gateway::before_odoo(&[]).await;
    let (id, _) = create(&gateway, trusted("Query", &[MANUALS])).await;
    let path = request(&[("client_id", &id), ("response_type", "code"), ("state", "a b")]);
    let json = gateway.client().with_header("accept", "application/json");
    let answer = json.get(&path, &[]).await;
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
    assert_eq!(answer.header("set-cookie"), "");
    assert_eq!((names(&answer.ok()), &answer.ok()["state"]), (vec!["code", "state"], &Value::from("a b")));
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    assert_eq!(names(&json.get(&path, &[]).await.ok()), ["code"]);
    // A person gets the page all the same.
    let page =
        gateway.client().with_header("accept", "text/html,application/xhtml+xml,*/*;q=0.8").get(&path, &[]).await;
    assert!(page.text.contains("<h1>Sign in</h1>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_trusted_is_told_that_a_person_is_needed() {
    let gateway = Gateway::before_odoo(&[]).await;
    let (plain, _) = create(&gateway, wanted("Untrusted", &[MANUALS])).await;
    let elsewhere = trusted("Elsewhere", &[MANUALS]);
    let terms = odoo_gateway::store::KeyTerms { networks: vec!["192.0.2.0/24".parse().unwrap()], ..elsewhere.terms };
    let (elsewhere, _) = create(&gateway, WantedApplication { terms, ..elsewhere }).await;
    let (good, _) = create(&gateway, trusted("Good", &[MANUALS])).await;
    let json = gateway.client().with_header("accept", "application/json");
    let ask = |id: &str, more: &[(&str, &str)]| {
        let path = request(&[&[("client_id", id)], more].concat());
        let json = json.clone();
        async move { json.get(&path, &[]).await }
    };
    let code = ("response_type", "code");
    for id in [&plain, &elsewhere] {
        let refused = refused(&ask(id, &[code]).await, 401, "unauthorized_client");
        assert!(refused.contains("A person has to log in"), "{refused}");
    }
    let browser_says_oauth =
        gateway.client().with_header("authorization", &format!("OAuth client_id='{plain}', response_type='code'"));
    refused(&browser_says_oauth.get(OAUTH2, &[]).await, 401, "unauthorized_client");
    refused(&ask("ogw_app_x", &[code]).await, 401, "invalid_client");
    refused(&ask("", &[code]).await, 400, "invalid_request");
    refused(&ask(&good, &[]).await, 400, "invalid_request");
    refused(&ask(&good, &[("response_type", "token")]).await, 400, "unsupported_response_type");
    refused(&ask(&good, &[code, ("redirect_uri", "https://evil.example")]).await, 400, "invalid_request");
    refused(&ask(&good, &[code, ("scope", "openid")]).await, 400, "invalid_scope");
    let twice = json.with_header("authorization", "OAuth a='b'").with_header("authorization", "OAuth a='b'");
    refused(&twice.get(OAUTH2, &[]).await, 400, "invalid_request");
    let both = json.with_header("authorization", &format!("OAuth client_id='{good}'"));
    refused(&both.get(&request(&[("client_id", &good), code]), &[]).await, 400, "invalid_request");
    refused(&json.with_header("authorization", "OAuth client_id='").get(OAUTH2, &[]).await, 400, "invalid_request");
    refused(&json.with_header("authorization", "OAuth client_id='%FF'").get(OAUTH2, &[]).await, 400, "invalid_request");
}

async fn pair(signed: reqwest::RequestBuilder) -> (String, String) {
    let answer: Answer = send(signed).await;
    let said = super::told(&format!("?{}", answer.text));
    (said["oauth_token"].clone(), said["oauth_token_secret"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manuals_exchange_of_oauth1_works_without_a_page() {
    let gateway = Gateway::before_odoo(&[]).await;
    let client = gateway.client();
    let json = client.with_header("accept", "application/json");
    let (key, secret) = create_consumer(&gateway, trusted("Signed manual", &[MANUALS])).await;
    let signer = Signer::new(&key, &secret);
    let post = |path: &str| client.request(Method::POST, path);
    let asking = signer.saying("oauth_callback", MANUALS);
    let (token, token_secret) = pair(asking.now().sign(post("/restapi/1.0/common/oauth1/request_token"))).await;
    let answer = json.get(OAUTH1, &[("oauth_token", &token)]).await.ok();
    assert_eq!(names(&answer), ["oauth_token", "oauth_verifier"]);
    assert_eq!(answer["oauth_token"], token);
    json.get(OAUTH1, &[("oauth_token", &token)]).await.refused(401, "credential_invalid");
    let signer =
        signer.with_token(&token, &token_secret).saying("oauth_verifier", answer["oauth_verifier"].as_str().unwrap());
    let (token, token_secret) = pair(signer.now().sign(post("/restapi/1.0/common/oauth1/access_token"))).await;
    let signer = Signer::new(&key, &secret).with_token(&token, &token_secret).now();
    send(signer.sign(client.request(Method::GET, "/restapi/1.0/object/res.partner/search_count"))).await.ok();
    // In the header, as the manual has its other calls.
    let (token, _) = pair(asking.now().sign(post("/restapi/1.0/common/oauth1/request_token"))).await;
    let said = client.with_header("authorization", &format!("OAuth oauth_token='{token}'"));
    assert_eq!(said.get(OAUTH1, &[]).await.ok()["oauth_token"], token);
    let (plain, plain_secret) = create_consumer(&gateway, untrusted()).await;
    let asking = Signer::new(&plain, &plain_secret).saying("oauth_callback", "oob");
    let (token, _) = pair(asking.now().sign(post("/restapi/1.0/common/oauth1/request_token"))).await;
    let told = json.get(OAUTH1, &[("oauth_token", &token)]).await.refused(401, "person_needed");
    assert!(told["hint"].as_str().unwrap().contains("trusted"));
    json.get(OAUTH1, &[]).await.refused(400, "missing_parameter");
    json.get(OAUTH1, &[("oauth_token", "x")]).await.refused(401, "credential_invalid");
}

/// It signs, and is bound to a user all the same.
fn untrusted() -> WantedApplication {
    let trusted = trusted("Untrusted signer", &[MANUALS]);
    WantedApplication { settings: ApplicationSettings { trusted: false, ..trusted.settings }, ..trusted }
}
