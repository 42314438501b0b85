//! Unmodified clients from their registries: they log in, create, search, update, read and delete, and show an error.

use serde_json::{Value, json};

use crate::credentials::{new_key, new_key_of};
use crate::support::recording_proxy::RecordingProxy;
use crate::support::testbed::tool;
use crate::support::{Gateway, Version, unique};

/// The tool of the testbed that runs a client, and the client.
const CLIENTS: [(&str, &str); 5] = [
    ("rpc", "odoorpc"),
    ("rpc", "xmlrpc.client"),
    ("rpc-node", "odoo-xmlrpc"),
    ("rpc-node", "odoo-await"),
    ("rpc-node", "@fernandoslim/odoo-jsonrpc"),
];

/// What a client did with these credentials.
async fn run(tool_name: &str, client: &str, facts: &Value) -> Value {
    let output = tool(&[tool_name, client, &facts.to_string()]).await;
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{client}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{client}: {error}: {stdout}"))
}

#[tokio::test]
async fn unmodified_clients_work_with_passwords_and_with_keys_of_the_gateway() {
    for version in Version::each() {
        let (proxy, database) = (RecordingProxy::in_front_of_single_database(version).await, version.database());
        let (url, database_name) = ("ODOO_GATEWAY__ODOO__0__URL", "ODOO_GATEWAY__ODOO__0__DATABASE");
        let gateway = Gateway::start(&[(url, &proxy.url()), (database_name, database)]).await;
        let address = gateway.address();
        let new_key = new_key_of(database, &unique("rpc clients"), "admin", "admin");
        let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
        for (tool_name, client) in CLIENTS {
            for (login, secret) in [("admin", "admin"), ("ignored", key.expose())] {
                let (name, text) = (unique("rpc"), "a < b & \"ü\" 😀");
                let facts = json!({
                    "host": address.ip().to_string(), "port": address.port(), "database": database, "login": login,
                    "secret": secret, "name": name, "text": text,
                });
                let done = run(tool_name, client, &facts).await;
                let expected = json!({
                    "uid": 2, "created": done["created"], "found": [done["created"]], "text": text, "left": [],
                    "error": "Object no.such.model doesn't exist",
                });
                assert_eq!(done, expected, "{client} {version:?} {login}");
            }
        }
    }
}

#[tokio::test]
async fn key_is_accepted_only_for_its_database() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (_, key) = gateway.administration().await.create_key(new_key(Version::Odoo14, "14 only")).await.unwrap();
    let front = super::Front::Numbers;
    for (database, is_accepted) in [("odoo14", true), ("odoo19", false)] {
        let arguments = [json!(database), json!(""), json!(key.expose()), json!({})];
        let uid = front.call(&gateway.client(), "common", "authenticate", &arguments).await.unwrap();
        assert_eq!(uid.is_i64(), is_accepted, "{database}: {uid}");
    }
}
