//! Access tokens as JSON Web Tokens: written, read, their public keys.
//!
//! In: an access token's row and secret; a text. Out: a JWT; the secret inside of one. Must not know: HTTP. Gateways that
//! share a store learn of a new key when they meet a token of it, and sign with it after [`KEYS_ARE_KNOWN`] at the latest.

use std::sync::{Arc, PoisonError};

use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::clients::Client;
use super::inspect::subject;
use crate::auth::tokens::{Refusal, Tokens};
use crate::error::Problem;
use crate::plan::Scope;
use crate::secret::{AccessClaims, AccessKey, Token, kid_of};
use crate::store::StoredToken;
use crate::store::access_keys::{ACCESS, ACCESS_BEFORE};

/// How long keys are not read anew unless another one is met.
const KEYS_ARE_KNOWN: Duration = Duration::seconds(30);

/// The keys that sign, the newest first.
#[derive(Debug, Clone)]
pub(in crate::auth) struct AccessKeys {
    keys: Vec<AccessKey>,
    read_at: OffsetDateTime,
}

/// A public key, as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What tells keys apart.
    pub kid: String,
    /// The public part of Ed25519 in base64url.
    pub x: String,
}

impl Tokens {
    /// Whom tokens are from and for: the gateway's own address.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.oauth.issuer
    }

    /// The public keys of those that sign; none as long as nothing was signed.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Problem> {
        let keys = self.access_keys(|keys| !keys.is_empty()).await.map_err(Refusal::into_problem)?;
        let public = |key: &AccessKey| PublicKey { kid: key.id().to_owned(), x: key.public_x() };
        Ok(keys.keys.iter().map(public).collect())
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
        let mut keys = self.access_keys(|keys| !keys.is_empty()).await?;
        if keys.keys.is_empty() {
            keys = self.first_key().await?;
        }
        let newest = keys.keys.first().ok_or(Refusal::Wrong)?;
        newest.sign(&claims).map_err(|cause| Problem::internal(cause).into())
    }

    /// The secret inside of a JWT that was signed here, with what it says.
    pub(in crate::auth) async fn read_jwt(&self, text: &str) -> Result<(AccessClaims, Token), Refusal> {
        let kid = kid_of(text).ok_or(Refusal::Wrong)?;
        let keys = self.access_keys(|keys| keys.iter().any(|key| key.id() == kid)).await?;
        let key = keys.keys.iter().find(|key| key.id() == kid).ok_or(Refusal::Wrong)?;
        key.verify(text, self.issuer(), self.clock.now()).ok_or(Refusal::Wrong)
    }

    pub(super) async fn token_in_jwt(&self, text: &str) -> Result<Token, Refusal> {
        self.read_jwt(text).await.map(|(_, token)| token)
    }

    /// The keys as they are known, when they are `enough` and not too old; else as they are kept now.
    async fn access_keys(&self, enough: impl Fn(&[AccessKey]) -> bool) -> Result<Arc<AccessKeys>, Refusal> {
        let known = self.access_keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = |keys: &AccessKeys| self.clock.now() < keys.read_at + KEYS_ARE_KNOWN;
        match known.filter(|known| enough(&known.keys) && fresh(known)) {
            Some(known) => Ok(known),
            None => self.read_access_keys().await,
        }
    }

    async fn read_access_keys(&self) -> Result<Arc<AccessKeys>, Refusal> {
        let mut keys = Vec::new();
        for purpose in [ACCESS, ACCESS_BEFORE] {
            let Some(sealed) = self.store.sealed_key(purpose).await? else { continue };
            let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
            let opened = match AccessKey::open(&vault.keyring, &sealed) {
                Ok(key) => Ok(key),
                // The master key may have been exchanged a moment ago.
                Err(_) => {
                    let vault = self.vaults.reread().await?.ok_or(Refusal::Wrong)?;
                    AccessKey::open(&vault.keyring, &sealed)
                }
            };
            keys.push(opened.map_err(|cause| Refusal::Other(Problem::internal(cause)))?);
        }
        let keys = Arc::new(AccessKeys { keys, read_at: self.clock.now() });
        *self.access_keys.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
        Ok(keys)
    }

    /// Made by whoever comes first.
    async fn first_key(&self) -> Result<Arc<AccessKeys>, Refusal> {
        let vault = self.vaults.for_sealing().await?;
        let (_, sealed) = AccessKey::generate(&vault.keyring).map_err(Problem::internal)?;
        self.store.keep_sealed_key(ACCESS, &sealed, self.clock.now()).await?;
        self.read_access_keys().await
    }
}
