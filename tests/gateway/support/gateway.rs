//! The gateway under test: the whole of it, in this process, listening on ports of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::OnceLock;

use odoo_gateway::admin::Administration;
use odoo_gateway::app::{self, Running};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;

use super::client::Client;
use super::stand::{Version, stand};
use super::stub::Stub;

/// A gateway that listens; it ends with its runtime.
#[derive(Debug)]
pub(crate) struct Gateway {
    running: Running,
    config: Config,
    folder: tempfile::TempDir,
}

impl Gateway {
    /// A gateway with a configuration of its own: names and values as in the environment, over a new SQLite file,
    /// ports of its own, no Odoo.
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
        all.extend(settings);
        let variables = all.into_iter().map(|(name, value)| (name.into(), value.into()));
        let config = Config::load(None, variables).unwrap();
        Self { running: app::start(&config, Clock::system()).await.unwrap(), config, folder }
    }

    /// A gateway before both real Odoos, with more settings.
    pub(crate) async fn before_odoo(settings: &[(&str, &str)]) -> Self {
        let mut all = vec![
            ("ODOO_GATEWAY__ODOO__0__URL", stand().url(Version::Odoo19)),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
            ("ODOO_GATEWAY__ODOO__1__URL", stand().url(Version::Odoo14)),
            ("ODOO_GATEWAY__ODOO__1__DATABASE", "odoo14"),
        ];
        all.extend(settings);
        Self::start(&all).await
    }

    /// A gateway before one database of the stand, which may be a copy.
    pub(crate) async fn before_database(version: Version, database: &str) -> Self {
        Self::start(&[
            ("ODOO_GATEWAY__ODOO__0__URL", stand().url(version)),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", database),
        ])
        .await
    }

    /// A gateway before a stub, with more settings.
    pub(crate) async fn before_stub(stub: &Stub, settings: &[(&str, &str)]) -> Self {
        let url = stub.url();
        let mut all = vec![("ODOO_GATEWAY__ODOO__0__URL", url.as_str()), ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub")];
        all.extend(settings);
        Self::start(&all).await
    }

    /// The gateway before both Odoos that tests share when they need nothing of their own. Family C answers every model,
    /// flat.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Gateway> = OnceLock::new();
        SHARED.get_or_init(|| Self::outliving(&[("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "")]))
    }

    /// A gateway before both Odoos, on a thread that outlives every test.
    pub(crate) fn outliving(settings: &'static [(&'static str, &'static str)]) -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                tell.send(Self::before_odoo(settings).await).unwrap();
                std::future::pending::<()>().await;
            });
        });
        told.recv().unwrap()
    }

    /// A client for this gateway.
    pub(crate) fn client(&self) -> Client {
        Client::new(format!("http://{}", self.running.api))
    }

    /// What its administrator may do.
    pub(crate) async fn administration(&self) -> Administration {
        app::administration(&self.config, Clock::system()).await.unwrap()
    }

    /// Another gateway over the same store, the same master keys and the same Odoos.
    pub(crate) async fn replica(&self) -> Running {
        app::start(&self.config, Clock::system()).await.unwrap()
    }

    /// The folder of its store, and of its master keys in a folder below.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client for operators.
    pub(crate) fn operator(&self) -> Client {
        Client::new(format!("http://{}", self.running.ops))
    }

    /// Where it listens for clients.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.api
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}
