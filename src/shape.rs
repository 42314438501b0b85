//! Shaping: from Odoo's response to the tree that every dialect renders: [`Outcome`](crate::odoo::Outcome) →
//! [`Shaped`]. Pure.
//!
//! ```text
//! tree         records with the requested columns and nested records, in the requested order
//! style        the format of many2one, datetime and empty values
//! binary_value the content of a file, whatever form Odoo returns it in
//! json_writer  a tree as JSON
//! xml_writer   a tree as XML, for the restapi dialect
//! pdf_merge    several PDFs joined into one
//! csv_writer, ndjson_writer  records as rows and as lines, one page at a time
//! ```
//!
//! In: the outcome of a plan. Out: a tree that borrows from Odoo's bytes. Must not know: dialects, envelopes,
//! statuses.

mod binary_value;
mod csv_writer;
mod json_writer;
mod ndjson_writer;
mod pdf_merge;
mod style;
mod tree;
mod xml_writer;

pub use csv_writer::{write_csv, write_csv_header, write_csv_id_header, write_csv_ids};
pub use json_writer::to_json;
pub use ndjson_writer::{write_ndjson, write_ndjson_ids};
pub use pdf_merge::join_pdfs;
pub use style::{BinaryFormat, DatetimeFormat, EmptyFormat, Many2oneFormat, Style};
pub use tree::{Shaped, shape};
pub use xml_writer::to_xml;
