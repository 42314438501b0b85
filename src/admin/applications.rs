//! Applications: registered on a user's account, listed, given another secret, switched off and on, deleted.
//!
//! In: what an application is to be and may do. Out: its client id and secret, in clear this once. Must not know: OAuth's
//! requests.

use secrecy::SecretString;
use time::OffsetDateTime;

use super::{AdminError, Administration};
use crate::auth::{Application, ApplicationSettings, User, Vault, blank, new_client_id, seal, seal_consumer_secret};
use crate::odoo::Database;
use crate::plan::Scope;
use crate::secret::{Token, TokenKind, check_rsa_public_key};
use crate::store::{ApplicationTerms, KeyTerms, StoredToken};

/// What an application is to be.
#[derive(Debug)]
pub struct WantedApplication {
    /// The database whose users it is for, by the name it has at the gateway; `None`: the default one.
    pub database: Option<String>,
    /// The user it is bound to, with his password or an Odoo API key of his.
    pub bound: Option<(String, SecretString)>,
    /// What it may do, as JSON.
    pub scope: String,
    /// Its end; `None`: without end.
    pub not_after: Option<OffsetDateTime>,
    /// Its name, networks and rate.
    pub terms: KeyTerms,
    /// What it is.
    pub settings: ApplicationSettings,
}

impl Administration {
    /// Registers an application, once Odoo has confirmed the user it is bound to. Its secret is nowhere in clear but in
    /// the answer; a public one has none.
    ///
    /// # Errors
    /// When the settings make no sense, Odoo does not know the user so, the name is taken, or nothing can be sealed.
    pub async fn create_application(
        &self,
        wanted: WantedApplication,
    ) -> Result<(Application, Option<Token>), AdminError> {
        self.check_terms(&wanted.terms, wanted.not_after)?;
        wanted.settings.check(wanted.bound.is_some()).map_err(AdminError::Wrong)?;
        if let Some(pem) = &wanted.settings.rsa_public_key {
            check_rsa_public_key(pem).map_err(|wrong| AdminError::Wrong(wrong.to_owned()))?;
        }
        let scope = Scope::from_json(&wanted.scope).map_err(|wrong| AdminError::Wrong(wrong.to_string()))?;
        let database = self.databases.pick(wanted.database.as_deref()).map_err(AdminError::Odoo)?;
        let (user, secret) = self.confirm(database, wanted.bound).await?;
        let token = Token::generate(TokenKind::ClientSecret)?;
        let vault = self.vaults.for_sealing().await?;
        let mut row = blank(&vault, &token, user, scope.to_json(), self.clock.now().unix_timestamp())?;
        row.not_after = wanted.not_after.map(OffsetDateTime::unix_timestamp);
        row.key = Some(wanted.terms);
        let settings = serde_json::to_string(&wanted.settings).map_err(|wrong| AdminError::Wrong(wrong.to_string()))?;
        row.application = Some(ApplicationTerms { client_id: new_client_id()?, settings, consumer_secret: None });
        seal_application(&vault, &mut row, &token, &wanted.settings, &secret)?;
        let application = read(row)?;
        let act = self.act("app.create", &application.row.id, described(&application));
        self.store.add_token(&application.row, &act).await?;
        let shown = (!application.settings.public).then_some(token);
        Ok((application, shown))
    }

    /// The user whom Odoo confirms; nobody, with an empty secret, when there is to be none.
    async fn confirm(
        &self,
        database: &Database,
        bound: Option<(String, SecretString)>,
    ) -> Result<(User, SecretString), AdminError> {
        let name = database.name.clone();
        let Some((login, secret)) = bound else {
            return Ok((User { database: name, uid: 0, login: String::new() }, SecretString::default()));
        };
        let confirmed = database.client.authenticate(&login, &secret).await;
        let uid = confirmed.map_err(|failure| AdminError::Odoo(failure.into_problem()))?.ok_or(AdminError::NotTaken)?;
        Ok((User { database: name, uid: uid.get(), login }, secret))
    }

    /// All applications, the oldest first.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn applications(&self) -> Result<Vec<Application>, AdminError> {
        let rows = self.store.tokens(TokenKind::ClientSecret, self.clock.now()).await?;
        Ok(rows.into_iter().filter_map(Application::of).collect())
    }

    /// The application of this name, client id or id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn application(&self, named: &str) -> Result<Application, AdminError> {
        let is_named = |application: &Application| {
            [application.name(), application.client_id(), application.row.id.as_str()].contains(&named)
        };
        let found = self.applications().await?.into_iter().find(is_named);
        found.ok_or_else(|| AdminError::NotFound(format!("application {named:?}")))
    }

    /// Gives an application another secret; the old one is dead at once, tokens that were given live on. Behind a secret
    /// lies the bound user's credential, which nobody but he can put behind another: he has to show it again.
    ///
    /// # Errors
    /// When there is no such application, it has no secret, or Odoo does not know the user so.
    pub async fn rotate_secret(&self, named: &str, secret: Option<SecretString>) -> Result<Token, AdminError> {
        let application = self.application(named).await?;
        if application.settings.public {
            return Err(AdminError::Wrong(format!("{named:?} is public and has no secret")));
        }
        let mut row = application.row.clone();
        let database = self.databases.pick(Some(&row.grant.database)).map_err(AdminError::Odoo)?;
        let missing = || AdminError::Wrong("the password or an Odoo API key of its user is needed".to_owned());
        let login = row.grant.login.clone();
        let bound = if application.is_bound() { Some((login, secret.ok_or_else(missing)?)) } else { None };
        let (user, secret) = self.confirm(database, bound).await?;
        if user.uid != row.grant.uid {
            return Err(AdminError::NotTaken);
        }
        let token = Token::generate(TokenKind::ClientSecret)?;
        let vault = self.vaults.for_sealing().await?;
        let fresh = blank(&vault, &token, user, row.scope.clone(), self.clock.now().unix_timestamp())?;
        (row.index, row.shown, row.grant) = (fresh.index, fresh.shown, fresh.grant);
        seal_application(&vault, &mut row, &token, &application.settings, &secret)?;
        let act = self.act("app.rotate_secret", &row.id, application.name());
        if self.store.replace_secret(&row, &act).await? {
            Ok(token)
        } else {
            Err(AdminError::NotFound(format!("application {named:?}")))
        }
    }

    /// Switches an application off, or on again, with everything it was given; `false` when it was so before.
    ///
    /// # Errors
    /// When there is none.
    pub async fn switch_application(&self, named: &str, on: bool) -> Result<bool, AdminError> {
        let application = self.application(named).await?;
        let act = self.act(if on { "app.enable" } else { "app.disable" }, &application.row.id, application.name());
        Ok(self.store.switch_token(&application.row.id, on, &act).await?)
    }

    /// Deletes an application, with everything it was given and what users agreed to.
    ///
    /// # Errors
    /// When there is none.
    pub async fn delete_application(&self, named: &str) -> Result<Application, AdminError> {
        let application = self.application(named).await?;
        let act = self.act("app.delete", &application.row.id, application.name());
        self.store.delete_token(&application.row.id, &act).await?;
        Ok(application)
    }
}

fn seal_application(
    vault: &Vault,
    row: &mut StoredToken,
    token: &Token,
    settings: &ApplicationSettings,
    secret: &SecretString,
) -> Result<(), AdminError> {
    if !settings.oauth1.is_empty() {
        let sealed = seal_consumer_secret(&vault.keyring, row, token)?;
        row.application.iter_mut().for_each(|terms| terms.consumer_secret = Some(sealed.clone()));
    }
    Ok(seal(vault, token, row, secret)?)
}

fn read(row: StoredToken) -> Result<Application, AdminError> {
    Application::of(row).ok_or_else(|| AdminError::Wrong("the application cannot be read back".to_owned()))
}

fn described(application: &Application) -> String {
    let grant = &application.row.grant;
    let user = if application.is_bound() { &grant.login } else { "nobody" };
    format!("{} for {user} of {}", application.name(), grant.database)
}
