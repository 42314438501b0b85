//! Planning: [`Intent`] + [`Scope`] + [`Metadata`] → [`Plan`]. Pure: no I/O, no clock, no async.
//!
//! ```text
//! intent          what the client asks for: parsed, not yet checked
//! metadata        what is known about the user's Odoo; error: what a plan lacks, or why it is rejected
//! model_schema    the fields of a model
//! planner         intent and metadata → plan
//! execution_plan  the Odoo calls of a plan; read_options, web_read_specification: how records are read
//! web_save        an update as one call that also reads
//! export_pager    a listing of any length as one call per page
//! context         the merged Odoo context: language, time zone, companies
//! context_check   which context keys a scope allows
//! domain          paths, operators and values of a domain, checked against schemas
//! filters         request parameters that name fields → a domain
//! column_tree     the columns of a read; fields, all_fields, selection: what they are made from
//! order           sort orders, checked and made total
//! values          the values of create and write, checked by field type
//! datetime        the date formats that clients send → Odoo's formats
//! method_policy   which methods may be called, and which of them only read
//! method_ids      which records a method call addresses
//! unchanged_call  a method call over RPC, which reaches Odoo as the client sent it
//! call, call_check one method call, and the scope check of its arguments
//! named_call       a call whose arguments are all named → positional arguments
//! report           which report, for which records, and the calls before it is printed
//! scope            what a credential may do, on top of the Odoo rights of its user
//! scope_check      the scope, checked at every model and field that a request touches
//! schema_check     which fields of a configured schema do not exist
//! model_access     what a scope allows of a model
//! ```
//!
//! In: an intent, a [`Scope`], and [`Metadata`] answered from memory. Out: a [`Plan`], or what to fetch first, or a
//! rejection. Must not know: which dialect the request came from, who calls, how Odoo is reached.

mod all_fields;
mod call;
mod call_check;
mod column_tree;
mod context;
mod context_check;
mod datetime;
mod domain;
mod error;
mod execution_plan;
mod export_pager;
mod fields;
mod filters;
mod intent;
mod metadata;
mod method_ids;
mod method_policy;
mod model_access;
pub mod model_schema;
mod named_call;
mod order;
mod planner;
mod read_options;
mod report;
#[cfg(test)]
mod samples;
mod schema_check;
mod scope;
mod scope_check;
#[cfg(test)]
mod scope_tests;
mod selection;
mod unchanged_call;
mod values;
mod web_read_specification;
mod web_save;

pub use call::{Call, Effect, OrmMethod};
pub use column_tree::{Column, Columns, NestedColumns};
pub use context::RequestedContext;
pub use error::{MissingMetadata, PlanError};
pub use execution_plan::{ExistenceCheck, ListPlan, PartialUpdate, Plan, ReadPlan, UpdatePlan};
pub use export_pager::{PageStep, Pager};
pub use filters::Filter;
pub use intent::{AccessOperation, Action, FieldSet, Intent, Many2oneDisplay, RecordSet, Returning, Window};
pub use metadata::{Metadata, UserDefaults};
pub use method_ids::ids_required;
pub use model_access::{ModelAccess, label_language, model_access};
pub use planner::{plan, plan_pages};
pub use report::{Report, ReportFormat, ReportPlan, find_report, plan_report, portal_link};
pub use schema_check::{UnresolvedField, unresolved_fields};
pub use scope::{FieldRule, ModelPattern, Narrowed, OAuthScope, OAuthScopeToken, Operation, Rule, Scope, ScopeError};
pub use unchanged_call::{UncheckedCall, plan_unchanged};
pub use values::{EmptyList, FormEntry, PropertiesMerge, Values};
pub use web_save::WebSave;
