//! HTTP as clients see it: routes, middleware, dialects.
//!
//! ```text
//! router            every route, and what the routes need from the middleware
//! dialects          the REST dialects restapi, api, restful and api_v1; Odoo's JSON-2, XML-RPC and JSON-RPC
//! oauth             OAuth 2 endpoints; the authorization pages of OAuth 1.0a and OAuth 2
//! demo_application  GET /start: demo applications
//! console           /console: the pages on which people manage what acts for them
//! docs              pages for people who write clients: Swagger UI, reference, guides
//! openapi           the OpenAPI document, the list of errors
//! login_failure     how a failed login is answered, on every login page
//! pages             HTML pages for users
//! pipeline          authenticate, parse, plan, execute, render: the stages of a request, one after the other
//! export            record lists of any length as CSV and NDJSON
//! idempotency       requests with an Idempotency-Key are executed once
//! authenticate      from the credential to the principal
//! middleware        what applies to every request, outermost first
//! request           a request: facts, head, body, parameters
//! response          content negotiation, shared headers, problems as responses
//! state             what all handlers share
//! body_budget       limits the memory and the CPU time for large request bodies
//! browser_headers   cookies and the origin of forms
//! public_url        the public URL, the base path and the issuer of this gateway
//! ```
//!
//! Each module may use those below it, and none above it.
//!
//! In: requests from [`serve`](crate::serve). Out: responses. Must not know: how Odoo is called. A dialect is an
//! adapter and nothing more: request to intent, outcome to bytes.

mod authenticate;
mod body_budget;
mod browser_headers;
mod console;
mod demo_application;
mod dialects;
mod docs;
mod export;
mod idempotency;
mod login_failure;
pub mod middleware;
mod oauth;
pub mod openapi;
mod pages;
mod pipeline;
mod public_url;
mod request;
mod response;
mod router;
mod state;

pub use body_budget::BodyBudget;
pub use console::{ConsoleSettings, DisplayedConfiguration};
pub use demo_application::{Demo, DemoApplication};
pub use dialects::OfferedDialects;
pub use dialects::restful::{ModelSchemas, RestfulModels};
pub use docs::DocsSettings;
pub use public_url::SiteConfig;
pub use request::body::BodyLimits;
pub use request::credential::parse_credential;
pub use router::{RouteConfig, openapi, route_policy, router, typed_openapi};
pub use state::{AppParts, AppState};
