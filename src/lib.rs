//! odoo-gateway: a REST gateway that stands beside Odoo 14 to 19 and asks it over XML-RPC.
//!
//! # The way of a request
//!
//! ```text
//! bytes ─► serve      accepts connections, keeps deadlines
//!          http       layers for every request, then a family: request → Deed
//!          auth       credential → Principal
//!          language   text → values, domains, orders, lists                  (pure)
//!          plan       Wish + Scope + what is known of the model → Plan       (pure)
//!          odoo       runs the Plan over pooled XML-RPC → Outcome
//!          shape      Outcome → a tree every family starts from              (pure)
//! bytes ◄─ http       the family's envelope, compression, headers
//! ```
//!
//! [`http`]'s `pipeline.rs` is this table as code.
//!
//! # The rooms
//!
//! Each may use those to its right and below, never back:
//! `app → http, ops → repeat → auth → store → secret` and `auth → shape → odoo → plan → language → names, value`.
//!
//! | room | what it is for |
//! |---|---|
//! | [`cli`] | the command line; `main.rs` dispatches |
//! | [`admin`] | what administrators do to keys and tokens, each act in the audit log |
//! | [`config`] | settings: defaults, file, environment; every mistake at once |
//! | [`app`] | the composition root: a configuration becomes a running gateway |
//! | [`serve`] | accept loop, deadlines, connection caps, shutdown |
//! | [`http`] | layers, the pipeline, the families, the OpenAPI document |
//! | [`ops`] | `/livez`, `/readyz`, `/metrics` on a listener of their own |
//! | [`repeat`] | requests that are done once: idempotency keys |
//! | [`auth`] | who calls: credentials, throttles |
//! | [`shape`] | answers as trees: order of fields, XML; PDFs joined |
//! | [`odoo`] | codecs of XML-RPC and JSON-RPC, faults, client, web sessions and reports, what is remembered of a database |
//! | [`plan`] | wishes, schemas, checks, Odoo calls |
//! | [`language`] | literals, domains, orders, selections, lists of names and ids |
//! | [`store`] | what the gateway must remember: SQLite or PostgreSQL |
//! | [`secret`] | tokens, sealed credentials, master keys |
//! | [`telemetry`] | log lines and numbers |
//! | [`error`], [`explain`] | the one error that leaves the core, and all its codes |
//! | [`names`], [`value`], [`clock`] | names that are safe to use, the one tree of values, time as an argument |
//! | [`load`] | what large requests may cost the others: memory, and where long work is done |

#![forbid(unsafe_code)]

pub mod admin;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod error;
pub mod error_code;
pub mod http;
pub mod idempotency;
pub mod language;
pub mod load;
pub mod names;
pub mod odoo;
pub mod ops;
pub mod plan;
pub mod secret;
pub mod serve;
pub mod shape;
pub mod store;
pub mod telemetry;
pub mod value;
