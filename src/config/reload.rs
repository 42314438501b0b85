//! What a new configuration changes while the gateway runs, and what waits for a restart.
//!
//! In: the settings in effect, new settings. Out: the settings to use from now on, and the changed keys. Must not know:
//! how settings are applied.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret as _, SecretString};
use toml::{Table, Value};

use super::merge::member;
use super::{Config, DatabaseUrl};

/// The settings that change while the gateway runs: keys, and sections with everything below them. `Config::adopt` has
/// the same list in terms of fields.
const RELOADABLE: &[&str] = &[
    "server.public_hosts",
    "server.cors_origins",
    "server.body_limit",
    "server.body_max_values",
    "server.body_timeout",
    "server.request_timeout",
    "log.filter",
    "odoo",
    "auth.refusal_ttl",
    "auth.identity_ttl",
    "auth.password_checks_in_flight",
    "auth.throttle",
    "console.enabled",
    "console.admin_group",
    "console.personal_keys",
    "console.personal_key_ttl",
    "dialects",
    "docs",
    "demo",
    "schema",
    "restful",
];

/// The keys whose values differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigChanges {
    /// Those that take effect now.
    pub applied: Vec<String>,
    /// Those that take effect at the next start.
    pub need_restart: Vec<String>,
}

impl Config {
    /// These settings with the reloadable ones of `new`, and what differs. Values of secrets are compared, too.
    #[must_use]
    pub fn reloaded(&self, new: &Self) -> (Self, ConfigChanges) {
        let mut keys = changed_keys(&self.printable, &new.printable);
        for ((key, old), (_, new)) in self.secrets().into_iter().zip(new.secrets()) {
            if is_other_secret(old, new) {
                keys.insert(key.to_owned());
            }
        }
        let (applied, need_restart) = keys.into_iter().partition(|key| is_reloadable(key));
        let mut effective = self.clone();
        effective.adopt(new);
        (effective, ConfigChanges { applied, need_restart })
    }

    /// The secrets, which are redacted in `printable`.
    fn secrets(&self) -> [(&'static str, Option<&SecretString>); 4] {
        let url_password = match &self.store.url {
            DatabaseUrl::Postgres { password, .. } => password.as_ref(),
            DatabaseUrl::Sqlite { .. } => None,
        };
        [
            ("demo.password", self.demo.password.as_ref()),
            ("store.password", self.store.password.as_ref()),
            ("store.url", url_password),
            ("traces.headers", self.traces.headers.as_ref()),
        ]
    }

    /// Takes over the reloadable settings.
    fn adopt(&mut self, new: &Self) {
        let new_server = new.server.clone();
        self.server.public_hosts = new_server.public_hosts;
        self.server.cors_origins = new_server.cors_origins;
        self.server.body_limit = new_server.body_limit;
        self.server.body_max_values = new_server.body_max_values;
        self.server.body_timeout = new_server.body_timeout;
        self.server.request_timeout = new_server.request_timeout;
        self.log.filter.clone_from(&new.log.filter);
        self.odoo.clone_from(&new.odoo);
        self.auth.refusal_ttl = new.auth.refusal_ttl;
        self.auth.identity_ttl = new.auth.identity_ttl;
        self.auth.password_checks_in_flight = new.auth.password_checks_in_flight;
        self.auth.throttle = new.auth.throttle.clone();
        self.console.enabled = new.console.enabled;
        self.console.admin_group.clone_from(&new.console.admin_group);
        self.console.personal_keys = new.console.personal_keys;
        self.console.personal_key_ttl = new.console.personal_key_ttl;
        self.dialects = new.dialects.clone();
        self.docs = new.docs.clone();
        self.demo = new.demo.clone();
        self.schema = new.schema.clone();
        self.restful = new.restful.clone();
        self.unused_variables.clone_from(&new.unused_variables);
        for path in RELOADABLE {
            copy(path, &new.printable, &mut self.printable);
        }
    }
}

fn is_reloadable(key: &str) -> bool {
    RELOADABLE.iter().any(|path| covers(path, key))
}

/// Whether a key is `path` or below it.
fn covers(path: &str, key: &str) -> bool {
    key.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ']))
}

fn is_other_secret(old: Option<&SecretString>, new: Option<&SecretString>) -> bool {
    old.map(SecretString::expose_secret) != new.map(SecretString::expose_secret)
}

/// Copies a key or a section.
fn copy(path: &str, from: &Table, to: &mut Table) {
    match path.split_once('.') {
        Some((section, rest)) => {
            if let (Some(Value::Table(from)), Some(Value::Table(to))) = (from.get(section), to.get_mut(section)) {
                copy(rest, from, to);
            }
        }
        None => {
            if let Some(value) = from.get(path) {
                to.insert(path.to_owned(), value.clone());
            }
        }
    }
}

/// The paths of all values that differ. Odoo databases are compared by name.
fn changed_keys(old: &Table, new: &Table) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    compare_tables(old, new, "", &mut keys);
    keys
}

fn compare_tables(old: &Table, new: &Table, path: &str, keys: &mut BTreeSet<String>) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let path = member(path, name);
        match (old.get(name), new.get(name)) {
            (Some(Value::Table(old)), Some(Value::Table(new))) => compare_tables(old, new, &path, keys),
            (Some(Value::Array(old)), Some(Value::Array(new))) if path == "odoo" => {
                compare_tables(&by_name(old), &by_name(new), &path, keys);
                let order = |list: &[Value]| list.first().and_then(name_of).map(str::to_owned);
                if order(old) != order(new) {
                    keys.insert(format!("{path} (the first entry)"));
                }
            }
            (old, new) if old != new => drop(keys.insert(path)),
            _ => {}
        }
    }
}

fn by_name(list: &[Value]) -> Table {
    list.iter().filter_map(|entry| Some((name_of(entry)?.to_owned(), entry.clone()))).collect()
}

fn name_of(entry: &Value) -> Option<&str> {
    entry.get("name").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Config {
        let name = |key: &str| format!("ODOO_GATEWAY__{}", key.to_uppercase().replace('.', "__"));
        Config::load(None, variables.iter().map(|(key, value)| (name(key).into(), value.into()))).unwrap()
    }

    /// Another value than the default for each reloadable key.
    const OTHERS: &[(&str, &str)] = &[
        ("server.public_hosts", "gw.example"),
        ("server.cors_origins", "https://app.example"),
        ("server.body_limit", "1MiB"),
        ("server.body_max_values", "5000"),
        ("server.body_timeout", "7s"),
        ("server.request_timeout", "200s"),
        ("log.filter", "debug"),
        ("odoo.0.url", "http://127.0.0.1:1"),
        ("auth.refusal_ttl", "7s"),
        ("auth.identity_ttl", "7s"),
        ("auth.password_checks_in_flight", "7"),
        ("auth.throttle.global.burst", "7"),
        ("console.enabled", "never"),
        ("console.admin_group", "base.group_user"),
        ("console.personal_keys", "false"),
        ("console.personal_key_ttl", "7d"),
        ("dialects.restapi", "false"),
        ("docs.oauth_client_id", "page"),
        ("demo.login", "demo"),
        ("demo.password", "secret"),
        ("schema.ttl", "7m"),
        ("restful.models.*.read", "{id}"),
    ];

    #[test]
    fn every_reloadable_setting_is_taken_over() {
        let (old, new) = (config(&[]), config(OTHERS));
        let (effective, changes) = old.reloaded(&new);
        assert_eq!(format!("{effective:?}"), format!("{new:?}"));
        assert_eq!(changes.need_restart, Vec::<String>::new());
        for path in RELOADABLE {
            assert!(changes.applied.iter().any(|key| covers(path, key)), "{path}: {:?}", changes.applied);
        }
    }

    #[test]
    fn other_settings_wait_for_a_restart_and_are_named_each_time() {
        let others = [
            ("server.listen", "127.0.0.1:1"),
            ("server.trusted_proxies", "10.0.0.0/8"),
            ("store.max_connections", "7"),
            ("auth.failure_floor", "2s"),
            ("log.format", "json"),
            ("oauth1.plaintext", "true"),
        ];
        let (old, new) = (config(&[]), config(&others));
        let (effective, changes) = old.reloaded(&new);
        assert_eq!(format!("{effective:?}"), format!("{old:?}"));
        let mut expected = others.map(|(key, _)| key);
        expected.sort_unstable();
        assert_eq!((changes.applied, changes.need_restart.clone()), (Vec::new(), expected.map(str::to_owned).to_vec()));
        assert_eq!(effective.reloaded(&new).1.need_restart, changes.need_restart);
        assert_eq!(old.reloaded(&old).1, ConfigChanges::default());
    }

    #[test]
    fn databases_are_compared_by_name() {
        let one = config(&[("odoo.0.database", "a"), ("odoo.1.database", "b")]);
        let other = config(&[("odoo.0.database", "b"), ("odoo.0.queue", "7"), ("odoo.1.database", "c")]);
        let changes = one.reloaded(&other).1;
        assert_eq!(changes.applied, ["odoo (the first entry)", "odoo.a", "odoo.b.queue", "odoo.c"]);
    }

    #[test]
    fn changed_secret_is_noticed_and_not_printed() {
        let password = |text| config(&[("demo.login", "demo"), ("demo.password", text)]);
        let (effective, changes) = password("one").reloaded(&password("two"));
        assert_eq!(changes.applied, ["demo.password"]);
        assert!(!format!("{effective:?} {changes:?}").contains("two"));
    }

    #[test]
    fn changed_secrets_that_wait_for_a_restart_are_named_and_not_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("headers");
        let load = |secret: &str| {
            std::fs::write(&file, format!("key={secret}")).unwrap();
            let url = format!("postgres://user:{secret}@127.0.0.1/gateway");
            config(&[("store.url", url.as_str()), ("traces.headers_file", file.to_str().unwrap())])
        };
        let (effective, changes) = load("one").reloaded(&load("two"));
        assert_eq!(changes.applied, Vec::<String>::new());
        assert_eq!(changes.need_restart, ["store.url", "traces.headers"]);
        assert!(!format!("{effective:?} {changes:?}").contains("two"));
    }
}
