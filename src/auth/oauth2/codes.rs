//! Authorization codes (RFC 6749 section 4.1, RFC 7636), and the consents of users.
//!
//! In: an application, the user who approved, the request. Out: a code, to be sent once. Must not know: pages,
//! redirects.

use super::server::OAuth2Server;
use crate::auth::clients::application::Application;
use crate::auth::clients::approval::{Approval, ResourceOwner};
use crate::auth::error::AuthError;
use crate::error::Problem;
use crate::plan::Scope;
use crate::secret::{Token, TokenKind};
use crate::store::{AuditEvent, Consent};

/// An authorization request that was approved.
#[derive(Debug, Clone)]
pub struct CodeRequest {
    /// The redirect URI as sent with the request; `None` if none was sent. The exchange must repeat it.
    pub redirect_uri: Option<String>,
    /// The scope of the application, [narrowed](Application::narrow_scope) to the request.
    pub scope: Scope,
    /// The PKCE challenge (S256).
    pub challenge: Option<String>,
}

impl OAuth2Server {
    /// Issues an authorization code.
    ///
    /// # Errors
    /// `unauthorized_client` for a user of another database, 503 without the store.
    pub async fn issue_code(
        &self,
        application: &Application,
        owner: &ResourceOwner,
        request: CodeRequest,
    ) -> Result<Token, Problem> {
        self.try_issue_code(application, owner, request).await.map_err(AuthError::into_problem)
    }

    async fn try_issue_code(
        &self,
        application: &Application,
        owner: &ResourceOwner,
        request: CodeRequest,
    ) -> Result<Token, AuthError> {
        let now = self.credentials.clock.now();
        let approval = Approval {
            kind: TokenKind::OAuthCode,
            approval_id: None,
            redirect_uri: request.redirect_uri,
            challenge: request.challenge,
            secret: None,
            scope: request.scope.to_json(),
            not_after: Some((now + self.settings.code_ttl).unix_timestamp()),
            idle_seconds: None,
        };
        let (row, token) = self.applications.new_token(application, owner, approval).await?;
        let detail = format!("to {} for {}", application.client_id(), row.grant.database);
        let event = AuditEvent::new(now, owner.login(), "oauth2.approve", &row.id, detail);
        self.credentials.store.add_token_for_grant(&row, &event).await?;
        Ok(token)
    }

    /// Whether the user has consented to the same application, redirect URI and scope before.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn has_consent(
        &self,
        application: &Application,
        owner: &ResourceOwner,
        request: &CodeRequest,
    ) -> Result<bool, Problem> {
        let found = self.credentials.store.has_consent(&consent(application, owner, request)).await;
        found.map_err(AuthError::from).map_err(AuthError::into_problem)
    }

    /// Stores that the user has consented.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn store_consent(
        &self,
        application: &Application,
        owner: &ResourceOwner,
        request: &CodeRequest,
    ) -> Result<(), Problem> {
        let consent = consent(application, owner, request);
        let detail = format!("{} to {}", consent.scope, application.client_id());
        let now = self.credentials.clock.now();
        let event = AuditEvent::new(now, owner.login(), "consent.give", &application.row.id, detail);
        let stored = self.credentials.store.insert_consent(&consent, &event).await;
        stored.map_err(AuthError::from).map_err(AuthError::into_problem)
    }
}

fn consent(application: &Application, owner: &ResourceOwner, request: &CodeRequest) -> Consent {
    Consent {
        application: application.row.id.clone(),
        uid: owner.uid(),
        redirect_uri: request.redirect_uri.clone().unwrap_or_default(),
        scope: request.scope.oauth_scope().to_string(),
    }
}
