//! The same ways out before a stub that remembers what it was asked.
//!
//! Odoo is asked nothing when the model that the request names is outside. Where the way leads through a field of a model
//! within, the gateway asks for that model's fields, once; never for those of the model behind.

use std::collections::BTreeSet;

use super::{Ask, CLERK, STAR, ask, not_refused, scoped, tried};
use crate::support::stub::PASSWORD;
use crate::support::{Act, Client, Gateway, Stub};

/// The fields of contacts that the ways out go through: name, type, and where they lead.
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

fn fields(fields: &[(&str, &str, &str)]) -> Act {
    let member = |name: &str, value: &str| format!("<member><name>{name}</name><value>{value}</value></member>");
    let text = |name: &str, text: &str| member(name, &format!("<string>{text}</string>"));
    let field = |(name, kind, relation): &(&str, &str, &str)| {
        let flags = ["store", "searchable", "sortable"].map(|flag| member(flag, "<boolean>1</boolean>")).concat();
        let relation = if relation.is_empty() { String::new() } else { text("relation", relation) };
        member(name, &format!("<struct>{}{}{flags}{relation}</struct>", text("type", kind), text("string", name)))
    };
    Act::value(&format!("<struct>{}</struct>", fields.iter().map(field).collect::<String>()))
}

const SCOPE: (u16, &str) = (403, "scope_forbidden");

/// A question that needs no fields.
const RIGHTS: &str = "GET res.partner/check_access_rights?operation=read";

/// A stub that knows contacts and attachments, and a client with a key of this scope.
async fn scene(scope: &str) -> (Stub, Gateway, Client) {
    let stub = Stub::start().await;
    stub.when("res.partner.fields_get", fields(&CONTACT));
    stub.when("res.partner.check_access_rights", Act::value("<boolean>1</boolean>"));
    stub.when("ir.attachment.fields_get", fields(&ATTACHMENT));
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let mut wanted = scoped(scope, "scoped");
    (wanted.database, wanted.secret) = (None, PASSWORD.into());
    let (_, key) = gateway.administration().await.create_key(wanted).await.unwrap();
    let client = gateway.client().with_header("api-key", key.expose());
    (stub, gateway, client)
}

/// All that was asked while everything was tried.
async fn asked(scope: &str, asks: &[Ask], refusal: (u16, &str)) -> BTreeSet<String> {
    let (stub, _gateway, client) = scene(scope).await;
    // Its version and the user's language belong to the first request, whichever that is.
    ask(&client, RIGHTS, 1).await.ok();
    let before = stub.names().len();
    let through = not_refused(&client, asks, 1, refusal).await;
    assert!(through.is_empty(), "{through:#?}");
    let asked: Vec<String> = stub.names().split_off(before);
    assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len(), "each once: {asked:?}");
    ask(&client, RIGHTS, 1).await.ok();
    assert_eq!(stub.asked("res.partner.check_access_rights"), 2, "what is within it hears of");
    asked.into_iter().collect()
}

fn questions(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn odoo_hears_of_no_way_out_but_looks_at_the_model_that_was_named() {
    let looks = ["res.partner.fields_get", "ir.attachment.fields_get"];
    assert_eq!(asked(CLERK, tried::BY_THE_CLERK, SCOPE).await, questions(&looks));
    assert_eq!(asked(STAR, tried::WITH_A_STAR, SCOPE).await, questions(&looks[..1]));
    let no_commands = asked(CLERK, tried::BY_NO_COMMANDS, (400, "invalid_value")).await;
    assert_eq!(no_commands, questions(&looks[..1]));
}

#[tokio::test]
async fn odoo_hears_nothing_at_all_of_models_outside_and_of_private_methods() {
    let outside = |asks: &[Ask]| -> Vec<Ask> {
        let names = |line: &str| line.contains(" res.partner") || line.contains(" ir.attachment");
        asks.iter().filter(|(_, line)| !names(line)).copied().collect()
    };
    for (scope, asks) in [(CLERK, outside(tried::BY_THE_CLERK)), (STAR, outside(tried::WITH_A_STAR))] {
        assert!(asks.len() > 5);
        assert_eq!(asked(scope, &asks, SCOPE).await, questions(&[]));
    }
    let private = asked(STAR, tried::BY_PRIVATE_METHODS, (403, "private_method")).await;
    assert_eq!(private, questions(&[]));
}
