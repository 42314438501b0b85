//! `[ops]`: the listener for operators.
//!
//! In: values of the right type. Out: [`OpsConfig`]. Must not know: what the listener serves.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::config::deserializers;

/// `[ops]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OpsConfig {
    /// Address and port.
    #[serde(deserialize_with = "deserializers::socket")]
    pub listen: SocketAddr,
}
