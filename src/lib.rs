//! odoo-gateway: a REST gateway that stands beside Odoo.

#![forbid(unsafe_code)]

pub mod clock;
pub mod error;
pub mod explain;
pub mod names;
pub mod odoo;
pub mod value;
