//! XML-RPC as Odoo speaks it: calls out, answers in.
//!
//! In: [`Value`](crate::value::Value)s, or the text of an answer. Out: bytes, or values that borrow from that text.
//! Must not know: HTTP, models, what a fault means.

pub mod answer;
mod buffer;
mod cursor;
mod escape;
pub mod read;
pub mod write;

pub(super) use buffer::Buffer;

/// How many lists and structs may stand inside each other, in calls and in answers. Odoo's own go to about ten.
pub const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod generated;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod python_tests;
