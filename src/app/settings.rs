//! Configuration, translated into what each room wants to be told.
//!
//! In: sections of the configuration. Out: settings of rooms. Must not know: anything else.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::auth::oauth1::OAuth1Settings;
use crate::auth::{OAuthSettings, PasswordSettings, Rate, ThrottleSettings, TokenSettings};
use crate::config::{
    AuthConfig, Config, Create, DatabaseUrl, MethodCallsConfig, OAuth1Config, OdooConfig, RestfulConfig,
    RestfulModelConfig, SchemaConfig, SecretsConfig, ServerConfig, ThrottleConfig,
};
use crate::http::middleware::{BodyLimits, LayerSettings};
use crate::http::{RestfulModels, Schemas};
use crate::names::{DatabaseName, ModelName};
use crate::odoo::{KnowledgeSettings, MethodCalls, OdooSettings, SettingsError};
use crate::secret::KeySources;
use crate::serve::EdgeSettings;

/// How long a password check may wait for its turn before the caller is told to come back.
const CHECK_WAIT: Duration = Duration::from_secs(10);

pub(super) fn passwords(auth: &AuthConfig) -> PasswordSettings {
    PasswordSettings {
        failure_floor: auth.failure_floor,
        refusal_ttl: auth.refusal_ttl,
        identity_ttl: auth.identity_ttl,
        checks_in_flight: count(auth.password_checks_in_flight),
        check_wait: CHECK_WAIT,
    }
}

pub(super) fn tokens(config: &Config, api: SocketAddr) -> TokenSettings {
    let (auth, oauth) = (&config.auth, &config.oauth);
    TokenSettings {
        failure_floor: auth.failure_floor,
        access_token_idle: auth.access_token_idle,
        oauth: OAuthSettings {
            issuer: issuer(&config.server, api),
            code_ttl: oauth.code_ttl,
            access_ttl: oauth.access_ttl,
            refresh_idle: oauth.refresh_idle,
            refresh_ttl: oauth.refresh_ttl,
            refresh_grace: oauth.refresh_grace,
            session_idle: oauth.session_idle,
            session_ttl: oauth.session_ttl,
        },
    }
}

pub(super) fn oauth1(oauth1: &OAuth1Config) -> OAuth1Settings {
    OAuth1Settings {
        timestamp_window: oauth1.timestamp_window,
        request_token_lifetime: oauth1.request_token_lifetime,
        access_token_idle: oauth1.access_token_idle,
        insecure_http: oauth1.insecure_http,
        rsa_sha1: oauth1.rsa_sha1,
        plaintext: oauth1.plaintext,
        double_encoded_signature: oauth1.double_encoded_signature,
    }
}

/// Whom tokens are from: how clients reach the gateway, as configured, and never what a request says.
fn issuer(server: &ServerConfig, api: SocketAddr) -> String {
    match &server.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{api}"),
    }
}

pub(super) fn throttle(throttle: &ThrottleConfig) -> ThrottleSettings {
    let rate = |rate: &crate::config::Rate| Rate { burst: rate.burst, per_minute: rate.per_minute };
    ThrottleSettings {
        address_and_login: rate(&throttle.per_address_and_login),
        login: rate(&throttle.per_login),
        address: rate(&throttle.per_address),
        global: rate(&throttle.global),
    }
}

/// What systemd calls the credential that holds the master keys.
const CREDENTIAL: &str = "odoo-gateway.master-key";

/// Where master keys may lie, by the settings and by what `variable` tells of the environment; the command is yet to run.
pub(super) fn key_sources(secrets: &SecretsConfig, variable: impl Fn(&str) -> Option<OsString>) -> KeySources {
    let folder = |name: &str| variable(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let own = || {
        let settings = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
        settings.unwrap_or_else(|| PathBuf::from("/etc")).join("odoo-gateway")
    };
    let file = secrets.master_key_file.clone();
    KeySources {
        credential: folder("CREDENTIALS_DIRECTORY").map(|folder| folder.join(CREDENTIAL)),
        file: file.unwrap_or_else(|| folder("CONFIGURATION_DIRECTORY").unwrap_or_else(own).join("master.key")),
        command: None,
        environment: variable("ODOO_GATEWAY_MASTER_KEY").and_then(|text| text.into_string().ok()).map(Into::into),
    }
}

/// Whether a missing master key may be made.
pub(super) fn may_create_key(config: &Config) -> bool {
    match config.secrets.create_master_key {
        Create::Always => true,
        Create::Never => false,
        Create::Auto => matches!(config.store.url, DatabaseUrl::Sqlite { .. }),
    }
}

pub(super) fn knowledge(schema: &SchemaConfig) -> KnowledgeSettings {
    KnowledgeSettings { ttl: schema.ttl, capacity: schema.max_entries.into() }
}

pub(super) fn restful(restful: &RestfulConfig) -> RestfulModels {
    let schemas = |entry: &RestfulModelConfig| Schemas {
        read: entry.read.clone(),
        create: entry.create.clone(),
        update: entry.update.clone(),
    };
    let named = restful.models.iter().filter_map(|(name, entry)| Some((ModelName::parse(name).ok()?, schemas(entry))));
    RestfulModels::new(named.collect(), restful.models.get("*").map(schemas))
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
        report_concurrency: count(odoo.report_concurrency),
        answer_cap: usize::try_from(odoo.answer_cap).unwrap_or(usize::MAX),
        method_calls: match odoo.method_calls {
            MethodCallsConfig::Auto => MethodCalls::Auto,
            MethodCallsConfig::XmlRpc => MethodCalls::XmlRpc,
        },
        answer_memory: odoo.answer_memory,
        call_cap: usize::try_from(odoo.call_cap).unwrap_or(usize::MAX),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_file_is_looked_for_where_settings_are_kept() {
        let config = Config::load(None, []).unwrap();
        let file = |variables: &[(&str, &str)]| {
            let found = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, text)| text.into());
            let sources = key_sources(&config.secrets, found);
            (sources.file.display().to_string(), sources.credential.map(|file| file.display().to_string()))
        };
        assert_eq!(file(&[("HOME", "/h")]).0, "/h/.config/odoo-gateway/master.key");
        assert_eq!(file(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]).0, "/x/odoo-gateway/master.key");
        assert_eq!(file(&[("HOME", "/h"), ("CONFIGURATION_DIRECTORY", "/etc/ogw")]).0, "/etc/ogw/master.key");
        assert_eq!(file(&[("CREDENTIALS_DIRECTORY", "/run/c")]).1.unwrap(), "/run/c/odoo-gateway.master-key");
    }
}
