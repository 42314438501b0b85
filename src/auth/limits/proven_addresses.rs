//! The addresses from which a login was verified before.
//!
//! Failed attempts from many addresses empty the bucket of a login. That must not lock out its user, so an address from
//! which the login was verified is admitted, and only failures from this address count against it.
//!
//! A bounded number of keyed hashes is stored, in this process: a restart discards them.
//!
//! In: a database, a login, an address. Out: whether they were verified together. Must not know: secrets.

use std::net::IpAddr;
use std::time::Duration;

use super::throttle::client_network;
use crate::auth::process_keyed_hash::{Fingerprint, KeyedHash};
use crate::cache::{CacheLimits, ExpiringCache};
use crate::error::Problem;
use crate::names::DatabaseName;

/// The most entries: some megabytes.
const CAPACITY: u64 = 50_000;

/// How long an entry is stored after the last login from its address.
const TIME_TO_IDLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Pairs of login and address.
#[derive(Debug)]
pub(in crate::auth) struct ProvenAddresses {
    hash: KeyedHash,
    pairs: ExpiringCache<Fingerprint, ()>,
}

impl ProvenAddresses {
    /// No pairs.
    ///
    /// # Errors
    /// If the operating system provides no randomness.
    pub(in crate::auth) fn new() -> Result<Self, Problem> {
        let pairs = ExpiringCache::new(CacheLimits::capacity(CAPACITY).time_to_idle(TIME_TO_IDLE));
        Ok(Self { hash: KeyedHash::generate()?, pairs })
    }

    /// Whether this login was verified from this address.
    pub(in crate::auth) fn contains(&self, database: &DatabaseName, login: &str, address: IpAddr) -> bool {
        self.pairs.get(&self.fingerprint(database, login, address)).is_some()
    }

    /// Records that it was.
    pub(in crate::auth) fn insert(&self, database: &DatabaseName, login: &str, address: IpAddr) {
        self.pairs.insert(self.fingerprint(database, login, address), ());
    }

    fn fingerprint(&self, database: &DatabaseName, login: &str, address: IpAddr) -> Fingerprint {
        self.hash.digest(&[database.as_str(), login, &client_network(address).to_string()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_proven_for_one_login_of_one_database() {
        let proven = ProvenAddresses::new().unwrap();
        let [live, test] = ["live", "test"].map(|name| DatabaseName::parse(name).unwrap());
        let [here, there] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        proven.insert(&live, "ada", here);
        assert!(proven.contains(&live, "ada", here));
        for (database, login, address) in [(&live, "ada", there), (&live, "bob", here), (&test, "ada", here)] {
            assert!(!proven.contains(database, login, address), "{login} {address}");
        }
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let (proven, live) = (ProvenAddresses::new().unwrap(), DatabaseName::parse("live").unwrap());
        proven.insert(&live, "ada", "2001:db8:1:2::1".parse().unwrap());
        assert!(proven.contains(&live, "ada", "2001:db8:1:2:ffff::9".parse().unwrap()));
        assert!(!proven.contains(&live, "ada", "2001:db8:1:3::1".parse().unwrap()));
    }
}
