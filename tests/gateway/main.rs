//! The gateway from the outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod api;
mod api_v1;
mod auth;
mod command_line;
mod credentials;
mod demo;
mod domains;
mod edge;
mod everywhere;
mod hostile;
mod idempotency;
mod layers;
mod method_calls;
mod oauth1;
mod oauth2;
mod openapi;
mod outage;
mod pages;
mod parity;
mod readiness;
mod reads;
mod restapi;
mod restful;
mod secrecy;
mod store;
mod streams;
mod support;
