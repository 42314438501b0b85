//! Checks of the gateway's own parts: settings, store, master key, memory, API keys, and proxies in front of it.
//!
//! In: a configuration. Out: [`Finding`]s. Must not know: Odoo, how findings are printed. Nothing is created.

use std::error::Error;

use super::finding_kind::FindingKind;
use super::{Finding, files, running_gateway};
use crate::admin::odoo_key_remedies;
use crate::app::settings_from_config::may_create_key;
use crate::app::{disable_core_dumps, key_provider, key_sources, rollback_detector};
use crate::auth::{KeyProvider, MasterKeyState};
use crate::clock::{Clock, format_timestamp};
use crate::config::{Config, DatabaseUrl, ServerConfig, SettingLine, StoreConfig};
use crate::secret::{KeySources, SecretError, TokenKind};
use crate::store::{ListedOdooKey, Store, StoreError, StoredToken};

/// How long before its end a key is reported.
pub(super) const NOTICE: time::Duration = time::Duration::days(14);
/// The most failures that are read, one for each kind and account of the tokens that use a key.
const MAX_FAILING_KEYS: u32 = 200;

/// An address that a proxy could have.
const EXAMPLE_PROXY: &str = "10.0.0.5";

/// Checks everything but Odoo.
pub(super) async fn check_gateway(config: &Config, clock: &Clock) -> Vec<Finding> {
    let mut found: Vec<Finding> = config.warnings().into_iter().map(Finding::from).collect();
    let sources = key_sources(config).await;
    let exposed = files::exposed_files(config, sources.as_ref().ok().map(|sources| sources.file.as_path()));
    found.push(store(&config.store).await);
    found.extend(exposed);
    found.push(master_key(config, clock, sources).await);
    found.extend(keys(&config.store, clock).await);
    found.extend(hidden_clients(&config.server));
    found.extend(ignored_addresses(config).await);
    found.push(memory());
    found
}

async fn store(config: &StoreConfig) -> Finding {
    let version = async {
        let Some(store) = Store::open_existing(config).await? else {
            let location = Store::configured_location(config)?;
            return Ok(format!("does not exist yet; the first start creates it in {location}"));
        };
        let version = store.version().await;
        store.close().await;
        version
    };
    match version.await {
        Ok(version) => Finding::ok("store", version),
        Err(cause) => unusable_store(config, &cause),
    }
}

fn unusable_store(config: &StoreConfig, cause: &StoreError) -> Finding {
    let (change, example) = match config.url {
        DatabaseUrl::Sqlite { .. } => (
            "name a file in a folder that the user of the gateway can write to; in a container, mount a volume there",
            "sqlite:/var/lib/odoo-gateway/gateway.db",
        ),
        DatabaseUrl::Postgres { .. } => (
            "try the same URL and password with `psql`, then correct store.url or store.password_file",
            "postgres://odoo_gateway@db.example.com:5432/odoo_gateway",
        ),
    };
    let line = SettingLine::new("store", "url", example);
    Finding::new(FindingKind::StoreUnusable, "store", cause.to_string(), change).with_setting(&line)
}

type KeyFound = Result<MasterKeyState, Box<dyn Error>>;

/// Checks the source of the master key, and whether it opens the secrets in the store.
async fn master_key(config: &Config, clock: &Clock, sources: Result<KeySources, SecretError>) -> Finding {
    let found: KeyFound = async {
        let sources = sources?;
        match Store::open_existing(&config.store).await? {
            None => without_store(config, &sources),
            Some(store) => {
                let found = with_store(config, clock, &store, &sources).await;
                store.close().await;
                found
            }
        }
    }
    .await;
    let line = SettingLine::new("secrets", "master_key_file", "/etc/odoo-gateway/master.key");
    match found {
        Ok(state) if state.is_missing() => {
            let change = "run `odoo-gateway keys add` once, and copy the file to every gateway";
            Finding::new(FindingKind::MasterKeyMissing, "master key", state.to_string(), change).with_setting(&line)
        }
        Ok(state) => Finding::ok("master key", state.to_string()),
        Err(cause) => {
            let change = "correct the file or its rights, or name the file with the key that this store was used with";
            Finding::new(FindingKind::MasterKeyUnusable, "master key", cause.to_string(), change).with_setting(&line)
        }
    }
}

/// Without a store there are no sealed secrets.
fn without_store(config: &Config, sources: &KeySources) -> KeyFound {
    Ok(KeyProvider::inspect_unused(sources, may_create_key(config))?)
}

async fn with_store(config: &Config, clock: &Clock, store: &Store, sources: &KeySources) -> KeyFound {
    if !store.is_migrated().await? {
        return without_store(config, sources);
    }
    let instance = store.instance(clock).await?;
    rollback_detector(store, sources, &instance).check().await?;
    Ok(key_provider(config, store, &instance, sources.clone(), clock).inspect().await?)
}

/// Warns of API keys that end soon, and of Odoo API keys whose renewal fails. A store that cannot be read has a finding
/// of its own.
async fn keys(config: &StoreConfig, clock: &Clock) -> Vec<Finding> {
    let Ok(Some(store)) = Store::open_existing(config).await else { return Vec::new() };
    let keys = store.tokens(TokenKind::ApiKey, clock.now()).await.unwrap_or_default();
    let failing = store.failing_odoo_keys(MAX_FAILING_KEYS).await.unwrap_or_default();
    store.close().await;
    let limit = (clock.now() + NOTICE).unix_timestamp();
    let ends_soon = |key: &StoredToken| key.disabled_at.is_none() && key.not_after.is_some_and(|end| end <= limit);
    let ending = keys.iter().filter(|key| ends_soon(key)).map(ending_key);
    ending.chain(failing.iter().map(failing_key)).collect()
}

fn ending_key(key: &StoredToken) -> Finding {
    let name = key.key.as_ref().map_or("", |terms| terms.name.as_str());
    let end = key.not_after.map(format_timestamp).unwrap_or_default();
    let change = "create a new key with `odoo-gateway key create`, give it to the client, and delete the old one";
    Finding::new(FindingKind::ApiKeyEnds, "API key", format!("{name:?} ends at {end}"), change)
}

fn failing_key(key: &ListedOdooKey) -> Finding {
    let (login, database) = (&key.login, &key.database);
    let end = key.ends_at.map_or_else(String::new, |end| format!(", which ends at {}", format_timestamp(end)));
    let failure = key.failure.as_deref().unwrap_or_default();
    let text = format!("the last attempt to renew an Odoo API key of {login} in {database}{end}, failed: {failure}");
    let mut change = vec!["see \"If it fails\" in docs/operations/odoo-keys.md.".to_owned()];
    change.extend(odoo_key_remedies(&key.users));
    Finding::new(FindingKind::OdooKeyNotRenewed, "Odoo API key", text, change.join(" "))
}

/// Warns if there is a reverse proxy, and its address is taken for that of every client.
fn hidden_clients(server: &ServerConfig) -> Option<Finding> {
    let has_proxy = server.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    let text = "server.public_url is https, so there is a reverse proxy, but server.trusted_proxies is empty";
    (has_proxy && server.trusted_proxies.is_empty()).then(|| trust_proxy(FindingKind::ProxyNotTrusted, text.to_owned()))
}

/// Warns if the gateway that runs on this machine has ignored addresses of clients.
async fn ignored_addresses(config: &Config) -> Option<Finding> {
    let ignored = running_gateway::ignored_forwarded_addresses(config.ops.listen).await.filter(|count| *count > 0)?;
    let text = format!(
        "the gateway that runs here has ignored X-Forwarded-For in {ignored} requests since its start, because the \
         sender is not in server.trusted_proxies"
    );
    Some(trust_proxy(FindingKind::ForwardedAddressIgnored, text))
}

fn trust_proxy(kind: FindingKind, text: String) -> Finding {
    let change = "name the address of your reverse proxy, as `peer` in the log of requests shows it";
    let line = SettingLine::new("server", "trusted_proxies", vec![EXAMPLE_PROXY]);
    Finding::new(kind, "proxy", text, change).with_setting(&line)
}

fn memory() -> Finding {
    match disable_core_dumps() {
        Ok(()) => Finding::ok("memory", "core files and inspection by other processes are disabled"),
        Err(cause) => {
            let change = "allow the process to lower its limits (setrlimit) and to call prctl";
            Finding::new(FindingKind::MemoryExposed, "memory", cause, change)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OdooKeyUser;

    #[test]
    fn a_renewal_that_fails_is_reported() {
        let user = OdooKeyUser { kind: TokenKind::OAuth1Access, account: "Shop".to_owned(), is_link: false };
        let key = ListedOdooKey {
            grant: "g".to_owned(),
            login: "ada".to_owned(),
            database: "shop".to_owned(),
            name: None,
            ends_at: Some(0),
            failures: 1,
            failure: Some("Access denied.".to_owned()),
            next_check_at: 0,
            is_previous_left: false,
            users: vec![user],
        };
        let text = failing_key(&key).to_string();
        let expected = "an Odoo API key of ada in shop, which ends at 1970-01-01T00:00:00Z, failed: Access denied.";
        assert!(text.contains(expected) && text.contains("Id:  odoo-key-not-renewed"), "{text}");
        assert!(text.contains("The user signs in to the application \"Shop\" again"), "{text}");
    }

    #[test]
    fn a_proxy_that_is_not_trusted_is_reported() {
        let server = |settings: &[(&str, &str)]| {
            let variables = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            Config::load(None, variables.collect::<Vec<_>>()).unwrap().server
        };
        let url = ("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com");
        assert!(hidden_clients(&server(&[url])).unwrap().to_string().contains("Id:  proxy-not-trusted"));
        let trusted = ("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "[\"10.0.0.5\"]");
        assert_eq!(hidden_clients(&server(&[url, trusted])), None);
        assert_eq!(hidden_clients(&server(&[])), None);
    }
}
