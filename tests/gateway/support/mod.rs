//! What the tests stand on: real Odoos and PostgreSQL, the real gateway, a client.
//!
//! ```text
//! stand    Odoo 19, Odoo 14 and PostgreSQL, started once for all tests, ended with the test process
//! gateway  the gateway in this process, on ports of its own
//! client   requests and answers in few words
//! binary   the gateway in a process of its own
//! browser  Chromium without a window, and an application to which it is sent
//! signer   signs requests as OAuth 1.0a says
//! library  clients that others wrote
//! counting a proxy before an Odoo that notes the calls
//! odoo     what tests do to an Odoo behind the gateway's back
//! stub     an Odoo that misbehaves on demand; xml, what it speaks
//! ```

pub(crate) mod binary;
pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod counting;
pub(crate) mod gateway;
pub(crate) mod library;
pub(crate) mod odoo;
pub(crate) mod signer;
pub(crate) mod stand;
pub(crate) mod stub;
mod xml;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::UNIX_EPOCH;

pub(crate) use browser::{Browser, Callback};
pub(crate) use client::{Answer, Client};
pub(crate) use gateway::Gateway;
pub(crate) use stand::{Version, stand};
pub(crate) use stub::{Act, Stub};

/// A name that no other record has, nor a part of its name.
pub(crate) fn unique(word: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("{word} {since:x}.{:04}", COUNT.fetch_add(1, Ordering::Relaxed))
}
