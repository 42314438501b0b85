//! The user who approves an application, and the code or token that is issued for the approval.
//!
//! In: users, terms. Out: [`ResourceOwner`], [`Approval`]. Must not know: how the user approved.

use secrecy::SecretString;

use super::application::Application;
use crate::secret::{DataKey, TokenKind};
use crate::store::Grant;

/// The user who lets applications act for them (RFC 6749 section 1.1).
#[derive(Debug, Clone)]
pub struct ResourceOwner {
    /// The user, with their sealed credential.
    pub(in crate::auth) grant: Grant,
    /// The key that opens it. `None`: the application's secret will, when it is sent.
    pub(in crate::auth) key: Option<DataKey>,
}

impl ResourceOwner {
    /// A placeholder until a user approves: the grant of the application itself, without a key.
    pub(in crate::auth) fn undecided(application: &Application) -> Self {
        Self { grant: application.row.grant.clone(), key: None }
    }

    /// The user's id in Odoo.
    #[must_use]
    pub fn uid(&self) -> i64 {
        self.grant.uid
    }

    /// The user's login.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.grant.login
    }
}

/// The terms of a code or token that is issued for an approval.
#[derive(Debug)]
pub(in crate::auth) struct Approval {
    /// The kind of code or token.
    pub(in crate::auth) kind: TokenKind,
    /// The id that all tokens of one approval share, so that they are revoked together; `None`: this is the first.
    pub(in crate::auth) approval_id: Option<String>,
    /// The redirect URI or callback, as sent.
    pub(in crate::auth) redirect_uri: Option<String>,
    /// The PKCE challenge.
    pub(in crate::auth) challenge: Option<String>,
    /// The token secret (OAuth 1.0a).
    pub(in crate::auth) secret: Option<SecretString>,
    /// The scope, as JSON.
    pub(in crate::auth) scope: String,
    /// The Unix time at which it expires.
    pub(in crate::auth) not_after: Option<i64>,
    /// It expires after so many seconds without use.
    pub(in crate::auth) idle_seconds: Option<i64>,
}
