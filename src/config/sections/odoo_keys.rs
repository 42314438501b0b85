//! `[odoo_keys]`: the renewal of sealed Odoo API keys.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: how keys are renewed.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, HOUR, Section};
use crate::config::deserializers;

/// `[odoo_keys]`.
#[derive(Debug, Clone, Deserialize)]
pub struct OdooKeysConfig {
    /// Whether keys are renewed.
    pub renew: bool,
    /// How long before its end a key is renewed.
    #[serde(deserialize_with = "deserializers::duration")]
    pub renew_before: Duration,
    /// How long a new key is valid.
    #[serde(deserialize_with = "deserializers::duration")]
    pub lifetime: Duration,
    /// How long the key before stays valid.
    #[serde(deserialize_with = "deserializers::duration")]
    pub revoke_after: Duration,
}

impl OdooKeysConfig {
    pub(super) fn validate(&self, section: &mut Section<'_>) {
        section.check_duration("lifetime", self.lifetime, DAY..=3660 * DAY);
        // Otherwise a key could be replaced while the one before it is not revoked yet.
        section.check_duration("renew_before", self.renew_before, HOUR..=self.lifetime.max(DAY) / 2);
        section.check_duration("revoke_after", self.revoke_after, Duration::ZERO..=DAY);
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn key_is_not_renewed_in_the_first_half_of_its_life() {
        let errors = |before: &str| {
            let variable = ("ODOO_GATEWAY__ODOO_KEYS__RENEW_BEFORE".into(), before.into());
            Config::load(None, [variable]).err().map(|errors| errors.to_string())
        };
        assert_eq!(errors("45d"), None);
        assert!(errors("46d").unwrap().contains("odoo_keys.renew_before"));
    }
}
