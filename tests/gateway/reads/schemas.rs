//! A model whose fields Odoo describes only in part: a selection that reads what the user may not see refuses them all.

use crate::support::stub::PASSWORD;
use crate::support::{Act, Gateway, Stub};

const FIELDS: &str = "res.partner.fields_get";

#[tokio::test]
async fn a_selection_that_cannot_be_read_costs_nothing_but_itself() {
    let stub = Stub::start().await;
    let refusal = "warning -- AccessError\n\nYou are not allowed to access 'Module' (ir.module.module) records.";
    stub.when_saying(FIELDS, "<string>selection</string>", Act::fault(refusal, "You are not allowed."));
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let client = gateway.client().with_password("admin", PASSWORD);
    for (path, expected) in [
        ("/restapi/1.0/object/res.partner?fields=name", "Azure"),
        ("/restapi/1.0/object/res.partner/search", "1"),
        ("/restapi/1.0/object/res.partner/1?fields=name", "Azure"),
        ("/restapi/1.0/object/res.partner/fields_get", "name"),
        ("/api/v1/res.partner?query=%7Bname%7D", "Azure"),
    ] {
        let answer = client.get(path, &[]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(answer.text.contains(expected), "{path}: {}", answer.text);
    }
    let asked = stub.asked(FIELDS);
    client.get("/restapi/1.0/object/res.partner/1?fields=name", &[]).await.ok();
    assert_eq!(stub.asked(FIELDS), asked, "what is known is kept");
}

#[tokio::test]
async fn a_model_that_is_refused_as_a_whole_stays_refused() {
    let stub = Stub::start().await;
    stub.when(FIELDS, Act::fault("warning -- AccessError\n\nYou are not allowed.", "You are not allowed."));
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let client = gateway.client().with_password("admin", PASSWORD);
    client.get("/restapi/1.0/object/res.partner", &[]).await.refused(403, "access_denied");
}
