//! Others change the same rows at the same moment: Odoo has tried five times and rolled back.

use reqwest::Method;
use serde_json::json;

use super::{CANARY, PARTNER, create, read, says_nothing_of_odoos_words, update, warm};
use crate::support::client::send;
use crate::support::{Act, Answer};

/// What Odoo says then, by one of the exceptions of PostgreSQL's driver.
fn collision(exception: &str) -> Act {
    let message = "could not serialize access due to concurrent update";
    let traceback = format!(
        "Traceback (most recent call last):\n  File \"/{CANARY}.py\", line 1, in execute\n    cr.execute(query)\n\
         psycopg2.errors.{exception}: {message}\n"
    );
    Act::fault(message, &traceback)
}

/// Nothing was done: the caller may wish it again, perhaps as it now is.
fn conflict(answer: &Answer) {
    answer.refused(409, "concurrent_update");
    assert_eq!(answer.header("retry-after"), "1");
    says_nothing_of_odoos_words(answer);
}

#[tokio::test]
async fn a_question_that_collides_is_asked_once_more() {
    let (stub, _gateway, admin) = warm(&[]).await;
    for exception in ["SerializationFailure", "DeadlockDetected", "LockNotAvailable"] {
        let before = stub.asked("res.partner.read");
        stub.once("res.partner.read", collision(exception));
        assert_eq!(read(&admin).await.ok(), json!({"Contact": {"id": 1, "name": "Azure"}}), "{exception}");
        assert_eq!(stub.asked("res.partner.read"), before + 2);
    }
    let before = stub.asked("res.partner.read");
    stub.when("res.partner.read", collision("SerializationFailure"));
    conflict(&read(&admin).await);
    assert_eq!(stub.asked("res.partner.read"), before + 2, "and no more");
}

#[tokio::test]
async fn a_deed_that_collides_is_its_callers_to_repeat() {
    let (stub, _gateway, admin) = warm(&[]).await;
    let before = stub.asked("res.partner.create");
    stub.once("res.partner.create", collision("SerializationFailure"));
    conflict(&create(&admin).await);
    assert_eq!(stub.asked("res.partner.create"), before + 1);
    stub.once("res.partner.write", collision("LockNotAvailable"));
    conflict(&update(&admin).await);
    assert_eq!(stub.asked("res.partner.write"), 1);
    for (name, request) in [
        ("res.partner.unlink", admin.request(Method::DELETE, PARTNER)),
        ("res.partner.button_do", admin.request(Method::POST, &format!("{PARTNER}/button_do"))),
    ] {
        stub.once(name, collision("DeadlockDetected"));
        conflict(&send(request).await);
        assert_eq!(stub.asked(name), 1, "{name}");
    }
}
