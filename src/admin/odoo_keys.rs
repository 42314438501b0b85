//! API keys of Odoo's, linked with their users, for servers that cannot tell whose a key is.
//!
//! In: a login and its key. Out: the row by which the key alone is known from then on. Must not know: HTTP. The key is
//! sealed under itself, so the row opens nothing for who does not show it.

use secrecy::{ExposeSecret as _, SecretString};

use super::{AdminError, Administration};
use crate::auth::{Issue, keep};
use crate::plan::Scope;
use crate::secret::{Token, TokenKind};
use crate::store::StoredToken;

impl Administration {
    /// Links an Odoo API key with its user, once Odoo has confirmed both.
    ///
    /// # Errors
    /// When it is none, Odoo does not take it, it is linked already, or nothing can be sealed.
    pub async fn link_odoo_key(
        &self,
        database: Option<&str>,
        login: String,
        key: SecretString,
    ) -> Result<StoredToken, AdminError> {
        let wrong = || AdminError::Wrong("an API key of Odoo has 40 digits 0-9 and a-f".to_owned());
        let token = Token::parse(TokenKind::OdooKey, key.expose_secret()).ok_or_else(wrong)?;
        let database = self.databases.pick(database).map_err(AdminError::Odoo)?;
        let confirmed = database.client.authenticate(&login, &key).await;
        let uid = confirmed.map_err(|failure| AdminError::Odoo(failure.into_problem()))?.ok_or(AdminError::NotTaken)?;
        let wanted = Issue {
            kind: TokenKind::OdooKey,
            database: database.name.clone(),
            uid,
            login,
            secret: key,
            scope: Scope::All.to_json(),
            not_after: None,
            idle_seconds: None,
            key: None,
        };
        let row = keep(&self.vaults, &self.clock, &token, wanted).await?;
        let detail = format!("{} of {}", row.grant.login, row.grant.database);
        self.store.add_token(&row, &self.act("odoo_key.link", &row.id, detail)).await?;
        Ok(row)
    }
}
