//! CORS: which origins may read a response, in the headers and in a real browser (H-08).

use std::sync::{Arc, OnceLock};

use odoo_gateway::admin::{Administration, ApplicationSettings, GrantType, NewApplication};
use reqwest::Method;
use serde_json::{Value, json};

use crate::oauth1::new_application;
use crate::oauth2::{Fixture, PARTNERS, TOKEN};
use crate::support::browser::{Browser, Callback};
use crate::support::client::send;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, Response, Version, changes_reach_gateways};

const SHOP: &str = "https://shop.example";
const WIKI: &str = "https://wiki.example";

fn is_readable(response: &Response, origin: &str) -> bool {
    let allowed = response.header("access-control-allow-origin");
    assert!(allowed.is_empty() || allowed == origin, "{allowed}");
    assert!(response.header("vary").to_lowercase().contains("origin"), "{:?}", response.headers);
    assert_eq!(response.headers.contains_key("access-control-expose-headers"), !allowed.is_empty());
    assert!(!response.headers.contains_key("access-control-allow-credentials"));
    !allowed.is_empty()
}

async fn passes_preflight(client: &Client, origin: &str) -> bool {
    let client = client.with_header("origin", origin).with_header("access-control-request-method", "POST");
    let client = client.with_header("access-control-request-private-network", "true");
    let client = client.with_header("access-control-request-headers", "authorization");
    let response = send(client.request(Method::OPTIONS, PARTNERS)).await;
    assert_eq!((response.status, response.header("access-control-allow-private-network")), (204, ""));
    let is_readable = response.header("access-control-allow-origin") == origin;
    assert_eq!(response.header("access-control-max-age"), if is_readable { "600" } else { "" });
    is_readable
}

/// An application with the grant `client_credentials` and one origin. Returns its client id and secret.
async fn application_of(fixture: &Fixture, name: &str, origin: &str) -> (String, String) {
    let set_origin = |new: &mut NewApplication| new.origins = vec![origin.to_owned()];
    let (application, secret) = fixture.application(name, set_origin).await;
    (application.client_id().to_owned(), secret)
}

#[tokio::test(flavor = "multi_thread")]
async fn origin_of_an_application_reads_only_responses_to_its_own_credentials() {
    for fixture in Fixture::on_both_stores().await {
        let (id, secret) = application_of(&fixture, "shop", SHOP).await;
        application_of(&fixture, "wiki", WIKI).await;
        let client = fixture.gateway.client();
        assert!(passes_preflight(&client, SHOP).await && passes_preflight(&client, WIKI).await);
        for other in ["https://evil.example", "null", "https://shop.example:444", "https://SHOP.example"] {
            assert!(!passes_preflight(&client, other).await, "{other}");
        }
        let ask = async |origin: &str, grant: &str, secret: &str| {
            let form = [("grant_type", grant), ("client_id", &id), ("client_secret", secret)];
            send(client.with_header("origin", origin).request(Method::POST, TOKEN).form(&form)).await
        };
        let issued = ask(SHOP, "client_credentials", &secret).await;
        assert!(is_readable(&issued, SHOP));
        let bearer = format!("Bearer {}", issued.ok()["access_token"].as_str().unwrap());
        // A client that is authenticated is the only one whose origins count, also for errors.
        for grant in ["client_credentials", "refresh_token"] {
            assert!(!is_readable(&ask(WIKI, grant, &secret).await, WIKI), "{grant}");
        }
        assert!(is_readable(&ask(SHOP, "refresh_token", &secret).await, SHOP));
        assert!(is_readable(&ask(WIKI, "client_credentials", "ogw_cs_wrong").await, WIKI), "tells nothing");

        let with_token = client.with_header("authorization", &bearer);
        for path in [PARTNERS, "/restapi/1.0/object/no.such/1", "/restapi/1.0/object/res.partner?limit=x"] {
            let read = async |origin| with_token.with_header("origin", origin).get(path, &[]).await;
            assert!(is_readable(&read(SHOP).await, SHOP) && !is_readable(&read(WIKI).await, WIKI), "{path}");
        }
        for (client, readable) in [(client.clone(), true), (client.with_password("admin", PASSWORD), false)] {
            let response = client.with_header("origin", SHOP).get(PARTNERS, &[]).await;
            assert_eq!((is_readable(&response, SHOP), response.status == 401), (readable, readable));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_origins_hold_within_a_second_on_all_gateways() {
    for fixture in Fixture::on_both_stores().await {
        application_of(&fixture, "shop", SHOP).await;
        let replica = fixture.gateway.replica().await;
        let clients = [fixture.gateway.client(), Client::new(format!("http://{}", replica.api))];
        let check = async |expected: [bool; 2], case: &str| {
            changes_reach_gateways().await;
            for client in &clients {
                let passing = [passes_preflight(client, SHOP).await, passes_preflight(client, WIKI).await];
                assert_eq!(passing, expected, "{case}");
            }
        };
        check([true, false], "created").await;
        fixture.admin.set_application_origins("shop", &[WIKI.to_owned()]).await.unwrap();
        check([false, true], "changed").await;
        fixture.admin.set_application_enabled("shop", false).await.unwrap();
        check([false, false], "disabled").await;
        fixture.admin.set_application_enabled("shop", true).await.unwrap();
        check([false, true], "enabled").await;
        fixture.admin.delete_application("shop").await.unwrap();
        check([false, false], "deleted").await;
        replica.stop().await;
    }
}

/// Headers that scripts can always read (Fetch section 2.2.6).
const ALWAYS_READABLE: [&str; 7] =
    ["cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"];
/// Headers for browsers, caches and proxies.
const NOT_FOR_SCRIPTS: [&str; 11] = [
    "access-control-allow-origin",
    "access-control-expose-headers",
    "connection",
    "content-encoding",
    "content-security-policy",
    "date",
    "referrer-policy",
    "transfer-encoding",
    "vary",
    "x-content-type-options",
    "x-frame-options",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_header_that_a_script_may_need_is_exposed() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__SERVER__CORS_ORIGINS", SHOP)]).await;
    let (anonymous, base) = (gateway.client().with_header("origin", SHOP), "/restapi/1.0/object/res.partner");
    let user = anonymous.as_user("admin");
    let mut responses = Vec::new();
    for path in [base, "/restapi/1.0/object/res.partner/999999", "/restapi/1.0/object/no.such/1", "/openapi.json"] {
        responses.push(user.get(path, &[]).await);
    }
    for path in ["/nowhere", base, "/docs", "/postman_collection.json", "/restapi/1.0/common/version", "/"] {
        responses.push(anonymous.get(path, &[]).await);
    }
    responses.push(user.with_header("accept", "text/csv").get(base, &[]).await);
    responses.push(user.with_header("accept", "application/x-ndjson").get(base, &[]).await);
    responses.push(user.with_header("prefer", "return=minimal, empty=null").get(base, &[]).await);
    responses.push(user.delete("/restapi/1.0/common/version", &[]).await);
    responses.push(send(user.request(Method::POST, base).body("x".repeat(100))).await);
    let exposed: Vec<String> = {
        let header = responses[0].header("access-control-expose-headers");
        header.split(',').map(|name| name.trim().to_lowercase()).collect()
    };
    for response in &responses {
        assert!(is_readable(response, SHOP));
        for name in response.headers.keys().map(reqwest::header::HeaderName::as_str) {
            let is_known = exposed.iter().any(|known| known == name);
            let is_other = ALWAYS_READABLE.contains(&name) || NOT_FOR_SCRIPTS.contains(&name);
            assert!(is_known || is_other, "{name}");
        }
    }
    for seen in ["allow", "content-disposition", "etag", "preference-applied", "x-request-id", "www-authenticate"] {
        assert!(responses.iter().any(|response| response.headers.contains_key(seen)), "{seen}");
        assert!(exposed.iter().any(|name| name == seen), "{seen}");
    }
}

/// Sends requests with a token and shows what the script could read.
const PAGE: &str = r##"<!doctype html><title>App</title><pre id="result"></pre><script type="module">
const results = {};
async function call(name, path, options) {
  try {
    const answer = await fetch("GATEWAY" + path, options);
    const text = await answer.text();
    results[name] = { status: answer.status, headers: Object.fromEntries(answer.headers), text };
  } catch (error) {
    results[name] = { error: error.name };
  }
}
const Authorization = "Bearer TOKEN";
const body = JSON.stringify({ vals: { name: "NAME" } });
const headers = { Authorization, "Content-Type": "application/json", "Idempotency-Key": "NAME" };
const path = "/restapi/1.0/object/res.partner.category";
await call("read", path + "/search_count", { headers: { Authorization } });
await call("write", path, { method: "POST", headers, body });
await call("repeat", path, { method: "POST", headers, body });
await call("missing", path + "/999999", { headers: { Authorization } });
await call("anonymous", path + "/1");
await call("nowhere", "/nowhere");
document.querySelector("#result").textContent = JSON.stringify(results);
document.body.id = "done";
</script>"##;

/// A web server with the page.
struct PageServer {
    server: Callback,
    content: Arc<OnceLock<String>>,
}

impl PageServer {
    async fn start() -> Self {
        let (server, content) = Callback::serving_later().await;
        Self { server, content }
    }

    /// What the page could read. `name`: of the record that it creates.
    async fn results(&self, gateway: &Gateway, token: &str, name: &str, browser: &Browser) -> Value {
        let gateway = format!("http://{}", gateway.address());
        let page = PAGE.replace("GATEWAY", &gateway).replace("TOKEN", token).replace("NAME", name);
        self.content.set(page).unwrap();
        browser.goto(&self.server.origin).await;
        browser.find("#done").await;
        let text = browser.find("#result").await.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

async fn count(client: &Client, name: &str) -> Value {
    let (path, domain) =
        ("/restapi/1.0/object/res.partner.category/search_count", format!("[['name', '=', '{name}']]"));
    client.get(path, &[("domain", &domain)]).await.ok()["count"].clone()
}

/// An application with this origin, and a token of it.
async fn token_of(gateway: &Gateway, admin: &Administration, origin: &str) -> String {
    let settings =
        ApplicationSettings { grants: [GrantType::ClientCredentials].into(), ..ApplicationSettings::default() };
    let origins = vec![origin.to_owned()];
    let new = NewApplication { settings, origins, ..new_application(Version::Odoo19, "browser app") };
    let (application, secrets) = admin.create_application(new).await.unwrap();
    let secret = secrets.client.unwrap();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", application.client_id()),
        ("client_secret", secret.expose()),
    ];
    let issued = send(gateway.client().request(Method::POST, TOKEN).form(&form)).await.ok();
    issued["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn page_of_an_allowed_origin_reads_and_writes_and_another_page_does_not() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (shop, other) = (PageServer::start().await, PageServer::start().await);
    let token = token_of(&gateway, &gateway.administration().await, &shop.server.origin).await;
    let browser = Browser::open(800, 800, &[]).await;
    let user = gateway.client().as_user("admin").on(Version::Odoo19);

    let allowed = shop.results(&gateway, &token, "cors-allowed", &browser).await;
    let header = |call: &str, name: &str| allowed[call]["headers"][name].clone();
    assert_eq!((&allowed["read"]["status"], &allowed["write"]["status"]), (&json!(200), &json!(200)), "{allowed:#}");
    assert_eq!(header("write", "idempotency-replayed"), Value::Null);
    assert_eq!(header("repeat", "idempotency-replayed"), "true");
    assert_eq!(allowed["write"]["text"], allowed["repeat"]["text"]);
    assert_eq!(count(&user, "cors-allowed").await, 1);
    for (call, status) in [("missing", 404), ("anonymous", 401), ("nowhere", 404)] {
        assert_eq!(allowed[call]["status"], status, "{call}");
        assert!(header(call, "x-request-id").is_string(), "{call}");
    }
    // A `Basic` challenge would have opened a dialog, and the script would still wait.
    let challenges = header("anonymous", "www-authenticate").as_str().unwrap().to_lowercase();
    assert!(challenges.contains("bearer") && !challenges.contains("basic"), "{challenges}");

    let denied = other.results(&gateway, &token, "cors-denied", &browser).await;
    for call in ["read", "write", "repeat", "missing", "anonymous", "nowhere"] {
        assert_eq!(denied[call], json!({"error": "TypeError"}), "{call}");
    }
    assert_eq!(count(&user, "cors-denied").await, 0, "the preflight failed");
    browser.close().await;
}
