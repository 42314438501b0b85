//! JSON-2 in front of Odoo 19 and 14: compared with Odoo's own, over Odoo 14, its documents, and a client from PyPI.

mod clients;
mod odoo14;
mod older_servers;
mod parity;
mod reference;

use serde_json::Value;

use crate::support::{Client, Response, Version, testbed};

/// A client with this token.
fn with_bearer(client: &Client, token: &str) -> Client {
    client.with_header("Authorization", &format!("Bearer {token}"))
}

/// A client of Odoo's own JSON-2, as the user `internal`.
fn odoo_itself() -> Client {
    let client = Client::new(testbed().url(Version::Odoo19).to_owned()).on(Version::Odoo19);
    with_bearer(&client, testbed().api_key(Version::Odoo19))
}

async fn call(client: &Client, model: &str, method: &str, arguments: &Value) -> Response {
    client.post(&format!("/json/2/{model}/{method}"), arguments).await
}

/// The message of an error with this status and class, whose other members have the form of Odoo 19.
#[track_caller]
fn error_of(response: &Response, status: u16, name: &str) -> String {
    let body = response.json();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["name", "message", "arguments", "context", "debug"], "{body}");
    assert_eq!((response.status, &body["name"]), (status, &Value::from(name)), "{body}");
    assert_eq!((&body["debug"], &body["arguments"][0]), (&Value::from(""), &body["message"]), "{body}");
    body["message"].as_str().unwrap().to_owned()
}
