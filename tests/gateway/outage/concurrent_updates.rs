//! Another transaction changes the same rows: Odoo has tried five times and rolled back.

use reqwest::Method;
use serde_json::json;

use super::{CANARY, PARTNER, assert_no_odoo_text, create, read, update, warm_gateway};
use crate::support::client::send;
use crate::support::{Response, StubReply};

/// Odoo's fault in this case, with an exception of PostgreSQL's driver.
pub(super) fn conflict_fault(exception: &str) -> StubReply {
    let message = "could not serialize access due to concurrent update";
    let traceback = format!(
        "Traceback (most recent call last):\n  File \"/{CANARY}.py\", line 1, in execute\n    cr.execute(query)\n\
         psycopg2.errors.{exception}: {message}\n"
    );
    StubReply::fault(message, &traceback)
}

/// Checks the problem of a request that had no effect because of the conflict.
pub(super) fn assert_conflict(response: &Response) {
    response.problem(409, "concurrent_update");
    assert_eq!(response.header("retry-after"), "1");
    assert_no_odoo_text(response);
}

#[tokio::test]
async fn conflicting_read_is_retried_once() {
    let (stub, _gateway, admin) = warm_gateway(&[]).await;
    for exception in ["SerializationFailure", "DeadlockDetected", "LockNotAvailable"] {
        let before = stub.call_count("res.partner.read");
        stub.once("res.partner.read", conflict_fault(exception));
        assert_eq!(read(&admin).await.ok(), json!({"Contact": {"id": 1, "name": "Azure"}}), "{exception}");
        assert_eq!(stub.call_count("res.partner.read"), before + 2);
    }
    let before = stub.call_count("res.partner.read");
    stub.when("res.partner.read", conflict_fault("SerializationFailure"));
    assert_conflict(&read(&admin).await);
    assert_eq!(stub.call_count("res.partner.read"), before + 2, "only one retry");
}

#[tokio::test]
async fn conflicting_write_is_left_to_the_caller() {
    let (stub, _gateway, admin) = warm_gateway(&[]).await;
    let before = stub.call_count("res.partner.create");
    stub.once("res.partner.create", conflict_fault("SerializationFailure"));
    assert_conflict(&create(&admin).await);
    assert_eq!(stub.call_count("res.partner.create"), before + 1);
    stub.once("res.partner.write", conflict_fault("LockNotAvailable"));
    assert_conflict(&update(&admin).await);
    assert_eq!(stub.call_count("res.partner.write"), 1);
    for (name, request) in [
        ("res.partner.unlink", admin.request(Method::DELETE, PARTNER)),
        ("res.partner.button_do", admin.request(Method::POST, &format!("{PARTNER}/button_do"))),
    ] {
        stub.once(name, conflict_fault("DeadlockDetected"));
        assert_conflict(&send(request).await);
        assert_eq!(stub.call_count(name), 1, "{name}");
    }
}
