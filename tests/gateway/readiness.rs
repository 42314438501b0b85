//! Readiness: a missing database and an unusable master key are reported in `/readyz`, in the metrics and in the start
//! log.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use tempfile::tempdir;

use super::support::binary::Process;
use super::support::client::send;
use super::support::stub_odoo::PASSWORD;
use super::support::{Gateway, StubOdoo, StubReply, Version, testbed};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
/// A folder that is not writable, not even for root.
const LOCKED: &str = "/proc/sys/odoo-gateway/master.key";

async fn readiness(gateway: &Gateway) -> (u16, Value) {
    let response = gateway.ops_client().get("/readyz", &[]).await;
    (response.status, response.json())
}

#[track_caller]
fn reason<'r>(ready: &'r (u16, Value), part: &str) -> &'r str {
    let (status, report) = ready;
    assert_eq!((*status, &report["ready"]), (503, &json!(false)), "{report:#}");
    report["parts"][part]["reason"].as_str().unwrap_or_else(|| panic!("{part} is fine: {report:#}"))
}

#[tokio::test]
async fn database_that_odoo_does_not_have_is_not_ready() {
    for version in Version::each() {
        let gateway = Gateway::start_with_database(version, "nope", &[]).await;
        let ready = readiness(&gateway).await;
        let reason = reason(&ready, "odoo nope");
        assert!(reason.contains("cannot open the database \"nope\"") && reason.contains("odoo.database"), "{reason}");
        assert_eq!(ready.1["parts"]["store"], json!({"ok": true}));
        let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
        for line in ["odoo_gateway_ready 0", "odoo_gateway_odoo_up{database=\"nope\"} 0"] {
            assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
        }
    }
}

#[tokio::test]
async fn probes_do_not_count_as_failed_logins_at_odoo() {
    // Odoo 14 rejects every login from an address after ten failures.
    let gateway = Gateway::start_with_database(Version::Odoo14, "odoo14", &[]).await;
    for _ in 0..12 {
        let replica = gateway.replica().await;
        let ready = super::support::client::Client::new(format!("http://{}", replica.ops)).get("/readyz", &[]).await;
        assert_eq!(ready.status, 200, "{}", ready.text);
        replica.stop().await;
    }
    gateway.client().as_user("admin").get(&format!("{PARTNERS}/search_count"), &[]).await.ok();
}

#[tokio::test]
async fn one_usable_database_is_enough_and_the_other_is_named() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__ODOO__1__DATABASE", "nope")]).await;
    let (status, report) = readiness(&gateway).await;
    assert_eq!((status, &report["ready"]), (200, &json!(true)), "{report:#}");
    assert_eq!(report["parts"]["odoo odoo19"], json!({"ok": true}));
    assert_eq!(report["parts"]["odoo nope"]["ok"], json!(false));
}

#[tokio::test]
async fn odoo_that_closes_its_database_service_is_ready() {
    let stub = StubOdoo::start().await;
    stub.when("db_exist", StubReply::http("403 Forbidden", "text/html", ""));
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    assert_eq!(readiness(&gateway).await.0, 200);
}

#[tokio::test]
async fn key_folder_that_cannot_be_written_to_is_not_ready_and_has_a_code_of_its_own() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", LOCKED)]).await;
    let ready = readiness(&gateway).await;
    let reason = reason(&ready, "master key");
    assert!(reason.contains(LOCKED) && reason.contains("volume"), "{reason}");

    let admin = gateway.client().with_password("admin", PASSWORD);
    let once = admin.with_header("Idempotency-Key", "k").post(PARTNERS, &json!({"vals": {"name": "Azure"}})).await;
    let problem = once.problem(503, "master_key_unavailable");
    assert!(problem["detail"].as_str().unwrap().ends_with("Nothing was done."), "{problem:#}");
    assert!(problem["hint"].as_str().unwrap().contains("odoo-gateway check"), "{problem:#}");
    assert!(!problem.to_string().contains("proc"), "no path is revealed: {problem:#}");
    assert_eq!(stub.call_count("res.partner.create"), 0);

    let form = [("login", "admin"), ("password", PASSWORD), ("db", "stub")];
    let token = send(gateway.client().request(reqwest::Method::POST, "/rest/api/login/token").form(&form)).await;
    assert_eq!(token.status, 503, "{}", token.text);
    assert!(!token.text.contains("store_unavailable") && !token.text.contains("its store"), "{}", token.text);
    // Requests that need no key work.
    admin.get(&format!("{PARTNERS}/1"), &[]).await.ok();
}

#[tokio::test]
async fn key_file_that_others_may_read_is_not_ready() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("master.key");
    std::fs::write(&file, "0123456789abcdef".repeat(4)).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let stub = StubOdoo::start().await;
    let key = file.display().to_string();
    let gateway = Gateway::start_with_stub(&stub, &[("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", &key)]).await;
    let ready = readiness(&gateway).await;
    assert!(reason(&ready, "master key").contains("chmod 600"), "{ready:?}");
}

#[tokio::test]
async fn gateway_that_shares_a_store_and_has_no_key_yet_is_ready() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "never")]).await;
    assert_eq!(readiness(&gateway).await.0, 200);
}

/// The log of the binary until the first response of `/readyz`.
async fn start_log(settings: &[(&str, &str)]) -> Vec<Value> {
    let gateway = Process::serve(settings).await;
    gateway.ops_client().get("/readyz", &[]).await;
    let (_, output, _) = gateway.stop_with("TERM").await;
    output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[track_caller]
fn line<'l>(log: &'l [Value], part: &str) -> &'l Value {
    log.iter().find(|line| line["part"] == part).unwrap_or_else(|| panic!("no line for {part}: {log:#?}"))
}

#[tokio::test]
async fn start_log_names_file_store_key_and_each_odoo() {
    let folder = tempdir().unwrap();
    let (file, key) = (folder.path().join("gateway.toml"), folder.path().join("keys/master.key"));
    std::fs::write(&file, "[log]\nfilter = \"info\"\n").unwrap();
    let (file, key) = (file.display().to_string(), key.display().to_string());
    let log = start_log(&[
        ("ODOO_GATEWAY_CONFIG", &file),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", &key),
        ("ODOO_GATEWAY_SERVER_LISTEN", "0.0.0.0:1"),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__ODOO__1__URL", testbed().url(Version::Odoo14)),
        ("ODOO_GATEWAY__ODOO__1__DATABASE", "nope"),
    ])
    .await;
    let starting = log.iter().find(|line| line["message"] == "starting").unwrap();
    assert_eq!(
        (&starting["configuration_file"], &starting["version"]),
        (&json!(file), &json!(env!("CARGO_PKG_VERSION")))
    );
    let found = |part| line(&log, part)["found"].as_str().unwrap_or_default().to_owned();
    assert!(found("store").starts_with("SQLite 3.") && found("store").ends_with(" at .data/gateway.db"), "{log:#?}");
    assert!(found("master key").contains(&key), "{log:#?}");
    let odoo = format!("database odoo19 at {}/", testbed().url(Version::Odoo19));
    assert!(found("odoo odoo19").starts_with("Odoo 19.0") && found("odoo odoo19").ends_with(&odoo), "{log:#?}");
    let nope = line(&log, "odoo nope");
    assert_eq!(nope["level"], "WARN");
    assert!(nope["reason"].as_str().unwrap().contains(testbed().url(Version::Odoo14)), "{nope}");
    let ignored =
        log.iter().find(|line| line["level"] == "WARN" && line["message"].to_string().contains("_SERVER_LISTEN"));
    assert!(
        ignored.unwrap()["message"].as_str().unwrap().ends_with("did you mean ODOO_GATEWAY__SERVER__LISTEN?"),
        "{log:#?}"
    );
}

#[tokio::test]
async fn odoo_that_is_down_at_the_start_is_logged_immediately() {
    let unused_url = format!("http://{}", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let log = start_log(&[("ODOO_URL", &unused_url), ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", LOCKED)]).await;
    for (part, output) in [("odoo odoo", "no process listens on that port"), ("master key", "cannot be created")] {
        let line = line(&log, part);
        assert_eq!(line["level"], "WARN", "{line}");
        assert!(line["reason"].as_str().unwrap().contains(output), "{line}");
    }
    assert_eq!(log.iter().filter(|line| line["part"] == "odoo odoo").count(), 1, "each change is logged once");
}
