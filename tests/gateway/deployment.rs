//! How operators run the gateway: the container image, the Debian package, the Helm chart, and reverse proxies. The
//! scripts in `tests/testbed` build and run them; this file compares what clients see.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use super::support::binary::Process;
use super::support::client::send;
use super::support::reverse_proxy::{ReverseProxy, free_ports};
use super::support::testbed::{testbed, tool};
use super::support::{Client, Response, Version, unique};

const BINARY: &str = env!("CARGO_BIN_EXE_odoo-gateway");
const DIRECT_HOST: (&str, &str) = ("host", "api.example.com");

/// A tool of the testbed that checks facts, and prints the first one that does not hold.
async fn facts_hold(arguments: &[&str]) {
    let output = tool(arguments).await;
    let facts = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{facts}");
    assert!(facts.contains(": ok: "), "the tool has checked nothing: {facts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn container_image_runs_with_a_read_only_root_and_without_rights() {
    let url = testbed().url(Version::Odoo19);
    let port = url.rsplit(':').next().unwrap();
    facts_hold(&["pack", BINARY, port, Version::Odoo19.database()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn debian_package_is_installed_upgraded_and_purged() {
    facts_hold(&["package", BINARY]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_chart_renders_valid_objects() {
    facts_hold(&["chart", BINARY]).await;
}

async fn proxied_get(proxy: &ReverseProxy, path: &str, query: &[(&str, &str)], header: (&str, &str)) -> Response {
    let url = format!("https://api.example.com:{}{path}", proxy.https);
    let request = proxy.client().request(Method::GET, url).query(query).basic_auth("admin", Some("admin"));
    send(request.header(header.0, header.1).header("x-forwarded-for", "203.0.113.9")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_nginx_and_caddy_see_what_clients_of_the_gateway_see() {
    for kind in ["nginx", "caddy"] {
        let [http, https] = free_ports();
        let public_url = format!("https://api.example.com:{https}");
        let gateway = Process::serve(&[
            ("ODOO_URL", testbed().url(Version::Odoo19)),
            ("ODOO_DB", Version::Odoo19.database()),
            ("ODOO_GATEWAY__SERVER__PUBLIC_URL", &public_url),
            ("ODOO_GATEWAY__SERVER__PUBLIC_HOSTS", "api.example.com"),
            ("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ])
        .await;
        let proxy = ReverseProxy::start(kind, &[gateway.address()], http, https).await;
        let direct = gateway.client().as_user("admin").with_header(DIRECT_HOST.0, DIRECT_HOST.1);

        same_responses(kind, &proxy, &direct).await;
        let metadata = proxied_get(&proxy, "/.well-known/oauth-authorization-server", &[], ("accept", "*/*")).await;
        assert_eq!(metadata.ok()["issuer"], public_url, "{kind}");
        assert!(metadata.header("strict-transport-security").starts_with("max-age="), "{kind}");
        let plain = format!("http://api.example.com:{}/", proxy.http);
        let plain = send(proxy.client().request(Method::GET, plain).basic_auth("admin", Some("admin"))).await;
        assert_eq!((plain.status, plain.text.trim()), (403, "Use https."), "{kind}");

        proxy.stop().await;
        let (_, output, _) = gateway.stop_with("TERM").await;
        assert_eq!(peers_of_proxied_requests(&output), ["127.0.0.2"], "{kind}: {output}");
    }
}

/// Requests that a proxy can change or reject: long ones, headers with an underscore, encoded paths, exports.
async fn same_responses(kind: &str, proxy: &ReverseProxy, direct: &Client) {
    const PARTNERS: &str = "/restapi/1.0/object/res.partner";
    let names: Vec<String> = (0..1500).map(|number| format!("'{}{number}'", unique("name"))).collect();
    let long = format!("[('name','in',[{}])]", names.join(","));
    let accept = ("accept", "*/*");
    for (path, query, header) in [
        (PARTNERS, vec![("limit", "3"), ("fields", "['name']")], accept),
        (PARTNERS, vec![("fields", "['name']"), ("domain", &long[..])], accept),
        (PARTNERS, vec![], ("access_token", "0123456789abcdef0123456789abcdef01234567")),
        ("/restapi/1.0/object/res%2Epartner/search_count", vec![], accept),
        ("/restapi//1.0/nothing", vec![], accept),
        (PARTNERS, vec![("fields", "['name']")], ("accept", "application/x-ndjson")),
    ] {
        let found = proxied_get(proxy, path, &query, header).await;
        let expected = direct.with_header(header.0, header.1).get(path, &query).await;
        assert_eq!(found.status, expected.status, "{kind} {path} {header:?}: {} {}", found.text, expected.text);
        assert_eq!(found.header("content-type"), expected.header("content-type"), "{kind} {path}");
        if expected.status == 200 {
            assert_eq!(found.text, expected.text, "{kind} {path}");
        } else {
            let code = |response: &Response| response.json()["code"].clone();
            assert_eq!(code(&found), code(&expected), "{kind} {path}");
        }
    }
}

/// The addresses in the access log, except for that of the direct requests.
fn peers_of_proxied_requests(output: &str) -> Vec<String> {
    let events = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let requests = events.filter(|event| event["message"] == "request");
    let mut peers: Vec<String> = requests.filter_map(|event| Some(event["peer"].as_str()?.to_owned())).collect();
    peers.sort();
    peers.dedup();
    peers.retain(|peer| peer != "127.0.0.1");
    peers
}

#[test]
fn version_in_the_image_and_in_the_chart_is_that_of_the_crate() {
    let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("Dockerfile").contains(&format!("org.opencontainers.image.version=\"{version}\"")));
    assert!(read("deploy/helm/odoo-gateway/Chart.yaml").contains(&format!("appVersion: \"{version}\"")));
}
