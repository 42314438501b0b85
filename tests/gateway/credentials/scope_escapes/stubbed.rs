//! The same escapes in front of a stub that records the calls.
//!
//! The gateway does not call Odoo if the requested model is outside the scope. If the path starts at a model within the
//! scope, it fetches the fields of that model once, but never those of the related model.

use std::collections::BTreeSet;

use super::{Attempt, CLERK, STAR, not_rejected, rejected, scoped, send_line};
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Client, Gateway, StubOdoo, StubReply};

/// The fields of contacts that the escapes use: name, type, related model.
const CONTACT: [(&str, &str, &str); 11] = [
    ("id", "integer", ""),
    ("name", "char", ""),
    ("display_name", "char", ""),
    ("type", "selection", ""),
    ("child_ids", "one2many", "res.partner"),
    ("parent_id", "many2one", "res.partner"),
    ("country_id", "many2one", "res.country"),
    ("create_uid", "many2one", "res.users"),
    ("user_id", "many2one", "res.users"),
    ("user_ids", "one2many", "res.users"),
    ("message_ids", "one2many", "mail.message"),
];

const ATTACHMENT: [(&str, &str, &str); 4] =
    [("id", "integer", ""), ("name", "char", ""), ("res_model", "char", ""), ("res_id", "many2one_reference", "")];

fn fields(fields: &[(&str, &str, &str)]) -> StubReply {
    let member = |name: &str, value: &str| format!("<member><name>{name}</name><value>{value}</value></member>");
    let text = |name: &str, text: &str| member(name, &format!("<string>{text}</string>"));
    let field = |(name, kind, relation): &(&str, &str, &str)| {
        let flags = ["store", "searchable", "sortable"].map(|flag| member(flag, "<boolean>1</boolean>")).concat();
        let relation = if relation.is_empty() { String::new() } else { text("relation", relation) };
        member(name, &format!("<struct>{}{}{flags}{relation}</struct>", text("type", kind), text("string", name)))
    };
    StubReply::value(&format!("<struct>{}</struct>", fields.iter().map(field).collect::<String>()))
}

const SCOPE: (u16, &str) = (403, "scope_forbidden");

/// A request that needs no field metadata.
const RIGHTS: &str = "GET res.partner/check_access_rights?operation=read";

/// A stub with contacts and attachments, and a client with a key of this scope.
async fn fixture(scope: &str) -> (StubOdoo, Gateway, Client) {
    let stub = StubOdoo::start().await;
    stub.when("res.partner.fields_get", fields(&CONTACT));
    stub.when("res.partner.has_access", StubReply::value("<boolean>1</boolean>"));
    stub.when("ir.attachment.fields_get", fields(&ATTACHMENT));
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let mut new_key = scoped(scope, "scoped");
    (new_key.database, new_key.secret) = (None, PASSWORD.into());
    let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
    let client = gateway.client().with_header("api-key", key.expose());
    (stub, gateway, client)
}

/// Sends all requests. Returns the calls that Odoo received.
async fn calls_during(scope: &str, attempts: &[Attempt], rejection: (u16, &str)) -> BTreeSet<String> {
    let (stub, _gateway, client) = fixture(scope).await;
    // The version and the user's preferences are fetched with the first request.
    send_line(&client, RIGHTS, 1).await.ok();
    let before = stub.calls().len();
    let leaks = not_rejected(&client, attempts, 1, rejection).await;
    assert!(leaks.is_empty(), "{leaks:#?}");
    let calls: Vec<String> = stub.calls().split_off(before);
    assert_eq!(calls.iter().collect::<BTreeSet<_>>().len(), calls.len(), "each once: {calls:?}");
    send_line(&client, RIGHTS, 1).await.ok();
    assert_eq!(stub.call_count("res.partner.has_access"), 2, "requests within the scope reach Odoo");
    calls.into_iter().collect()
}

fn call_names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn rejected_paths_fetch_only_the_fields_of_the_requested_model() {
    let fields_gets = ["res.partner.fields_get", "ir.attachment.fields_get"];
    assert_eq!(calls_during(CLERK, rejected::BY_THE_CLERK, SCOPE).await, call_names(&fields_gets));
    assert_eq!(calls_during(STAR, rejected::WITH_A_STAR, SCOPE).await, call_names(&fields_gets[..1]));
    let invalid_values = calls_during(CLERK, rejected::AS_INVALID_VALUES, (400, "invalid_value")).await;
    assert_eq!(invalid_values, call_names(&fields_gets[..1]));
}

#[tokio::test]
async fn models_outside_the_scope_and_private_methods_make_no_call() {
    let outside = |attempts: &[Attempt]| -> Vec<Attempt> {
        let names = |line: &str| line.contains(" res.partner") || line.contains(" ir.attachment");
        attempts.iter().filter(|(_, line)| !names(line)).copied().collect()
    };
    for (scope, attempts) in [(CLERK, outside(rejected::BY_THE_CLERK)), (STAR, outside(rejected::WITH_A_STAR))] {
        assert!(attempts.len() > 5);
        assert_eq!(calls_during(scope, &attempts, SCOPE).await, call_names(&[]));
    }
    let private = calls_during(STAR, rejected::BY_PRIVATE_METHODS, (403, "private_method")).await;
    assert_eq!(private, call_names(&[]));
}
