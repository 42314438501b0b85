//! The same calls made directly and through the gateway have equal results and equal faults.

use serde_json::{Value, json};

use super::{Caller, Fault, Front};
use crate::support::recording_proxy::RecordingProxy;
use crate::support::{Client, Gateway, Version, testbed, unique};

const PARTNER: &str = "res.partner";
const CATEGORY: &str = "res.partner.category";
/// An id that no record has.
const MISSING_ID: i64 = 2_147_483_647;

/// Model, method, positional and named arguments.
type Call = (&'static str, &'static str, Value, Value);

/// Calls that succeed. `id` is a contact.
fn successes(id: i64) -> Vec<Call> {
    let (one, none) = (json!([id]), json!({}));
    let text = "a < b & \"c\" > d — é 日本 😀\r\n\t]]>";
    vec![
        (PARTNER, "search", json!([[["id", "<", 40]]]), json!({"order": "id", "limit": 5})),
        (PARTNER, "search_count", json!([[["is_company", "=", true]]]), none.clone()),
        (PARTNER, "search_read", json!([[["id", "<", 20]], ["name", "country_id"]]), json!({"order": "id"})),
        (PARTNER, "read", json!([one, ["name", "active", "partner_latitude", "parent_id"]]), none.clone()),
        (PARTNER, "read", json!([id, ["name"]]), none.clone()),
        (PARTNER, "read", json!([[MISSING_ID], ["name"]]), none.clone()),
        (PARTNER, "read", json!([one, ["image_128", "create_date", "category_id"]]), none.clone()),
        (PARTNER, "name_search", json!(["Azure"]), json!({"limit": 3})),
        (PARTNER, "fields_get", json!([["name", "lang"]]), json!({"attributes": ["type", "string", "selection"]})),
        (PARTNER, "default_get", json!([["type", "active"]]), none.clone()),
        (PARTNER, "check_access_rights", json!(["read", false]), none.clone()),
        (PARTNER, "read_group", json!([[["id", "=", id]], ["color:sum"], ["type"]]), none.clone()),
        (PARTNER, "write", json!([one, {"comment": text, "color": 7, "partner_latitude": 0.1}]), none.clone()),
        (PARTNER, "read", json!([one, ["comment", "color", "partner_latitude"]]), none.clone()),
        (PARTNER, "search", json!([[["id", "=", id]]]), json!({"context": {"active_test": false, "lang": "en_US"}})),
        (PARTNER, "search", json!([[["id", "=", id]]]), json!({"context": false})),
        (CATEGORY, "write", json!([[MISSING_ID], {"name": "x"}]), none.clone()),
        (CATEGORY, "unlink", json!([[MISSING_ID]]), none.clone()),
        ("res.lang", "get_installed", json!([]), none.clone()),
        ("ir.model", "search_read", json!([[["model", "=", "res.partner"]], ["model", "modules"]]), none),
    ]
}

/// Calls that fail, or that succeed on one version only.
fn failures(id: i64) -> Vec<Call> {
    let (one, none) = (json!([id]), json!({}));
    vec![
        ("no.such.model", "read", json!([one]), none.clone()),
        (PARTNER, "no_such_method", json!([one]), none.clone()),
        (PARTNER, "name_get", json!([one]), none.clone()),
        (CATEGORY, "search", json!([]), json!({"domain": [], "order": "id"})),
        (PARTNER, "search", json!([[["no_such_field", "=", 1]]]), none.clone()),
        (PARTNER, "search", json!([[["name", "no operator", 1]]]), none.clone()),
        (PARTNER, "write", json!([one, {"no_such_field": 1}]), none.clone()),
        (PARTNER, "write", json!([one, {"parent_id": id}]), none.clone()),
        (PARTNER, "write", json!([one, {"country_id": MISSING_ID}]), none.clone()),
        (PARTNER, "write", json!([[MISSING_ID], {"color": 1}]), none.clone()),
        (PARTNER, "write", json!([one, {"type": "no such type"}]), none.clone()),
        (PARTNER, "read", json!([one, ["name"]]), json!({"context": {"lang": "xx_YY"}})),
        (CATEGORY, "create", json!([{}]), none.clone()),
        ("res.country", "unlink", json!([[233]]), none.clone()),
        ("res.lang", "create", json!([{"name": "English", "code": "en_US"}]), none),
    ]
}

/// The last line of a traceback, or the complete text if it is none.
fn without_traceback(text: &str) -> String {
    let text = text.trim();
    let Some(frame) = text.rfind("\n  File \"") else { return text.to_owned() };
    let lines = text[frame + 1..].lines().filter(|line| !line.starts_with(' '));
    lines.take(1).collect()
}

/// A fault of Odoo as the gateway returns it: without the traceback, and without white space at its ends.
fn comparable(front: Front, outcome: Result<Value, Fault>) -> Result<Value, (Value, String)> {
    outcome.map_err(|Fault { code, text }| {
        let code = code.as_str().map_or(code.clone(), |code| json!(code.trim()));
        let is_internal = front == Front::Classes && !text.is_empty() && code != "AccessDenied";
        // The class is part of the last line of a traceback, and of the name in JSON.
        (code, if is_internal { String::new() } else { without_traceback(&text) })
    })
}

/// A user of Odoo itself, and the same user of a gateway in front of it.
async fn callers(version: Version, login: &str) -> (RecordingProxy, Gateway, [Caller; 2]) {
    let proxy = RecordingProxy::in_front_of_single_database(version).await;
    let (url, database) = (proxy.url(), version.database());
    let settings = [("ODOO_GATEWAY__ODOO__0__URL", url.as_str()), ("ODOO_GATEWAY__ODOO__0__DATABASE", database)];
    let gateway = Gateway::start(&settings).await;
    let clients = [Client::new(url), gateway.client()];
    let front = Front::Numbers;
    let arguments = [json!(database), json!(login), json!(login), json!({})];
    let mut callers = Vec::new();
    for client in clients {
        let uid = front.call(&client, "common", "authenticate", &arguments).await.unwrap().as_i64().unwrap();
        callers.push(Caller { front, client, database: database.to_owned(), uid, secret: login.to_owned() });
    }
    (proxy, gateway, callers.try_into().unwrap())
}

#[tokio::test]
async fn results_and_faults_are_equal_to_those_of_odoo() {
    for version in Version::each() {
        let (_proxy, _gateway, [direct, through]) = callers(version, "admin").await;
        assert_eq!(direct.uid, through.uid);
        let contact = json!([{"name": unique("compared")}]);
        let id = through.execute_kw(PARTNER, "create", &contact, &json!({})).await.unwrap();
        let id = id.as_i64().unwrap_or_else(|| id[0].as_i64().unwrap());
        let (successes, failures) = (successes(id), failures(id));
        assert!(successes.len() + failures.len() >= 30);
        for front in Front::ALL {
            let (direct, through) = (Caller { front, ..direct.clone() }, Caller { front, ..through.clone() });
            for (index, (model, method, args, kwargs)) in successes.iter().chain(&failures).enumerate() {
                let expected = comparable(front, direct.execute_kw(model, method, args, kwargs).await);
                let found = comparable(front, through.execute_kw(model, method, args, kwargs).await);
                assert_eq!(found, expected, "{version:?} {front:?} {model}.{method} {args} {kwargs}");
                assert!(index >= successes.len() || found.is_ok(), "{version:?} {front:?} {model}.{method} {found:?}");
            }
        }
    }
}

#[tokio::test]
async fn methods_without_a_result_and_positional_calls_are_equal_to_those_of_odoo() {
    for version in Version::each() {
        let (_proxy, _gateway, [direct, through]) = callers(version, "admin").await;
        for front in Front::ALL {
            let (direct, through) = (Caller { front, ..direct.clone() }, Caller { front, ..through.clone() });
            let found = [json!([["id", "<", 10]]), json!(0), json!(3), json!("id desc")];
            let expected = direct.execute(PARTNER, "search", &found).await.unwrap();
            assert_eq!(through.execute(PARTNER, "search", &found).await, Ok(expected), "{version:?} {front:?}");
            // `None`, which XML-RPC cannot transmit.
            let none = [json!([1]), json!([])];
            let expected = comparable(front, direct.execute(PARTNER, "message_unsubscribe", &none).await);
            let result = comparable(front, through.execute(PARTNER, "message_unsubscribe", &none).await);
            assert_eq!(result, expected, "{version:?} {front:?}");
            // A number as a key, and the context on Odoo 14: XML-RPC cannot transmit them. The fault has another text.
            let unsent = [(PARTNER, "get_external_id", vec![json!([1])]), ("res.users", "context_get", Vec::new())];
            for (model, method, args) in &unsent {
                let expected = direct.execute(model, method, args).await;
                let result = through.execute(model, method, args).await;
                assert_eq!((result.is_ok(), result.ok()), (expected.is_ok(), expected.ok()), "{front:?} {method}");
            }
        }
    }
}

#[tokio::test]
async fn rejections_of_access_are_equal_to_those_of_odoo() {
    for version in Version::each() {
        let (_proxy, _gateway, [direct, through]) = callers(version, "internal").await;
        for front in Front::ALL {
            let (direct, through) = (Caller { front, ..direct.clone() }, Caller { front, ..through.clone() });
            for (model, method, args) in [
                ("ir.config_parameter", "search_read", json!([[], ["key"]])),
                ("res.users", "write", json!([[2], {"name": "x"}])),
                ("res.company", "unlink", json!([[1]])),
            ] {
                let expected = comparable(front, direct.execute_kw(model, method, &args, &json!({})).await);
                let found = comparable(front, through.execute_kw(model, method, &args, &json!({})).await);
                assert!(found.is_err(), "{found:?}");
                assert_eq!(found, expected, "{version:?} {front:?} {model}.{method}");
            }
            // Odoo 14 has another text.
            let private = through.execute_kw(PARTNER, "_search", &json!([[]]), &json!({})).await.unwrap_err();
            let expected = direct.execute_kw(PARTNER, "_search", &json!([[]]), &json!({})).await.unwrap_err();
            let head = |fault: Fault| fault.code.as_str().map_or(fault.code.clone(), |code| json!(code.lines().next()));
            assert_eq!(head(private), head(expected), "{version:?} {front:?}");
        }
    }
}

#[tokio::test]
async fn version_is_the_one_of_odoo() {
    for version in Version::each() {
        let (_proxy, gateway, _) = callers(version, "admin").await;
        let odoo = Client::new(testbed().url(version).to_owned());
        for front in Front::ALL {
            let expected = front.call(&odoo, "common", "version", &[]).await.unwrap();
            assert_eq!(front.call(&gateway.client(), "common", "version", &[]).await, Ok(expected), "{front:?}");
        }
        let body = json!({"jsonrpc": "2.0", "method": "call", "params": {}, "id": "a"});
        let info = gateway.client().post("/web/webclient/version_info", &body).await.ok();
        assert_eq!(info, odoo.post("/web/webclient/version_info", &body).await.ok());
    }
}
