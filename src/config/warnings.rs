//! Warnings about settings that are valid but risky.
//!
//! In: a valid configuration. Out: [`ConfigWarning`]s for the log, `odoo-gateway config` and `odoo-gateway check`. Must
//! not know: where values came from.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use url::{Host, Url};

use super::setting_line::SettingLine;
use super::{Config, OdooConfig};

/// A valid but risky setting. Displays what is wrong and what to do, on one line.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigWarning {
    /// A stable name, one of [`ConfigWarning::CODES`].
    pub code: &'static str,
    /// What is wrong; begins with the key.
    pub text: String,
    /// Why it matters.
    pub why: &'static str,
    /// What to do.
    pub change: String,
    /// The line of the configuration to write, if the gateway knows it.
    pub setting: Option<SettingLine>,
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.text, self.change)
    }
}

impl ConfigWarning {
    /// The codes of all warnings.
    pub const CODES: [&str; 8] = [
        "listen-without-tls",
        "operations-public",
        "any-host",
        "any-proxy",
        "traces-unencrypted",
        "odoo-unencrypted",
        "request-timeout-short",
        "variable-unknown",
    ];

    /// An environment variable that looks like a setting and is not one.
    pub(super) fn unknown_variable(name: &str, hint: &str) -> Self {
        Self {
            code: "variable-unknown",
            text: format!("the environment variable {name} is ignored, because it is not a setting"),
            why: "the gateway runs with another value than the one that you gave",
            change: hint.to_owned(),
            setting: None,
        }
    }
}

impl Config {
    /// Returns the warnings.
    #[must_use]
    pub fn warnings(&self) -> Vec<ConfigWarning> {
        let listeners = [
            self.public_without_tls(),
            self.public_operations(),
            self.any_host(),
            self.any_proxy(),
            self.unencrypted_collector(),
        ];
        let databases = self.odoo.iter().enumerate();
        let databases =
            databases.flat_map(|(index, odoo)| [unencrypted(index, odoo), self.short_request_timeout(odoo)]);
        listeners.into_iter().chain(databases).flatten().chain(self.unused_variables.iter().cloned()).collect()
    }

    fn public_without_tls(&self) -> Option<ConfigWarning> {
        let listen = self.server.listen;
        let secured = self.server.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
        (is_public(listen) && !secured).then(|| ConfigWarning {
            code: "listen-without-tls",
            text: format!("server.listen: {listen} is reachable from other machines without TLS"),
            why: "passwords and tokens cross the network in clear text, where others can read and use them",
            change: "put a reverse proxy with TLS in front and set server.public_url to its https URL".to_owned(),
            setting: Some(SettingLine::new("server", "public_url", "https://api.example.com")),
        })
    }

    fn public_operations(&self) -> Option<ConfigWarning> {
        let listen = self.ops.listen;
        is_public(listen).then(|| ConfigWarning {
            code: "operations-public",
            text: format!("ops.listen: {listen} is reachable from other machines and requires no credential"),
            why: "metrics and the reasons of failures name databases, addresses, and how much the gateway is used",
            change: "do not publish it; outside of a container, listen on the machine itself".to_owned(),
            setting: Some(SettingLine::new("ops", "listen", format!("127.0.0.1:{}", listen.port()))),
        })
    }

    fn any_host(&self) -> Option<ConfigWarning> {
        let host = self.server.public_url.as_ref().and_then(Url::host_str).unwrap_or("api.example.com");
        (is_public(self.server.listen) && self.server.public_hosts.is_empty()).then(|| ConfigWarning {
            code: "any-host",
            text: "server.public_hosts: empty, so every Host is accepted".to_owned(),
            why: "a page of another site whose name points at the gateway counts as the gateway's own (DNS rebinding)",
            change: "list the names that clients use".to_owned(),
            setting: Some(SettingLine::new("server", "public_hosts", vec![host.to_owned()])),
        })
    }

    fn any_proxy(&self) -> Option<ConfigWarning> {
        let any = self.server.trusted_proxies.iter().find(|network| network.prefix_len() == 0)?;
        Some(ConfigWarning {
            code: "any-proxy",
            text: format!("server.trusted_proxies: {any} contains every address"),
            why: "every client can claim any address in X-Forwarded-For: limits for failed logins and the networks of \
                  API keys protect nothing",
            change: "name the addresses of your proxies only".to_owned(),
            setting: Some(SettingLine::new("server", "trusted_proxies", vec!["10.0.0.5"])),
        })
    }

    fn unencrypted_collector(&self) -> Option<ConfigWarning> {
        let endpoint = self.traces.endpoint.as_ref()?;
        (self.traces.headers.is_some() && is_unencrypted(endpoint)).then(|| ConfigWarning {
            code: "traces-unencrypted",
            text: "traces.headers: sent to traces.endpoint unencrypted".to_owned(),
            why: "the headers usually contain a key, which others on the network can read and use",
            change: "use https outside the local network".to_owned(),
            setting: Some(SettingLine::new("traces", "endpoint", as_https(endpoint))),
        })
    }

    fn short_request_timeout(&self, odoo: &OdooConfig) -> Option<ConfigWarning> {
        (self.server.request_timeout <= odoo.response_timeout).then(|| ConfigWarning {
            code: "request-timeout-short",
            text: format!("server.request_timeout: not longer than odoo.response_timeout of {:?}", odoo.name),
            why: "a slow write may end with an unknown outcome, because the gateway stops waiting before Odoo does",
            change: "set it longer".to_owned(),
            setting: Some(SettingLine::new("server", "request_timeout", longer_than(odoo.response_timeout))),
        })
    }
}

/// Odoo responds within `response_timeout`; the response must also be sent.
fn longer_than(response_timeout: Duration) -> String {
    format!("{}s", response_timeout.as_secs() + 20)
}

fn is_public(listen: SocketAddr) -> bool {
    !listen.ip().is_loopback()
}

/// Whether this is plain HTTP to a host outside of the local network, whose names have no dot and whose addresses are
/// private.
fn is_unencrypted(url: &Url) -> bool {
    let is_remote = match url.host() {
        Some(Host::Domain(name)) => name.contains('.') && !name.ends_with(".internal") && !name.ends_with(".local"),
        Some(Host::Ipv4(address)) => !address.is_loopback() && !address.is_private() && !address.is_link_local(),
        Some(Host::Ipv6(address)) => !address.is_loopback() && !address.is_unique_local(),
        None => false,
    };
    is_remote && url.scheme() == "http"
}

/// The same URL with https. A port stays, because the one for https is unknown.
fn as_https(url: &Url) -> String {
    url.as_str().replacen("http://", "https://", 1)
}

fn unencrypted(index: usize, odoo: &OdooConfig) -> Option<ConfigWarning> {
    is_unencrypted(&odoo.url).then(|| ConfigWarning {
        code: "odoo-unencrypted",
        text: format!("odoo.url: passwords are sent to {:?} unencrypted", odoo.name),
        why: "each call to Odoo contains the password or key of its user, which others on the network can use",
        change: "use https outside the local network".to_owned(),
        setting: Some(SettingLine::of_odoo(index, "url", as_https(&odoo.url))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(settings: &[(&str, &str)]) -> Config {
        let variables = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Config::load(None, variables.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn every_warning_has_a_code_and_a_line_that_can_be_loaded() {
        let config = load(&[
            ("ODOO_GATEWAY__SERVER__LISTEN", "0.0.0.0:8080"),
            ("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "0.0.0.0/0"),
            ("ODOO_GATEWAY__SERVER__REQUEST_TIMEOUT", "10s"),
            ("ODOO_GATEWAY__OPS__LISTEN", "0.0.0.0:9090"),
            ("ODOO_GATEWAY__TRACES__ENDPOINT", "http://otlp.example.com"),
            ("ODOO_GATEWAY__TRACES__HEADERS", "a=b"),
            ("ODOO_GATEWAY_COLOUR", "red"),
            ("ODOO_URL", "http://erp.example.com"),
        ]);
        let warnings = config.warnings();
        let mut codes: Vec<&str> = warnings.iter().map(|warning| warning.code).collect();
        let mut all = ConfigWarning::CODES;
        codes.sort_unstable();
        all.sort_unstable();
        assert_eq!(codes, all);
        for line in warnings.iter().filter_map(|warning| warning.setting.as_ref()) {
            let variable = line.variable();
            let (name, value) = variable.split_once('=').unwrap();
            assert!(
                load(&[(name, value)]).warnings().iter().all(|warning| warning.code != "variable-unknown"),
                "{line}"
            );
        }
    }
}
