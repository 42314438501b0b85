//! The dialect `api` (`/api`) as documented in docs/dialects/api.md, on real Odoo 19 and 14.
//!
//! ```text
//! reading   search, schema, count, view
//! writing   create, update, delete
//! methods   execute_kw
//! manual    the vendor's examples
//! problems  the dialect's error body
//! calls     calls to Odoo per request
//! ```
//!
//! All tests share two databases: each test creates the records that it changes, with unique names.

mod calls;
mod manual;
mod methods;
mod problems;
mod reading;
mod writing;

use serde_json::Value;

use crate::support::{Client, Gateway, Version, unique};

const PARTNERS: &str = "/api/res.partner";
const TAGS: &str = "/api/res.partner.category";

fn admin(version: Version) -> Client {
    Gateway::shared().client().on(version).as_user("admin")
}

/// Creates a record. Returns its id.
async fn create(client: &Client, path: &str, values: &Value) -> i64 {
    client.post(&format!("{path}/create"), values).await.ok()["id"].as_i64().unwrap()
}

/// Creates a tag. Returns its id and name.
async fn new_tag(version: Version) -> (i64, String) {
    let name = unique("tag");
    (create(&admin(version), TAGS, &serde_json::json!({"name": name, "color": 3})).await, name)
}
