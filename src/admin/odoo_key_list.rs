//! What is known about sealed Odoo API keys, and what somebody does about one that is not renewed.
//!
//! In: users. Out: keys, sentences. Must not know: how keys are renewed, how they are displayed.

use super::{AdminError, Administration, OdooAccount};
use crate::secret::TokenKind;
use crate::store::{ListedOdooKey, OdooKeyUser};

/// The most rows that are read; a key has one for each kind and account of its tokens.
const MAX_ROWS: u32 = 2000;

impl Administration {
    /// Returns what is known about the Odoo API keys that are sealed in the store: first those whose renewal fails,
    /// then those that end first.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn odoo_keys(&self) -> Result<Vec<ListedOdooKey>, AdminError> {
        Ok(self.store.odoo_keys(MAX_ROWS).await?)
    }

    /// The same, of one user.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn odoo_keys_of(&self, user: OdooAccount<'_>) -> Result<Vec<ListedOdooKey>, AdminError> {
        Ok(self.store.odoo_keys_of_user((user.database, user.uid), MAX_ROWS).await?)
    }
}

/// What an administrator does about an Odoo API key that is not renewed: a sentence for each of its users that does not
/// follow another one. The tokens of a client follow the API key or application that has the same credential.
#[must_use]
pub fn odoo_key_remedies(users: &[OdooKeyUser]) -> Vec<String> {
    let follows = users.iter().any(|user| matches!(user.kind, TokenKind::ApiKey | TokenKind::ClientSecret));
    let mut remedies: Vec<String> = users.iter().filter_map(|user| remedy(user, follows)).collect();
    remedies.dedup();
    remedies
}

fn remedy(user: &OdooKeyUser, follows_account: bool) -> Option<String> {
    let account = user.account.as_str();
    match user.kind {
        TokenKind::ApiKey if user.is_link => Some(format!(
            "Link the user with the API key {account:?} again: `odoo-gateway user link`, with another Odoo API key."
        )),
        TokenKind::ApiKey => Some(format!(
            "Give the API key another Odoo API key: `odoo-gateway key rotate {account:?}`; on Odoo 18 and 19, create \
             it again with `--exchange-password`, so that its Odoo API keys are renewed."
        )),
        TokenKind::ClientSecret => {
            Some(format!("Give the application another Odoo API key: `odoo-gateway app rotate-secret {account:?}`."))
        }
        _ if follows_account => None,
        TokenKind::LoginToken => {
            Some(format!("The user creates a login token for the API key {account:?}, with another Odoo API key."))
        }
        TokenKind::OAuthAccess | TokenKind::OAuthRefresh | TokenKind::OAuth1Access => {
            Some(format!("The user signs in to the application {account:?} again, with another Odoo API key."))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(kind: TokenKind, account: &str, is_link: bool) -> OdooKeyUser {
        OdooKeyUser { kind, account: account.to_owned(), is_link }
    }

    #[test]
    fn tokens_follow_the_account_with_the_same_credential() {
        let key = user(TokenKind::ApiKey, "web shop", false);
        let token = user(TokenKind::LoginToken, "web shop", false);
        let remedies = odoo_key_remedies(&[key, token.clone()]);
        assert!(matches!(&remedies[..], [one] if one.contains("key rotate \"web shop\"")), "{remedies:?}");
        let remedies = odoo_key_remedies(&[token]);
        assert!(matches!(&remedies[..], [one] if one.contains("creates a login token")), "{remedies:?}");
        let linked = odoo_key_remedies(&[user(TokenKind::ApiKey, "shop", true)]);
        assert!(matches!(&linked[..], [one] if one.contains("user link")), "{linked:?}");
    }

    #[test]
    fn both_tokens_of_one_sign_in_are_one_thing_to_do() {
        let tokens = [TokenKind::OAuthAccess, TokenKind::OAuthRefresh].map(|kind| user(kind, "Shop", false));
        assert_eq!(odoo_key_remedies(&tokens).len(), 1);
        for kind in [TokenKind::Session, TokenKind::AccessToken] {
            assert!(odoo_key_remedies(&[user(kind, "", false)]).is_empty(), "it ends by itself");
        }
    }
}
