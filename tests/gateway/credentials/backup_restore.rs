//! The binary with a store restored from a backup, and with master keys from a command.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::binary::{Process, run};
use crate::support::{Client, Version, testbed};

const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

/// Runs a command. Returns whether it succeeded, its output and its errors.
async fn run_command(folder: &Path, line: &str, settings: &[(&str, &str)]) -> (bool, String, String) {
    let output = run(&line.split(' ').collect::<Vec<_>>(), folder, settings).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// A gateway in front of Odoo 19 whose master key is in this file.
fn settings(master: &str) -> [(&str, &str); 4] {
    [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ]
}

/// Creates a key on the command line. Returns the key.
async fn create_key(folder: &Path, name: &str, settings: &[(&str, &str)]) -> String {
    let secret = folder.join("secret");
    std::fs::write(&secret, testbed().api_key(Version::Odoo19)).unwrap();
    let line = format!("key create --name {name} --login internal --concurrent 5 --secret-file {}", secret.display());
    let (done, out, err) = run_command(folder, &line, settings).await;
    assert!(done, "{err}");
    out.trim().to_owned()
}

#[tokio::test]
async fn restored_backup_is_detected_and_reactivates_nothing() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = settings(&master);
    let folder = tempfile::tempdir().unwrap();
    let lost = create_key(folder.path(), "lost", &settings).await;
    let kept = create_key(folder.path(), "kept", &settings).await;
    let store = folder.path().join(".data/gateway.db");
    let backup = keys.path().join("backup.db");
    std::fs::copy(&store, &backup).unwrap();
    let (done, _, err) = run_command(folder.path(), "key delete lost", &settings).await;
    assert!(done, "{err}");
    for companion in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!(".data/gateway.db{companion}")));
    }
    std::fs::copy(&backup, &store).unwrap();

    let (done, _, err) = run_command(folder.path(), "serve", &settings).await;
    assert!(!done && err.contains("older than its last seen state") && err.contains("odoo-gateway restore"), "{err}");
    let (succeeded, out, _) = run_command(folder.path(), "check", &settings).await;
    assert!(!succeeded && out.contains("FAILED   master key: the store is older"), "{out}");
    let (done, _, err) = run_command(folder.path(), "key list", &settings).await;
    assert!(done && err.contains("older than its last seen state"), "reading is allowed with a warning: {err}");
    assert!(!run_command(folder.path(), "serve", &settings).await.0, "reading has changed nothing");

    let (done, out, err) = run_command(folder.path(), "restore", &settings).await;
    assert!(done && out.starts_with("2 API keys and applications were disabled, 0 tokens were revoked."), "{out}{err}");
    assert!(run_command(folder.path(), "key enable kept", &settings).await.0);
    let gateway = Process::serve_in(folder, &settings).await;
    gateway.client().with_header("api-key", &kept).get(PARTNERS, &[]).await.ok();
    gateway.client().with_header("api-key", &lost).get(PARTNERS, &[]).await.problem(401, "credential_invalid");
}

/// Creates tokens until it is told to stop. Returns those that were confirmed.
async fn create_tokens(client: Client, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut tokens = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let response = client.post("/api/generate_token", &serde_json::json!({})).await.ok();
        tokens.push(response["login_token"].as_str().unwrap().to_owned());
    }
    tokens
}

#[tokio::test]
async fn backup_of_a_store_in_use_is_restored_without_what_was_revoked() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = settings(&master);
    let folder = tempfile::tempdir().unwrap();
    let lost = create_key(folder.path(), "lost", &settings).await;
    let kept = create_key(folder.path(), "kept", &settings).await;
    let gateway = Process::serve_in(folder, &settings).await;
    let path = gateway.folder.path().to_owned();
    let client = |key: &str| gateway.client().with_header("api-key", key);

    // The backup is made while tokens are created.
    let early = client(&kept).post("/api/generate_token", &serde_json::json!({})).await.ok();
    let early = early["login_token"].as_str().unwrap().to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..2).map(|_| tokio::spawn(create_tokens(client(&kept), stop.clone()))).collect();
    let (done, out, err) = run_command(&path, "backup backup.db", &settings).await;
    stop.store(true, Ordering::Relaxed);
    assert!(done && out.starts_with("The store was copied to backup.db ("), "{out}{err}");
    assert_eq!(path.join("backup.db").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    for writer in writers {
        for token in writer.await.unwrap() {
            gateway.client().with_header("token", &token).get(PARTNERS, &[]).await.ok();
        }
    }
    let (done, _, err) = run_command(&path, "backup backup.db", &settings).await;
    assert!(!done && err.contains("it exists already, and is not overwritten"), "{err}");
    let (done, _, err) = run_command(&path, "restore backup.db", &settings).await;
    assert!(!done && err.contains("is in use; stop every gateway"), "{err}");

    // What is revoked after the backup stays revoked.
    assert!(run_command(&path, "key delete lost", &settings).await.0);
    let (_, _, folder) = gateway.stop_with("TERM").await;
    let (done, out, err) = run_command(&path, "restore backup.db", &settings).await;
    assert!(
        done && out.starts_with("backup.db was restored.\n2 API keys and applications were disabled, "),
        "{out}{err}"
    );
    assert!(run_command(&path, "key enable kept", &settings).await.0);
    let gateway = Process::serve_in(folder, &settings).await;
    let client = |key: &str| gateway.client().with_header("api-key", key);
    client(&kept).get(PARTNERS, &[]).await.ok();
    client(&lost).get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    let response = gateway.client().with_header("token", &early).get(PARTNERS, &[]).await;
    assert_eq!(response.status, 401, "tokens of the backup are revoked: {}", response.text);
    let (done, out, _) = run_command(&path, "audit list --action store.", &settings).await;
    assert!(done && out.contains("store.backup") && out.contains("store.restore"), "{out}");
}

#[tokio::test]
async fn postgresql_is_copied_by_its_own_tools() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("DATABASE_URL", testbed().postgres())];
    for (line, tool) in [("backup b.db", "pg_dump --format=custom"), ("restore b.db", "pg_restore --clean")] {
        let (done, _, err) = run_command(folder.path(), line, &settings).await;
        assert!(!done && err.contains(tool), "{line}: {err}");
    }
}

#[tokio::test]
async fn master_key_command_runs_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("print keys");
    let key = "5eed".repeat(16);
    std::fs::write(
        &program,
        format!("#!/bin/sh\necho started >> '{}'\necho {key}\n", folder.path().join("log").display()),
    )
    .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    let command = format!("[\"{}\", \"--canary-77ab\"]", program.display());
    let home = folder.path().display().to_string();
    let settings = [
        ("HOME", home.as_str()),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_COMMAND", &command),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__LOG__FILTER", "trace"),
    ];
    let starts = || std::fs::read_to_string(folder.path().join("log")).unwrap().lines().count();
    let work = tempfile::tempdir().unwrap();
    let created_key = create_key(work.path(), "a", &settings).await;
    assert_eq!(starts(), 1);
    let (succeeded, out, err) = run_command(work.path(), "check", &settings).await;
    let line =
        "ok       master key: the output of secrets.master_key_command; it opens the sealed secrets of the store";
    assert!(succeeded && out.contains(line) && starts() == 2, "{out}{err}");
    let (done, _, err) = run_command(work.path(), "keys add", &settings).await;
    assert!(!done && err.contains("a command"), "{err}");
    let before = starts();
    let gateway = Process::serve_in(work, &settings).await;
    let client = gateway.client().with_header("api-key", &created_key);
    for _ in 0..3 {
        client.get(PARTNERS, &[]).await.ok();
    }
    client.post("/api/generate_token", &serde_json::json!({})).await.ok();
    assert_eq!(starts(), before + 1, "once at the start");
    let (_, log, work) = gateway.stop_with("TERM").await;
    for secret in [key.as_str(), "canary-77ab"] {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }

    std::fs::write(&program, "#!/bin/sh\necho '# nothing'\n").unwrap();
    for (line, wrong) in
        [("serve", "contains no master key: no line is a key"), ("keys list", "contains no master key")]
    {
        let (done, _, err) = run_command(work.path(), line, &settings).await;
        assert!(!done && err.contains(wrong), "{line}: {err}");
    }
}

#[tokio::test]
async fn gateway_writes_no_core_file() {
    let gateway = Process::serve(&[("ODOO_URL", "http://127.0.0.1:1")]).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", gateway.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
}
