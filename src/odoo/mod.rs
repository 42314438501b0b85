//! Odoo over XML-RPC: the codec, what its faults mean, and the client that keeps Odoo's limits.
//!
//! In: values, a caller, a call. Out: the answer as a [`Value`](crate::value::Value) that borrows from the bytes it
//! came in, or why there is none. Must not know: route families, plans, credentials of our own. The only place that
//! uses reqwest.
//!
//! ```text
//! client ──► gate (queue, cap) ──► circuit ──► transport (reqwest) ──► xmlrpc::read ──► faults
//!    └─ xmlrpc::write
//! ```
//!
//! ## Why the object service is asked at `/xmlrpc/object` and not at `/xmlrpc/2/object`
//!
//! Both paths exist in Odoo 14..19 and differ in nothing but the form of their faults. `/xmlrpc/2` has four integer
//! codes for everything, and a missing record, a refused value and an unknown model are all a `2`. The path without
//! the `2` names the class of the exception in its code, in no language, and gives the message of an unexpected
//! exception on its own beside the traceback, so nothing has to be guessed from prose. Its codes are texts, which
//! XML-RPC libraries refuse; our reader does not. [`faults`] understands both forms all the same.
//!
//! The `common` service (version, authenticate) has only plain answers and is asked at `/xmlrpc/2/common`.

pub mod call;
pub mod circuit;
pub mod client;
pub mod failure;
pub mod faults;
pub mod gate;
pub mod settings;
pub mod transport;
pub mod version;
pub mod xmlrpc;
