//! odoo-gateway: a REST gateway for Odoo 14 to 20, which it calls over XML-RPC, JSON-RPC and JSON-2.
//!
//! # The path of a request
//!
//! ```text
//! bytes ─► serve               accepts connections, enforces timeouts and limits
//!          http::middleware    applies to every request: ids, logs, limits, CORS, compression
//!          http::dialects      request → Intent: what the client asks for, not yet checked
//!          auth                credential → Principal and Scope
//!          language            text → values, domains, orders, selections                 (pure)
//!          plan                Intent + metadata + Scope → Plan: the calls to Odoo         (pure)
//!          odoo                runs the Plan over pooled connections → Outcome
//!          shape               Outcome → a tree that does not depend on the dialect        (pure)
//! bytes ◄─ http::dialects      tree → the body and status of the dialect
//! ```
//!
//! `http/pipeline.rs` contains this path as code.
//!
//! # Modules
//!
//! A module uses only modules further down in this table; a test checks it.
//!
//! | Module | Purpose |
//! |---|---|
//! | `main`, [`cli`] | the command line |
//! | [`app`] | the composition root: builds a running gateway from a configuration, reloads it; backup and restore; `odoo-gateway check` |
//! | [`admin`] | administration of keys, applications, tokens and master keys, with an audit log |
//! | [`http`] | everything about HTTP requests, see below |
//! | [`ops_server`] | `/livez`, `/readyz`, `/metrics` and `/log-filter` on a separate listener |
//! | [`serve`] | the HTTP server: accept loop, timeouts, connection limits, shutdown |
//! | [`idempotency`] | idempotency keys: executes a repeated request once and replays its response |
//! | [`auth`] | credentials, OAuth 1.0a and OAuth 2, rate limits and login throttling |
//! | [`shape`] | responses as trees, XML, joined PDFs |
//! | [`odoo`] | the client of Odoo: XML-RPC, JSON-RPC, JSON-2, reports, faults, queue, metadata cache |
//! | [`plan`] | intents, model schemas, scopes, and plans of calls |
//! | [`store`] | the database: SQLite or PostgreSQL |
//! | [`secret`] | tokens, encryption at rest, master keys |
//! | [`telemetry`] | logs, metrics and traces |
//! | [`config`] | settings from defaults, a file and the environment |
//! | [`language`] | literals, domains, orders, selections, lists of names and ids |
//! | [`error`], [`error_code`] | the error type of all modules, and the error codes |
//! | [`names`], [`value`] | validated names of models and fields, the value tree |
//! | [`cache`], [`clock`], [`memory_budget`], [`cpu_work`] | bounded caches that expire, time as an argument, the execution of large computations |
//! | [`shared_limits`] | limits that hold over all gateways on one PostgreSQL |
//! | [`build_info`] | version, commit, and date of this build |
//! | `plain_bytes` | finds the end of a text that is copied unchanged |
//!
//! In [`http`]:
//!
//! | Module | Purpose |
//! |---|---|
//! | `router` | all routes |
//! | `dialects` | the REST dialects `restapi`, `api`, `restful` and `api_v1`, Odoo's `json2` and `rpc`; none uses another |
//! | `oauth` | authorization pages, token endpoints, metadata of OAuth 1.0a and OAuth 2 |
//! | `console` | web pages on which people manage what acts for them |
//! | `openapi`, `docs` | the OpenAPI document, pages for people who write clients |
//! | `demo_application`, `login_failure` | the demo's applications, the answer to a failed login on every page |
//! | `pipeline`, `idempotency`, `export` | the path of a request, its idempotent execution, streamed lists |
//! | `authenticate`, `state` | the caller of a request, the shared state |
//! | `body_budget`, `browser_headers`, `public_url` | limits for large bodies, cookies and origins, the public address |
//! | `middleware`, `request`, `response`, `pages` | layers, request parts, response parts, HTML templates |

#![forbid(unsafe_code)]

pub mod admin;
pub mod app;
pub mod auth;
pub mod build_info;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cpu_work;
pub mod error;
pub mod error_code;
pub mod http;
pub mod idempotency;
pub mod language;
pub mod memory_budget;
pub mod names;
pub mod odoo;
pub mod ops_server;
mod plain_bytes;
pub mod plan;
pub mod secret;
pub mod serve;
pub mod shape;
pub mod shared_limits;
pub mod store;
pub mod telemetry;
pub mod value;
