//! The composition root: builds a running gateway from a configuration.
//!
//! ```text
//! settings_from_config  configuration → settings of each module
//! maintenance           deletes expired rows, reloads rotated keys
//! credential_tasks      keep the credentials in memory current
//! rollback_monitor      records the state of the store, to detect a restored backup
//! process_hardening     no core files, no inspection by other processes
//! small_pages           no transparent huge pages
//! readiness             the checks of /readyz
//! demo_registration     applications of the public demonstration
//! check                 `odoo-gateway check`: what works, and what to fix
//! typed_document        `odoo-gateway openapi --models`: the document of certain models
//! ```
//!
//! In: [`Config`]. Out: listeners that serve requests. Must not know: how a module works. Only this module knows all
//! others.

mod check;
mod credential_tasks;
mod demo_registration;
mod maintenance;
mod process_hardening;
mod readiness;
mod rollback_monitor;
mod settings_from_config;
mod small_pages;
mod typed_document;

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

pub use self::check::{CheckUser, Finding, Verdict, check};
pub use self::process_hardening::disable_core_dumps;
pub use self::settings_from_config::token_settings;
pub use self::small_pages::use_small_pages;
pub use self::typed_document::{DocumentUser, typed_document};

use self::credential_tasks::CredentialTasks;
use crate::admin::Administration;
use crate::auth::{KeyProvider, OdooAuthenticator, Throttle, TokenServices};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::{AppParts, AppState, BodyBudget, DocsSettings, RouteConfig, SiteConfig, middleware, route_policy};
use crate::idempotency::IdempotencyStore;
use crate::odoo::{Database, Databases, SettingsError, Transport};
use crate::ops_server::{self, Health};
use crate::secret::{KeySources, SecretError, run_key_command};
use crate::serve;
use crate::store::{Instance, RollbackDetector, Store};
use crate::telemetry::metrics::Metrics;

/// A gateway that serves requests.
#[derive(Debug)]
pub struct RunningGateway {
    /// The address for clients.
    pub api: SocketAddr,
    /// The address for operators.
    pub ops: SocketAddr,
    health: Arc<Health>,
    shutdown: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl RunningGateway {
    /// Stops accepting connections, waits for requests in flight within the grace period, and closes the store.
    pub async fn stop(self) {
        let _ = self.shutdown.send(true);
        if let Err(cause) = self.task.await {
            tracing::error!(%cause, "the server task failed");
        }
    }
}

/// Opens the store, listens, and serves requests. It does not wait for Odoo: the gateway starts while Odoo is down.
///
/// # Errors
/// Fails if the store cannot be used, or an address is in use.
pub async fn start(config: &Config, clock: Clock) -> Result<RunningGateway, Box<dyn Error>> {
    let store = Store::open(&config.store).await?;
    store.migrate().await?;
    let instance = store.instance(&clock).await?;
    let metrics = Arc::new(Metrics::new());
    let databases = databases(config, &clock, &metrics)?;
    let throttle = Arc::new(Throttle::new(settings_from_config::throttle(&config.auth.throttle), clock.clone()));
    let sources = key_sources(config).await?;
    let rollback_detector = rollback_detector(&store, &sources, &instance);
    // A restored backup contains tokens that were revoked since.
    rollback_detector.check().await?;
    let key_provider = key_provider(config, &store, &instance, sources.clone(), &clock);
    // Fail now, and not at the first request, if the keys cannot be opened.
    key_provider.load_existing().await?;
    let idempotency = IdempotencyStore::new(store.clone(), key_provider.clone(), clock.clone());
    let key_reload = tokio::spawn(maintenance::reload_keys(key_provider.clone()));
    let admin = Administration {
        store: store.clone(),
        key_provider: key_provider.clone(),
        sources,
        rollback_detector: rollback_detector.clone(),
        databases: databases.clone(),
        clock: clock.clone(),
        actor: "demo".to_owned(),
    };
    if let Err(cause) = admin.seal_disabled_state().await {
        tracing::warn!(%cause, "cannot seal the state of keys and applications that an older version disabled");
    }
    for application in admin.applications_with_shared_secret().await.unwrap_or_default() {
        tracing::warn!(
            application = application.name(),
            "this application's secret signs requests and also opens the Odoo password of its user, so the store and the \
             master key together reveal the password: create separate secrets with `odoo-gateway app rotate-secret`"
        );
    }
    let demo = demo_registration::demo(&config.demo, admin.clone(), throttle.clone());
    let (api, ops) = (listen(config.server.listen).await?, listen(config.ops.listen).await?);
    let (api_address, ops_address) = (api.local_addr()?, ops.local_addr()?);
    let token_settings = token_settings(config, api_address);
    let site = SiteConfig::new(config.server.public_url.as_ref(), &token_settings.oauth2.issuer);
    let health = Arc::new(readiness::health(&store, &key_provider, &databases).on_runtime(Handle::current()));
    let tokens = TokenServices::new(store.clone(), key_provider, token_settings, throttle.clone(), clock.clone());
    let interval = config.store.credential_poll;
    let uses = (tokens.recent_uses.clone(), tokens.usage_counts.clone());
    let credential_tasks = CredentialTasks::start(store.clone(), interval, uses, metrics.clone());
    let odoo_authenticator = OdooAuthenticator::new(
        settings_from_config::odoo_authenticator(&config.auth),
        throttle,
        store.clone(),
        &databases,
        clock.clone(),
    )?;
    let routes = RouteConfig {
        restful_models: Arc::new(settings_from_config::restful(&config.restful)),
        demo,
        console: settings_from_config::console(config),
        docs: DocsSettings { oauth_client_id: config.docs.oauth_client_id.clone() },
    };
    let gateway = AppState::new(AppParts {
        databases,
        odoo_authenticator,
        tokens,
        administration: admin,
        idempotency,
        public_url: config.server.public_url.clone(),
        site,
        body_budget: BodyBudget::new(config.server.body_memory),
        metrics: metrics.clone(),
        clock: clock.clone(),
    });

    let (shutdown, stopped) = watch::channel(false);
    let handler = middleware::wrap(
        crate::http::router(gateway, routes),
        route_policy(),
        &settings_from_config::middleware(&config.server),
        metrics.clone(),
        clock.clone(),
    );
    let server_settings = settings_from_config::server(&config.server);
    let shutdown_clients = shutdown_signal(stopped.clone(), Some(health.clone()));
    let serve_clients = serve::run(api, handler, server_settings.clone(), shutdown_clients, metrics.clone());
    let serve_operators = ops_server::serve_on_thread(
        ops.into_std()?,
        ops_server::handler(health.clone(), metrics.clone()),
        server_settings,
        shutdown_signal(stopped, None),
        metrics,
    )?;
    let purge = tokio::spawn(maintenance::run(store.clone(), clock));
    let monitor = tokio::spawn(rollback_monitor::run(rollback_detector.clone()));
    let task = tokio::spawn(async move {
        let (clients, _) = tokio::join!(serve_clients, serve_operators);
        purge.abort();
        key_reload.abort();
        monitor.abort();
        credential_tasks.stop().await;
        rollback_monitor::record(&rollback_detector, store.response_timeout()).await;
        store.close().await;
        tracing::info!(aborted_connections = clients.aborted, "stopped");
    });
    tracing::info!(%api_address, %ops_address, instance = instance.id, version = env!("CARGO_PKG_VERSION"), "listening");
    Ok(RunningGateway { api: api_address, ops: ops_address, health, shutdown, task })
}

/// `odoo-gateway serve`: runs until the process receives SIGTERM or SIGINT.
///
/// # Errors
/// See [`start`].
pub async fn serve(config: &Config, clock: Clock) -> Result<(), Box<dyn Error>> {
    let file = config.file().map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    tracing::info!(configuration_file = file, version = env!("CARGO_PKG_VERSION"), "starting");
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    // Install the signal handlers before the gateway listens, so that no signal is lost.
    let termination = termination_signal()?;
    let running = start(config, clock).await?;
    // Logs the result of each check. Requests do not wait for it.
    let health = running.health.clone();
    let first_report = tokio::spawn(async move { health.report().await });
    termination.await;
    first_report.abort();
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

/// Returns the administration of the gateway, with the same store and Odoo databases.
///
/// # Errors
/// Fails if the store or the source of the master keys cannot be used.
pub async fn administration(config: &Config, clock: Clock) -> Result<Administration, Box<dyn Error>> {
    let store = Store::open(&config.store).await?;
    store.migrate().await?;
    let instance = store.instance(&clock).await?;
    let sources = key_sources(config).await?;
    Ok(Administration {
        key_provider: key_provider(config, &store, &instance, sources.clone(), &clock),
        rollback_detector: rollback_detector(&store, &sources, &instance),
        sources,
        databases: databases(config, &clock, &Arc::new(Metrics::new()))?,
        store,
        clock,
        actor: format!("cli:{}", std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned())),
    })
}

fn termination_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let failed = |cause| {
        format!(
            "cannot listen on {address}: {cause}. Stop the process that uses the address, or change server.listen or \
             ops.listen."
        )
    };
    TcpListener::bind(address).await.map_err(failed)
}

/// Resolves at shutdown, and makes the gateway not ready.
async fn shutdown_signal(mut stopped: watch::Receiver<bool>, health: Option<Arc<Health>>) {
    // An error means that the sender was dropped, which is a shutdown too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
    if let Some(health) = health {
        health.stop();
    }
}

/// Returns the provider of this installation's keys.
fn key_provider(
    config: &Config,
    store: &Store,
    instance: &Instance,
    sources: KeySources,
    clock: &Clock,
) -> KeyProvider {
    KeyProvider::new(
        store.clone(),
        instance.id.clone(),
        sources,
        settings_from_config::may_create_key(config),
        clock.clone(),
    )
}

/// Returns the sources of master keys, including the output of the command.
async fn key_sources(config: &Config) -> Result<KeySources, SecretError> {
    let mut sources = settings_from_config::key_sources(&config.secrets, |name| std::env::var_os(name));
    if !config.secrets.master_key_command.is_empty() {
        sources.command = Some(run_key_command(&config.secrets.master_key_command).await?);
    }
    Ok(sources)
}

/// Returns the rollback detector. Its file is in the folder of the master key file.
fn rollback_detector(store: &Store, sources: &KeySources, instance: &Instance) -> RollbackDetector {
    RollbackDetector::new(store.clone(), sources.file.parent().unwrap_or_else(|| Path::new(".")), &instance.id)
}

/// Creates the Odoo databases.
fn databases(config: &Config, clock: &Clock, metrics: &Arc<Metrics>) -> Result<Databases, SettingsError> {
    let cache_settings = settings_from_config::metadata_cache(&config.schema);
    let mut databases = Vec::with_capacity(config.odoo.len());
    for odoo in &config.odoo {
        let (name, settings) = settings_from_config::odoo(odoo)?;
        let transport = Transport::new(odoo.connect_timeout, odoo.keep_idle)?;
        databases.push(Database::new(name, settings, &cache_settings, transport, metrics.clone(), clock.clone())?);
    }
    Ok(Databases::new(databases))
}
