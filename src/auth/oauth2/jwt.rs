//! Access tokens as JSON Web Tokens: written, read, their public keys.
//!
//! In: an access token's row and secret; a text. Out: a JWT; the secret inside of one. Must not know: HTTP.

use zeroize::Zeroizing;

use super::clients::Client;
use super::inspect::subject;
use crate::auth::tokens::{Refusal, Tokens};
use crate::error::Problem;
use crate::plan::Scope;
use crate::secret::{AccessClaims, PublicKey, Token};
use crate::store::StoredToken;

impl Tokens {
    /// Whom tokens are from and for: the gateway's own address.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.oauth.issuer
    }

    /// The public keys of those that sign, as they are now; none as long as nothing was signed.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Problem> {
        let vault = self.vaults.reread().await.map_err(Refusal::from).map_err(Refusal::into_problem)?;
        let access = vault.and_then(|vault| vault.access.clone());
        Ok(access.map_or_else(Vec::new, |keys| keys.public()))
    }

    /// An access token as JWT.
    pub(super) async fn jwt(
        &self,
        client: &Client,
        row: &StoredToken,
        token: &Token,
        scope: &Scope,
    ) -> Result<Zeroizing<String>, Refusal> {
        let claims = AccessClaims {
            iss: self.issuer().to_owned(),
            sub: subject(row),
            aud: self.issuer().to_owned(),
            client_id: client.application.client_id().to_owned(),
            scope: scope.words().to_string(),
            iat: row.created_at,
            exp: row.not_after.unwrap_or_default(),
            jti: token.expose().to_owned(),
        };
        let (_, keys) = self.vaults.for_access().await?;
        keys.sign(&claims).map_err(|cause| Problem::internal(cause).into())
    }

    /// The secret inside of a JWT that was signed here.
    pub(super) async fn token_in_jwt(&self, text: &str) -> Result<Token, Refusal> {
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let read = |keys: &crate::secret::AccessKeys| keys.verify(text, self.issuer(), self.clock.now());
        let read_with_known = vault.access.as_ref().and_then(read);
        let read = match read_with_known {
            Some(read) => Some(read),
            // The key may have been exchanged a moment ago.
            None => self.vaults.changed_since(&vault).await?.and_then(|vault| vault.access.as_ref().and_then(read)),
        };
        read.map(|(_, token)| token).ok_or(Refusal::Wrong)
    }
}
