//! `odoo-gateway check`: tests everything that the gateway depends on.
//!
//! ```text
//! gateway          settings, store, master key, memory, API keys, proxies in front of the gateway
//!  ├─ files             what other users of the machine can read or change
//!  └─ running_gateway   what a gateway on this machine has seen
//! odoo_server      connection, certificate, version, database, clock, workers, proxy mode
//! odoo_user        web.base.url, Odoo API keys, and response schemas (schemas), as a user sees them
//! finding          the result of checking one part; finding_kind: all kinds, and why they matter
//! ```
//!
//! In: a configuration, and optionally a user whose access rights apply. Out: a [`Finding`] for each part, with what to
//! fix. Must not know: other credentials, how findings are printed. The command creates nothing: no store, no key, no
//! folder.

mod files;
mod finding;
mod finding_kind;
mod gateway;
mod odoo_server;
mod odoo_user;
mod running_gateway;
mod schemas;

use std::sync::Arc;

use futures_util::future::join_all;

pub use self::finding::Finding;
pub use self::finding_kind::{FindingStatus, finding_codes};
pub use self::odoo_user::CheckUser;

use self::finding_kind::FindingKind;
use self::gateway::check_gateway;
use self::odoo_server::OdooPart;
use self::odoo_user::{LoggedInUser, login_missing};
use crate::clock::Clock;
use crate::config::Config;
use crate::telemetry::metrics::Metrics;

/// Checks the gateway's own parts and every database, with a `user` also what this user sees there.
pub async fn check(config: &Config, user: Option<&CheckUser>, clock: &Clock) -> Vec<Finding> {
    let mut found = check_gateway(config, clock).await;
    let databases = match super::databases(config, clock, &Arc::new(Metrics::new())) {
        Ok(databases) => databases,
        Err(error) => {
            let change = "correct this setting of the [[odoo]] entry";
            found.push(Finding::new(FindingKind::OdooSettingInvalid, "odoo", error.to_string(), change));
            return found;
        }
    };
    let parts = config.odoo.iter().zip(databases.iter()).enumerate().map(|(index, (entry, database))| OdooPart {
        name: format!("odoo {} ({})", entry.name, entry.url),
        index,
        entry,
        database: Arc::clone(database),
    });
    let parts: Vec<OdooPart<'_>> = parts.collect();
    // One of them may take seconds.
    let checks = parts.iter().map(|part| check_database(part, config, user, clock));
    found.extend(join_all(checks).await.into_iter().flatten());
    if user.is_none() {
        found.push(login_missing(config));
    }
    found
}

async fn check_database(part: &OdooPart<'_>, config: &Config, user: Option<&CheckUser>, clock: &Clock) -> Vec<Finding> {
    let (mut found, version) = part.check_server(clock).await;
    let Some(version) = version else { return found };
    let mut has_tls_proxy = part.entry.url.scheme() == "https";
    if let Some(user) = user {
        match LoggedInUser::log_in(part, config, user).await {
            Ok(user) => {
                let seen = user.check_base_url().await;
                has_tls_proxy |= seen.base_url.is_some_and(|url| url.scheme() == "https");
                found.extend(seen.found);
                found.extend(user.check_keys(&version, clock).await);
                found.extend(user.check_schemas().await);
            }
            Err(rejected) => found.push(rejected),
        }
    }
    if has_tls_proxy {
        found.extend(part.check_proxy_mode().await);
    }
    found
}
