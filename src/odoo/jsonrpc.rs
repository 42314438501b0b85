//! JSON-RPC as Odoo speaks it at `/jsonrpc`: the way of method calls where it is served.
//!
//! In: the parts of a call, or the text of an answer. Out: bytes, or values that borrow from that text. Must not know:
//! HTTP, models, what a fault means.
//!
//! It carries what XML-RPC cannot: `None` inside of results, integers beyond 32 bits, keys that are numbers, control
//! characters. What JSON cannot carry either is named by [`Misread::cannot_be_carried`]: the method ran all the same.

pub mod answer;
pub mod read;
pub mod write;

pub use read::Misread;
