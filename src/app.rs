//! The composition root: a configuration becomes a running gateway.
//!
//! ```text
//! settings  configuration → what each room wants to be told
//! upkeep    what has ended is deleted; keys that were exchanged elsewhere are opened
//! lookout   what was last seen of the store is remembered
//! memory    nobody else looks into this process
//! readiness what /readyz depends on
//! demo      applications for whoever asks
//! check     `odoo-gateway check`: what works, and how to mend what does not
//! ```
//!
//! In: [`Config`]. Out: listeners that answer. Must not know: how any room does its work. Nothing but this file knows
//! all rooms.

mod check;
mod demo;
mod maintenance;
mod process_hardening;
mod readiness;
mod rollback_monitor;
mod settings;

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;

pub use self::check::{Finding, Reader, Verdict, check};
pub use self::process_hardening::close_memory;

use crate::admin::Administration;
use crate::auth::oauth1::OAuth1;
use crate::auth::{Passwords, Throttle, Tokens, Vaults};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::{Gateway, LargeBodies, Parts, Site, middleware, problem_bodies};
use crate::idempotency::Repeats;
use crate::odoo::{Database, Databases, SettingsError, Transport};
use crate::ops::{self, Health};
use crate::secret::{KeySources, SecretError, run_key_command};
use crate::serve;
use crate::store::{Instance, Store, Witness};
use crate::telemetry::metrics::Metrics;

/// A gateway that listens.
#[derive(Debug)]
pub struct Running {
    /// Where clients are answered.
    pub api: SocketAddr,
    /// Where operators are answered.
    pub ops: SocketAddr,
    health: Arc<Health>,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Stops accepting, lets requests in flight finish within the grace period, and closes the store.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        self.ended().await;
    }

    /// Waits for the end.
    async fn ended(self) {
        if let Err(cause) = self.served.await {
            tracing::error!(%cause, "serving ended badly");
        }
    }
}

/// Opens the store, listens, and answers from then on. Odoo is not asked: with Odoo down the gateway runs and says so.
///
/// # Errors
/// When the store cannot be used or an address is taken.
pub async fn start(config: &Config, clock: Clock) -> Result<Running, Box<dyn Error>> {
    let store = Store::open(&config.store).await?;
    store.migrate().await?;
    let instance = store.instance(&clock).await?;
    let metrics = Arc::new(Metrics::new());
    let databases = databases(config, &clock, &metrics)?;
    let throttle = Arc::new(Throttle::new(settings::throttle(&config.auth.throttle), clock.clone()));
    let sources = key_sources(config).await?;
    let witness = witness(&store, &sources, &instance);
    // An older store than was seen has tokens in it that were revoked.
    witness.check().await?;
    let vaults = vaults(config, &store, &instance, sources.clone(), &clock);
    // What cannot be opened is told now rather than at the first request.
    vaults.existing().await?;
    let repeats = Repeats::new(store.clone(), vaults.clone(), clock.clone());
    let keys = tokio::spawn(maintenance::follow_keys(vaults.clone()));
    let admin = Administration {
        store: store.clone(),
        vaults: vaults.clone(),
        sources,
        witness: witness.clone(),
        databases: databases.clone(),
        clock: clock.clone(),
        actor: "demo".to_owned(),
    };
    if let Err(cause) = admin.seal_what_is_off().await {
        tracing::warn!(%cause, "what was switched off before this version is not sealed as being off");
    }
    for application in admin.exposed_applications().await.unwrap_or_default() {
        tracing::warn!(
            application = application.name(),
            "the store and the master key open the Odoo password of this application's user, because the secret it signs with \
             opens it too: give it secrets of their own with `odoo-gateway app rotate-secret`"
        );
    }
    let demo = demo::demo(&config.demo, admin, throttle.clone());
    let (api, ops) = (listen(config.server.listen).await?, listen(config.ops.listen).await?);
    let (api_address, ops_address) = (api.local_addr()?, ops.local_addr()?);
    let token_settings = settings::tokens(config, api_address);
    let site = Site::new(config.server.public_url.as_ref(), &token_settings.oauth.issuer);
    let health = Arc::new(readiness::health(&store, &vaults, &databases).on(Handle::current()));
    let tokens = Arc::new(Tokens::new(store.clone(), vaults, token_settings, throttle.clone(), clock.clone()));
    let passwords =
        Passwords::new(settings::passwords(&config.auth), throttle, store.clone(), &databases, clock.clone())?;
    let restful = settings::restful(&config.restful);
    let gateway = Gateway::new(Parts {
        databases,
        passwords,
        oauth1: OAuth1::new(tokens.clone(), settings::oauth1(&config.oauth1)),
        tokens,
        repeats,
        restful,
        demo,
        public_url: config.server.public_url.clone(),
        site,
        bodies: LargeBodies::new(config.server.body_memory),
        metrics: metrics.clone(),
        clock: clock.clone(),
    });

    let (stop, stopped) = watch::channel(false);
    let handler = middleware::wrap(
        crate::http::router(gateway),
        problem_bodies(),
        &settings::layers(&config.server),
        metrics.clone(),
        clock.clone(),
    );
    let edge = settings::edge(&config.server);
    let answer_clients =
        serve::run(api, handler, edge.clone(), told(stopped.clone(), Some(health.clone())), metrics.clone());
    let operators_answered = ops::serve_aside(
        ops.into_std()?,
        ops::handler(health.clone(), metrics.clone()),
        edge,
        told(stopped, None),
        metrics,
    )?;
    let upkeep = tokio::spawn(maintenance::run(store.clone(), clock));
    let lookout = tokio::spawn(rollback_monitor::run(witness.clone()));
    let served = tokio::spawn(async move {
        let (clients, _) = tokio::join!(answer_clients, operators_answered);
        upkeep.abort();
        keys.abort();
        lookout.abort();
        rollback_monitor::look(&witness).await;
        store.close().await;
        tracing::info!(cut = clients.cut, "stopped");
    });
    tracing::info!(%api_address, %ops_address, instance = instance.id, version = env!("CARGO_PKG_VERSION"), "listening");
    Ok(Running { api: api_address, ops: ops_address, health, stop, served })
}

/// `odoo-gateway serve`: runs until the process is told to stop.
///
/// # Errors
/// As [`start`].
pub async fn serve(config: &Config, clock: Clock) -> Result<(), Box<dyn Error>> {
    let file = config.file().map_or_else(|| "none".to_owned(), |file| file.display().to_string());
    tracing::info!(configuration_file = file, version = env!("CARGO_PKG_VERSION"), "starting");
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    // First of all: from the moment it listens, whoever asks it to stop is heard.
    let asked_to_stop = asked_to_stop()?;
    let running = start(config, clock).await?;
    // Each part is logged, the usable and the other. Nobody waits for an Odoo that is away.
    let health = running.health.clone();
    let first_look = tokio::spawn(async move { health.report().await });
    asked_to_stop.await;
    first_look.abort();
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

/// What administrators need to act, over the same store and Odoos as the gateway's.
///
/// # Errors
/// When the store cannot be used.
pub async fn administration(config: &Config, clock: Clock) -> Result<Administration, Box<dyn Error>> {
    let store = Store::open(&config.store).await?;
    store.migrate().await?;
    let instance = store.instance(&clock).await?;
    let sources = key_sources(config).await?;
    Ok(Administration {
        vaults: vaults(config, &store, &instance, sources.clone(), &clock),
        witness: witness(&store, &sources, &instance),
        sources,
        databases: databases(config, &clock, &Arc::new(Metrics::new()))?,
        store,
        clock,
        actor: format!("cli:{}", std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned())),
    })
}

fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
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
            "cannot listen on {address}: {cause}. Is another gateway running? server.listen and ops.listen choose other addresses."
        )
    };
    TcpListener::bind(address).await.map_err(failed)
}

/// Resolves when the stop is announced; from then on the process is not ready.
async fn told(mut stopped: watch::Receiver<bool>, health: Option<Arc<Health>>) {
    // An error means that nobody can stop us any more, which is a stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
    if let Some(health) = health {
        health.stop();
    }
}

/// The way to the keys of this installation.
fn vaults(config: &Config, store: &Store, instance: &Instance, sources: KeySources, clock: &Clock) -> Vaults {
    Vaults::new(store.clone(), instance.id.clone(), sources, settings::may_create_key(config), clock.clone())
}

/// Where master keys are, and what the command printed.
async fn key_sources(config: &Config) -> Result<KeySources, SecretError> {
    let mut sources = settings::key_sources(&config.secrets, |name| std::env::var_os(name));
    if !config.secrets.master_key_command.is_empty() {
        sources.command = Some(run_key_command(&config.secrets.master_key_command).await?);
    }
    Ok(sources)
}

/// Who remembers what was seen of the store, beside where the master key's file is or would be.
fn witness(store: &Store, sources: &KeySources, instance: &Instance) -> Witness {
    Witness::new(store.clone(), sources.file.parent().unwrap_or_else(|| Path::new(".")), &instance.id)
}

/// The databases, over one HTTP client for all of them.
fn databases(config: &Config, clock: &Clock, metrics: &Arc<Metrics>) -> Result<Databases, SettingsError> {
    let knowledge = settings::knowledge(&config.schema);
    let mut databases = Vec::with_capacity(config.odoo.len());
    for odoo in &config.odoo {
        let (name, settings) = settings::odoo(odoo)?;
        let transport = Transport::new(odoo.connect_timeout, odoo.keep_idle)?;
        databases.push(Database::new(name, settings, &knowledge, transport, metrics.clone(), clock.clone())?);
    }
    Ok(Databases::new(databases))
}
