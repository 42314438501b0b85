//! Registered applications, and what both OAuth protocols share.
//!
//! ```text
//! application       the settings of an application: redirect URIs, scope
//! signature_method  the signature methods of OAuth 1.0a, which an application is registered for
//! consumer_secret   the secret that an application signs with
//! approval          a resource owner's approval, and the code or token that is issued for it
//! registry          finds and verifies applications, issues what was approved
//! ```
//!
//! An application is stored as the token that its client secret is: a row like that of an API key, with a name, an
//! expiry, networks, a rate and a scope. The credential of the user it is bound to is sealed under the secret. Each
//! code or token of the application is a token of its own, whose account is the application, with a wrap of the
//! resource owner's data key. So an application that is disabled disables all of them, and no credential can be
//! opened without an active token.
//!
//! In: client ids, secrets, users. Out: applications, rows of codes and tokens. Must not know: either protocol, HTTP.

pub(super) mod application;
pub(super) mod approval;
pub(super) mod consumer_secret;
pub(super) mod registry;
pub(super) mod signature_method;
