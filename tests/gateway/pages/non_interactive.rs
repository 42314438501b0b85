//! Trusted applications get JSON instead of a page, as the vendor's manual prints it (docs/dialects/restapi.md).

use odoo_gateway::admin::{ApplicationSettings, NewApplication};
use reqwest::Method;
use serde_json::Value;

use super::{OAUTH1, OAUTH2, TOKEN, create, create_consumer, new_application, request, trusted};
use crate::support::client::send;
use crate::support::signer::Signer;
use crate::support::{Gateway, Response};

const STATE: &str = "Y1Ux1iNPvn6KYQK5Lj84WJ9VJrQw1L";
const MANUALS: &str = "https://127.0.0.1/callback";

fn names(response: &Value) -> Vec<&str> {
    response.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Checks that a response is an error of RFC 6749, and returns its description.
#[track_caller]
fn oauth_error(response: &Response, status: u16, error: &str) -> String {
    assert_eq!((response.status, response.json()["error"].as_str()), (status, Some(error)), "{}", response.text);
    assert!(!response.text.contains("code\":"), "{}", response.text);
    response.json()["error_description"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn manual_completes_the_oauth2_exchange() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (id, secret) = create(&gateway, trusted("Manual", &[MANUALS])).await;
    let printed = format!(
        "OAuth client_id='{id}', state='{STATE}', redirect_uri='https%3A%2F%2F127.0.0.1%2Fcallback', response_type='code'"
    );
    let response = gateway.client().with_header("authorization", &printed).get(OAUTH2, &[]).await.ok();
    assert_eq!(names(&response), ["code", "state"]);
    assert_eq!(response["state"], STATE);
    // The manual omits a comma.
    let printed = format!(
        "OAuth client_id='{id}', client_secret='{secret}', redirect_uri='https%3A%2F%2F127.0.0.1%2Fcallback', \
         code='{}' grant_type='authorization_code'",
        response["code"].as_str().unwrap()
    );
    let issued = send(gateway.client().with_header("authorization", &printed).request(Method::POST, TOKEN)).await.ok();
    assert_eq!(issued["token_type"], "bearer");
    let bearer = format!("Bearer {}", issued["access_token"].as_str().unwrap());
    let client = gateway.client().with_header("authorization", &bearer);
    client.get("/restapi/1.0/object/res.partner/search_count", &[]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn trusted_application_may_send_parameters_in_the_query() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (id, _) = create(&gateway, trusted("Query", &[MANUALS])).await;
    let path = request(&[("client_id", &id), ("response_type", "code"), ("state", "a b")]);
    let json = gateway.client().with_header("accept", "application/json");
    let response = json.get(&path, &[]).await;
    assert_eq!((response.header("content-type"), response.header("cache-control")), ("application/json", "no-store"));
    assert_eq!(response.header("set-cookie"), "");
    assert_eq!((names(&response.ok()), &response.ok()["state"]), (vec!["code", "state"], &Value::from("a b")));
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    assert_eq!(names(&json.get(&path, &[]).await.ok()), ["code"]);
    // A browser still gets the page.
    let page =
        gateway.client().with_header("accept", "text/html,application/xhtml+xml,*/*;q=0.8").get(&path, &[]).await;
    assert!(page.text.contains("<h1>Sign in</h1>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn untrusted_application_needs_a_user() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (plain, _) = create(&gateway, new_application("Untrusted", &[MANUALS])).await;
    let elsewhere = trusted("Elsewhere", &[MANUALS]);
    let terms = odoo_gateway::store::KeyTerms { networks: vec!["192.0.2.0/24".parse().unwrap()], ..elsewhere.terms };
    let (elsewhere, _) = create(&gateway, NewApplication { terms, ..elsewhere }).await;
    let (good, _) = create(&gateway, trusted("Good", &[MANUALS])).await;
    let json = gateway.client().with_header("accept", "application/json");
    let get_json = |id: &str, more: &[(&str, &str)]| {
        let path = request(&[&[("client_id", id)], more].concat());
        let json = json.clone();
        async move { json.get(&path, &[]).await }
    };
    let code = ("response_type", "code");
    for id in [&plain, &elsewhere] {
        let oauth_error = oauth_error(&get_json(id, &[code]).await, 401, "unauthorized_client");
        assert!(oauth_error.contains("A user must log in"), "{oauth_error}");
    }
    let browser_with_oauth_header =
        gateway.client().with_header("authorization", &format!("OAuth client_id='{plain}', response_type='code'"));
    oauth_error(&browser_with_oauth_header.get(OAUTH2, &[]).await, 401, "unauthorized_client");
    oauth_error(&get_json("ogw_app_x", &[code]).await, 401, "invalid_client");
    oauth_error(&get_json("", &[code]).await, 400, "invalid_request");
    oauth_error(&get_json(&good, &[]).await, 400, "invalid_request");
    oauth_error(&get_json(&good, &[("response_type", "token")]).await, 400, "unsupported_response_type");
    oauth_error(&get_json(&good, &[code, ("redirect_uri", "https://evil.example")]).await, 400, "invalid_request");
    oauth_error(&get_json(&good, &[code, ("scope", "openid")]).await, 400, "invalid_scope");
    let twice = json.with_header("authorization", "OAuth a='b'").with_header("authorization", "OAuth a='b'");
    oauth_error(&twice.get(OAUTH2, &[]).await, 400, "invalid_request");
    let both = json.with_header("authorization", &format!("OAuth client_id='{good}'"));
    oauth_error(&both.get(&request(&[("client_id", &good), code]), &[]).await, 400, "invalid_request");
    oauth_error(&json.with_header("authorization", "OAuth client_id='").get(OAUTH2, &[]).await, 400, "invalid_request");
    oauth_error(
        &json.with_header("authorization", "OAuth client_id='%FF'").get(OAUTH2, &[]).await,
        400,
        "invalid_request",
    );
}

async fn fetch_token_pair(signed: reqwest::RequestBuilder) -> (String, String) {
    let response: Response = send(signed).await;
    let parameters = super::redirect_params(&format!("?{}", response.text));
    (parameters["oauth_token"].clone(), parameters["oauth_token_secret"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn manual_completes_the_oauth1_exchange_without_a_page() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let client = gateway.client();
    let json = client.with_header("accept", "application/json");
    let (key, secret) = create_consumer(&gateway, trusted("Signed manual", &[MANUALS])).await;
    let signer = Signer::new(&key, &secret);
    let post = |path: &str| client.request(Method::POST, path);
    let asking = signer.with_param("oauth_callback", MANUALS);
    let (token, token_secret) =
        fetch_token_pair(asking.with_fresh_nonce().sign(post("/restapi/1.0/common/oauth1/request_token"))).await;
    let response = json.get(OAUTH1, &[("oauth_token", &token)]).await.ok();
    assert_eq!(names(&response), ["oauth_token", "oauth_verifier"]);
    assert_eq!(response["oauth_token"], token);
    json.get(OAUTH1, &[("oauth_token", &token)]).await.problem(401, "credential_invalid");
    let signer = signer
        .with_token(&token, &token_secret)
        .with_param("oauth_verifier", response["oauth_verifier"].as_str().unwrap());
    let (token, token_secret) =
        fetch_token_pair(signer.with_fresh_nonce().sign(post("/restapi/1.0/common/oauth1/access_token"))).await;
    let signer = Signer::new(&key, &secret).with_token(&token, &token_secret).with_fresh_nonce();
    send(signer.sign(client.request(Method::GET, "/restapi/1.0/object/res.partner/search_count"))).await.ok();
    // In the header, as in the manual's other requests.
    let (token, _) =
        fetch_token_pair(asking.with_fresh_nonce().sign(post("/restapi/1.0/common/oauth1/request_token"))).await;
    let in_header = client.with_header("authorization", &format!("OAuth oauth_token='{token}'"));
    assert_eq!(in_header.get(OAUTH1, &[]).await.ok()["oauth_token"], token);
    let (plain, plain_secret) = create_consumer(&gateway, untrusted()).await;
    let asking = Signer::new(&plain, &plain_secret).with_param("oauth_callback", "oob");
    let (token, _) =
        fetch_token_pair(asking.with_fresh_nonce().sign(post("/restapi/1.0/common/oauth1/request_token"))).await;
    let problem = json.get(OAUTH1, &[("oauth_token", &token)]).await.problem(401, "person_needed");
    assert!(problem["hint"].as_str().unwrap().contains("trusted"));
    json.get(OAUTH1, &[]).await.problem(400, "missing_parameter");
    json.get(OAUTH1, &[("oauth_token", "x")]).await.problem(401, "credential_invalid");
}

/// An application that signs and is bound to a user, but is not trusted.
fn untrusted() -> NewApplication {
    let trusted = trusted("Untrusted signer", &[MANUALS]);
    NewApplication { settings: ApplicationSettings { trusted: false, ..trusted.settings }, ..trusted }
}
