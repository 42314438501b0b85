//! The dialect `restful` (`/restful/api/v1`) as documented in docs/dialects/restful.md, on real Odoo 19 and 14.
//!
//! ```text
//! manual               the examples of the vendor's manual
//! filters, schemas     selecting records and their fields
//! writing, methods     writes and method calls
//! rejections           models, methods and media types that are rejected
//! credentials, calls   credentials; calls to Odoo per request
//! ```
//!
//! All tests share two databases: each test creates the records that it changes, with unique names.

mod calls;
mod credentials;
mod filters;
mod manual;
mod methods;
mod rejections;
mod schemas;
mod writing;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::send;
use crate::support::{Client, Gateway, Response, Version};

const PARTNERS: &str = "/restful/api/v1/res.partner";
/// A model with few fields and few rules.
const TAGS: &str = "/restful/api/v1/res.partner.category";
const ORDERS: &str = "/restful/api/v1/sale.order";

/// No record of any model has this id.
const MISSING_ID: i64 = 2_147_483_647;

/// The vendor's read schema, as printed in the manual.
const MANUAL_SCHEMA: &str = include_str!("restful/manual_fields.txt");

/// Partners have no schema, tags have schemas of all three kinds, orders have those of the manual.
const SETTINGS: &[(&str, &str)] = &[
    ("ODOO_GATEWAY__RESTFUL__MODELS__res.partner__READ", ""),
    ("ODOO_GATEWAY__RESTFUL__MODELS__res.partner.category__READ", "['id', 'name', ('parent_id', ('id', 'name'))]"),
    ("ODOO_GATEWAY__RESTFUL__MODELS__res.partner.category__CREATE", "{id, name, nosuch, child_ids{name}}"),
    ("ODOO_GATEWAY__RESTFUL__MODELS__res.partner.category__UPDATE", "{color, parent_id}"),
    ("ODOO_GATEWAY__RESTFUL__MODELS__sale.order__READ", MANUAL_SCHEMA),
    ("ODOO_GATEWAY__RESTFUL__MODELS__sale.order__CREATE", MANUAL_SCHEMA),
    ("ODOO_GATEWAY__RESTFUL__MODELS__product.product__READ", "{id, name, qty_nosuch, categ_id{id, nosuch}}"),
    ("ODOO_GATEWAY__RESTFUL__MODELS__account.move__READ", "{id, name, move_type, partner_id}"),
];

fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| Gateway::start_detached(SETTINGS))
}

fn admin(version: Version) -> Client {
    user(version, "admin")
}

fn user(version: Version, login: &str) -> Client {
    gateway().client().on(version).as_user(login)
}

async fn patch(client: &Client, path: &str, body: &Value) -> Response {
    send(client.request(Method::PATCH, path).json(body)).await
}

/// A name that no other record has, not even as a part of its name.
fn unique(word: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("{word} {since:x}.{:04}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Creates a record. Returns its id.
async fn create(client: &Client, path: &str, values: Value) -> i64 {
    client.post(path, &values).await.ok()["id"].as_i64().unwrap()
}

/// Creates a tag. Returns its id.
async fn new_tag(version: Version, name: &str) -> i64 {
    create(&admin(version), TAGS, json!({"name": name, "color": 1})).await
}

/// The ids of a product that can be sold and of a customer.
async fn product_and_customer(version: Version) -> (i64, i64) {
    let gateway = Gateway::shared().client().on(version).as_user("admin");
    let query = [("domain", "[('sale_ok','=',True),('list_price','>',0)]"), ("limit", "1"), ("order", "id")];
    let product = gateway.get("/restful/api/v1/product.product", &query).await.ok()[0]["id"].as_i64().unwrap();
    let customer = create(&admin(version), PARTNERS, json!({"name": unique("Gemini"), "city": "Fairfield"})).await;
    (product, customer)
}
