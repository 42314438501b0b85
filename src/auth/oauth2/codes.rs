//! Authorization codes (RFC 6749 section 4.1, RFC 7636), and what users have agreed to.
//!
//! In: an application, the user who approved, what was asked. Out: a code, this once. Must not know: pages, redirections.

use crate::auth::clients::application::Application;
use crate::auth::clients::approval::{Approver, Given};
use crate::auth::tokens::{Refusal, Tokens};
use crate::error::Problem;
use crate::plan::Scope;
use crate::secret::{Token, TokenKind};
use crate::store::{Act, Consent};

/// What was asked and approved.
#[derive(Debug, Clone)]
pub struct CodeWish {
    /// As it was sent with the request; `None` when none was. The exchange has to repeat it.
    pub redirect_uri: Option<String>,
    /// [Narrowed](Application::narrowed) by what was asked.
    pub scope: Scope,
    /// PKCE's, S256.
    pub challenge: Option<String>,
}

impl Tokens {
    /// Makes an authorization code.
    ///
    /// # Errors
    /// As [`give`](Self::give).
    pub async fn issue_code(
        &self,
        application: &Application,
        approver: &Approver,
        wish: CodeWish,
    ) -> Result<Token, Problem> {
        let now = self.clock.now();
        let wanted = Given {
            kind: TokenKind::OAuthCode,
            family: None,
            redirect_uri: wish.redirect_uri,
            challenge: wish.challenge,
            secret: None,
            scope: wish.scope.to_json(),
            not_after: Some((now + self.oauth.code_ttl).unix_timestamp()),
            idle_seconds: None,
        };
        let (row, token) = self.give(application, approver, wanted).await?;
        let detail = format!("to {} for {}", application.client_id(), row.grant.database);
        let act = Act::new(now, approver.login(), "oauth2.approve", &row.id, detail);
        let kept = self.store.add_token_of_grant(&row, &act).await;
        kept.map_err(Refusal::from).map_err(Refusal::into_problem)?;
        Ok(token)
    }

    /// Whether a user has agreed to the same before: the same application, redirection and words.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn has_agreed(
        &self,
        application: &Application,
        approver: &Approver,
        wish: &CodeWish,
    ) -> Result<bool, Problem> {
        let found = self.store.has_consent(&consent(application, approver, wish)).await;
        found.map_err(Refusal::from).map_err(Refusal::into_problem)
    }

    /// Remembers that a user has agreed.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn remember_agreement(
        &self,
        application: &Application,
        approver: &Approver,
        wish: &CodeWish,
    ) -> Result<(), Problem> {
        let consent = consent(application, approver, wish);
        let detail = format!("{} to {}", consent.scope, application.client_id());
        let act = Act::new(self.clock.now(), approver.login(), "consent.give", &application.row.id, detail);
        self.store.keep_consent(&consent, &act).await.map_err(Refusal::from).map_err(Refusal::into_problem)
    }
}

fn consent(application: &Application, approver: &Approver, wish: &CodeWish) -> Consent {
    Consent {
        application: application.row.id.clone(),
        uid: approver.uid(),
        redirect_uri: wish.redirect_uri.clone().unwrap_or_default(),
        scope: wish.scope.words().to_string(),
    }
}
