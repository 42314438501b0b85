//! Configuration, translated into what each room wants to be told.
//!
//! In: sections of the configuration. Out: settings of rooms. Must not know: anything else.

use std::time::Duration;

use crate::auth::{PasswordSettings, Rate, ThrottleSettings};
use crate::config::{AuthConfig, OdooConfig, SchemaConfig, ServerConfig};
use crate::http::layers::{BodyLimits, LayerSettings};
use crate::names::DatabaseName;
use crate::odoo::{KnowledgeSettings, OdooSettings, SettingsError};
use crate::serve::EdgeSettings;

/// How long a password check may wait for its turn before the caller is told to come back.
const CHECK_WAIT: Duration = Duration::from_secs(10);

pub(super) fn passwords(auth: &AuthConfig) -> PasswordSettings {
    let rate = |rate: &crate::config::Rate| Rate { burst: rate.burst, per_minute: rate.per_minute };
    PasswordSettings {
        failure_floor: auth.failure_floor,
        refusal_ttl: auth.refusal_ttl,
        identity_ttl: auth.identity_ttl,
        checks_in_flight: count(auth.password_checks_in_flight),
        check_wait: CHECK_WAIT,
        throttle: ThrottleSettings {
            address_and_login: rate(&auth.throttle.per_address_and_login),
            login: rate(&auth.throttle.per_login),
            address: rate(&auth.throttle.per_address),
            global: rate(&auth.throttle.global),
        },
    }
}

pub(super) fn knowledge(schema: &SchemaConfig) -> KnowledgeSettings {
    KnowledgeSettings { ttl: schema.ttl, capacity: schema.max_entries.into() }
}

pub(super) fn odoo(odoo: &OdooConfig) -> Result<(DatabaseName, OdooSettings), SettingsError> {
    let name =
        |key, text: &str| DatabaseName::parse(text).map_err(|error| SettingsError { key, reason: error.to_string() });
    let database = name("odoo.database", &odoo.database)?;
    let settings = OdooSettings {
        response_timeout: odoo.response_timeout,
        total_timeout: odoo.response_timeout + Duration::from_secs(50),
        concurrency: count(odoo.concurrency),
        queue: count(odoo.queue),
        queue_wait: odoo.queue_wait,
        answer_cap: usize::try_from(odoo.answer_cap).unwrap_or(usize::MAX),
        ..OdooSettings::new(odoo.name.clone(), odoo.url.as_str(), database)
    };
    Ok((name("odoo.name", &odoo.name)?, settings))
}

pub(super) fn edge(server: &ServerConfig) -> EdgeSettings {
    EdgeSettings {
        first_byte: server.first_byte_timeout,
        head: server.header_timeout,
        keep_alive_idle: server.idle_timeout,
        slow_reader: server.write_timeout,
        grace: server.shutdown_grace,
        connections: count(server.max_connections),
        connections_per_address: count(server.max_connections_per_address),
        proxies: server.trusted_proxies.clone(),
        ..EdgeSettings::default()
    }
}

pub(super) fn layers(server: &ServerConfig) -> LayerSettings {
    LayerSettings {
        public_hosts: server.public_hosts.clone(),
        trusted_proxies: server.trusted_proxies.clone(),
        cors_origins: server.cors_origins.clone(),
        body: BodyLimits { largest: server.body_limit, grace: server.body_timeout, ..BodyLimits::default() },
        deadline: server.request_timeout,
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
