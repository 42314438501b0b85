//! Converts sections of the configuration into the settings of modules.
//!
//! In: sections of the configuration. Out: settings of modules. Must not know: how modules use them.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::admin::OdooKeySettings;
use crate::auth::oauth1::OAuth1Settings;
use crate::auth::{
    LoginTokenLimits, OAuth2Settings, OdooAuthenticatorSettings, SessionLifetime, ThrottleRate, ThrottleSettings,
    TokenSettings,
};
use crate::config::{
    AuthConfig, Config, ConsoleMode, CreateMasterKey, DatabaseUrl, DialectsConfig, MethodCallsConfig, OAuth1Config,
    OdooConfig, OdooKeysConfig, ProtocolConfig, RestfulConfig, RestfulModelConfig, SchemaConfig, SecretsConfig,
    ServerConfig, ThrottleConfig, TracesConfig,
};
use crate::http::middleware::MiddlewareSettings;
use crate::http::{BodyLimits, ConsoleSettings, DisplayedConfiguration, ModelSchemas, OfferedDialects, RestfulModels};
use crate::names::{DatabaseName, ModelName};
use crate::odoo::{MetadataCacheSettings, MethodCalls, OdooSettings, SettingsError, UpstreamProtocol};
use crate::secret::KeySources;
use crate::serve::ServerSettings;
use crate::telemetry::traces::TraceSettings;

/// How long a password check may wait for a slot before the request is rejected with `Retry-After`.
const CHECK_WAIT: Duration = Duration::from_secs(10);
/// How long the rest of a rejected request is read and discarded.
const LINGER: Duration = Duration::from_secs(2);
/// How long idle connections stay open after the shutdown signal.
const IDLE_GRACE: Duration = Duration::from_secs(1);
/// The minimum average rate, in bytes per second, of a body that takes longer than `server.body_timeout`.
const MIN_BODY_RATE: u64 = 16 * 1024;
/// The time for the transfer of an Odoo response after its first byte.
const TRANSFER_TIME: Duration = Duration::from_secs(50);
/// The number of consecutive connection failures after which calls to an Odoo server are rejected for
/// [`CIRCUIT_OPEN_TIME`].
const CIRCUIT_FAILURES: u32 = 5;
/// How long calls are rejected before the next attempt.
const CIRCUIT_OPEN_TIME: Duration = Duration::from_secs(5);

pub(super) fn odoo_authenticator(auth: &AuthConfig) -> OdooAuthenticatorSettings {
    OdooAuthenticatorSettings {
        min_failure_time: auth.failure_floor,
        rejection_ttl: auth.refusal_ttl,
        identity_ttl: auth.identity_ttl,
        checks_in_flight: count(auth.password_checks_in_flight),
        check_wait: CHECK_WAIT,
    }
}

/// The limits of login tokens.
pub(super) fn login_token_limits(auth: &AuthConfig) -> LoginTokenLimits {
    LoginTokenLimits { max_days: auth.login_token_max_days, per_user: auth.login_tokens_per_user }
}

/// When and how long Odoo API keys are renewed.
pub(super) fn odoo_keys(keys: &OdooKeysConfig) -> OdooKeySettings {
    OdooKeySettings {
        renew: keys.renew,
        renew_before: keys.renew_before,
        lifetime: keys.lifetime,
        revoke_after: keys.revoke_after,
    }
}

/// The settings of token services. `api` is the address for clients.
#[must_use]
pub fn token_settings(config: &Config, api: SocketAddr) -> TokenSettings {
    let (auth, oauth) = (&config.auth, &config.oauth);
    TokenSettings {
        min_failure_time: auth.failure_floor,
        access_token_idle: auth.access_token_idle,
        login_tokens: login_token_limits(auth),
        oauth1: oauth1(&config.oauth1),
        oauth2: OAuth2Settings {
            issuer: issuer(&config.server, api),
            code_ttl: oauth.code_ttl,
            access_ttl: oauth.access_ttl,
            refresh_idle: oauth.refresh_idle,
            refresh_ttl: oauth.refresh_ttl,
            refresh_grace: oauth.refresh_grace,
            session: SessionLifetime { idle: oauth.session_idle, total: oauth.session_ttl },
        },
        watches_odoo_keys: config.odoo_keys.renew,
        console_session: SessionLifetime { idle: config.console.session_idle, total: config.console.session_ttl },
    }
}

/// The settings of the console; `None` if it is not offered. By default it is offered only where the passwords and
/// cookies of its users do not cross a network in clear text.
pub(super) fn console(config: &Config) -> Option<ConsoleSettings> {
    let (console, server) = (&config.console, &config.server);
    let is_secure = server.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    let is_enabled = match console.enabled {
        ConsoleMode::Always => true,
        ConsoleMode::Never => false,
        ConsoleMode::Auto => is_secure || server.listen.ip().is_loopback(),
    };
    is_enabled.then(|| ConsoleSettings {
        admin_group: console.admin_group.clone(),
        personal_keys: console.personal_keys.then_some(console.personal_key_ttl),
        configuration: DisplayedConfiguration {
            settings: config.to_toml(),
            warnings: config.warnings().iter().map(ToString::to_string).collect(),
        },
    })
}

fn oauth1(oauth1: &OAuth1Config) -> OAuth1Settings {
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

/// The issuer of tokens, and the URL in examples: the configured URL of the gateway, never a value from a request,
/// which its sender chooses. Nobody can connect to an unspecified address such as `0.0.0.0`.
fn issuer(server: &ServerConfig, api: SocketAddr) -> String {
    match &server.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None if api.ip().is_unspecified() => format!("http://localhost:{}", api.port()),
        None => format!("http://{api}"),
    }
}

pub(super) fn throttle(throttle: &ThrottleConfig) -> ThrottleSettings {
    let rate = |rate: &crate::config::Rate| ThrottleRate { burst: rate.burst, per_minute: rate.per_minute };
    ThrottleSettings {
        address_and_login: rate(&throttle.per_address_and_login),
        login: rate(&throttle.per_login),
        address: rate(&throttle.per_address),
        global: rate(&throttle.global),
    }
}

/// The name of the systemd credential with the master keys.
const CREDENTIAL: &str = "odoo-gateway.master-key";

/// The sources of master keys, from the settings and the environment variables. The command is not run here.
pub(super) fn key_sources(secrets: &SecretsConfig, variable: impl Fn(&str) -> Option<OsString>) -> KeySources {
    let folder = |name: &str| variable(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    let user_folder = || {
        let settings = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
        settings.unwrap_or_else(|| PathBuf::from("/etc")).join("odoo-gateway")
    };
    let file = secrets.master_key_file.clone();
    KeySources {
        credential: folder("CREDENTIALS_DIRECTORY").map(|folder| folder.join(CREDENTIAL)),
        file: file.unwrap_or_else(|| folder("CONFIGURATION_DIRECTORY").unwrap_or_else(user_folder).join("master.key")),
        command: None,
        environment: variable("ODOO_GATEWAY_MASTER_KEY").and_then(|text| text.into_string().ok()).map(Into::into),
    }
}

/// The settings of traces; `None` if there are none.
pub(super) fn traces(traces: &TracesConfig) -> Option<TraceSettings> {
    let mut endpoint = traces.endpoint.clone()?;
    let path = format!("{}/v1/traces", endpoint.path().trim_end_matches('/'));
    endpoint.set_path(&path);
    let own = [("service.name", traces.service_name.as_str()), ("service.version", env!("CARGO_PKG_VERSION"))];
    let is_configured = |name: &str| traces.resource_attributes.iter().any(|(other, _)| other == name);
    let own = own.into_iter().filter(|(name, _)| !is_configured(name));
    Some(TraceSettings {
        endpoint,
        headers: traces.headers.clone(),
        sample_ratio: traces.sample_ratio,
        accept_parent: traces.accept_parent,
        resource: own
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .chain(traces.resource_attributes.iter().cloned())
            .collect(),
        timeout: traces.timeout,
    })
}

/// Whether to create a missing master key.
pub(super) fn may_create_key(config: &Config) -> bool {
    match config.secrets.create_master_key {
        CreateMasterKey::Always => true,
        CreateMasterKey::Never => false,
        CreateMasterKey::Auto => matches!(config.store.url, DatabaseUrl::Sqlite { .. }),
    }
}

pub(super) fn metadata_cache(schema: &SchemaConfig) -> MetadataCacheSettings {
    MetadataCacheSettings { ttl: schema.ttl, capacity: schema.max_entries.into() }
}

/// The dialects that are offered.
pub(super) fn dialects(dialects: &DialectsConfig) -> OfferedDialects {
    let DialectsConfig { restapi, api, restful, api_v1, rpc, json2 } = *dialects;
    OfferedDialects { restapi, api, restful, api_v1, rpc, json2 }
}

pub(super) fn restful(restful: &RestfulConfig) -> RestfulModels {
    let schemas = |entry: &RestfulModelConfig| ModelSchemas {
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
        name: odoo.name.clone(),
        url: odoo.url.to_string(),
        database,
        total_timeout: odoo.response_timeout + TRANSFER_TIME,
        concurrency: count(odoo.concurrency),
        queue: count(odoo.queue),
        queue_wait: odoo.queue_wait,
        report_concurrency: count(odoo.report_concurrency),
        answer_cap: usize::try_from(odoo.answer_cap).unwrap_or(usize::MAX),
        protocol: match odoo.protocol {
            ProtocolConfig::Auto => UpstreamProtocol::Auto,
            ProtocolConfig::XmlRpc => UpstreamProtocol::XmlRpc,
            ProtocolConfig::Json2 => UpstreamProtocol::Json2,
        },
        json2_names_database: odoo.json2_names_database,
        method_calls: match odoo.method_calls {
            MethodCallsConfig::Auto => MethodCalls::Auto,
            MethodCallsConfig::XmlRpc => MethodCalls::XmlRpc,
        },
        share_reads: odoo.share_reads,
        answer_memory: odoo.answer_memory,
        call_cap: usize::try_from(odoo.call_cap).unwrap_or(usize::MAX),
        failures_to_open: CIRCUIT_FAILURES,
        open_for: CIRCUIT_OPEN_TIME,
    };
    Ok((name("odoo.name", &odoo.name)?, settings))
}

/// `shares_address`: whether another process may listen at the same address.
pub(super) fn server(server: &ServerConfig, shares_address: bool) -> ServerSettings {
    ServerSettings {
        first_byte: server.first_byte_timeout,
        head: server.header_timeout,
        keep_alive_idle: server.idle_timeout,
        slow_reader: server.write_timeout,
        shutdown_delay: server.shutdown_delay,
        shares_address,
        grace: server.shutdown_grace,
        connections: count(server.max_connections),
        connections_per_address: count(server.max_connections_per_address),
        trusted_proxies: server.trusted_proxies.clone(),
        linger: LINGER,
        idle_grace: IDLE_GRACE,
    }
}

pub(super) fn middleware(server: &ServerConfig) -> MiddlewareSettings {
    MiddlewareSettings {
        public_hosts: server.public_hosts.clone(),
        trusted_proxies: server.trusted_proxies.clone(),
        cors_origins: server.cors_origins.clone(),
        body: BodyLimits {
            largest: server.body_limit,
            max_values: count(server.body_max_values),
            grace: server.body_timeout,
            slowest: MIN_BODY_RATE,
        },
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
    fn nobody_is_sent_to_an_unspecified_address() {
        let mut server = Config::load(None, []).unwrap().server;
        let issuer = |server: &ServerConfig, api: &str| issuer(server, api.parse().unwrap());
        assert_eq!(issuer(&server, "127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(issuer(&server, "[::1]:8080"), "http://[::1]:8080");
        for unspecified in ["0.0.0.0:8080", "[::]:8080"] {
            assert_eq!(issuer(&server, unspecified), "http://localhost:8080");
        }
        server.public_url = Some("https://gw.example/odoo/".parse().unwrap());
        assert_eq!(issuer(&server, "0.0.0.0:8080"), "https://gw.example/odoo");
    }

    #[test]
    fn the_key_file_is_in_the_configuration_folder() {
        let config = Config::load(None, []).unwrap();
        let file = |variables: &[(&str, &str)]| {
            let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, text)| text.into());
            let sources = key_sources(&config.secrets, variable);
            (sources.file.display().to_string(), sources.credential.map(|file| file.display().to_string()))
        };
        assert_eq!(file(&[("HOME", "/h")]).0, "/h/.config/odoo-gateway/master.key");
        assert_eq!(file(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]).0, "/x/odoo-gateway/master.key");
        assert_eq!(file(&[("HOME", "/h"), ("CONFIGURATION_DIRECTORY", "/etc/ogw")]).0, "/etc/ogw/master.key");
        assert_eq!(file(&[("CREDENTIALS_DIRECTORY", "/run/c")]).1.unwrap(), "/run/c/odoo-gateway.master-key");
    }
}
