//! Metrics, the dashboard and the alert rules that use them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::testbed::tool;
use crate::support::{Gateway, StubOdoo};

/// Metrics that a gateway has only after something went wrong or was reloaded, or with PostgreSQL.
const RARE: &[&str] = &[
    "odoo_gateway_config_reloads_total",
    "odoo_gateway_limit_renewals_total",
    "odoo_gateway_odoo_key_renewals_total",
    "odoo_gateway_odoo_slots",
    "odoo_gateway_connections_refused_total",
    "odoo_gateway_trace_spans_dropped_total",
    "odoo_gateway_odoo_reads_shared_total",
];

fn config(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)).unwrap()
}

/// The names of metrics in expressions of PromQL.
fn metrics_in(expressions: &[String]) -> BTreeSet<String> {
    let is_metric = |word: &&str| word.starts_with("odoo_gateway_") || word.starts_with("process_");
    let words = expressions.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.filter(is_metric).map(str::to_owned).collect()
}

/// All strings under this key, at any depth.
fn strings_of(value: &Value, key: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == key => found.push(text.clone()),
                    member => strings_of(member, key, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|member| strings_of(member, key, found)),
        _ => {}
    }
}

/// The samples of a scrape by name, each with the names of its labels.
fn samples(scrape: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut samples: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in scrape.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once(['{', ' ']).unwrap();
        let labels = rest.split("=\"").filter_map(|part| part.rsplit(['"', ',', '{']).next());
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let labels = labels.filter(|label| !label.is_empty() && label.bytes().all(is_letter));
        samples.entry(name.to_owned()).or_default().extend(labels.map(str::to_owned));
    }
    samples
}

/// The name of a metric without the ending of a histogram's sample.
fn base_name(sample: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| sample.strip_suffix(end)).unwrap_or(sample)
}

/// A scrape of a gateway that has done a bit of everything.
async fn scrape() -> String {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let admin = gateway.client().with_password("admin", crate::support::stub_odoo::PASSWORD);
    admin.get("/restapi/1.0/object/res.partner/1", &[("fields", "name")]).await.ok();
    let client = gateway.client().with_header("Connection", "close");
    client.get("/nowhere", &[]).await.problem(404, "unknown_route");
    let ended = async {
        loop {
            let text = gateway.ops_client().get("/metrics", &[]).await.text;
            if text.contains("odoo_gateway_connections_ended_total{") {
                return text;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), ended).await.expect("a connection has ended")
}

#[tokio::test]
async fn promtool_accepts_the_metrics() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("metrics.txt");
    fs::write(&file, scrape().await).unwrap();
    let verdict = tool(&["check-metrics", file.to_str().unwrap()]).await;
    let text = String::from_utf8_lossy(&verdict.stdout);
    assert!(verdict.status.success() && text.trim().is_empty(), "{text}{}", String::from_utf8_lossy(&verdict.stderr));
}

#[tokio::test]
async fn dashboard_and_alerts_use_metrics_that_exist() {
    let dashboard: Value = serde_json::from_str(&config("grafana-dashboard.json")).unwrap();
    let mut queries = Vec::new();
    for key in ["expr", "query", "definition"] {
        strings_of(&dashboard, key, &mut queries);
    }
    assert!(queries.len() > 30, "the queries are found");
    let alerts = config("alerts.yaml");
    let (used_here, used_there) = (metrics_in(&queries), metrics_in(&[alerts]));
    let samples = samples(&scrape().await);
    for metric in used_here.union(&used_there).filter(|metric| !RARE.contains(&metric.as_str())) {
        assert!(samples.contains_key(metric), "{metric} is not in {:?}", samples.keys());
    }
    // Each metric is in the dashboard: a new one has to be shown, too.
    let shown: BTreeSet<&str> = used_here.iter().map(|name| base_name(name)).collect();
    let not_shown = ["process_virtual_memory_bytes"];
    for name in samples.keys().map(|name| base_name(name)).filter(|name| !not_shown.contains(name)) {
        assert!(shown.contains(name), "{name} is not in the dashboard");
    }
    let labels = BTreeSet::from(["method", "route", "status"].map(str::to_owned));
    assert_eq!(samples["odoo_gateway_requests_total"], labels);
}

#[tokio::test]
async fn promtool_accepts_the_alert_rules_and_their_tests_pass() {
    for (command, file) in [("check-rules", "alerts.yaml"), ("test-rules", "alerts-test.yaml")] {
        let path = format!("{}/config/{file}", env!("CARGO_MANIFEST_DIR"));
        let verdict = tool(&[command, &path]).await;
        let text = String::from_utf8_lossy(&verdict.stdout);
        let errors = String::from_utf8_lossy(&verdict.stderr);
        assert!(verdict.status.success() && text.contains("SUCCESS"), "{text}{errors}");
    }
    // Each alert has a test in which it fires, and an entry that explains what to do.
    let (alerts, tests) = (config("alerts.yaml"), config("alerts-test.yaml"));
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations/troubleshooting.md");
    let advice = fs::read_to_string(page).unwrap();
    for alert in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(tests.contains(&format!("alertname=\"{alert}\"")), "{alert} has no test");
        assert!(advice.contains(&format!("| `{alert}` |")), "{alert} is not in docs/operations/troubleshooting.md");
    }
}

#[tokio::test]
async fn every_metric_is_documented() {
    let operations = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md")).unwrap();
    for name in samples(&scrape().await).keys() {
        let base = base_name(name);
        assert!(operations.contains(&format!("| `{base}` |")), "{base} is not in docs/operations.md");
    }
}
