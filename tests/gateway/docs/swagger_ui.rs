//! Swagger UI in a real browser: authorization by code and PKCE, HTTP Basic, and API keys.

use std::time::Duration;

use odoo_gateway::admin::{ApplicationSettings, GrantType, NewApplication};
use odoo_gateway::store::KeyTerms;
use tokio::time::timeout;

use super::create_key;
use crate::support::{Browser, Gateway, Version};

/// The timeout of every step, generous enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The page as an administrator registers it: public, with its redirect URI.
async fn register(gateway: &Gateway) -> String {
    let terms = KeyTerms::unlimited("API page");
    let settings = ApplicationSettings {
        redirect_uris: vec![format!("http://{}/docs/oauth2-redirect.html", gateway.address())],
        grants: [GrantType::AuthorizationCode, GrantType::RefreshToken].into(),
        public: true,
        ..ApplicationSettings::default()
    };
    let new = NewApplication {
        database: Some(Version::Odoo19.database().to_owned()),
        bound: None,
        scope: "\"all\"".to_owned(),
        not_after: None,
        terms,
        settings,
        origins: Vec::new(),
    };
    let (application, _) = gateway.administration().await.create_application(new).await.unwrap();
    application.client_id().to_owned()
}

/// Opens the operation that counts records, and executes it with its example. Returns the status and the body.
async fn execute(browser: &Browser) -> (String, String) {
    let operation = "#operations-restapi-restapi_search_count";
    click(browser, &format!("{operation} .opblock-summary-control")).await;
    click(browser, &format!("{operation} .try-out__btn")).await;
    click(browser, &format!("{operation} .execute")).await;
    let status = browser.find(&format!("{operation} .live-responses-table .response .response-col_status")).await;
    let body = browser.find(&format!("{operation} .live-responses-table .response .microlight")).await;
    (status.text().await.unwrap(), body.text().await.unwrap())
}

/// Clicks on an element that a script handles, after it has appeared.
async fn click(browser: &Browser, selector: &str) {
    browser.find(selector).await;
    let script = format!("document.querySelector({selector:?}).click()");
    browser.page().execute(&script, vec![]).await.unwrap();
}

/// Marks the form of a security scheme in the dialog *Authorize*, which shows it only as text. Returns its selector.
async fn form_of(browser: &Browser, scheme: &str) -> String {
    browser.find(".auth-container").await;
    let script = format!(
        "[...document.querySelectorAll('.auth-container')].find(form => \
         form.textContent.trim().startsWith('{scheme}')).dataset.scheme = '{scheme}'"
    );
    browser.page().execute(&script, vec![]).await.unwrap();
    format!(".auth-container[data-scheme={scheme}]")
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth2_with_pkce_works_in_the_page() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let client_id = register(&gateway).await;
    let browser = Browser::open(1200, 1000, &[]).await;
    browser.goto(&format!("http://{}/docs", gateway.address())).await;
    click(&browser, ".btn.authorize").await;
    browser.fill("#client_id_authorizationCode", &client_id).await;
    assert!(browser.find("[id^='all-authorizationCode']").await.is_selected().await.unwrap(), "the scope is selected");
    let page = browser.page().window().await.unwrap();
    click(&browser, ".auth-container:has(#client_id_authorizationCode) .btn.authorize").await;
    let popup = async {
        loop {
            let windows = browser.page().windows().await.unwrap();
            if let Some(popup) = windows.into_iter().find(|window| *window != page) {
                return popup;
            }
        }
    };
    let popup = timeout(TIMEOUT, popup).await.expect("a window opens");
    browser.page().switch_to_window(popup).await.unwrap();
    browser.fill("#login", "internal").await;
    browser.fill("#password", "internal").await;
    browser.click("button[value=login]").await;
    browser.find("button[value=allow]").await.click().await.unwrap();
    let closed = async { while browser.page().windows().await.unwrap().len() > 1 {} };
    timeout(TIMEOUT, closed).await.expect("the window closes itself");
    browser.page().switch_to_window(page).await.unwrap();
    browser.find("[aria-label='Remove authorization']").await;
    browser.save_screenshot("swagger-authorized").await;
    click(&browser, ".btn-done").await;
    let (status, body) = execute(&browser).await;
    browser.save_screenshot("swagger-executed").await;
    assert!(status.contains("200") && body.contains("count"), "{status} {body}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn basic_and_api_keys_work_in_the_page() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let key = create_key(&gateway.administration().await, "internal").await;
    let browser = Browser::open(1200, 1000, &[]).await;
    let url = format!("http://{}/docs", gateway.address());
    browser.goto(&url).await;
    let (status, _) = execute(&browser).await;
    assert!(status.contains("401"), "without a credential: {status}");

    for (scheme, fields) in [
        ("basic", &[("#auth-basic-username", "internal"), ("#auth-basic-password", "internal")][..]),
        ("api_key", &[("#api_key_value", key.as_str())]),
    ] {
        browser.goto("about:blank").await;
        browser.goto(&url).await;
        click(&browser, ".btn.authorize").await;
        let form = form_of(&browser, scheme).await;
        for (field, value) in fields {
            browser.fill(&format!("{form} {field}"), value).await;
        }
        click(&browser, &format!("{form} .btn.authorize")).await;
        click(&browser, ".btn-done").await;
        let (status, body) = execute(&browser).await;
        assert!(status.contains("200") && body.contains("count"), "{form}: {status} {body}");
    }
    browser.close().await;
}
