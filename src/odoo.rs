//! Odoo over XML-RPC: the codec, what its faults mean, and the client that keeps Odoo's limits.
//!
//! In: plans, and whose rights apply. Out: outcomes whose values borrow from the bytes they came in, or why there are
//! none. Must not know: route families, wishes, credentials of our own. The only place that
//! uses reqwest.
//!
//! ```text
//! run ──► client ──► gate (queue, cap) ──► circuit ──► transport (reqwest) ──► xmlrpc::read ──► faults
//!  │        ├─ xmlrpc::write
//!  │        ├─ jsonrpc  calls of methods by their names, where it is served
//!  │        └─ json2  whose key is this?
//!  ├─ pages        a listing of any length, page by page
//!  ├─ reads        lists and reads, whole: checks short pages
//!  ├─ salvage      what can be read when a field cannot
//!  ├─ behind       what stands behind relations, level by level
//! web              sessions of Odoo's web client, which alone prints reports
//! report           prints one record after the other, through a session or by the link of its portal page
//! database         one configured database: its client, its sessions and its knowledge
//!  └─ knowledge    versions, languages, users' settings, schemas, orders, labels; known: what one plan sees of it;
//!                  descriptions: fields_get, as far as it can be had; learned: fields that fail, pages that mislead
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

mod call_queue;
mod circuit;
mod client;
mod database;
mod detach;
mod error;
mod executor;
pub mod faults;
mod field_descriptions;
pub mod json2;
pub mod jsonrpc;
mod metadata_cache;
mod metadata_snapshot;
mod pages;
mod partial_read;
mod read_quirks;
mod reads;
mod related;
mod reply;
mod report;
mod settings;
mod transport;
mod user;
mod version;
mod web;
pub mod xmlrpc;

pub use client::{OdooClient, OdooTrouble};
pub use database::{Database, Databases};
pub use error::Failure;
pub use executor::{Outcome, Records, Source, Tally, ids_in, require_all, run};
pub use metadata_cache::{Knowledge, KnowledgeSettings};
pub use metadata_snapshot::Known;
pub use pages::{Page, Pages};
pub use related::{Behind, Level};
pub use reply::{Reply, Timing};
pub use report::Printing;
pub use settings::{MethodCalls, OdooSettings, SettingsError};
pub use transport::{ConnectError, Transport};
pub use user::{Caller, Uid};
pub use version::ServerVersion;
