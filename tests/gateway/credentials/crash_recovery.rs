//! The binary is killed repeatedly under load: everything it has acknowledged still holds.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};
use tokio::sync::watch;

use super::{administration, new_key, url};
use crate::support::binary::Process;
use crate::support::{Client, Version, testbed};

const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
const MINT: &str = "/api/generate_token";
const LOGIN: &str = "/rest/api/login/token";
const LOGOUT: &str = "/rest/api/logout/token";

/// The results that the gateway has acknowledged in complete responses.
#[derive(Default)]
struct Acknowledged {
    /// Issued tokens, each with its header.
    issued: Vec<(&'static str, String)>,
    /// Tokens whose revocation was confirmed.
    revoked: Vec<(&'static str, String)>,
}

/// Clients that send requests.
struct Traffic {
    acknowledged: Arc<Mutex<Acknowledged>>,
    responses: watch::Sender<usize>,
}

impl Traffic {
    fn new() -> Self {
        Self { acknowledged: Arc::default(), responses: watch::Sender::new(0) }
    }

    /// Starts clients that send requests until the gateway is killed.
    fn start(self: &Arc<Self>, client: &Client, key: &str) -> Vec<tokio::task::JoinHandle<()>> {
        (0..8)
            .map(|caller| {
                let (traffic, client, key) = (self.clone(), client.clone(), key.to_owned());
                tokio::spawn(async move {
                    while traffic.work(&client, &key, caller % 2 == 0).await.is_some() {
                        traffic.responses.send_modify(|responses| *responses += 1);
                    }
                })
            })
            .collect()
    }

    /// Waits until this many more requests are done, and tokens were issued and revoked.
    async fn wait_for_more(&self, more: usize) {
        let mut responses = self.responses.subscribe();
        let target = *responses.borrow() + more;
        let both = || {
            let acknowledged = self.acknowledged.lock().unwrap();
            !acknowledged.issued.is_empty() && !acknowledged.revoked.is_empty()
        };
        let enough = responses.wait_for(|responses| *responses >= target && both());
        drop(tokio::time::timeout(Duration::from_secs(60), enough).await.expect("the clients make progress").unwrap());
    }

    /// Creates and uses a token; revokes most of those from a login. Returns `None` if the gateway was killed.
    async fn work(&self, client: &Client, key: &str, mints: bool) -> Option<()> {
        let with_key = client.with_header("api-key", key);
        assert_eq!(complete_response(with_key.request(Method::GET, PARTNERS)).await?.0, 200);
        let (header, token) = if mints {
            let (status, minted) = complete_response(with_key.request(Method::POST, MINT).json(&json!({}))).await?;
            assert_eq!(status, 200, "{minted}");
            ("token", minted["login_token"].as_str().unwrap().to_owned())
        } else {
            let login = json!({"login": "internal", "password": "internal", "db": "odoo19"});
            let (status, body) = complete_response(client.request(Method::POST, LOGIN).json(&login)).await?;
            assert_eq!(status, 200, "{body}");
            ("access-token", body["access_token"].as_str().unwrap().to_owned())
        };
        let with_token = client.with_header(header, &token);
        let leaves = !mints && !self.responses.borrow().is_multiple_of(4);
        if leaves {
            assert_eq!(complete_response(with_token.request(Method::DELETE, LOGOUT)).await?.0, 200);
        }
        let mut acknowledged = self.acknowledged.lock().unwrap();
        if leaves { &mut acknowledged.revoked } else { &mut acknowledged.issued }.push((header, token));
        Some(())
    }
}

/// Status and body of a complete response; `None` if the connection broke.
async fn complete_response(request: RequestBuilder) -> Option<(u16, Value)> {
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, response.json().await.ok()?))
}

/// The first column of all rows, as text.
async fn texts(folder: &Path, query: &str) -> Vec<String> {
    let mut connection = AnyConnection::connect(&url(folder)).await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

/// Checks that the database is intact and contains no partial token.
async fn assert_consistent(folder: &Path) {
    assert_eq!(texts(folder, "PRAGMA integrity_check").await, ["ok"]);
    for (orphans, query) in [
        ("tokens without what opens them", "SELECT id FROM tokens WHERE id NOT IN (SELECT token_id FROM wraps)"),
        ("wraps without a token", "SELECT token_id FROM wraps WHERE token_id NOT IN (SELECT id FROM tokens)"),
        ("tokens without a credential", "SELECT id FROM tokens WHERE grant_id NOT IN (SELECT id FROM grants)"),
        ("credentials without a token", "SELECT id FROM grants WHERE id NOT IN (SELECT grant_id FROM wraps)"),
    ] {
        assert_eq!(texts(folder, query).await, [""; 0], "{orphans}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_changes_survive_kill_9() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100000"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100000"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100000"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "100000"),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ];
    let mut gateway = Process::serve(&settings).await;
    let admin = administration(gateway.folder.path(), &settings).await;
    let (_, steady) = super::key(&admin, Version::Odoo19, "steady").await;
    let (_, deleted) = super::key(&admin, Version::Odoo19, "deleted").await;
    let (_, off) = super::key(&admin, Version::Odoo19, "off").await;
    admin.delete_key("deleted").await.unwrap();
    admin.set_key_enabled("off", false).await.unwrap();
    let traffic = Arc::new(Traffic::new());
    for round in 1..=4 {
        let callers = traffic.start(&gateway.client(), &steady);
        traffic.wait_for_more(20).await;
        let name = format!("made in round {round}");
        admin.create_key(new_key(Version::Odoo19, &name)).await.unwrap();
        let (status, _, folder) = gateway.stop_with("KILL").await;
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
        for caller in callers {
            caller.await.unwrap();
        }
        assert_consistent(folder.path()).await;
        gateway = Process::serve_in(folder, &settings).await;
        let client = gateway.client();
        client.with_header("api-key", &steady).get(PARTNERS, &[]).await.ok();
        let (issued, revoked) = {
            let acknowledged = traffic.acknowledged.lock().unwrap();
            (acknowledged.issued.clone(), acknowledged.revoked.clone())
        };
        assert!(!issued.is_empty() && !revoked.is_empty());
        for (header, token) in &issued {
            client.with_header(header, token).get(PARTNERS, &[]).await.ok();
        }
        let disabled = [("api-key", deleted.clone()), ("api-key", off.clone())];
        for (header, token) in revoked.iter().chain(&disabled) {
            client.with_header(header, token).get(PARTNERS, &[]).await.problem(401, "credential_invalid");
        }
        assert_eq!(admin.list_keys().await.unwrap().len(), 2 + round, "the changes of another process hold, too");
    }
    // Every encrypted secret can be decrypted, including those of tokens whose response was lost.
    let tokens = admin.list_tokens().await.unwrap().len();
    admin.add_master_key().await.unwrap();
    let resealed = admin.rewrap(|_, _| ()).await.unwrap();
    assert_eq!(usize::try_from(resealed.rewrapped).unwrap(), tokens + 6 + 2, "six API keys and two installation keys");
    assert_eq!(admin.prune_master_keys().await.unwrap().len(), 1);
    gateway.client().with_header("api-key", &steady).get(PARTNERS, &[]).await.ok();
}
