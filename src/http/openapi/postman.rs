//! A Postman collection of all operations, which runs from top to bottom, and an environment for it.
//!
//! ```text
//! routes           `/postman_collection.json`, `/postman_environment.json`
//! item             a request: URL, headers, body, saved responses
//! scripts          the tests of a request, and the variables that it stores
//! response_schema  the schema of a response, for the tests
//! recipes          the order of the requests, and what one needs from another
//! recipe           what a recipe contains
//! folder           a folder for each dialect
//! variables        the variables of the collection and of the environment
//! auth             credentials in Postman's format
//! document         reads an OpenAPI document
//! ```
//!
//! In: an OpenAPI document as JSON; a document that describes models field by field, too. Out: a collection of version
//! 2.1 and an environment, both with constant ids. Must not know: what a route does.

mod auth;
mod document;
mod folder;
mod item;
mod recipe;
mod recipes;
mod response_schema;
mod routes;
mod scripts;
mod variables;

use serde_json::{Map, Value, json};

use self::document::{DocumentedOperation, operations, text_of};
use self::folder::{PostmanFolder, event};
use self::item::item;
use self::recipe::Recipe;
use self::recipes::{RECORDS, group_place, is_of_model, recipes_for};
pub(super) use self::routes::routes;

/// The format.
const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// Constant, so that importing the collection again replaces it.
const COLLECTION_ID: &str = "0d00a7e0-0001-4000-8000-0d00a7e0a9e1";

/// The URL in a collection that was not fetched from a gateway: that of a gateway with the default settings.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// The subfolder of operations without a recipe.
const OTHER: &str = "Other";

/// The collection of all operations of an OpenAPI document. Its requests go to `base_url`.
#[must_use]
pub fn collection(document: &Value, base_url: &str) -> Value {
    let null = Value::Null;
    let info = document.get("info").unwrap_or(&null);
    json!({
        "info": {
            "_postman_id": COLLECTION_ID,
            "name": text_of(info, "title"),
            "description": description(text_of(info, "description")),
            "version": text_of(info, "version"),
            "schema": SCHEMA,
        },
        "auth": PostmanFolder::Gateway.auth().to_json(),
        "event": [event("prerequest", scripts::BEFORE_EACH), event("test", scripts::AFTER_EACH)],
        "variable": variables::collection_variables(base_url),
        "item": folders(document),
    })
}

/// The environment: the variables that a user sets.
#[must_use]
pub fn environment(base_url: &str) -> Value {
    variables::environment(base_url)
}

/// The URL at which clients reach the gateway, from the `servers` of a document.
#[must_use]
pub fn base_url(document: &Value) -> &str {
    let server = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    if server.contains("://") { server.trim_end_matches('/') } else { DEFAULT_URL }
}

fn description(of_document: &str) -> String {
    format!(
        "{of_document}\n\n## Before you send a request\n\nSet these variables in the environment (or in the tab \
         *Variables* of the collection). Each folder needs only some of them.\n\n{}\nThe requests of a folder can be \
         sent from top to bottom, also with *Run* or `newman`. They create records, change and delete them, and leave \
         none.\n",
        variables::instructions()
    )
}

/// A request and its place in the collection.
struct Placed {
    folder: PostmanFolder,
    group: String,
    /// Where the subfolder stands, then where the request stands in it.
    place: (usize, usize),
    item: Value,
}

/// The names of subfolders, with their requests.
type Subfolders = Vec<(String, Vec<Value>)>;

fn folders(document: &Value) -> Vec<Value> {
    let mut placed: Vec<Placed> = operations(document).iter().flat_map(place).collect();
    placed.sort_by(|a, b| (a.folder, a.place.0, &a.group, a.place.1).cmp(&(b.folder, b.place.0, &b.group, b.place.1)));
    let mut folders: Vec<(PostmanFolder, Subfolders)> = Vec::new();
    for Placed { folder, group, item, .. } in placed {
        if folders.last().is_none_or(|(last, _)| *last != folder) {
            folders.push((folder, Vec::new()));
        }
        let Some((_, groups)) = folders.last_mut() else { continue };
        match groups.last_mut() {
            Some((last, items)) if *last == group => items.push(item),
            _ => groups.push((group, vec![item])),
        }
    }
    folders.into_iter().map(|(folder, groups)| folder_item(document, folder, groups)).collect()
}

/// The requests of an operation: one for each of its recipes.
fn place(operation: &DocumentedOperation<'_>) -> Vec<Placed> {
    let recipes = recipes_for(operation);
    if recipes.is_empty() {
        let folder = PostmanFolder::from_path(operation.path);
        let place = (usize::MAX, 0);
        return vec![Placed { folder, group: OTHER.to_owned(), place, item: item(operation, None) }];
    }
    let with_recipe = |(place, recipe): (usize, &'static Recipe)| {
        let model = recipe.model_in(operation.path).filter(|_| is_of_model(recipe.group));
        let group_of_place = if model.is_some() { RECORDS } else { recipe.group };
        Placed {
            folder: recipe.folder,
            group: model.unwrap_or(recipe.group).to_owned(),
            place: (group_place(recipe.folder, group_of_place), place),
            item: item(operation, Some(recipe)),
        }
    };
    recipes.into_iter().map(with_recipe).collect()
}

fn folder_item(document: &Value, folder: PostmanFolder, groups: Subfolders) -> Value {
    let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    let about = tags.filter(|tag| text_of(tag, "name") == folder.name()).map(|tag| text_of(tag, "description"));
    let description: Vec<&str> = about.chain([folder.instructions()]).collect();
    let groups = groups.into_iter().map(|(group, items)| group_item(folder, &group, items));
    json!({
        "id": folder.name(),
        "name": folder.name(),
        "description": description.join("\n\n"),
        "auth": folder.auth().to_json(),
        "item": groups.collect::<Value>(),
    })
}

fn group_item(folder: PostmanFolder, group: &str, items: Vec<Value>) -> Value {
    let mut members = Map::new();
    members.insert("id".to_owned(), format!("{}/{group}", folder.name()).into());
    members.insert("name".to_owned(), group.into());
    let script = folder.script_before(group);
    if !script.is_empty() {
        members.insert("event".to_owned(), json!([event("prerequest", script)]));
    }
    members.insert("item".to_owned(), items.into());
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::*;

    /// The requests below a folder, in their order.
    fn requests(item: &Value) -> Vec<&Value> {
        match item["item"].as_array() {
            Some(items) => items.iter().flat_map(requests).collect(),
            None => vec![item],
        }
    }

    fn of_gateway() -> Value {
        let document = serde_json::to_value(crate::http::openapi()).unwrap();
        collection(&document, base_url(&document))
    }

    #[test]
    fn every_operation_is_a_request_with_a_test_and_an_id_of_its_own() {
        let document = serde_json::to_value(crate::http::openapi()).unwrap();
        let collection = of_gateway();
        let requests = requests(&collection);
        let ids: HashSet<&str> = requests.iter().map(|request| request["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), requests.len(), "two requests have the same id");
        for operation in operations(&document) {
            assert!(ids.contains(operation.id()), "{} is missing", operation.id());
        }
        for request in requests {
            let script = request["event"].as_array().unwrap().iter().find(|event| event["listen"] == "test").unwrap();
            assert!(script["script"]["exec"][0].as_str().unwrap().starts_with("pm.test(\"Status is "), "{request}");
        }
    }

    #[test]
    fn dialects_are_folders_and_no_operation_is_outside_of_them() {
        let collection = of_gateway();
        let folders = collection["item"].as_array().unwrap();
        let names: Vec<&str> = folders.iter().map(|folder| folder["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["api_v1", "restapi", "api", "restful", "json2", "rpc"]);
        let mut groups = folders.iter().flat_map(|folder| folder["item"].as_array().unwrap());
        assert!(groups.all(|group| group["name"] != OTHER));
    }

    #[test]
    fn every_variable_is_declared_and_every_stored_variable_is_used() {
        let collection = of_gateway();
        let declared = collection["variable"].as_array().unwrap();
        let declared: HashSet<&str> = declared.iter().map(|variable| variable["key"].as_str().unwrap()).collect();
        let text = format!("{}{}{}", collection["item"], collection["auth"], collection["event"]);
        let parts = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"));
        let used: HashSet<&str> = parts.map(|(name, _)| name).filter(|name| !name.starts_with('$')).collect();
        for name in &used {
            assert!(declared.contains(name), "{name} is not a variable");
        }
        for name in declared {
            let read_by_script = text.contains(&format!("get(\\\"{name}\\\")"));
            assert!(used.contains(name) || read_by_script, "{name} is not used");
        }
    }

    #[test]
    fn each_model_of_a_document_has_a_folder_in_which_its_record_is_created_first() {
        let operation = |id: &str| json!({"operationId": id, "responses": {"200": {}}});
        let document = json!({"paths": {
            "/rest/api/login/token": {"post": operation("login")},
            "/rest/api/logout": {"delete": operation("logout")},
            "/restful/api/v1/b.c/{id}": {"delete": operation("deleteBC"), "get": operation("readBC")},
            "/restful/api/v1/b.c": {"post": operation("createBC")},
            "/restful/api/v1/a.b": {"get": operation("listAB")},
        }});
        let collection = collection(&document, "http://a");
        let restful = &collection["item"][0];
        let groups: BTreeMap<&str, usize> = restful["item"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(place, group)| (group["name"].as_str().unwrap(), place))
            .collect();
        assert_eq!(groups, BTreeMap::from([("Log in", 0), ("a.b", 1), ("b.c", 2), ("Log out", 3)]));
        let ids: Vec<&str> = requests(restful).iter().map(|request| request["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["login", "listAB", "createBC", "readBC", "deleteBC", "logout"]);
    }

    #[test]
    fn no_request_changes_a_record_that_its_model_did_not_create() {
        let collection = of_gateway();
        let (mut creating, mut changing) = (0, 0);
        for request in requests(&collection) {
            let events = request["event"].as_array().unwrap();
            let script = |listen: &str| {
                let event = events.iter().find(|event| event["listen"] == listen);
                event.map(|event| event["script"]["exec"].to_string()).unwrap_or_default()
            };
            let (before, after) = (script("prerequest"), script("test"));
            for variable in ["recordId", "recordIds"] {
                if after.contains(&format!("Variables.set(\\\"{variable}\\\"")) {
                    creating += 1;
                    for cleared in ["recordId", "recordIds"] {
                        assert!(before.contains(&format!("Variables.unset(\\\"{cleared}\\\")")), "{request}");
                    }
                }
                let sent = format!("{}{}", request["request"]["url"], request["request"]["body"]);
                let is_used = sent.contains(&format!("{{{{{variable}}}}}"));
                if is_used && request["request"]["method"] != "GET" {
                    changing += 1;
                    let condition = format!("if (!pm.collectionVariables.get(\\\"{variable}\\\"))");
                    assert!(before.contains(&condition) && before.contains("skipRequest()"), "{request}");
                }
            }
        }
        assert!(creating >= 6 && changing >= 14, "{creating} create, {changing} change");
    }

    #[test]
    fn base_url_is_absolute() {
        assert_eq!(base_url(&json!({"servers": [{"url": "https://gw.example/odoo/"}]})), "https://gw.example/odoo");
        assert_eq!(base_url(&json!({"servers": [{"url": "/"}]})), DEFAULT_URL);
    }
}
