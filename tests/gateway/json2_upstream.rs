//! Odoo 19 called over JSON-2: every dialect gives the same responses as over XML-RPC.
//!
//! ```text
//! reads      lists, records, counts, descriptions, for users with different rights
//! writes     records that are created, changed, copied and deleted; values that only JSON can carry
//! calls      methods by name, and over RPC and JSON-2 in front
//! rejections errors of every kind
//! ```
//!
//! `make json2-parity` runs all tests of the dialects over JSON-2.

mod calls;
mod reads;
mod rejections;
mod writes;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::support::client::send;
use crate::support::odoo::{fresh_database, insert_keys};
use crate::support::upstream::api_key_of;
use crate::support::{Client, Gateway, Response, Version};

/// Two gateways in front of one database of Odoo 19 that differ only in the protocol.
struct Pair {
    xml_rpc: Gateway,
    json2: Gateway,
    database: &'static str,
    /// Nobody else changes the database meanwhile.
    _exclusive: MutexGuard<'static, ()>,
}

/// A request: method, path and body.
type Request = (&'static str, String, Option<Value>);

fn get(path: impl Into<String>) -> Request {
    ("GET", path.into(), None)
}

fn post(path: impl Into<String>, body: Value) -> Request {
    ("POST", path.into(), Some(body))
}

impl Pair {
    async fn start() -> Self {
        static EXCLUSIVE: Mutex<()> = Mutex::const_new(());
        static DATABASE: OnceCell<String> = OnceCell::const_new();
        let exclusive = EXCLUSIVE.lock().await;
        let copy = async || {
            let name = fresh_database(Version::Odoo19).await;
            insert_keys(&name).await;
            name
        };
        let database = DATABASE.get_or_init(copy).await;
        let start = async |protocol| {
            let settings =
                [("ODOO_GATEWAY__ODOO__0__PROTOCOL", protocol), ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")];
            Gateway::start_with_database(Version::Odoo19, database, &settings).await
        };
        Self { xml_rpc: start("xmlrpc").await, json2: start("json2").await, database, _exclusive: exclusive }
    }

    /// Clients of both gateways as a user with an API key: XML-RPC first.
    fn clients(&self, login: &str) -> [Client; 2] {
        let key = api_key_of(login).unwrap();
        [&self.xml_rpc, &self.json2].map(|gateway| gateway.client().with_password(login, key))
    }

    /// Sends each request to both gateways. Returns how many responses are the same, and the requests whose responses
    /// differ.
    async fn compare(&self, login: &str, requests: &[Request]) -> (usize, Vec<String>) {
        let [xml_rpc, json2] = self.clients(login);
        // A first login changes the user.
        for client in [&xml_rpc, &json2] {
            request_of(client, &get("/restapi/1.0/object/res.lang")).await;
        }
        let (mut same, mut different) = (0, Vec::new());
        for request in requests {
            let (expected, found) = (request_of(&xml_rpc, request).await, request_of(&json2, request).await);
            let (expected, found) = (comparable(&expected), comparable(&found));
            let differences = differences(&expected, &found, "");
            if differences.is_empty() {
                same += 1;
            } else {
                different.push(format!("{login} {request:?}: {}", differences.join("; ")));
            }
        }
        (same, different)
    }

    /// Checks that both gateways give the same response to each request.
    async fn assert_same(&self, login: &str, requests: &[Request]) {
        let (same, different) = self.compare(login, requests).await;
        assert!(different.is_empty(), "{same} of {} are the same:\n{}", requests.len(), different.join("\n"));
    }
}

async fn request_of(client: &Client, (method, path, body): &Request) -> Response {
    let request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), path);
    send(body.iter().fold(request, |request, body| request.json(body))).await
}

/// The parts of a response that do not depend on the time and the gateway.
fn comparable(response: &Response) -> Value {
    let body = serde_json::from_str(&response.text).unwrap_or_else(|_| Value::from(response.text.clone()));
    let headers = ["content-type", "x-omitted-fields", "x-result-omitted"].map(|name| response.header(name).to_owned());
    json!({"status": response.status, "headers": headers, "body": without_times(body)})
}

/// Where two values differ, and how: over XML-RPC, over JSON-2.
fn differences(expected: &Value, found: &Value, at: &str) -> Vec<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
            let difference = |name: &String| {
                let [expected, found] = [expected, found].map(|object| object.get(name).unwrap_or(&Value::Null));
                differences(expected, found, &format!("{at}.{name}"))
            };
            names.into_iter().flat_map(difference).collect()
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let items = expected.iter().zip(found).enumerate();
            let difference = |(index, (expected, found))| differences(expected, found, &format!("{at}[{index}]"));
            items.flat_map(difference).collect()
        }
        (expected, found) if expected == found => Vec::new(),
        (expected, found) => vec![format!("{at}: {expected:.300} and {found:.300}")],
    }
}

fn without_times(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            // The expected delivery of an order that is not confirmed counts from now.
            let of_now = ["request_id", "timestamp", "expected_date"];
            let is_stable = |(name, _): &(String, Value)| !of_now.contains(&name.as_str());
            let members = members.into_iter().filter(is_stable);
            members.map(|(name, value)| (name, without_times(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_times).collect(),
        other => other,
    }
}
