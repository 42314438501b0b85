//! `[odoo_keys]`: the renewal of sealed Odoo API keys.
//!
//! In: values of the right type. Out: errors for values out of bounds. Must not know: how keys are renewed.

use std::time::Duration;

use serde::Deserialize;

use super::{DAY, HOUR, Section};
use crate::config::{StoreConfig, deserializers};

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
    pub(super) fn validate(&self, store: &StoreConfig, section: &mut Section<'_>) {
        section.check_duration("lifetime", self.lifetime, DAY..=3660 * DAY);
        // Otherwise a key could be replaced while the one before it is not revoked yet.
        section.check_duration("renew_before", self.renew_before, HOUR..=self.lifetime.max(DAY) / 2);
        section.check_duration("revoke_after", self.revoke_after, Duration::ZERO..=DAY);
        // A gateway that cannot reach the store uses the old key for that long.
        if self.revoke_after < store.outage_grace {
            section.add_error("revoke_after", "must be at least store.outage_grace");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn errors(variables: &[(&str, &str)]) -> Option<String> {
        let variables = variables.iter().map(|(name, value)| (format!("ODOO_GATEWAY__{name}").into(), (*value).into()));
        Config::load(None, variables.collect::<Vec<_>>()).err().map(|errors| errors.to_string())
    }

    #[test]
    fn key_is_not_renewed_in_the_first_half_of_its_life() {
        assert_eq!(errors(&[("ODOO_KEYS__RENEW_BEFORE", "45d")]), None);
        assert!(errors(&[("ODOO_KEYS__RENEW_BEFORE", "46d")]).unwrap().contains("odoo_keys.renew_before"));
    }

    #[test]
    fn key_is_not_revoked_while_a_gateway_without_the_store_uses_it() {
        let early = ("ODOO_KEYS__REVOKE_AFTER", "5s");
        assert!(errors(&[early]).unwrap().contains("odoo_keys.revoke_after"));
        assert_eq!(errors(&[early, ("STORE__OUTAGE_GRACE", "5s")]), None);
    }
}
