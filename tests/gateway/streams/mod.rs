//! Listings as CSV and NDJSON, of any length.
//!
//! ```text
//! families every family, in its own form of values
//! forms    exact bytes, negotiation, what is refused before the first byte
//! orders   pages of real Odoos under equal keys and empty values
//! standing the credential ends while a listing is read
//! flow     what is fetched when: ahead, for slow readers, for those who left, until something fails
//! large    100,000 partners
//! ```

mod families;
mod flow;
mod forms;
mod large;
mod orders;
mod standing;

use serde_json::{Value, json};

use crate::support::{Client, Gateway, Version};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const TAGS: &str = "/restapi/1.0/object/res.partner.category";

const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";

fn admin(version: Version) -> Client {
    Gateway::shared().client().on(version).as_user("admin")
}

/// Creates records; their ids.
async fn create(client: &Client, path: &str, records: &[Value]) -> Vec<i64> {
    let created = client.post(&format!("{path}/create"), &json!({"args": [records]})).await.ok();
    created["return"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
}

/// The objects of an NDJSON text.
fn lines(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
