//! The pure part of the gateway, compiled alone: a fuzz build takes seconds and instruments nothing else.

#[path = "../../src/error.rs"]
pub mod error;
#[path = "../../src/explain.rs"]
pub mod explain;
pub mod header_invariants;
pub mod invariants;
#[path = "../../src/language/mod.rs"]
pub mod language;
#[path = "../../src/names.rs"]
pub mod names;
pub mod oauth1;
#[path = "../../src/value.rs"]
pub mod value;
