//! Secrets that passed through the gateway are neither in its log, not even at the level TRACE, nor on its disk, in its
//! metrics or in its responses (S-01 in docs/security.md).

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;

use super::support::binary::Process;
use super::support::stub_odoo::PASSWORD;
use super::support::{Client, Response, StubOdoo, StubReply, Version, testbed};

/// A unique text with characters that each notation encodes differently.
const WRONG: &str = "Wr0ng<ñ>&\"51d0e6b7\"+/=";
/// Sent in a query, in a body and in a value: not secret from Odoo, but it must not be logged.
const PRIVATE: &str = "private-93e1f0a4";

/// The notations in which a secret could occur.
fn notations(secret: &str) -> Vec<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let percent = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
    let debug = format!("{secret:?}").trim_matches('"').to_owned();
    let json = serde_json::to_string(secret).unwrap().trim_matches('"').to_owned();
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut all = vec![secret.to_owned(), hex(secret.as_bytes()), hex(&utf16), percent, debug, json, xml];
    // Base64 has three encodings of a text, depending on its offset; the parts that depend on the neighbors are cut.
    for before in 0..3 {
        let padded = [&b"xxx"[..before], secret.as_bytes()].concat();
        let aligned = &padded[..padded.len() / 3 * 3];
        let skip = if before == 0 { 0 } else { 4 };
        all.extend([&STANDARD, &URL_SAFE].map(|engine| engine.encode(aligned)[skip..].to_owned()));
    }
    all.push(String::from_utf8_lossy(&utf16).into_owned());
    all
}

pub(crate) fn assert_absent(place: &str, content: &[u8], secrets: &[&str]) {
    let content = String::from_utf8_lossy(content);
    for secret in secrets {
        for notation in notations(secret) {
            if let Some(at) = content.find(&notation) {
                let around: String = content[..at].chars().rev().take(200).collect::<Vec<_>>().iter().rev().collect();
                panic!("{secret:?} as {notation:?} is in {place}, after: {around}");
            }
        }
    }
}

/// Every file in the folder, with its content.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() { files(&path) } else { vec![(path.display().to_string(), fs::read(&path).unwrap())] }
        })
        .collect()
}

/// Sends a request over HTTP/2, whose library has a log of its own. Returns the status.
async fn send_over_http2(address: &str, password: &str) -> u16 {
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let credential = STANDARD.encode(format!("internal:{password}"));
    let request = http::Request::get(format!("http://{address}/restapi/1.0/object/res.partner/1?fields=name"))
        .header("authorization", format!("Basic {credential}"))
        .body(String::new())
        .unwrap();
    let status = sender.send_request(request).await.unwrap().status().as_u16();
    connection.abort();
    status
}

/// Sends requests that could make the gateway log or return the password.
async fn send_all(client: &Client) -> Vec<Response> {
    let partners = "/restapi/1.0/object/res.partner";
    vec![
        client.get(partners, &[("domain", &format!("[('name','=','{PRIVATE}')]")), ("fields", "name")]).await,
        client.get(&format!("{partners}/1"), &[("fields", "name")]).await,
        client.post(partners, &json!({"vals": {"name": {"not": PRIVATE}}})).await,
        client.post(&format!("{partners}/search_count"), &json!({"args": [[["name", "=", PRIVATE]]]})).await,
        client.post(&format!("{partners}/no_such_method"), &json!({"args": [PRIVATE]})).await,
        client.get(&format!("{partners}/{PRIVATE}"), &[(PRIVATE, PRIVATE)]).await,
    ]
}

#[test]
fn secret_is_found_in_every_notation() {
    for login in ["", "a", "ab", "abc"] {
        let credential = STANDARD.encode(format!("{login}:{WRONG}:"));
        assert!(notations(WRONG).iter().any(|notation| credential.contains(notation)), "{credential}");
    }
    for written in
        ["Wr0ng<ñ>&\\\"51d0e6b7\\\"+/=", "Wr0ng%3C%C3%B1%3E%26%2251d0e6b7%22%2B%2F%3D", "5772306e673cc3b13e26"]
    {
        let found = notations(WRONG).iter().any(|notation| notation.starts_with(written));
        assert!(found, "{written}");
    }
}

#[tokio::test]
async fn secrets_are_not_stored_logged_or_returned() {
    let stub = StubOdoo::start().await;
    let url = stub.url();
    let gateway = Process::serve(&[
        ("ODOO_GATEWAY__LOG__FILTER", "trace"),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "10ms"),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__ODOO__1__URL", &url),
        ("ODOO_GATEWAY__ODOO__1__DATABASE", "stub"),
    ])
    .await;
    let key = testbed().api_key(Version::Odoo19);
    let of_stub = gateway.client().with_header("X-Odoo-Database", "stub");
    let mut responses = send_all(&gateway.client().with_password("internal", key)).await;
    responses.extend(send_all(&gateway.client().with_password("internal", WRONG)).await);
    responses.extend(send_all(&of_stub.with_password("admin", PASSWORD)).await);
    assert_eq!(send_over_http2(gateway.address(), key).await, 200);
    assert_eq!(send_over_http2(gateway.address(), WRONG).await, 401);
    // A stub that repeats the secret in faults and in malformed responses.
    let echo = format!("{PASSWORD} {WRONG} {key}");
    for reply in [
        StubReply::fault(&echo, &echo),
        StubReply::Bytes(echo.clone().into_bytes()),
        StubReply::cut(),
        StubReply::xml(&echo),
    ] {
        for name in ["authenticate", "res.partner.read", "res.partner.search_read", "res.partner.no_such_method"] {
            stub.when(name, reply.clone());
        }
        responses.extend(send_all(&of_stub.with_password("admin", PASSWORD)).await);
        responses.extend(send_all(&of_stub.with_password("someone", WRONG)).await);
    }
    // Invalid base64, a value without a colon, and a secret of an unknown kind.
    for header in [format!("Basic {PASSWORD}"), format!("Bearer {PASSWORD}"), STANDARD.encode(PASSWORD)] {
        responses.push(gateway.client().with_header("Authorization", &header).get("/restapi/1.0/object/x", &[]).await);
    }
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;

    let secrets = [PASSWORD, WRONG, key];
    for response in responses {
        let text = format!("{} {:?}", response.text, response.headers);
        assert_absent("a response", text.as_bytes(), &secrets);
    }
    let (status, output, folder) = gateway.stop_with("TERM").await;
    assert!(status.success());
    assert!(
        output.contains(r#""level":"TRACE""#) && output.contains(r#""user":"internal""#),
        "the log is not detailed"
    );
    let unspoken = [PASSWORD, WRONG, key, PRIVATE];
    assert_absent("the log", output.as_bytes(), &unspoken);
    assert_absent("the metrics", metrics.as_bytes(), &unspoken);
    let files = files(folder.path());
    assert!(files.iter().any(|(name, _)| name.ends_with("gateway.db")), "{:?}", folder.path());
    for (name, content) in files {
        assert_absent(&name, &content, &unspoken);
    }
}
