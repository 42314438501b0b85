//! Secrets from the pages are neither in the log, not even at the level TRACE, nor on the disk.

use serde_json::Value;

use super::{HtmlClient, REDIRECT, csrf_token, location, redirect_params, request};
use crate::secrecy::{assert_absent, files};
use crate::support::StubOdoo;
use crate::support::binary::{Process, run};
use crate::support::stub_odoo::PASSWORD;

const WRONG: &str = "Wr0ng<ñ>&\"72f1c0aa\"+/=";
const STATE: &str = "state-5c1b07e9";

#[tokio::test(flavor = "multi_thread")]
async fn passwords_cookies_csrf_tokens_codes_and_states_are_not_stored_or_logged() {
    let stub = StubOdoo::start().await;
    let (url, folder) = (stub.url(), tempfile::tempdir().unwrap());
    let key = folder.path().join("keys/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__LOG__FILTER", "trace"),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "10ms"),
        ("ODOO_GATEWAY__ODOO__0__URL", url.as_str()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", &key),
    ];
    let create = ["app", "create", "--name", "Secret shop", "--redirect-uri", REDIRECT, "--json"];
    let created = run(&create, folder.path(), &settings).await;
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    let created: Value = serde_json::from_slice(&created.stdout).unwrap();
    let gateway = Process::serve_in(folder, &settings).await;
    let id = created["client_id"].as_str().unwrap();
    let path = request(&[("client_id", id), ("response_type", "code"), ("state", STATE)]);
    let mut browser_client = HtmlClient::new(gateway.client());
    let csrf_token = csrf_token(&browser_client.get(&path).await);
    let before = browser_client.cookie.clone().unwrap();
    let oauth_error = browser_client.log_in(&path, "admin", WRONG).await;
    assert_eq!(oauth_error.status, 422);
    browser_client.log_in(&path, "admin", PASSWORD).await;
    let session = browser_client.cookie.clone().unwrap();
    let back = redirect_params(&location(&browser_client.decide(&path, "allow").await));
    assert_eq!(back["state"], STATE);
    let value = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
    let (before, session) = (value(&before), value(&session));
    let mark = csrf_token.rsplit('.').next().unwrap();
    let secrets = [WRONG, PASSWORD, mark, &session, &back["code"], STATE];
    assert_absent("the page", oauth_error.text.as_bytes(), &secrets[..2]);
    let (status, output, folder) = gateway.stop_with("TERM").await;
    assert!(status.success());
    assert!(output.contains(r#""level":"TRACE""#) && output.contains(r#""user":"admin""#), "the log is not detailed");
    assert_absent("the log", output.as_bytes(), &[&secrets[..], &[before.as_str()]].concat());
    for (name, content) in files(folder.path()) {
        assert_absent(&name, &content, &secrets);
    }
}
