//! One Odoo that does not respond does not affect another one.

use super::{PARTNER, read};
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Gateway, StubOdoo, StubReply};

#[tokio::test]
async fn requests_to_a_slow_odoo_do_not_delay_those_to_another() {
    let (slow, quick) = (StubOdoo::start().await, StubOdoo::start().await);
    let (slow_url, quick_url) = (slow.url(), quick.url());
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", slow_url.as_str()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "slow"),
        ("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "4"),
        ("ODOO_GATEWAY__ODOO__0__SHARE_READS", "false"),
        ("ODOO_GATEWAY__ODOO__1__URL", &quick_url),
        ("ODOO_GATEWAY__ODOO__1__DATABASE", "quick"),
        ("ODOO_GATEWAY__ODOO__1__CONCURRENCY", "1"),
        ("ODOO_GATEWAY__ODOO__1__QUEUE", "0"),
    ];
    let gateway = Gateway::start(&settings).await;
    let at = |database| gateway.client().with_password("admin", PASSWORD).with_header("X-Odoo-Database", database);
    for database in ["slow", "quick"] {
        read(&at(database)).await.ok();
    }
    slow.when("res.partner.read", StubReply::Hold);
    // The last ten have uncached passwords and wait for the check.
    let stuck: Vec<_> = (0..60)
        .map(|number| {
            let client = at("slow");
            let client = if number < 50 { client } else { client.with_password(&format!("user{number}"), PASSWORD) };
            tokio::spawn(async move { client.get(PARTNER, &[("fields", "name")]).await.status })
        })
        .collect();
    slow.wait_for_calls("res.partner.read", 1 + 4).await;
    for _ in 0..20 {
        read(&at("quick")).await.ok();
    }
    at("quick").with_password("nobody", "wrong").get(PARTNER, &[]).await.problem(401, "credential_invalid");
    assert!(stuck.iter().all(|waiting| !waiting.is_finished()), "the requests to the slow Odoo still wait");
    slow.release("res.partner.read");
    for waiting in stuck.into_iter().take(50) {
        assert_eq!(waiting.await.unwrap(), 200);
    }
}
