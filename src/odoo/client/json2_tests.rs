//! Calls over JSON-2 with a scripted stub of Odoo. tests/gateway runs them with a real Odoo.

use std::time::Duration;

use secrecy::SecretString;

use super::stub::{Stub, StubAction};
use super::*;
use crate::error_code::ErrorCode;
use crate::names::{MethodName, ModelName};
use crate::odoo::settings::UpstreamProtocol;
use crate::odoo::user::Uid;
use crate::value::Value;

const KEY: &str = "0123456789abcdef0123456789abcdef01234567";

fn client(stub: &Stub, protocol: UpstreamProtocol) -> OdooClient {
    client_with(OdooSettings { protocol, ..settings(stub) })
}

fn settings(stub: &Stub) -> OdooSettings {
    OdooSettings::for_tests(format!("http://{}/erp", stub.address), "prod-1")
}

fn client_with(settings: OdooSettings) -> OdooClient {
    let transport = Transport::new(Duration::from_secs(2), Duration::from_secs(4)).unwrap();
    OdooClient::new(settings, transport, Arc::default(), Clock::system()).unwrap()
}

fn user(secret: &str) -> OdooUser {
    OdooUser { uid: Uid::new(7).unwrap(), secret: SecretString::from(secret.to_owned()).into() }
}

fn call(method: &'static str, args: Vec<Value<'static>>, effect: Effect) -> Call {
    let (model, method) = (ModelName::from_static("res.partner"), MethodName::from_static(method));
    Call { model, method, args, kwargs: Vec::new(), effect }
}

fn ids(ids: &[i64]) -> Value<'static> {
    ids.iter().copied().map(Value::Int).collect()
}

fn ok(result: &str) -> StubAction {
    StubAction::json("200 OK", result)
}

fn error(status: &str, name: &str, message: &str) -> StubAction {
    let body =
        format!(r#"{{"name": "{name}", "message": "{message}", "arguments": [], "context": {{}}, "debug": ""}}"#);
    StubAction::json(status, &body)
}

/// The version over XML-RPC, and a result.
const VERSION_19: &str = "<methodResponse><params><param><value><struct>\
    <member><name>server_version</name><value><string>19.0</string></value></member>\
    <member><name>server_version_info</name><value><array><data><value><int>19</int></value></data></array></value></member>\
    <member><name>server_serie</name><value><string>19.0</string></value></member>\
    <member><name>protocol_version</name><value><int>1</int></value></member>\
    </struct></value></param></params></methodResponse>";
const ONE: &str = "<methodResponse><params><param><value><int>1</int></value></param></params></methodResponse>";

fn html_404() -> StubAction {
    StubAction::status("404 Not Found", "")
}

/// The paths of the requests, without the prefix.
fn paths(stub: &Stub) -> Vec<String> {
    let path = |request: &String| request.split(' ').nth(1).unwrap().strip_prefix("/erp/").unwrap().to_owned();
    stub.requests().iter().map(path).collect()
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").unwrap().1
}

#[tokio::test]
async fn call_has_named_arguments_and_the_key_in_a_header() {
    let stub = Stub::serve(|_| ok(r#"[{"id": 8, "name": "a\u0001", "big": 4294967296, "none": null}]"#)).await;
    let mut read = call("read", vec![ids(&[8]), Value::List(vec!["name".into()])], Effect::Read);
    read.kwargs = vec![("context".into(), Value::Map(vec![("lang".into(), "en_US".into())]))];
    let reply = client(&stub, UpstreamProtocol::Json2).execute_kw(&user(KEY), &read).await.unwrap();
    let value = reply.value().unwrap();
    let record = value.as_list().unwrap().first().unwrap();
    assert_eq!((record.get("big"), record.get("none")), (Some(&Value::Int(4_294_967_296)), Some(&Value::Null)));
    assert_eq!(record.get("name"), Some(&"a\u{1}".into()));
    assert_eq!(reply.scan_records().map(|scan| scan.count), Some(1));

    let request = stub.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /erp/json/2/res.partner/read http/1.1\r\n"), "{head}");
    let authorization = format!("authorization: bearer {KEY}");
    for header in [authorization.as_str(), "x-odoo-database: prod-1", "content-type: application/json"] {
        assert!(head.contains(header), "{head}");
    }
    assert_eq!(body, r#"{"ids":[8],"fields":["name"],"context":{"lang":"en_US"}}"#);
}

#[tokio::test]
async fn created_records_have_the_form_that_xml_rpc_returns() {
    let stub = Stub::serve(|_| ok("[7]")).await;
    let client = client(&stub, UpstreamProtocol::Json2);
    let object = Value::Map(vec![("name".into(), "A".into())]);
    for (values, expected) in [(object.clone(), Value::Int(7)), (Value::List(vec![object]), ids(&[7]))] {
        let reply = client.execute_kw(&user(KEY), &call("create", vec![values], Effect::Write)).await.unwrap();
        assert_eq!(reply.value(), Ok(expected));
    }
    let mut named = call("create", Vec::new(), Effect::Write);
    named.kwargs = vec![("vals_list".into(), Value::List(Vec::new()))];
    let none = client.execute_kw(&user(KEY), &named).await;
    assert!(matches!(none, Err(OdooError::Fault(Fault { class: FaultClass::NoRecords, .. }))), "{none:?}");
    assert_eq!(stub.requests().len(), 2);
}

#[tokio::test]
async fn errors_of_odoo_are_faults_and_those_of_a_proxy_are_not() {
    for (action, expected) in [
        (error("401 UNAUTHORIZED", "werkzeug.exceptions.Unauthorized", "Invalid apikey"), "CredentialRejected"),
        (error("403 FORBIDDEN", "odoo.exceptions.AccessError", "No."), "AccessForbidden"),
        (
            error("404 NOT FOUND", "werkzeug.exceptions.NotFound", "the model 'res.partner' does not exist"),
            "UnknownModel",
        ),
        (
            error("422 UNPROCESSABLE ENTITY", "werkzeug.exceptions.UnprocessableEntity", "got an unexpected argument"),
            "SignatureMismatch",
        ),
        (error("409 CONFLICT", "odoo.exceptions.LockError", "No."), "Rejected"),
        (error("500 INTERNAL SERVER ERROR", "builtins.ValueError", "Invalid field 'x'"), "UnknownField"),
        (StubAction::json("500 INTERNAL SERVER ERROR", r#"{"message": "proxy"}"#), "odoo_unreachable"),
        (StubAction::status("500 Internal Server Error", ""), "odoo_unreachable"),
        (StubAction::status("503 Service Unavailable", ""), "odoo_unreachable"),
        (StubAction::json("404 NOT FOUND", r#"{"message": "proxy"}"#), "odoo_unreadable"),
        (html_404(), "odoo_unreadable"),
        (StubAction::status("200 OK", ""), "odoo_unreadable"),
    ] {
        let stub = Stub::serve(move |_| action.clone()).await;
        let read = call("read", vec![ids(&[8])], Effect::Read);
        let error = client(&stub, UpstreamProtocol::Json2).execute_kw(&user(KEY), &read).await.unwrap_err();
        let found = match &error {
            OdooError::Fault(fault) => format!("{:?}", fault.class),
            OdooError::Problem(problem) => problem.code.as_str().to_owned(),
        };
        assert_eq!(found, expected);
    }
}

/// Whether each request named the database.
fn named(stub: &Stub) -> Vec<bool> {
    stub.requests().iter().map(|request| request.contains("x-odoo-database: prod-1\r\n")).collect()
}

#[tokio::test]
async fn a_call_never_reaches_the_database_of_the_host_instead_of_the_named_one() {
    let stub = Stub::serve(|_| html_404()).await;
    let client = client(&stub, UpstreamProtocol::Json2);
    let write = call("write", vec![ids(&[8]), Value::Map(Vec::new())], Effect::Write);
    for error in [
        client.execute_kw(&user(KEY), &write).await.map(drop).unwrap_err(),
        client.key_owner(&KEY.into()).await.map(drop).unwrap_err(),
        client.version().await.map(drop).unwrap_err(),
    ] {
        let OdooError::Problem(problem) = error else { panic!("a problem") };
        assert!(problem.hint.unwrap().contains("`odoo.json2_names_database`"));
    }
    assert_eq!(named(&stub), [true, true, true]);
}

#[tokio::test]
async fn settings_can_leave_the_choice_of_the_database_to_the_host() {
    let stub =
        Stub::serve(|_| ok(r#"{"uid": 7, "version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}"#)).await;
    let settings = OdooSettings { protocol: UpstreamProtocol::Json2, json2_names_database: false, ..settings(&stub) };
    let client = client_with(settings);
    assert!(client.execute_kw(&user(KEY), &call("read", vec![ids(&[8])], Effect::Read)).await.is_ok());
    assert_eq!(client.key_owner(&KEY.into()).await, Ok(Uid::new(7)));
    assert_eq!(client.version().await.unwrap().major, 19);
    assert_eq!(client.probe(Duration::from_secs(5)).await.unwrap().major, 19);
    assert_eq!(named(&stub), [false; 4]);
}

#[tokio::test]
async fn the_version_is_requested_from_the_database() {
    let stub = Stub::serve(|_| ok(r#"{"version_info": [22, 0, 0, "final", 0, ""], "version": "22.0"}"#)).await;
    let client = client(&stub, UpstreamProtocol::Json2);
    assert_eq!(client.version().await.unwrap().major, 22);
    assert_eq!(client.probe(Duration::from_secs(5)).await.unwrap().major, 22);
    assert_eq!((paths(&stub), named(&stub)), (vec!["web/version".to_owned(); 2], vec![true; 2]));
}

#[tokio::test]
async fn a_password_is_never_sent_over_json2() {
    let stub = Stub::serve(|_| ok("1")).await;
    let client = client(&stub, UpstreamProtocol::Json2);
    let read = call("read", vec![ids(&[8])], Effect::Read);
    let Err(OdooError::Problem(problem)) = client.execute_kw(&user("secret"), &read).await else { panic!("a problem") };
    assert_eq!(problem.code, ErrorCode::CredentialInvalid);
    let login = client.authenticate("ada", &"secret".into()).await.map(drop);
    for result in [login, client.accepts(&user("secret")).await.map(drop)] {
        assert!(matches!(result, Err(OdooError::Problem(problem)) if problem.code == ErrorCode::CredentialInvalid));
    }
    assert!(stub.requests().is_empty());
}

#[tokio::test]
async fn the_key_of_another_user_is_not_accepted() {
    let stub = Stub::serve(|n| match n % 2 {
        0 => ok(r#"{"lang": "en_US", "tz": false, "uid": 7}"#),
        _ => ok(r#"[{"id": 7, "login": "ada"}]"#),
    })
    .await;
    let client = client(&stub, UpstreamProtocol::Json2);
    assert_eq!(client.authenticate("ada", &KEY.into()).await, Ok(Uid::new(7)));
    assert_eq!(client.authenticate("bob", &KEY.into()).await, Ok(None));
    assert_eq!(client.accepts(&user(KEY)).await, Ok(true));
}

#[tokio::test]
async fn the_id_of_another_user_is_not_accepted() {
    let stub = Stub::serve(|_| ok(r#"{"lang": "en_US", "tz": false, "uid": 8}"#)).await;
    assert_eq!(client(&stub, UpstreamProtocol::Json2).accepts(&user(KEY)).await, Ok(false));
}

const DOCUMENT: &str = r#"{"methods": {
    "of_model": {"parameters": {"day": {}, "state": {"default": null}}, "api": ["model"]},
    "action_of_records": {"parameters": {"state": {}}}
}}"#;

#[tokio::test]
async fn names_of_other_arguments_come_from_the_document_of_the_model() {
    let stub = Stub::serve(|n| if n == 0 { ok(DOCUMENT) } else { ok("null") }).await;
    let client = client(&stub, UpstreamProtocol::Json2);
    for (method, args, expected) in [
        ("of_model", vec!["2026-01-01".into(), "draft".into()], r#"{"day":"2026-01-01","state":"draft"}"#),
        ("action_of_records", vec![ids(&[8]), "draft".into()], r#"{"ids":[8],"state":"draft"}"#),
        ("action_of_records", vec![ids(&[8])], r#"{"ids":[8]}"#),
        ("of_model", vec![], "{}"),
    ] {
        let reply = client.call_method(&user(KEY), &call(method, args, Effect::Write), CallProtocol::Best).await;
        assert!(reply.unwrap().is_none());
        assert_eq!(body(stub.requests().last().unwrap()), expected);
    }
    let without_ids = call("action_of_records", Vec::new(), Effect::Write);
    let reply = client.call_method(&user(KEY), &without_ids, CallProtocol::Best).await;
    assert!(reply.is_err_and(|error| error.lacks_ids()));
    let document = "doc-bearer/res.partner.json";
    assert_eq!(paths(&stub).iter().filter(|path| *path == document).count(), 1);
    assert_eq!(paths(&stub).len(), 5);
}

#[tokio::test]
async fn a_method_of_the_model_that_takes_a_list_of_numbers_is_called_with_its_name() {
    let rejected = "cannot call res.partner.of_model with ids";
    let stub = Stub::serve(move |n| match n {
        0 => error("422 UNPROCESSABLE ENTITY", "werkzeug.exceptions.UnprocessableEntity", rejected),
        1 => ok(DOCUMENT),
        _ => ok("true"),
    })
    .await;
    let client = client(&stub, UpstreamProtocol::Json2);
    let of_model = call("of_model", vec![ids(&[8])], Effect::Write);
    let reply = client.call_method(&user(KEY), &of_model, CallProtocol::Best).await.unwrap();
    assert_eq!(reply.value(), Ok(Value::Bool(true)));
    assert_eq!(body(stub.requests().last().unwrap()), r#"{"day":[8]}"#);
}

#[tokio::test]
async fn arguments_whose_names_are_hidden_are_a_bad_request() {
    let stub = Stub::serve(|_| error("403 FORBIDDEN", "odoo.exceptions.AccessError", "No.")).await;
    let client = client(&stub, UpstreamProtocol::Json2);
    for _ in 0..2 {
        let positional = call("action_of_records", vec![ids(&[8]), "draft".into()], Effect::Write);
        let reply = client.call_method(&user(KEY), &positional, CallProtocol::Best).await;
        let Err(OdooError::Problem(problem)) = reply else { panic!("{reply:?}") };
        assert_eq!((problem.code, problem.parameter.as_deref()), (ErrorCode::InvalidParameter, Some("args")));
    }
    assert_eq!(paths(&stub), ["doc-bearer/res.partner.json"], "it is remembered");
}

#[tokio::test]
async fn a_document_that_cannot_be_read_now_is_not_a_lack_of_rights() {
    for (action, expected) in [
        (error("401 UNAUTHORIZED", "werkzeug.exceptions.Unauthorized", "Invalid apikey"), "CredentialRejected"),
        (error("404 NOT FOUND", "werkzeug.exceptions.NotFound", "Not Found"), "UnknownModel"),
        (error("500 INTERNAL SERVER ERROR", "builtins.ValueError", "No."), "odoo_internal_error"),
        (StubAction::status("503 Service Unavailable", ""), "odoo_unreachable"),
        (ok("{}"), "odoo_unreadable"),
    ] {
        let stub = Stub::serve(move |n| match n {
            0 => action.clone(),
            1 => ok(DOCUMENT),
            _ => ok("true"),
        })
        .await;
        let client = client(&stub, UpstreamProtocol::Json2);
        let positional = call("action_of_records", vec![ids(&[8]), "draft".into()], Effect::Write);
        let failed = client.call_method(&user(KEY), &positional, CallProtocol::Best).await.unwrap_err();
        let found = match &failed {
            OdooError::Fault(fault) => format!("{:?}", fault.class),
            OdooError::Problem(problem) => problem.code.as_str().to_owned(),
        };
        assert_eq!(found, expected);
        let again = client.call_method(&user(KEY), &positional, CallProtocol::Best).await;
        assert_eq!(again.unwrap().value(), Ok(Value::Bool(true)), "{expected} is not remembered");
    }
}

#[tokio::test]
async fn concurrent_calls_read_one_document() {
    let stub = Stub::serve(|n| match n {
        0 => ok(DOCUMENT).after(Duration::from_millis(50)),
        _ => ok("true"),
    })
    .await;
    let client = client(&stub, UpstreamProtocol::Json2);
    let (user, of_model) = (user(KEY), call("of_model", vec!["2026-01-01".into()], Effect::Write));
    let run = || client.call_method(&user, &of_model, CallProtocol::Best);
    let (first, second) = tokio::join!(run(), run());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(paths(&stub).iter().filter(|path| path.starts_with("doc-bearer/")).count(), 1);
    let unknown = call("unknown", vec![ids(&[8]), Value::Int(1)], Effect::Write);
    let Err(OdooError::Problem(problem)) = client.call_method(&user, &unknown, CallProtocol::Best).await else {
        panic!("a problem")
    };
    assert_eq!(problem.code, ErrorCode::UnknownMethod, "the document lacks it");
}

#[tokio::test]
async fn an_empty_list_is_taken_for_ids_only_if_the_document_says_so() {
    for (method, expected) in [("of_model", r#"{"day":[]}"#), ("action_of_records", r#"{"ids":[]}"#)] {
        let stub = Stub::serve(|n| if n == 0 { ok(DOCUMENT) } else { ok("true") }).await;
        let empty = call(method, vec![ids(&[])], Effect::Write);
        let client = client(&stub, UpstreamProtocol::Json2);
        client.call_method(&user(KEY), &empty, CallProtocol::Best).await.unwrap();
        assert_eq!(body(stub.requests().last().unwrap()), expected);
    }
    let stub = Stub::serve(|_| html_404()).await;
    let empty = call("of_model", vec![ids(&[])], Effect::Write);
    let reply = client(&stub, UpstreamProtocol::Json2).call_method(&user(KEY), &empty, CallProtocol::Best).await;
    assert!(matches!(reply, Err(OdooError::Problem(problem)) if problem.code == ErrorCode::InvalidParameter));
    assert!(paths(&stub).iter().all(|path| path.starts_with("doc-bearer/")), "the method is not called");
}

#[tokio::test]
async fn a_renamed_parameter_gets_its_name_if_the_method_did_not_run() {
    let rejection = |debug: &str| {
        let (name, message) = ("werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'values'");
        let body =
            serde_json::json!({"name": name, "message": message, "arguments": [], "context": {}, "debug": debug});
        StubAction::json("422 UNPROCESSABLE ENTITY", &body.to_string())
    };
    let controller = "Traceback (most recent call last):\n  File \"/o/addons/rpc/controllers/json2.py\", line 98, in \
                      web_json_2_rpc\n    raise UnprocessableEntity(exc.args[0])\n";
    let method = format!("{controller}  File \"/o/addons/x/models/x.py\", line 1, in write\n    check()\n");
    let write = call("write", vec![ids(&[8]), Value::Map(Vec::new())], Effect::Write);
    for (debug, requests) in [(controller, 2), (method.as_str(), 1)] {
        let rejection = rejection(debug);
        let stub = Stub::serve(move |n| if n == 0 { rejection.clone() } else { ok("true") }).await;
        let reply = client(&stub, UpstreamProtocol::Json2).execute_kw(&user(KEY), &write).await;
        assert_eq!((reply.is_ok(), stub.requests().len()), (requests == 2, requests), "{debug}");
        if requests == 2 {
            assert_eq!(body(stub.requests().last().unwrap()), r#"{"ids":[8],"values":{}}"#);
        }
    }
}

#[tokio::test]
async fn only_a_key_that_may_only_read_is_blamed_for_a_transaction_that_cannot_write() {
    let message = "cannot execute UPDATE in a read-only transaction";
    let rejected = error("500 INTERNAL SERVER ERROR", "psycopg2.errors.ReadOnlySqlTransaction", message);
    let stub = Stub::serve(move |_| rejected.clone()).await;
    let client = client(&stub, UpstreamProtocol::Json2);
    let write = call("write", vec![ids(&[8]), Value::Map(Vec::new())], Effect::Write);
    for (key, expected) in
        [(KEY.to_owned(), FaultClass::Internal), (format!("ro-{KEY}"), FaultClass::ReadOnlyCredential)]
    {
        let user = user(&key);
        let own = client.execute_kw(&user, &write).await;
        let named = client.call_method(&user, &write, CallProtocol::Best).await;
        let read = client.execute_shared_read(&user, &call("read", vec![ids(&[8])], Effect::Read)).await.reply;
        for reply in [own, named, read] {
            assert!(matches!(&reply, Err(OdooError::Fault(fault)) if fault.class == expected), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn equal_reads_of_one_key_share_a_call() {
    let stub = Stub::serve(|_| ok("[]").after(Duration::from_millis(50))).await;
    let client = client(&stub, UpstreamProtocol::Json2);
    let other = KEY.replace('0', "f");
    let read = |key: &str| {
        let (client, user) = (client.clone(), user(key));
        let read = call("search_read", vec![Value::List(Vec::new())], Effect::Read);
        async move { client.execute_shared_read(&user, &read).await.is_shared }
    };
    let shared: [bool; 3] = tokio::join!(read(KEY), read(KEY), read(&other)).into();
    assert_eq!(shared, [false, true, false]);
    assert_eq!(stub.requests().len(), 2);
}

#[tokio::test]
async fn json2_is_used_where_odoo_serves_no_xml_rpc() {
    let stub = Stub::serve(|_| ok("1")).await;
    let xml = client(&stub, UpstreamProtocol::Auto);
    let read = call("read", vec![ids(&[8])], Effect::Read);
    xml.execute_kw(&user(KEY), &read).await.unwrap_err();
    assert_eq!(paths(&stub), ["xmlrpc/object"], "an answer of another kind is no reason");

    let stub = Stub::serve(|n| match n {
        0 | 2 => html_404(),
        1 => ok(r#"{"version_info": [22, 0, 0, "final", 0, ""], "version": "22.0"}"#),
        _ => ok("[]"),
    })
    .await;
    let client = client(&stub, UpstreamProtocol::Auto);
    assert_eq!(client.version().await.unwrap().major, 22);
    assert!(client.execute_kw(&user(KEY), &read).await.is_ok());
    let probes = ["xmlrpc/2/common", "web/version", "xmlrpc/2/common"];
    assert_eq!(paths(&stub), [probes.as_slice(), &["json/2/res.partner/read"]].concat());
    let Err(OdooError::Problem(problem)) = client.execute_kw(&user("secret"), &read).await else { panic!("a problem") };
    assert_eq!(problem.code, ErrorCode::CredentialInvalid);
}

#[tokio::test]
async fn a_failure_while_odoo_restarts_does_not_decide_about_the_protocol() {
    let version = || ok(r#"{"version_info": [22, 0, 0, "final", 0, ""], "version": "22.0"}"#);
    let bad_gateway = || StubAction::status("502 Bad Gateway", "");
    let stub = Stub::serve(move |n| match n {
        0 | 3 | 5 | 6 => html_404(),
        1 | 4 => version(),
        _ => bad_gateway(),
    })
    .await;
    let client = client(&stub, UpstreamProtocol::Auto);
    // XML-RPC is found, but fails, when it is requested a second time; is not found; is not found, but the version
    // fails.
    for (has_version, must_use_json2, requests) in [(false, false, 3), (true, true, 6), (false, true, 8)] {
        assert_eq!(client.version().await.is_ok(), has_version);
        assert_eq!((client.must_use_json2(), stub.requests().len()), (must_use_json2, requests));
    }
}

#[tokio::test]
async fn a_passing_404_stops_passwords_for_seconds_only() {
    let stub = Stub::serve(|n| match n {
        0 | 2 | 3 => html_404(),
        1 | 4 => ok(r#"{"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}"#),
        5 => StubAction::odoo(VERSION_19),
        _ => StubAction::odoo(ONE),
    })
    .await;
    let transport = Transport::new(Duration::from_secs(2), Duration::from_secs(4)).unwrap();
    let clock = Clock::manual(time::OffsetDateTime::UNIX_EPOCH + Duration::from_secs(60));
    let client = OdooClient::new(settings(&stub), transport, Arc::default(), clock.clone()).unwrap();
    assert_eq!(client.version().await.unwrap().major, 19);
    let (user, read) = (user("secret"), call("read", vec![ids(&[8])], Effect::Read));
    // XML-RPC is not tried again so soon; is still not found; is not tried again so soon; is found.
    for (seconds, is_ok, requests) in [(0, false, 3), (10, false, 5), (9, false, 5), (1, true, 7)] {
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(client.execute_kw(&user, &read).await.is_ok(), is_ok);
        assert_eq!(stub.requests().len(), requests);
    }
    assert_eq!(paths(&stub).split_off(5), ["xmlrpc/2/common", "xmlrpc/object"]);
}

#[tokio::test]
async fn read_group_has_the_argument_names_of_the_version() {
    for (version, expected) in
        [("19.0", r#"{"domain":[],"fields":["a"]}"#), ("20.0", r#"{"domain":[],"groupby":["a"]}"#)]
    {
        let stub = Stub::serve(move |n| match n {
            0 => ok(&format!(r#"{{"version_info": [{}], "version": "{version}"}}"#, version.replace('.', ", "))),
            _ => ok("[]"),
        })
        .await;
        let client = client(&stub, UpstreamProtocol::Json2);
        client.version().await.unwrap();
        let grouped = call("read_group", vec![ids(&[]), Value::List(vec!["a".into()])], Effect::Read);
        client.call_method(&user(KEY), &grouped, CallProtocol::Best).await.unwrap();
        assert_eq!(body(stub.requests().last().unwrap()), expected);
    }
}

#[tokio::test]
async fn an_older_odoo_without_xml_rpc_is_an_error() {
    let stub = Stub::serve(|n| match n {
        0 => html_404(),
        _ => ok(r#"{"version_info": [18, 0, 0, "final", 0, ""], "version": "18.0"}"#),
    })
    .await;
    let client = client(&stub, UpstreamProtocol::Auto);
    let Err(OdooError::Problem(problem)) = client.version().await else { panic!("a problem") };
    assert_eq!(problem.code, ErrorCode::OdooUnreadable);
    assert!(!client.must_use_json2());
}
