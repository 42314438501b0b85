//! The two listeners: sockets that systemd passed on, or new ones.
//!
//! In: the configuration, inherited sockets. Out: listening sockets. Must not know: what is served on them.

use std::net::SocketAddr;

use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpSocket};

use crate::config::Config;

/// The name of the listener for operators among inherited sockets (`FileDescriptorName=` of systemd). Any other name,
/// or none, is the listener for clients.
const OPS: &str = "ops";
/// How many connections wait to be accepted; the limit of the system applies too.
const BACKLOG: u32 = 1024;

/// The listeners of a gateway.
#[derive(Debug)]
pub(super) struct Listeners {
    /// For clients.
    pub(super) api: TcpListener,
    /// For operators.
    pub(super) ops: TcpListener,
    /// Whether another process may have a listener of its own at the address for clients. An inherited socket is the
    /// same one in each process.
    pub(super) api_is_shared: bool,
}

/// Sockets that another process opened for this one, usually systemd.
#[derive(Debug, Default)]
pub struct InheritedSockets {
    api: Option<std::net::TcpListener>,
    ops: Option<std::net::TcpListener>,
}

impl InheritedSockets {
    /// The sockets that `LISTEN_FDS` and `LISTEN_FDNAMES` describe. Call it once, before other threads exist, because it
    /// removes variables from the environment.
    ///
    /// # Errors
    /// If a socket is not a TCP listener, or has the same name as another one.
    pub fn from_environment() -> Result<Self, String> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut descriptors = ListenFd::from_env();
        let mut sockets = Self::default();
        for index in 0..descriptors.len() {
            let name = names.split(':').nth(index).unwrap_or_default();
            let socket = descriptors.take_tcp_listener(index);
            let socket = socket.map_err(|cause| format!("the inherited socket {name:?} cannot be used: {cause}"))?;
            let place = if name == OPS { &mut sockets.ops } else { &mut sockets.api };
            if place.is_some() {
                return Err(format!(
                    "two inherited sockets have the same purpose; name the one for operators {OPS:?} \
                     (FileDescriptorName={OPS}), and pass on one other"
                ));
            }
            *place = socket;
        }
        Ok(sockets)
    }
}

impl InheritedSockets {
    /// The configuration with the addresses of these sockets, on which the gateway listens instead of the configured
    /// ones.
    ///
    /// # Errors
    /// If a socket has no address.
    pub(super) fn addressed(&self, config: &Config) -> std::io::Result<Config> {
        let mut addressed = config.clone();
        if let Some(socket) = &self.api {
            addressed.server.listen = socket.local_addr()?;
        }
        if let Some(socket) = &self.ops {
            addressed.ops.listen = socket.local_addr()?;
        }
        Ok(addressed)
    }
}

impl Listeners {
    /// Uses inherited sockets, and opens what was not inherited.
    ///
    /// # Errors
    /// If an address is in use or cannot be used.
    pub(super) async fn open(config: &Config, inherited: InheritedSockets) -> Result<Self, String> {
        let open = async |inherited: Option<std::net::TcpListener>, key, address| match inherited {
            Some(socket) => from_std(socket).map_err(|cause| format!("the inherited socket cannot be used: {cause}")),
            None if config.server.reuse_port => share(address).map_err(|cause| failed(key, address, &cause)),
            None => TcpListener::bind(address).await.map_err(|cause| failed(key, address, &cause)),
        };
        Ok(Self {
            api_is_shared: config.server.reuse_port && inherited.api.is_none(),
            api: open(inherited.api, "server.listen", config.server.listen).await?,
            ops: open(inherited.ops, "ops.listen", config.ops.listen).await?,
        })
    }
}

fn from_std(socket: std::net::TcpListener) -> std::io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket)
}

/// Listens on an address on which other sockets of this user may listen too. The system distributes connections.
fn share(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn failed(key: &str, address: SocketAddr, cause: &std::io::Error) -> String {
    format!(
        "cannot listen on {address}: {cause}. Stop the process that uses the address, change {key}, or set \
         server.reuse_port for both processes."
    )
}

#[cfg(test)]
mod tests {
    use super::super::settings_from_config;
    use super::*;
    use crate::config::ConfigChanges;

    fn config(variables: &[(&str, &str)]) -> Config {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Config::load(None, variables).unwrap()
    }

    #[tokio::test]
    async fn address_is_shared_only_if_both_gateways_say_so() {
        for (shares, is_ok) in [("true", true), ("false", false)] {
            let free = ("ODOO_GATEWAY__OPS__LISTEN", "127.0.0.1:0");
            let shared = ("ODOO_GATEWAY__SERVER__REUSE_PORT", "true");
            let any = config(&[("ODOO_GATEWAY__SERVER__LISTEN", "127.0.0.1:0"), free, shared]);
            let first = Listeners::open(&any, InheritedSockets::default()).await.unwrap();
            let address = first.api.local_addr().unwrap().to_string();
            let reuse = ("ODOO_GATEWAY__SERVER__REUSE_PORT", shares);
            let same = config(&[("ODOO_GATEWAY__SERVER__LISTEN", &address), free, reuse]);
            let second = Listeners::open(&same, InheritedSockets::default()).await;
            assert_eq!(second.as_ref().is_ok(), is_ok, "{second:?}");
            if let Err(error) = second {
                assert!(error.contains("server.listen") && error.contains("server.reuse_port"), "{error}");
            }
        }
    }

    #[tokio::test]
    async fn inherited_socket_replaces_the_configured_address() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        // This address cannot be used.
        let config =
            config(&[("ODOO_GATEWAY__SERVER__LISTEN", "192.0.2.1:1"), ("ODOO_GATEWAY__OPS__LISTEN", "127.0.0.1:0")]);
        let inherited = InheritedSockets { api: Some(socket), ops: None };
        let listeners = Listeners::open(&config, inherited).await.unwrap();
        assert_eq!(listeners.api.local_addr().unwrap(), address);
    }

    #[test]
    fn warnings_and_the_console_depend_on_the_address_of_an_inherited_socket() {
        let inherit = |address: &str| Some(std::net::TcpListener::bind(address).unwrap());
        let cases = [("192.0.2.1", "127.0.0.1:0", true), ("127.0.0.1", "0.0.0.0:0", false)];
        for (configured, address, is_local) in cases {
            let (api, ops) = (format!("{configured}:1"), format!("{configured}:2"));
            let configured = config(&[("ODOO_GATEWAY__SERVER__LISTEN", &api), ("ODOO_GATEWAY__OPS__LISTEN", &ops)]);
            let inherited = InheritedSockets { api: inherit(address), ops: inherit(address) };
            let addressed = inherited.addressed(&configured).unwrap();
            // A reload keeps the addresses.
            for config in [&addressed, &addressed.reloaded(&configured).0] {
                assert_eq!(settings_from_config::console(config).is_some(), is_local);
                for key in ["server.listen:", "ops.listen:", "server.public_hosts:"] {
                    let is_warned = config.warnings().iter().any(|warning| warning.text.starts_with(key));
                    assert_eq!(is_warned, !is_local, "{key} {address}");
                }
            }
            assert_eq!(addressed.reloaded(&configured).1, ConfigChanges::default());
        }
    }
}
