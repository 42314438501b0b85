//! Sessions of Odoo's web client: what has no other way in but a login and a password.
//!
//! ```text
//! sessions  opened once for each user and secret, followed where Odoo renews them, opened anew where it ended them
//! login     the one question that takes a password; what its answer means
//! base_url  what a login by an administrator would change, and does not
//! page      what a page's status and body mean
//! ```
//!
//! Odoo counts failed logins here by address, and all of the gateway's callers have one: ten wrong tries lock out
//! everybody for a minute (security F2). So nobody logs in whose secret XML-RPC has not taken a moment ago; a secret
//! that looks like an API key, which opens no session, is never tried; and a refusal is remembered.
//!
//! In: a caller and a login. Out: pages. Must not know: what they are for.

mod base_url;
mod login;
pub(super) mod page;
mod sessions;

pub(super) use sessions::{Visitor, Web, needs_password};
