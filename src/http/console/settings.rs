//! The settings of the console, and what its pages share.
//!
//! In: the configuration, converted. Out: [`ConsoleSettings`]; [`Console`] as an extension of the routes. Must not
//! know: configuration files.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::{CacheLimits, ExpiringCache};
use crate::error::Problem;
use crate::odoo::{Database, OdooUser};

/// How the console works.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// The external id of the Odoo group whose members are administrators.
    pub admin_group: String,
    /// The longest lifetime of an API key that a user creates; `None`: users may not create keys.
    pub personal_keys: Option<Duration>,
    /// What administrators see of the configuration.
    pub configuration: DisplayedConfiguration,
}

/// The configuration in effect, for people.
#[derive(Debug, Clone, Default)]
pub struct DisplayedConfiguration {
    /// All settings as TOML, without secrets.
    pub settings: String,
    /// Warnings about valid but risky values.
    pub warnings: Vec<String>,
}

/// How long it is remembered whether a user is an administrator.
const MEMBERSHIP_TTL: Duration = Duration::from_secs(5 * 60);
/// The most sessions for which it is remembered.
const MEMBERSHIP_CAPACITY: u64 = 10_000;

/// The settings, and which sessions belong to administrators. Clones share it.
#[derive(Debug, Clone)]
pub(in crate::http) struct Console {
    settings: Arc<ConsoleSettings>,
    administrators: Arc<ExpiringCache<String, bool>>,
}

impl Console {
    pub(super) fn new(settings: ConsoleSettings) -> Self {
        let limits = CacheLimits::capacity(MEMBERSHIP_CAPACITY).time_to_live(MEMBERSHIP_TTL);
        Self { settings: Arc::new(settings), administrators: Arc::new(ExpiringCache::new(limits)) }
    }

    /// The settings.
    pub(in crate::http) fn settings(&self) -> &ConsoleSettings {
        &self.settings
    }

    /// Whether the user of a session is an administrator. Odoo is asked again after five minutes, with the user's own
    /// credential, so this also detects a credential that Odoo no longer accepts.
    ///
    /// # Errors
    /// If Odoo rejects the credential or cannot be asked. The user is no administrator then.
    pub(super) async fn is_administrator(
        &self,
        session: &str,
        database: &Database,
        user: &OdooUser,
    ) -> Result<bool, Problem> {
        if let Some(known) = self.administrators.get(session) {
            return Ok(known);
        }
        let is_member = database.is_member(user, &self.settings.admin_group).await?;
        self.administrators.insert(session.to_owned(), is_member);
        Ok(is_member)
    }
}
