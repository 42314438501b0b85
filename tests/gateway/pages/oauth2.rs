//! OAuth 2 in a real browser.

use reqwest::Method;

use super::{CHALLENGE, TOKEN, VERIFIER, create, log_in, new_application, redirect_params, request};
use crate::support::client::send;
use crate::support::{Browser, Callback, Gateway};

#[tokio::test(flavor = "multi_thread")]
async fn login_and_consent_let_the_application_act_as_the_user() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let mut application = Callback::serving("<p>welcome back</p>").await;
    let redirect = format!("{}/back?keep=%7e", application.origin);
    let (id, secret) = create(&gateway, new_application("Web shop", &[&redirect])).await;
    let url = format!(
        "http://{}{}&state=%7e+%C3%A4%2f",
        gateway.address(),
        request(&[
            ("client_id", &id),
            ("redirect_uri", &redirect),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ])
    );
    let browser = Browser::open(900, 760, &[]).await;
    browser.goto(&url).await;
    let page = browser.text().await;
    assert!(page.contains("Web shop requests access to Odoo") && page.contains("odoo19"), "{page}");
    browser.save_screenshot("login").await;
    let before = browser.page().get_all_cookies().await.unwrap();
    log_in(&browser, "internal", "internal").await;
    browser.find("button[value=allow]").await;
    let page = browser.text().await;
    for expected in
        ["Web shop", "internal", "odoo19", "do everything that you can do in Odoo", "You will return to 127.0.0.1"]
    {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    browser.save_screenshot("consent").await;
    let after = browser.page().get_all_cookies().await.unwrap();
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before[0].value(), after[0].value(), "O2-09: another one at each login");
    assert!(application.has_no_request(), "no redirect before the consent");
    browser.click("button[value=allow]").await;
    let target = application.next_request().await;
    assert!(browser.text().await.contains("welcome back"));
    let (before, after) = target.split_once("&code=").unwrap();
    assert_eq!(before, "/back?keep=%7e", "its own query is unchanged");
    let (code, rest) = after.split_once('&').unwrap();
    let issuer = format!("http%3A%2F%2F{}", gateway.address().to_string().replace(':', "%3A"));
    assert_eq!(rest, format!("state=%7e+%C3%A4%2f&iss={issuer}"), "byte for byte");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect),
        ("code_verifier", VERIFIER),
    ];
    let exchange = gateway.client().with_password(&id, &secret).request(Method::POST, TOKEN).form(&form);
    let issued = send(exchange).await.ok();
    let bearer = format!("Bearer {}", issued["access_token"].as_str().unwrap());
    let client = gateway.client().with_header("authorization", &bearer);
    let user = client.get("/restapi/1.0/object/res.users?domain=[('login','=','internal')]&fields=login", &[]).await;
    assert!(user.ok().to_string().contains("internal"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn denial_is_reported_to_the_application() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let mut application = Callback::serving("<p>as you like</p>").await;
    let redirect = format!("{}/back", application.origin);
    let (id, _) = create(&gateway, new_application("Denied shop", &[&redirect])).await;
    let path = request(&[("client_id", &id), ("response_type", "code"), ("state", "s")]);
    let browser = Browser::open(900, 760, &[]).await;
    browser.goto(&format!("http://{}{path}", gateway.address())).await;
    log_in(&browser, "internal", "internal").await;
    browser.click("button[value=deny]").await;
    let redirect_params = redirect_params(&application.next_request().await);
    assert_eq!((redirect_params["error"].as_str(), redirect_params["state"].as_str()), ("access_denied", "s"));
    assert_eq!(redirect_params["iss"], format!("http://{}", gateway.address()));
    assert!(!redirect_params.contains_key("code"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_password_is_reported_and_another_account_can_log_in() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (id, _) =
        create(&gateway, new_application("Careful \"><script>alert(1)</script>", &["https://client.example/cb"])).await;
    let url = format!("http://{}{}", gateway.address(), request(&[("client_id", &id), ("response_type", "code")]));
    let browser = Browser::open(900, 800, &[]).await;
    browser.goto(&url).await;
    log_in(&browser, "internal", "wrong").await;
    let alert = browser.find("[role=alert]").await.text().await.unwrap();
    assert!(alert.contains("Odoo does not accept this login and password"), "{alert}");
    browser.save_screenshot("wrong").await;
    assert_eq!(browser.find("#login").await.prop("value").await.unwrap().unwrap(), "internal");
    assert_eq!(browser.find("#password").await.prop("value").await.unwrap().unwrap(), "");
    // The login is filled in.
    browser.fill("#password", "internal").await;
    browser.click("button[value=login]").await;
    browser.find("button[value=allow]").await;
    assert!(browser.text().await.contains("Careful \"><script>alert(1)</script> would like"), "O2-14: shown as text");
    browser.click("button[value=switch]").await;
    log_in(&browser, "salesman", "salesman").await;
    browser.find("button[value=allow]").await;
    assert!(browser.text().await.contains("salesman"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_wrong_passwords_must_wait() {
    // On a slow machine, too, no attempt is restored during the test.
    let once = ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__PER_MINUTE", "1");
    let gateway = Gateway::start_with_odoo(&[once]).await;
    let (id, _) = create(&gateway, new_application("Guessed shop", &["https://client.example/cb"])).await;
    let url = format!("http://{}{}", gateway.address(), request(&[("client_id", &id), ("response_type", "code")]));
    let browser = Browser::open(900, 800, &[]).await;
    browser.goto(&url).await;
    let mut alert = String::new();
    for guess in 0..4 {
        log_in(&browser, if guess == 0 { "internal" } else { "" }, &format!("wrong {guess}")).await;
        browser.find("#password").await;
        alert = browser.find("[role=alert]").await.text().await.unwrap();
    }
    assert!(alert.contains("There were too many attempts with a wrong password. Wait "), "{alert}");
    browser.save_screenshot("throttled").await;
    browser.close().await;
}
