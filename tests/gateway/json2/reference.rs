//! `/doc-bearer`: the models, and the fields and methods of one; compared with what Odoo 19 tells its web client.

use serde_json::{Value, json};

use super::{call, error_of, with_bearer};
use crate::credentials::{new_key, new_key_of};
use crate::support::odoo::fresh_database;
use crate::support::{Client, Gateway, Version, testbed, unique};

async fn admin_of(version: Version) -> Client {
    let new_key = new_key_of(version.database(), &unique("reference"), "admin", "admin");
    let (_, token) = Gateway::shared().administration().await.create_key(new_key).await.unwrap();
    with_bearer(&Gateway::shared().client(), token.expose())
}

/// What Odoo 19 itself says about a model, in a session of its web client.
async fn documented_by_odoo(model: &str) -> Value {
    let odoo = Client::new(testbed().url(Version::Odoo19).to_owned());
    let login = json!({"params": {"db": "odoo19", "login": "admin", "password": "admin"}});
    let session = odoo.post("/web/session/authenticate", &login).await;
    let cookie = session.header("set-cookie").split(';').next().unwrap().to_owned();
    odoo.with_header("cookie", &cookie).get(&format!("/doc/{model}.json"), &[]).await.ok()
}

#[tokio::test]
async fn a_model_is_described_as_odoo_19_does() {
    let expected = documented_by_odoo("res.country").await;
    let client = admin_of(Version::Odoo19).await;
    let found = client.get("/doc-bearer/res.country.json", &[]).await.ok();
    assert_eq!([&found["model"], &found["name"], &found["doc"]], [&expected["model"], &expected["name"], &Value::Null]);
    for (name, field) in expected["fields"].as_object().unwrap() {
        let mut field = field.clone();
        // The module that a field comes from is not told over RPC.
        field.as_object_mut().unwrap().remove("module");
        assert_eq!(found["fields"][name], field, "{name}");
    }
    for (name, method) in found["methods"].as_object().unwrap() {
        let expected = &expected["methods"][name];
        assert!(expected.is_object(), "Odoo 19 has no method {name}");
        let names = |method: &Value| method["parameters"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(method), names(expected), "{name}");
        for (parameter, described) in method["parameters"].as_object().unwrap() {
            let expected = &expected["parameters"][parameter];
            assert_eq!(described.get("default"), expected.get("default"), "{name}: {parameter}");
        }
        let is_on_model = |method: &Value| method["api"].as_array().is_some_and(|api| api.contains(&json!("model")));
        assert_eq!(is_on_model(method), is_on_model(expected), "{name}");
    }
}

#[tokio::test]
async fn every_documented_method_exists_with_these_arguments() {
    for version in Version::each() {
        let client = admin_of(version).await;
        let document = client.get("/doc-bearer/res.partner.category.json", &[]).await.ok();
        // `search_read` accepts every name.
        let methods = document["methods"].as_object().unwrap().iter().filter(|(name, _)| *name != "search_read");
        for (name, method) in methods {
            let mut arguments = method["parameters"].clone();
            // An unknown argument is rejected before the method runs, and the message names the first one.
            arguments["unknown_argument"] = 1.into();
            let response = call(&client, "res.partner.category", name, &arguments).await;
            let message = error_of(&response, 422, "werkzeug.exceptions.UnprocessableEntity");
            assert_eq!(message, "got an unexpected keyword argument 'unknown_argument'", "{version:?}: {name}");
        }
    }
}

/// The names of the methods in a document.
fn methods(document: &Value) -> Vec<&String> {
    document["methods"].as_object().unwrap().keys().collect()
}

#[tokio::test]
async fn all_public_methods_are_described_if_odoo_describes_them_to_the_user() {
    let expected = documented_by_odoo("res.partner").await;
    let database = fresh_database(Version::Odoo19).await;
    let gateway = Gateway::start_with_database(Version::Odoo19, &database, &[]).await;
    let internal = with_bearer(&gateway.client(), testbed().api_key(Version::Odoo19));
    let before = internal.get("/doc-bearer/res.partner.json", &[]).await.ok();
    assert!(methods(&before).iter().all(|name| expected["methods"].get(name).is_some()), "{:?}", methods(&before));
    assert!(!methods(&before).contains(&&"get_import_templates".to_owned()), "no button calls it");

    // From now on the user may read the technical documentation.
    let admin = gateway.client().as_user("admin");
    let rest = async |model: &str, method: &str, args: Value| {
        let path = format!("/restapi/1.0/object/{model}/{method}");
        admin.post(&path, &json!({"args": args})).await.ok()["return"].clone()
    };
    let group = json!([[["module", "=", "api_doc"], ["name", "=", "group_allow_doc"]], ["res_id"]]);
    let group = rest("ir.model.data", "search_read", group).await[0]["res_id"].clone();
    let user = rest("res.users", "search", json!([[["login", "=", "internal"]]])).await;
    rest("res.users", "write", json!([user, {"group_ids": [[4, group]]}])).await;
    let after = internal.get("/doc-bearer/res.partner.json", &[]).await.ok();
    let ours = methods(&after);
    for (name, described) in expected["methods"].as_object().unwrap() {
        match after["methods"].get(name) {
            // What every model has is described without texts.
            Some(found) if before["methods"].get(name) == Some(found) => {}
            Some(found) => assert_eq!(found, described, "{name}"),
            None => {
                let rejected = call(&internal, "res.partner", name, &json!({})).await;
                error_of(&rejected, 403, "odoo.exceptions.AccessError");
            }
        }
    }
    assert!(ours.len() > methods(&before).len() + 50, "{ours:?}");
}

#[tokio::test]
async fn buttons_and_messages_are_methods_of_their_model() {
    for version in Version::each() {
        let client = admin_of(version).await;
        let document = client.get("/doc-bearer/sale.order.json", &[]).await.ok();
        let found = methods(&document);
        // The form of Odoo 14 cannot be sent over XML-RPC, and this build of it does not fully serve JSON-RPC.
        let buttons = if version == Version::Odoo14 { &[][..] } else { &["action_confirm", "action_cancel"] };
        for name in buttons.iter().copied().chain(["message_post", "message_subscribe"]) {
            assert!(found.contains(&&name.to_owned()), "{version:?}: {name} is missing: {found:?}");
        }
        for name in found {
            // An argument that it lacks is rejected before the method runs; without ids, nothing else can happen.
            let response = call(&client, "sale.order", name, &json!({"ids": [], "unknown_argument": 1})).await;
            assert!(response.status != 404 && response.status != 403, "{version:?} {name}: {}", response.text);
        }
    }
}

#[tokio::test]
async fn the_index_lists_the_models_that_the_credential_may_read() {
    let gateway = Gateway::shared();
    for version in Version::each() {
        let index = admin_of(version).await.get("/doc-bearer/index.json", &[]).await.ok();
        assert!(index["modules"].as_array().unwrap().contains(&json!("base")), "{version:?}");
        let models = index["models"].as_array().unwrap();
        let partner = models.iter().find(|model| model["model"] == "res.partner").unwrap();
        assert_eq!(partner["name"], "Contact");
        assert!(partner["methods"].as_array().unwrap().contains(&json!("search_read")));
    }
    let scope = r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned();
    let narrow = crate::support::unique("narrow");
    let new_key = odoo_gateway::admin::NewApiKey { scope, ..new_key(Version::Odoo19, &narrow) };
    let (_, token) = gateway.administration().await.create_key(new_key).await.unwrap();
    let client = with_bearer(&gateway.client(), token.expose());
    let index = client.get("/doc-bearer/index.json", &[]).await.ok();
    let names: Vec<&Value> = index["models"].as_array().unwrap().iter().map(|model| &model["model"]).collect();
    assert_eq!(names, ["res.partner"]);
    assert_eq!(index["modules"], json!([]));
    client.get("/doc-bearer/res.partner.json", &[]).await.ok();
    let forbidden = client.get("/doc-bearer/res.country.json", &[]).await;
    assert!(error_of(&forbidden, 403, "odoo.exceptions.AccessError").contains("scope"));
    let internal = with_bearer(&gateway.client().on(Version::Odoo19), testbed().api_key(Version::Odoo19));
    error_of(&internal.get("/doc-bearer/ir.cron.json", &[]).await, 403, "odoo.exceptions.AccessError");
    error_of(&internal.get("/doc-bearer/no.model.json", &[]).await, 404, "werkzeug.exceptions.NotFound");
    error_of(&gateway.client().get("/doc-bearer/index.json", &[]).await, 401, "werkzeug.exceptions.Unauthorized");
}
