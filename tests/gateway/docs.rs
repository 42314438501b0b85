//! The documentation: Swagger UI, the reference, and the guides with their examples.
//!
//! ```text
//! swagger_ui  in a browser: OAuth 2, HTTP Basic and API keys
//! guides      the examples of the guides work
//! ```

mod guides;
mod swagger_ui;

use odoo_gateway::admin::{Administration, NewApiKey};
use odoo_gateway::store::KeyTerms;
use reqwest::Method;
use serde_json::json;

use super::support::client::send;
use super::support::{Browser, Gateway, Version, testbed};

/// An API key for everything that `login` may do.
async fn create_key(admin: &Administration, login: &str) -> String {
    let terms = KeyTerms::unlimited(format!("docs of {login}"));
    let new = NewApiKey {
        terms,
        database: Some(Version::Odoo19.database().to_owned()),
        login: login.to_owned(),
        secret: login.to_owned().into(),
        scope: "\"all\"".to_owned(),
        not_after: None,
    };
    admin.create_key(new).await.unwrap().1.expose().to_owned()
}

/// The local links of a page.
fn links(html: &str) -> Vec<String> {
    let targets = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    targets.filter(|link| link.starts_with('/')).map(|link| link.split('#').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_reached_by_links_and_is_static() {
    let client = Gateway::shared().client().with_header("accept", "text/html,*/*;q=0.5");
    let (mut open, mut seen) = (vec!["/".to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        if seen.contains(&path) {
            continue;
        }
        let page = client.get(&path, &[]).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        if page.header("content-type").starts_with("text/html") {
            assert!(page.header("content-security-policy").starts_with("default-src 'none'; "), "{path}");
            open.extend(links(&page.text));
        }
        seen.push(path);
    }
    for expected in ["/docs", "/docs/guides/start", "/docs/guides/restful", "/docs/reference/api_v1", "/docs/errors"] {
        assert!(seen.iter().any(|path| path == expected), "{expected} in {seen:?}");
    }
    let page = client.get("/docs/reference/api_v1", &[]).await;
    assert!(!page.text.contains("<script") && !page.text.contains(" style="), "no scripts, no inline styles");
    let known = client.with_header("if-none-match", page.header("etag")).get("/docs/reference/api_v1", &[]).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    let packed = client.with_header("accept-encoding", "gzip").get("/docs/reference/api_v1", &[]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    client.get("/docs/guides/none", &[]).await.problem(404, "unknown_route");
}

/// The operations whose example needs no value that the reader has to find out.
const EXAMPLES: [&str; 6] = [
    "apiv1_list_records",
    "apiv1_search",
    "apiv1_fields",
    "restapi_list_records",
    "restapi_call_model_method",
    "api_search",
];

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_the_reference_work() {
    let client = Gateway::shared().client();
    for id in EXAMPLES {
        let tag = match id.split('_').next().unwrap() {
            "apiv1" => "api_v1",
            tag => tag,
        };
        let page = client.get(&format!("/docs/reference/{tag}"), &[]).await.text;
        let (_, section) = page.split_once(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("{id}"));
        let (_, command) = section.split_once("class=\"sh\"><code>").unwrap();
        let command = unescape(command.split("</code>").next().unwrap()).replace("LOGIN:PASSWORD", "admin:admin");
        let output = guides::run_example("sh", &command, std::path::Path::new("/tmp"), &[]).await;
        assert!(output.status.success(), "{id}: {command}\n{output:?}");
    }
}

/// Text of HTML that askama has escaped.
fn unescape(html: &str) -> String {
    let entities = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    entities.into_iter().fold(html.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

const PAGES: [&str; 6] =
    ["guides", "guides/start", "guides/dialects", "reference", "reference/api_v1", "reference/schemas"];

/// Whether the content fits the window. Code and tables scroll on their own.
const FITS: &str = "return document.documentElement.scrollWidth <= window.innerWidth";

#[tokio::test(flavor = "multi_thread")]
async fn pages_fit_narrow_windows_and_both_color_schemes() {
    let browser = Browser::open(1300, 900, &[]).await;
    for (name, width) in [("narrow", 320), ("wide", 1300)] {
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == 320});
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        for scheme in ["light", "dark"] {
            let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            browser.devtools("Emulation.setEmulatedMedia", media).await;
            for path in PAGES {
                browser.goto(&format!("http://{}/docs/{path}", Gateway::shared().address())).await;
                browser.find("main h1").await;
                browser.save_screenshot(&format!("docs-{}-{name}-{scheme}", path.replace('/', "-"))).await;
                assert_eq!(browser.page().execute(FITS, vec![]).await.unwrap(), true, "{path} {name} {scheme}");
            }
        }
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_start_with_the_base_path() {
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com/odoo/"),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__DOCS__OAUTH_CLIENT_ID", "ogw_app_docs"),
    ])
    .await;
    let client = gateway.client();
    for path in ["/docs", "/docs/guides", "/docs/guides/start", "/docs/reference", "/docs/reference/schemas"] {
        let page = client.get(path, &[]).await;
        for link in links(&page.text) {
            assert!(link.starts_with("/odoo/"), "{path}: {link}");
        }
    }
    let start = client.get("/docs/guides/start", &[]).await.text;
    assert!(start.contains("https://api.example.com/odoo/api/v1/res.partner"), "{start}");
    let script = send(client.request(Method::GET, "/docs/start.js")).await.text;
    assert!(script.contains("const base = \"/odoo\"") && script.contains("clientId: \"ogw_app_docs\""), "{script}");
}
