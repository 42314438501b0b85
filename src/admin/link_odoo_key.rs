//! Odoo API keys that are linked to their users, for Odoo versions that cannot look up the owner of a key.
//!
//! In: a login and its key. Out: a row by which the key alone identifies the user. Must not know: HTTP. The key is
//! sealed under itself, so the row opens nothing without the key.

use secrecy::{ExposeSecret as _, SecretString};

use super::{AdminError, Administration, verify_credential};
use crate::auth::{NewToken, issue_with_token};
use crate::plan::Scope;
use crate::secret::{Token, TokenKind};
use crate::store::StoredToken;

impl Administration {
    /// Links an Odoo API key to its user after Odoo has verified both.
    ///
    /// # Errors
    /// Fails if the key is malformed, Odoo rejects it, it is already linked, or the gateway's keys cannot be used.
    pub async fn link_odoo_key(
        &self,
        database: Option<&str>,
        login: String,
        key: SecretString,
    ) -> Result<StoredToken, AdminError> {
        let malformed = || AdminError::Invalid("an Odoo API key must have 40 digits 0-9 and a-f".to_owned());
        let token = Token::parse(TokenKind::OdooKey, key.expose_secret()).ok_or_else(malformed)?;
        let database = self.databases.pick(database).map_err(AdminError::Odoo)?;
        let uid = verify_credential(database, &login, &key).await?;
        let new = NewToken {
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
        let row = issue_with_token(&self.key_provider, &self.clock, &token, new).await?;
        let detail = format!("{} of {}", row.grant.login, row.grant.database);
        self.store.add_token(&row, &self.audit_event("odoo_key.link", &row.id, detail)).await?;
        Ok(row)
    }
}
