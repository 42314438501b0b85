//! odoo-gateway: a REST gateway that stands beside Odoo.

#![forbid(unsafe_code)]

pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod error;
pub mod explain;
pub mod http;
pub mod language;
pub mod names;
pub mod odoo;
pub mod ops;
pub mod plan;
pub mod serve;
pub mod shape;
pub mod store;
pub mod telemetry;
pub mod value;
