//! Odoo's JSON-2: `POST /json/2/<model>/<method>` with named arguments and an API key, from Odoo 19 on.
//!
//! ```text
//! named_arguments  the arguments of `execute_kw` by their names
//! model_methods    the parameters of a model's methods, as Odoo documents them
//! writer           the body of a call
//! response         the error in a response
//! record_scan      the records in a result, without building a tree
//! ```
//!
//! In: a call, or the text of a response. Out: bytes, or values that borrow from that text. Must not know: HTTP, what
//! an error means.
//!
//! JSON-2 binds the arguments to the method before it calls it, and commits only after the result was serialized: an
//! error always means that nothing was done.

pub(super) mod model_methods;
pub(super) mod named_arguments;
pub(super) mod record_scan;
pub(super) mod response;
pub(super) mod writer;
