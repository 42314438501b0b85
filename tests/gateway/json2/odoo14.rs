//! JSON-2 in front of Odoo 14, which has none: arguments under the names of Odoo 19, results and errors in its form.
//! And what calls have in common with those of the other dialects.

use odoo_gateway::store::KeyRate;
use serde_json::{Value, json};

use super::{call, error_of, with_bearer};
use crate::credentials::{key, new_key_of};
use crate::support::{Client, Gateway, Version, unique};

const UNPROCESSABLE: &str = "werkzeug.exceptions.UnprocessableEntity";
const NOT_FOUND: &str = "werkzeug.exceptions.NotFound";

async fn client_of(version: Version) -> Client {
    let gateway = Gateway::shared();
    let (_, key) = key(&gateway.administration().await, version, &unique("json2")).await;
    with_bearer(&gateway.client(), &key)
}

/// The results that do not depend on the version.
async fn results(client: &Client) -> Vec<Value> {
    let country = "res.country";
    let france = json!([["code", "=", "FR"]]);
    let mut results = Vec::new();
    for (model, method, arguments) in [
        (country, "search_count", json!({"domain": france})),
        (country, "search_read", json!({"domain": france, "fields": ["name", "code"]})),
        (country, "name_search", json!({"name": "Belg"})),
        (country, "name_search", json!({"domain": france, "limit": 1})),
        (country, "fields_get", json!({"allfields": ["name"], "attributes": ["type"]})),
        (country, "has_access", json!({"operation": "read"})),
        (country, "has_access", json!({"operation": "write"})),
        (country, "read", json!({})),
        ("res.partner", "default_get", json!({"fields": ["type"]})),
    ] {
        let mut result = call(client, model, method, &arguments).await.ok();
        // Ids of the demo data differ.
        if let Some(first) = result.get_mut(0) {
            match first {
                Value::Object(members) => drop(members.remove("id")),
                Value::Array(pair) => drop(pair.remove(0)),
                _ => {}
            }
        }
        results.push(result);
    }
    results
}

#[tokio::test]
async fn reads_return_the_same_on_odoo_14_as_on_odoo_19() {
    let expected = results(&client_of(Version::Odoo19).await).await;
    assert_eq!(results(&client_of(Version::Odoo14).await).await, expected);
    assert_eq!(expected[1], json!([{"name": "France", "code": "FR"}]));
    assert_eq!(expected[5..7], [json!(true), json!(false)]);
}

#[tokio::test]
async fn writes_return_lists_of_ids_on_odoo_14() {
    let (gateway, filter, name) = (Gateway::shared(), "ir.filters", unique("json2"));
    let new_key = new_key_of("odoo14", &name, "admin", "admin");
    let (_, token) = gateway.administration().await.create_key(new_key).await.unwrap();
    let client = with_bearer(&gateway.client(), token.expose());
    let values = json!({"name": name, "model_id": "res.partner"});
    let created = call(&client, filter, "create", &json!({"vals_list": values})).await.ok();
    let id = created[0].as_i64().unwrap();
    assert_eq!(created, json!([id]));
    let copy = json!({"ids": id, "default": {"name": format!("{name} 2")}});
    let copied = call(&client, filter, "copy", &copy).await.ok();
    assert!(copied.as_array().unwrap().len() == 1 && copied[0].as_i64() > Some(id), "{copied}");
    for (method, arguments) in [
        ("write", json!({"ids": [id], "vals": {"domain": "[]"}})),
        ("unlink", json!({"ids": [id, copied[0]]})),
        ("unlink", json!({"ids": []})),
    ] {
        assert_eq!(call(&client, filter, method, &arguments).await.ok(), json!(true), "{method}");
    }
    let gone = call(&client, filter, "write", &json!({"ids": [id], "vals": {"domain": "[]"}})).await;
    let message = error_of(&gone, 404, "odoo.exceptions.MissingError");
    assert!(message.contains(&id.to_string()), "{message}");
}

#[tokio::test]
async fn errors_of_odoo_14_have_the_words_of_odoo_19() {
    let client = client_of(Version::Odoo14).await;
    for (model, method, arguments, status, name, message) in [
        ("res.country", "search", json!({}), 422, UNPROCESSABLE, "missing a required argument: 'domain'"),
        (
            "res.country",
            "search",
            json!({"domain": [], "unknown": 1}),
            422,
            UNPROCESSABLE,
            "got an unexpected keyword argument 'unknown'",
        ),
        (
            "res.country",
            "search",
            json!({"domain": [], "ids": [1]}),
            422,
            UNPROCESSABLE,
            "cannot call res.country.search with ids",
        ),
        ("res.users", "has_group", json!({}), 422, UNPROCESSABLE, "missing a required argument: 'group_ext_id'"),
        ("no.model", "search", json!({"domain": []}), 404, NOT_FOUND, "the model 'no.model' does not exist"),
        ("res.country", "nothing", json!({}), 404, NOT_FOUND, "The method 'res.country.nothing' does not exist"),
        (
            "res.country",
            "_search",
            json!({}),
            403,
            "odoo.exceptions.AccessError",
            "Private methods (such as 'res.country._search') cannot be called remotely.",
        ),
    ] {
        let response = call(&client, model, method, &arguments).await;
        assert_eq!(error_of(&response, status, name), message);
    }
    let denied = call(&client, "res.country", "create", &json!({"vals_list": [{"name": "x"}]})).await;
    assert!(error_of(&denied, 403, "odoo.exceptions.AccessError").contains("res.country"));
    let unknown = call(&client, "res.country", "search", &json!({"domain": [["unknown", "=", 1]]})).await;
    assert!(error_of(&unknown, 500, "builtins.ValueError").contains("unknown"));
}

#[tokio::test]
async fn a_method_of_records_is_found_without_ids() {
    for version in Version::each() {
        let client = client_of(version).await;
        // A method of the model, then two of records.
        assert!(call(&client, "res.partner", "get_import_templates", &json!({})).await.ok().is_array());
        assert_eq!(call(&client, "res.country", "get_external_id", &json!({})).await.ok(), json!({}));
        assert_eq!(call(&client, "res.country", "get_metadata", &json!({"ids": []})).await.ok(), json!([]));
    }
}

#[tokio::test]
async fn the_context_is_that_of_the_request() {
    let client = client_of(Version::Odoo19).await;
    let fields = |context: Value| json!({"allfields": ["name"], "attributes": ["string"], "context": context});
    let label = async |context: Value| {
        call(&client, "res.country", "fields_get", &fields(context)).await.ok()["name"]["string"].clone()
    };
    assert_eq!(label(json!({})).await, "Country Name");
    let header = client.with_header("X-Odoo-Lang", "xx_XX");
    let rejected = call(&header, "res.country", "read", &json!({})).await;
    let message = error_of(&rejected, 400, "werkzeug.exceptions.BadRequest");
    assert!(message.starts_with("X-Odoo-Lang: lang:"), "{message}");
}

#[tokio::test]
async fn calls_are_idempotent_limited_and_logged_as_in_other_dialects() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let admin = gateway.administration().await;
    let mut new_key = new_key_of("odoo19", "json2", "admin", "admin");
    new_key.terms.rate = Some(KeyRate { requests: 2, seconds: 3600, burst: 2 });
    let (_, token) = admin.create_key(new_key).await.unwrap();
    let client = with_bearer(&gateway.client(), token.expose());
    let keyed = client.with_header("Idempotency-Key", "one");
    let values = json!({"vals_list": [{"name": unique("json2")}]});
    let first = call(&keyed, "res.partner.category", "create", &values).await;
    let second = call(&keyed, "res.partner.category", "create", &values).await;
    assert_eq!((first.ok(), second.header("idempotency-replayed")), (second.ok(), "true"));
    assert!(first.header("ratelimit").starts_with("\"key\";r=1"), "{:?}", first.headers);
    let limited = call(&client, "res.partner", "search", &json!({"domain": []})).await;
    error_of(&limited, 429, "werkzeug.exceptions.TooManyRequests");
    assert!(!limited.header("retry-after").is_empty());
    let metrics = gateway.ops_client().get("/metrics", &[]).await.text;
    assert!(metrics.contains("/json/2/{model}/{method}"), "the calls are counted under their route");
}
