//! Integration tests: the gateway as a client sees it, in front of real Odoos and of a stub. `support` contains the
//! code that the tests share.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod api;
mod api_v1;
mod architecture;
mod auth;
mod check;
mod command_line;
mod console;
mod console_admin;
mod cors;
mod credential_matrix;
mod credentials;
mod demo;
mod deployment;
mod dialect_switches;
mod docs;
mod domains;
mod hostile;
mod http_basics;
mod idempotency;
mod json2;
mod json2_upstream;
mod log_output;
mod method_calls;
mod monitoring;
mod oauth1;
mod oauth2;
mod odoo20;
mod odoo_versions;
mod openapi;
mod outage;
mod pages;
mod parity;
mod postman;
mod readiness;
mod reads;
mod restapi;
mod restarts;
mod restful;
mod rpc;
mod scaling;
mod secrecy;
mod store;
mod streams;
mod support;
mod terminal;
