//! One request of the collection.
//!
//! In: an operation and its recipe. Out: an item in Postman's format. Must not know: the order of items.

use serde_json::{Value, json};

use super::auth::PostmanAuth;
use super::document::{DocumentedOperation, plain_text, text_of};
use super::folder::event;
use super::recipe::{Recipe, RecipeBody};
use super::scripts;

/// The header that the script of the collection adds.
const DATABASE_HEADER: &str = "X-Odoo-Database";

/// Optional query parameters that are sent, so that no request lists all records of a model.
const PAGE_SIZES: [&str; 2] = ["limit", "page_size"];

const JSON: &str = "application/json";

/// The item of an operation.
pub(super) fn item(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>) -> Value {
    let variant = recipe.and_then(|recipe| recipe.variant);
    let (id, name) = match variant {
        Some((suffix, name)) => {
            (format!("{}_{suffix}", operation.id()), format!("{} ({name})", operation.text("summary")))
        }
        None => (operation.id().to_owned(), operation.text("summary").to_owned()),
    };
    let mut events = Vec::new();
    let before = recipe.map(|recipe| scripts::before(recipe, recipe.model_in(operation.path)));
    if let Some(before) = before.filter(|before| !before.is_empty()) {
        events.push(event("prerequest", &before));
    }
    events.push(event("test", &scripts::after(operation, recipe)));
    let mut item = json!({
        "id": id,
        "name": name,
        "event": events,
        "request": request(operation, recipe),
        "response": saved_responses(operation, recipe, &id),
    });
    if operation.response("303").is_some() {
        insert(&mut item, "protocolProfileBehavior", json!({"followRedirects": false}));
    }
    item
}

fn insert(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

fn request(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>) -> Value {
    let body = body(operation, recipe);
    let is_json = body.as_ref().is_some_and(|body| text_of(body, "mode") == "raw");
    let mut request = json!({
        "method": operation.method.to_uppercase(),
        "header": headers(operation, recipe, is_json),
        "url": url(operation, recipe),
        "description": operation.text("description"),
    });
    if let Some(body) = body {
        insert(&mut request, "body", body);
    }
    let own = recipe.and_then(|recipe| recipe.auth);
    if let Some(auth) = own.or_else(|| operation.is_open().then_some(PostmanAuth::None)) {
        insert(&mut request, "auth", auth.to_json());
    }
    request
}

/// The value of a parameter that the recipe sets.
fn recipe_value(recipe: Option<&Recipe>, name: &str) -> Option<String> {
    let (_, value) = recipe?.values.iter().find(|(named, _)| *named == name)?;
    Some((*value).to_owned())
}

/// The URL with all path and query parameters of the document.
fn url(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>) -> Value {
    let segment = |segment: &str| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        name.map_or_else(|| segment.to_owned(), |name| format!(":{name}"))
    };
    let path: Vec<String> = operation.path.split('/').skip(1).map(segment).collect();
    let variable = |parameter: &&Value| {
        let name = text_of(parameter, "name");
        let example = || operation.parameter_example(parameter).unwrap_or_default();
        json!({
            "key": name,
            "value": recipe_value(recipe, name).unwrap_or_else(example),
            "description": text_of(parameter, "description"),
        })
    };
    let variables: Vec<Value> = operation.parameters("path").iter().map(variable).collect();
    let query: Vec<Value> =
        operation.parameters("query").iter().map(|parameter| query_parameter(operation, recipe, parameter)).collect();
    let mut url = json!({
        "raw": raw_url(&path, &query),
        "host": ["{{baseUrl}}"],
        "path": path,
    });
    if !query.is_empty() {
        insert(&mut url, "query", query.into());
    }
    if !variables.is_empty() {
        insert(&mut url, "variable", variables.into());
    }
    url
}

fn query_parameter(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>, parameter: &Value) -> Value {
    let name = text_of(parameter, "name");
    let own = recipe_value(recipe, name);
    let is_sent = own.is_some() || is_required(parameter) || PAGE_SIZES.contains(&name);
    let example = || escape(&operation.parameter_example(parameter).unwrap_or_default());
    let value = own.unwrap_or_else(example);
    let is_sent = is_sent && !value.is_empty();
    let mut query = json!({"key": name, "value": value, "description": text_of(parameter, "description")});
    if !is_sent {
        insert(&mut query, "disabled", true.into());
    }
    query
}

fn is_required(parameter: &Value) -> bool {
    parameter.get("required") == Some(&Value::Bool(true))
}

/// Escapes what would end a value in a query. Postman escapes everything else when it sends the request.
fn escape(value: &str) -> String {
    value.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B")
}

/// The URL as text, with the query parameters that are sent.
fn raw_url(path: &[String], query: &[Value]) -> String {
    let sent = query.iter().filter(|parameter| parameter.get("disabled").is_none());
    let pairs: Vec<String> =
        sent.map(|parameter| format!("{}={}", text_of(parameter, "key"), text_of(parameter, "value"))).collect();
    let question_mark = if pairs.is_empty() { "" } else { "?" };
    format!("{{{{baseUrl}}}}/{}{question_mark}{}", path.join("/"), pairs.join("&"))
}

fn headers(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>, is_json: bool) -> Vec<Value> {
    let own = recipe.map(|recipe| recipe.headers).unwrap_or_default();
    let content_type = is_json.then_some(("Content-Type", JSON));
    let sent = content_type.into_iter().chain(own.iter().copied());
    let mut headers: Vec<Value> = sent.map(|(key, value)| json!({"key": key, "value": value})).collect();
    for parameter in operation.parameters("header") {
        let name = text_of(parameter, "name");
        if name == DATABASE_HEADER {
            continue;
        }
        let example = operation.parameter_example(parameter);
        let value = if name == "Idempotency-Key" { Some("{{$guid}}".to_owned()) } else { example };
        let mut header = json!({
            "key": name,
            "value": value.unwrap_or_default(),
            "description": text_of(parameter, "description"),
        });
        if !is_required(parameter) {
            insert(&mut header, "disabled", true.into());
        }
        headers.push(header);
    }
    headers
}

fn body(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>) -> Option<Value> {
    let documented = operation.request_body();
    let example = || documented.iter().find(|content| content.media_type == JSON)?.example.clone();
    let names_model = recipe.is_some_and(|recipe| recipe.model_in(operation.path).is_some());
    match recipe.map_or(RecipeBody::Example, |recipe| recipe.body) {
        RecipeBody::OfModel(text) if names_model => Some(raw_body(text)),
        RecipeBody::Empty => None,
        RecipeBody::Json(text) => Some(raw_body(text)),
        RecipeBody::Form(fields) => Some(form(fields)),
        RecipeBody::Example | RecipeBody::OfModel(_) => example().map(|example| raw_body(&format!("{example:#}"))),
        RecipeBody::Twice(pointer) => example().map(|mut example| {
            if let Some(value) = example.pointer_mut(pointer) {
                *value = json!([value, value]);
            }
            raw_body(&format!("{example:#}"))
        }),
        RecipeBody::Without(pointer, member) => example().map(|mut example| {
            if let Some(Value::Object(members)) = example.pointer_mut(pointer) {
                members.shift_remove(member);
            }
            raw_body(&format!("{example:#}"))
        }),
    }
}

fn raw_body(text: &str) -> Value {
    json!({"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}})
}

fn form(fields: &[(&str, &str)]) -> Value {
    let fields = fields.iter().map(|(key, value)| json!({"key": key, "value": value, "type": "text"}));
    json!({"mode": "urlencoded", "urlencoded": fields.collect::<Value>()})
}

/// The examples of successful responses in the document, one for each media type.
fn saved_responses(operation: &DocumentedOperation<'_>, recipe: Option<&Recipe>, id: &str) -> Vec<Value> {
    let status = operation.success();
    let Some(response) = operation.response(&status.to_string()) else { return Vec::new() };
    let with_example = operation.contents(response).into_iter().filter_map(|content| {
        let example = content.example?;
        Some((content.media_type, example))
    });
    // The URL as text, because the document describes the parameters only once.
    let url = url(operation, recipe).get("raw").cloned().unwrap_or_default();
    let saved = |(media_type, example): (&str, Value)| {
        let is_json = media_type.contains("json") && !media_type.contains("ndjson");
        let body = if is_json { format!("{example:#}") } else { plain_text(&example) };
        json!({
            "id": format!("{id}_{}", media_type.replace(['/', '-'], "_")),
            "name": format!("{status} {media_type}"),
            "originalRequest": {
                "method": operation.method.to_uppercase(),
                "header": [{"key": "Accept", "value": media_type}],
                "url": url.clone(),
            },
            "status": "OK",
            "code": status,
            "_postman_previewlanguage": if is_json { "json" } else { "text" },
            "header": [{"key": "Content-Type", "value": media_type}],
            "cookie": [],
            "body": body,
        })
    };
    with_example.map(saved).collect()
}
