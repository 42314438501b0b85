//! A store on a file system that becomes read-only, as after an error of the disk.

use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::TempDir;

use super::{PARTNER, wait_until};
use crate::support::binary::{Process, run};
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Response, StubOdoo};

/// An ext4 file system in a file. It is unmounted on drop.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// `None` if mounting is not permitted.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("mounted")).unwrap();
        std::fs::File::create(folder.path().join("image")).unwrap().set_len(16 << 20).unwrap();
        let disk = Self { folder };
        let is_made = command("mkfs.ext4", &["-q", &disk.image()]);
        (is_made && disk.mount("loop")).then_some(disk)
    }

    fn image(&self) -> String {
        self.folder.path().join("image").display().to_string()
    }

    fn path(&self) -> String {
        self.folder.path().join("mounted").display().to_string()
    }

    fn mount(&self, options: &str) -> bool {
        command("mount", &["-o", options, &self.image(), &self.path()])
    }

    /// The kernel stops all writes, as after an error of the disk.
    fn fail(&self) {
        self.remount("abort");
    }

    /// Mounts it again, as an administrator does. The kernel repairs it.
    fn mount_again(&self) {
        assert!(command("umount", &[&self.path()]) && self.mount("loop"));
    }

    fn remount(&self, options: &str) {
        assert!(command("mount", &["-o", &format!("remount,{options}"), &self.path()]));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A lazy unmount, because a killed process may hold a file for another moment.
        command("umount", &["--lazy", &self.path()]);
    }
}

fn command(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

async fn log_in(client: &Client) -> Response {
    client.post("/rest/api/login/token", &json!({"login": "admin", "password": PASSWORD, "db": "stub"})).await
}

async fn create(client: &Client) -> Response {
    let client = client.with_password("admin", PASSWORD).with_header("Idempotency-Key", "once");
    client.post("/restapi/1.0/object/res.partner", &json!({"vals": {"name": "Azure"}})).await
}

async fn token_status(client: &Client, token: &str) -> u16 {
    client.with_header("access-token", token).get(PARTNER, &[("fields", "name")]).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_disk_causes_rejections_and_no_data_loss() {
    let Some(disk) = Disk::new() else {
        eprintln!("skipped: mounting a file system is not permitted");
        return;
    };
    let (stub, keys) = (StubOdoo::start().await, tempfile::tempdir().unwrap());
    let (url, store) = (stub.url(), format!("sqlite:{}/gateway.db", disk.path()));
    let key_file = keys.path().join("master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", url.as_str()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
        ("ODOO_GATEWAY__STORE__URL", store.as_str()),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", key_file.as_str()),
    ];
    let gateway = Process::serve(&settings).await;
    let (client, ops) = (gateway.client(), gateway.ops_client());
    let token = log_in(&client).await.ok()["access_token"].as_str().unwrap().to_owned();
    create(&client).await.ok();
    assert_eq!(token_status(&client, &token).await, 200);

    disk.fail();
    log_in(&client).await.problem(503, "store_unavailable");
    let again = client.with_password("admin", PASSWORD).with_header("Idempotency-Key", "new");
    let refused = again.post("/restapi/1.0/object/res.partner", &json!({"vals": {"name": "Azure"}})).await;
    refused.problem(503, "store_unavailable");
    assert_eq!(token_status(&client, &token).await, 200, "what is known can be used");
    assert_eq!(create(&client).await.header("idempotency-replayed"), "true");
    wait_until("it is not ready", async || ops.get("/readyz", &[]).await.status == 503).await;
    let reason = ops.get("/readyz", &[]).await.json()["parts"]["store"]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("read-only"), "{reason}");
    assert_eq!(stub.call_count("res.partner.create"), 1);

    // A start explains it and changes nothing.
    let (_, _, folder) = gateway.stop_with("TERM").await;
    disk.mount_again();
    disk.remount("ro");
    for arguments in [&["serve"], &["check"]] {
        let output = run(arguments, folder.path(), &settings).await;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(!output.status.success() && text.contains("read-only file system"), "{arguments:?}: {text}");
    }

    disk.remount("rw");
    let gateway = Process::serve_in(folder, &settings).await;
    let client = gateway.client();
    assert_eq!(token_status(&client, &token).await, 200, "no credential is lost");
    assert_eq!(create(&client).await.header("idempotency-replayed"), "true");
    log_in(&client).await.ok();
    assert_eq!(stub.call_count("res.partner.create"), 1, "nothing was executed twice");
    assert!(gateway.stop_with("TERM").await.0.success());
}
