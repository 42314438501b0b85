//! Calls of methods by their names, through all four dialects: the way they take to Odoo, results that cannot be carried,
//! the caller's mistakes, records that do not exist.

mod missing;
mod mistakes;
mod results;
mod ways;

use serde_json::{Value, json};

use crate::support::counting::Counting;
use crate::support::{Answer, Client, Gateway, Version};

const PARTNER: &str = "res.partner";
/// An id that no record has.
const NOWHERE: i64 = 2_147_483_647;

/// By which way a gateway calls methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Json,
    Xml,
}

impl Way {
    const BOTH: [Self; 2] = [Self::Json, Self::Xml];
}

/// A gateway that takes this way before an Odoo with one database, and its administrator.
async fn by(way: Way, version: Version) -> (Counting, Gateway, Client) {
    let counting = Counting::before_single(version).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", &counting.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
        ("ODOO_GATEWAY__ODOO__0__METHOD_CALLS", if way == Way::Json { "auto" } else { "xmlrpc" }),
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", ""),
    ])
    .await;
    let admin = gateway.client().as_user("admin");
    (counting, gateway, admin)
}

/// A call of a model's method in each dialect that has such: `restapi`, `api`, `api_v1`.
async fn of_model(client: &Client, model: &str, method: &str, args: &Value, kwargs: &Value) -> Vec<Answer> {
    let body = json!({"args": args, "kwargs": kwargs});
    let restapi = client.post(&format!("/restapi/1.0/object/{model}/{method}"), &body).await;
    let named = json!({"method": method, "args": args, "kwargs": kwargs});
    let api = client.post(&format!("/api/{model}/execute_kw"), &named).await;
    let api_v1 = client.post(&format!("/api/v1/object/{model}/{method}"), &body).await;
    vec![restapi, api, api_v1]
}

/// The same, and where the first argument is one id, by the method of a record that `restful` has.
async fn in_every_dialect(client: &Client, model: &str, method: &str, args: &Value, kwargs: &Value) -> Vec<Answer> {
    let mut answers = of_model(client, model, method, args, kwargs).await;
    if let Some(id) = args.as_array().and_then(|args| args.first()?.as_array()?.first()?.as_i64()) {
        let body = json!({"args": args.as_array().unwrap()[1..], "kwargs": kwargs});
        answers.push(client.post(&format!("/restful/api/v1/{model}/{id}/{method}"), &body).await);
    }
    answers
}

async fn call(client: &Client, model: &str, method: &str, args: &Value, kwargs: &Value) -> Answer {
    let path = format!("/restapi/1.0/object/{model}/{method}");
    client.post(&path, &json!({"args": args, "kwargs": kwargs})).await
}

async fn new_partner(client: &Client, name: &str) -> i64 {
    let made = client.post("/api/res.partner/create", &json!({"name": name})).await.ok();
    made["id"].as_i64().unwrap()
}
