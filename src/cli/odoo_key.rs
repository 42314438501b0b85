//! The Odoo API key that an API key of the gateway uses: when it ends, and whether its renewal fails.
//!
//! In: what the store knows about it. Out: text and JSON. Must not know: how it is renewed.

use serde_json::{Value, json};

use super::table::{format_timestamp, local_time};
use crate::store::OdooKeyRecord;

/// One line; empty if nothing is known.
pub(super) fn describe_odoo_key(record: Option<&OdooKeyRecord>) -> String {
    let Some(record) = record.filter(|record| record.hash.is_some()) else { return String::new() };
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
    let Some(record) = record.filter(|record| record.hash.is_some()) else { return Value::Null };
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
    }
}
