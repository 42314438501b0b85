//! The Odoo API keys that act for a user, as the user reads about them.
//!
//! In: what is known about keys. Out: text. Must not know: pages, how keys are renewed.

use std::collections::HashMap;

use super::time_text::readable_minute;
use crate::admin::{ListedOdooKey, StoredToken};

/// The Odoo API keys of a user, by grant.
#[derive(Debug)]
pub(super) struct OdooKeyTexts {
    keys: HashMap<String, ListedOdooKey>,
    is_renewed: bool,
}

impl OdooKeyTexts {
    pub(super) fn new(keys: Vec<ListedOdooKey>, is_renewed: bool) -> Self {
        Self { keys: keys.into_iter().map(|key| (key.grant.clone(), key)).collect(), is_renewed }
    }

    /// About the key that these tokens use: the first one that somebody must do something about, or else one of them.
    /// `remedy`: what the user does then. Empty if none of the tokens uses a key that ends.
    pub(super) fn text<'t>(&self, tokens: impl IntoIterator<Item = &'t StoredToken>, remedy: &str) -> String {
        let keys = tokens.into_iter().filter_map(|token| self.keys.get(&token.grant.id));
        let key = keys.max_by_key(|key| key.failures > 0);
        key.map(|key| self.describe(key, remedy)).unwrap_or_default()
    }

    fn describe(&self, key: &ListedOdooKey, remedy: &str) -> String {
        let end = key.ends_at.map(readable_minute);
        match (&key.failure, end) {
            (Some(failure), Some(end)) => {
                format!("Its Odoo API key ends {end}, and could not be renewed: {failure} {remedy}")
            }
            (Some(failure), None) => format!("Its Odoo API key could not be renewed: {failure} {remedy}"),
            (None, Some(end)) if self.is_renewed => {
                format!("Its Odoo API key ends {end}. It is renewed before if it is used.")
            }
            (None, Some(end)) => format!("Its Odoo API key ends {end}. {remedy}"),
            (None, None) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(failure: Option<&str>, ends_at: Option<i64>) -> ListedOdooKey {
        ListedOdooKey {
            grant: "g".to_owned(),
            login: "ada".to_owned(),
            database: "live".to_owned(),
            name: None,
            ends_at,
            failures: i64::from(failure.is_some()),
            failure: failure.map(str::to_owned),
            next_check_at: 0,
            is_previous_left: false,
            users: Vec::new(),
        }
    }

    #[test]
    fn users_read_what_to_do_only_if_there_is_something() {
        let text = |key, is_renewed| OdooKeyTexts::new(Vec::new(), is_renewed).describe(&key, "Do it.");
        assert_eq!(
            text(key(Some("No."), Some(0)), true),
            "Its Odoo API key ends 1970-01-01 00:00 UTC, and could not be renewed: No. Do it."
        );
        assert!(!text(key(None, Some(0)), true).contains("Do it."));
        assert!(text(key(None, Some(0)), false).ends_with(" Do it."), "nobody renews it");
        assert_eq!(text(key(None, None), false), "");
    }
}
