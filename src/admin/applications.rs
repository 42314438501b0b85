//! Applications: registered on a user's account, listed, given another secret, switched off and on, deleted.
//!
//! In: what an application is to be and may do. Out: its client id and secret, in clear this once. Must not know: OAuth's
//! requests.

use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;

use super::{AdminError, Administration};
use crate::auth::{
    Application, ApplicationSettings, User, Vault, blank, new_client_id, open_consumer_secret, seal,
    seal_consumer_secret,
};
use crate::odoo::Database;
use crate::plan::Scope;
use crate::secret::{DataKey, Token, TokenKind, check_rsa_public_key};
use crate::store::{ApplicationTerms, KeyTerms, StoredToken, random_id};

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

/// What an application shows, in clear this once.
#[derive(Debug, Clone)]
pub struct ApplicationSecrets {
    /// Its client secret; a public one has none.
    pub client: Option<Token>,
    /// What it signs with by OAuth 1.
    pub consumer: Option<ConsumerPair>,
}

/// Consumer key and secret of OAuth 1.
#[derive(Debug, Clone)]
pub struct ConsumerPair {
    /// `oauth_consumer_key`: the client id, and what opens the bound user's credential where the application is trusted.
    key: SecretString,
    /// What signs.
    secret: Token,
}

impl ConsumerPair {
    /// The consumer key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.expose_secret()
    }

    /// The consumer secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.secret.expose()
    }
}

impl Administration {
    /// Registers an application, once Odoo has confirmed the user it is bound to. Its secrets are nowhere in clear but in
    /// the answer.
    ///
    /// # Errors
    /// When the settings make no sense, Odoo does not know the user so, the name is taken, or nothing can be sealed.
    pub async fn create_application(
        &self,
        wanted: WantedApplication,
    ) -> Result<(Application, ApplicationSecrets), AdminError> {
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
        let sealed = self.seal_application(&vault, &mut row, token, &wanted.settings, &secret)?;
        let application = read(row)?;
        let act = self.act("app.create", &application.row.id, described(&application));
        self.store.add_application(&application.row, sealed.consumer_key.as_ref(), &act).await?;
        Ok((application, sealed.secrets))
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
    pub async fn rotate_secret(
        &self,
        named: &str,
        secret: Option<SecretString>,
    ) -> Result<ApplicationSecrets, AdminError> {
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
        // Its client secret alone is replaced, and with it what it signs with and opens its user's credential with.
        let sealed = self.seal_application(&vault, &mut row, token, &application.settings, &secret)?;
        let act = self.act("app.rotate_secret", &row.id, application.name());
        if self.store.replace_secret(&row, sealed.consumer_key.as_ref(), &act).await? {
            Ok(sealed.secrets)
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
        self.switch(&application.row, on, &act).await
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

/// What was sealed for an application.
struct SealedApplication {
    secrets: ApplicationSecrets,
    /// The row of the second part of its consumer key.
    consumer_key: Option<StoredToken>,
}

impl Administration {
    /// Seals what an application signs with, and its bound user's credential behind its client secret.
    fn seal_application(
        &self,
        vault: &Vault,
        row: &mut StoredToken,
        token: Token,
        settings: &ApplicationSettings,
        credential: &SecretString,
    ) -> Result<SealedApplication, AdminError> {
        let signs = !settings.oauth1.is_empty();
        let apart = row.grant.uid > 0 && !settings.one_secret;
        let signing = if apart { Token::generate(TokenKind::ConsumerSecret)? } else { token.clone() };
        let sealed = signs.then(|| seal_consumer_secret(&vault.keyring, row, &signing)).transpose()?;
        row.application.iter_mut().for_each(|terms| terms.consumer_secret.clone_from(&sealed));
        seal(vault, &token, row, credential)?;
        let opening =
            (signs && apart && settings.trusted).then(|| self.consumer_key(vault, row, &token)).transpose()?;
        let (consumer_key, opening) = opening.unzip();
        let client_id = row.application.as_ref().map_or("", |terms| &terms.client_id);
        let key = opening.map_or_else(|| client_id.to_owned(), |key| format!("{client_id}.{}", key.expose()));
        let consumer = signs.then(|| ConsumerPair { key: key.into(), secret: signing });
        let secrets = ApplicationSecrets { client: (!settings.public).then_some(token), consumer };
        Ok(SealedApplication { secrets, consumer_key })
    }

    /// The second part of an application's consumer key, which opens its grant as the client secret does.
    fn consumer_key(
        &self,
        vault: &Vault,
        application: &StoredToken,
        secret: &Token,
    ) -> Result<(StoredToken, Token), AdminError> {
        let key = Token::generate(TokenKind::ConsumerKey)?;
        let mut row = StoredToken {
            id: random_id()?,
            kind: key.kind(),
            index: key.index(&vault.index),
            shown: key.shown(),
            account: Some(application.id.clone()),
            created_at: self.clock.now().unix_timestamp(),
            last_used_at: None,
            disabled_at: None,
            ..application.clone()
        };
        let (terms, grant) = (application.terms(), application.grant.facts());
        let data_key = DataKey::unwrap(&vault.keyring, secret, application.facts(&terms), grant, &application.wrap)?;
        row.wrap = data_key.wrap(&vault.keyring, &key, row.facts(&row.terms()), grant)?;
        Ok((row, key))
    }

    /// Applications that were made when one secret signed and opened: with the store, the master key opens the credential
    /// of the user they are bound to. Another secret mends it.
    ///
    /// # Errors
    /// When the store does not answer or its keys cannot be opened.
    pub async fn exposed_applications(&self) -> Result<Vec<Application>, AdminError> {
        let Some(vault) = self.vaults.existing().await? else { return Ok(Vec::new()) };
        let opens = |application: &Application| {
            let signing = open_consumer_secret(&vault.keyring, &application.row).ok().flatten();
            signing.is_some_and(|secret| secret.kind() == TokenKind::ClientSecret)
        };
        let all = self.applications().await?;
        let meant = |application: &Application| application.settings.one_secret || !application.is_bound();
        Ok(all.into_iter().filter(|application| !meant(application) && opens(application)).collect())
    }
}

fn read(row: StoredToken) -> Result<Application, AdminError> {
    Application::of(row).ok_or_else(|| AdminError::Wrong("the application cannot be read back".to_owned()))
}

fn described(application: &Application) -> String {
    let grant = &application.row.grant;
    let user = if application.is_bound() { &grant.login } else { "nobody" };
    format!("{} for {user} of {}", application.name(), grant.database)
}
