//! What is allowed, but worth a word at start.
//!
//! In: a valid configuration. Out: sentences for the log. Must not know: where values came from.

use std::net::SocketAddr;

use super::{Config, OdooConfig};

impl Config {
    /// Each sentence names the setting and what to do.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let own = [self.open_without_tls(), self.open_operations(), self.all_hosts()];
        let databases = self.odoo.iter().flat_map(|odoo| [in_clear(odoo), self.cut_short(odoo)]);
        own.into_iter().chain(databases).flatten().chain(self.unused_variables.iter().cloned()).collect()
    }

    fn open_without_tls(&self) -> Option<String> {
        let listen = self.server.listen;
        let secured = self.server.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
        (is_public(listen) && !secured).then(|| {
            format!(
                "server.listen: {listen} is open to other machines without TLS, passwords cross the network in clear: \
                 put a proxy that speaks TLS in front and set server.public_url to its https URL"
            )
        })
    }

    fn open_operations(&self) -> Option<String> {
        let listen = self.ops.listen;
        is_public(listen).then(|| {
            format!("ops.listen: {listen} is open to other machines and asks for no credential: keep it inside")
        })
    }

    fn all_hosts(&self) -> Option<String> {
        (is_public(self.server.listen) && self.server.public_hosts.is_empty())
            .then(|| "server.public_hosts: empty, so every Host is answered: list the names clients use".to_owned())
    }

    fn cut_short(&self, odoo: &OdooConfig) -> Option<String> {
        (self.server.request_timeout <= odoo.response_timeout).then(|| {
            format!(
                "server.request_timeout: not longer than the response_timeout of {:?}, so a slow write ends with an \
                 unknown outcome before Odoo's own limit",
                odoo.name
            )
        })
    }
}

fn is_public(listen: SocketAddr) -> bool {
    !listen.ip().is_loopback()
}

/// A name without a dot or a private address is taken for a neighbour.
fn in_clear(odoo: &OdooConfig) -> Option<String> {
    let far = match odoo.url.host()? {
        url::Host::Domain(name) => name.contains('.') && !name.ends_with(".internal") && !name.ends_with(".local"),
        url::Host::Ipv4(address) => !address.is_loopback() && !address.is_private() && !address.is_link_local(),
        url::Host::Ipv6(address) => !address.is_loopback() && !address.is_unique_local(),
    };
    (far && odoo.url.scheme() == "http").then(|| {
        format!("odoo.url: passwords travel to {:?} in clear: use https where the way leaves the house", odoo.name)
    })
}
