//! Consents of users to applications: list, revoke.
//!
//! In: an application, a user. Out: [`ApplicationConsent`]s. Must not know: how users are asked.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::{AdminError, Administration};
use crate::auth::Application;
use crate::secret::TokenKind;
use crate::store::StoredToken;

/// A user who allowed an application to act for them.
#[derive(Debug)]
pub struct ApplicationConsent {
    /// The id of the application's row.
    pub application: String,
    /// The name of the application.
    pub name: String,
    /// The client id of the application.
    pub client_id: String,
    /// The gateway's name of the database.
    pub database: String,
    /// The user's id in Odoo.
    pub uid: i64,
    /// The user's login; `None` if the gateway has no credential of the user any more.
    pub login: Option<String>,
    /// When the user allowed it, in seconds since 1970.
    pub since: i64,
    /// Its active codes and tokens for this user.
    pub tokens: Vec<StoredToken>,
}

impl ApplicationConsent {
    fn new(application: &Application, uid: i64, login: Option<String>, since: i64) -> Self {
        Self {
            application: application.row.id.clone(),
            name: application.name().to_owned(),
            client_id: application.client_id().to_owned(),
            database: application.row.grant.database.clone(),
            uid,
            login,
            since,
            tokens: Vec::new(),
        }
    }

    /// The login, or the id of a user whose login is not known.
    #[must_use]
    pub fn user(&self) -> String {
        self.login.clone().unwrap_or_else(|| format!("uid {}", self.uid))
    }
}

impl Administration {
    /// Returns which users allowed an application, or any application, to act for them; by application and user. The
    /// user of a trusted application is included while the application has tokens.
    ///
    /// # Errors
    /// Fails if the application does not exist.
    pub async fn list_consents(&self, application: Option<&str>) -> Result<Vec<ApplicationConsent>, AdminError> {
        let applications = match application {
            Some(name) => vec![self.find_application(name).await?],
            None => self.list_applications().await?,
        };
        let now = self.clock.now();
        let applications: BTreeMap<&str, &Application> =
            applications.iter().map(|application| (application.row.id.as_str(), application)).collect();
        let mut found = BTreeMap::<(&str, i64), ApplicationConsent>::new();
        for consent in self.store.consents().await? {
            if let Some((id, application)) = applications.get_key_value(consent.application.as_str()) {
                let allowed = ApplicationConsent::new(application, consent.uid, consent.login, consent.at);
                found.insert((*id, consent.uid), allowed);
            }
        }
        for token in self.store.tokens_of_applications(now).await? {
            let Some((id, application)) = applications.get_key_value(token.account_id()) else { continue };
            if !is_approved(&token, now) {
                continue;
            }
            let (uid, since) = (token.grant.uid, token.created_at);
            let allowed =
                found.entry((*id, uid)).or_insert_with(|| ApplicationConsent::new(application, uid, None, since));
            allowed.login.get_or_insert_with(|| token.grant.login.clone());
            allowed.tokens.push(token);
        }
        let mut found: Vec<ApplicationConsent> = found.into_values().collect();
        found.sort_by(|one, other| (&one.name, &one.login, one.uid).cmp(&(&other.name, &other.login, other.uid)));
        Ok(found)
    }

    /// Withdraws the consent of a user, named by login or user id, to an application, and revokes all tokens that it
    /// has for the user.
    ///
    /// # Errors
    /// Fails if the application does not exist, or the user has not allowed it.
    pub async fn revoke_consent(&self, application: &str, user: &str) -> Result<ApplicationConsent, AdminError> {
        let consents = self.list_consents(Some(application)).await?;
        let has_login = |consent: &ApplicationConsent| consent.login.as_deref() == Some(user);
        let by_login = consents.iter().position(has_login);
        let by_id = || consents.iter().position(|consent| consent.uid.to_string() == user);
        let missing = || AdminError::NotFound(format!("the consent of {user:?} to application {application:?}"));
        let found = by_login.or_else(by_id).ok_or_else(missing)?;
        let consent = consents.into_iter().nth(found).ok_or_else(missing)?;
        let detail = format!("{} for {} of {}", consent.name, consent.user(), consent.database);
        self.end_consent((&consent.application, consent.uid), &consent.tokens, &detail).await?;
        Ok(consent)
    }

    /// Deletes a user's consents to an application, and what was issued with them. `detail`: for the audit log.
    pub(super) async fn end_consent(
        &self,
        (application, uid): (&str, i64),
        tokens: &[StoredToken],
        detail: &str,
    ) -> Result<(), AdminError> {
        let event = |action| self.audit_event(action, application, detail);
        self.store.delete_consents(application, uid, &event("consent.revoke")).await?;
        for token in tokens {
            if let Some(oauth) = &token.oauth {
                self.store.revoke_approval(&oauth.approval_id, &event("approval.revoke")).await?;
            }
        }
        Ok(())
    }
}

/// Whether a code or token has not expired, and is no request token that waits for the user's decision.
fn is_approved(token: &StoredToken, now: OffsetDateTime) -> bool {
    let is_undecided =
        token.kind == TokenKind::OAuth1Request && token.oauth.as_ref().is_none_or(|terms| terms.challenge.is_none());
    !is_undecided && token.not_after.is_none_or(|end| now.unix_timestamp() < end)
}
