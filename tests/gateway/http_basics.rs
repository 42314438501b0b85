//! Properties of every response: headers, compression, and rejections that belong to no route.

use std::io::Read as _;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::client::send;
use super::support::{Client, Gateway};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";

fn admin() -> Client {
    Gateway::shared().client().as_user("admin")
}

/// Sends these bytes. Returns the raw response.
async fn send_raw(bytes: &str) -> String {
    let mut stream = TcpStream::connect(Gateway::shared().address()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    // The gateway may close the connection of a rejected client that still sends.
    let _ = stream.read_to_end(&mut response).await;
    String::from_utf8(response).unwrap()
}

/// The head of a GET by the administrator, up to its last line.
fn head(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAuthorization: Basic YWRtaW46YWRtaW4=\r\n")
}

/// Checks status and code of a problem in a raw response.
#[track_caller]
fn assert_problem(response: &str, status: u16, code: &str) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{response:?}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
    assert!(head.contains("content-type: application/problem+json"), "{response}");
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()));
}

#[tokio::test]
async fn every_response_has_security_and_cache_headers() {
    let success = admin().get(&format!("{PARTNERS}/search_count"), &[]).await;
    let rejected = Gateway::shared().client().get(PARTNERS, &[]).await;
    let not_found = Gateway::shared().client().get("/nowhere", &[]).await;
    for (response, status) in [(success, 200), (rejected, 401), (not_found, 404)] {
        assert_eq!(response.status, status);
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        assert_eq!(response.header("referrer-policy"), "no-referrer");
        assert_eq!(response.header("cache-control"), "no-store");
        assert_eq!(response.header("vary"), "Accept, Accept-Encoding, Authorization, Prefer, Origin");
        assert_eq!(response.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        for absent in ["access-control-allow-origin", "server", "x-powered-by", "set-cookie"] {
            assert_eq!(response.header(absent), "", "{absent}");
        }
    }
}

#[tokio::test]
async fn no_origin_is_allowed_by_default() {
    let client = admin().with_header("Origin", "https://evil.example");
    let response = client.get(&format!("{PARTNERS}/search_count"), &[]).await;
    assert_eq!((response.status, response.header("access-control-allow-origin")), (200, ""));
    let preflight = client.with_header("Access-Control-Request-Method", "PUT");
    let response = send(preflight.request(Method::OPTIONS, PARTNERS)).await;
    assert_eq!((response.status, response.header("access-control-allow-methods")), (204, ""));
}

#[tokio::test]
async fn every_request_has_an_id() {
    let named = |id: &str| {
        let client = Gateway::shared().client().with_header("X-Request-Id", id);
        async move { client.get("/nowhere", &[]).await }
    };
    let response = named("order-17.b_C").await;
    assert_eq!(response.header("x-request-id"), "order-17.b_C");
    assert_eq!(response.json()["request_id"], "order-17.b_C");
    for id in ["a b", "<script>", "", &"x".repeat(65), "a;b"] {
        let response = named(id).await;
        let created = response.header("x-request-id");
        assert!(
            created.len() == 32 && created.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id:?} became {created:?}"
        );
        assert_eq!(response.json()["request_id"], created);
    }
}

#[tokio::test]
async fn server_timing_contains_the_duration_of_each_stage() {
    let response = admin().get(&format!("{PARTNERS}/1"), &[("fields", "name")]).await;
    response.ok();
    let timing = response.header("server-timing");
    let stages: Vec<&str> = timing.split(", ").map(|stage| stage.split(';').next().unwrap()).collect();
    assert_eq!(stages, ["auth", "body", "plan", "odoo", "shape", "total"], "{timing}");
    for stage in timing.split(", ") {
        let (_, took) = stage.split_once(";dur=").unwrap();
        assert!(took.parse::<f64>().unwrap() >= 0.0, "{timing}");
    }
}

#[tokio::test]
async fn long_responses_are_compressed_as_requested() {
    let query = [("fields", "name,email,city,country_id"), ("limit", "40")];
    let plain = admin().get(PARTNERS, &query).await;
    assert_eq!((plain.status, plain.header("content-encoding")), (200, ""));
    assert!(plain.text.len() > 1024, "too short to be worth it");
    for coding in ["gzip", "br", "zstd"] {
        let client = admin().with_header("Accept-Encoding", coding);
        let response = client.request(Method::GET, PARTNERS).query(&query).send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], coding);
        assert_eq!(response.headers()["vary"], "Accept, Accept-Encoding, Authorization, Prefer, Origin");
        let compressed = response.bytes().await.unwrap();
        assert!(compressed.len() < plain.text.len(), "{coding}");
        assert_eq!(decompressed(coding, &compressed), plain.text, "{coding}");
    }
}

fn decompressed(coding: &str, compressed: &[u8]) -> String {
    let mut text = String::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(compressed).read_to_string(&mut text).unwrap(),
        "br" => brotli::Decompressor::new(compressed, 4096).read_to_string(&mut text).unwrap(),
        _ => zstd::Decoder::new(compressed).unwrap().read_to_string(&mut text).unwrap(),
    };
    text
}

#[tokio::test]
async fn unknown_routes_and_methods_need_no_credential() {
    let client = Gateway::shared().client();
    for path in ["/restapi", "/restapi/1.0", "/restapi/2.0/object/res.partner", "/object/res.partner", "/.env"] {
        client.get(path, &[]).await.problem(404, "unknown_route");
    }
    for (method, path, allowed) in [
        ("PATCH", PARTNERS.to_owned(), "GET,HEAD,POST,PUT,DELETE,OPTIONS"),
        ("PATCH", format!("{PARTNERS}/1"), "GET,HEAD,PUT,DELETE,POST,OPTIONS"),
        ("DELETE", format!("{PARTNERS}/search"), "GET,HEAD,POST,OPTIONS"),
        ("GET", format!("{PARTNERS}/1/copy"), "POST,OPTIONS"),
        ("POST", "/restapi/1.0/common/version".to_owned(), "GET,HEAD,OPTIONS"),
        ("BREW", PARTNERS.to_owned(), "GET,HEAD,POST,PUT,DELETE,OPTIONS"),
    ] {
        let response = send(client.request(method.parse().unwrap(), &path)).await;
        response.problem(405, "method_not_allowed");
        assert_eq!(sorted(response.header("allow")), sorted(allowed), "{method} {path}");
        let options = send(client.request(Method::OPTIONS, &path)).await;
        assert_eq!((options.status, options.text.as_str()), (204, ""));
        assert_eq!(sorted(options.header("allow")), sorted(allowed), "{path}");
    }
    let tunnel = client.with_header("X-HTTP-Method-Override", "DELETE");
    tunnel.post(&format!("{PARTNERS}/search"), &serde_json::json!({})).await.problem(401, "credential_missing");
}

fn sorted(methods: &str) -> Vec<&str> {
    let mut methods: Vec<&str> = methods.split(',').map(str::trim).collect();
    methods.sort_unstable();
    methods
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let path = format!("{PARTNERS}/1");
    let (get, head) = (admin().request(Method::GET, &path), admin().request(Method::HEAD, &path));
    let (get, head) = (send(get.query(&[("fields", "name")])).await, send(head.query(&[("fields", "name")])).await);
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    for name in ["content-type", "content-length"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let rejected = send(Gateway::shared().client().request(Method::HEAD, PARTNERS)).await;
    assert_eq!((rejected.status, rejected.text.as_str()), (401, ""));
    assert!(rejected.header("www-authenticate").starts_with("Basic "));
}

#[tokio::test]
async fn trailing_slash_makes_no_difference() {
    for path in [format!("{PARTNERS}/1"), format!("{PARTNERS}/search_count"), "/restapi/1.0/common/version".to_owned()]
    {
        let (without, with) = (admin().get(&path, &[]).await, admin().get(&format!("{path}/"), &[]).await);
        assert_eq!(with.ok(), without.ok(), "{path}");
        admin().get(&format!("{path}//"), &[]).await.problem(404, "unknown_route");
    }
}

#[tokio::test]
async fn unencoded_requests_of_the_manual_work() {
    let expected =
        admin().get(&format!("{PARTNERS}/search_count"), &[("domain", "[('is_company','=',True)]")]).await.ok();
    for domain in [r#"[("is_company","=",True)]"#, r#"[["is_company","=",true]]"#, "[('is_company','=',True)]"] {
        let response = send_raw(&format!("{}\r\n", head(&format!("{PARTNERS}/search_count?domain={domain}")))).await;
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{domain}: {response}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap(), expected);
    }
}

#[tokio::test]
async fn oversized_requests_get_a_problem_body() {
    let long = format!("{PARTNERS}?domain={}", "a".repeat(70_000));
    assert_problem(&send_raw(&format!("{}\r\n", head(&long))).await, 414, "uri_too_long");
    let large = format!("{}X: {}\r\n\r\n", head(PARTNERS), "y".repeat(40_000));
    assert_problem(&send_raw(&large).await, 431, "headers_too_large");
    let many = format!("{}{}\r\n", head(PARTNERS), "X: y\r\n".repeat(110));
    assert_problem(&send_raw(&many).await, 431, "headers_too_large");
}

/// A GET as the administrator over HTTP/2 with more headers. Returns status, media type and body.
async fn over_http2(target: &str, headers: &[(&str, String)]) -> (u16, String, String) {
    let stream = TcpStream::connect(Gateway::shared().address()).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(http::uri::Scheme::HTTP);
    parts.authority = Some("gateway".parse().unwrap());
    // The maximum length: as one text, the complete URI would leave no space for the host.
    parts.path_and_query = Some(target.parse().unwrap());
    let uri = http::Uri::from_parts(parts).unwrap();
    let request = http::Request::get(uri).header("authorization", "Basic YWRtaW46YWRtaW4=");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let response = client.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    let body = response.collect().await.unwrap().to_bytes();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn http_1_and_http_2_have_the_same_limits() {
    let padded = |length: usize| {
        let target = format!("{PARTNERS}/1?fields=name&x=");
        format!("{target}{}", "y".repeat(length - target.len()))
    };
    let many = |count: usize| -> Vec<(&str, String)> { vec![("x", "y".to_owned()); count] };
    let large = |length: usize| vec![("x", "y".repeat(length))];
    for (target, headers, status, code) in [
        (padded(40_000), many(0), 200, ""),
        (padded(65_534), many(0), 200, ""),
        (padded(65_534), large(20_000), 200, ""),
        (padded(100), many(90), 200, ""),
        (padded(100), many(200), 431, "headers_too_large"),
        (padded(100), large(40_000), 431, "headers_too_large"),
        (padded(100), large(100_000), 431, "headers_too_large"),
    ] {
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let first = send_raw(&format!("{}{lines}\r\n", head(&target))).await;
        let (first_head, first_body) = first.split_once("\r\n\r\n").unwrap();
        assert!(first_head.starts_with(&format!("HTTP/1.1 {status} ")), "{first}");
        let (second, kind, second_body) = over_http2(&target, &headers).await;
        assert_eq!(second, status, "{second_body}");
        assert!(first_head.contains(&format!("content-type: {kind}")), "{first_head} {kind}");
        let body = |text: &str| {
            let mut body: serde_json::Value = serde_json::from_str(text).unwrap();
            body.as_object_mut().unwrap().remove("request_id");
            body
        };
        assert_eq!(body(first_body), body(&second_body));
        assert_eq!(body(first_body)["code"].as_str().unwrap_or_default(), code);
    }
}

#[tokio::test]
async fn allow_lists_exactly_the_supported_methods() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let client = gateway.client();
    let document = odoo_gateway::http::openapi().to_json().unwrap();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for path in paths.keys() {
        let path: String = path.replace("{model}", "res.partner").replace("{id}", "1").replace(['{', '}'], "");
        let options = send(client.request(Method::OPTIONS, &path)).await;
        assert_eq!(options.status, 204, "{path}");
        let allowed: Vec<String> = options.header("allow").split(',').map(|method| method.trim().to_owned()).collect();
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let response = send(client.request(method.parse().unwrap(), &path)).await;
            if path.starts_with("/json/2/") && method != "POST" {
                assert_eq!(response.status, 404, "as Odoo responds to {method} {path}");
                continue;
            }
            let is_taken = response.status != 405;
            assert_eq!(is_taken, allowed.iter().any(|known| known == method), "{method} {path}: {}", response.status);
            if !is_taken {
                assert_eq!(response.header("allow"), options.header("allow"), "{method} {path}");
            }
        }
    }
    for path in ["/start", "/rest/api/login/token", "/restapi/1.0/common/oauth2/authorize"] {
        let head = send(client.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.text.as_str()), (405, ""), "{path}");
        assert!(!head.header("allow").contains("HEAD") && head.header("allow").contains("GET"), "{path}");
    }
}

#[tokio::test]
async fn body_size_is_limited_with_and_without_content_length() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__SERVER__BODY_LIMIT", "4KiB")]).await;
    let admin = gateway.client().as_user("admin");
    let announced = admin.request(Method::POST, PARTNERS).body("x".repeat(5000));
    send(announced).await.problem(413, "body_too_large");
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let chunk = format!("1388\r\n{}\r\n0\r\n\r\n", "x".repeat(5000));
    let head = head(PARTNERS).replacen("GET", "POST", 1);
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}").as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert_problem(&response, 413, "body_too_large");
    // A client without a valid credential gets 401 first.
    let stranger = gateway.client().request(Method::POST, PARTNERS).body("x".repeat(5000));
    send(stranger).await.problem(401, "credential_missing");
}

#[tokio::test]
async fn malformed_http_is_rejected() {
    let host_twice = head(PARTNERS).replacen("Host: gateway\r\n", "Host: a\r\nHost: b\r\n", 1) + "\r\n";
    let no_host = head(PARTNERS).replacen("Host: gateway\r\n", "", 1) + "\r\n";
    for request in [host_twice, no_host] {
        assert_problem(&send_raw(&request).await, 400, "malformed_request");
    }
    let both_lengths = format!("{}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", head(PARTNERS));
    let response = send_raw(&both_lengths).await;
    assert!(response.starts_with("HTTP/1.1 400 ") && response.matches("HTTP/1.1").count() == 1, "{response}");
}

#[tokio::test]
async fn invalid_names_never_reach_odoo() {
    for model in
        ["..", "%2e%2e", "res%2Fpartner", "res.partner%00", "res.partner%0d%0aX", "Res.Partner", "res..partner", "v1"]
    {
        let response = send_raw(&format!("{}\r\n", head(&format!("/restapi/1.0/object/{model}")))).await;
        let status = response.split(' ').nth(1).unwrap();
        assert!(status == "404" || status == "400", "{model}: {response}");
        assert!(response.contains("application/problem+json"), "{model}: {response}");
    }
}

#[tokio::test]
async fn ops_endpoints_have_their_own_listener() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    gateway.client().as_user("admin").get(&format!("{PARTNERS}/1"), &[("fields", "name")]).await.ok();
    let alive = gateway.ops_client().get("/livez", &[]).await;
    assert_eq!((alive.status, alive.text.as_str()), (200, "ok\n"));
    let parts = serde_json::json!({"store": {"ok": true}, "master key": {"ok": true}, "odoo odoo19": {"ok": true}, "odoo odoo14": {"ok": true}});
    assert_eq!(gateway.ops_client().get("/readyz", &[]).await.ok(), serde_json::json!({"ready": true, "parts": parts}));

    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    let route = r#"{method="GET",route="/restapi/1.0/object/{model}/{key}",status="200"} 1"#;
    assert!(metrics.contains(&format!("odoo_gateway_requests_total{route}")), "{metrics}");
    assert!(metrics.contains(r#"database="odoo19""#) && !metrics.contains("res.partner"), "{metrics}");
    for path in ["/livez", "/readyz", "/metrics"] {
        gateway.client().get(path, &[]).await.problem(404, "unknown_route");
    }
    assert_eq!(gateway.ops_client().get(PARTNERS, &[]).await.status, 404);
}
