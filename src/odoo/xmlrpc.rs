//! XML-RPC in Odoo's variant: serializes calls, parses responses; and the reverse, for clients that call the gateway.
//!
//! In: [`Value`](crate::value::Value)s, or the text of a call or response. Out: bytes, or values that borrow from that
//! text. Must not know: HTTP, models, what a fault means.
//!
//! The gateway has its own codec because dxr, which it uses for the typed response of `common.version`, loses the order
//! of struct members, rejects integers over 32 bits in `<int>`, and is several times slower on large responses
//! (benches/xmlrpc.rs). `dxr_tests` compares the two codecs, and `python_tests` compares this one with Python's, which
//! Odoo uses.

mod cursor;
mod escape;
mod parser;
pub(super) mod record_scan;
pub mod request;
pub mod response;
pub mod response_writer;
mod usual;
pub mod writer;
mod zeroizing_buffer;

pub(super) use zeroizing_buffer::Buffer;

#[cfg(test)]
mod dxr_tests;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod python_tests;
