//! How one Odoo database is reached, and the limits for its calls.
//!
//! In: plain values from the configuration. Out: the same values, and the URLs of Odoo's services. Must not know: where
//! the configuration comes from.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::api_key_owner;
use super::request_target::ServiceUrl;
use crate::names::DatabaseName;

/// One Odoo database. The gateway has one client for each.
#[derive(Debug, Clone)]
pub struct OdooSettings {
    /// The name in the configuration and in logs.
    pub name: String,
    /// Odoo's base URL: `http(s)://host[:port][/prefix]`, without user, query, or fragment.
    pub url: String,
    /// The name of the database in Odoo.
    pub database: DatabaseName,
    /// Maximum time until the first byte of Odoo's response. Longer than Odoo's `limit_time_real` (120 s by default),
    /// so that Odoo times out first and rolls back.
    pub response_timeout: Duration,
    /// Maximum time from sending a call to the last byte of its response.
    pub total_timeout: Duration,
    /// Maximum number of concurrent calls. More than twice the number of Odoo's workers is no faster.
    pub concurrency: usize,
    /// Maximum number of calls that wait for a permit.
    pub queue: usize,
    /// Maximum wait for a permit.
    pub queue_wait: Duration,
    /// Maximum number of concurrent reports. Each occupies a second Odoo worker for its styles and images.
    pub report_concurrency: usize,
    /// Maximum size of a response, in bytes.
    pub answer_cap: usize,
    /// Memory for large responses, in bytes, over all concurrent calls.
    pub answer_memory: u64,
    /// Maximum size of a call, in bytes.
    pub call_cap: usize,
    /// The protocol for calls.
    pub protocol: UpstreamProtocol,
    /// Whether requests over JSON-2 name the database; without the name, the host decides which database is used.
    pub json2_names_database: bool,
    /// The protocol for method calls, where other calls use XML-RPC.
    pub method_calls: MethodCalls,
    /// Whether equal reads of one user share one call.
    pub share_reads: bool,
    /// Number of consecutive connection failures after which the circuit opens.
    pub failures_to_open: u32,
    /// How long the circuit stays open before the next attempt.
    pub open_for: Duration,
}

/// The protocol for calls to Odoo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// XML-RPC; where Odoo does not serve it, JSON-2 for users with an API key.
    Auto,
    /// Always XML-RPC.
    XmlRpc,
    /// Always JSON-2, which accepts only API keys.
    Json2,
}

/// The protocol for method calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodCalls {
    /// JSON-RPC if Odoo serves it for this database, otherwise XML-RPC.
    Auto,
    /// Always XML-RPC.
    XmlRpc,
}

/// A setting that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {reason}")]
pub struct SettingsError {
    /// The key of the setting.
    pub key: &'static str,
    /// What is wrong with it; completes a sentence that begins with the key.
    pub reason: String,
}

#[cfg(test)]
impl OdooSettings {
    /// Settings for unit tests.
    pub(super) fn for_tests(url: impl Into<String>, database: &str) -> Self {
        Self {
            name: "main".to_owned(),
            url: url.into(),
            database: DatabaseName::parse(database).unwrap(),
            response_timeout: Duration::from_secs(130),
            total_timeout: Duration::from_secs(180),
            concurrency: 8,
            queue: 64,
            queue_wait: Duration::from_secs(10),
            report_concurrency: 2,
            answer_cap: 64 << 20,
            answer_memory: 128 << 20,
            call_cap: 48 << 20,
            protocol: UpstreamProtocol::Auto,
            json2_names_database: true,
            method_calls: MethodCalls::Auto,
            share_reads: true,
            failures_to_open: 5,
            open_for: Duration::from_secs(5),
        }
    }
}

/// The URLs of Odoo's services, and the header that names the database.
#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    /// Odoo's base URL, with a trailing slash.
    pub(super) base: Url,
    pub(super) object: ServiceUrl,
    pub(super) common: ServiceUrl,
    pub(super) databases: ServiceUrl,
    pub(super) jsonrpc: ServiceUrl,
    pub(super) key_owner: ServiceUrl,
    /// The URL below which JSON-2 has models and methods, and the one below which it has their documents.
    pub(super) json2: Url,
    pub(super) documents: Url,
    /// The version of Odoo, without XML-RPC.
    pub(super) version: Url,
    /// Value of `X-Odoo-Database`. Odoo 19 with several databases returns 404 without it; other versions ignore it.
    pub(super) database: HeaderValue,
}

impl Endpoints {
    pub(super) fn new(settings: &OdooSettings) -> Result<Self, SettingsError> {
        let base =
            parse_base_url(&settings.url).map_err(|reason| SettingsError { key: "url", reason: reason.to_owned() })?;
        let join = |path| base.join(path).map_err(|error| SettingsError { key: "url", reason: error.to_string() });
        let service = |path| join(path).map(ServiceUrl::new);
        let database = HeaderValue::from_str(settings.database.as_str());
        Ok(Self {
            object: service("xmlrpc/object")?,
            common: service("xmlrpc/2/common")?,
            databases: service("xmlrpc/2/db")?,
            jsonrpc: service("jsonrpc")?,
            key_owner: service(api_key_owner::PATH)?,
            json2: join("json/2/")?,
            documents: join("doc-bearer/")?,
            version: join("web/version")?,
            database: database.map_err(|error| SettingsError { key: "database", reason: error.to_string() })?,
            base,
        })
    }
}

fn parse_base_url(url: &str) -> Result<Url, &'static str> {
    let mut base = Url::parse(url).map_err(|_| "is not a URL")?;
    if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
        return Err("must be an http or https URL with a host");
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err("must not contain a user or password");
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err("must not have a query or fragment");
    }
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    Ok(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(url: &str) -> Result<(String, String), SettingsError> {
        let settings = OdooSettings::for_tests(url, "a");
        let text = |service: &ServiceUrl| service.url().to_string();
        Endpoints::new(&settings).map(|endpoints| (text(&endpoints.object), text(&endpoints.common)))
    }

    #[test]
    fn service_urls_keep_the_path_prefix() {
        for (url, base) in [
            ("http://odoo:8069", "http://odoo:8069"),
            ("https://erp.example/", "https://erp.example"),
            ("https://erp.example/odoo", "https://erp.example/odoo"),
            ("http://[::1]:8069/a/b/", "http://[::1]:8069/a/b"),
        ] {
            assert_eq!(
                endpoints(url),
                Ok((format!("{base}/xmlrpc/object"), format!("{base}/xmlrpc/2/common"))),
                "{url}"
            );
        }
        for url in
            ["", "odoo:8069", "ftp://odoo", "http://u:p@odoo", "http://odoo/?a", "http://odoo/#a", "file:///odoo"]
        {
            assert_eq!(endpoints(url).map_err(|error| error.key), Err("url"), "{url}");
        }
    }
}
