//! The same attempts over JSON-2: each line becomes a call with named arguments.

use odoo_gateway::language::literal::{self, Limits};
use serde_json::{Map, Value, json};

use super::{Attempt, CLERK, STAR, rejected, send_line, with_scope};
use crate::support::{Client, Gateway, Response};

/// The arguments of the methods in the attempts, in the order of their positions. The others take only ids.
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("change_password", &["old_passwd", "new_passwd"]),
    ("copy", &["default"]),
    ("create", &["vals_list"]),
    ("default_get", &["fields"]),
    ("export_data", &["fields_to_export"]),
    ("filtered", &["func"]),
    ("filtered_domain", &["domain"]),
    ("formatted_read_group", &["domain", "groupby", "aggregates"]),
    ("formatted_read_grouping_sets", &["domain", "grouping_sets", "aggregates"]),
    ("grouped", &["key"]),
    ("import_data", &["fields", "data"]),
    ("load", &["fields", "data"]),
    ("mapped", &["func"]),
    ("name_create", &["name"]),
    ("name_search", &["name", "domain", "operator"]),
    ("new", &["values"]),
    ("onchange", &["values", "field_names", "fields_spec"]),
    ("read", &["fields"]),
    ("read_group", &["domain", "fields", "groupby"]),
    ("read_progress_bar", &["domain", "group_by", "progress_bar"]),
    ("report_action", &["docids"]),
    ("search", &["domain"]),
    ("search_count", &["domain"]),
    ("search_panel_select_range", &["field_name"]),
    ("search_read", &["domain", "fields", "offset", "limit", "order"]),
    ("send_mail", &["res_id"]),
    ("sorted", &["key"]),
    ("update", &["values"]),
    ("web_name_search", &["name", "specification"]),
    ("web_read", &["specification"]),
    ("web_read_group", &["domain", "groupby", "aggregates"]),
    ("web_save", &["vals", "specification"]),
    ("web_search_read", &["domain", "specification"]),
    ("with_user", &["user"]),
    ("write", &["vals"]),
];

/// The methods among them that take no ids.
const ON_MODEL: [&str; 19] = [
    "change_password",
    "create",
    "default_get",
    "formatted_read_group",
    "formatted_read_grouping_sets",
    "import_data",
    "load",
    "name_create",
    "name_search",
    "new",
    "read_group",
    "read_progress_bar",
    "search",
    "search_count",
    "search_panel_select_range",
    "search_read",
    "web_name_search",
    "web_read_group",
    "web_search_read",
];

/// The call of a line: model, method, arguments.
fn call_of(line: &str, id: i64) -> (String, String, Value) {
    let line = line.replace("ID", &id.to_string());
    let (verb, rest) = line.split_once(' ').unwrap();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut query: Map<String, Value> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, text)| (name.to_owned(), value_of(name, text)))
        .collect();
    let segments: Vec<&str> = path.split('/').collect();
    let record = segments.get(1).and_then(|segment| segment.parse::<i64>().ok());
    let method = match (verb, segments.as_slice()) {
        ("GET", [_]) => "search_read",
        ("GET", [_, method]) if record.is_none() => method,
        ("GET", _) => "read",
        ("PUT", _) => "write",
        ("DELETE", _) => "unlink",
        (_, [_]) => "create",
        (_, [_, method] | [_, _, method]) => method,
        _ => panic!("{line}"),
    };
    let mut arguments = Map::new();
    if let Some(record) = record {
        arguments.insert("ids".to_owned(), json!([record]));
    }
    if matches!(method, "search" | "search_count") && verb == "GET" {
        arguments.insert("domain".to_owned(), json!([]));
    }
    let mut positional = query.remove("args").map_or(Vec::new(), |args| args.as_array().unwrap().clone());
    if record.is_none() && !ON_MODEL.contains(&method) && !positional.is_empty() {
        arguments.insert("ids".to_owned(), positional.remove(0));
    }
    let names = ARGUMENTS.iter().find(|(name, _)| *name == method).map_or(&[][..], |(_, names)| names);
    assert!(names.len() >= positional.len(), "{line}");
    arguments.extend(names.iter().map(|name| (*name).to_owned()).zip(positional));
    if let Some(Value::Object(named)) = query.remove("kwargs") {
        arguments.extend(named);
    }
    if let Some(values) = query.remove("vals") {
        arguments.insert(if method == "create" { "vals_list" } else { "vals" }.to_owned(), values);
    }
    arguments.extend(query);
    (segments[0].to_owned(), method.to_owned(), arguments.into())
}

/// The value of a parameter in the query of a line.
fn value_of(name: &str, text: &str) -> Value {
    match name {
        "fields" => text.split(',').collect(),
        "order" => text.into(),
        _ => serde_json::to_value(literal::parse(text, Limits::query()).unwrap()).unwrap(),
    }
}

pub(super) async fn send(client: &Client, line: &str, id: i64) -> Response {
    let (model, method, arguments) = call_of(line, id);
    client.post(&format!("/json/2/{model}/{method}"), &arguments).await
}

/// Sends all attempts. Returns those that were not rejected in this way.
async fn not_rejected(client: &Client, attempts: &[Attempt], id: i64, rejection: (u16, &str)) -> Vec<String> {
    let mut unexpected = Vec::new();
    for (description, line) in attempts {
        let response = send(client, line, id).await;
        if response.status != rejection.0 || !response.json()["message"].as_str().unwrap().contains(rejection.1) {
            unexpected.push(format!("{description}: {:?}: {}", call_of(line, id), response.text));
        }
    }
    unexpected
}

#[tokio::test]
async fn requests_outside_the_scope_are_rejected_over_json2() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let open = with_scope(&gateway, r#""all""#, "open").await;
    let new = json!({"vals_list": [{"name": "kept within"}]});
    let id = open.post("/json/2/res.partner/create", &new).await.ok()[0].as_i64().unwrap();
    let users = "GET res.users/search_count?domain=[('active','in',[True,False])]";
    let before = send_line(&open, users, id).await.ok();
    let (clerk, star) = (with_scope(&gateway, CLERK, "clerk").await, with_scope(&gateway, STAR, "star").await);
    let mut unexpected = Vec::new();
    for (client, attempts, rejection) in [
        (&clerk, rejected::BY_THE_CLERK, (403, "the credential's scope does not allow")),
        (&star, rejected::WITH_A_STAR, (403, "the credential's scope does not allow")),
        (&star, rejected::BY_PRIVATE_METHODS, (403, "Private methods (such as 'res.partner.")),
        (&clerk, rejected::AS_INVALID_VALUES, (400, "user_ids")),
    ] {
        unexpected.extend(not_rejected(client, attempts, id, rejection).await);
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    assert_eq!(send_line(&open, users, id).await.ok(), before, "no user was created");
    // With the full scope, the attempts that only read succeed: they were not rejected for their form.
    let reading = rejected::BY_THE_CLERK.iter().filter(|(_, line)| rejected::only_reads(line));
    for (description, line) in reading {
        let response = send(&open, line, id).await;
        assert_eq!(response.status, 200, "{description}: {:?}: {}", call_of(line, id), response.text);
    }
}
