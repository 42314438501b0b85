//! The dialect `restapi` (`/restapi/1.0`) as documented in docs/dialects/restapi.md, on real Odoo 19 and 14.
//!
//! ```text
//! access_rights, searching, reading, fields_get   requests that read
//! writing, values, relations, methods             requests that write, and method calls
//! permissions, rejections                         access rights of the user, and errors from Odoo
//! labels, content_negotiation, bodies, context    the form of requests and responses
//! manual, introspection                           the examples of the vendor's manual
//! reports                                         printed records
//! binaries, call_counts                           binaries and large responses; calls to Odoo per request
//! ```
//!
//! All tests share two databases: each test creates the records that it changes, with unique names.

mod access_rights;
mod binaries;
mod bodies;
mod call_counts;
mod content_negotiation;
mod context;
mod fields_get;
mod introspection;
mod labels;
mod manual;
mod methods;
mod permissions;
mod reading;
mod rejections;
mod relations;
mod reports;
mod searching;
mod values;
mod writing;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::support::{Client, Gateway, Version, unique};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
/// A model with few fields and few rules; its label is `Partner Tags`.
const TAGS: &str = "/restapi/1.0/object/res.partner.category";
const COUNTRIES: &str = "/restapi/1.0/object/res.country";
const ORDERS: &str = "/restapi/1.0/object/sale.order";

/// No record of any model has this id.
const MISSING_ID: i64 = 2_147_483_647;

/// Held by tests that change models while Odoo runs: two at a time, even in different databases, can block Odoo.
pub(crate) static MODEL_CHANGES: Mutex<()> = Mutex::const_new(());

fn admin(version: Version) -> Client {
    user(version, "admin")
}

fn user(version: Version, login: &str) -> Client {
    Gateway::shared().client().on(version).as_user(login)
}

/// Creates a record. Returns its id.
async fn create(client: &Client, path: &str, values: Value) -> i64 {
    let created = client.post(path, &json!({"vals": values})).await.ok();
    created.as_object().and_then(|labelled| labelled.values().next()).and_then(|record| record["id"].as_i64()).unwrap()
}

/// Creates a tag. Returns its id.
async fn new_tag(version: Version, name: &str) -> i64 {
    create(&admin(version), TAGS, json!({"name": name, "color": 1})).await
}

/// The ids in a response with several records.
fn ids_of(labelled: &Value) -> Vec<i64> {
    let records = labelled.as_object().and_then(|labelled| labelled.values().next()).and_then(Value::as_array).unwrap();
    records.iter().map(|record| record["id"].as_i64().unwrap()).collect()
}
