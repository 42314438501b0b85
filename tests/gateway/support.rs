//! What the tests run on: real Odoos and PostgreSQL, the real gateway, and clients.
//!
//! ```text
//! testbed          Odoo 19, Odoo 14, a stand-in for Odoo 20, and PostgreSQL, started once for all tests, stopped with
//!                  the test process
//! gateway          the gateway in this process, on ports of its own
//! client           an HTTP client with short method names
//! binary           the gateway in a process of its own
//! browser          headless Chromium, and the web server of an application that the browser is redirected to
//! signer           signs requests with OAuth 1.0a
//! foreign_clients  OAuth libraries in other languages
//! recording_proxy  a proxy in front of an Odoo that records the calls
//! reverse_proxy    nginx or Caddy in front of gateways
//! restartable_postgres  a PostgreSQL that a test may stop
//! odoo             changes to an Odoo that do not go through the gateway
//! upstream         the protocol between the gateways and Odoo 19, and API keys of the testbed's users
//! stub_odoo        an Odoo that misbehaves on demand; xml: its wire format
//! tls_server       a TLS server in front of an Odoo, with certificates of its own
//! trace_collector  a collector of distributed traces
//! ```

pub(crate) mod binary;
pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod foreign_clients;
pub(crate) mod gateway;
pub(crate) mod odoo;
pub(crate) mod recording_proxy;
pub(crate) mod restartable_postgres;
pub(crate) mod reverse_proxy;
pub(crate) mod signer;
pub(crate) mod stub_odoo;
pub(crate) mod testbed;
pub(crate) mod tls_server;
pub(crate) mod trace_collector;
pub(crate) mod upstream;
mod xml;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

pub(crate) use browser::{Browser, Callback};
pub(crate) use client::{Client, Response};
pub(crate) use gateway::Gateway;
pub(crate) use stub_odoo::{StubOdoo, StubReply};
pub(crate) use testbed::{Version, testbed};
pub(crate) use xml::fields_get;

/// Waits until every gateway has noticed a change of credentials that another process made: at most a second.
pub(crate) async fn changes_reach_gateways() {
    tokio::time::sleep(Duration::from_millis(1100)).await;
}

/// A name that no other record has, not even as a part of its name.
pub(crate) fn unique(word: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("{word} {since:x}.{:04}", COUNT.fetch_add(1, Ordering::Relaxed))
}
