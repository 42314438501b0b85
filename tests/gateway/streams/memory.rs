//! An export of 100,000 partners from the real binary: its memory does not grow with the number of records.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::Value;

use super::{CSV, NDJSON, PARTNERS};
use crate::support::binary::Process;
use crate::support::odoo::{fresh_database, insert_partners};
use crate::support::{Client, Version, testbed};

const COUNT: u32 = 100_000;
const FIELDS: &str = "name,email,phone,street,city,zip,country_id,category_id,active,write_date";

/// The limit for the growth of the process, in MiB.
const MAX_GROWTH: f64 = 32.0;

async fn export(client: &Client, accept: &str, order: &str) -> Vec<u8> {
    let query = [("domain", "[('ref','=','bulk')]"), ("fields", FIELDS), ("order", order)];
    let client = client.with_header("Accept", accept);
    let mut response = client.request(Method::GET, PARTNERS).query(&query).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend(chunk);
    }
    bytes
}

#[tokio::test]
async fn export_of_100_000_partners_needs_the_memory_of_two_pages() {
    let database = fresh_database(Version::Odoo19).await;
    insert_partners(&database, COUNT).await;
    let store = "sqlite:gateway.db";
    let gateway = Process::serve(&[
        ("ODOO_GATEWAY__STORE__URL", store),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", &database),
    ])
    .await;
    let client = gateway.client().as_user("admin");
    client.get(PARTNERS, &[("limit", "80")]).await.ok();
    let before = gateway.memory("VmRSS");

    let text = export(&client, NDJSON, "").await;
    let mut ids = HashSet::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let record: Value = serde_json::from_slice(line).unwrap();
        assert!(ids.insert(record["id"].as_i64().unwrap()), "{record}");
    }
    assert_eq!(ids.len(), COUNT as usize);
    // A sort key of two terms, and an order that cannot be used as a key.
    for order in ["name", "color desc"] {
        let rows = export(&client, CSV, order).await;
        assert_eq!(rows.iter().filter(|byte| **byte == b'\n').count(), COUNT as usize + 1, "{order}");
    }
    let grown = gateway.memory("VmHWM") - before;
    assert!(grown < MAX_GROWTH, "{before:.1} MiB and {grown:.1} MiB more");
    gateway.stop_with("TERM").await;
}
