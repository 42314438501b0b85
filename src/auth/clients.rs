//! Registered applications, and what both OAuth protocols share.
//!
//! ```text
//! application       the settings of an application: redirect URIs, scope
//! signature_method  the signature methods of OAuth 1.0a, which an application is registered for
//! consumer_secret   the secret that an application signs with
//! approval          a resource owner's approval, and the code or token that is issued for it
//! origins           the origins whose scripts may read responses to an application
//! registry          finds and verifies applications, issues what was approved
//! ```
//!
//! An application is one row in `tokens`, found by its client secret, with the same columns as an API key: a name, an
//! expiry, networks, a rate limit and a scope. If it is bound to a user, the user's Odoo credential is encrypted so
//! that only the client secret decrypts it. Each code or token of the application is a row of its own, whose `account`
//! is the application. It contains the data key of the resource owner's credential (the grant), encrypted with the
//! code or token (the wrap). Disabling an application disables all its codes and tokens. Without an active token, no
//! credential can be decrypted.
//!
//! In: client ids, secrets, users. Out: applications, rows of codes and tokens. Must not know: either protocol, HTTP.

pub(super) mod application;
pub(super) mod approval;
pub(super) mod consumer_secret;
pub(super) mod origins;
pub(super) mod registry;
pub(super) mod signature_method;
