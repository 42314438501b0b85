//! Client authentication (RFC 6749 section 2.3), and the user a client is bound to.
//!
//! In: a client id and possibly a secret, the client's address. Out: [`AuthenticatedClient`], [`ResourceOwner`]. Must
//! not know: where they were in the request.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::time::Instant;

use super::server::OAuth2Server;
use crate::auth::clients::application::Application;
use crate::auth::clients::approval::ResourceOwner;
use crate::auth::error::AuthError;
use crate::auth::usage_counts::UsageCounter;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::secret::{Token, TokenKind};

/// An application that sent its secret, or a public application.
#[derive(Debug)]
pub struct AuthenticatedClient {
    /// The application.
    pub application: Application,
    /// The secret that it sent.
    pub(super) secret: Option<Token>,
    /// Counts the request as one of the application.
    pub usage: Option<Arc<UsageCounter>>,
}

/// Client ids are counted by this many characters.
const COUNTED_LENGTH: usize = 64;

impl OAuth2Server {
    /// The application of this client id and secret; a public application has no secret. A rejection takes as long as
    /// any other and costs an attempt.
    ///
    /// # Errors
    /// `invalid_client` if the client id or the secret is wrong, 429 if too many attempts failed, 503 without the
    /// store.
    pub async fn authenticate_client(
        &self,
        client_id: &str,
        secret: Option<&str>,
        address: IpAddr,
    ) -> Result<AuthenticatedClient, Problem> {
        let started = Instant::now();
        let result = self.try_authenticate_client(client_id, secret, address).await;
        let counted: String = client_id.chars().take(COUNTED_LENGTH).collect();
        let name = format!("\0client {counted}");
        self.failures.finish_named(result, started, address, &name, invalid_client).await
    }

    async fn try_authenticate_client(
        &self,
        client_id: &str,
        secret: Option<&str>,
        address: IpAddr,
    ) -> Result<AuthenticatedClient, AuthError> {
        let application = self.applications.find_active(client_id).await?;
        let usage = self.credentials.usage_counts.counter(&application.row);
        let authenticated = self.check_client(application, secret, address).await;
        match authenticated {
            Ok(client) => Ok(AuthenticatedClient { usage, ..client }),
            // The client id is no secret, but the attempts of others are limited, and administrators see them here.
            Err(error) => {
                usage.iter().for_each(|usage| usage.record(true));
                Err(error)
            }
        }
    }

    async fn check_client(
        &self,
        application: Application,
        secret: Option<&str>,
        address: IpAddr,
    ) -> Result<AuthenticatedClient, AuthError> {
        let secret = match secret {
            Some(text) => Some(Token::parse(TokenKind::ClientSecret, text).ok_or(AuthError::Rejected)?),
            None => None,
        };
        let keys = self.credentials.key_set().await?;
        let is_right = match &secret {
            // Both are keyed hashes, so the duration of the comparison reveals nothing about the secret.
            Some(secret) => !application.settings.public && secret.index(&keys.index).matches(&application.row.index),
            None => application.settings.public,
        };
        if !(is_right && application.allows_address(address)) {
            return Err(AuthError::Rejected);
        }
        self.limits.check_rate(&application.row).await?;
        self.credentials.touch(&application.row, address);
        Ok(AuthenticatedClient { application, secret, usage: None })
    }

    /// The user that the client is bound to.
    ///
    /// # Errors
    /// `unauthorized_client` if it is not bound to a user.
    pub async fn bound_user(&self, client: &AuthenticatedClient) -> Result<ResourceOwner, Problem> {
        let row = &client.application.row;
        let secret = client.secret.as_ref().filter(|_| client.application.is_bound()).ok_or_else(not_bound)?;
        self.applications.bound_user(row, secret).await.map_err(AuthError::into_problem)
    }

    /// The user that a trusted application is bound to, without interaction and without the client secret.
    ///
    /// # Errors
    /// `unauthorized_client` if it is not trusted or not bound to a user, 429 if it asks too often.
    pub async fn non_interactive_user(&self, application: &Application) -> Result<ResourceOwner, Problem> {
        self.applications.check_trusted(application).await?;
        Ok(ResourceOwner { grant: application.row.grant.clone(), key: None })
    }
}

fn invalid_client() -> Problem {
    Problem::new(ErrorCode::InvalidClient, "The client id does not exist, or the client secret is wrong.")
}

fn not_bound() -> Problem {
    Problem::new(ErrorCode::UnauthorizedClient, "This application is not bound to a user.")
        .hint("An administrator can bind it to a user. Or use the authorization code grant.")
}
