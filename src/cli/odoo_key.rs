//! The Odoo API key that an API key of the gateway uses: when it ends, whether its renewal fails, and what of it is left
//! in Odoo.
//!
//! In: what the store knows about it. Out: text and JSON. Must not know: how it is renewed.

use serde_json::{Value, json};

use super::table::{format_timestamp, local_time};
use crate::store::OdooKeyRecord;

/// Nothing is known about a password, except why it could not be looked at.
fn known(record: Option<&OdooKeyRecord>) -> Option<&OdooKeyRecord> {
    record.filter(|record| record.hash.is_some() || record.failure.is_some())
}

/// A sentence about the keys that the gateway has created in Odoo and does not use any more; empty if there are none.
pub(super) fn describe_left_keys(record: Option<&OdooKeyRecord>) -> String {
    let Some(record) = record else { return String::new() };
    let names = [record.name.as_deref(), record.replaced.as_ref().and_then(|replaced| replaced.name.as_deref())];
    let names: Vec<String> = names.into_iter().flatten().map(|name| format!("\"{name}\"")).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(" Remove what the gateway has created in Odoo for it: {}.", names.join(", "))
}

/// One line; empty if nothing is known.
pub(super) fn describe_odoo_key(record: Option<&OdooKeyRecord>) -> String {
    let Some(record) = known(record) else { return String::new() };
    let end = record.ends_at.map_or_else(|| "no known end".to_owned(), |end| format!("ends {}", local_time(end)));
    let mut parts = vec![end];
    if let Some(name) = &record.name {
        parts.push(format!("named \"{name}\" in Odoo"));
    }
    if record.replaced.is_some() {
        parts.push("the previous one is not revoked yet".to_owned());
    }
    if let Some(failure) = &record.failure {
        parts.push(format!("attempt {} to renew it failed: {failure}", record.failures));
    }
    parts.join(", ")
}

/// The same for programs; `null` if nothing is known.
pub(super) fn odoo_key_json(record: Option<&OdooKeyRecord>) -> Value {
    let Some(record) = known(record) else { return Value::Null };
    json!({
        "name": record.name,
        "ends_at": record.ends_at.map(format_timestamp),
        "next_check_at": format_timestamp(record.next_check_at),
        "previous_is_revoked": record.replaced.is_none(),
        "failures": record.failures,
        "failure": record.failure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OdooKeyHash;

    #[test]
    fn failure_is_described_and_a_password_is_not() {
        assert_eq!(describe_odoo_key(Some(&OdooKeyRecord::default())), "");
        assert!(odoo_key_json(None).is_null());
        let hash = OdooKeyHash { hash: vec![1], key: "k".to_owned() };
        let record = OdooKeyRecord {
            hash: Some(hash),
            failures: 2,
            failure: Some("Odoo is not available.".to_owned()),
            ..OdooKeyRecord::default()
        };
        let text = describe_odoo_key(Some(&record));
        assert_eq!(text, "no known end, attempt 2 to renew it failed: Odoo is not available.");
        assert_eq!(odoo_key_json(Some(&record))["failures"], 2);
        let unseen = OdooKeyRecord { hash: None, ..record };
        assert_eq!(describe_odoo_key(Some(&unseen)), text, "the first look has failed");
    }

    #[test]
    fn keys_that_are_left_in_odoo_are_named() {
        let record = OdooKeyRecord { name: Some("odoo-gateway shop 1".to_owned()), ..OdooKeyRecord::default() };
        let text = describe_left_keys(Some(&record));
        assert_eq!(text, " Remove what the gateway has created in Odoo for it: \"odoo-gateway shop 1\".");
        assert_eq!(describe_left_keys(Some(&OdooKeyRecord::default())), "");
    }
}
