//! OAuth 2 in a real browser.

use reqwest::Method;

use super::{CHALLENGE, TOKEN, VERIFIER, create, log_in, request, told, wanted};
use crate::support::client::send;
use crate::support::{Browser, Callback, Gateway};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in_allows_and_the_application_works_in_his_name() {
    let gateway = Gateway::before_odoo(&[]).await;
    let mut application = Callback::showing("<p>welcome back</p>").await;
    let redirect = format!("{}/back?keep=%7e", application.origin);
    let (id, secret) = create(&gateway, wanted("Web shop", &[&redirect])).await;
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
    browser.go(&url).await;
    let page = browser.text().await;
    assert!(page.contains("Web shop asks for access to Odoo") && page.contains("odoo19"), "{page}");
    browser.picture("login").await;
    let before = browser.page().get_all_cookies().await.unwrap();
    log_in(&browser, "internal", "internal").await;
    browser.find("button[value=allow]").await;
    let page = browser.text().await;
    for said in
        ["Web shop", "internal", "odoo19", "do everything that you can do in Odoo", "You will return to 127.0.0.1"]
    {
        assert!(page.contains(said), "{said} in {page}");
    }
    browser.picture("consent").await;
    let after = browser.page().get_all_cookies().await.unwrap();
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before[0].value(), after[0].value(), "O2-09: another one at each login");
    assert!(application.is_alone(), "nobody was sent anywhere before he agreed");
    browser.click("button[value=allow]").await;
    let target = application.asked().await;
    assert!(browser.text().await.contains("welcome back"));
    let (before, after) = target.split_once("&code=").unwrap();
    assert_eq!(before, "/back?keep=%7e", "its own query stays as it is");
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
    let given = send(exchange).await.ok();
    let bearer = format!("Bearer {}", given["access_token"].as_str().unwrap());
    let client = gateway.client().with_header("authorization", &bearer);
    let user = client.get("/restapi/1.0/object/res.users?domain=[('login','=','internal')]&fields=login", &[]).await;
    assert!(user.ok().to_string().contains("internal"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_denies_and_the_application_is_told() {
    let gateway = Gateway::before_odoo(&[]).await;
    let mut application = Callback::showing("<p>as you like</p>").await;
    let redirect = format!("{}/back", application.origin);
    let (id, _) = create(&gateway, wanted("Denied shop", &[&redirect])).await;
    let path = request(&[("client_id", &id), ("response_type", "code"), ("state", "s")]);
    let browser = Browser::open(900, 760, &[]).await;
    browser.go(&format!("http://{}{path}", gateway.address())).await;
    log_in(&browser, "internal", "internal").await;
    browser.click("button[value=deny]").await;
    let told = told(&application.asked().await);
    assert_eq!((told["error"].as_str(), told["state"].as_str()), ("access_denied", "s"));
    assert_eq!(told["iss"], format!("http://{}", gateway.address()));
    assert!(!told.contains_key("code"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_are_told_on_the_page_and_another_account_can_be_used() {
    let gateway = Gateway::before_odoo(&[]).await;
    let (id, _) =
        create(&gateway, wanted("Careful \"><script>alert(1)</script>", &["https://client.example/cb"])).await;
    let url = format!("http://{}{}", gateway.address(), request(&[("client_id", &id), ("response_type", "code")]));
    let browser = Browser::open(900, 800, &[]).await;
    browser.go(&url).await;
    log_in(&browser, "internal", "wrong").await;
    let alert = browser.find("[role=alert]").await.text().await.unwrap();
    assert!(alert.contains("Odoo does not take this login and password"), "{alert}");
    browser.picture("wrong").await;
    assert_eq!(browser.find("#login").await.prop("value").await.unwrap().unwrap(), "internal");
    assert_eq!(browser.find("#password").await.prop("value").await.unwrap().unwrap(), "");
    // The login stands there already.
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
async fn who_guesses_is_told_to_wait() {
    // However slow the machine, what was spent does not come back while this goes on.
    let once = ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__PER_MINUTE", "1");
    let gateway = Gateway::before_odoo(&[once]).await;
    let (id, _) = create(&gateway, wanted("Guessed shop", &["https://client.example/cb"])).await;
    let url = format!("http://{}{}", gateway.address(), request(&[("client_id", &id), ("response_type", "code")]));
    let browser = Browser::open(900, 800, &[]).await;
    browser.go(&url).await;
    let mut alert = String::new();
    for guess in 0..4 {
        log_in(&browser, if guess == 0 { "internal" } else { "" }, &format!("wrong {guess}")).await;
        browser.find("#password").await;
        alert = browser.find("[role=alert]").await.text().await.unwrap();
    }
    assert!(alert.contains("Too many wrong passwords were tried. Wait "), "{alert}");
    browser.picture("throttled").await;
    browser.close().await;
}
