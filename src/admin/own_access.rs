//! What acts for one user, and how that user ends it.
//!
//! In: a user, ids. Out: rows. Must not know: how the user was authenticated. An object of another user is answered
//! like one that does not exist.

use std::collections::BTreeMap;

use super::{AdminError, Administration};
use crate::auth::Application;
use crate::secret::TokenKind;
use crate::store::StoredToken;

/// A user of one database.
#[derive(Debug, Clone, Copy)]
pub struct OdooAccount<'a> {
    /// The gateway's name of the database.
    pub database: &'a str,
    /// The user's id in Odoo.
    pub uid: i64,
}

impl OdooAccount<'_> {
    /// The beginning of the names of API keys that the user creates.
    #[must_use]
    pub fn key_prefix(&self, login: &str) -> String {
        format!("{login}@{}: ", self.database)
    }
}

/// Everything that acts for a user.
#[derive(Debug, Default)]
pub struct UserAccess {
    /// The applications that the user allowed.
    pub applications: Vec<AllowedApplication>,
    /// The applications that an administrator registered with the user's credential.
    pub bound_applications: Vec<StoredToken>,
    /// API keys.
    pub api_keys: Vec<StoredToken>,
    /// Login tokens and access tokens.
    pub tokens: Vec<StoredToken>,
    /// Odoo API keys that identify the user without their login.
    pub odoo_keys: Vec<StoredToken>,
    /// API keys that can create login tokens for the user.
    pub links: Vec<StoredToken>,
    /// Sessions of browsers.
    pub sessions: Vec<StoredToken>,
}

/// An application that a user allowed.
#[derive(Debug)]
pub struct AllowedApplication {
    /// The id of the application's row.
    pub id: String,
    /// The name.
    pub name: String,
    /// When the user allowed it, in seconds since 1970.
    pub since: Option<i64>,
    /// Its active tokens for this user.
    pub tokens: Vec<StoredToken>,
}

/// The kinds of tokens that an application gets for a user.
const OF_APPLICATIONS: [TokenKind; 5] = [
    TokenKind::OAuthAccess,
    TokenKind::OAuthRefresh,
    TokenKind::OAuth1Access,
    TokenKind::OAuthCode,
    TokenKind::OAuth1Request,
];

impl Administration {
    /// Returns what acts for a user. Of tokens that have expired, only API keys are listed.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn user_access(&self, user: OdooAccount<'_>) -> Result<UserAccess, AdminError> {
        let now = self.clock.now();
        let (mut access, mut issued) = (UserAccess::default(), BTreeMap::<String, Vec<StoredToken>>::new());
        for row in self.store.tokens_of_user(user.database, user.uid, now).await? {
            match row.kind {
                TokenKind::ApiKey => access.api_keys.push(row),
                TokenKind::ClientSecret => access.bound_applications.push(row),
                // Also those of a disabled application: they would work again once it is enabled.
                kind if OF_APPLICATIONS.contains(&kind)
                    && row.not_after.is_none_or(|end| now.unix_timestamp() < end) =>
                {
                    issued.entry(row.account.clone().unwrap_or_default()).or_default().push(row);
                }
                _ if !row.is_active(now) => {}
                TokenKind::LoginToken | TokenKind::AccessToken => access.tokens.push(row),
                TokenKind::OdooKey => access.odoo_keys.push(row),
                TokenKind::Session | TokenKind::ConsoleSession => access.sessions.push(row),
                _ => {}
            }
        }
        access.links = self.links_of(user).await?;
        access.applications = self.allowed_applications(user, issued).await?;
        Ok(access)
    }

    /// The applications with a consent or a token, by name.
    async fn allowed_applications(
        &self,
        user: OdooAccount<'_>,
        mut issued: BTreeMap<String, Vec<StoredToken>>,
    ) -> Result<Vec<AllowedApplication>, AdminError> {
        let consents = self.store.consents_of_user(user.database, user.uid).await?;
        let mut since: BTreeMap<String, i64> =
            consents.into_iter().map(|consent| (consent.application, consent.at)).collect();
        let ids: Vec<String> = since.keys().chain(issued.keys()).cloned().collect();
        let mut allowed = BTreeMap::new();
        for id in ids {
            let Some(row) = self.store.token(&id, self.clock.now()).await? else { continue };
            let Some(application) = Application::from_row(row) else { continue };
            let (since, tokens) = (since.remove(&id), issued.remove(&id).unwrap_or_default());
            let name = application.name().to_owned();
            allowed.entry(id.clone()).or_insert(AllowedApplication { id, name, since, tokens });
        }
        let mut allowed: Vec<_> = allowed.into_values().collect();
        allowed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(allowed)
    }

    /// Ends a token, an API key or a session of a user.
    ///
    /// # Errors
    /// Fails if the user has no such token.
    pub async fn end_own_token(&self, user: OdooAccount<'_>, id: &str) -> Result<(), AdminError> {
        let access = self.user_access(user).await?;
        let lists = [&access.api_keys, &access.tokens, &access.odoo_keys, &access.sessions];
        let found = lists.into_iter().flatten().find(|row| row.id == id);
        let row = found.ok_or_else(|| AdminError::NotFound(format!("token {id:?}")))?;
        match row.kind {
            TokenKind::ApiKey => self.delete_found_key(row).await,
            _ => self.revoke_found_token(row).await,
        }
    }

    /// Withdraws a user's consent to an application, and revokes all tokens that it has for the user.
    ///
    /// # Errors
    /// Fails if the user has not allowed the application.
    pub async fn revoke_own_application(&self, user: OdooAccount<'_>, id: &str) -> Result<(), AdminError> {
        let applications = self.user_access(user).await?.applications;
        let found = applications.into_iter().find(|application| application.id == id);
        let application = found.ok_or_else(|| AdminError::NotFound(format!("application {id:?}")))?;
        self.end_consent((&application.id, user.uid), &application.tokens, &application.name).await
    }

    /// Returns the API keys that a user is linked with, each with the user's grant.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn links_of(&self, user: OdooAccount<'_>) -> Result<Vec<StoredToken>, AdminError> {
        Ok(self.store.links_of_user(user.database, user.uid, self.clock.now()).await?)
    }

    /// Unlinks a user from an API key: the key can no longer create login tokens for them, and those it created end.
    ///
    /// # Errors
    /// Fails if the user is not linked.
    pub async fn unlink_own(&self, user: OdooAccount<'_>, key: &str) -> Result<(), AdminError> {
        let links = self.links_of(user).await?;
        let mut is_unlinked = false;
        for link in links.iter().filter(|link| link.id == key) {
            let event = self.audit_event("user.unlink", &link.id, link.grant.login.as_str());
            is_unlinked |= self.store.remove_link(&link.id, &link.grant.id, &event).await?;
        }
        if is_unlinked { Ok(()) } else { Err(AdminError::NotFound(format!("a link to {key:?}"))) }
    }
}
