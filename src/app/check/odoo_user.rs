//! Checks of an Odoo database with the rights of a user: `web.base.url`, API keys that end soon, response schemas.
//!
//! In: a database, a user. Out: [`Finding`]s. Must not know: how findings are printed. Only reads in Odoo.

use std::sync::Arc;

use secrecy::SecretString;
use url::Url;

use super::Finding;
use super::finding_kind::FindingKind;
use super::gateway::NOTICE;
use super::odoo_server::OdooPart;
use super::schemas::{self, has_schemas};
use crate::clock::{Clock, format_timestamp};
use crate::config::{Config, SettingLine};
use crate::odoo::{EndingApiKey, OdooUser, ServerVersion, SystemParameter};

/// The user whose access rights apply: a field that they cannot see counts as missing.
#[derive(Debug)]
pub struct CheckUser {
    /// The Odoo login, the same for every database.
    pub login: String,
    /// The password or Odoo API key.
    pub secret: SecretString,
}

/// A user of one database.
pub(super) struct LoggedInUser<'a> {
    part: &'a OdooPart<'a>,
    config: &'a Config,
    login: &'a str,
    user: OdooUser,
}

/// What `web.base.url` shows.
#[derive(Default)]
pub(super) struct BaseUrlFindings {
    pub(super) found: Vec<Finding>,
    /// Its value, if the user may read it.
    pub(super) base_url: Option<Url>,
}

impl<'a> LoggedInUser<'a> {
    /// Logs in.
    pub(super) async fn log_in(
        part: &'a OdooPart<'a>,
        config: &'a Config,
        user: &'a CheckUser,
    ) -> Result<Self, Finding> {
        let login = user.login.as_str();
        let text = match part.database.client.authenticate(login, &user.secret).await {
            Ok(Some(uid)) => {
                let user = OdooUser { uid, secret: Arc::new(user.secret.clone()) };
                return Ok(Self { part, config, login, user });
            }
            Ok(None) => format!("Odoo rejected the login {login} with this password or key"),
            Err(failure) => failure.into_problem().detail,
        };
        let change = "use the login of an active user; a user with two-factor authentication needs an Odoo API key";
        Err(Finding::new(FindingKind::LoginRejected, &part.name, text, change))
    }
}

impl LoggedInUser<'_> {
    /// Checks `web.base.url`.
    pub(super) async fn check_base_url(&self) -> BaseUrlFindings {
        let change = "use `--login` of an administrator of Odoo (group Settings)";
        let hidden = |text: String| {
            let found = Finding::new(FindingKind::OdooBaseUrlHidden, &self.part.name, text, change);
            BaseUrlFindings { found: vec![found], base_url: None }
        };
        match self.part.database.client.system_parameter(&self.user, "web.base.url").await {
            Ok(SystemParameter::Value(value)) => self.explain_base_url(&value),
            Ok(SystemParameter::Unset) => BaseUrlFindings::default(),
            Ok(SystemParameter::Hidden) => hidden(format!("the user {} may not read web.base.url", self.login)),
            Err(problem) => hidden(format!("web.base.url cannot be read: {}", problem.detail)),
        }
    }

    fn explain_base_url(&self, value: &str) -> BaseUrlFindings {
        let Some(url) = Url::parse(value).ok().filter(Url::has_host) else {
            let text = format!("web.base.url is {value:?}, which is not a URL");
            let found = vec![self.wrong_base_url(FindingKind::OdooBaseUrlInvalid, text)];
            return BaseUrlFindings { found, base_url: None };
        };
        let addresses =
            Addresses { base: &url, odoo: &self.part.entry.url, gateway: self.config.server.public_url.as_ref() };
        let found = addresses.mismatches().into_iter().map(|(kind, why)| {
            let text = format!("web.base.url is {value}, {why}");
            self.wrong_base_url(kind, text)
        });
        BaseUrlFindings { found: found.collect(), base_url: Some(url) }
    }

    fn wrong_base_url(&self, kind: FindingKind, text: String) -> Finding {
        let change = "in Odoo's developer mode, under Settings, Technical, System Parameters, set web.base.url to the \
                      URL at which users open Odoo, and web.base.url.freeze to True, so that no login changes it";
        Finding::new(kind, &self.part.name, text, change)
    }

    /// Warns of Odoo API keys that end soon.
    pub(super) async fn check_keys(&self, version: &ServerVersion, clock: &Clock) -> Vec<Finding> {
        match self.part.database.client.ending_api_keys(&self.user, version, clock.now() + NOTICE).await {
            Ok(keys) => keys.iter().map(|key| self.ending_key(key, clock)).collect(),
            Err(problem) => {
                let text = format!("the Odoo API keys of {} cannot be read: {}", self.login, problem.detail);
                let change = "look at the keys in the preferences of the user in Odoo, under Account Security";
                vec![Finding::new(FindingKind::OdooKeysHidden, &self.part.name, text, change)]
            }
        }
    }

    /// Compares the response schemas of `[restful.models]` with the fields that the user sees.
    pub(super) async fn check_schemas(&self) -> Vec<Finding> {
        if !has_schemas(&self.config.restful) {
            return Vec::new();
        }
        let part = format!("schemas in {}", self.part.database.name);
        let missing = schemas::compare(&self.part.database, &self.config.restful, &self.user).await;
        if missing.is_empty() {
            return vec![Finding::ok(&part, "all fields exist")];
        }
        let change = "correct the name in this key of the configuration, or install the module that adds it to Odoo";
        let finding = |text| Finding::new(FindingKind::SchemaNotInOdoo, &part, text, change);
        missing.into_iter().map(finding).collect()
    }

    fn ending_key(&self, key: &EndingApiKey, clock: &Clock) -> Finding {
        let EndingApiKey { name, user, ends_at } = key;
        let ends = if *ends_at < clock.now().unix_timestamp() { "ended" } else { "ends" };
        let text = format!("the Odoo API key {name:?} of {user} {ends} at {}", format_timestamp(*ends_at));
        if self.config.odoo_keys.renew {
            let change =
                "if the gateway uses it, it is renewed in time (odoo_keys.renew); see `odoo-gateway audit list`";
            return Finding::new(FindingKind::OdooApiKeyEnds, &self.part.name, text, change);
        }
        let change = "if the gateway uses it, let the gateway renew it, or create a new one in Odoo and pass it to \
                      `odoo-gateway key rotate NAME`";
        let line = SettingLine::new("odoo_keys", "renew", true);
        Finding::new(FindingKind::OdooApiKeyEnds, &self.part.name, text, change).with_setting(&line)
    }
}

/// The URLs that belong together.
struct Addresses<'a> {
    /// `web.base.url`.
    base: &'a Url,
    odoo: &'a Url,
    gateway: Option<&'a Url>,
}

impl Addresses<'_> {
    fn mismatches(&self) -> Vec<(FindingKind, &'static str)> {
        let Self { base, odoo, gateway } = self;
        let mut found = Vec::new();
        let serves_root = |url: &&&Url| url.path() == "/" && url.origin() != odoo.origin();
        if gateway.as_ref().filter(serves_root).is_some_and(|url| url.origin() == base.origin()) {
            found.push((FindingKind::OdooBaseUrlIsGateway, "which is the URL of this gateway (server.public_url)"));
        } else if is_local(base) && !is_local(odoo) {
            found.push((FindingKind::OdooBaseUrlOtherHost, "which only programs on the machine of Odoo can open"));
        } else if is_public_name(odoo) && base.host_str() != odoo.host_str() {
            found.push((FindingKind::OdooBaseUrlOtherHost, "which has another host than odoo.url"));
        }
        let is_https = |url: &Url| url.scheme() == "https";
        if !is_https(base) && !is_local(base) && (is_https(odoo) || gateway.is_some_and(is_https)) {
            found.push((FindingKind::OdooBaseUrlNotHttps, "which is not https"));
        }
        found
    }
}

/// A URL of the machine itself.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A host name as users know it. A name without a dot, such as that of a container, is for machines.
fn is_public_name(url: &Url) -> bool {
    url.domain().is_some_and(|name| name.contains('.') && !name.ends_with(".internal") && !name.ends_with(".local"))
}

/// A finding about everything that needs a user.
pub(super) fn login_missing(config: &Config) -> Finding {
    let schemas = if has_schemas(&config.restful) { ", and the schemas of [restful.models]" } else { "" };
    let text = format!("web.base.url and Odoo API keys that end soon{schemas} were not checked");
    let change = "run `odoo-gateway check --login LOGIN` with an administrator of Odoo";
    Finding::new(FindingKind::LoginMissing, "user", text, change)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(base: &str, odoo: &str, gateway: Option<&str>) -> Vec<FindingKind> {
        let parse = |text: &str| Url::parse(text).unwrap();
        let (base, odoo, gateway) = (parse(base), parse(odoo), gateway.map(parse));
        let addresses = Addresses { base: &base, odoo: &odoo, gateway: gateway.as_ref() };
        addresses.mismatches().into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn a_base_url_at_which_users_find_odoo_is_accepted() {
        for (base, odoo, gateway) in [
            ("http://127.0.0.1:8069", "http://127.0.0.1:8069", None),
            ("http://localhost:8069", "http://127.0.0.1:8069", Some("https://api.example.com")),
            ("https://erp.example.com", "http://odoo:8069", Some("https://api.example.com")),
            ("https://erp.example.com", "https://erp.example.com", Some("https://erp.example.com/rest")),
            ("http://erp.example.com", "http://10.0.0.9:8069", None),
        ] {
            assert_eq!(kinds(base, odoo, gateway), [], "{base} {odoo} {gateway:?}");
        }
    }

    #[test]
    fn a_base_url_that_leads_elsewhere_is_reported() {
        use FindingKind::{OdooBaseUrlIsGateway, OdooBaseUrlNotHttps, OdooBaseUrlOtherHost};
        for (base, odoo, gateway, expected) in [
            ("http://localhost:8069", "http://odoo:8069", None, vec![OdooBaseUrlOtherHost]),
            ("https://old.example.com", "https://erp.example.com", None, vec![OdooBaseUrlOtherHost]),
            ("http://erp.example.com", "https://erp.example.com", None, vec![OdooBaseUrlNotHttps]),
            ("http://erp.example.com", "http://odoo:8069", Some("https://api.example.com"), vec![OdooBaseUrlNotHttps]),
            (
                "https://api.example.com",
                "http://odoo:8069",
                Some("https://api.example.com"),
                vec![OdooBaseUrlIsGateway],
            ),
        ] {
            assert_eq!(kinds(base, odoo, gateway), expected, "{base} {odoo} {gateway:?}");
        }
    }
}
