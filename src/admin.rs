//! Administration of API keys, applications, tokens and master keys. Every action is a row of the audit log and a log
//! line.
//!
//! ```text
//! applications       register, list, change origins, rotate secrets, enable, disable, delete
//! api_keys           create, list, enable, disable, delete
//! key_update         another scope
//! key_rotation       another secret
//! consents           what users allowed applications: list, withdraw
//! linked_users       users who let an API key create login tokens for them
//! link_odoo_key      Odoo API keys linked to their users
//! key_exchange       API keys with an Odoo API key of their own, in exchange for a password
//! odoo_keys, odoo_key_claim, odoo_key_successor   renew Odoo API keys before they end
//! odoo_key_list      what is known about Odoo API keys, and what to do about one that is not renewed
//! tokens             list, revoke
//! own_access         what acts for a user, and how they end it
//! personal_keys      API keys that users create for themselves
//! login_tokens       login tokens that users create for themselves
//! search             finds API keys and applications, page by page
//! usage              requests and errors of an API key or application
//! audit_log          finds events
//! health             checks the store, the master key, each Odoo
//! master_keys        add, list, rewrap, prune
//! installation_keys  rotate and prune the keys that master keys seal
//! after_restore      actions after a backup of the store was restored
//! activation         seals the enabled state
//! ```
//!
//! In: requests of an administrator. Out: results. Must not know: the command line, HTTP.

mod activation;
mod after_restore;
mod api_keys;
mod applications;
mod audit_log;
mod consents;
mod health;
mod installation_keys;
mod key_exchange;
mod key_rotation;
mod key_update;
mod link_odoo_key;
mod linked_users;
mod login_tokens;
mod master_keys;
mod odoo_key_claim;
mod odoo_key_list;
mod odoo_key_successor;
mod odoo_keys;
mod own_access;
mod personal_keys;
mod search;
mod tokens;
mod usage;

pub use crate::auth::oauth1::SignatureMethod;
pub use crate::auth::{Application, ApplicationSettings, GrantType};
pub use api_keys::NewApiKey;
pub use applications::{ApplicationSecrets, ConsumerPair, NewApplication};
pub use audit_log::{AUDIT_CSV_HEADER, audit_csv_row};
pub use consents::ApplicationConsent;
pub use health::{BreakerState, HealthOverview, PartHealth};
pub use installation_keys::{InstallationKeyKind, PrunedInstallationKeys};
pub use key_rotation::RotatedKey;
pub use key_update::KeyUpdate;
pub use master_keys::{MasterKeyStatus, RewrapResult};
pub use odoo_key_list::odoo_key_remedies;
pub use odoo_keys::{OdooKeyOutcome, OdooKeySettings};
pub use own_access::{AllowedApplication, OdooAccount, UserAccess};
pub use personal_keys::PersonalKey;
pub use search::ListPage;
pub use usage::{UsagePoint, UsageReport};

pub use crate::store::{AuditEntry, AuditFilter, KeyRate, KeyTerms, ListedOdooKey, OdooKeyUser, StoredToken};

use secrecy::SecretString;

use crate::auth::{KeyProvider, KeySetError, LoginTokenLimits};
use crate::clock::Clock;
use crate::error::Problem;
use crate::odoo::{Database, Databases, Uid};
use crate::secret::{KeySources, SecretError};
use crate::store::{AuditEvent, RollbackDetector, Store, StoreError};

/// The administration of one installation.
#[derive(Debug, Clone)]
pub struct Administration {
    /// The store.
    pub store: Store,
    /// The keys of this installation.
    pub key_provider: KeyProvider,
    /// The sources of master keys.
    pub sources: KeySources,
    /// Detects a restored backup of the store.
    pub rollback_detector: RollbackDetector,
    /// The Odoo databases.
    pub databases: Databases,
    /// The limits of login tokens that users create for themselves.
    pub login_tokens: LoginTokenLimits,
    /// When and how long Odoo API keys are renewed.
    pub odoo_keys: OdooKeySettings,
    /// The clock.
    pub clock: Clock,
    /// The actor in the audit log.
    pub actor: String,
}

/// Why an action failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AdminError {
    /// The store or its keys cannot be used.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
    /// Odoo cannot verify the user.
    #[error("{}{}", .0.detail, .0.hint.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default())]
    Odoo(Problem),
    /// Odoo rejected the user's credential.
    #[error("Odoo rejected this login with this password or API key")]
    CredentialRejected,
    /// The request is invalid.
    #[error("{0}")]
    Invalid(String),
    /// The named object does not exist.
    #[error("{0} does not exist")]
    NotFound(String),
}

impl From<StoreError> for AdminError {
    fn from(cause: StoreError) -> Self {
        match cause {
            StoreError::NameTaken { .. } => Self::Invalid(cause.to_string()),
            other => Self::KeySet(other.into()),
        }
    }
}

impl From<SecretError> for AdminError {
    fn from(cause: SecretError) -> Self {
        Self::KeySet(cause.into())
    }
}

/// Verifies a user's password or Odoo API key with Odoo. Returns the user's id.
async fn verify_credential(database: &Database, login: &str, secret: &SecretString) -> Result<Uid, AdminError> {
    let uid = database.client.authenticate(login, secret).await;
    uid.map_err(|error| AdminError::Odoo(error.into_problem()))?.ok_or(AdminError::CredentialRejected)
}

impl Administration {
    /// The same administration, whose actions have this actor in the audit log.
    #[must_use]
    pub fn with_actor(&self, actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), ..self.clone() }
    }

    fn audit_event(&self, action: &str, subject: &str, detail: impl Into<String>) -> AuditEvent {
        AuditEvent::new(self.clock.now(), &self.actor, action, subject, detail)
    }
}
