//! Warnings about settings that are valid but risky.
//!
//! In: a valid configuration. Out: messages for the log and for `odoo-gateway config`. Must not know: where values
//! came from.

use std::net::SocketAddr;

use url::{Host, Url};

use super::{Config, OdooConfig};

impl Config {
    /// Returns the warnings. Each one names the setting and what to do.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let listeners =
            [self.public_without_tls(), self.public_operations(), self.any_host(), self.unencrypted_collector()];
        let databases = self.odoo.iter().flat_map(|odoo| [unencrypted(odoo), self.short_request_timeout(odoo)]);
        listeners.into_iter().chain(databases).flatten().chain(self.unused_variables.iter().cloned()).collect()
    }

    fn public_without_tls(&self) -> Option<String> {
        let listen = self.server.listen;
        let secured = self.server.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
        (is_public(listen) && !secured).then(|| {
            format!(
                "server.listen: {listen} is reachable from other machines without TLS, so passwords cross the network \
                 unencrypted: put a reverse proxy with TLS in front and set server.public_url to its https URL"
            )
        })
    }

    fn public_operations(&self) -> Option<String> {
        let listen = self.ops.listen;
        is_public(listen).then(|| {
            format!(
                "ops.listen: {listen} is reachable from other machines and requires no credential: do not publish it"
            )
        })
    }

    fn any_host(&self) -> Option<String> {
        (is_public(self.server.listen) && self.server.public_hosts.is_empty()).then(|| {
            "server.public_hosts: empty, so every Host is accepted: list the names that clients use".to_owned()
        })
    }

    fn unencrypted_collector(&self) -> Option<String> {
        let endpoint = self.traces.endpoint.as_ref()?;
        (self.traces.headers.is_some() && is_unencrypted(endpoint)).then(|| {
            "traces.headers: sent to traces.endpoint unencrypted: use https outside the local network".to_owned()
        })
    }

    fn short_request_timeout(&self, odoo: &OdooConfig) -> Option<String> {
        (self.server.request_timeout <= odoo.response_timeout).then(|| {
            format!(
                "server.request_timeout: not longer than odoo.response_timeout of {:?}, so a slow write may end with \
                 an unknown outcome: set it longer",
                odoo.name
            )
        })
    }
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

fn unencrypted(odoo: &OdooConfig) -> Option<String> {
    is_unencrypted(&odoo.url).then(|| {
        format!("odoo.url: passwords are sent to {:?} unencrypted: use https outside the local network", odoo.name)
    })
}
