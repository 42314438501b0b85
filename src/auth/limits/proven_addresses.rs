//! From which addresses a login was proven before.
//!
//! Guesses from many addresses empty the bucket of a login. Its user must not be kept out by that: an address from which
//! the login was proven is let through, and only its own guesses count against it.
//!
//! In: a database, a login, an address. Out: whether they belong together. Must not know: secrets. Keyed hashes are kept,
//! a bounded number of them, in this process: a restart forgets them.

use std::net::IpAddr;
use std::time::Duration;

use moka::sync::Cache;

use super::throttle::network_of;
use crate::auth::keyed_hash::{Fingerprint, KeyedHash};
use crate::error::Problem;
use crate::names::DatabaseName;

/// How many are kept at most, some megabytes.
const CAPACITY: u64 = 50_000;

/// How long one is kept after the last login from there.
const IDLE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The pairs of login and address.
#[derive(Debug)]
pub(in crate::auth) struct ProvenAddresses {
    hash: KeyedHash,
    seen: Cache<Fingerprint, ()>,
}

impl ProvenAddresses {
    /// None yet.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub(in crate::auth) fn new() -> Result<Self, Problem> {
        let seen = Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build();
        Ok(Self { hash: KeyedHash::generate()?, seen })
    }

    /// Whether this login was proven from this address.
    pub(in crate::auth) fn contains(&self, database: &DatabaseName, login: &str, address: IpAddr) -> bool {
        self.seen.get(&self.fingerprint(database, login, address)).is_some()
    }

    /// Notes that it was.
    pub(in crate::auth) fn insert(&self, database: &DatabaseName, login: &str, address: IpAddr) {
        self.seen.insert(self.fingerprint(database, login, address), ());
    }

    fn fingerprint(&self, database: &DatabaseName, login: &str, address: IpAddr) -> Fingerprint {
        self.hash.of(&[database.as_str(), login, &network_of(address).to_string()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_proven_for_one_login_at_one_database() {
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
    fn an_ipv6_network_is_one_address() {
        let (proven, live) = (ProvenAddresses::new().unwrap(), DatabaseName::parse("live").unwrap());
        proven.insert(&live, "ada", "2001:db8:1:2::1".parse().unwrap());
        assert!(proven.contains(&live, "ada", "2001:db8:1:2:ffff::9".parse().unwrap()));
        assert!(!proven.contains(&live, "ada", "2001:db8:1:3::1".parse().unwrap()));
    }
}
