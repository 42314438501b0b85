//! Secrets that passed through the gateway are nowhere afterwards: not in its log at its most talkative, not on its
//! disk, not in its numbers, not in its answers (security requirement S-01, for the credentials there are yet).

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;

use super::support::binary::Process;
use super::support::stub::PASSWORD;
use super::support::{Act, Answer, Client, Stub, Version, stand};

/// Looks like nothing else, and has characters that every notation writes differently.
const WRONG: &str = "Wr0ng<ñ>&\"51d0e6b7\"+/=";
/// In a query, in a body and in a value: not secret to Odoo, but none of the log's business.
const PRIVATE: &str = "private-93e1f0a4";

/// The forms in which a secret could be found.
fn notations(secret: &str) -> Vec<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let utf16: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let percent = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
    let debug = format!("{secret:?}").trim_matches('"').to_owned();
    let json = serde_json::to_string(secret).unwrap().trim_matches('"').to_owned();
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut all = vec![secret.to_owned(), hex(secret.as_bytes()), hex(&utf16), percent, debug, json, xml];
    // Base64 writes a text in three ways, as it stands in what is around it; what depends on the neighbours is cut off.
    for before in 0..3 {
        let padded = [&b"xxx"[..before], secret.as_bytes()].concat();
        let whole = &padded[..padded.len() / 3 * 3];
        let skip = if before == 0 { 0 } else { 4 };
        all.extend([&STANDARD, &URL_SAFE].map(|engine| engine.encode(whole)[skip..].to_owned()));
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

/// Every file below, with its content.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() { files(&path) } else { vec![(path.display().to_string(), fs::read(&path).unwrap())] }
        })
        .collect()
}

/// A request over HTTP/2, whose library has a log of its own; the status.
async fn ask_over_http2(address: &str, password: &str) -> u16 {
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

/// One request of every kind that could make the gateway talk, with this password.
async fn ask_all(client: &Client) -> Vec<Answer> {
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
fn a_secret_is_found_however_it_is_written() {
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
async fn a_secret_that_passed_through_is_nowhere_afterwards() {
    let stub = Stub::start().await;
    let url = stub.url();
    let gateway = Process::serve(&[
        ("ODOO_GATEWAY__LOG__FILTER", "trace"),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "10ms"),
        ("ODOO_GATEWAY__ODOO__0__URL", stand().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__ODOO__1__URL", &url),
        ("ODOO_GATEWAY__ODOO__1__DATABASE", "stub"),
    ])
    .await;
    let key = stand().api_key(Version::Odoo19);
    let of_stub = gateway.client().with_header("X-Odoo-Database", "stub");
    let mut answers = ask_all(&gateway.client().with_password("internal", key)).await;
    answers.extend(ask_all(&gateway.client().with_password("internal", WRONG)).await);
    answers.extend(ask_all(&of_stub.with_password("admin", PASSWORD)).await);
    assert_eq!(ask_over_http2(gateway.address(), key).await, 200);
    assert_eq!(ask_over_http2(gateway.address(), WRONG).await, 401);
    // An Odoo that repeats what it was told, in its own words and in nobody's.
    let echo = format!("{PASSWORD} {WRONG} {key}");
    for act in [Act::fault(&echo, &echo), Act::Bytes(echo.clone().into_bytes()), Act::cut(), Act::xml(&echo)] {
        for name in ["authenticate", "res.partner.read", "res.partner.search_read", "res.partner.no_such_method"] {
            stub.when(name, act.clone());
        }
        answers.extend(ask_all(&of_stub.with_password("admin", PASSWORD)).await);
        answers.extend(ask_all(&of_stub.with_password("someone", WRONG)).await);
    }
    // What is no base64, what is no pair, what is a secret of a kind not known here.
    for header in [format!("Basic {PASSWORD}"), format!("Bearer {PASSWORD}"), STANDARD.encode(PASSWORD)] {
        answers.push(gateway.client().with_header("Authorization", &header).get("/restapi/1.0/object/x", &[]).await);
    }
    let metrics = gateway.operator().get("/metrics", &[]).await.text;

    let secrets = [PASSWORD, WRONG, key];
    for answer in answers {
        let whole = format!("{} {:?}", answer.text, answer.headers);
        assert_absent("an answer", whole.as_bytes(), &secrets);
    }
    let (status, said, folder) = gateway.end("TERM").await;
    assert!(status.success());
    assert!(said.contains(r#""level":"TRACE""#) && said.contains(r#""user":"internal""#), "the log was not talkative");
    let unspoken = [PASSWORD, WRONG, key, PRIVATE];
    assert_absent("the log", said.as_bytes(), &unspoken);
    assert_absent("the metrics", metrics.as_bytes(), &unspoken);
    let files = files(folder.path());
    assert!(files.iter().any(|(name, _)| name.ends_with("gateway.db")), "{:?}", folder.path());
    for (name, content) in files {
        assert_absent(&name, &content, &unspoken);
    }
}
