//! Reload, shutdown, takeover, and failures: what clients notice when an operator changes or replaces a running
//! gateway, and when something below it fails.
//!
//! ```text
//! behind_nginx      two gateways behind nginx: rolling restart, kill -9, PostgreSQL restarted
//! mixed_load        clients of all dialects
//! inherited_socket  sockets as systemd passes them on
//! clock_steps       a clock that is set forward and back
//! read_only_disk    a store that cannot be written to
//! previous_release  the previous release's binary on a store that this one has migrated
//! ```

mod behind_nginx;
mod clock_steps;
mod inherited_socket;
mod mixed_load;
mod previous_release;
mod read_only_disk;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::binary::Process;
use crate::support::odoo::empty_database;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Response, StubOdoo, StubReply};

const PARTNER: &str = "/restapi/1.0/object/res.partner/1";
const READ: &str = "res.partner.read";
const FILE: &str = "gateway.toml";
const ORIGIN: &str = "https://app.example.com";

async fn read(client: &Client) -> Response {
    client.with_password("admin", PASSWORD).get(PARTNER, &[("fields", "name")]).await
}

/// Repeats a request until its response fulfills a condition.
async fn wait_until(what: &str, mut is_true: impl AsyncFnMut() -> bool) {
    let reached = async {
        while !is_true().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), reached).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn entry(stub: &StubOdoo, database: &str) -> String {
    format!("[[odoo]]\nurl = \"{}\"\ndatabase = \"{database}\"\n", stub.url())
}

async fn allowed_origin(gateway: &Process) -> String {
    let client = gateway.client().with_header("Origin", ORIGIN);
    client.get("/nowhere", &[]).await.header("access-control-allow-origin").to_owned()
}

#[tokio::test]
async fn hangup_applies_a_valid_file_and_rejects_an_invalid_one() {
    let (stub, folder) = (StubOdoo::start().await, tempfile::tempdir().unwrap());
    let file = folder.path().join(FILE);
    let first = entry(&stub, "stub");
    std::fs::write(&file, &first).unwrap();
    let gateway = Process::serve_in(folder, &[("ODOO_GATEWAY_CONFIG", FILE)]).await;
    let second = gateway.client().with_header("X-Odoo-Database", "second");
    assert_ne!(read(&second).await.status, 200);
    assert_eq!(allowed_origin(&gateway).await, "");

    let server = format!("[server]\ncors_origins = [\"{ORIGIN}\"]\nshutdown_grace = \"31s\"\n");
    let log = "[log]\nfilter = \"info,odoo_gateway::odoo=debug\"\n";
    let changed = format!("{server}{log}{first}{}", entry(&stub, "second"));
    std::fs::write(&file, &changed).unwrap();
    gateway.signal("HUP").await;
    let line: Value = serde_json::from_str(&gateway.line_with("the configuration was reloaded").await).unwrap();
    assert_eq!(line["changed"], "log.filter, odoo.second, server.cors_origins");
    let line: Value = serde_json::from_str(&gateway.line_with("only at the next start").await).unwrap();
    assert_eq!(line["settings"], "server.shutdown_grace");
    let filter = gateway.ops_client().get("/log-filter", &[]).await.ok();
    assert_eq!(filter["filter"], "info,odoo_gateway::odoo=debug");
    assert_eq!(allowed_origin(&gateway).await, ORIGIN);
    read(&second).await.ok();

    std::fs::write(&file, format!("{changed}[schema]\nttl = \"often\"\n")).unwrap();
    gateway.signal("HUP").await;
    let line = gateway.line_with("was not reloaded; nothing has changed").await;
    assert!(line.contains("schema.ttl"), "{line}");
    assert_eq!(allowed_origin(&gateway).await, ORIGIN);
    read(&second).await.ok();
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    for outcome in ["applied", "rejected"] {
        let sample = format!("odoo_gateway_config_reloads_total{{outcome=\"{outcome}\"}} 1\n");
        assert!(metrics.contains(&sample), "{sample}{metrics}");
    }
}

#[tokio::test]
async fn termination_drains_readiness_first_then_the_listener_then_requests() {
    let stub = StubOdoo::start().await;
    let url = stub.url();
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", url.as_str()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
        ("ODOO_GATEWAY__SERVER__SHUTDOWN_DELAY", "5s"),
    ];
    let gateway = Process::serve(&settings).await;
    let (client, ops) = (gateway.client(), gateway.ops_client());
    read(&client).await.ok();
    ops.get("/readyz", &[]).await.ok();
    stub.when(READ, StubReply::Hold);
    let before = stub.call_count(READ);
    let held = tokio::spawn({
        let client = client.clone();
        async move { read(&client).await }
    });
    wait_until("the request is in flight", async || stub.call_count(READ) > before).await;

    gateway.signal("TERM").await;
    wait_until("it is not ready", async || ops.get("/readyz", &[]).await.status == 503).await;
    let late = gateway.client().get("/openapi.json", &[]).await;
    assert_eq!((late.status, late.header("connection")), (200, "close"));
    let address = gateway.address().to_owned();
    wait_until("it refuses connections", async || tokio::net::TcpStream::connect(&address).await.is_err()).await;
    assert!(!held.is_finished(), "the request was given up");
    stub.release(READ);
    held.await.unwrap().ok();
    let (status, output, _) = gateway.ended().await;
    assert!(status.success(), "{status}");
    let stopped = output.lines().find(|line| line.contains("aborted_connections")).expect("it reports the end");
    assert_eq!(serde_json::from_str::<Value>(stopped).unwrap()["aborted_connections"], 0);
}

/// Clients that read without a pause, half of them with a new connection for each request.
struct Load {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU32>,
    tasks: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(base: &str) -> Self {
        let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let task = |number: u32| {
            let (base, stop, served) = (base.to_owned(), stop.clone(), served.clone());
            tokio::spawn(async move {
                let (mut client, mut failures) = (Client::new(base.clone()), Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    if number.is_multiple_of(2) {
                        client = Client::new(base.clone());
                    }
                    let request = client.with_password("admin", PASSWORD).request(Method::GET, PARTNER);
                    match request.query(&[("fields", "name")]).send().await {
                        Ok(response) if response.status() == 200 => drop(served.fetch_add(1, Ordering::Relaxed)),
                        other => failures.push(format!("{other:?}")),
                    }
                }
                failures
            })
        };
        let tasks = (0..6).map(task).collect();
        Self { stop, served, tasks }
    }

    /// Waits until this many more requests were served.
    async fn serves(&self, count: u32) {
        let until = self.served.load(Ordering::Relaxed) + count;
        wait_until("the load is served", async || self.served.load(Ordering::Relaxed) >= until).await;
    }

    /// Ends the load. Returns the requests that failed.
    async fn stop(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut failures = Vec::new();
        for task in self.tasks {
            failures.extend(task.await.unwrap());
        }
        failures
    }
}

/// Settings of gateways that share a PostgreSQL database and the master key in a folder.
struct Cluster {
    stub: StubOdoo,
    store: String,
    keys: TempDir,
}

impl Cluster {
    async fn new() -> Self {
        Self { stub: StubOdoo::start().await, store: empty_database().await, keys: tempfile::tempdir().unwrap() }
    }

    /// A gateway with these settings, too.
    async fn serve(&self, more: &[(&str, &str)]) -> Process {
        self.with_settings(more, async |settings| Process::serve(settings).await).await
    }

    /// Like [`serve`](Self::serve), on an inherited socket.
    async fn serve_on(&self, socket: &TcpListener, more: &[(&str, &str)]) -> Process {
        self.with_settings(more, async |settings| Process::serve_on(socket, settings).await).await
    }

    async fn with_settings(
        &self,
        more: &[(&str, &str)],
        serve: impl AsyncFnOnce(&[(&str, &str)]) -> Process,
    ) -> Process {
        let (url, key) = (self.stub.url(), self.keys.path().join("master.key").display().to_string());
        let mut settings = vec![
            ("ODOO_GATEWAY__ODOO__0__URL", url.as_str()),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
            ("ODOO_GATEWAY__STORE__URL", self.store.as_str()),
            ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", key.as_str()),
            ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "always"),
        ];
        settings.extend(more);
        serve(&settings).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_process_takes_the_address_over_without_a_failed_request() {
    let cluster = Cluster::new().await;
    let shared = ("ODOO_GATEWAY__SERVER__REUSE_PORT", "true");
    let old = cluster.serve(&[shared]).await;
    let address = old.address().to_owned();
    read(&old.client()).await.ok();
    let load = Load::start(&format!("http://{address}"));
    load.serves(50).await;
    let new = cluster.serve(&[shared, ("ODOO_GATEWAY__SERVER__LISTEN", &address)]).await;
    load.serves(50).await;
    let (status, _, _) = old.stop_with("TERM").await;
    assert!(status.success(), "{status}");
    load.serves(50).await;
    assert_eq!(load.stop().await, Vec::<String>::new());
    assert_eq!(new.address(), address);
    read(&new.client()).await.ok();
}

#[tokio::test]
async fn two_processes_start_at_once_on_an_empty_database() {
    let cluster = Cluster::new().await;
    let (first, second) = tokio::join!(cluster.serve(&[]), cluster.serve(&[]));
    for gateway in [&first, &second] {
        read(&gateway.client()).await.ok();
        gateway.ops_client().get("/readyz", &[]).await.ok();
    }
}
