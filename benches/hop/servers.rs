//! A canned Odoo, and nginx and a gateway in front of it.
//!
//! In: recorded responses. Out: [`Servers`], which end on drop, and their scenarios. Must not know: how they are
//! measured.

use std::io;
use std::path::Path;

use super::canned_odoo::{CannedOdoo, Connections};
use super::nginx::Nginx;
use super::process::Gateway;
use super::request::{api_key, basic};
use super::scenario::Scenario;
use super::workload::Workload;
use super::wrk::Script;

/// The servers of one mode of the canned Odoo.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) odoo: CannedOdoo,
    pub(crate) nginx: Nginx,
    pub(crate) gateway: Gateway,
    pub(crate) key: String,
    /// The calls to Odoo, and the same reads with each credential.
    calls: Script,
    with_basic: Script,
    with_key: Script,
}

impl Servers {
    pub(crate) fn start(workload: &Workload, responses: &Path, connections: Connections) -> io::Result<Self> {
        let odoo = CannedOdoo::start(responses, connections)?;
        let nginx = Nginx::start(odoo.address, connections)?;
        let (gateway, key) = Gateway::start_with_key(odoo.address, &[])?;
        Ok(Self {
            calls: Script::new(workload.direct_reads())?,
            with_basic: Script::new(workload.read_requests(&basic()))?,
            with_key: Script::new(workload.read_requests(&api_key(&key)))?,
            odoo,
            nginx,
            gateway,
            key,
        })
    }

    /// No hop: the upper bound of what this load generator and this Odoo can do.
    pub(crate) fn direct(&self) -> Scenario<'_> {
        let odoo = &self.odoo;
        Scenario { name: "direct", address: odoo.address, script: &self.calls, processor_time: None, odoo }
    }

    pub(crate) fn nginx(&self) -> Scenario<'_> {
        Scenario {
            name: "nginx",
            address: self.nginx.address,
            script: &self.calls,
            processor_time: Some(Box::new(|| self.nginx.processor_time())),
            odoo: &self.odoo,
        }
    }

    pub(crate) fn basic(&self) -> Scenario<'_> {
        self.gateway("gateway, HTTP Basic", &self.with_basic)
    }

    pub(crate) fn api_key(&self) -> Scenario<'_> {
        self.gateway("gateway, API key", &self.with_key)
    }

    fn gateway<'a>(&'a self, name: &'static str, script: &'a Script) -> Scenario<'a> {
        Scenario {
            name,
            address: self.gateway.address,
            script,
            processor_time: Some(Box::new(|| self.gateway.processor_time())),
            odoo: &self.odoo,
        }
    }
}
