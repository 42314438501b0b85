//! The binary is killed in the middle of its work, again and again, and what it had said holds.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};
use tokio::sync::watch;

use super::{administration, url, wanted};
use crate::support::binary::Process;
use crate::support::{Client, Version, stand};

const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";
const MINT: &str = "/api/generate_token";
const LOGIN: &str = "/rest/api/login/token";
const LOGOUT: &str = "/rest/api/logout/token";

/// What the gateway has said so far: only what was answered whole counts.
#[derive(Default)]
struct Said {
    /// Tokens that were given, each with its header.
    given: Vec<(&'static str, String)>,
    /// Tokens whose end was confirmed.
    ended: Vec<(&'static str, String)>,
}

/// Callers at work.
struct Traffic {
    said: Arc<Mutex<Said>>,
    answers: watch::Sender<usize>,
}

impl Traffic {
    fn new() -> Self {
        Self { said: Arc::default(), answers: watch::Sender::new(0) }
    }

    /// Callers who work until the gateway is gone.
    fn begin(self: &Arc<Self>, client: &Client, key: &str) -> Vec<tokio::task::JoinHandle<()>> {
        (0..8)
            .map(|caller| {
                let (traffic, client, key) = (self.clone(), client.clone(), key.to_owned());
                tokio::spawn(async move {
                    while traffic.work(&client, &key, caller % 2 == 0).await.is_some() {
                        traffic.answers.send_modify(|answers| *answers += 1);
                    }
                })
            })
            .collect()
    }

    /// Waits until so many more pieces of work are done, and tokens were given and ended.
    async fn until_more(&self, more: usize) {
        let mut answers = self.answers.subscribe();
        let wanted = *answers.borrow() + more;
        let both = || {
            let said = self.said.lock().unwrap();
            !said.given.is_empty() && !said.ended.is_empty()
        };
        let enough = answers.wait_for(|answers| *answers >= wanted && both());
        drop(tokio::time::timeout(Duration::from_secs(60), enough).await.expect("the callers get on").unwrap());
    }

    /// A token is made and used; of those that come by login, every one is ended but for a few. `None`: the gateway is
    /// gone.
    async fn work(&self, client: &Client, key: &str, mints: bool) -> Option<()> {
        let with_key = client.with_header("api-key", key);
        assert_eq!(answered(with_key.request(Method::GET, PARTNERS)).await?.0, 200);
        let (header, token) = if mints {
            let (status, minted) = answered(with_key.request(Method::POST, MINT).json(&json!({}))).await?;
            assert_eq!(status, 200, "{minted}");
            ("token", minted["login_token"].as_str().unwrap().to_owned())
        } else {
            let login = json!({"login": "internal", "password": "internal", "db": "odoo19"});
            let (status, given) = answered(client.request(Method::POST, LOGIN).json(&login)).await?;
            assert_eq!(status, 200, "{given}");
            ("access-token", given["access_token"].as_str().unwrap().to_owned())
        };
        let with_token = client.with_header(header, &token);
        let leaves = !mints && !self.answers.borrow().is_multiple_of(4);
        if leaves {
            assert_eq!(answered(with_token.request(Method::DELETE, LOGOUT)).await?.0, 200);
        }
        let mut said = self.said.lock().unwrap();
        if leaves { &mut said.ended } else { &mut said.given }.push((header, token));
        Some(())
    }
}

/// Status and body of an answer that came whole.
async fn answered(request: RequestBuilder) -> Option<(u16, Value)> {
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.json().await.ok()?))
}

/// The first column of all rows, as text.
async fn texts(folder: &Path, query: &str) -> Vec<String> {
    let mut connection = AnyConnection::connect(&url(folder)).await.unwrap();
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

/// Nothing in the file is broken, and no token is there by halves.
async fn nothing_is_half_written(folder: &Path) {
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
async fn what_was_said_before_kill_9_holds_after_it() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "100000"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "100000"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "100000"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "100000"),
        ("ODOO_GATEWAY__ODOO__0__URL", stand().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ];
    let mut gateway = Process::serve(&settings).await;
    let admin = administration(gateway.folder.path(), &settings).await;
    let (_, steady) = super::key(&admin, Version::Odoo19, "steady").await;
    let (_, deleted) = super::key(&admin, Version::Odoo19, "deleted").await;
    let (_, off) = super::key(&admin, Version::Odoo19, "off").await;
    admin.delete_key("deleted").await.unwrap();
    admin.switch_key("off", false).await.unwrap();
    let traffic = Arc::new(Traffic::new());
    for round in 1..=4 {
        let callers = traffic.begin(&gateway.client(), &steady);
        traffic.until_more(20).await;
        let name = format!("made in round {round}");
        admin.create_key(wanted(Version::Odoo19, &name)).await.unwrap();
        let (status, _, folder) = gateway.end("KILL").await;
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
        for caller in callers {
            caller.await.unwrap();
        }
        nothing_is_half_written(folder.path()).await;
        gateway = Process::serve_in(folder, &settings).await;
        let client = gateway.client();
        client.with_header("api-key", &steady).get(PARTNERS, &[]).await.ok();
        let (given, ended) = {
            let said = traffic.said.lock().unwrap();
            (said.given.clone(), said.ended.clone())
        };
        assert!(!given.is_empty() && !ended.is_empty());
        for (header, token) in &given {
            client.with_header(header, token).get(PARTNERS, &[]).await.ok();
        }
        let dead = [("api-key", deleted.clone()), ("api-key", off.clone())];
        for (header, token) in ended.iter().chain(&dead) {
            client.with_header(header, token).get(PARTNERS, &[]).await.refused(401, "credential_invalid");
        }
        assert_eq!(admin.keys().await.unwrap().len(), 2 + round, "what another process did holds too");
    }
    // Every seal is opened: those of tokens too that were made and never shown.
    let tokens = admin.tokens().await.unwrap().len();
    admin.add_master_key().await.unwrap();
    let sealed_anew = admin.rewrap().await.unwrap();
    assert_eq!(usize::try_from(sealed_anew.done).unwrap(), tokens + 6 + 2, "six keys, and two of the installation");
    assert_eq!(admin.prune_master_keys().await.unwrap().len(), 1);
    gateway.client().with_header("api-key", &steady).get(PARTNERS, &[]).await.ok();
}
