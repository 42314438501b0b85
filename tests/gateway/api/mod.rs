//! Family B, `/api`: every row of its contract on real Odoo 19 and 14.
//!
//! ```text
//! reading   search, schema, count, view
//! writing   create, update, delete
//! methods   execute_kw
//! manual    the vendor's examples
//! problems  the family's own body
//! calls     what a request costs at Odoo
//! ```
//!
//! All share two databases: each test makes what it changes, under a name of its own.

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

/// Creates a record; its id.
async fn create(client: &Client, path: &str, values: &Value) -> i64 {
    client.post(&format!("{path}/create"), values).await.ok()["id"].as_i64().unwrap()
}

/// A new tag; its id and name.
async fn new_tag(version: Version) -> (i64, String) {
    let name = unique("tag");
    (create(&admin(version), TAGS, &serde_json::json!({"name": name, "color": 3})).await, name)
}
