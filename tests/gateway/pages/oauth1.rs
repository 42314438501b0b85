//! OAuth 1 in a real browser.

use odoo_gateway::admin::{ApplicationSettings, SignatureMethod, WantedApplication};
use reqwest::Method;

use super::{OAUTH1, create, log_in, told, wanted};
use crate::support::client::send;
use crate::support::signer::Signer;
use crate::support::{Browser, Callback, Client, Gateway};

const REQUEST_TOKEN: &str = "/restapi/1.0/common/oauth1/request_token";
const ACCESS_TOKEN: &str = "/restapi/1.0/common/oauth1/access_token";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

fn signing(name: &str, callbacks: &[&str]) -> WantedApplication {
    let plain = wanted(name, callbacks);
    let oauth1 = [SignatureMethod::HmacSha1, SignatureMethod::HmacSha256].into();
    WantedApplication { settings: ApplicationSettings { oauth1, ..plain.settings }, ..plain }
}

/// Sends a signed request for a token; the token and its secret.
async fn pair(client: &Client, path: &str, signer: &Signer) -> Option<(String, String)> {
    let answer = send(signer.now().sign(client.request(Method::POST, path))).await;
    let said = told(&format!("?{}", answer.text));
    (answer.status == 200).then(|| (said["oauth_token"].clone(), said["oauth_token_secret"].clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_allows_and_comes_back_with_a_verifier() {
    let gateway = Gateway::before_odoo(&[]).await;
    let client = gateway.client();
    let mut application = Callback::showing("<p>welcome back</p>").await;
    let callback = format!("{}/back?keep=%7e+1", application.origin);
    let (key, secret) = create(&gateway, signing("Signing shop", &[&callback])).await;
    let signer = Signer::new(&key, &secret);
    let asking = signer.saying("oauth_callback", &callback);
    let (token, token_secret) = pair(&client, REQUEST_TOKEN, &asking).await.unwrap();
    let browser = Browser::open(900, 760, &[]).await;
    browser.go(&format!("http://{}{OAUTH1}?oauth_token={token}", gateway.address())).await;
    log_in(&browser, "internal", "internal").await;
    browser.click("button[value=allow]").await;
    let target = application.asked().await;
    let (before, _) = target.split_once("&oauth_token=").unwrap();
    assert_eq!(before, "/back?keep=%7e+1", "its own query stays as it is");
    let told_back = told(&target);
    assert_eq!(told_back["oauth_token"], token);
    let signer = signer.with_token(&token, &token_secret).saying("oauth_verifier", &told_back["oauth_verifier"]);
    let (token, token_secret) = pair(&client, ACCESS_TOKEN, &signer).await.unwrap();
    let signer = Signer::new(&key, &secret).with_token(&token, &token_secret);
    send(signer.now().sign(client.request(Method::GET, PARTNERS))).await.ok();
    // The browser is still known; the token is not there twice.
    browser.go(&format!("http://{}{OAUTH1}?oauth_token={}", gateway.address(), told_back["oauth_token"])).await;
    let page = browser.text().await;
    assert!(page.contains("This request has ended, was decided already, or is not known here."), "{page}");
    browser.picture("ended").await;
    // Denied.
    let (token, _) = pair(&client, REQUEST_TOKEN, &asking).await.unwrap();
    browser.go(&format!("http://{}{OAUTH1}?oauth_token={token}", gateway.address())).await;
    browser.click("button[value=deny]").await;
    let told_back = told(&application.asked().await);
    assert_eq!((&told_back["oauth_token"], told_back["oauth_problem"].as_str()), (&token, "permission_denied"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_callback_the_user_is_shown_a_code_to_type() {
    let gateway = Gateway::before_odoo(&[]).await;
    let client = gateway.client();
    let (key, secret) = create(&gateway, signing("Set-top box", &["https://client.example/cb"])).await;
    let signer = Signer::new(&key, &secret);
    let asking = signer.saying("oauth_callback", "oob");
    let (token, token_secret) = pair(&client, REQUEST_TOKEN, &asking).await.unwrap();
    let browser = Browser::open(420, 800, &[]).await;
    browser.go(&format!("http://{}{OAUTH1}?oauth_token={token}", gateway.address())).await;
    log_in(&browser, "internal", "internal").await;
    browser.find("button[value=allow]").await;
    assert!(!browser.text().await.contains("You will return"), "he stays here");
    browser.click("button[value=allow]").await;
    let code = browser.find("#code").await.text().await.unwrap();
    let page = browser.text().await;
    assert!(page.contains("Enter this code in Set-top box"), "{page}");
    browser.picture("code").await;
    assert!(code.len() <= 12 && code.contains('-'), "{code}: for people to type");
    // As somebody types it on a phone.
    let typed = code.to_lowercase().replace('-', " ");
    let signer = signer.with_token(&token, &token_secret);
    assert_eq!(pair(&client, ACCESS_TOKEN, &signer.saying("oauth_verifier", "00000-00000")).await, None);
    let (token, token_secret) = pair(&client, ACCESS_TOKEN, &signer.saying("oauth_verifier", &typed)).await.unwrap();
    let signer = Signer::new(&key, &secret).with_token(&token, &token_secret);
    send(signer.now().sign(client.request(Method::GET, PARTNERS))).await.ok();
    // Denied.
    let (token, _) = pair(&client, REQUEST_TOKEN, &asking).await.unwrap();
    browser.go(&format!("http://{}{OAUTH1}?oauth_token={token}", gateway.address())).await;
    browser.click("button[value=deny]").await;
    browser.find("h1").await;
    let page = browser.text().await;
    assert!(page.contains("Set-top box has got no access"), "{page}");
    browser.picture("denied").await;
    browser.close().await;
}
