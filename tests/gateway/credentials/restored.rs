//! The binary with a store that was put back from a backup, and with master keys from a command.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::binary::{Process, run};
use crate::support::{Version, stand};

const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

/// Runs a command: whether it succeeds, what it prints and what it complains of.
async fn ran(folder: &Path, line: &str, settings: &[(&str, &str)]) -> (bool, String, String) {
    let output = run(&line.split(' ').collect::<Vec<_>>(), folder, settings).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// A key by the command line, in clear.
async fn created(folder: &Path, name: &str, settings: &[(&str, &str)]) -> String {
    let secret = folder.join("secret");
    std::fs::write(&secret, stand().api_key(Version::Odoo19)).unwrap();
    let line = format!("key create --name {name} --login internal --concurrent 5 --secret-file {}", secret.display());
    let (done, out, err) = ran(folder, &line, settings).await;
    assert!(done, "{err}");
    out.trim().to_owned()
}

#[tokio::test]
async fn a_backup_that_was_put_back_revives_nothing_unnoticed() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__ODOO__0__URL", stand().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let [lost, kept] = ["lost", "kept"].map(|name| (name, &settings));
    let lost = created(folder.path(), lost.0, lost.1).await;
    let kept = created(folder.path(), kept.0, kept.1).await;
    let store = folder.path().join(".data/gateway.db");
    let backup = keys.path().join("backup.db");
    std::fs::copy(&store, &backup).unwrap();
    let (done, _, err) = ran(folder.path(), "key delete lost", &settings).await;
    assert!(done, "{err}");
    for companion in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.path().join(format!(".data/gateway.db{companion}")));
    }
    std::fs::copy(&backup, &store).unwrap();

    let (done, _, err) = ran(folder.path(), "serve", &settings).await;
    assert!(!done && err.contains("older than what was last seen") && err.contains("odoo-gateway restore"), "{err}");
    let (whole, out, _) = ran(folder.path(), "check", &settings).await;
    assert!(!whole && out.contains("FAILED   master key: the store is older"), "{out}");
    let (done, _, err) = ran(folder.path(), "key list", &settings).await;
    assert!(done && err.contains("older than what was last seen"), "looking is allowed, and says so: {err}");
    assert!(!ran(folder.path(), "serve", &settings).await.0, "looking has changed nothing");

    let (done, out, err) = ran(folder.path(), "restore", &settings).await;
    assert!(done && out.starts_with("2 API keys are switched off, 0 tokens have ended."), "{out}{err}");
    assert!(ran(folder.path(), "key enable kept", &settings).await.0);
    let gateway = Process::serve_in(folder, &settings).await;
    gateway.client().with_header("api-key", &kept).get(PARTNERS, &[]).await.ok();
    gateway.client().with_header("api-key", &lost).get(PARTNERS, &[]).await.refused(401, "credential_invalid");
}

#[tokio::test]
async fn master_keys_come_from_a_command_that_runs_once() {
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
        ("ODOO_GATEWAY__ODOO__0__URL", stand().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__LOG__FILTER", "trace"),
    ];
    let starts = || std::fs::read_to_string(folder.path().join("log")).unwrap().lines().count();
    let work = tempfile::tempdir().unwrap();
    let shown = created(work.path(), "a", &settings).await;
    assert_eq!(starts(), 1);
    let (whole, out, err) = ran(work.path(), "check", &settings).await;
    let line = "ok       master key: what secrets.master_key_command prints; it opens what is sealed in the store";
    assert!(whole && out.contains(line) && starts() == 2, "{out}{err}");
    let (done, _, err) = ran(work.path(), "keys add", &settings).await;
    assert!(!done && err.contains("a command"), "{err}");
    let before = starts();
    let gateway = Process::serve_in(work, &settings).await;
    let client = gateway.client().with_header("api-key", &shown);
    for _ in 0..3 {
        client.get(PARTNERS, &[]).await.ok();
    }
    client.post("/api/generate_token", &serde_json::json!({})).await.ok();
    assert_eq!(starts(), before + 1, "once at the start");
    let (_, said, work) = gateway.end("TERM").await;
    for secret in [key.as_str(), "canary-77ab"] {
        let line = said.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }

    std::fs::write(&program, "#!/bin/sh\necho '# nothing'\n").unwrap();
    for (line, wrong) in [("serve", "holds no master key: there is no key in it"), ("keys list", "holds no master key")]
    {
        let (done, _, err) = ran(work.path(), line, &settings).await;
        assert!(!done && err.contains(wrong), "{line}: {err}");
    }
}

#[tokio::test]
async fn a_gateway_that_serves_leaves_no_core_file() {
    let gateway = Process::serve(&[("ODOO_URL", "http://127.0.0.1:1")]).await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", gateway.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
}
