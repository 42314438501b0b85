//! The pure part of the gateway, compiled on its own: a fuzz build takes seconds and instruments nothing else.
//!
//! In: the source files of the gateway, included by path. Out: the invariants that the fuzz targets check. Must not know:
//! the other parts of the gateway.

pub mod header_invariants;
pub mod invariants;
pub mod oauth1;

#[path = "../../src"]
mod gateway {
    pub mod error;
    pub mod error_code;
    pub mod language;
    pub mod names;
    pub mod value;
}

pub use gateway::{error, error_code, language, names, value};
