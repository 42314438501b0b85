//! What administrators do: API keys, tokens, master keys. Every act is a row in the audit log and a line in the log.
//!
//! ```text
//! applications registered on a user's account, given another secret, listed, switched off and on, deleted
//! api_keys     made for a user of Odoo, listed, switched off and on, deleted
//! links        users who let an API key make login tokens for them
//! tokens       listed, revoked
//! master_keys  added, put into use, taken out of use
//! kept_keys    the keys below those: exchanged
//! restore      after a backup was put back
//! switching    what switching off and on seals
//! ```
//!
//! In: wishes of an administrator, whoever conveys them. Out: what was done. Must not know: command lines, HTTP.

mod activation;
mod api_keys;
mod applications;
mod installation_keys;
mod links;
mod master_keys;
mod odoo_keys;
mod restore;
mod tokens;

pub use crate::auth::oauth1::SignatureMethod;
pub use crate::auth::{Application, ApplicationSettings, GrantType};
pub use api_keys::WantedKey;
pub use applications::{ApplicationSecrets, ConsumerPair, WantedApplication};
pub use installation_keys::{KeptKeyKind, PrunedKeptKeys};
pub use master_keys::{Rewrapped, SealingKey};

use crate::auth::{VaultError, Vaults};
use crate::clock::Clock;
use crate::error::Problem;
use crate::odoo::Databases;
use crate::secret::{KeySources, SecretError};
use crate::store::{Act, Store, StoreError, Witness};

/// What acts need.
#[derive(Debug, Clone)]
pub struct Administration {
    /// Where everything is kept.
    pub store: Store,
    /// The keys of this installation.
    pub vaults: Vaults,
    /// Where master keys lie.
    pub sources: KeySources,
    /// Who remembers what was last seen of the store.
    pub witness: Witness,
    /// The databases that users may be of.
    pub databases: Databases,
    /// What time it is.
    pub clock: Clock,
    /// Who acts, for the audit log.
    pub actor: String,
}

/// Why an act was not done.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AdminError {
    /// See there.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Odoo does not confirm the user, or cannot.
    #[error("{}{}", .0.detail, .0.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default())]
    Odoo(Problem),
    /// Odoo says no.
    #[error("Odoo does not take this login with this password or API key")]
    NotTaken,
    /// What was asked for makes no sense.
    #[error("{0}")]
    Wrong(String),
    /// There is no such thing.
    #[error("there is no {0}")]
    NotFound(String),
}

impl From<StoreError> for AdminError {
    fn from(cause: StoreError) -> Self {
        Self::Vault(cause.into())
    }
}

impl From<SecretError> for AdminError {
    fn from(cause: SecretError) -> Self {
        Self::Vault(cause.into())
    }
}

impl Administration {
    fn act(&self, act: &str, subject: &str, detail: impl Into<String>) -> Act {
        Act::new(self.clock.now(), &self.actor, act, subject, detail)
    }
}
