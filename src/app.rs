//! The composition root: builds a running gateway from a configuration.
//!
//! ```text
//! settings_from_config  configuration → settings of each module
//! listeners             sockets: from systemd, or new
//! served_parts          what serves requests, and what of it a reload rebuilds
//! reload                reads the configuration again at SIGHUP
//! maintenance           deletes expired rows, reloads rotated keys
//! credential_tasks      keep the credentials in memory current
//! odoo_key_task         renews Odoo API keys that end soon
//! lease_task            renews what this gateway holds of the limits that all gateways share
//! rollback_monitor      records the state of the store, to detect a restored backup
//! process_hardening     no core files, no inspection by other processes
//! small_pages           no transparent huge pages
//! readiness             the checks of /readyz
//! demo_registration     applications of the public demonstration
//! backup                `odoo-gateway backup` and `restore FILE`
//! check                 `odoo-gateway check`: what works, and what to fix
//! typed_document        `odoo-gateway openapi --models`: the document of certain models
//! ```
//!
//! In: [`Config`]. Out: listeners that serve requests. Must not know: how a module works. Only this module knows all
//! others.

mod backup;
mod check;
mod credential_tasks;
mod demo_registration;
mod lease_task;
mod listeners;
mod maintenance;
mod odoo_key_task;
mod process_hardening;
mod readiness;
mod reload;
mod rollback_monitor;
mod served_parts;
mod settings_from_config;
mod small_pages;
mod typed_document;

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

pub use self::backup::{RestoredBackup, back_up, restore_backup};
pub use self::check::{CheckUser, Finding, FindingStatus, check, finding_codes};
pub use self::listeners::InheritedSockets;
pub use self::process_hardening::disable_core_dumps;
pub use self::reload::LoadConfig;
pub use self::settings_from_config::token_settings;
pub use self::small_pages::use_small_pages;
pub use self::typed_document::{DocumentUser, typed_document};

use self::credential_tasks::CredentialTasks;
use self::lease_task::SharedLimits;
use self::listeners::Listeners;
use self::reload::Reloader;
use self::served_parts::LastingParts;
use crate::admin::Administration;
use crate::auth::{KeyProvider, Throttle, TokenServices};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::middleware::CurrentStack;
use crate::http::{BodyBudget, SiteConfig};
use crate::idempotency::IdempotencyStore;
use crate::odoo::{Databases, SettingsError};
use crate::ops_server::{self, Health};
use crate::secret::{KeySources, SecretError, run_key_command};
use crate::serve::{self, ServerSettings};
use crate::store::{Instance, RollbackDetector, Store};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::SpanExporter;

/// How long the listener for operators waits for its requests at the end.
const OPERATORS_GRACE: Duration = Duration::from_secs(2);

/// A gateway that serves requests.
#[derive(Debug)]
pub struct RunningGateway {
    /// The address for clients.
    pub api: SocketAddr,
    /// The address for operators.
    pub ops: SocketAddr,
    health: Arc<Health>,
    reloader: Reloader,
    shutdown: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl RunningGateway {
    /// Becomes not ready, stops accepting connections after the shutdown delay, waits for requests in flight within the
    /// grace period, and closes the store.
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
    start_with(config, InheritedSockets::default(), clock).await
}

async fn start_with(
    config: &Config,
    inherited: InheritedSockets,
    clock: Clock,
) -> Result<RunningGateway, Box<dyn Error>> {
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
        login_tokens: settings_from_config::login_token_limits(&config.auth),
        odoo_keys: settings_from_config::odoo_keys(&config.odoo_keys),
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
    let Listeners { api, ops, api_is_shared } = Listeners::open(config, inherited).await?;
    let (api_address, ops_address) = (api.local_addr()?, ops.local_addr()?);
    let token_settings = token_settings(config, api_address);
    let site = SiteConfig::new(config.server.public_url.as_ref(), &token_settings.oauth2.issuer);
    let tokens =
        TokenServices::new(store.clone(), key_provider.clone(), token_settings, throttle.clone(), clock.clone());
    let shared_limits = SharedLimits::new(&store, tokens.shared_limits.clone(), &databases, metrics.clone())?;
    let lease_task = shared_limits.start().await;
    let health = readiness::health(&store, &key_provider, &shared_limits).on_runtime(Handle::current());
    let health = Arc::new(health);
    health.replace_databases(readiness::database_checks(&databases));
    let interval = config.store.credential_poll;
    let uses = (tokens.recent_uses.clone(), tokens.usage_counts.clone());
    let credential_tasks = CredentialTasks::start(store.clone(), interval, uses, metrics.clone());
    let trace_settings = settings_from_config::traces(&config.traces);
    let traces = trace_settings.map(|settings| SpanExporter::start(settings, metrics.clone(), clock.clone()));
    let (span_exporter, tracer) = traces.transpose()?.unzip();
    // The databases of the start would stay in memory after a reload replaced them.
    let admin = Administration { databases: Databases::new(Vec::new()), ..admin };
    let (shutdown, stopped) = watch::channel(false);
    let (uses, grace) = (tokens.odoo_key_uses.clone(), config.server.shutdown_grace);
    let odoo_keys = odoo_key_task::run(uses, admin.clone(), metrics.clone(), stopped.clone(), grace);
    let odoo_keys = tokio::spawn(odoo_keys);
    // Otherwise nothing would ever set back the failures from before the renewal was switched off.
    if config.odoo_keys.renew {
        let failing = odoo_key_task::count_failing(store.clone(), clock.clone(), metrics.clone(), stopped.clone());
        tokio::spawn(failing);
    }
    let lasting = LastingParts {
        admin,
        tokens: Arc::new(tokens),
        throttle,
        shared_limits,
        idempotency,
        body_budget: BodyBudget::new(config.server.body_memory),
        site,
        metrics: metrics.clone(),
        tracer,
        clock: clock.clone(),
    };
    let served = lasting.first(config, databases)?;
    lasting.shared_limits.replace_checks(served.check_slots());
    let stack = CurrentStack::new(lasting.stack(&served));
    let handler = stack.handler();
    let reloader = Reloader::new(lasting, served, stack, health.clone());

    let server_settings = settings_from_config::server(&config.server, api_is_shared);
    let shutdown_clients = shutdown_signal(stopped, health.clone());
    let serve_clients = serve::run(api, handler, server_settings.clone(), shutdown_clients, metrics.clone());
    // Operators see that the gateway is not ready until the last client is served.
    let (clients_served, all_served) = oneshot::channel::<()>();
    let serve_operators = ops_server::serve_on_thread(
        ops.into_std()?,
        ops_server::handler(health.clone(), metrics.clone()),
        ServerSettings {
            shutdown_delay: Duration::ZERO,
            shares_address: false,
            grace: OPERATORS_GRACE,
            ..server_settings
        },
        async move { drop(all_served.await) },
        metrics,
    )?;
    let purge = tokio::spawn(maintenance::run(store.clone(), clock));
    let monitor = tokio::spawn(rollback_monitor::run(rollback_detector.clone()));
    let task = tokio::spawn(async move {
        let clients = serve_clients.await;
        if let Some(exporter) = span_exporter {
            exporter.stop().await;
        }
        drop(clients_served);
        // Fails if the thread for operators has ended before, which is not an error now.
        let _ = serve_operators.await;
        purge.abort();
        if let Err(cause) = odoo_keys.await {
            tracing::error!(%cause, "a task failed");
        }
        key_reload.abort();
        monitor.abort();
        credential_tasks.stop().await;
        lease_task.stop().await;
        rollback_monitor::record(&rollback_detector, store.response_timeout()).await;
        store.close().await;
        tracing::info!(aborted_connections = clients.aborted, "stopped");
    });
    tracing::info!(%api_address, %ops_address, instance = instance.id, version = env!("CARGO_PKG_VERSION"), "listening");
    Ok(RunningGateway { api: api_address, ops: ops_address, health, reloader, shutdown, task })
}

/// `odoo-gateway serve`: runs until the process receives SIGTERM or SIGINT, and reloads the configuration at SIGHUP.
///
/// # Errors
/// See [`start`].
pub async fn serve(
    config: &Config,
    load: LoadConfig,
    inherited: InheritedSockets,
    clock: Clock,
) -> Result<(), Box<dyn Error>> {
    let file = config.file().map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    tracing::info!(configuration_file = file, version = env!("CARGO_PKG_VERSION"), "starting");
    // Also the console depends on where the gateway listens.
    let config = &inherited.addressed(config)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    // Install the signal handlers before the gateway listens, so that no signal is lost.
    let (termination, hangups) = (termination_signal()?, signal(SignalKind::hangup())?);
    let running = start_with(config, inherited, clock).await?;
    // Logs the result of each check. Requests do not wait for it.
    let health = running.health.clone();
    let first_report = tokio::spawn(async move { health.report().await });
    tokio::select! {
        () = termination => {}
        never = running.reloader.run(hangups, load) => match never {},
    }
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
        login_tokens: settings_from_config::login_token_limits(&config.auth),
        odoo_keys: settings_from_config::odoo_keys(&config.odoo_keys),
        store,
        clock,
        actor: cli_actor(),
    })
}

/// The actor of the command line in the audit log.
fn cli_actor() -> String {
    format!("cli:{}", std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned()))
}

fn termination_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at shutdown, and makes the gateway not ready.
async fn shutdown_signal(mut stopped: watch::Receiver<bool>, health: Arc<Health>) {
    // An error means that the sender was dropped, which is a shutdown too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
    health.stop();
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
    served_parts::databases(config, clock, metrics, None)
}
