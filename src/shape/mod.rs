//! From Odoo's answer to the tree that every family starts from: [`Outcome`](crate::odoo::Outcome) → [`Shaped`]. Pure.
//!
//! ```text
//! tree  records in the asked order, `id` first, nothing the caller did not ask for
//! xml   a tree as XML, for family A
//! pdf   several PDFs as one
//! ```
//!
//! In: what came of a plan. Out: a tree that borrows from Odoo's bytes. Must not know: families, envelopes, statuses.

mod pdf;
mod tree;
mod xml;

pub use pdf::join_pdfs;
pub use tree::{Empty, Shaped, shape};
pub use xml::to_xml;
