//! Which build this is: version, commit, date.
//!
//! In: what `build.rs` found. Out: constants. Must not know: who prints them.

/// The version of the crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The first 12 digits of the commit, or `unknown`.
pub const COMMIT: &str = env!("ODOO_GATEWAY_COMMIT");

/// The date of the commit, or that of `SOURCE_DATE_EPOCH`, such as `2027-01-31`; or `unknown`.
pub const DATE: &str = env!("ODOO_GATEWAY_DATE");

/// All of it, as `odoo-gateway --version` prints it after the name.
pub const DESCRIPTION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (commit ", env!("ODOO_GATEWAY_COMMIT"), ", ", env!("ODOO_GATEWAY_DATE"), ")");
