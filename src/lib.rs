//! odoo-gateway: a REST gateway that stands beside Odoo.

#![forbid(unsafe_code)]

pub mod clock;
pub mod error;
pub mod explain;
pub mod http;
pub mod names;
pub mod ops;
pub mod serve;
pub mod telemetry;
pub mod value;
