//! The pages in a real browser: keyboard, window sizes, frames.

use fantoccini::key::Key;
use serde_json::json;

use super::{create, log_in, new_application, redirect_params, request};
use crate::support::{Browser, Callback, Gateway};

async fn page(gateway: &Gateway, name: &str, redirect: &str) -> String {
    let (id, _) = create(gateway, new_application(name, &[redirect])).await;
    format!("http://{}{}", gateway.address(), request(&[("client_id", &id), ("response_type", "code")]))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_actions_are_available_with_the_keyboard() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let mut application = Callback::serving("<p>welcome back</p>").await;
    let url = page(&gateway, "Keyboard shop", &format!("{}/back", application.origin)).await;
    let browser = Browser::open(900, 760, &[]).await;
    browser.goto(&url).await;
    browser.find("#login").await;
    let focused = || async { browser.page().active_element().await.unwrap() };
    let press = |keys: String| async move { focused().await.send_keys(&keys).await.unwrap() };
    assert_eq!(focused().await.attr("id").await.unwrap().as_deref(), Some("login"), "the field has the focus");
    press(format!("internal{}", char::from(Key::Tab))).await;
    assert_eq!(focused().await.attr("id").await.unwrap().as_deref(), Some("password"));
    press(format!("internal{}", char::from(Key::Enter))).await;
    browser.find("button[value=allow]").await;
    browser.find("body").await.send_keys(&char::from(Key::Tab).to_string()).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let value = focused().await.attr("value").await.unwrap().unwrap_or_default();
        let outline =
            browser.page().execute("return getComputedStyle(document.activeElement).outlineStyle", vec![]).await;
        assert_eq!(outline.unwrap(), "solid", "the focus is visible: {value}");
        browser.save_screenshot(&format!("focus-{value}")).await;
        seen.push(value);
        press(char::from(Key::Tab).to_string()).await;
    }
    assert_eq!(seen, ["allow", "deny", "switch"]);
    browser.find("button[value=allow]").await.send_keys(&char::from(Key::Enter).to_string()).await.unwrap();
    assert!(redirect_params(&application.next_request().await).contains_key("code"));
    browser.close().await;
}

/// Whether the content fits the window, and controls are large enough (WCAG 2.2, 2.5.8).
const FITS: &str = "return document.documentElement.scrollWidth <= window.innerWidth && \
    [...document.querySelectorAll('button, input:not([type=hidden])')].every(one => { \
        const box = one.getBoundingClientRect(); return box.height >= 24 && box.right <= window.innerWidth })";

#[tokio::test(flavor = "multi_thread")]
async fn pages_fit_narrow_windows_and_both_color_schemes() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let name = "The application with averyveryverylongnamethatnobodywouldeverchooseforanything";
    let url = page(&gateway, name, "https://a-long-host-name.applications.example.com/cb").await;
    // A window has a minimum width, so the page is tested with the metrics of a phone.
    let browser = Browser::open(900, 900, &["--force-dark-mode"]).await;
    let phone = json!({"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": true});
    browser.devtools("Emulation.setDeviceMetricsOverride", phone).await;
    for scheme in ["light", "dark"] {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.devtools("Emulation.setEmulatedMedia", media).await;
        browser.goto(&url).await;
        browser.find("main").await;
        browser.save_screenshot(&format!("narrow-{scheme}")).await;
        assert_eq!(browser.page().execute(FITS, vec![]).await.unwrap(), true, "{scheme}");
        if scheme == "light" {
            log_in(&browser, "internal", "internal").await;
            browser.find("button[value=allow]").await;
            browser.save_screenshot("narrow-consent").await;
            assert_eq!(browser.page().execute(FITS, vec![]).await.unwrap(), true);
            browser.click("button[value=switch]").await;
            browser.find("#login").await;
        }
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_11_pages_cannot_be_framed() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let url = page(&gateway, "Framed shop", "https://client.example/cb").await;
    let mut trap = Callback::serving(
        "<iframe id='trap' width='500' height='500'></iframe>\
         <script>document.getElementById('trap').src = location.hash.slice(1)</script>",
    )
    .await;
    let browser = Browser::open(700, 700, &[]).await;
    for framed in [url.clone(), url.replace("client_id=", "client_id=x")] {
        browser.goto("about:blank").await;
        browser.goto(&format!("{}/trap#{framed}", trap.origin)).await;
        trap.next_request().await;
        let frame = browser.find("#trap").await;
        frame.enter_frame().await.unwrap();
        // Chromium shows an error page of its own in the frame.
        let frame_url = browser.page().current_url().await.map(|url| url.to_string()).unwrap_or_default();
        let inside = browser.page().source().await.unwrap();
        assert!(!inside.contains("odoo-gateway") && !inside.contains("#login"), "{frame_url}: {inside}");
        browser.page().enter_parent_frame().await.unwrap();
    }
    browser.save_screenshot("framed").await;
    browser.close().await;
}
