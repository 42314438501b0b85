//! The same attempts over XML-RPC and JSON-RPC: each request as the call of `execute_kw` that does the same.

use odoo_gateway::language::literal::{Limits, parse};
use serde_json::{Map, Value, json};

use super::{Attempt, CLERK, STAR, rejected, scoped_on};
use crate::rpc::{Caller, Fault, Front};
use crate::support::{Gateway, Version, unique};

/// Model, method, positional and named arguments of a request.
pub(super) fn as_call(line: &str, id: i64) -> (String, String, Value, Value) {
    let line = line.replace("ID", &id.to_string());
    let (verb, rest) = line.split_once(' ').unwrap();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let parameters: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let text = |name: &str| parameters.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let value = |name: &str, default: Value| {
        let tree = |text| serde_json::to_value(parse(text, Limits::trusted()).unwrap()).unwrap();
        text(name).map_or(default, tree)
    };
    let fields = || text("fields").map_or(json!([]), |names| names.split(',').collect());
    let mut kwargs: Map<String, Value> = value("kwargs", json!({})).as_object().unwrap().clone();
    if let Some(order) = text("order") {
        kwargs.insert("order".to_owned(), json!(order));
    }
    if text("context").is_some() {
        kwargs.insert("context".to_owned(), value("context", Value::Null));
    }
    let segments: Vec<&str> = path.split('/').collect();
    let record = segments.get(1).and_then(|segment| segment.parse::<i64>().ok());
    let (domain, vals) = (value("domain", json!([])), value("vals", Value::Null));
    let mut args = value("args", json!([]));
    let (method, args) = match (verb, record, segments.last().unwrap()) {
        ("GET", Some(id), _) => ("read", json!([[id], fields()])),
        ("PUT", Some(id), _) => ("write", json!([[id], vals])),
        ("DELETE", Some(id), _) => ("unlink", json!([[id]])),
        ("POST", Some(id), method) => {
            args.as_array_mut().unwrap().insert(0, json!([id]));
            (*method, args)
        }
        ("GET", None, _) if segments.len() == 1 => ("search_read", json!([domain, fields()])),
        ("POST", None, _) if segments.len() == 1 => ("create", json!([vals])),
        ("GET", None, method) => (*method, json!([domain])),
        ("POST", None, method) => (*method, args),
        _ => panic!("{line}"),
    };
    (segments[0].to_owned(), method.to_owned(), args, Value::Object(kwargs))
}

/// The attempts that were not rejected with this fault.
async fn not_rejected(caller: &Caller, attempts: &[Attempt], id: i64, (exception, text): (&str, &str)) -> Vec<String> {
    let code = match caller.front {
        Front::Json => json!(format!("odoo.exceptions.{exception}")),
        _ => json!(if exception == "AccessError" { 4 } else { 2 }),
    };
    let mut unexpected = Vec::new();
    for (description, line) in attempts {
        let (model, method, args, kwargs) = as_call(line, id);
        match caller.execute_kw(&model, &method, &args, &kwargs).await {
            Err(Fault { code: found, text: why }) if found == code && why.contains(text) => {}
            other => unexpected.push(format!("{description}: {model}.{method} {args} {kwargs}: {other:?}")),
        }
    }
    unexpected
}

/// A key of the administrator with this scope, as the secret of RPC.
pub(super) async fn caller_with_scope(
    gateway: &Gateway,
    (front, version): (Front, Version),
    scope: &str,
    name: &str,
) -> Caller {
    let new_key = scoped_on(version, scope, &unique(name));
    let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
    let (client, database) = (gateway.client(), version.database().to_owned());
    Caller { front, client, database, uid: 2, secret: key.expose().to_owned() }
}

#[tokio::test]
async fn calls_outside_the_scope_are_rejected_over_xml_rpc() {
    assert_nothing_escapes(Front::Numbers).await;
}

#[tokio::test]
async fn calls_outside_the_scope_are_rejected_over_json_rpc() {
    assert_nothing_escapes(Front::Json).await;
}

async fn assert_nothing_escapes(front: Front) {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let target = (front, Version::Odoo19);
    let open = caller_with_scope(&gateway, target, r#""all""#, "open").await;
    let clerk = caller_with_scope(&gateway, target, CLERK, "clerk").await;
    let star = caller_with_scope(&gateway, target, STAR, "star").await;
    let everybody = json!([[["active", "in", [true, false]]]]);
    let before = open.execute_kw("res.users", "search_count", &everybody, &json!({})).await.unwrap();
    let contact = json!([{"name": unique("kept within")}]);
    let id = open.execute_kw("res.partner", "create", &contact, &json!({})).await.unwrap().as_i64().unwrap();
    let mut unexpected = Vec::new();
    for (caller, attempts, rejection) in [
        (&clerk, rejected::BY_THE_CLERK, ("AccessError", "scope")),
        (&star, rejected::WITH_A_STAR, ("AccessError", "scope")),
        (&star, rejected::BY_PRIVATE_METHODS, ("AccessError", "Private methods")),
        (&clerk, rejected::AS_INVALID_VALUES, ("UserError", "user_ids")),
    ] {
        unexpected.extend(not_rejected(caller, attempts, id, rejection).await);
    }
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    let after = open.execute_kw("res.users", "search_count", &everybody, &json!({})).await.unwrap();
    assert_eq!(after, before, "no user was created");
    // The same protocol with the full scope: the calls are not rejected for their form.
    for (description, line) in rejected::BY_THE_CLERK.iter().filter(|(_, line)| rejected::only_reads(line)) {
        let (model, method, args, kwargs) = as_call(line, id);
        let result = open.execute_kw(&model, &method, &args, &kwargs).await;
        assert!(result.is_ok(), "{description}: {model}.{method} {args} {kwargs}: {result:?}");
    }
}
