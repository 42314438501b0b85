//! API keys on the command line while the gateway runs.

use serde_json::Value;

use crate::support::binary::{Process, run};
use crate::support::{Version, changes_reach_gateways, testbed};

const PARTNERS: &str = "/restapi/1.0/object/res.partner/search_count";

/// Runs a command that must succeed. Returns its output.
async fn run_command(gateway: &Process, line: &str, settings: &[(&str, &str)]) -> String {
    let arguments: Vec<&str> = line.split(' ').collect();
    let output = run(&arguments, gateway.folder.path(), settings).await;
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{line}: {out}{err}");
    assert!(!err.contains(testbed().api_key(Version::Odoo19)) && !err.contains("ogw_key_"), "{err}");
    out
}

#[tokio::test]
async fn key_is_managed_on_the_command_line_and_its_secret_is_not_stored_or_logged() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__LOG__FILTER", "trace"),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ];
    let gateway = Process::serve(&settings).await;
    assert!(!std::path::Path::new(&master).exists(), "the key is created on first use");
    let secret = keys.path().join("secret");
    std::fs::write(&secret, format!("{}\n", testbed().api_key(Version::Odoo19))).unwrap();
    let create = format!(
        "--json key create --name shop --login internal --secret-file {} --expires 90d --rate 100/1m --network 127.0.0.0/8",
        secret.display()
    );
    let created: Value = serde_json::from_str(&run_command(&gateway, &create, &settings).await).unwrap();
    let key = created["key"].as_str().unwrap();
    assert_eq!((&created["rate"]["burst"], &created["networks"][0]), (&100.into(), &"127.0.0.0/8".into()));
    let client = gateway.client().with_header("api-key", key);
    client.get(PARTNERS, &[]).await.ok();
    let listed: Value = serde_json::from_str(&run_command(&gateway, "key list --json", &settings).await).unwrap();
    assert_eq!((&listed[0]["state"], &listed[0]["login"]), (&"on".into(), &"internal".into()));
    let table = run_command(&gateway, "key list", &settings).await;
    assert!(table.lines().nth(1).unwrap().starts_with("shop  ogw_key_"), "{table}");
    assert!(!table.contains(key) && !listed.to_string().contains(key));
    run_command(&gateway, "key disable shop", &settings).await;
    changes_reach_gateways().await;
    client.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    run_command(&gateway, "key enable shop", &settings).await;
    client.get(PARTNERS, &[]).await.ok();
    for (line, expected) in
        [("keys add", "Master key "), ("keys rewrap", "3 rewrapped, 0 "), ("keys prune", "Deleted: ")]
    {
        assert!(run_command(&gateway, line, &settings).await.starts_with(expected), "{line}");
    }
    client.get(PARTNERS, &[]).await.ok();
    assert!(run_command(&gateway, "keys list", &settings).await.contains("seals  3"));
    usage_and_history_are_printed(&gateway, &settings).await;
    std::fs::write(&secret, key).unwrap();
    let rotate = format!("key rotate shop --overlap 1h --secret-file {}", secret.display());
    run_command(&gateway, &rotate, &settings).await;
    let shown = run_command(&gateway, "key show shop", &settings).await;
    assert!(shown.contains("Previous secret") && shown.contains("valid until 20"), "{shown}");
    let shown: Value = serde_json::from_str(&run_command(&gateway, "key show shop --json", &settings).await).unwrap();
    assert!(shown["previous_until"].as_str().unwrap().starts_with("20"), "{shown}");
    run_command(&gateway, "key delete shop", &settings).await;
    changes_reach_gateways().await;
    client.get(PARTNERS, &[]).await.problem(401, "credential_invalid");
    assert_eq!(run_command(&gateway, "key list", &settings).await.lines().count(), 1);
    let master = std::fs::read_to_string(&master).unwrap().lines().last().unwrap().to_owned();
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    let (_, output, folder) = gateway.stop_with("TERM").await;
    assert!(output.contains(r#""credential":"api_key""#));
    let odoo_key = testbed().api_key(Version::Odoo19);
    for secret in [key, odoo_key, &master, &key[key.len() - 40..]] {
        crate::secrecy::assert_absent("the log", output.as_bytes(), &[secret]);
        crate::secrecy::assert_absent("the metrics", metrics.as_bytes(), &[secret]);
        for (name, content) in crate::secrecy::files(folder.path()) {
            crate::secrecy::assert_absent(&name, &content, &[secret]);
        }
    }
}

/// The key was used three times. A use while it was disabled does not count.
async fn usage_and_history_are_printed(gateway: &Process, settings: &[(&str, &str)]) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let usage = run_command(gateway, "--json key usage shop", settings).await;
        let usage: Value = serde_json::from_str(&usage).unwrap();
        let counts = ["last_24_hours", "last_30_days"].map(|period| usage[period]["requests"].as_u64().unwrap());
        assert!(counts[0] <= 3 && usage["last_30_days"]["errors"] == 0, "{usage}");
        if counts == [3, 3] {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{usage}");
    }
    let table = run_command(gateway, "key usage shop", settings).await;
    assert!(table.ends_with("last 30 days   3         0\n"), "{table}");
    let events = run_command(gateway, "--json audit list --action key. --subject shop", settings).await;
    let events: Vec<Value> = serde_json::from_str(&events).unwrap();
    let actions: Vec<&str> = events.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["key.enable", "key.disable", "key.create"]);
    let file = run_command(gateway, "audit list --csv --action key.create --limit 1", settings).await;
    assert!(file.starts_with("time,actor,action,subject,description\r\n20") && file.lines().count() == 2, "{file}");
}

#[tokio::test]
async fn failed_commands_report_the_reason_and_change_nothing() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let mut settings = vec![
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ];
    let secret = keys.path().join("secret");
    std::fs::write(&secret, testbed().api_key(Version::Odoo19)).unwrap();
    let create = format!("key create --name a --login internal --secret-file {}", secret.display());
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        ("key show nobody", "API key \"nobody\" does not exist"),
        ("key create --name a --login internal", "standard input is empty"),
        ("key create --name a --login internal --expires soon", "90d, 2027-01-31 or never"),
        (&format!("{create} --expires 2020-01-01"), "the expiry is in the past"),
        (&format!("{create} --rate 0/1m"), "N/TIME"),
        (&format!("{create} --database nowhere"), "The database nowhere is not configured."),
        ("token revoke x", "token \"x\" does not exist"),
    ];
    for (line, expected) in lines {
        let output = run(&line.split(' ').collect::<Vec<_>>(), folder.path(), &settings).await;
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && err.contains(expected), "{line}: {err}");
    }
    assert!(!std::path::Path::new(&master).exists());
    settings.push(("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "never"));
    let output = run(&create.split(' ').collect::<Vec<_>>(), folder.path(), &settings).await;
    assert!(String::from_utf8(output.stderr).unwrap().contains("keys add"));
}

#[tokio::test]
async fn gateway_does_not_start_if_the_master_key_is_missing() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ];
    let secret = keys.path().join("secret");
    std::fs::write(&secret, testbed().api_key(Version::Odoo19)).unwrap();
    let create = format!("key create --name a --login internal --secret-file {}", secret.display());
    let folder = tempfile::tempdir().unwrap();
    let output = run(&create.split(' ').collect::<Vec<_>>(), folder.path(), &settings).await;
    assert!(output.status.success());
    let start_error = async || {
        let output = run(&["serve"], folder.path(), &settings).await;
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let key = std::fs::read_to_string(&master).unwrap();
    std::fs::remove_file(&master).unwrap();
    assert!(start_error().await.contains("restore"));
    assert!(!std::path::Path::new(&master).exists(), "no new one is created");
    std::fs::write(&master, &key).unwrap();
    assert!(start_error().await.contains("chmod 600"));
}

/// The first line of the README that starts with this text.
fn readme_line(prefix: &str) -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    readme.lines().find(|line| line.starts_with(prefix)).unwrap().to_owned()
}

#[tokio::test]
async fn readme_example_works_and_use_from_other_networks_is_logged() {
    let keys = tempfile::tempdir().unwrap();
    let master = keys.path().join("own/master.key").display().to_string();
    let settings = [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
    ];
    let gateway = Process::serve(&settings).await;
    let secret = keys.path().join("secret");
    std::fs::write(&secret, testbed().api_key(Version::Odoo19)).unwrap();
    let printed = readme_line("odoo-gateway key create");
    assert!(printed.contains(" --network "), "{printed}");
    let create = printed.replace("odoo-gateway ", "").replace("shop@example.com", "internal");
    let create = format!("{create} --json --secret-file {}", secret.display());
    let created: Value = serde_json::from_str(&run_command(&gateway, &create, &settings).await).unwrap();
    let path = readme_line("curl -H \"api-key:").split("127.0.0.1:8080").nth(1).unwrap().to_owned();
    gateway.client().with_header("api-key", created["key"].as_str().unwrap()).get(&path, &[]).await.ok();

    let elsewhere = create.replace("webshop", "elsewhere").replace("127.0.0.1", "192.0.2.7,198.51.100.0/24");
    let created: Value = serde_json::from_str(&run_command(&gateway, &elsewhere, &settings).await).unwrap();
    assert_eq!(created["networks"], serde_json::json!(["192.0.2.7/32", "198.51.100.0/24"]));
    let key = created["key"].as_str().unwrap();
    let rejected = gateway.client().with_header("api-key", key).get(&path, &[]).await;
    rejected.problem(401, "credential_invalid");
    let unknown = gateway.client().with_header("api-key", "ogw_key_x").get(&path, &[]).await;
    assert_eq!(rejected.json()["detail"], unknown.json()["detail"], "the response does not reveal the reason");
    let (_, output, _folder) = gateway.stop_with("TERM").await;
    let line = output.lines().find(|line| line.contains("used from outside its networks")).unwrap();
    assert!(line.contains("elsewhere") && line.contains("127.0.0.1") && line.contains("192.0.2.7/32"), "{line}");
    assert!(!output.contains(key));
}
