//! A store on a full file system: only stored changes are acknowledged, and service recovers once there is space.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{administration_of, new_key_of};
use crate::support::binary::Process;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Response, StubOdoo};

const LOGIN: &str = "/rest/api/login/token";
const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

/// A small mounted file system; it is unmounted on drop.
struct Disk(TempDir);

impl Disk {
    /// `None` if mounting is not permitted.
    fn mounted() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs"]).arg(folder.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills the file system completely.
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
        // A lazy unmount, because a killed process may hold a file for another moment.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

async fn log_in(client: &Client) -> Response {
    client.post(LOGIN, &json!({"login": "admin", "password": PASSWORD, "db": "stub"})).await
}

fn token(response: &Response) -> String {
    response.ok()["access_token"].as_str().unwrap().to_owned()
}

async fn token_status(client: &Client, token: &str) -> u16 {
    client.with_header("access-token", token).get(PARTNERS, &[]).await.status
}

/// Waits until `/readyz` reports this readiness, and returns its report. Reports are cached for some seconds.
async fn wait_for_readiness(gateway: &Process, ready: bool) -> Value {
    let reported = async {
        loop {
            let report = gateway.ops_client().get("/readyz", &[]).await;
            if (report.status == 200) == ready {
                return report.json();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reported).await.expect("readiness follows the disk")
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_causes_rejections_and_no_data_loss() {
    let Some(disk) = Disk::mounted() else {
        eprintln!("skipped: mounting a file system is not permitted");
        return;
    };
    let (stub, keys) = (StubOdoo::start().await, tempfile::tempdir().unwrap());
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
    let mut issued = vec![token(&log_in(&client).await)];
    wait_for_readiness(&gateway, true).await;

    disk.fill();
    // SQLite may have allocated space for a few more rows.
    let mut rejected = 0;
    for _ in 0..200 {
        let response = log_in(&client).await;
        match response.status {
            200 => issued.push(token(&response)),
            _ => {
                response.problem(503, "store_unavailable");
                rejected += 1;
            }
        }
        if rejected >= 20 {
            break;
        }
    }
    assert_eq!(rejected, 20, "the disk is full");
    let report = wait_for_readiness(&gateway, false).await;
    let reason = report["parts"]["store"]["reason"].as_str().unwrap();
    assert!(reason.contains("free some space"), "{reason}");
    for token in &issued {
        assert_eq!(token_status(&client, token).await, 200, "the issued token is stored and can be read");
    }

    disk.empty();
    wait_for_readiness(&gateway, true).await;
    for _ in 0..20 {
        issued.push(token(&log_in(&client).await));
    }
    for token in &issued {
        assert_eq!(token_status(&client, token).await, 200);
    }
    // Another process can write, too: no lock is left.
    administration_of(&settings).await.create_key(new_key_of("stub", "later", "admin", PASSWORD)).await.unwrap();

    let (status, output, folder) = gateway.stop_with("KILL").await;
    assert!(!status.success(), "{output}");
    let gateway = Process::serve_in(folder, &settings).await;
    for token in &issued {
        assert_eq!(token_status(&gateway.client(), token).await, 200, "the token survives a kill");
    }
    assert!(gateway.stop_with("TERM").await.0.success());
}
