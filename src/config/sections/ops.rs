//! `[ops]`: the listener for operators.
//!
//! In: values of the right type. Out: [`OpsConfig`]. Must not know: what the listener serves.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::Deserialize;

use crate::config::deserializers;

/// `[ops]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OpsConfig {
    /// Address and port.
    #[serde(deserialize_with = "deserializers::socket")]
    pub listen: SocketAddr,
}

/// The address at which a process on this machine reaches a listener: the loopback address if it listens on all.
#[must_use]
pub fn local_address(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}
