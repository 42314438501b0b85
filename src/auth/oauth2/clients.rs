//! Which application calls, and the user it is bound to.
//!
//! In: a client id and perhaps a secret, the client's address. Out: [`Application`], [`Client`], [`Approver`]. Must not
//! know: how they stood in the request.

use std::net::IpAddr;

use tokio::time::Instant;

use crate::auth::clients::application::Application;
use crate::auth::clients::approval::Approver;
use crate::auth::clients::consumer_secret::open_consumer_secret;
use crate::auth::key_set::Vault;
use crate::auth::password::too_many_attempts;
use crate::auth::tokens::{Refusal, Tokens, refuse_altered, unavailable};
use crate::error::Problem;
use crate::error_code::Code;
use crate::secret::{DataKey, SecretError, Token, TokenKind};
use crate::store::StoredToken;

/// An application that has shown its secret, or that has none to show.
#[derive(Debug)]
pub struct Client {
    /// What it is.
    pub application: Application,
    /// What it showed.
    pub(super) secret: Option<Token>,
}

/// Longer names are counted as one.
const LONGEST_COUNTED: usize = 64;

impl Tokens {
    /// The application of this client id, as it was made and neither switched off nor at its end.
    ///
    /// # Errors
    /// 503 without the store.
    pub async fn application(&self, client_id: &str) -> Result<Option<Application>, Problem> {
        match self.try_application(client_id).await {
            Ok(application) => Ok(Some(application)),
            Err(Refusal::Wrong) => Ok(None),
            Err(Refusal::Other(problem)) => Err(problem),
        }
    }

    pub(super) async fn try_application(&self, client_id: &str) -> Result<Application, Refusal> {
        let now = self.clock.now();
        let row = self.store.application(client_id, now).await?.filter(|row| row.is_alive(now));
        let row = row.filter(|row| row.kind == TokenKind::ClientSecret).ok_or(Refusal::Wrong)?;
        self.verify(&row).await?;
        Application::of(row).ok_or(Refusal::Wrong)
    }

    /// Whether nobody has written into the row.
    pub(in crate::auth) async fn verify(&self, row: &StoredToken) -> Result<(), Refusal> {
        let terms = row.terms();
        let verify = |vault: &Vault| DataKey::verify(&vault.keyring, row.facts(&terms), row.grant.facts(), &row.wrap);
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let verified = match verify(&vault) {
            // The master key may have been exchanged a moment ago.
            Err(SecretError::UnknownKey(_)) => verify(&*self.vaults.reread().await?.ok_or(Refusal::Wrong)?),
            other => other,
        };
        verified.map_err(|cause| refuse_altered(row, &cause))
    }

    /// The application that shows this secret; none for a public one. A refusal leaves when all refusals leave, and costs.
    ///
    /// # Errors
    /// `invalid_client` when there is no such one, 429 when too many were wrong, 503 without the store.
    pub async fn client(&self, client_id: &str, secret: Option<&str>, address: IpAddr) -> Result<Client, Problem> {
        let began = Instant::now();
        match self.try_client(client_id, secret, address).await {
            Ok(client) => Ok(client),
            Err(Refusal::Other(problem)) => Err(problem),
            Err(Refusal::Wrong) => {
                let counted: String = client_id.chars().take(LONGEST_COUNTED).collect();
                let counted = format!("\0client {counted}");
                let _spent = self.throttle.take(address, &counted).map_err(too_many_attempts)?;
                self.floor.reached_since(began).await;
                let detail = "There is no such application, or this is not its secret.";
                Err(Problem::new(Code::InvalidClient, detail))
            }
        }
    }

    async fn try_client(&self, client_id: &str, secret: Option<&str>, address: IpAddr) -> Result<Client, Refusal> {
        let application = self.try_application(client_id).await?;
        let secret = match secret {
            Some(text) => Some(Token::parse(TokenKind::ClientSecret, text).ok_or(Refusal::Wrong)?),
            None => None,
        };
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let right = match &secret {
            // Both are keyed hashes: how far they are alike tells nothing of the secret.
            Some(secret) => !application.settings.public && secret.index(&vault.index).finds(&application.row.index),
            None => application.settings.public,
        };
        if !(right && application.admits(address)) {
            return Err(Refusal::Wrong);
        }
        self.charge(&application.row)?;
        self.note_use(&application.row);
        Ok(Client { application, secret })
    }

    /// The user whom an application is bound to, approving: the application has shown its secret.
    ///
    /// # Errors
    /// `unauthorized_client` when it is bound to nobody.
    pub async fn bound_user(&self, client: &Client) -> Result<Approver, Problem> {
        let row = &client.application.row;
        let secret = client.secret.as_ref().filter(|_| client.application.is_bound()).ok_or_else(not_bound)?;
        self.approver(row, secret).await.map_err(Refusal::into_problem)
    }

    async fn approver(&self, row: &StoredToken, secret: &Token) -> Result<Approver, Refusal> {
        let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
        let key = self.data_key(&vault, secret, row).await?;
        Ok(Approver { grant: row.grant.clone(), key: Some(key) })
    }

    /// The user whom a trusted application is bound to, approving without being asked and without the secret.
    ///
    /// # Errors
    /// `unauthorized_client` when it is not trusted, or bound to nobody; 429 when it asks too often.
    pub async fn headless_user(&self, application: &Application) -> Result<Approver, Problem> {
        self.may_approve_alone(application)?;
        Ok(Approver { grant: application.row.grant.clone(), key: None })
    }

    /// Whether an application may approve for its bound user.
    ///
    /// # Errors
    /// As [`headless_user`](Self::headless_user).
    pub(in crate::auth) fn may_approve_alone(&self, application: &Application) -> Result<(), Problem> {
        if !(application.settings.trusted && application.is_bound()) {
            let detail = "This application is not trusted to approve by itself: a user has to log in.";
            return Err(Problem::new(Code::UnauthorizedClient, detail));
        }
        // Who only knows its client id can ask, too.
        self.charge(&application.row)?;
        Ok(())
    }

    /// The bound user of a trusted application, for who has shown the second part of its consumer key.
    pub(in crate::auth) async fn user_of_consumer_key(
        &self,
        application: &Application,
        key: &Token,
    ) -> Result<Approver, Refusal> {
        let (vault, row) = (self.vaults.existing().await?.ok_or(Refusal::Wrong)?, self.living(key).await?);
        let fits = row.account.as_ref() == Some(&application.row.id) && row.grant.id == application.row.grant.id;
        if !(fits && application.settings.trusted) {
            return Err(Refusal::Wrong);
        }
        let key = self.data_key(&vault, key, &row).await?;
        Ok(Approver { grant: row.grant, key: Some(key) })
    }

    /// The bound user of an application that was made when one secret signed and opened; `None` of every other one.
    pub(in crate::auth) async fn user_of_signing_secret(
        &self,
        application: &Application,
    ) -> Result<Option<Approver>, Refusal> {
        let secret = self.consumer_secret(application).await?;
        match secret.filter(|secret| secret.kind() == TokenKind::ClientSecret) {
            Some(secret) => self.approver(&application.row, &secret).await.map(Some),
            None => Ok(None),
        }
    }

    /// What the application signs with by OAuth 1, in clear.
    ///
    /// # Errors
    /// 503 without the store or its keys.
    pub async fn consumer_secret(&self, application: &Application) -> Result<Option<Token>, Problem> {
        let opened = async {
            let vault = self.vaults.existing().await?.ok_or(Refusal::Wrong)?;
            let opened = match open_consumer_secret(&vault.keyring, &application.row) {
                Err(SecretError::UnknownKey(_)) => {
                    let vault = self.vaults.reread().await?.ok_or(Refusal::Wrong)?;
                    open_consumer_secret(&vault.keyring, &application.row)
                }
                other => other,
            };
            opened.map_err(|cause| Refusal::Other(unavailable(&cause)))
        };
        opened.await.map_err(Refusal::into_problem)
    }
}

fn not_bound() -> Problem {
    Problem::new(Code::UnauthorizedClient, "This application is bound to no user.")
}
