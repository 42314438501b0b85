//! Checks of an Odoo server that need no credential: connection, certificate, version, database, clock, workers.
//!
//! In: an entry of `[[odoo]]`, its database. Out: [`Finding`]s, Odoo's version. Must not know: users of Odoo.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::Finding;
use super::finding_kind::FindingKind;
use super::gateway::NOTICE;
use crate::clock::{Clock, format_timestamp};
use crate::config::{OdooConfig, SettingLine};
use crate::odoo::{
    CertificateCheck, ConnectError, Database, OdooError, ParallelCalls, ProbeError, ProxyMode, ServerVersion, TlsError,
};

/// Maximum duration of each call to Odoo.
const LIMIT: Duration = Duration::from_secs(10);

/// Signatures and tokens tolerate this difference.
const CLOCK_TOLERANCE: time::Duration = time::Duration::seconds(30);

/// An entry of `[[odoo]]` that is checked.
pub(super) struct OdooPart<'a> {
    /// The name of the part in findings.
    pub(super) name: String,
    /// The number of the entry.
    pub(super) index: usize,
    pub(super) entry: &'a OdooConfig,
    pub(super) database: Arc<Database>,
}

impl OdooPart<'_> {
    /// Checks the server. The version is that of an Odoo whose database can be used.
    pub(super) async fn check_server(&self, clock: &Clock) -> (Vec<Finding>, Option<ServerVersion>) {
        let certificate = self.database.client.check_certificate(LIMIT).await;
        let (mut found, version) = match self.database.client.probe(LIMIT).await {
            Ok(version) => self.check_version(version).await,
            Err(error) => (vec![self.unusable(&error, certificate.as_ref())], None),
        };
        found.extend(certificate.and_then(|certificate| self.ending_certificate(&certificate, clock)));
        let difference = self.database.client.server_time(LIMIT).await.map(|theirs| theirs - clock.now());
        found.extend(wrong_clock(&self.name, difference));
        if version.is_some() {
            found.extend(self.check_workers().await);
        }
        (found, version)
    }

    fn finding(&self, kind: FindingKind, text: impl Into<String>, change: impl Into<String>) -> Finding {
        Finding::new(kind, &self.name, text, change)
    }

    async fn check_version(&self, version: ServerVersion) -> (Vec<Finding>, Option<ServerVersion>) {
        let name = &version.server_version;
        let (oldest, newest) = (ServerVersion::OLDEST, ServerVersion::NEWEST);
        if version.major < oldest {
            let text = format!("Odoo {name} is not supported; the gateway supports Odoo {oldest} to {newest}");
            let change = "upgrade Odoo, or set odoo.url to another Odoo";
            return (vec![self.finding(FindingKind::OdooVersionUnsupported, text, change)], None);
        }
        // This fails if Odoo has no such database, or the database is not Odoo's.
        if let Err(failure) = self.database.client.test_authentication().await {
            return (vec![self.rejected_login(failure)], None);
        }
        let mut found = vec![Finding::ok(&self.name, format!("Odoo {name}, database {}", self.entry.database))];
        if version.is_unknown() {
            let text = format!("Odoo {name} is newer than Odoo {newest}, the newest version that the gateway knows");
            let change = "look for a newer version of the gateway, and try your clients before you depend on them";
            found.push(self.finding(FindingKind::OdooVersionUnknown, text, change));
        }
        (found, Some(version))
    }

    fn rejected_login(&self, failure: OdooError) -> Finding {
        let problem = failure.into_problem();
        let change = problem.hint.as_deref().unwrap_or("Set odoo.database to the name of the database in Odoo.");
        let line = SettingLine::of_odoo(self.index, "database", self.entry.database.as_str());
        self.finding(FindingKind::OdooRejectsLogins, problem.detail, change.trim_end_matches('.')).with_setting(&line)
    }

    fn unusable(&self, error: &ProbeError, certificate: Option<&CertificateCheck>) -> Finding {
        // The handshake shows more than the failed call.
        if let (ProbeError::Connect { cause: ConnectError::Tls(_) }, Some(CertificateCheck::Rejected(cause))) =
            (error, certificate)
        {
            return self.rejected_certificate(cause);
        }
        let kind = match error {
            ProbeError::Connect { cause: ConnectError::Tls(cause) } => return self.rejected_certificate(cause),
            ProbeError::Connect { .. } => FindingKind::OdooUnreachable,
            ProbeError::NoResponse { .. } => FindingKind::OdooNotResponding,
            ProbeError::Status { .. } | ProbeError::NotOdoo { .. } => FindingKind::OdooNotFound,
            ProbeError::NoDatabase { .. } => FindingKind::OdooDatabaseMissing,
        };
        let line = match error {
            ProbeError::NoResponse { .. } => return self.finding(kind, error.cause(), error.remedy()),
            ProbeError::NoDatabase { .. } => SettingLine::of_odoo(self.index, "database", "name-in-odoo"),
            _ => self.url_line(&self.better_url(error)),
        };
        self.finding(kind, error.cause(), error.remedy()).with_setting(&line)
    }

    fn url_line(&self, url: &str) -> SettingLine {
        SettingLine::of_odoo(self.index, "url", url)
    }

    /// The URL that could work: of the same server, as far as the error shows what is wrong.
    fn better_url(&self, error: &ProbeError) -> String {
        let mut url = self.entry.url.clone();
        match error {
            ProbeError::Connect { cause: ConnectError::Dns(_) } => return "http://odoo.example.com:8069".to_owned(),
            ProbeError::Connect { .. } => {
                let _ = url.set_port(Some(8069));
            }
            ProbeError::Status { status: 300..=400 } | ProbeError::NotOdoo { .. } if url.scheme() == "http" => {
                return url.as_str().replacen("http://", "https://", 1);
            }
            _ => url.set_path("/"),
        }
        url.to_string()
    }

    fn rejected_certificate(&self, cause: &TlsError) -> Finding {
        if *cause == TlsError::NotTls {
            let line = self.url_line(&self.entry.url.as_str().replacen("https://", "http://", 1));
            return self.finding(FindingKind::OdooUnreachable, cause.to_string(), cause.remedy()).with_setting(&line);
        }
        let text = format!("there is no TLS connection to the server: {cause}");
        let found = self.finding(FindingKind::OdooCertificateRejected, text, cause.remedy());
        let TlsError::WrongName { presented, .. } = cause else { return found };
        let named = presented.iter().find(|name| !name.starts_with('*')).and_then(|name| {
            let mut url: Url = self.entry.url.clone();
            url.set_host(Some(name)).ok().map(|()| url)
        });
        match named {
            Some(url) => found.with_setting(&self.url_line(url.as_str())),
            None => found,
        }
    }

    fn ending_certificate(&self, certificate: &CertificateCheck, clock: &Clock) -> Option<Finding> {
        let CertificateCheck::ValidUntil(end) = certificate else { return None };
        let rest = *end - clock.now();
        let (days, end) = (rest.whole_days(), format_timestamp(end.unix_timestamp()));
        let text = format!("its certificate ends in {days} days, at {end}");
        let change = "renew it at the server of odoo.url, and find out why it is not renewed by itself";
        (rest < NOTICE).then(|| self.finding(FindingKind::OdooCertificateEnds, text, change))
    }

    async fn check_workers(&self) -> Option<Finding> {
        let expected = self.entry.concurrency;
        let measured = self.database.client.measure_parallel_calls(usize::try_from(expected).ok()?, LIMIT).await?;
        Some(match measured {
            ParallelCalls::AtLeast(count) => {
                Finding::ok(&self.name, format!("works on at least {count} calls at the same time"))
            }
            ParallelCalls::Only(count) => {
                let text =
                    format!("it works on only {count} calls at the same time, but odoo.concurrency is {expected}");
                let change = format!(
                    "set `workers` to {expected} or more in odoo.conf, or lower odoo.concurrency; if Odoo was busy \
                     just now, check again"
                );
                let line = SettingLine::of_odoo(self.index, "concurrency", i64::try_from(count).unwrap_or(1));
                self.finding(FindingKind::OdooFewWorkers, text, change).with_setting(&line)
            }
            ParallelCalls::Threads => {
                let text =
                    "it seems to run without workers (`workers = 0`): it keeps a connection without a request open";
                let change = "set `workers` in odoo.conf to twice the number of cores, plus one";
                self.finding(FindingKind::OdooNoWorkers, text, change)
            }
            ParallelCalls::Hidden => {
                let text = "the number of its workers cannot be measured, because a proxy is in front of it";
                let change =
                    format!("make sure that `workers` in odoo.conf is not less than odoo.concurrency = {expected}");
                let line = SettingLine::of_odoo(self.index, "concurrency", expected);
                self.finding(FindingKind::OdooWorkersHidden, text, change).with_setting(&line)
            }
        })
    }

    /// Warns if Odoo has a reverse proxy with TLS and does not use its headers.
    pub(super) async fn check_proxy_mode(&self) -> Option<Finding> {
        let change = "set `proxy_mode = True` in odoo.conf, and let the proxy send X-Forwarded-Host, \
                      X-Forwarded-Proto, and X-Forwarded-For";
        match self.database.client.proxy_mode(LIMIT).await {
            ProxyMode::On => None,
            ProxyMode::Off => {
                let text = "it has an https URL, but ignores the headers of the proxy in front of it";
                Some(self.finding(FindingKind::OdooProxyModeOff, text, change))
            }
            ProxyMode::Unknown => {
                let text = "it has an https URL, but no page shows whether it uses the headers of its proxy";
                Some(self.finding(FindingKind::OdooProxyModeHidden, text, change))
            }
        }
    }
}

/// Warns if the clocks of Odoo and of this machine differ.
fn wrong_clock(part: &str, difference: Option<time::Duration>) -> Option<Finding> {
    let difference = difference.filter(|difference| difference.abs() > CLOCK_TOLERANCE)?;
    let direction = if difference.is_negative() { "behind" } else { "ahead of" };
    let text = format!("its clock is {} s {direction} the clock of this machine", difference.whole_seconds().abs());
    let change = "synchronize both clocks, for example with `timedatectl set-ntp true` where the clock is wrong";
    Some(Finding::new(FindingKind::ClockDiffers, part, text, change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_difference_of_clocks_is_normal() {
        let warned = |seconds| wrong_clock("odoo", Some(time::Duration::seconds(seconds))).map(|found| found.text);
        assert_eq!((warned(30), warned(-30), wrong_clock("odoo", None)), (None, None, None));
        assert_eq!(warned(31).unwrap(), "its clock is 31 s ahead of the clock of this machine");
        assert_eq!(warned(-3600).unwrap(), "its clock is 3600 s behind the clock of this machine");
    }
}
