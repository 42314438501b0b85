//! One configured Odoo database: its client and what is remembered of it.
//!
//! In: settings. Out: [`Database`], [`Databases`]. Must not know: credentials of our own, route families.

use std::sync::Arc;

use super::client::OdooClient;
use super::metadata_cache::{Knowledge, KnowledgeSettings};
use super::settings::{OdooSettings, SettingsError};
use super::transport::Transport;
use super::web::Web;
use crate::clock::Clock;
use crate::error::Problem;
use crate::error_code::Code;
use crate::names::DatabaseName;
use crate::telemetry::metrics::Metrics;

/// One database behind the gateway.
#[derive(Debug)]
pub struct Database {
    /// The name by which requests pick it: `X-Odoo-Database`.
    pub name: DatabaseName,
    /// The way to it.
    pub client: OdooClient,
    /// Sessions of its web client.
    pub(super) web: Web,
    /// What is remembered of it.
    pub knowledge: Knowledge,
}

/// All configured databases; the first is the default.
#[derive(Debug, Clone)]
pub struct Databases(Arc<[Arc<Database>]>);

impl Database {
    /// Connects nothing yet.
    ///
    /// # Errors
    /// When the URL cannot be used.
    pub fn new(
        name: DatabaseName,
        settings: OdooSettings,
        knowledge: &KnowledgeSettings,
        transport: Transport,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        let client = OdooClient::new(settings, transport, metrics, clock)?;
        let web = Web::new(client.clone())?;
        Ok(Self { name, knowledge: Knowledge::new(client.clone(), knowledge), web, client })
    }
}

impl Databases {
    /// The databases in configured order.
    #[must_use]
    pub fn new(databases: Vec<Database>) -> Self {
        Self(databases.into_iter().map(Arc::new).collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Database>> {
        self.0.iter()
    }

    /// The database of this name, or the default when none is named. Only configured names exist: whoever could name
    /// any database of the server would make Odoo write its own tables into it.
    ///
    /// # Errors
    /// 404 `unknown_database`.
    pub fn pick(&self, name: Option<&str>) -> Result<&Arc<Database>, Problem> {
        let found = match name {
            None => self.0.first(),
            Some(name) => self.0.iter().find(|database| database.name.as_str() == name),
        };
        found
            .ok_or_else(|| Problem::new(Code::UnknownDatabase, "There is no database of this name behind the gateway."))
    }
}
