//! Family A, `/restapi/1.0`: every row of its contract on real Odoo 19 and 14.
//!
//! ```text
//! rights, searching, reading, describing   the questions
//! writing, values, relations, methods      the deeds
//! users, refusals                          who may not, and what Odoo does not want
//! labels, media, bodies, context           how it is asked, how it is answered
//! manual, introspection                    the vendor's manual, as printed
//! reports                                  printed records
//! files, calls                             binaries and large answers; what a request costs at Odoo
//! ```
//!
//! All share two databases: each test makes what it changes, under a name of its own.

mod bodies;
mod calls;
mod context;
mod describing;
mod files;
mod introspection;
mod labels;
mod manual;
mod media;
mod methods;
mod reading;
mod refusals;
mod relations;
mod reports;
mod rights;
mod searching;
mod users;
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
const NOWHERE: i64 = 2_147_483_647;

/// Held by tests that change models while Odoo runs: two at a time, in whatever databases, are more than it bears.
pub(crate) static REMODELLING: Mutex<()> = Mutex::const_new(());

fn admin(version: Version) -> Client {
    user(version, "admin")
}

fn user(version: Version, login: &str) -> Client {
    Gateway::shared().client().on(version).as_user(login)
}

/// Creates a record; its id.
async fn create(client: &Client, path: &str, values: Value) -> i64 {
    let created = client.post(path, &json!({"vals": values})).await.ok();
    created.as_object().and_then(|labelled| labelled.values().next()).and_then(|record| record["id"].as_i64()).unwrap()
}

/// A new tag; its id.
async fn new_tag(version: Version, name: &str) -> i64 {
    create(&admin(version), TAGS, json!({"name": name, "color": 1})).await
}

/// The ids of an answer of many records.
fn ids_of(labelled: &Value) -> Vec<i64> {
    let records = labelled.as_object().and_then(|labelled| labelled.values().next()).and_then(Value::as_array).unwrap();
    records.iter().map(|record| record["id"].as_i64().unwrap()).collect()
}
