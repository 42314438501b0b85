//! `[ops]`: what operators talk to.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::config::texts;

/// `[ops]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OpsConfig {
    /// Where to listen.
    #[serde(deserialize_with = "texts::socket")]
    pub listen: SocketAddr,
}
