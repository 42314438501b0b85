//! The console in a real browser.

use serde_json::json;

use super::{ACCESS, NEW_KEY, shared_key};
use crate::support::{Browser, Gateway};

async fn log_in(browser: &Browser, gateway: &Gateway, path: &str) {
    browser.goto(&format!("http://{}{path}", gateway.address())).await;
    browser.save_screenshot("console-login").await;
    browser.fill("#login", "salesman").await;
    browser.fill("#password", "salesman").await;
    browser.click("button[value=login]").await;
    browser.find(".account").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_built_by_clicks_used_and_ended() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let browser = Browser::open(1200, 1000, &[]).await;
    log_in(&browser, &gateway, NEW_KEY).await;
    browser.fill("#name", "Order list").await;
    // Plain users may not read the list of all models in Odoo 19; "Contact" is the label of this one.
    browser.fill("#find", "contact").await;
    browser.click("#find-button").await;
    browser.click("button[value='add:res.partner']").await;
    browser.save_screenshot("console-new-key").await;
    browser.click("button[value=create]").await;
    let key = browser.find("#secret").await.text().await.unwrap();
    browser.save_screenshot("console-secret").await;
    let client = gateway.client().with_header("authorization", &format!("Bearer {key}"));
    client.get("/restapi/1.0/object/res.partner?limit=1&fields=['name']", &[]).await.ok();
    client.get("/restapi/1.0/object/res.country?limit=1", &[]).await.problem(403, "scope_forbidden");
    browser.click("main a.button").await;
    assert!(browser.text().await.contains("Order list"));
    browser.click("#keys ~ table a.danger").await;
    browser.save_screenshot("console-end").await;
    browser.click("button[value=end]").await;
    assert!(browser.text().await.contains("It is revoked."));
    client.get("/restapi/1.0/object/res.partner?limit=1", &[]).await.problem(401, "credential_invalid");
    browser.click("header form button").await;
    assert!(browser.text().await.contains("You are signed out."));
    browser.close().await;
}

/// Whether the content fits the window, and controls are large enough (WCAG 2.2, 2.5.8).
const FITS: &str = "return document.documentElement.scrollWidth <= window.innerWidth && \
    [...document.querySelectorAll('button:not(.default), a.button, select, input:not([type=hidden])')].every(one => { \
        const labeled = one.matches('[type=checkbox], [type=radio]') ? one.parentElement : one; \
        const box = labeled.getBoundingClientRect(); return box.height >= 24 && box.right <= window.innerWidth })";

#[tokio::test(flavor = "multi_thread")]
async fn pages_fit_narrow_windows_in_both_color_schemes() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (account, _) = shared_key(&gateway, "An account with averyveryverylongnamethatnobodywouldchoose").await;
    let browser = Browser::open(1200, 1000, &[]).await;
    log_in(&browser, &gateway, ACCESS).await;
    let token_form = format!("/console/shared-keys/{}/token", account.id);
    browser.goto(&format!("http://{}{token_form}", gateway.address())).await;
    browser.click("button[value=create]").await;
    for (width, view) in [(320, "narrow"), (1200, "wide")] {
        let metrics = json!({"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width == 320});
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        for scheme in ["light", "dark"] {
            let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            browser.devtools("Emulation.setEmulatedMedia", media).await;
            for path in [ACCESS, NEW_KEY, "/console/shared-keys", &token_form] {
                browser.goto(&format!("http://{}{path}", gateway.address())).await;
                browser.find("h1").await;
                browser.save_screenshot(&format!("console-{}-{view}-{scheme}", path.replace('/', "_"))).await;
                let fits = browser.page().execute(FITS, vec![]).await.unwrap();
                assert_eq!(fits, json!(true), "{path} at {width} px");
            }
        }
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_cannot_be_framed() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let browser = Browser::open(900, 700, &[]).await;
    log_in(&browser, &gateway, ACCESS).await;
    let frame = format!(
        "data:text/html,<iframe src='http://{}{ACCESS}' onload='document.title=\"loaded\"'></iframe>",
        gateway.address()
    );
    browser.goto(&frame).await;
    let element = browser.find("iframe").await;
    element.enter_frame().await.unwrap();
    assert!(!browser.text().await.contains("My access"), "the frame is empty");
    browser.close().await;
}
