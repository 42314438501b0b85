//! From Odoo's answer to the tree that every family starts from: [`Outcome`](crate::odoo::Outcome) → [`Shaped`]. Pure.
//!
//! ```text
//! tree  records in the asked order, with what stands behind relations, and nothing the caller did not ask for
//! style  in which form values are written
//! xml   a tree as XML, for family A
//! pdf   several PDFs as one
//! csv, ndjson  records as rows and as lines, a page at a time
//! ```
//!
//! In: what came of a plan. Out: a tree that borrows from Odoo's bytes. Must not know: families, envelopes, statuses.

mod csv;
mod ndjson;
mod pdf;
mod style;
mod tree;
mod xml;

pub use csv::{write_csv, write_csv_header, write_csv_header_of_ids, write_csv_ids};
pub use ndjson::{write_ndjson, write_ndjson_ids};
pub use pdf::join_pdfs;
pub use style::{Datetime, Empty, Many2one, Style};
pub use tree::{Shaped, shape};
pub use xml::to_xml;
