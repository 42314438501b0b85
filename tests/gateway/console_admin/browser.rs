//! The pages in a real browser: a scope is built by clicks, pages fit narrow windows and both color schemes.

use odoo_gateway::admin::NewApplication;
use serde_json::json;

use crate::oauth1::new_application;
use crate::support::{Browser, Gateway, Version, testbed};

async fn log_in(browser: &Browser, gateway: &Gateway) {
    browser.goto(&format!("http://{}/console/admin/keys", gateway.address())).await;
    browser.fill("#login", "admin").await;
    browser.fill("#password", "admin").await;
    browser.click("button[value=login]").await;
    browser.find("a[href$='/keys/new']").await;
}

async fn toggle(browser: &Browser, selector: &str) {
    browser.find(selector).await.click().await.unwrap();
}

/// Searches for a model and adds it.
async fn add_model(browser: &Browser, model: &str) {
    browser.fill("#find", model).await;
    browser.click("#find-button").await;
    browser.click(&format!("button[value='add:{model}']")).await;
    browser.find(&format!("input[name='operations:{model}']")).await;
}

/// Builds a key that may read the names of contacts and change nothing, and returns it.
async fn create_scoped_key(browser: &Browser) -> String {
    browser.click("a[href$='/keys/new']").await;
    browser.fill("#name", "Warehouse scanner").await;
    add_model(browser, "res.partner").await;
    toggle(browser, "input[name='fields:res.partner'][value=only]").await;
    toggle(browser, "summary").await;
    toggle(browser, "input[name='field:res.partner'][value=name]").await;
    add_model(browser, "res.country").await;
    browser.save_screenshot("admin-new-key").await;
    let name = browser.find("#name").await.prop("value").await.unwrap();
    assert_eq!(name.as_deref(), Some("Warehouse scanner"), "the form keeps what was typed");
    browser.fill("#login", "internal").await;
    browser.fill("#password", testbed().api_key(Version::Odoo19)).await;
    browser.click("#create").await;
    let secret = browser.find("#secret").await.text().await.unwrap();
    browser.save_screenshot("admin-secret").await;
    browser.click("main a.button").await;
    secret
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_a_scope_is_built_by_clicks_and_disabled() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let browser = Browser::open(1100, 1000, &[]).await;
    log_in(&browser, &gateway).await;
    let key = create_scoped_key(&browser).await;
    let client = gateway.client().with_header("authorization", &format!("Bearer {key}"));
    let read = async |path: &str| client.get(&format!("/restapi/1.0/object/{path}"), &[]).await;
    let names = read("res.partner?limit=1&fields=['name']").await.ok();
    assert!(names.to_string().contains("name"), "{names}");
    read("res.country?limit=1").await.ok();
    read("res.partner?limit=1&fields=['email']").await.problem(403, "scope_forbidden");
    read("res.currency?limit=1").await.problem(403, "scope_forbidden");
    let created = client.post_query("/restapi/1.0/object/res.partner", &[("vals", "{'name': 'Eve'}")]).await;
    created.problem(403, "scope_forbidden");

    browser.click("a[href$='/disable']").await;
    browser.save_screenshot("admin-disable").await;
    browser.click("form:not([action$='/logout']) button.danger").await;
    assert!(browser.text().await.contains("It is disabled"));
    read("res.country?limit=1").await.problem(401, "credential_invalid");
    browser.save_screenshot("admin-key").await;
    browser.close().await;
}

/// Whether the content fits the window, and controls are large enough (WCAG 2.2, 2.5.8). A checkbox is as large as its
/// label with it. A skip link and the button for the Enter key are not visible.
const PROBLEMS: &str = "const wide = document.documentElement.scrollWidth > window.innerWidth ? ['too wide: ' + \
    [...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right > window.innerWidth + 1) \
    .slice(0, 3).map(one => one.outerHTML.slice(0, 200)).join(' ')] : []; \
    const small = [...document.querySelectorAll('main button:not(.default), main a.button, main select, \
    main input:not([type=hidden]), main textarea')].filter(one => one.checkVisibility()) \
    .map(one => [one, one.matches('[type=checkbox], [type=radio]') ? one.parentElement : one]) \
    .filter(([one, target]) => target.getBoundingClientRect().height < 24).map(([one]) => one.outerHTML); \
    const unnamed = [...document.querySelectorAll('main input:not([type=hidden]), main select, main textarea')] \
    .filter(one => !one.labels.length && !one.ariaLabel).map(one => one.outerHTML); \
    return [...wide, ...small, ...unnamed]";

#[tokio::test(flavor = "multi_thread")]
async fn pages_for_administrators_fit_narrow_windows_and_both_color_schemes() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let browser = Browser::open(1100, 1000, &[]).await;
    log_in(&browser, &gateway).await;
    let secret = create_scoped_key(&browser).await;
    let key = browser.page().current_url().await.unwrap().to_string();
    let base = format!("http://{}/console/admin", gateway.address());
    let admin = gateway.administration().await;
    let id = key.rsplit('/').next().unwrap();
    admin.rotate_key(id, &secret.into(), time::Duration::hours(1)).await.unwrap();
    let origins = ["https://shop.example", "https://a-long-name-of-a-host.shop.example"].map(str::to_owned).to_vec();
    let new = NewApplication { origins, ..new_application(Version::Odoo19, "Web shop") };
    let application = format!("{base}/applications/{}", admin.create_application(new).await.unwrap().0.row.id);
    let pages = ["keys", "keys/new", "applications/new", "audit", "health", "configuration"];
    let mut pages: Vec<(&str, String)> = pages.map(|page| (page, format!("{base}/{page}"))).into();
    for (page, account, path) in [
        ("key", &key, ""),
        ("edit", &key, "/edit"),
        ("rotate", &key, "/rotate"),
        ("delete", &key, "/delete"),
        ("application", &application, ""),
        ("application-origins", &application, "/origins"),
        ("application-rotate", &application, "/rotate"),
    ] {
        pages.push((page, format!("{account}{path}")));
    }
    for (window, width) in [("wide", 1100), ("narrow", 320)] {
        let metrics = json!({"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width == 320});
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        for scheme in ["light", "dark"] {
            let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            browser.devtools("Emulation.setEmulatedMedia", media).await;
            for (page, url) in &pages {
                browser.goto(url).await;
                browser.find("main").await;
                browser.save_screenshot(&format!("admin-{}-{window}-{scheme}", page.replace('/', "-"))).await;
                let problems = browser.page().execute(PROBLEMS, vec![]).await.unwrap();
                assert_eq!(problems, json!([]), "{page} {window} {scheme}");
            }
        }
    }
    browser.close().await;
}
