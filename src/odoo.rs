//! The client of Odoo: executes plans with pooled RPC calls, classifies faults, and respects Odoo's limits.
//!
//! In: a plan and an Odoo user. Out: an [`Outcome`] that owns Odoo's responses, or a
//! [`Problem`](crate::error::Problem). Must not know: dialects, intents, the gateway's own credentials. The only module
//! that uses reqwest.
//!
//! ```text
//! executor ──► user_client ──► client ──► call_queue ──► circuit ──► transport ──► xmlrpc, jsonrpc, json2 ──► faults
//!  │                            ├─ client/upstream_protocol   whether calls use XML-RPC or JSON-2 (client/json2_call)
//!  │                            ├─ client/call_method   method calls, over JSON-RPC if Odoo serves it
//!  │                            ├─ client/authentication   logins, and the owner of an API key (api_key_owner)
//!  │                            ├─ client/shared_read   reads that share the reply of an equal one (single_flight)
//!  │                            ├─ client/probe         tests the connection, for readiness and `check`
//!  │                            └─ client/parallel_calls, client/proxy_mode   what `check` finds out about the setup
//!  ├─ nested_read    lists and reads, with their related records; verifies short pages
//!  │   ├─ read_by_ids          records by their ids
//!  │   ├─ partial_read         omits the values that cannot be read
//!  │   ├─ related              related records, level by level
//!  │   └─ read_failure_cache   stores which fields fail, which models return misleading pages or need separate writes
//!  ├─ one_call_write   updates records and reads them in one call
//!  ├─ replaced_methods   methods that Odoo removed, made of those that replace them
//!  └─ export_pages   listings of any length, page by page
//! database          one configured database: its client, web sessions, and metadata
//!  ├─ group_membership   whether a user is a member of a group
//!  ├─ model_search       finds models by name or label
//!  ├─ public_methods     the methods of one model (client/model_document)
//!  └─ metadata_cache     version, languages, users' settings, schemas (fetch_schema), orders, labels,
//!      │                 descriptions (model_description)
//!      └─ planning_metadata   the metadata for one plan
//! web               sessions of Odoo's web client, which are needed to print reports and to create API keys
//! user_api_keys     API keys of a user in Odoo: when they end (ending_api_keys), created, revoked (client/secret_call)
//! system_parameter  reads and writes of `ir.config_parameter`
//! report            prints reports, in a web session or from a record's portal page
//! transport         HTTP to Odoo: a client for plain HTTP, and reqwest for TLS and for the web client
//!  └─ request_target     the URLs of Odoo's services, prepared for requests
//! returned_records, plan_outcome, reply   the results of a plan; rpc_codec: what the codecs share
//! ```
//!
//! ## Why `/xmlrpc/object` and not `/xmlrpc/2/object`
//!
//! Both URLs exist in Odoo 14-20 and differ only in the form of their faults. `/xmlrpc/2` has four integer codes; a
//! missing record, rejected values, and an unknown model all have code 2. `/xmlrpc` puts the class of the exception
//! into the code, independent of the language, and sends the message of an unexpected exception separately from its
//! traceback. So nothing has to be guessed from prose. Its codes are strings, which XML-RPC libraries reject; our
//! parser accepts them. [`faults`] understands both forms.
//!
//! The `common` service (`version`, `authenticate`) has only simple results and is called at `/xmlrpc/2/common`.

pub mod api_key_owner;
mod call_queue;
mod circuit;
mod client;
mod database;
mod detach;
mod ending_api_keys;
mod error;
mod executor;
mod export_pages;
pub mod faults;
mod fetch_schema;
mod group_membership;
mod json2;
pub mod jsonrpc;
mod metadata_cache;
mod model_description;
mod model_search;
mod nested_read;
mod one_call_write;
mod partial_read;
mod plan_outcome;
mod planning_metadata;
mod public_methods;
mod read_by_ids;
mod read_failure_cache;
mod related;
mod replaced_methods;
mod reply;
mod report;
mod request_target;
mod returned_records;
pub mod rpc_codec;
mod settings;
mod single_flight;
mod system_parameter;
mod transport;
mod user;
mod user_api_keys;
mod user_client;
mod version;
mod web;
pub mod xmlrpc;

pub use client::{CallProtocol, OdooClient, ParallelCalls, ProbeError, ProxyMode};
pub use database::{Database, Databases};
pub use ending_api_keys::EndingApiKey;
pub use error::OdooError;
pub use executor::{execute_plan, execute_unchanged_call};
pub use export_pages::{Page, Pages};
pub use metadata_cache::{MetadataCache, MetadataCacheSettings};
pub use model_description::{FieldDescription, ModelDescription, ModelRights, WriteRight};
pub use model_search::FoundModel;
pub use plan_outcome::Outcome;
pub use planning_metadata::MetadataSnapshot;
pub use public_methods::PublicMethods;
pub use reply::{Reply, Timing};
pub use report::ReportPrinter;
pub use returned_records::{RecordSource, Records, RelatedLevel, RelatedRecords, record_ids, require_all};
pub use settings::{MethodCalls, OdooSettings, SettingsError, UpstreamProtocol};
pub use system_parameter::SystemParameter;
pub use transport::{CertificateCheck, ConnectError, TlsError, Transport};
pub use user::{OdooUser, Uid, is_api_key};
pub use user_api_keys::{ApiKeyOwner, CreatedApiKey};
pub use user_client::CallCounter;
pub use version::ServerVersion;
