//! From a wish to Odoo calls: [`Wish`] + [`Scope`] + [`Known`] → [`Plan`]. Pure: no I/O, no clock, no async.
//!
//! ```text
//! wish      what the caller wishes, parsed but perhaps nonsense
//! known     what is at hand of the caller's Odoo; what a plan lacks
//! schema    a model's fields
//! pages     a listing of any length as calls, one a page
//! planner   a wish and what is known → steps
//! steps     the calls that grant a wish, and how they hang together
//! context   language, time zone, companies: who wins, what is checked
//! domain    paths, operators and dates of a domain, checked against schemas
//! fields    names of fields and orders, checked
//! filters   parameters that are fields → a domain
//! selection fields with what stands behind relations, checked level by level
//! unmet     what a configured schema wishes in vain
//! nesting   the same as one call of a server that can nest
//! values    the values of create and write, checked by type; verbs on relations, forms, properties
//! datetime  clients' dates → Odoo's
//! method    which methods may be called, and which only read; method_ids: which records they are called on
//! report    which report, of which records, and what is asked before it is printed
//! guard     asks the scope at every step: models, fields, commands, arguments of methods, context
//! scope     what a credential may do, on top of what Odoo lets its user do
//! call      one call of a method
//! ```
//!
//! In: a wish, a [`Scope`], and what is [`Known`], answered from memory. Out: a [`Plan`], or what to fetch first, or a
//! refusal. Must not know: which family asked, who calls, how Odoo is reached.

mod call;
mod context;
mod datetime;
mod domain;
mod fields;
mod filters;
mod intent;
mod metadata;
mod method;
mod method_ids;
mod nested_read;
mod pages;
mod planner;
mod query_plan;
mod report;
pub mod schema;
mod schema_check;
mod scope;
mod scope_check;
mod selection;
mod values;

pub use call::{Call, Effect, OrmMethod};
pub use context::ContextAsked;
pub use fields::{Column, Columns, Within};
pub use filters::Filter;
pub use intent::{AccessOperation, Back, Deed, Fields, Links, Slice, Target, Wish};
pub use metadata::{Known, Lack, PlanError, UserDefaults};
pub use method_ids::no_records;
pub use pages::{Pager, Step};
pub use planner::{plan, plan_pages};
pub use query_plan::{List, Merging, Plan, Prove, Read, Update};
pub use report::{Report, ReportForm, ReportPlan, find_report, plan_report, portal_link};
pub use schema_check::{Unmet, unmet};
pub use scope::{FieldRule, ModelPattern, Narrowed, Operation, Rule, Scope, ScopeError, ScopeWord, ScopeWords};
pub use values::{EmptyList, Entry, Merge, Values};
