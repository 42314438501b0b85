//! The client with a scripted stub of Odoo. tests/gateway runs it with a real Odoo.

use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::stub::{Stub, StubAction};
use super::*;
use crate::error_code::ErrorCode;
use crate::names::{MethodName, ModelName};
use crate::odoo::settings::UpstreamProtocol;
use crate::odoo::user::Uid;
use crate::value::Value;

const SECRET: &str = "corr€ct horse & battery";

fn response_with(value: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
    )
}

fn fault(code: &str, string: &str) -> String {
    format!(
        "<methodResponse><fault><value><struct><member><name>faultCode</name><value><string>{code}</string></value>\
         </member><member><name>faultString</name><value><string>{string}</string></value></member></struct></value>\
         </fault></methodResponse>"
    )
}

fn settings(stub: &Stub) -> OdooSettings {
    let url = format!("http://{}/erp", stub.address);
    OdooSettings::for_tests(url, "prod-1")
}

fn client_with(settings: OdooSettings) -> OdooClient {
    OdooClient::new(
        settings,
        Transport::new(Duration::from_secs(2), Duration::from_secs(4)).unwrap(),
        Arc::default(),
        Clock::system(),
    )
    .unwrap()
}

fn client(stub: &Stub) -> OdooClient {
    client_with(settings(stub))
}

fn user() -> OdooUser {
    OdooUser { uid: Uid::new(7).unwrap(), secret: secrecy::SecretString::from(SECRET).into() }
}

fn call(effect: Effect) -> Call {
    let args = vec![Value::List(vec![Value::Int(1)])];
    Call {
        model: ModelName::from_static("res.partner"),
        method: MethodName::from_static("read"),
        args,
        kwargs: vec![("load".into(), "".into())],
        effect,
    }
}

async fn read(client: &OdooClient) -> Result<Reply, OdooError> {
    client.execute_kw(&user(), &call(Effect::Read)).await
}

async fn write(client: &OdooClient) -> Result<Reply, OdooError> {
    client.execute_kw(&user(), &call(Effect::Write)).await
}

fn problem(result: Result<Reply, OdooError>) -> Problem {
    match result {
        Err(OdooError::Problem(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

fn code(result: Result<Reply, OdooError>) -> ErrorCode {
    problem(result).code
}

#[tokio::test]
async fn call_is_sent_completely_and_its_result_returned() {
    let stub = Stub::serve(|_| StubAction::odoo(&response_with("<string>a &amp; b</string>"))).await;
    let reply = write(&client(&stub)).await.unwrap();
    assert_eq!(reply.value(), Ok(Value::from("a & b")));
    assert_eq!(reply.timing.attempts, 1);
    assert!(reply.timing.to_first_byte <= reply.timing.to_last_byte);

    let request = stub.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().map(str::to_ascii_lowercase).collect();
    lines[1..].sort();
    let host = format!("host: {}", stub.address);
    let length = format!("content-length: {}", body.len());
    let agent = format!("user-agent: odoo-gateway/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        lines,
        [
            "post /erp/xmlrpc/object http/1.1",
            "accept: */*",
            &length,
            "content-type: text/xml; charset=utf-8",
            &host,
            &agent,
            "x-odoo-database: prod-1",
        ]
    );
    assert_eq!(
        body,
        "<?xml version=\"1.0\"?><methodCall><methodName>execute_kw</methodName><params>\
         <param><value><string>prod-1</string></value></param><param><value><int>7</int></value></param>\
         <param><value><string>corr€ct horse &amp; battery</string></value></param>\
         <param><value><string>res.partner</string></value></param><param><value><string>read</string></value></param>\
         <param><value><array><data><value><array><data><value><int>1</int></value></data></array></value></data></array>\
         </value></param><param><value><struct><member><name>load</name><value><string></string></value></member>\
         </struct></value></param></params></methodCall>"
    );
}

#[tokio::test]
async fn no_idle_connection_to_odoo_without_a_proxy() {
    let newer = StubAction::proxy(&response_with("<int>1</int>")).with_header("Connection: close");
    for action in [StubAction::odoo(&response_with("<int>1</int>")).kept_open(), newer.kept_open()] {
        let stub = Stub::serve(move |_| action.clone()).await;
        let client = client(&stub);
        for calls in 1..=3 {
            read(&client).await.unwrap();
            assert_eq!((stub.accepted(), stub.left_open().await), (calls, 0));
        }
    }
}

#[tokio::test]
async fn connection_to_a_proxy_is_reused() {
    let stub = Stub::serve(|_| StubAction::proxy(&response_with("<int>1</int>"))).await;
    let client = client(&stub);
    for _ in 0..5 {
        read(&client).await.unwrap();
    }
    assert_eq!((stub.requests().len(), stub.accepted()), (5, 1));
}

#[tokio::test]
async fn write_uses_a_new_connection_and_interrupted_read_is_sent_again() {
    let stub = Stub::serve(|_| StubAction::closing_proxy(&response_with("<int>1</int>"))).await;
    let client = client(&stub);
    for _ in 0..20 {
        assert_eq!(read(&client).await.unwrap().value(), Ok(Value::Int(1)));
        assert_eq!(write(&client).await.unwrap().value(), Ok(Value::Int(1)));
    }
    assert_eq!(stub.requests().len(), 40, "each was done once");
    // If the client notices first that the server has closed the connection, it opens a new one.
    assert!((1..20).contains(&stub.interrupted()), "some reads used a closed connection: {}", stub.interrupted());
}

#[tokio::test]
async fn idle_connections_are_closed_after_the_configured_time() {
    for (keep_idle, pause, connections) in [
        (Duration::ZERO, Duration::ZERO, 3),
        (Duration::from_millis(20), Duration::from_millis(60), 3),
        (Duration::from_secs(60), Duration::from_millis(60), 1),
    ] {
        let stub = Stub::serve(|_| StubAction::proxy(&response_with("<int>1</int>"))).await;
        let transport = Transport::new(Duration::from_secs(2), keep_idle).unwrap();
        let client = OdooClient::new(settings(&stub), transport, Arc::default(), Clock::system()).unwrap();
        for _ in 0..3 {
            read(&client).await.unwrap();
            tokio::time::sleep(pause).await;
        }
        assert_eq!(stub.accepted(), connections, "{keep_idle:?}");
    }
}

#[tokio::test]
async fn fault_is_classified_and_none_is_a_result() {
    let none = "Traceback (most recent call last):\n  File \"/o/rpc.py\", line 1, in xmlrpc_1\n    x\n  \
                File \"/p/xmlrpc/client.py\", line 2, in dumps\n    x\nTypeError: cannot marshal None unless allow_none is enabled\n";
    let stub = Stub::serve(move |number| match number {
        0 => StubAction::odoo(&fault("warning -- AccessError\n\nYou may not.", "")),
        _ => StubAction::odoo(&fault("cannot marshal None unless allow_none is enabled", none)),
    })
    .await;
    let client = client(&stub);
    let Err(OdooError::Fault(fault)) = write(&client).await else { panic!("a fault") };
    assert_eq!((fault.class, fault.message.as_str()), (FaultClass::AccessForbidden, "You may not."));
    assert_eq!(write(&client).await.unwrap().value(), Ok(Value::Null));
}

#[tokio::test]
async fn authenticate_returns_a_user_or_none() {
    let stub = Stub::serve(|number| match number {
        0 => StubAction::odoo(&response_with("<int>7</int>")),
        1 => StubAction::odoo(&response_with("<boolean>0</boolean>")),
        _ => StubAction::odoo(&response_with("<string>7</string>")),
    })
    .await;
    let client = client(&stub);
    let secret = SECRET.into();
    assert_eq!(client.authenticate("admin", &secret).await.unwrap(), Uid::new(7));
    assert_eq!(client.authenticate("admin", &secret).await.unwrap(), None);
    assert!(client.authenticate("admin", &secret).await.is_err());
    let request = stub.requests().remove(0);
    assert!(request.starts_with("POST /erp/xmlrpc/2/common "));
    assert!(request.ends_with("<param><value><struct></struct></value></param></params></methodCall>"));
}

#[tokio::test]
async fn failed_connections_do_nothing_and_open_the_circuit() {
    let stub = Stub::serve(|_| StubAction::odoo(&response_with("<int>1</int>"))).await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut settings = settings(&stub);
    settings.url = format!("http://{unused}");
    settings.failures_to_open = 2;
    let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
    let client = OdooClient::new(
        settings,
        Transport::new(Duration::from_secs(2), Duration::from_secs(4)).unwrap(),
        Arc::default(),
        clock.clone(),
    )
    .unwrap();
    for expected in ["could not connect", "could not connect", "a moment ago"] {
        let problem = problem(write(&client).await);
        assert_eq!(problem.code, ErrorCode::OdooUnreachable);
        assert!(problem.detail.contains(expected) && problem.retry_after.is_some(), "{problem:?}");
    }
    clock.advance(Duration::from_secs(5));
    assert!(problem(write(&client).await).detail.contains("could not connect"));
}

#[tokio::test]
async fn interrupted_read_is_sent_again_once_and_a_write_never() {
    let stub = Stub::serve(|number| match number {
        0 | 2 | 3 | 4 => StubAction::close(),
        _ => StubAction::odoo(&response_with("<int>1</int>")),
    })
    .await;
    let client = client(&stub);
    assert_eq!(read(&client).await.unwrap().timing.attempts, 2);
    assert_eq!(code(read(&client).await), ErrorCode::OutcomeUnknown);
    assert_eq!(stub.requests().len(), 4);
    let unknown = problem(write(&client).await);
    assert_eq!((unknown.code, unknown.retry_after), (ErrorCode::OutcomeUnknown, None));
    assert_eq!(stub.requests().len(), 5);
}

#[tokio::test]
async fn incomplete_response_has_an_unknown_outcome() {
    let stub = Stub::serve(|_| {
        StubAction::raw("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 500\r\n\r\n<methodResponse>")
    })
    .await;
    assert_eq!(code(read(&client(&stub)).await), ErrorCode::OutcomeUnknown);
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn slow_responses_time_out() {
    let silent = Stub::serve(|_| StubAction::odoo(&response_with("<int>1</int>")).after(Duration::from_secs(5))).await;
    let dripping = Stub::serve(|_| {
        StubAction::odoo(&response_with("<int>1</int>")).in_pieces(100).after(Duration::from_millis(90))
    })
    .await;
    for stub in [silent, dripping] {
        let mut settings = settings(&stub);
        settings.response_timeout = Duration::from_millis(150);
        settings.total_timeout = Duration::from_millis(150);
        let start = Instant::now();
        assert_eq!(code(write(&client_with(settings)).await), ErrorCode::OutcomeUnknown);
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn response_size_is_limited_with_and_without_content_length() {
    let long = response_with(&format!("<string>{}</string>", "a".repeat(10_000)));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    for action in [StubAction::odoo(&long), StubAction::raw(chunked)] {
        let stub = Stub::serve(move |_| action.clone()).await;
        let mut settings = settings(&stub);
        settings.answer_cap = 10_000;
        let client = client_with(settings.clone());
        assert_eq!(code(read(&client).await), ErrorCode::AnswerTooLarge);
        assert_eq!(code(write(&client).await), ErrorCode::ResultNotRepresentable);
        settings.answer_cap = long.len();
        assert!(read(&client_with(settings)).await.is_ok());
    }
}

#[tokio::test]
async fn large_responses_share_a_memory_budget() {
    let large = response_with(&format!("<string>{}</string>", "x".repeat(1_500_000)));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    for action in [StubAction::odoo(&large), StubAction::raw(chunked)] {
        let small = StubAction::odoo(&response_with("<int>1</int>"));
        let stub = Stub::serve(move |number| if number == 1 { small.clone() } else { action.clone() }).await;
        let client = client_with(OdooSettings { answer_memory: 2 << 20, ..settings(&stub) });
        let first = read(&client).await.unwrap();
        assert!(read(&client).await.is_ok(), "a small response needs no share");
        let second = tokio::time::timeout(Duration::from_millis(300), read(&client)).await;
        assert!(second.is_err(), "the budget has room for one large response at a time");
        drop(first);
        assert!(read(&client).await.is_ok());
    }
}

#[tokio::test]
async fn large_response_of_unknown_length_keeps_the_memory_that_it_needs() {
    let large = response_with(&format!("<string>{}</string>", "x".repeat(1_500_000)));
    let chunked = StubAction::raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    ));
    let known = StubAction::odoo(&large);
    let stub = Stub::serve(move |number| if number == 0 { chunked.clone() } else { known.clone() }).await;
    let client = client_with(OdooSettings { answer_memory: 4 << 20, ..settings(&stub) });
    let first = read(&client).await.unwrap();
    let second = tokio::time::timeout(Duration::from_secs(10), read(&client)).await;
    assert!(matches!(second, Ok(Ok(_))), "the first response needs less than half of the memory");
    drop(first);
}

#[tokio::test]
async fn too_large_call_is_not_sent() {
    let stub = Stub::serve(|_| StubAction::odoo(&response_with("<int>1</int>"))).await;
    let client = client_with(OdooSettings { call_cap: 64 * 1024, ..settings(&stub) });
    let mut call = call(Effect::Write);
    call.args = vec![Value::from("&".repeat(20_000))];
    let error = problem(client.execute_kw(&user(), &call).await);
    assert_eq!((error.code, stub.requests().len()), (ErrorCode::BodyTooLarge, 0));
}

#[tokio::test]
async fn unusable_response_is_reported_but_never_shown() {
    let xml = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n";
    for (action, expected) in [
        (StubAction::status("200 OK", ""), ErrorCode::OdooUnreadable),
        (StubAction::status("301 Moved", "Location: http://127.0.0.1:1/secret\r\n"), ErrorCode::OdooUnreadable),
        (StubAction::status("401 Unauthorized", "WWW-Authenticate: Basic realm=secret\r\n"), ErrorCode::OdooUnreadable),
        (StubAction::status("404 Not Found", ""), ErrorCode::OdooUnreadable),
        (StubAction::status("413 Too Large", ""), ErrorCode::BodyTooLarge),
        (StubAction::status("429 Slow Down", "Retry-After: 7\r\n"), ErrorCode::OdooBusy),
        (StubAction::status("500 secret", ""), ErrorCode::OutcomeUnknown),
        (StubAction::status("502 Bad Gateway", ""), ErrorCode::OutcomeUnknown),
        (StubAction::status("503 Unavailable", ""), ErrorCode::OdooUnreachable),
        (StubAction::status("504 Timeout", ""), ErrorCode::OutcomeUnknown),
        (StubAction::raw(format!("{xml}\r\n<html>secret")), ErrorCode::OdooUnreadable),
        (StubAction::raw(format!("{xml}Content-Encoding: gzip\r\n\r\n<methodResponse>")), ErrorCode::OdooUnreadable),
        (StubAction::raw([xml.as_bytes(), b"\r\n<methodResponse>\xff"].concat()), ErrorCode::OdooUnreadable),
        (StubAction::raw(format!("{xml}\r\n")), ErrorCode::OdooUnreadable),
        (StubAction::raw("SSH-2.0-secret\r\n"), ErrorCode::OdooUnreadable),
    ] {
        let stub = Stub::serve(move |_| action.clone()).await;
        // Otherwise it would be found out after a 404 whether Odoo serves JSON-2.
        let client = client_with(OdooSettings { protocol: UpstreamProtocol::XmlRpc, ..settings(&stub) });
        let problem = problem(write(&client).await);
        assert_eq!(problem.code, expected, "{problem:?}");
        assert!(!format!("{problem:?}").contains("secret"), "{problem:?}");
        assert_eq!(stub.accepted(), 1);
    }
}

#[tokio::test]
async fn truncated_result_is_unreadable_when_it_is_parsed() {
    let stub = Stub::serve(|_| StubAction::odoo("<methodResponse><params><param><value><string>secret")).await;
    let error = write(&client(&stub)).await.unwrap().value().unwrap_err();
    assert_eq!(error.code, ErrorCode::OdooUnreadable);
    assert!(!error.detail.contains("secret"), "{error:?}");
}

#[tokio::test]
async fn concurrency_and_queue_are_limited_and_further_calls_rejected() {
    let stub =
        Stub::serve(|_| StubAction::odoo(&response_with("<int>1</int>")).after(Duration::from_millis(100))).await;
    let mut settings = settings(&stub);
    (settings.concurrency, settings.queue) = (2, 3);
    let client = client_with(settings);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { write(&client).await })
        })
        .collect();
    let (mut done, mut rejected) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(reply) => done += usize::from(reply.value().is_ok()),
            Err(failure) => {
                let problem = problem(Err(failure));
                assert_eq!(problem.code, ErrorCode::OdooBusy);
                assert!(problem.retry_after.is_some());
                rejected += 1;
            }
        }
    }
    assert_eq!((done, rejected, stub.max_running()), (5, 3, 2));
}

#[tokio::test]
async fn dropped_call_holds_its_permit_until_odoo_responds() {
    let stub =
        Stub::serve(|_| StubAction::odoo(&response_with("<int>1</int>")).after(Duration::from_millis(150))).await;
    let mut settings = settings(&stub);
    settings.concurrency = 1;
    let client = client_with(settings);
    assert!(tokio::time::timeout(Duration::from_millis(50), write(&client)).await.is_err());
    let reply = write(&client).await.unwrap();
    assert!(reply.timing.queued >= Duration::from_millis(50), "{:?}", reply.timing);
    assert_eq!((stub.requests().len(), stub.max_running()), (2, 1));
}

#[tokio::test]
async fn unsupported_value_is_rejected_before_anything_is_sent() {
    let stub = Stub::serve(|_| StubAction::close()).await;
    let mut call = call(Effect::Write);
    call.kwargs.push(("context".into(), Value::Map(vec![("a".into(), "\u{7}".into())])));
    let error = problem(client(&stub).execute_kw(&user(), &call).await);
    assert_eq!(error.code, ErrorCode::InvalidValue);
    assert_eq!(error.detail, "kwargs.context.a contains the character U+0007, which cannot be sent to Odoo");
    assert_eq!(stub.accepted(), 0);
}

#[tokio::test]
async fn debug_output_does_not_contain_the_secret() {
    let stub = Stub::serve(|_| StubAction::close()).await;
    let client = client(&stub);
    let printed = format!("{:?} {:?} {:?}", user(), client, write(&client).await);
    assert!(!printed.contains("horse"), "{printed}");
}

#[tokio::test]
async fn key_owner_returns_the_user_of_a_key() {
    let stub = Stub::serve(|n| match n {
        0 => StubAction::json("200 OK", r#"{"lang": "en_US", "tz": false, "uid": 7}"#),
        _ => StubAction::json("401 UNAUTHORIZED", r#"{"name": "werkzeug.exceptions.Unauthorized"}"#),
    })
    .await;
    let client = client(&stub);
    assert_eq!(client.key_owner(&"0123abcd".into()).await, Ok(Uid::new(7)));
    assert_eq!(client.key_owner(&"0123abcd".into()).await, Ok(None));
    let request = stub.requests().swap_remove(0);
    assert!(request.starts_with("POST /erp/json/2/res.users/context_get HTTP/1.1\r\n"), "{request}");
    let (head, body) =
        request.to_lowercase().split_once("\r\n\r\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    for header in ["authorization: bearer 0123abcd", "content-type: application/json", "x-odoo-database: prod-1"] {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert_eq!(body, "{}");
}

#[tokio::test]
async fn unusable_response_does_not_decide_about_a_key() {
    let large = format!(r#"{{"uid": 7, "tz": "{}"}}"#, "x".repeat(100_000));
    let acts = [
        // A proxy that requires its own credential.
        (StubAction::status("401 Unauthorized", ""), ErrorCode::OdooUnreadable),
        (StubAction::status("404 Not Found", ""), ErrorCode::OdooUnreadable),
        (StubAction::status("302 Found", "Location: http://elsewhere/\r\n"), ErrorCode::OdooUnreadable),
        (StubAction::status("200 OK", ""), ErrorCode::OdooUnreadable),
        (StubAction::odoo(&response_with("<int>7</int>")), ErrorCode::OdooUnreadable),
        (StubAction::json("200 OK", "true"), ErrorCode::OdooUnreadable),
        (StubAction::json("200 OK", &large), ErrorCode::OdooUnreadable),
        (StubAction::json("403 FORBIDDEN", "{}"), ErrorCode::OdooUnreadable),
        (StubAction::status("503 Service Unavailable", ""), ErrorCode::OdooUnreachable),
    ];
    for (number, (action, expected)) in acts.into_iter().enumerate() {
        let stub = Stub::serve(move |_| action.clone()).await;
        let Err(OdooError::Problem(problem)) = client(&stub).key_owner(&"0123abcd".into()).await else {
            panic!("{number}: a problem")
        };
        assert_eq!(problem.code, expected, "{number}: {problem:?}");
    }
}

#[tokio::test]
async fn database_header_is_omitted_after_json2_was_found_only_without_it() {
    let stub = Stub::serve(|n| match n {
        0 => StubAction::status("404 Not Found", ""),
        1 => StubAction::json("401 UNAUTHORIZED", r#"{"name": "werkzeug.exceptions.Unauthorized"}"#),
        _ => StubAction::json("200 OK", r#"{"lang": "en_US", "tz": false, "uid": 7}"#),
    })
    .await;
    let client = client(&stub);
    assert_eq!(client.key_owner(&"0123abcd".into()).await, Ok(None));
    assert_eq!(client.key_owner(&"0123abcd".into()).await, Ok(Uid::new(7)));
    let named: Vec<bool> = stub.requests().iter().map(|request| request.contains("x-odoo-database")).collect();
    assert_eq!(named, [true, false, false]);
}

const REFUSED: &str = r#"{"jsonrpc": "2.0", "id": 1, "error": {"code": 0, "message": "Odoo Server Error", "data":
    {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied", "debug": ""}}}"#;

fn result(value: &str) -> StubAction {
    StubAction::json("200 OK", &format!(r#"{{"jsonrpc": "2.0", "id": 1, "result": {value}}}"#))
}

async fn confirm(client: &OdooClient) -> Result<Reply, OdooError> {
    let call = Call { method: MethodName::from_static("action_confirm"), ..call(Effect::Write) };
    client.call_method(&user(), &call, CallProtocol::Best).await
}

/// The kinds of the requests.
fn request_kinds(stub: &Stub) -> Vec<&'static str> {
    let short = |request: &String| match request {
        request if request.starts_with("POST /erp/xmlrpc/object ") => "xmlrpc",
        request if request.contains(r#""args":["prod-1",1,"","res.users""#) => "probe",
        request if request.starts_with("POST /erp/jsonrpc ") => "jsonrpc",
        _ => "other",
    };
    stub.requests().iter().map(short).collect()
}

#[tokio::test]
async fn methods_use_json_rpc_after_a_successful_test() {
    let stub =
        Stub::serve(|n| if n == 0 { StubAction::json("200 OK", REFUSED) } else { result("[null, 4294967296]") }).await;
    let client = client(&stub);
    for _ in 0..2 {
        let reply = confirm(&client).await.unwrap();
        assert_eq!(reply.value(), Ok(vec![Value::Null, Value::Int(4_294_967_296)].into()));
    }
    assert_eq!(request_kinds(&stub), ["probe", "jsonrpc", "jsonrpc"]);
    let request = stub.requests().swap_remove(1);
    let body = request.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(
        body,
        r#"{"jsonrpc":"2.0","method":"call","id":1,"params":{"service":"object","method":"execute_kw","args":["prod-1",7,"corr€ct horse & battery","res.partner","action_confirm",[[1]],{"load":""}]}}"#
    );
    read(&client).await.unwrap_err();
    assert_eq!(request_kinds(&stub).last(), Some(&"xmlrpc"), "reads use XML-RPC");
}

#[tokio::test]
async fn methods_use_xml_rpc_if_odoo_does_not_serve_json_rpc() {
    let xml = || StubAction::odoo(&response_with("<int>1</int>"));
    for (nothing, code) in [
        (StubAction::status("404 Not Found", ""), "not served"),
        (StubAction::status("500 Internal Server Error", ""), "faults as HTML"),
        (StubAction::status("200 OK", ""), "HTML"),
        (StubAction::json("200 OK", r#"{"jsonrpc": "2.0", "id": 1, "result": true}"#), "accepts any password"),
        (StubAction::close(), "cut"),
    ] {
        let stub = Stub::serve(move |n| if n == 0 { nothing.clone() } else { xml() }).await;
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let transport = Transport::new(Duration::from_secs(2), Duration::from_secs(4)).unwrap();
        let client = OdooClient::new(settings(&stub), transport, Arc::default(), clock.clone()).unwrap();
        for _ in 0..2 {
            assert_eq!(confirm(&client).await.unwrap().value(), Ok(Value::Int(1)), "{code}");
        }
        assert_eq!(request_kinds(&stub), ["probe", "xmlrpc", "xmlrpc"], "{code}");
        clock.advance(Duration::from_secs(601));
        confirm(&client).await.unwrap();
        assert_eq!(request_kinds(&stub)[3..], ["probe", "xmlrpc"], "{code}: tested again after a while");
    }
    let stub = Stub::serve(move |_| xml()).await;
    let client = client_with(OdooSettings { method_calls: crate::odoo::MethodCalls::XmlRpc, ..settings(&stub) });
    confirm(&client).await.unwrap();
    assert_eq!(request_kinds(&stub), ["xmlrpc"]);
}

#[tokio::test]
async fn method_that_ran_has_a_reply_for_any_result() {
    let none_in_result = "Traceback (most recent call last):\n  File \"/o/rpc.py\", line 1, in xmlrpc_1\n    x\n  \
                       File \"/p/xmlrpc/client.py\", line 2, in dumps\n    x\n  \
                       File \"/p/xmlrpc/client.py\", line 3, in dump_struct\n    x\n  \
                       File \"/p/xmlrpc/client.py\", line 4, in dump_nil\n    x\n\
                       TypeError: cannot marshal None unless allow_none is enabled\n";
    let large = response_with(&format!("<string>{}</string>", "a".repeat(10_000)));
    let deep =
        response_with(&format!("{}<nil/>{}", "<array><data><value>".repeat(70), "</value></data></array>".repeat(70)));
    for (action, omitted) in [
        (StubAction::odoo(&fault("cannot marshal None unless allow_none is enabled", none_in_result)), true),
        (
            StubAction::odoo(&fault(
                "cannot marshal None unless allow_none is enabled",
                &none_in_result.replace("dump_struct", "__dump"),
            )),
            false,
        ),
        (
            StubAction::odoo(&fault(
                "int exceeds XML-RPC limits",
                &none_in_result.replace(
                    "TypeError: cannot marshal None unless allow_none is enabled",
                    "OverflowError: int exceeds XML-RPC limits",
                ),
            )),
            true,
        ),
        (StubAction::odoo(&large), true),
        (StubAction::odoo(&deep), true),
        (StubAction::odoo(&response_with("<int>9223372036854775808</int>")), true),
    ] {
        let stub = Stub::serve(move |_| action.clone()).await;
        let settings =
            OdooSettings { method_calls: crate::odoo::MethodCalls::XmlRpc, answer_cap: 9000, ..settings(&stub) };
        let reply = confirm(&client_with(settings)).await.unwrap();
        assert_eq!((reply.value(), reply.is_omitted()), (Ok(Value::Null), omitted));
    }
}

#[tokio::test]
async fn each_reader_of_a_large_shared_reply_reserves_memory() {
    let large = response_with(&format!("<string>{}</string>", "a".repeat(3 << 19)));
    let stub = Stub::serve(move |_| StubAction::odoo(&large).after(Duration::from_millis(50))).await;
    let client = client_with(OdooSettings { answer_memory: 2 << 20, ..settings(&stub) });
    let [first, mut second] = [(), ()].map(|()| {
        let client = client.clone();
        tokio::spawn(async move { client.execute_shared_read(&user(), &call(Effect::Read)).await })
    });
    let first = first.await.unwrap();
    assert!(first.reply.is_ok() && !first.is_shared);
    let waited = tokio::time::timeout(Duration::from_millis(100), &mut second).await;
    assert!(waited.is_err(), "the first reply needs most of the memory");
    drop(first);
    let second = second.await.unwrap();
    assert!(second.reply.is_ok() && second.is_shared);
    assert_eq!(stub.requests().len(), 1);
}
