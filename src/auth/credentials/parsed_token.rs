//! A token as sent, parsed: the secret that finds its row, and the claims of the JSON Web Token around it.
//!
//! In: a [`PresentedToken`], the keys that sign. Out: [`ParsedToken`], and whether a row fits its claims. Must not
//! know: the store.

use std::borrow::Cow;

use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;

use super::PresentedToken;
use crate::auth::key_provider::KeySet;
use crate::secret::{AccessClaims, LoginClaims, Token};
use crate::store::StoredToken;

/// The claims of a JSON Web Token whose signature was verified.
enum Claims {
    Login(LoginClaims),
    Access(AccessClaims),
}

/// A token, parsed. Its row is not read yet.
pub(super) struct ParsedToken<'t> {
    /// The secret that finds the row and opens the credential.
    pub(super) token: Cow<'t, Token>,
    /// The API key that was sent along.
    pub(super) api_key: Option<&'t Token>,
    claims: Option<Claims>,
}

impl<'t> ParsedToken<'t> {
    /// `None` for a text that is not a token, and for a JSON Web Token that was not signed here for `issuer` or is not
    /// valid now. The type in its header decides which kind it is: one kind is never accepted as another.
    pub(super) fn parse(
        presented: &'t PresentedToken,
        keys: &KeySet,
        issuer: &str,
        now: OffsetDateTime,
    ) -> Option<Self> {
        match presented {
            PresentedToken::Malformed => None,
            PresentedToken::Opaque(token) => Some(Self::from_token(token)),
            PresentedToken::Login { token, api_key } => Self::parse_login_token(token, api_key.as_ref(), keys, now),
            PresentedToken::Jwt(text) => {
                let access =
                    keys.access_token_keys.as_ref().and_then(|keys| keys.verify(text.expose_secret(), issuer, now));
                match access {
                    Some((claims, token)) => {
                        Some(Self { token: Cow::Owned(token), api_key: None, claims: Some(Claims::Access(claims)) })
                    }
                    None => Self::parse_login_token(text, None, keys, now),
                }
            }
        }
    }

    fn parse_login_token(
        text: &SecretString,
        api_key: Option<&'t Token>,
        keys: &KeySet,
        now: OffsetDateTime,
    ) -> Option<Self> {
        let (claims, token) = keys.login_token_key.verify(text.expose_secret(), &keys.issuer, now)?;
        Some(Self { token: Cow::Owned(token), api_key, claims: Some(Claims::Login(claims)) })
    }

    /// An opaque token.
    fn from_token(token: &'t Token) -> Self {
        Self { token: Cow::Borrowed(token), api_key: None, claims: None }
    }

    /// Whether the claims of the JSON Web Token match the row.
    pub(super) fn matches(&self, row: &StoredToken) -> bool {
        match &self.claims {
            None => true,
            Some(Claims::Login(claims)) => {
                (claims.user_id, Some(claims.exp)) == (row.grant.uid, row.not_after)
                    && Some(&claims.webservice_account_id) == row.account.as_ref()
            }
            Some(Claims::Access(claims)) => {
                let application = row.application.as_ref().map(|application| &application.client_id);
                Some(claims.exp) == row.not_after && Some(&claims.client_id) == application
            }
        }
    }
}
