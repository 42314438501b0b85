//! Sessions of Odoo's web client, which are opened with a login and a password.
//!
//! ```text
//! sessions           opened once per user and secret, updated if Odoo renews them, opened again if Odoo ended them
//! login              the only request with a password, and the meaning of its response
//! preserve_base_url  preserves `web.base.url`, which an administrator's login would change
//! report_response    the meaning of a page's status and body
//! model_call         calls of model methods in a session
//! api_keys           API keys, which the web client creates for users who enter their password
//! ```
//!
//! Odoo counts failed logins per address, and all users of the gateway share its address: ten failed logins lock out
//! all of them for a minute (docs/security.md, F2). So the gateway logs in only with a secret that XML-RPC has just
//! accepted; it never tries a secret that looks like an API key, which opens no session; and it remembers a
//! rejection.
//!
//! In: a user and a login. Out: pages. Must not know: what the pages are used for.

mod api_keys;
mod login;
mod model_call;
mod preserve_base_url;
pub(super) mod report_response;
mod sessions;

pub(super) use api_keys::WebApiKey;
pub(super) use sessions::{SessionOwner, WebSessions, needs_password};
