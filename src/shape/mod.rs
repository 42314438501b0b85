//! From Odoo's answer to the tree that every family starts from: [`Outcome`](crate::odoo::Outcome) → [`Shaped`]. Pure.
//!
//! ```text
//! tree  records in the asked order, with what stands behind relations, and nothing the caller did not ask for
//! style  in which form values are written
//! xml   a tree as XML, for family A
//! ```
//!
//! In: what came of a plan. Out: a tree that borrows from Odoo's bytes. Must not know: families, envelopes, statuses.

mod style;
mod tree;
mod xml;

pub use style::{Datetime, Empty, Many2one, Style};
pub use tree::{Shaped, shape};
pub use xml::to_xml;
