//! A code or token for an application.
//!
//! In: an application, the user who approved, what it is to be. Out: the row to keep and the token to show once. Must not
//! know: requests, whether a user was asked.

use secrecy::SecretString;

use super::application::Application;
use crate::auth::key_set::Vault;
use crate::auth::new_token::{User, blank};
use crate::auth::tokens::{Refusal, Tokens};
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::DatabaseName;
use crate::secret::{DataKey, Token, TokenKind};
use crate::store::{Grant, OAuthTerms, StoredToken, random_id};

/// A user who lets applications act for him.
#[derive(Debug, Clone)]
pub struct Approver {
    /// He, and his sealed credential.
    pub(in crate::auth) grant: Grant,
    /// What opens it. `None`: the application's secret will, when it is shown.
    pub(in crate::auth) key: Option<DataKey>,
}

/// What a code or token is to be.
#[derive(Debug)]
pub struct Given {
    /// What for.
    pub kind: TokenKind,
    /// What it ends with; `None`: it is the first of its family.
    pub family: Option<String>,
    /// Where the answer goes, as it was sent.
    pub redirect_uri: Option<String>,
    /// What a proof has to fit.
    pub challenge: Option<String>,
    /// The secret that goes with it (OAuth 1).
    pub secret: Option<SecretString>,
    /// What it may, as JSON.
    pub scope: String,
    /// Unix time of its end.
    pub not_after: Option<i64>,
    /// It ends when it is not used for so many seconds.
    pub idle_seconds: Option<i64>,
}

impl Approver {
    /// Nobody yet: an application asks, and its own grant stands in for a user's.
    pub(in crate::auth) fn nobody(application: &Application) -> Self {
        Self { grant: application.row.grant.clone(), key: None }
    }

    /// The user at Odoo.
    #[must_use]
    pub fn uid(&self) -> i64 {
        self.grant.uid
    }

    /// His login.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.grant.login
    }
}

impl Tokens {
    /// Makes a code or token, not yet kept.
    ///
    /// # Errors
    /// `unauthorized_client` for a user of another database, 503 when nothing can be sealed.
    pub async fn give(
        &self,
        application: &Application,
        approver: &Approver,
        wanted: Given,
    ) -> Result<(StoredToken, Token), Problem> {
        self.try_give(application, approver, wanted).await.map_err(Refusal::into_problem)
    }

    pub(in crate::auth) async fn try_give(
        &self,
        application: &Application,
        approver: &Approver,
        wanted: Given,
    ) -> Result<(StoredToken, Token), Refusal> {
        if approver.grant.database != application.row.grant.database {
            let detail = format!("This application is for users of {}.", application.row.grant.database);
            return Err(Problem::new(Code::UnauthorizedClient, detail).into());
        }
        let vault = self.vaults.for_sealing().await?;
        let token = Token::generate(wanted.kind).map_err(Problem::internal)?;
        let key = approver.key.clone().map_or_else(DataKey::generate, Ok).map_err(Problem::internal)?;
        let secret = wanted.secret.clone();
        let mut row = self.unsealed(application, approver, (&vault, &token), wanted)?;
        if let (Some(terms), Some(secret)) = (&mut row.oauth, secret) {
            terms.secret = Some(key.seal_secret(&row.id, &secret).map_err(Problem::internal)?);
        }
        let wrap = key.wrap(&vault.keyring, &token, row.facts(&row.terms()), row.grant.facts());
        row.wrap = wrap.map_err(Problem::internal)?;
        Ok((row, token))
    }

    fn unsealed(
        &self,
        application: &Application,
        approver: &Approver,
        (vault, token): (&Vault, &Token),
        wanted: Given,
    ) -> Result<StoredToken, Refusal> {
        let grant = approver.grant.clone();
        let database = DatabaseName::parse(&grant.database).map_err(Problem::internal)?;
        let user = User { database, uid: grant.uid, login: grant.login.clone() };
        let blank = blank(vault, token, user, wanted.scope, self.clock.now().unix_timestamp())?;
        let oauth = OAuthTerms {
            family: wanted.family.map_or_else(random_id, Ok)?,
            redirect_uri: wanted.redirect_uri,
            challenge: wanted.challenge,
            headless: approver.key.is_none(),
            secret: None,
        };
        Ok(StoredToken {
            account: Some(application.row.id.clone()),
            not_after: wanted.not_after,
            idle_seconds: wanted.idle_seconds,
            key: application.row.key.clone(),
            application: application.row.application.clone(),
            oauth: Some(oauth),
            grant,
            ..blank
        })
    }
}
