//! The dialect `api_v1` (`/api/v1`) as documented in docs/dialects/api_v1.md, on real Odoo 19 and 14.
//!
//! ```text
//! listing, selecting, searching   requests that read
//! writing, bulk, relations        requests that write
//! functions                       method calls
//! files, rows                     binaries; CSV and NDJSON
//! system, rejections              health and info; error responses
//! manual                          the examples of the vendor's documentation
//! calls                           calls to Odoo per request
//! ```
//!
//! All tests share two databases: each test creates the records that it changes, with unique names.

mod bulk;
mod calls;
mod files;
mod functions;
mod listing;
mod manual;
mod rejections;
mod relations;
mod rows;
mod searching;
mod selecting;
mod system;
mod writing;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::send;
use crate::support::{Client, Gateway, Response, Version};

const PARTNERS: &str = "/api/v1/res.partner";
/// A model with few fields and few rules.
const TAGS: &str = "/api/v1/res.partner.category";
const ORDERS: &str = "/api/v1/sale.order";

/// No record of any model has this id.
const MISSING_ID: i64 = 2_147_483_647;

fn admin(version: Version) -> Client {
    user(version, "admin")
}

fn user(version: Version, login: &str) -> Client {
    Gateway::shared().client().on(version).as_user(login)
}

/// A name that no other record has, not even as a part of its name.
fn unique(word: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("{word} {since:x}.{:04}", COUNT.fetch_add(1, Ordering::Relaxed))
}

async fn send_json(client: &Client, method: Method, path: &str, body: &Value) -> Response {
    send(client.request(method, path).json(body)).await
}

/// The data of a success with this message; checks that the envelope has no other members.
#[track_caller]
fn data(response: &Response, message: &str) -> Value {
    assert_eq!(response.header("content-type"), "application/json", "{}", response.text);
    let mut envelope = response.ok();
    let names: Vec<&String> = envelope.as_object().unwrap().keys().collect();
    assert_eq!(names, ["success", "message", "data", "timestamp"]);
    assert_eq!((&envelope["success"], &envelope["message"]), (&json!(true), &json!(message)));
    assert_is_timestamp(&envelope["timestamp"]);
    envelope["data"].take()
}

/// The error of a response with this status, type and reason.
#[track_caller]
fn error_of(response: &Response, status: u16, kind: &str, reason: &str) -> Value {
    assert_eq!(response.status, status, "{}", response.text);
    assert_eq!(response.header("content-type"), "application/json");
    let mut envelope = response.json();
    let names: Vec<&String> = envelope.as_object().unwrap().keys().collect();
    assert_eq!(
        (names, &envelope["success"]),
        (vec![&"success".to_owned(), &"error".to_owned(), &"timestamp".to_owned()], &json!(false))
    );
    assert_is_timestamp(&envelope["timestamp"]);
    let error = envelope["error"].take();
    let found = (&error["code"], &error["type"], &error["reason"]);
    assert_eq!(found, (&json!(status), &json!(kind), &json!(reason)), "{error:#}");
    assert!(error["message"].is_string() && error["details"].is_string(), "{error:#}");
    assert_eq!(error["request_id"], response.header("x-request-id"));
    error
}

/// `2026-01-01T12:00:00.000Z`
#[track_caller]
fn assert_is_timestamp(text: &Value) {
    let form: String = text.as_str().unwrap().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(form, "0000-00-00T00:00:00.000Z");
}

/// Creates a record. Returns its id.
async fn create(client: &Client, path: &str, values: Value) -> i64 {
    let created = client.post(path, &json!({"data": values})).await;
    data(&created, "Record created successfully")["id"].as_i64().unwrap()
}

async fn new_tag(version: Version, name: &str) -> i64 {
    create(&admin(version), TAGS, json!({"name": name, "color": 1})).await
}

/// Some fields of a record.
async fn read(client: &Client, path: &str, id: i64, query: &str) -> Value {
    data(&client.get(&format!("{path}/{id}"), &[("query", query)]).await, "Record retrieved successfully")
}
