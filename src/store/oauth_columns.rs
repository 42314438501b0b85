//! The columns of a code or token of an application.
//!
//! In: rows. Out: [`OAuthTerms`]. Must not know: requests, tokens in clear.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::StoreError;
use crate::secret::{Aad, Sealed};

/// The OAuth columns of a code or token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthTerms {
    /// The id of the approval. All tokens of one approval are revoked together.
    pub approval_id: String,
    /// OAuth 2: the parameter `redirect_uri` as it was sent. OAuth 1.0a: the callback.
    pub redirect_uri: Option<String>,
    /// OAuth 2: the S256 code challenge. OAuth 1.0a: the keyed hash of the verifier, `None` until a user approves.
    pub challenge: Option<String>,
    /// Approved without a page: the key in the token's wrap opens nothing, the one in the wrap of the client secret
    /// does.
    pub non_interactive: bool,
    /// OAuth 1.0a: the token secret, sealed under the key in the token's wrap.
    pub secret: Option<Sealed>,
}

impl OAuthTerms {
    /// Adds everything that must not be changed in the database without the gateway noticing it.
    pub(super) fn add_to_aad(&self, aad: Aad) -> Aad {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        aad.with(b"oauth")
            .with(self.approval_id.as_bytes())
            .with_number(Some(self.redirect_uri.is_some().into()))
            .with(text(&self.redirect_uri).as_bytes())
            .with(text(&self.challenge).as_bytes())
            .with_number(Some(self.non_interactive.into()))
    }

    /// From the columns of `oauth_tokens`. `None` if the row has none.
    pub(super) fn from_row(row: &AnyRow) -> Result<Option<Self>, sqlx::Error> {
        let Some(approval_id) = row.try_get::<Option<String>, _>("family_id")? else { return Ok(None) };
        Ok(Some(Self {
            approval_id,
            redirect_uri: row.try_get("redirect_uri")?,
            challenge: row.try_get("challenge")?,
            non_interactive: row.try_get::<i64, _>("headless")? != 0,
            secret: row.try_get::<Option<Vec<u8>>, _>("secret")?.map(Sealed),
        }))
    }

    pub(super) async fn insert(&self, token: &str, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let insert = "INSERT INTO oauth_tokens (token_id, family_id, redirect_uri, challenge, headless, secret) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
        sqlx::query(insert)
            .bind(token.to_owned())
            .bind(self.approval_id.clone())
            .bind(self.redirect_uri.clone())
            .bind(self.challenge.clone())
            .bind(i64::from(self.non_interactive))
            .bind(self.secret.as_ref().map(|sealed| sealed.0.clone()))
            .execute(connection)
            .await?;
        Ok(())
    }
}
