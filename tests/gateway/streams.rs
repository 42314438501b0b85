//! Exports as CSV and NDJSON, of any length.
//!
//! ```text
//! dialects      every dialect, each with its own value formats
//! formats       exact bytes, negotiation, rejections before the first byte
//! ordering      pages of real Odoos with equal sort keys and empty values
//! revocation    the credential is revoked during an export
//! backpressure  prefetching, slow readers, disconnects and errors during an export
//! memory        100,000 partners
//! priority      other requests go first while calls are scarce
//! ```

pub(crate) mod backpressure;
mod dialects;
mod formats;
mod memory;
mod ordering;
mod priority;
mod revocation;

use serde_json::{Value, json};

use crate::support::{Client, Gateway, Version};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const TAGS: &str = "/restapi/1.0/object/res.partner.category";

const CSV: &str = "text/csv";
pub(crate) const NDJSON: &str = "application/x-ndjson";

fn admin(version: Version) -> Client {
    Gateway::shared().client().on(version).as_user("admin")
}

/// Creates records. Returns their ids.
async fn create(client: &Client, path: &str, records: &[Value]) -> Vec<i64> {
    let created = client.post(&format!("{path}/create"), &json!({"args": [records]})).await.ok();
    created["return"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
}

/// The objects of an NDJSON text.
fn lines(text: &str) -> Vec<Value> {
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
