//! What every answer has, whatever was asked: headers, compression, refusals that belong to no route.

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

/// One request as these very bytes, and the answer as it comes.
async fn say(bytes: &str) -> String {
    let mut stream = TcpStream::connect(Gateway::shared().address()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A refused peer may be cut off while it still sends.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// The head of a GET by the administrator, up to its last line.
fn head(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAuthorization: Basic YWRtaW46YWRtaW4=\r\n")
}

/// A refusal that was read from the wire: status and code.
#[track_caller]
fn assert_problem(answer: &str, status: u16, code: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(head.contains("content-type: application/problem+json"), "{answer}");
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()));
}

#[tokio::test]
async fn every_answer_is_guarded_against_browsers_and_caches() {
    let good = admin().get(&format!("{PARTNERS}/search_count"), &[]).await;
    let refused = Gateway::shared().client().get(PARTNERS, &[]).await;
    let nowhere = Gateway::shared().client().get("/nowhere", &[]).await;
    for (answer, status) in [(good, 200), (refused, 401), (nowhere, 404)] {
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("vary"), "Accept, Accept-Encoding, Authorization, Prefer");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        for absent in ["access-control-allow-origin", "server", "x-powered-by", "set-cookie"] {
            assert_eq!(answer.header(absent), "", "{absent}");
        }
    }
}

#[tokio::test]
async fn no_origin_is_let_in_by_default() {
    let client = admin().with_header("Origin", "https://evil.example");
    let answer = client.get(&format!("{PARTNERS}/search_count"), &[]).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""));
    let preflight = client.with_header("Access-Control-Request-Method", "PUT");
    let answer = send(preflight.request(Method::OPTIONS, PARTNERS)).await;
    assert_eq!((answer.status, answer.header("access-control-allow-methods")), (204, ""));
}

#[tokio::test]
async fn a_request_has_a_name() {
    let named = |id: &str| {
        let client = Gateway::shared().client().with_header("X-Request-Id", id);
        async move { client.get("/nowhere", &[]).await }
    };
    let answer = named("order-17.b_C").await;
    assert_eq!(answer.header("x-request-id"), "order-17.b_C");
    assert_eq!(answer.json()["request_id"], "order-17.b_C");
    for id in ["a b", "<script>", "", &"x".repeat(65), "a;b"] {
        let answer = named(id).await;
        let made = answer.header("x-request-id");
        assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id:?} became {made:?}");
        assert_eq!(answer.json()["request_id"], made);
    }
}

#[tokio::test]
async fn an_answer_tells_how_long_each_stage_took() {
    let answer = admin().get(&format!("{PARTNERS}/1"), &[("fields", "name")]).await;
    answer.ok();
    let timing = answer.header("server-timing");
    let stages: Vec<&str> = timing.split(", ").map(|stage| stage.split(';').next().unwrap()).collect();
    assert_eq!(stages, ["auth", "body", "plan", "odoo", "shape", "total"], "{timing}");
    for stage in timing.split(", ") {
        let (_, took) = stage.split_once(";dur=").unwrap();
        assert!(took.parse::<f64>().unwrap() >= 0.0, "{timing}");
    }
}

#[tokio::test]
async fn long_answers_are_compressed_as_asked() {
    let query = [("fields", "name,email,city,country_id"), ("limit", "40")];
    let plain = admin().get(PARTNERS, &query).await;
    assert_eq!((plain.status, plain.header("content-encoding")), (200, ""));
    assert!(plain.text.len() > 1024, "too short to be worth it");
    for coding in ["gzip", "br", "zstd"] {
        let client = admin().with_header("Accept-Encoding", coding);
        let answer = client.request(Method::GET, PARTNERS).query(&query).send().await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], coding);
        assert_eq!(answer.headers()["vary"], "Accept, Accept-Encoding, Authorization, Prefer");
        let packed = answer.bytes().await.unwrap();
        assert!(packed.len() < plain.text.len(), "{coding}");
        assert_eq!(unpacked(coding, &packed), plain.text, "{coding}");
    }
}

fn unpacked(coding: &str, packed: &[u8]) -> String {
    let mut text = String::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap(),
        "br" => brotli::Decompressor::new(packed, 4096).read_to_string(&mut text).unwrap(),
        _ => zstd::Decoder::new(packed).unwrap().read_to_string(&mut text).unwrap(),
    };
    text
}

#[tokio::test]
async fn what_is_nowhere_and_what_is_not_taken_is_said_to_anybody() {
    let client = Gateway::shared().client();
    for path in ["/restapi", "/restapi/1.0", "/restapi/2.0/object/res.partner", "/object/res.partner", "/.env"] {
        client.get(path, &[]).await.refused(404, "unknown_route");
    }
    for (method, path, allowed) in [
        ("PATCH", PARTNERS.to_owned(), "GET,HEAD,POST,PUT,DELETE,OPTIONS"),
        ("PATCH", format!("{PARTNERS}/1"), "GET,HEAD,PUT,DELETE,POST,OPTIONS"),
        ("DELETE", format!("{PARTNERS}/search"), "GET,HEAD,POST,OPTIONS"),
        ("GET", format!("{PARTNERS}/1/copy"), "POST,OPTIONS"),
        ("POST", "/restapi/1.0/common/version".to_owned(), "GET,HEAD,OPTIONS"),
        ("BREW", PARTNERS.to_owned(), "GET,HEAD,POST,PUT,DELETE,OPTIONS"),
    ] {
        let answer = send(client.request(method.parse().unwrap(), &path)).await;
        answer.refused(405, "method_not_allowed");
        assert_eq!(sorted(answer.header("allow")), sorted(allowed), "{method} {path}");
        let options = send(client.request(Method::OPTIONS, &path)).await;
        assert_eq!((options.status, options.text.as_str()), (204, ""));
        assert_eq!(sorted(options.header("allow")), sorted(allowed), "{path}");
    }
    let tunnel = client.with_header("X-HTTP-Method-Override", "DELETE");
    tunnel.post(&format!("{PARTNERS}/search"), &serde_json::json!({})).await.refused(401, "credential_missing");
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
    let refused = send(Gateway::shared().client().request(Method::HEAD, PARTNERS)).await;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
    assert!(refused.header("www-authenticate").starts_with("Basic "));
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    for path in [format!("{PARTNERS}/1"), format!("{PARTNERS}/search_count"), "/restapi/1.0/common/version".to_owned()]
    {
        let (without, with) = (admin().get(&path, &[]).await, admin().get(&format!("{path}/"), &[]).await);
        assert_eq!(with.ok(), without.ok(), "{path}");
        admin().get(&format!("{path}//"), &[]).await.refused(404, "unknown_route");
    }
}

#[tokio::test]
async fn requests_work_as_the_vendors_manual_prints_them() {
    let expected =
        admin().get(&format!("{PARTNERS}/search_count"), &[("domain", "[('is_company','=',True)]")]).await.ok();
    for domain in [r#"[("is_company","=",True)]"#, r#"[["is_company","=",true]]"#, "[('is_company','=',True)]"] {
        let answer = say(&format!("{}\r\n", head(&format!("{PARTNERS}/search_count?domain={domain}")))).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{domain}: {answer}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap(), expected);
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused_in_the_same_form() {
    let long = format!("{PARTNERS}?domain={}", "a".repeat(70_000));
    assert_problem(&say(&format!("{}\r\n", head(&long))).await, 414, "uri_too_long");
    let large = format!("{}X: {}\r\n\r\n", head(PARTNERS), "y".repeat(40_000));
    assert_problem(&say(&large).await, 431, "headers_too_large");
    let many = format!("{}{}\r\n", head(PARTNERS), "X: y\r\n".repeat(110));
    assert_problem(&say(&many).await, 431, "headers_too_large");
}

/// A GET by the administrator over HTTP/2 with more headers: status, type and body of the answer.
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
    // As long as it may be: a whole URI in one text has no room for the host then.
    parts.path_and_query = Some(target.parse().unwrap());
    let uri = http::Uri::from_parts(parts).unwrap();
    let request = http::Request::get(uri).header("authorization", "Basic YWRtaW46YWRtaW4=");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let answer = client.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    let body = answer.collect().await.unwrap().to_bytes();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn both_protocols_take_and_refuse_the_same() {
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
        let first = say(&format!("{}{lines}\r\n", head(&target))).await;
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
async fn allow_names_the_methods_that_are_taken_and_no_other() {
    let gateway = Gateway::before_odoo(&[]).await;
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
            let answer = send(client.request(method.parse().unwrap(), &path)).await;
            let is_taken = answer.status != 405;
            assert_eq!(is_taken, allowed.iter().any(|known| known == method), "{method} {path}: {}", answer.status);
            if !is_taken {
                assert_eq!(answer.header("allow"), options.header("allow"), "{method} {path}");
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
async fn a_body_has_a_largest_size_whether_it_is_announced_or_not() {
    let gateway = Gateway::before_odoo(&[("ODOO_GATEWAY__SERVER__BODY_LIMIT", "4KiB")]).await;
    let admin = gateway.client().as_user("admin");
    let announced = admin.request(Method::POST, PARTNERS).body("x".repeat(5000));
    send(announced).await.refused(413, "body_too_large");
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let chunk = format!("1388\r\n{}\r\n0\r\n\r\n", "x".repeat(5000));
    let head = head(PARTNERS).replacen("GET", "POST", 1);
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_problem(&answer, 413, "body_too_large");
    // Who may not call at all is told that first.
    let stranger = gateway.client().request(Method::POST, PARTNERS).body("x".repeat(5000));
    send(stranger).await.refused(401, "credential_missing");
}

#[tokio::test]
async fn what_is_no_proper_http_reaches_nobody() {
    let host_twice = head(PARTNERS).replacen("Host: gateway\r\n", "Host: a\r\nHost: b\r\n", 1) + "\r\n";
    let no_host = head(PARTNERS).replacen("Host: gateway\r\n", "", 1) + "\r\n";
    for request in [host_twice, no_host] {
        assert_problem(&say(&request).await, 400, "malformed_request");
    }
    let both_lengths = format!("{}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", head(PARTNERS));
    let answer = say(&both_lengths).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.matches("HTTP/1.1").count() == 1, "{answer}");
}

#[tokio::test]
async fn names_that_are_none_never_reach_odoo() {
    for model in
        ["..", "%2e%2e", "res%2Fpartner", "res.partner%00", "res.partner%0d%0aX", "Res.Partner", "res..partner", "v1"]
    {
        let answer = say(&format!("{}\r\n", head(&format!("/restapi/1.0/object/{model}")))).await;
        let status = answer.split(' ').nth(1).unwrap();
        assert!(status == "404" || status == "400", "{model}: {answer}");
        assert!(answer.contains("application/problem+json"), "{model}: {answer}");
    }
}

#[tokio::test]
async fn operators_have_a_listener_of_their_own() {
    let gateway = Gateway::before_odoo(&[]).await;
    gateway.client().as_user("admin").get(&format!("{PARTNERS}/1"), &[("fields", "name")]).await.ok();
    let alive = gateway.operator().get("/livez", &[]).await;
    assert_eq!((alive.status, alive.text.as_str()), (200, "ok\n"));
    let parts = serde_json::json!({"store": {"ok": true}, "master key": {"ok": true}, "odoo odoo19": {"ok": true}, "odoo odoo14": {"ok": true}});
    assert_eq!(gateway.operator().get("/readyz", &[]).await.ok(), serde_json::json!({"ready": true, "parts": parts}));

    let metrics = gateway.operator().get("/metrics", &[]).await.text;
    let route = r#"{method="GET",route="/restapi/1.0/object/{model}/{key}",status="200"} 1"#;
    assert!(metrics.contains(&format!("odoo_gateway_requests_total{route}")), "{metrics}");
    assert!(metrics.contains(r#"database="odoo19""#) && !metrics.contains("res.partner"), "{metrics}");
    for path in ["/livez", "/readyz", "/metrics"] {
        gateway.client().get(path, &[]).await.refused(404, "unknown_route");
    }
    assert_eq!(gateway.operator().get(PARTNERS, &[]).await.status, 404);
}
