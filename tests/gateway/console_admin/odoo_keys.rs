//! What people see of the Odoo API keys that are sealed in the store.

use std::time::Duration;

use odoo_gateway::clock::Clock;
use odoo_gateway::store::{OdooKeyClaim, OdooKeyHash, OdooKeyRecord};

use super::Session;
use crate::credentials::new_key;
use crate::support::{Gateway, Version};

const PAGE: &str = "/console/admin/odoo-keys";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test(flavor = "multi_thread")]
async fn key_that_is_not_renewed_is_displayed_with_the_reason_and_what_to_do() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (admin, user) = (Session::log_in(&gateway, "admin").await, Session::log_in(&gateway, "internal").await);
    let empty = admin.get(PAGE).await.text;
    assert!(empty.contains("<code>odoo_keys.renew</code> is off") && empty.contains("class=\"empty\""), "{empty}");

    let administration = gateway.administration().await;
    let (row, _) = administration.create_key(new_key(Version::Odoo19, "Scanner")).await.unwrap();
    let (store, now) = (&administration.store, Clock::system().now());
    let claim = store.claim_odoo_key(&row.grant.id, now, now + DAY).await.unwrap();
    let OdooKeyClaim::Claimed { until, .. } = claim else { panic!("{claim:?}") };
    let ends_at = now + DAY;
    let record = OdooKeyRecord {
        hash: Some(OdooKeyHash { hash: vec![1], key: "k".to_owned() }),
        ends_at: Some(ends_at.unix_timestamp()),
        failures: 3,
        failure: Some("Odoo says <no>.".to_owned()),
        next_check_at: ends_at.unix_timestamp(),
        ..OdooKeyRecord::default()
    };
    store.update_odoo_key(&row.grant.id, until, &record).await.unwrap();
    let page = admin.get(PAGE).await.text;
    let end = ends_at.date().to_string();
    let remedy = "odoo-gateway key rotate &#34;Scanner&#34;";
    let failure = "Attempt 3 failed: Odoo says &#60;no&#62;.";
    for part in ["1 not renewed", "API key Scanner", failure, remedy, end.as_str()] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let own = user.get("/console").await.text;
    let text = "could not be renewed: Odoo says &#60;no&#62;. Create a new API key";
    assert!(own.contains(text) && own.contains(&end), "{own}");
    assert_eq!(user.get(PAGE).await.status, 403);
    let other = admin.get("/console").await.text;
    assert!(!other.contains("could not be renewed"), "it is not theirs");
}
