//! One configured Odoo database: its client, its web sessions, and its metadata cache.
//!
//! In: settings. Out: [`Database`], [`Databases`]. Must not know: the gateway's own credentials, dialects.

use std::sync::Arc;

use super::client::OdooClient;
use super::metadata_cache::{MetadataCache, MetadataCacheSettings};
use super::settings::{OdooSettings, SettingsError};
use super::transport::Transport;
use super::web::WebSessions;
use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::ErrorCode;
use crate::names::DatabaseName;
use crate::shared_limits::LeasedSlots;
use crate::telemetry::metrics::Metrics;

/// One configured database.
#[derive(Debug)]
pub struct Database {
    /// The name that requests send in `X-Odoo-Database`.
    pub name: DatabaseName,
    /// The client for RPC calls.
    pub client: OdooClient,
    /// Sessions of Odoo's web client.
    pub(super) web: WebSessions,
    /// Cached metadata.
    pub metadata: MetadataCache,
}

/// All configured databases; the first is the default.
#[derive(Debug, Clone)]
pub struct Databases(Arc<[Arc<Database>]>);

/// The same databases in the same order, not only equal ones.
impl PartialEq for Databases {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&*other.0).all(|(own, other)| Arc::ptr_eq(own, other))
    }
}

impl Database {
    /// A database; does not connect.
    ///
    /// # Errors
    /// If the URL is not valid.
    pub fn new(
        name: DatabaseName,
        settings: OdooSettings,
        cache: &MetadataCacheSettings,
        transport: Transport,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        let client = OdooClient::new(settings, transport, metrics, clock)?;
        let web = WebSessions::new(client.clone())?;
        Ok(Self { name, metadata: MetadataCache::new(client.clone(), cache), web, client })
    }

    /// The slots of calls and of reports, which may be shared with other gateways.
    pub fn leased_slots(&self) -> [&LeasedSlots; 2] {
        [self.client.call_slots(), self.web.print_slots()]
    }
}

impl Databases {
    /// The databases in the configured order.
    #[must_use]
    pub fn new(databases: Vec<Arc<Database>>) -> Self {
        Self(databases.into())
    }

    /// Iterates over all databases.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Database>> {
        self.0.iter()
    }

    /// The database with this name, or the default without a name. Only configured names are accepted: with the name of
    /// any other database on the server, Odoo would create its own tables in that database.
    ///
    /// # Errors
    /// 404 `unknown_database`.
    pub fn pick(&self, name: Option<&str>) -> Result<&Arc<Database>, Problem> {
        let found = match name {
            None => self.0.first(),
            Some(name) => self.0.iter().find(|database| database.name.as_str() == name),
        };
        found.ok_or_else(|| unknown_database(name.unwrap_or_default()))
    }
}

/// Clients can send names of any length, so the error contains only the beginning.
fn unknown_database(name: &str) -> Problem {
    let name: String = name.chars().take(64).collect();
    Problem::new(ErrorCode::UnknownDatabase, format!("The database {name} is not configured."))
        .hint("Omit the database, or send the name of a configured one.")
}
