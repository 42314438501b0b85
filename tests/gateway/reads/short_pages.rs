//! `mail.message`: Odoo applies the limit first, and removes what the user may not read afterwards.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{CSV, Dialect, ListRequest, NDJSON, call, fresh_gateway, ids_of};
use crate::support::{Client, Version};

const MESSAGES: &str = "mail.message";
const PAGE: usize = 20;

/// A domain that matches no new message, and the number of its messages that the user may read.
async fn readable(client: &Client) -> (String, usize) {
    let newest = call(client, MESSAGES, "search", json!([[], 0, 1])).await;
    let newest = newest.as_array().unwrap().first().and_then(Value::as_i64).unwrap_or(i64::from(i32::MAX));
    let count = call(client, MESSAGES, "search_count", json!([[["id", "<=", newest]]])).await;
    (format!("[('id','<=',{newest})]"), usize::try_from(count.as_u64().unwrap()).unwrap())
}

/// Creates messages on a record that only administrators may read.
async fn create_hidden_messages(admin: &Client) {
    let secret = call(admin, "ir.config_parameter", "search", json!([[], 0, 1])).await[0].clone();
    let message = |n| json!({"body": format!("hidden {n}"), "model": "ir.config_parameter", "res_id": secret});
    call(admin, MESSAGES, "create", json!([(0..30).map(message).collect::<Vec<_>>()])).await;
}

#[tokio::test]
async fn every_readable_message_is_on_a_page_and_counted() {
    for version in Version::each() {
        let gateway = fresh_gateway(version).await;
        let client = gateway.client().as_user("internal");
        create_hidden_messages(&gateway.client().as_user("admin")).await;
        let (domain, count) = readable(&client).await;
        assert!(count > PAGE);
        let raw = call(&client, MESSAGES, "search", json!([[["id", ">", 0]], 0, PAGE])).await;
        assert!(raw.as_array().unwrap().len() < PAGE, "Odoo's own page is short: {raw}");
        for dialect in Dialect::ALL {
            let mut seen = Vec::new();
            for offset in (0..count).step_by(PAGE) {
                let request = ListRequest {
                    model: MESSAGES,
                    domain: &domain,
                    context: "",
                    field: "subject",
                    offset,
                    limit: Some(PAGE),
                };
                let (records, total) = dialect.list(&client, &request).await;
                assert_eq!(records.len(), PAGE.min(count - offset), "{version:?} {dialect:?} from {offset}");
                assert!(
                    total.is_none_or(|total| total == count as u64),
                    "{version:?} {dialect:?} {total:?} of {count}"
                );
                seen.extend(ids_of(&records));
            }
            assert_eq!(seen.iter().collect::<HashSet<_>>().len(), count, "{version:?} {dialect:?}");
        }
        let path = "/restapi/1.0/object/mail.message";
        let ids = client.get(&format!("{path}/search"), &[("domain", &*domain), ("limit", "20")]).await.ok();
        assert_eq!(ids.as_object().unwrap().values().next().unwrap().as_array().unwrap().len(), PAGE);
        for (accept, more) in [(CSV, 1), (NDJSON, 0)] {
            let rows = client.with_header("Accept", accept);
            let query = [("domain", &*domain), ("fields", "subject")];
            assert_eq!(rows.get(path, &query).await.text.lines().count(), count + more, "{version:?} {accept}");
            let part = rows.get(path, &[query[0], query[1], ("limit", "20"), ("offset", "10")]).await;
            assert_eq!(part.text.lines().count(), PAGE + more, "{version:?} {accept}");
        }
    }
}
