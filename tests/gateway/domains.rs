//! Domains and values: the same meaning in every dialect and on every version of Odoo.
//!
//! ```text
//! field_types     each field type, with each operator and each kind of value
//! datetimes       datetimes, to the second
//! parameters      unknown parameter names, and the suggestions in the error
//! written_values  values that were read can be written: files, relations, dates
//! ```

mod datetimes;
mod field_types;
mod parameters;
mod written_values;

use serde_json::{Value, json};

use crate::support::{Client, Gateway, Version};

fn admin(version: Version) -> Client {
    Gateway::shared().client().on(version).as_user("admin")
}

/// Creates a record over `/restapi/1.0`. Returns its id.
async fn create(client: &Client, model: &str, values: Value) -> i64 {
    let response = client.post(&format!("/restapi/1.0/object/{model}"), &json!({ "vals": values })).await.ok();
    response.as_object().unwrap().values().next().unwrap()["id"].as_i64().unwrap()
}

/// The ids that a domain finds over `/restapi/1.0`.
async fn search(client: &Client, model: &str, domain: &Value) -> Vec<i64> {
    let query = [("domain", &*domain.to_string()), ("order", "id")];
    let response = client.get(&format!("/restapi/1.0/object/{model}/search"), &query).await.ok();
    let ids = response.as_object().unwrap().values().next().unwrap().as_array().unwrap().clone();
    ids.iter().map(|id| id.as_i64().unwrap()).collect()
}
