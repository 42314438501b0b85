//! The gateway under test: complete, in this process, on ports of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;

use odoo_gateway::admin::Administration;
use odoo_gateway::app::{self, RunningGateway};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;

use super::client::Client;
use super::odoo::insert_keys;
use super::stub_odoo::StubOdoo;
use super::testbed::{Version, testbed};
use super::upstream;

/// The setting of the first database, if the tests call it over another protocol than the default. The users of the
/// databases get API keys.
async fn upstream_protocol(settings: &[(&str, &str)]) -> Option<(&'static str, &'static str)> {
    const FIRST: (&str, &str) = ("ODOO_GATEWAY__ODOO__0__DATABASE", "ODOO_GATEWAY__ODOO__0__PROTOCOL");
    if !upstream::uses_json2() {
        return None;
    }
    let is_of = |version: Version, name: &str| name.starts_with(version.database());
    let is_real = |name: &str| is_of(Version::Odoo19, name) || is_of(Version::Odoo14, name);
    for (name, database) in settings {
        if name.ends_with("__DATABASE") && is_real(database) {
            insert_keys(database).await;
        }
    }
    let first = settings.iter().find(|(name, _)| *name == FIRST.0).map(|(_, database)| *database);
    let is_set = settings.iter().any(|(name, _)| *name == FIRST.1);
    (!is_set && is_of(Version::Odoo19, first?)).then_some((FIRST.1, "json2"))
}

/// A running gateway; it ends with its runtime.
#[derive(Debug)]
pub(crate) struct Gateway {
    running: RunningGateway,
    config: Config,
    folder: tempfile::TempDir,
}

impl Gateway {
    /// A gateway with these settings (names and values as in the environment), a new SQLite file, free ports, and no
    /// Odoo.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", folder.path().join("gateway.db").display());
        let key = folder.path().join("keys/master.key").display().to_string();
        let own = [
            ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", key.as_str()),
            ("ODOO_GATEWAY__SERVER__LISTEN", "127.0.0.1:0"),
            ("ODOO_GATEWAY__OPS__LISTEN", "127.0.0.1:0"),
            ("ODOO_GATEWAY__STORE__URL", store.as_str()),
        ];
        let mut all: Vec<(&str, &str)> =
            own.into_iter().filter(|(name, _)| !settings.iter().any(|(other, _)| other == name)).collect();
        all.extend(upstream_protocol(settings).await);
        all.extend(settings);
        let variables = all.into_iter().map(|(name, value)| (name.into(), value.into()));
        let config = Config::load(None, variables).unwrap();
        Self { running: app::start(&config, Clock::system()).await.unwrap(), config, folder }
    }

    /// A gateway in front of both real Odoos, with more settings.
    pub(crate) async fn start_with_odoo(settings: &[(&str, &str)]) -> Self {
        let mut all = vec![
            ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
            ("ODOO_GATEWAY__ODOO__1__URL", testbed().url(Version::Odoo14)),
            ("ODOO_GATEWAY__ODOO__1__DATABASE", "odoo14"),
        ];
        all.extend(settings);
        Self::start(&all).await
    }

    /// A gateway in front of one database of the testbed, which may be a copy, with more settings.
    pub(crate) async fn start_with_database(version: Version, database: &str, settings: &[(&str, &str)]) -> Self {
        let mut all =
            vec![("ODOO_GATEWAY__ODOO__0__URL", testbed().url(version)), ("ODOO_GATEWAY__ODOO__0__DATABASE", database)];
        all.extend(settings);
        Self::start(&all).await
    }

    /// A gateway in front of a stub, with more settings.
    pub(crate) async fn start_with_stub(stub: &StubOdoo, settings: &[(&str, &str)]) -> Self {
        let url = stub.url();
        let mut all = vec![("ODOO_GATEWAY__ODOO__0__URL", url.as_str()), ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub")];
        all.extend(settings);
        Self::start(&all).await
    }

    /// The gateway in front of both Odoos that tests share if they need no settings of their own. Its `restful` dialect
    /// allows every model, without a schema.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Gateway> = OnceLock::new();
        SHARED.get_or_init(|| Self::start_detached(&[("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")]))
    }

    /// A gateway in front of both Odoos, on a thread that outlives every test.
    pub(crate) fn start_detached(settings: &'static [(&'static str, &'static str)]) -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                sender.send(Self::start_with_odoo(settings).await).unwrap();
                std::future::pending::<()>().await;
            });
        });
        receiver.recv().unwrap()
    }

    /// A client for this gateway.
    pub(crate) fn client(&self) -> Client {
        Client::new(format!("http://{}", self.running.api))
    }

    /// The administrator's operations on its store.
    pub(crate) async fn administration(&self) -> Administration {
        app::administration(&self.config, Clock::system()).await.unwrap()
    }

    /// Another gateway over the same store, the same master keys and the same Odoos.
    pub(crate) async fn replica(&self) -> RunningGateway {
        app::start(&self.config, Clock::system()).await.unwrap()
    }

    /// The folder of its store; its master key is in a subfolder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client of its listener for operators.
    pub(crate) fn ops_client(&self) -> Client {
        Client::new(format!("http://{}", self.running.ops))
    }

    /// The address of its API.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.api
    }

    /// Shuts it down and waits until it has stopped.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}
