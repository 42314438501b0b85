//! How one Odoo database is reached, and within which limits.
//!
//! In: plain values, from configuration. Out: the same, with the addresses of Odoo's services worked out. Must not
//! know: where configuration comes from.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::json2;
use crate::names::DatabaseName;

/// One Odoo database. The gateway has one client for each.
#[derive(Debug, Clone)]
pub struct OdooSettings {
    /// What configuration and logs call it.
    pub name: String,
    /// Where Odoo answers: `http(s)://host[:port][/prefix]`, without user, query or fragment.
    pub url: String,
    /// The database.
    pub database: DatabaseName,
    /// How long Odoo may work before the first byte of its answer. Longer than Odoo's own `limit_time_real` (120 s),
    /// so that it is Odoo that gives up first and rolls back.
    pub response_timeout: Duration,
    /// How long a call may take from the moment it is sent to the last byte of its answer.
    pub total_timeout: Duration,
    /// How many calls may be under way at once. More than twice Odoo's workers gains nothing.
    pub concurrency: usize,
    /// How many more may wait for their turn.
    pub queue: usize,
    /// How long each of them may wait.
    pub queue_wait: Duration,
    /// How many reports may be printed at once. Each keeps a second worker of Odoo busy with its styles and pictures.
    pub report_concurrency: usize,
    /// The largest answer that is read, in bytes.
    pub answer_cap: usize,
    /// How many bytes of large answers are held at one time.
    pub answer_memory: u64,
    /// The largest call that is sent, in bytes.
    pub call_cap: usize,
    /// By which way methods are called; everything else goes by XML-RPC.
    pub method_calls: MethodCalls,
    /// After how many failures to connect, one after the other, Odoo counts as down.
    pub failures_to_open: u32,
    /// For how long it is then not asked.
    pub open_for: Duration,
}

/// By which way methods are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MethodCalls {
    /// By JSON-RPC where Odoo serves it, else by XML-RPC.
    #[default]
    Auto,
    /// By XML-RPC.
    XmlRpc,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {reason}")]
pub struct SettingsError {
    /// The setting.
    pub key: &'static str,
    /// What is wrong with it, as the rest of a sentence that begins with the key.
    pub reason: String,
}

impl OdooSettings {
    /// A database with the default limits.
    #[must_use]
    pub fn new(name: impl Into<String>, url: impl Into<String>, database: DatabaseName) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            database,
            response_timeout: Duration::from_secs(130),
            total_timeout: Duration::from_secs(180),
            concurrency: 8,
            queue: 64,
            queue_wait: Duration::from_secs(10),
            report_concurrency: 2,
            answer_cap: 64 << 20,
            answer_memory: 128 << 20,
            call_cap: 48 << 20,
            method_calls: MethodCalls::Auto,
            failures_to_open: 5,
            open_for: Duration::from_secs(5),
        }
    }
}

/// The addresses of Odoo's services, and the header that names the database.
#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    /// Odoo itself, with a slash at its end.
    pub(super) base: Url,
    pub(super) object: Url,
    pub(super) common: Url,
    pub(super) databases: Url,
    pub(super) jsonrpc: Url,
    pub(super) key_owner: Url,
    /// Odoo 19 with several databases answers 404 without it; the others do not mind.
    pub(super) database: HeaderValue,
}

impl Endpoints {
    pub(super) fn of(settings: &OdooSettings) -> Result<Self, SettingsError> {
        let base = base_of(&settings.url).map_err(|reason| SettingsError { key: "url", reason: reason.to_owned() })?;
        let join = |path| base.join(path).map_err(|error| SettingsError { key: "url", reason: error.to_string() });
        let database = HeaderValue::from_str(settings.database.as_str());
        Ok(Self {
            object: join("xmlrpc/object")?,
            common: join("xmlrpc/2/common")?,
            databases: join("xmlrpc/2/db")?,
            jsonrpc: join("jsonrpc")?,
            key_owner: join(json2::PATH)?,
            database: database.map_err(|error| SettingsError { key: "database", reason: error.to_string() })?,
            base,
        })
    }
}

fn base_of(url: &str) -> Result<Url, &'static str> {
    let mut base = Url::parse(url).map_err(|_| "is not a URL")?;
    if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
        return Err("must be an http or https URL with a host");
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err("must not hold a user or password");
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
        let settings = OdooSettings::new("main", url, DatabaseName::parse("a").unwrap());
        Endpoints::of(&settings).map(|endpoints| (endpoints.object.to_string(), endpoints.common.to_string()))
    }

    #[test]
    fn addresses_keep_a_prefix_and_nothing_else() {
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
