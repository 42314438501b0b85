//! Odoo's JSON-RPC at `/jsonrpc`, used for method calls if Odoo serves it. `json2` uses its parser.
//!
//! In: the parts of a call, or the text of a response. Out: bytes, or values that borrow from that text. Must not know:
//! HTTP, models, what a fault means.
//!
//! It can transmit what XML-RPC cannot: `None` within results, integers over 32 bits, numeric keys, control characters.
//! [`MalformedResponse::is_unrepresentable`](super::rpc_codec::MalformedResponse::is_unrepresentable) marks results
//! that a [`Value`](crate::value::Value) cannot represent; the method ran nevertheless.

pub(super) mod python_json;
pub mod response;
#[cfg(test)]
#[path = "../../fuzz/src/response_invariants.rs"]
#[expect(unreachable_pub, reason = "the fuzz target is another crate")]
mod response_invariants;
pub mod writer;
