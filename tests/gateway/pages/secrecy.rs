//! What passed through the pages is nowhere afterwards: not in the log at its most talkative, not on the disk.

use serde_json::Value;

use super::{REDIRECT, Visitor, guard, location, request, told};
use crate::secrecy::{assert_absent, files};
use crate::support::Stub;
use crate::support::binary::{Process, run};
use crate::support::stub::PASSWORD;

const WRONG: &str = "Wr0ng<ñ>&\"72f1c0aa\"+/=";
const STATE: &str = "state-5c1b07e9";

#[tokio::test(flavor = "multi_thread")]
async fn passwords_cookies_guards_codes_and_states_are_nowhere_afterwards() {
    let stub = Stub::start().await;
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
    let mut visitor = Visitor::new(gateway.client());
    let guard = guard(&visitor.get(&path).await);
    let before = visitor.cookie.clone().unwrap();
    let refused = visitor.log_in(&path, "admin", WRONG).await;
    assert_eq!(refused.status, 422);
    visitor.log_in(&path, "admin", PASSWORD).await;
    let session = visitor.cookie.clone().unwrap();
    let back = told(&location(&visitor.decide(&path, "allow").await));
    assert_eq!(back["state"], STATE);
    let value = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
    let (before, session) = (value(&before), value(&session));
    let mark = guard.rsplit('.').next().unwrap();
    let secrets = [WRONG, PASSWORD, mark, &session, &back["code"], STATE];
    assert_absent("the page", refused.text.as_bytes(), &secrets[..2]);
    let (status, said, folder) = gateway.end("TERM").await;
    assert!(status.success());
    assert!(said.contains(r#""level":"TRACE""#) && said.contains(r#""user":"admin""#), "the log was not talkative");
    assert_absent("the log", said.as_bytes(), &[&secrets[..], &[before.as_str()]].concat());
    for (name, content) in files(folder.path()) {
        assert_absent(&name, &content, &secrets);
    }
}
