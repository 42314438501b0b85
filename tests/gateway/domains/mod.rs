//! What a domain may compare, and what it means: the same in every dialect and on every version of Odoo.
//!
//! ```text
//! types       each type of field, with each operator and each kind of value
//! moments     datetimes, to the second
//! parameters  names that a dialect does not have, and what the answer says of them
//! contents    values as they were read: files, relations, dates
//! ```

mod contents;
mod moments;
mod parameters;
mod types;

use serde_json::{Value, json};

use crate::support::{Client, Gateway, Version};

fn admin(version: Version) -> Client {
    Gateway::shared().client().on(version).as_user("admin")
}

/// Creates a record over `/restapi/1.0`; its id.
async fn create(client: &Client, model: &str, values: Value) -> i64 {
    let answer = client.post(&format!("/restapi/1.0/object/{model}"), &json!({ "vals": values })).await.ok();
    answer.as_object().unwrap().values().next().unwrap()["id"].as_i64().unwrap()
}

/// The ids that a domain finds over `/restapi/1.0`.
async fn search(client: &Client, model: &str, domain: &Value) -> Vec<i64> {
    let query = [("domain", &*domain.to_string()), ("order", "id")];
    let answer = client.get(&format!("/restapi/1.0/object/{model}/search"), &query).await.ok();
    let ids = answer.as_object().unwrap().values().next().unwrap().as_array().unwrap().clone();
    ids.iter().map(|id| id.as_i64().unwrap()).collect()
}
