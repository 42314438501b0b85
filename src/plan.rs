//! Planning: [`Intent`] + [`Scope`] + [`Metadata`] → [`Plan`]. Pure: no I/O, no clock, no async.
//!
//! ```text
//! intent          what the client asks for: parsed, not yet checked
//! metadata        what is known about the user's Odoo; error: what a plan lacks, or why it is rejected
//! version_number  the version of Odoo, comparable
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
//! method_parameters  the parameters of the methods that every model has
//! unchanged_call  a method call over RPC, which reaches Odoo as the client sent it
//! call, call_check one method call, and the scope check of its arguments
//! named_call       a call whose arguments are all named → positional arguments
//! formatted_groups, form_onchange  methods of newer versions on older ones, and their results
//! replaced_call    methods of older versions on newer ones; read_group: the groups of the old method
//! access_check     the call that asks for an access right
//! report           which report, for which records, and the calls before it is printed
//! scope            what a credential may do, on top of the Odoo rights of its user
//! scope_check      the scope, checked at every model and field that a request touches
//! schema_check     which fields of a configured schema do not exist; renamed_fields: those with another name
//! model_access     what a scope allows of a model
//! ```
//!
//! In: an intent, a [`Scope`], and [`Metadata`] answered from memory. Out: a [`Plan`], or what to fetch first, or a
//! rejection. Must not know: which dialect the request came from, who calls, how Odoo is reached.

mod access_check;
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
mod form_onchange;
mod formatted_groups;
mod intent;
mod metadata;
mod method_ids;
mod method_parameters;
mod method_policy;
mod model_access;
pub mod model_schema;
mod named_call;
mod order;
mod planner;
mod read_group;
mod read_options;
mod renamed_fields;
mod replaced_call;
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
mod version_number;
mod web_read_specification;
mod web_save;

pub use access_check::access_check;
pub use call::{Call, Effect, OrmMethod};
pub use call_check::may_call;
pub use column_tree::{Column, Columns, NestedColumns};
pub use context::RequestedContext;
pub use error::{MissingMetadata, PlanError};
pub use execution_plan::{ExistenceCheck, ListPlan, PartialUpdate, Plan, ReadPlan, TogglePlan, UpdatePlan};
pub use export_pager::{PageStep, Pager};
pub use filters::Filter;
pub use form_onchange::FormFields;
pub use formatted_groups::FormattedGroups;
pub use intent::{AccessOperation, Action, FieldSet, Intent, Many2oneDisplay, RecordSet, Returning, Window};
pub use metadata::{Metadata, UserDefaults};
pub use method_ids::ids_required;
pub use method_parameters::{MethodParameters, ParameterDefault, documented_methods, parameters_of};
pub use model_access::{ModelAccess, label_language, model_access};
pub use planner::{plan, plan_pages};
pub use read_group::{GroupPlan, GroupRows};
pub use report::{
    EngineFailure, Report, ReportFormat, ReportPlan, engine_failure, find_report, plan_report, portal_link,
};
pub use schema_check::{UnresolvedField, unresolved_fields};
pub use scope::{FieldRule, ModelPattern, Narrowed, OAuthScope, OAuthScopeToken, Operation, Rule, Scope, ScopeError};
pub use unchanged_call::{UncheckedCall, plan_unchanged};
pub use values::{EmptyList, FormEntry, PropertiesMerge, Values};
pub use version_number::VersionNumber;
pub use web_save::WebSave;
