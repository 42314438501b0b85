//! Access tokens as JSON Web Tokens (RFC 9068): signing, parsing, public keys.
//!
//! In: the row and secret of an access token; a text. Out: a JWT; the secret in a JWT. Must not know: HTTP.

use zeroize::Zeroizing;

use super::clients::AuthenticatedClient;
use super::revoke_introspect::subject;
use super::server::OAuth2Server;
use crate::auth::error::AuthError;
use crate::auth::key_provider::KeySet;
use crate::error::Problem;
use crate::plan::Scope;
use crate::secret::{AccessClaims, PublicKey, Token};
use crate::store::StoredToken;

impl OAuth2Server {
    /// The public keys that verify access tokens; none before the first JWT was signed.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Problem> {
        let keys = self.credentials.keys.reload().await.map_err(AuthError::from).map_err(AuthError::into_problem)?;
        let access = keys.and_then(|keys| keys.access_token_keys.clone());
        Ok(access.map_or_else(Vec::new, |access| access.public()))
    }

    /// An access token as a JWT.
    pub(super) async fn sign_jwt(
        &self,
        client: &AuthenticatedClient,
        row: &StoredToken,
        token: &Token,
        scope: &Scope,
    ) -> Result<Zeroizing<String>, AuthError> {
        let claims = AccessClaims {
            iss: self.issuer().to_owned(),
            sub: subject(row),
            aud: self.issuer().to_owned(),
            client_id: client.application.client_id().to_owned(),
            scope: scope.oauth_scope().to_string(),
            iat: row.created_at,
            exp: row.not_after.unwrap_or_default(),
            jti: token.expose().to_owned(),
        };
        let (_, keys) = self.credentials.keys.load_access_token_keys().await?;
        keys.sign(&claims).map_err(|cause| Problem::internal(cause).into())
    }

    /// The secret in a JWT that was signed here.
    pub(super) async fn parse_jwt(&self, text: &str) -> Result<Token, AuthError> {
        let keys = self.credentials.key_set().await?;
        let now = self.credentials.clock.now();
        let verify = |keys: &KeySet| keys.access_token_keys.as_ref()?.verify(text, self.issuer(), now);
        let verified = match verify(&keys) {
            Some(verified) => Some(verified),
            // The key may have been rotated a moment ago.
            None => self.credentials.keys.reload_if_changed(&keys).await?.and_then(|keys| verify(&keys)),
        };
        verified.map(|(_, token)| token).ok_or(AuthError::Rejected)
    }
}
