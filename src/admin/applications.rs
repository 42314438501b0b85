//! Applications: register, list, change origins, rotate secrets, enable, disable, delete.
//!
//! In: the properties of an application. Out: its client id and secret, in plaintext only when they are created. Must
//! not know: OAuth requests.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;

use super::key_rotation::check_unaltered;
use super::{AdminError, Administration, verify_credential};
use crate::auth::{
    Application, ApplicationSettings, KeySet, TokenOwner, new_client_id, open_consumer_secret, seal_consumer_secret,
    seal_credential, unsealed_row, validate_origins,
};
use crate::odoo::Database;
use crate::plan::Scope;
use crate::secret::{DataKey, Token, TokenKind, check_rsa_public_key};
use crate::store::{ApplicationTerms, KeyTerms, StoredToken, random_id};

/// The properties of a new application.
#[derive(Debug)]
pub struct NewApplication {
    /// The configured name of the database whose users it acts for; `None`: the default database.
    pub database: Option<String>,
    /// The user that it is bound to: the login, and the password or Odoo API key.
    pub bound: Option<(String, SecretString)>,
    /// The scope, as JSON.
    pub scope: String,
    /// The expiry; `None`: never.
    pub not_after: Option<OffsetDateTime>,
    /// The name, networks and rate.
    pub terms: KeyTerms,
    /// The OAuth settings.
    pub settings: ApplicationSettings,
    /// The origins whose scripts may read responses to it.
    pub origins: Vec<String>,
}

/// The plaintext secrets of an application.
#[derive(Debug, Clone)]
pub struct ApplicationSecrets {
    /// The client secret; `None` for a public application.
    pub client: Option<Token>,
    /// The credentials of OAuth 1.
    pub consumer: Option<ConsumerPair>,
}

/// The consumer key and consumer secret of OAuth 1.
#[derive(Debug, Clone)]
pub struct ConsumerPair {
    /// `oauth_consumer_key`: the client id, followed by the part that opens the user's credential if the application
    /// is trusted.
    key: SecretString,
    /// The consumer secret, which signs requests.
    secret: Token,
}

impl ConsumerPair {
    /// Returns the consumer key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.expose_secret()
    }

    /// Returns the consumer secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.secret.expose()
    }
}

impl Administration {
    /// Registers an application after Odoo has verified the user that it is bound to. Only the return value contains
    /// its secrets in plaintext.
    ///
    /// # Errors
    /// Fails if the settings are invalid, Odoo rejects the user, the name is in use, or the keys cannot be used.
    pub async fn create_application(
        &self,
        new: NewApplication,
    ) -> Result<(Application, ApplicationSecrets), AdminError> {
        self.check_terms(&new.terms, new.not_after)?;
        new.settings.validate(new.bound.is_some()).map_err(AdminError::Invalid)?;
        let origins = validate_origins(&new.origins).map_err(AdminError::Invalid)?;
        if let Some(pem) = &new.settings.rsa_public_key {
            check_rsa_public_key(pem).map_err(|error| AdminError::Invalid(error.to_owned()))?;
        }
        let scope = Scope::from_json(&new.scope).map_err(|error| AdminError::Invalid(error.to_string()))?;
        let database = self.databases.pick(new.database.as_deref()).map_err(AdminError::Odoo)?;
        let (user, secret) = self.verify_user(database, new.bound).await?;
        let token = Token::generate(TokenKind::ClientSecret)?;
        let keys = self.key_provider.for_sealing().await?;
        let mut row = unsealed_row(&keys, &token, user, scope.to_json(), self.clock.now().unix_timestamp())?;
        row.not_after = new.not_after.map(OffsetDateTime::unix_timestamp);
        row.key = Some(new.terms);
        let settings = serde_json::to_string(&new.settings).map_err(|error| AdminError::Invalid(error.to_string()))?;
        row.application = Some(ApplicationTerms { client_id: new_client_id()?, settings, consumer_secret: None });
        let sealed = self.seal_application(&keys, &mut row, token, &new.settings, &secret)?;
        let application = parse_application(row)?;
        let event = self.audit_event("app.create", &application.row.id, audit_detail(&application));
        self.store.add_application(&application.row, sealed.consumer_key.as_ref(), &origins, &event).await?;
        Ok((application, sealed.secrets))
    }

    /// Verifies the user with Odoo. Without a user, returns an owner with user id 0 and an empty secret.
    async fn verify_user(
        &self,
        database: &Database,
        bound: Option<(String, SecretString)>,
    ) -> Result<(TokenOwner, SecretString), AdminError> {
        let name = database.name.clone();
        let Some((login, secret)) = bound else {
            return Ok((TokenOwner { database: name, uid: 0, login: String::new() }, SecretString::default()));
        };
        let uid = verify_credential(database, &login, &secret).await?;
        Ok((TokenOwner { database: name, uid: uid.get(), login }, secret))
    }

    /// Returns all applications, the oldest first.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn list_applications(&self) -> Result<Vec<Application>, AdminError> {
        let rows = self.store.tokens(TokenKind::ClientSecret, self.clock.now()).await?;
        Ok(rows.into_iter().filter_map(Application::from_row).collect())
    }

    /// Returns the application with this name, client id or id.
    ///
    /// # Errors
    /// Fails if it does not exist.
    pub async fn find_application(&self, name_or_id: &str) -> Result<Application, AdminError> {
        let matches = |application: &Application| {
            [application.name(), application.client_id(), application.row.id.as_str()].contains(&name_or_id)
        };
        let found = self.list_applications().await?.into_iter().find(matches);
        found.ok_or_else(|| AdminError::NotFound(format!("application {name_or_id:?}")))
    }

    /// Returns the origins of each application that has any, by client id.
    ///
    /// # Errors
    /// Fails if the store cannot be used.
    pub async fn application_origins(&self) -> Result<BTreeMap<String, Vec<String>>, AdminError> {
        let mut origins: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in self.store.application_origins().await? {
            origins.entry(entry.client_id).or_default().push(entry.origin);
        }
        Ok(origins)
    }

    /// Replaces the origins of an application. Every gateway uses the new ones within a second.
    ///
    /// # Errors
    /// Fails if an origin is invalid, or the application does not exist.
    pub async fn set_application_origins(&self, name_or_id: &str, origins: &[String]) -> Result<(), AdminError> {
        let origins = validate_origins(origins).map_err(AdminError::Invalid)?;
        let application = self.find_application(name_or_id).await?;
        let listed = if origins.is_empty() { "none".to_owned() } else { origins.join(" ") };
        let detail = format!("{}: {listed}", application.name());
        let event = self.audit_event("app.set_origins", &application.row.id, detail);
        match self.store.replace_application_origins(&application.row.id, &origins, &event).await? {
            true => Ok(()),
            false => Err(AdminError::NotFound(format!("application {name_or_id:?}"))),
        }
    }

    /// Replaces the secrets of an application. The old secrets are revoked at once; issued tokens stay valid. The
    /// user's credential is sealed under the secret, so it is needed again to seal it under the new one.
    ///
    /// # Errors
    /// Fails if the application does not exist, it has no secret, it was altered in the store, or Odoo rejects the
    /// user.
    pub async fn rotate_secret(
        &self,
        name_or_id: &str,
        secret: Option<SecretString>,
    ) -> Result<ApplicationSecrets, AdminError> {
        let application = self.find_application(name_or_id).await?;
        if application.settings.public {
            return Err(AdminError::Invalid(format!("{name_or_id:?} is a public application without a secret")));
        }
        let mut row = application.row.clone();
        let keys = self.key_provider.for_sealing().await?;
        check_unaltered(&keys, &row, "application")?;
        let database = self.databases.pick(Some(&row.grant.database)).map_err(AdminError::Odoo)?;
        let missing =
            || AdminError::Invalid("the password or an Odoo API key of the application's user is required".to_owned());
        let login = row.grant.login.clone();
        let bound = if application.is_bound() { Some((login, secret.ok_or_else(missing)?)) } else { None };
        let (user, secret) = self.verify_user(database, bound).await?;
        if user.uid != row.grant.uid {
            return Err(AdminError::CredentialRejected);
        }
        let token = Token::generate(TokenKind::ClientSecret)?;
        let fresh = unsealed_row(&keys, &token, user, row.scope.clone(), self.clock.now().unix_timestamp())?;
        (row.index, row.display_prefix, row.grant) = (fresh.index, fresh.display_prefix, fresh.grant);
        // Everything else of the row stays: only the secrets, and what they seal, are replaced.
        let sealed = self.seal_application(&keys, &mut row, token, &application.settings, &secret)?;
        let event = self.audit_event("app.rotate_secret", &row.id, application.name());
        if self.store.replace_client_secret(&row, sealed.consumer_key.as_ref(), &event).await? {
            Ok(sealed.secrets)
        } else {
            Err(AdminError::NotFound(format!("application {name_or_id:?}")))
        }
    }

    /// Enables or disables an application with all its tokens. Returns `false` if it already was in this state.
    ///
    /// # Errors
    /// Fails if it does not exist.
    pub async fn set_application_enabled(&self, name_or_id: &str, enabled: bool) -> Result<bool, AdminError> {
        let application = self.find_application(name_or_id).await?;
        let event = self.audit_event(
            if enabled { "app.enable" } else { "app.disable" },
            &application.row.id,
            application.name(),
        );
        self.set_enabled(&application.row, enabled, &event).await
    }

    /// Deletes an application with all its tokens and the users' consents.
    ///
    /// # Errors
    /// Fails if it does not exist.
    pub async fn delete_application(&self, name_or_id: &str) -> Result<Application, AdminError> {
        let application = self.find_application(name_or_id).await?;
        let event = self.audit_event("app.delete", &application.row.id, application.name());
        self.store.delete_token(&application.row.id, &event).await?;
        Ok(application)
    }
}

/// The result of sealing an application.
struct SealedApplication {
    secrets: ApplicationSecrets,
    /// The row of the second part of the consumer key.
    consumer_key: Option<StoredToken>,
}

impl Administration {
    /// Seals the consumer secret of an application, and the user's credential under the client secret.
    fn seal_application(
        &self,
        keys: &KeySet,
        row: &mut StoredToken,
        token: Token,
        settings: &ApplicationSettings,
        credential: &SecretString,
    ) -> Result<SealedApplication, AdminError> {
        let uses_oauth1 = !settings.oauth1.is_empty();
        let has_separate_secret = row.grant.uid > 0 && !settings.one_secret;
        let consumer_secret =
            if has_separate_secret { Token::generate(TokenKind::ConsumerSecret)? } else { token.clone() };
        let sealed = uses_oauth1.then(|| seal_consumer_secret(&keys.keyring, row, &consumer_secret)).transpose()?;
        row.application.iter_mut().for_each(|terms| terms.consumer_secret.clone_from(&sealed));
        seal_credential(keys, &token, row, credential)?;
        let has_consumer_key = uses_oauth1 && has_separate_secret && settings.trusted;
        let consumer_key_pair = has_consumer_key.then(|| self.consumer_key(keys, row, &token)).transpose()?;
        let (consumer_key, key_secret) = consumer_key_pair.unzip();
        let client_id = row.application.as_ref().map_or("", |terms| &terms.client_id);
        let key = key_secret.map_or_else(|| client_id.to_owned(), |key| format!("{client_id}.{}", key.expose()));
        let consumer = uses_oauth1.then(|| ConsumerPair { key: key.into(), secret: consumer_secret });
        let secrets = ApplicationSecrets { client: (!settings.public).then_some(token), consumer };
        Ok(SealedApplication { secrets, consumer_key })
    }

    /// Creates the second part of an application's consumer key, which opens its grant like the client secret.
    fn consumer_key(
        &self,
        keys: &KeySet,
        application: &StoredToken,
        secret: &Token,
    ) -> Result<(StoredToken, Token), AdminError> {
        let key = Token::generate(TokenKind::ConsumerKey)?;
        let mut row = StoredToken {
            id: random_id()?,
            kind: key.kind(),
            index: key.index(&keys.index),
            display_prefix: key.display_prefix(),
            account: Some(application.id.clone()),
            created_at: self.clock.now().unix_timestamp(),
            last_used_at: None,
            last_address: None,
            disabled_at: None,
            ..application.clone()
        };
        let (terms, grant) = (application.terms(), application.grant.facts());
        let data_key = DataKey::unwrap(&keys.keyring, secret, application.facts(&terms), grant, &application.wrap)?;
        row.wrap = data_key.wrap(&keys.keyring, &key, row.facts(&row.terms()), grant)?;
        Ok((row, key))
    }

    /// Returns the applications of older versions whose one secret both signs and opens the user's credential: the
    /// store and the master key together reveal the credential. [`rotate_secret`](Self::rotate_secret) separates the
    /// secrets.
    ///
    /// # Errors
    /// Fails if the store or its keys cannot be used.
    pub async fn applications_with_shared_secret(&self) -> Result<Vec<Application>, AdminError> {
        let Some(keys) = self.key_provider.load_existing().await? else { return Ok(Vec::new()) };
        let opens = |application: &Application| {
            let consumer_secret = open_consumer_secret(&keys.keyring, &application.row).ok().flatten();
            consumer_secret.is_some_and(|secret| secret.kind() == TokenKind::ClientSecret)
        };
        let all = self.list_applications().await?;
        let is_intended = |application: &Application| application.settings.one_secret || !application.is_bound();
        Ok(all.into_iter().filter(|application| !is_intended(application) && opens(application)).collect())
    }
}

fn parse_application(row: StoredToken) -> Result<Application, AdminError> {
    Application::from_row(row).ok_or_else(|| AdminError::Invalid("the application cannot be parsed".to_owned()))
}

fn audit_detail(application: &Application) -> String {
    let grant = &application.row.grant;
    let user = if application.is_bound() { &grant.login } else { "any user" };
    format!("{} for {user} of {}", application.name(), grant.database)
}
