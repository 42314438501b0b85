//! OAuth 1 in a real browser.

use odoo_gateway::admin::{ApplicationSettings, NewApplication, SignatureMethod};
use reqwest::Method;

use super::{OAUTH1, create, log_in, new_application, redirect_params};
use crate::support::client::send;
use crate::support::signer::Signer;
use crate::support::{Browser, Callback, Client, Gateway};

const REQUEST_TOKEN: &str = "/restapi/1.0/common/oauth1/request_token";
const ACCESS_TOKEN: &str = "/restapi/1.0/common/oauth1/access_token";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

fn signing(name: &str, callbacks: &[&str]) -> NewApplication {
    let plain = new_application(name, callbacks);
    let oauth1 = [SignatureMethod::HmacSha1, SignatureMethod::HmacSha256].into();
    NewApplication { settings: ApplicationSettings { oauth1, ..plain.settings }, ..plain }
}

/// Sends a signed token request. Returns the token and its secret.
async fn fetch_token_pair(client: &Client, path: &str, signer: &Signer) -> Option<(String, String)> {
    let response = send(signer.with_fresh_nonce().sign(client.request(Method::POST, path))).await;
    let parameters = redirect_params(&format!("?{}", response.text));
    (response.status == 200).then(|| (parameters["oauth_token"].clone(), parameters["oauth_token_secret"].clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn approval_redirects_with_a_verifier() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let client = gateway.client();
    let mut application = Callback::serving("<p>welcome back</p>").await;
    let callback = format!("{}/back?keep=%7e+1", application.origin);
    let (key, secret) = create(&gateway, signing("Signing shop", &[&callback])).await;
    let signer = Signer::new(&key, &secret);
    let asking = signer.with_param("oauth_callback", &callback);
    let (token, token_secret) = fetch_token_pair(&client, REQUEST_TOKEN, &asking).await.unwrap();
    let browser = Browser::open(900, 760, &[]).await;
    browser.goto(&format!("http://{}{OAUTH1}?oauth_token={token}", gateway.address())).await;
    log_in(&browser, "internal", "internal").await;
    browser.click("button[value=allow]").await;
    let target = application.next_request().await;
    let (before, _) = target.split_once("&oauth_token=").unwrap();
    assert_eq!(before, "/back?keep=%7e+1", "its own query is unchanged");
    let returned = redirect_params(&target);
    assert_eq!(returned["oauth_token"], token);
    let signer = signer.with_token(&token, &token_secret).with_param("oauth_verifier", &returned["oauth_verifier"]);
    let (token, token_secret) = fetch_token_pair(&client, ACCESS_TOKEN, &signer).await.unwrap();
    let signer = Signer::new(&key, &secret).with_token(&token, &token_secret);
    send(signer.with_fresh_nonce().sign(client.request(Method::GET, PARTNERS))).await.ok();
    // The browser still has a session; the request token works once.
    browser.goto(&format!("http://{}{OAUTH1}?oauth_token={}", gateway.address(), returned["oauth_token"])).await;
    let page = browser.text().await;
    assert!(page.contains("This authorization request is unknown, has expired, or was already answered."), "{page}");
    browser.save_screenshot("ended").await;
    // Denied.
    let (token, _) = fetch_token_pair(&client, REQUEST_TOKEN, &asking).await.unwrap();
    browser.goto(&format!("http://{}{OAUTH1}?oauth_token={token}", gateway.address())).await;
    browser.click("button[value=deny]").await;
    let returned = redirect_params(&application.next_request().await);
    assert_eq!((&returned["oauth_token"], returned["oauth_problem"].as_str()), (&token, "permission_denied"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn approval_without_a_callback_shows_a_code_to_type() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let client = gateway.client();
    let (key, secret) = create(&gateway, signing("Set-top box", &["https://client.example/cb"])).await;
    let signer = Signer::new(&key, &secret);
    let asking = signer.with_param("oauth_callback", "oob");
    let (token, token_secret) = fetch_token_pair(&client, REQUEST_TOKEN, &asking).await.unwrap();
    let browser = Browser::open(420, 800, &[]).await;
    browser.goto(&format!("http://{}{OAUTH1}?oauth_token={token}", gateway.address())).await;
    log_in(&browser, "internal", "internal").await;
    browser.find("button[value=allow]").await;
    assert!(!browser.text().await.contains("You will return"), "no redirect is announced");
    browser.click("button[value=allow]").await;
    let code = browser.find("#code").await.text().await.unwrap();
    let page = browser.text().await;
    assert!(page.contains("Enter this code in Set-top box"), "{page}");
    browser.save_screenshot("code").await;
    assert!(code.len() <= 12 && code.contains('-'), "{code}: short enough to type");
    // As a user types it on a phone.
    let typed = code.to_lowercase().replace('-', " ");
    let signer = signer.with_token(&token, &token_secret);
    assert_eq!(
        fetch_token_pair(&client, ACCESS_TOKEN, &signer.with_param("oauth_verifier", "00000-00000")).await,
        None
    );
    let (token, token_secret) =
        fetch_token_pair(&client, ACCESS_TOKEN, &signer.with_param("oauth_verifier", &typed)).await.unwrap();
    let signer = Signer::new(&key, &secret).with_token(&token, &token_secret);
    send(signer.with_fresh_nonce().sign(client.request(Method::GET, PARTNERS))).await.ok();
    // Denied.
    let (token, _) = fetch_token_pair(&client, REQUEST_TOKEN, &asking).await.unwrap();
    browser.goto(&format!("http://{}{OAUTH1}?oauth_token={token}", gateway.address())).await;
    browser.click("button[value=deny]").await;
    browser.find("h1").await;
    let page = browser.text().await;
    assert!(page.contains("Set-top box did not get access"), "{page}");
    browser.save_screenshot("denied").await;
    browser.close().await;
}
