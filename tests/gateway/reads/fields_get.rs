//! A model whose fields Odoo describes only in part: `fields_get` fails completely if the options of one selection
//! field cannot be read.

use crate::support::stub_odoo::PASSWORD;
use crate::support::{Gateway, StubOdoo, StubReply};

const FIELDS: &str = "res.partner.fields_get";

#[tokio::test]
async fn unreadable_selection_options_do_not_affect_other_requests() {
    let stub = StubOdoo::start().await;
    let fault = "warning -- AccessError\n\nYou are not allowed to access 'Module' (ir.module.module) records.";
    stub.when_containing(FIELDS, "<string>selection</string>", StubReply::fault(fault, "You are not allowed."));
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let client = gateway.client().with_password("admin", PASSWORD);
    for (path, expected) in [
        ("/restapi/1.0/object/res.partner?fields=name", "Azure"),
        ("/restapi/1.0/object/res.partner/search", "1"),
        ("/restapi/1.0/object/res.partner/1?fields=name", "Azure"),
        ("/restapi/1.0/object/res.partner/fields_get", "name"),
        ("/api/v1/res.partner?query=%7Bname%7D", "Azure"),
    ] {
        let response = client.get(path, &[]).await;
        assert_eq!(response.status, 200, "{path}: {}", response.text);
        assert!(response.text.contains(expected), "{path}: {}", response.text);
    }
    let calls = stub.call_count(FIELDS);
    client.get("/restapi/1.0/object/res.partner/1?fields=name", &[]).await.ok();
    assert_eq!(stub.call_count(FIELDS), calls, "the metadata is cached");
}

#[tokio::test]
async fn model_whose_fields_get_is_denied_stays_denied() {
    let stub = StubOdoo::start().await;
    stub.when(FIELDS, StubReply::fault("warning -- AccessError\n\nYou are not allowed.", "You are not allowed."));
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let client = gateway.client().with_password("admin", PASSWORD);
    client.get("/restapi/1.0/object/res.partner", &[]).await.problem(403, "access_denied");
}
