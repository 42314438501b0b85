//! From a wish to Odoo calls: [`Wish`] + [`Scope`] + [`Known`] → [`Plan`]. Pure: no I/O, no clock, no async.
//!
//! ```text
//! wish      what the caller wishes, parsed but perhaps nonsense
//! known     what is at hand of the caller's Odoo; what a plan lacks
//! schema    a model's fields
//! planner   a wish and what is known → steps
//! steps     the calls that grant a wish, and how they hang together
//! context   language, time zone, companies: who wins, what is checked
//! domain    paths, operators and dates of a domain, checked against schemas
//! fields    names of fields and orders, checked
//! values    the values of create and write, checked by type
//! datetime  clients' dates → Odoo's
//! method    which methods may be called, and which only read
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
mod guard;
mod known;
mod method;
mod planner;
mod report;
pub mod schema;
mod scope;
mod steps;
mod values;
mod wish;

pub use call::{Call, Effect, OrmMethod};
pub use context::ContextAsked;
pub use fields::{Column, Columns};
pub use known::{Known, Lack, PlanError, UserDefaults};
pub use planner::plan;
pub use report::{Report, ReportForm, ReportPlan, find_report, plan_report, portal_link};
pub use scope::{FieldRule, ModelPattern, Operation, Rule, Scope, ScopeError};
pub use steps::{List, Plan, Read};
pub use wish::{AccessOperation, Deed, Fields, Slice, Target, Wish};
