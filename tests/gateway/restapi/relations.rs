//! Relation commands and properties: what a write does to related records.

use serde_json::{Value, json};

use super::{PARTNERS, TAGS, admin, create, new_tag, unique};
use crate::support::recording_proxy::RecordingProxy;
use crate::support::{Client, Gateway, Version, testbed};

const PRODUCTS: &str = "/restapi/1.0/object/product.template";
const CATEGORIES: &str = "/restapi/1.0/object/product.category";

async fn update(client: &Client, id: i64, vals: Value) -> Value {
    only(&client.put(&format!("{PARTNERS}/{id}"), &json!({"vals": vals})).await.ok())
}

fn only(labelled: &Value) -> Value {
    labelled.as_object().and_then(|labelled| labelled.values().next()).unwrap().clone()
}

async fn field(client: &Client, path: &str, id: i64, name: &str) -> Value {
    only(&client.get(&format!("{path}/{id}"), &[("fields", name)]).await.ok())[name].clone()
}

#[tokio::test]
async fn many2many_commands_link_unlink_and_replace() {
    for version in Version::each() {
        let admin = admin(version);
        let mut tags = Vec::new();
        for _ in 0..4 {
            tags.push(new_tag(version, &unique("verb")).await);
        }
        let [a, b, c, d] = tags[..] else { unreachable!() };
        let id = create(&admin, PARTNERS, json!({"name": unique("verbs"), "category_id": {"link": [a, b]}})).await;
        for (verbs, expected) in [
            (json!({"link": c, "unlink": [a]}), vec![b, c]),
            (json!({"set": [a, d], "pop": d, "push": [b]}), vec![a, b]),
            (json!({"clear": true, "link": c}), vec![c]),
            (json!([a, b]), vec![a, b]),
            (json!({}), vec![a, b]),
            (json!(null), vec![]),
        ] {
            let mut after = update(&admin, id, json!({"category_id": verbs})).await["category_id"].clone();
            after.as_array_mut().unwrap().sort_by_key(Value::as_i64);
            assert_eq!(after, json!(expected), "{verbs}");
        }
        update(&admin, id, json!({"category_id": {"delete": [d]}})).await;
        admin.get(&format!("{TAGS}/{d}"), &[]).await.problem(404, "record_not_found");
    }
}

#[tokio::test]
async fn nested_commands_make_one_write() {
    for version in Version::each() {
        let proxy = RecordingProxy::in_front_of(testbed().url(version)).await;
        let url = proxy.url();
        let gateway = Gateway::start(&[
            ("ODOO_GATEWAY__ODOO__0__URL", url.as_str()),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
        ])
        .await;
        let admin = gateway.client().as_user("admin");
        let (name, tag) = (unique("nested"), new_tag(version, &unique("nested")).await);
        let grandchildren = json!({"create": [{"name": "Grandchild", "category_id": {"link": tag}}]});
        let created = json!({"name": name, "child_ids": {"create": [{"name": "Child", "child_ids": grandchildren}, {"name": "Other"}]}});
        let id = create(&admin, PARTNERS, created).await;
        let children = field(&admin, PARTNERS, id, "child_ids").await;
        let named = |name: &'static str| {
            let (admin, domain) =
                (admin.clone(), format!("[('parent_id', 'child_of', {id}), ('name', '=', '{name}')]"));
            async move { only(&admin.get(&format!("{PARTNERS}/search"), &[("domain", &domain)]).await.ok())[0].as_i64() }
        };
        let (child, other) = (named("Child").await.unwrap(), named("Other").await.unwrap());
        let grandchild = named("Grandchild").await.unwrap();
        assert_eq!(children.as_array().unwrap().len(), 2);
        assert_eq!(field(&admin, PARTNERS, grandchild, "category_id").await, json!([tag]));

        proxy.take_calls();
        let deep = json!({"update": {grandchild.to_string(): {"name": "Renamed", "category_id": false}}});
        let changes = json!({"child_ids": {"update": [{"id": child, "child_ids": deep}], "delete": other, "create": {"name": "Third"}}});
        let after = update(&admin, id, changes).await;
        assert_eq!(proxy.take_calls(), ["res.partner.read", "res.partner.write", "res.partner.read"]);
        assert_eq!(after["child_ids"].as_array().unwrap().len(), 2);
        assert_eq!(field(&admin, PARTNERS, grandchild, "name").await, "Renamed");
        assert_eq!(field(&admin, PARTNERS, grandchild, "category_id").await, json!([]));
        admin.get(&format!("{PARTNERS}/{other}"), &[]).await.problem(404, "record_not_found");
    }
}

#[tokio::test]
async fn invalid_commands_change_nothing() {
    for version in Version::each() {
        let admin = admin(version);
        let id = create(&admin, PARTNERS, json!({"name": unique("senseless")})).await;
        for (verbs, detail) in [
            (json!({"push": [1], "link": [2]}), "vals.category_id: the command `link` is repeated"),
            (
                json!({"add": [1]}),
                "vals.category_id: expected the commands create, update, delete, unlink, link, set, clear",
            ),
            (json!({"create": [{"nmae": "x"}]}), "The model res.partner.category has no field nmae"),
            (
                json!({"create": [{"name": "x"}, {"color": "x"}]}),
                "vals.category_id.create[1].color: expected an integer",
            ),
            (json!({"update": {"x": {}}}), "vals.category_id.update: expected an id as key"),
        ] {
            let vals = json!({"vals": {"name": "changed", "category_id": verbs}});
            let response = admin.put(&format!("{PARTNERS}/{id}"), &vals).await;
            assert_eq!(response.status, 400, "{}", response.text);
            let found = response.json()["detail"].as_str().unwrap().to_owned();
            assert!(found.starts_with(detail), "{found}");
        }
        let name = field(&admin, PARTNERS, id, "name").await;
        assert!(name.as_str().unwrap().starts_with("senseless"), "{name}");
    }
}

/// Values by the names of their properties.
fn values(properties: &Value) -> Value {
    let pair = |property: &Value| (property["name"].as_str().unwrap().to_owned(), property["value"].clone());
    Value::Object(properties.as_array().unwrap().iter().map(pair).collect())
}

#[tokio::test]
async fn properties_that_are_not_named_keep_their_values() {
    let admin = admin(Version::Odoo19);
    let definition = json!([
        {"name": "age", "string": "Age", "type": "integer"},
        {"name": "note", "string": "Note", "type": "char"},
        {"name": "at", "string": "At", "type": "datetime"},
        {"name": "who", "string": "Who", "type": "many2one", "comodel": "res.partner"},
    ]);
    let category = json!({"name": unique("defined"), "product_properties_definition": definition});
    let category = create(&admin, CATEGORIES, category).await;
    let product = |note: &str| {
        let properties = json!({"note": note, "who": 1, "at": "2026-01-31 10:00:00"});
        json!({"name": unique("product"), "categ_id": category, "product_properties": properties})
    };
    let one = create(&admin, PRODUCTS, product("a")).await;
    let path = format!("{PRODUCTS}/{one}");
    let partial = json!({"age": 7, "at": "2026-02-01T10:00:00+02:00"});
    let response = admin.put(&path, &json!({"vals": {"product_properties": partial}})).await.ok();
    let after = values(&only(&response)["product_properties"]);
    assert_eq!(after["age"], 7);
    assert_eq!(after["note"], "a");
    assert_eq!(after["at"], "2026-02-01 08:00:00");
    assert_eq!(after["who"][0], 1);

    for (wrong, detail) in [
        (json!({"agee": 8}), "vals.product_properties: the record has no property `agee`."),
        (json!({"age": "x"}), "vals.product_properties.age: expected an integer"),
        (json!("x"), "vals.product_properties: expected properties"),
    ] {
        let rejected = admin.put(&path, &json!({"vals": {"product_properties": wrong}})).await;
        let found = rejected.problem(400, "invalid_value")["detail"].as_str().unwrap().to_owned();
        assert!(found.starts_with(detail), "{found}");
    }

    let two = create(&admin, PRODUCTS, product("b")).await;
    let ids = format!("{one},{two}");
    let many = json!({"ids": ids, "vals": {"product_properties": {"age": 1}}});
    admin.put(PRODUCTS, &many).await.problem(400, "invalid_value");
    let full = json!({"age": 1, "note": "c", "at": false, "who": false});
    admin.put(PRODUCTS, &json!({"ids": ids, "vals": {"product_properties": full}})).await.ok();
    for id in [one, two] {
        let after = values(&field(&admin, PRODUCTS, id, "product_properties").await);
        assert_eq!(after, json!({"age": 1, "note": "c", "at": false, "who": false}));
    }
}
