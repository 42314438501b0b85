//! A store whose file system is full: nothing is promised that is not kept, and all is well once there is room.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{administration_of, wanted_by};
use crate::support::binary::Process;
use crate::support::stub::PASSWORD;
use crate::support::{Answer, Client, Stub};

const LOGIN: &str = "/rest/api/login/token";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

/// A small file system of its own; it goes with the value.
struct Disk(TempDir);

impl Disk {
    /// `None` where nobody may mount.
    fn mounted() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room at all.
    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.path().join("filler")).unwrap();
        for size in [64 * 1024, 512, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that was killed may hold a file for another moment.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

async fn log_in(client: &Client) -> Answer {
    client.post(LOGIN, &json!({"login": "admin", "password": PASSWORD, "db": "stub"})).await
}

fn token(answer: &Answer) -> String {
    answer.ok()["access_token"].as_str().unwrap().to_owned()
}

async fn works(client: &Client, token: &str) -> u16 {
    client.with_header("access-token", token).get(PARTNERS, &[]).await.status
}

/// What `/readyz` says once it says this of being ready: its answers are good for some seconds.
async fn until_ready(gateway: &Process, ready: bool) -> Value {
    let asked = async {
        loop {
            let report = gateway.operator().get("/readyz", &[]).await;
            if (report.status == 200) == ready {
                return report.json();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.expect("readiness follows the disk")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_refusals_and_nothing_else() {
    let Some(disk) = Disk::mounted() else {
        eprintln!("not tested: nobody may mount a file system here");
        return;
    };
    let (stub, keys) = (Stub::start().await, tempfile::tempdir().unwrap());
    let (url, store) = (stub.url(), format!("sqlite:{}", disk.path().join("gateway.db").display()));
    let key_file = keys.path().join("master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", url.as_str()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
        ("ODOO_GATEWAY__STORE__URL", store.as_str()),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", key_file.as_str()),
    ];
    let gateway = Process::serve(&settings).await;
    let client = gateway.client();
    let mut given = vec![token(&log_in(&client).await)];
    until_ready(&gateway, true).await;

    disk.fill();
    // There may be room for a few more in what SQLite has already.
    let mut refused = 0;
    for _ in 0..200 {
        let answer = log_in(&client).await;
        match answer.status {
            200 => given.push(token(&answer)),
            _ => {
                answer.refused(503, "store_unavailable");
                refused += 1;
            }
        }
        if refused >= 20 {
            break;
        }
    }
    assert_eq!(refused, 20, "the disk is full");
    let report = until_ready(&gateway, false).await;
    let reason = report["parts"]["store"]["reason"].as_str().unwrap();
    assert!(reason.contains("make room"), "{reason}");
    for token in &given {
        assert_eq!(works(&client, token).await, 200, "what was given is there, and can be read");
    }

    disk.empty();
    until_ready(&gateway, true).await;
    for _ in 0..20 {
        given.push(token(&log_in(&client).await));
    }
    for token in &given {
        assert_eq!(works(&client, token).await, 200);
    }
    // Another process can write too: no lock was left behind.
    administration_of(&settings).await.create_key(wanted_by("stub", "later", "admin", PASSWORD)).await.unwrap();

    let (status, said, folder) = gateway.end("KILL").await;
    assert!(!status.success(), "{said}");
    let gateway = Process::serve_in(folder, &settings).await;
    for token in &given {
        assert_eq!(works(&gateway.client(), token).await, 200, "it survives a kill");
    }
    assert!(gateway.end("TERM").await.0.success());
}
