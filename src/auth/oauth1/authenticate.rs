//! A signed request for something becomes an Odoo user (RFC 5849 section 3.2).
//!
//! In: a signed request. Out: a [`Principal`]. Must not know: HTTP. As with every token the rows are read at each request,
//! so that what was revoked is dead at once; what they open is remembered as long as they stay the same.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use super::consumer::{Consumer, pretend_to_verify};
use super::malformed::Malformed;
use super::provider::{OAuth1, Occasion, not_verified};
use super::request::Signed;
use crate::auth::key_set::Vault;
use crate::auth::oauth2::Application;
use crate::auth::principal::Principal;
use crate::auth::tokens::{Refusal, is_same};
use crate::error::Problem;
use crate::error_code::Code;
use crate::odoo::{Caller, Databases, Uid};
use crate::plan::Scope;
use crate::secret::{Token, TokenIndex, TokenKind};
use crate::store::StoredToken;

/// An application and a user's token, opened.
#[derive(Debug)]
pub(super) struct Signer {
    consumer: Consumer,
    row: Arc<StoredToken>,
    token_secret: SecretString,
    credential: SecretString,
    scope: Scope,
}

impl OAuth1 {
    /// The user behind a signed request. `named` is the database that the request names.
    ///
    /// # Errors
    /// 400 for what cannot be verified here at all, 401 when the signature or anything behind it is not good, 429 when too
    /// many were not, 503 without the store.
    pub async fn identify(
        &self,
        signed: &Signed,
        named: Option<&str>,
        databases: &Databases,
        occasion: Occasion,
    ) -> Result<Principal, Problem> {
        let Some(shown) = &signed.token else { return Err(Malformed::missing("oauth_token").into()) };
        self.admit(signed, occasion)?;
        let began = Instant::now();
        let verdict = self.judge(signed, shown, named, databases, occasion).await;
        self.tokens.tell_as(verdict, began, occasion.address, not_verified).await
    }

    async fn judge(
        &self,
        signed: &Signed,
        shown: &str,
        named: Option<&str>,
        databases: &Databases,
        occasion: Occasion,
    ) -> Result<Principal, Refusal> {
        let vault = self.tokens.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        // A request token is of another kind, and no access token (O1-30).
        let Some(token) = Token::parse(TokenKind::OAuth1Access, shown) else {
            pretend_to_verify(signed);
            return Err(Refusal::Wrong);
        };
        let index = token.index(&vault.index);
        let (signer, row) = self.signer(signed, &vault, &token, index).await?;
        signer.consumer.verify(signed, signer.token_secret.expose_secret(), &self.settings, occasion.address)?;
        let database = databases.pick(Some(&row.grant.database)).map_err(|_| Refusal::Wrong)?.clone();
        if let Some(named) = named
            && databases.pick(Some(named))?.name != database.name
        {
            // Who signed it knows which database its token is for.
            let detail = format!("This token is for the database {}, not for {named}.", database.name.as_str());
            return Err(Problem::new(Code::CredentialInvalid, detail).parameter("X-Odoo-Database").into());
        }
        self.note(&vault, signed, Some(index)).await?;
        let seat = self.tokens.seat(&row)?;
        let allowance = self.tokens.charge(&row)?;
        self.tokens.note_use(&row);
        let uid = Uid::new(row.grant.uid).ok_or(Refusal::Wrong)?;
        let caller = Caller { uid, secret: signer.credential.clone() };
        let (kind, scope) = (row.kind.into(), signer.scope.clone());
        let token = Some(signer.row.clone());
        Ok(Principal { database, caller, login: row.grant.login, kind, allowance, seat, scope, token })
    }

    /// Both rows as they are now, and what they open.
    async fn signer(
        &self,
        signed: &Signed,
        vault: &Vault,
        token: &Token,
        index: TokenIndex,
    ) -> Result<(Arc<Signer>, StoredToken), Refusal> {
        let now = self.tokens.clock.now();
        let rows = self.tokens.store.signers(signed.client_id(), index, now).await?;
        let alive = |kind| rows.iter().find(|row| row.kind == kind && row.is_alive(now)).cloned();
        let (application, row) = (alive(TokenKind::ClientSecret), alive(TokenKind::OAuth1Access));
        // The token was given to this very application (O1-30).
        let ours = application.zip(row).filter(|(application, row)| row.account.as_ref() == Some(&application.id));
        let Some((application, row)) = ours else {
            self.signers.invalidate(&index);
            pretend_to_verify(signed);
            return Err(Refusal::Wrong);
        };
        if let Some(known) = self.signers.get(&index)
            && is_same(&known.row, &row)
            && is_same(&known.consumer.application.row, &application)
            && known.consumer.application.row.application == application.application
        {
            return Ok((known, row));
        }
        let signer = Arc::new(self.open(vault, token, application, row.clone()).await?);
        self.signers.insert(index, signer.clone());
        Ok((signer, row))
    }

    async fn open(
        &self,
        vault: &Vault,
        token: &Token,
        application: StoredToken,
        row: StoredToken,
    ) -> Result<Signer, Refusal> {
        self.tokens.verify(&application).await?;
        let application = Application::of(application).ok_or(Refusal::Wrong)?;
        let consumer = self.consumer(application).await?;
        let key = self.tokens.data_key(vault, token, &row).await?;
        let token_secret = self.token_secret(&key, &row)?;
        let credential = key.open_credential(row.grant.facts(), &row.grant.credential).map_err(Problem::internal)?;
        // A scope that this gateway cannot read, a newer one's say, opens nothing.
        let scope = Scope::from_json(&row.scope).map_err(Problem::internal)?;
        Ok(Signer { consumer, row: Arc::new(row), token_secret, credential, scope })
    }
}
