//! `[ops]`: what operators talk to.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::config::deserializers;

/// `[ops]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OpsConfig {
    /// Where to listen.
    #[serde(deserialize_with = "deserializers::socket")]
    pub listen: SocketAddr,
}
