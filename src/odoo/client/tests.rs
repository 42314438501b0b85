//! The client against a small Odoo that misbehaves. That it works with a real one is shown elsewhere.

use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::stub::{Act, Stub};
use super::*;
use crate::error_code::Code;
use crate::names::DatabaseName;
use crate::names::{MethodName, ModelName};

const SECRET: &str = "corr€ct horse & battery";

fn answer(value: &str) -> String {
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
    OdooSettings::new("main", url, DatabaseName::parse("prod-1").unwrap())
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

fn caller() -> Caller {
    Caller { uid: Uid::new(7).unwrap(), secret: SECRET.into() }
}

fn call(effect: Effect) -> Call {
    let args = vec![Value::List(vec![Value::Int(1)])];
    Call {
        model: ModelName::of_literal("res.partner"),
        method: MethodName::of_literal("read"),
        args,
        kwargs: vec![("load".into(), "".into())],
        effect,
    }
}

async fn read(client: &OdooClient) -> Result<Reply, Failure> {
    client.execute_kw(&caller(), &call(Effect::Read)).await
}

async fn write(client: &OdooClient) -> Result<Reply, Failure> {
    client.execute_kw(&caller(), &call(Effect::Write)).await
}

fn problem(result: Result<Reply, Failure>) -> Problem {
    match result {
        Err(Failure::Problem(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

fn code(result: Result<Reply, Failure>) -> Code {
    problem(result).code
}

#[tokio::test]
async fn a_call_goes_out_whole_and_its_result_comes_back() {
    let stub = Stub::serve(|_| Act::odoo(&answer("<string>a &amp; b</string>"))).await;
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
async fn bare_odoo_is_left_no_idle_connection() {
    let newer = Act::proxy(&answer("<int>1</int>")).with_header("Connection: close");
    for act in [Act::odoo(&answer("<int>1</int>")).kept(), newer.kept()] {
        let stub = Stub::serve(move |_| act.clone()).await;
        let client = client(&stub);
        for calls in 1..=3 {
            read(&client).await.unwrap();
            assert_eq!((stub.accepted(), stub.left_open().await), (calls, 0));
        }
    }
}

#[tokio::test]
async fn a_proxys_connection_is_used_again() {
    let stub = Stub::serve(|_| Act::proxy(&answer("<int>1</int>"))).await;
    let client = client(&stub);
    for _ in 0..5 {
        read(&client).await.unwrap();
    }
    assert_eq!((stub.requests().len(), stub.accepted()), (5, 1));
}

#[tokio::test]
async fn a_write_never_meets_a_connection_that_closes_and_a_read_is_sent_again() {
    let stub = Stub::serve(|_| Act::tired(&answer("<int>1</int>"))).await;
    let client = client(&stub);
    for _ in 0..20 {
        assert_eq!(read(&client).await.unwrap().value(), Ok(Value::Int(1)));
        assert_eq!(write(&client).await.unwrap().value(), Ok(Value::Int(1)));
    }
    assert_eq!(stub.requests().len(), 40, "each was done once");
    // Where the client notices the close first, it takes a new connection by itself.
    assert!((1..20).contains(&stub.cut()), "reads met the connection of the one before: {}", stub.cut());
}

#[tokio::test]
async fn idle_connections_are_kept_as_long_as_configured() {
    for (keep_idle, pause, connections) in [
        (Duration::ZERO, Duration::ZERO, 3),
        (Duration::from_millis(20), Duration::from_millis(60), 3),
        (Duration::from_secs(60), Duration::from_millis(60), 1),
    ] {
        let stub = Stub::serve(|_| Act::proxy(&answer("<int>1</int>"))).await;
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
async fn a_fault_is_odoos_word_and_none_is_a_result() {
    let none = "Traceback (most recent call last):\n  File \"/o/rpc.py\", line 1, in xmlrpc_1\n    x\n  \
                File \"/p/xmlrpc/client.py\", line 2, in dumps\n    x\nTypeError: cannot marshal None unless allow_none is enabled\n";
    let stub = Stub::serve(move |number| match number {
        0 => Act::odoo(&fault("warning -- AccessError\n\nYou may not.", "")),
        _ => Act::odoo(&fault("cannot marshal None unless allow_none is enabled", none)),
    })
    .await;
    let client = client(&stub);
    let Err(Failure::Fault(fault)) = write(&client).await else { panic!("a fault") };
    assert_eq!((fault.class, fault.message.as_str()), (FaultClass::AccessForbidden, "You may not."));
    assert_eq!(write(&client).await.unwrap().value(), Ok(Value::Null));
}

#[tokio::test]
async fn a_login_has_a_user_or_none() {
    let stub = Stub::serve(|number| match number {
        0 => Act::odoo(&answer("<int>7</int>")),
        1 => Act::odoo(&answer("<boolean>0</boolean>")),
        _ => Act::odoo(&answer("<string>7</string>")),
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
async fn who_cannot_connect_has_done_nothing_and_soon_stops_trying() {
    let stub = Stub::serve(|_| Act::odoo(&answer("<int>1</int>"))).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut settings = settings(&stub);
    settings.url = format!("http://{nobody}");
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
        assert_eq!(problem.code, Code::OdooUnreachable);
        assert!(problem.detail.contains(expected) && problem.retry_after.is_some(), "{problem:?}");
    }
    clock.advance(Duration::from_secs(5));
    assert!(problem(write(&client).await).detail.contains("could not connect"));
}

#[tokio::test]
async fn a_read_that_was_cut_is_sent_again_once_and_a_write_never() {
    let stub = Stub::serve(|number| match number {
        0 | 2 | 3 | 4 => Act::close(),
        _ => Act::odoo(&answer("<int>1</int>")),
    })
    .await;
    let client = client(&stub);
    assert_eq!(read(&client).await.unwrap().timing.attempts, 2);
    assert_eq!(code(read(&client).await), Code::OutcomeUnknown);
    assert_eq!(stub.requests().len(), 4);
    let unknown = problem(write(&client).await);
    assert_eq!((unknown.code, unknown.retry_after), (Code::OutcomeUnknown, None));
    assert_eq!(stub.requests().len(), 5);
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_the_outcome_unknown() {
    let stub = Stub::serve(|_| {
        Act::raw("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 500\r\n\r\n<methodResponse>")
    })
    .await;
    assert_eq!(code(read(&client(&stub)).await), Code::OutcomeUnknown);
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    let silent = Stub::serve(|_| Act::odoo(&answer("<int>1</int>")).after(Duration::from_secs(5))).await;
    let dripping =
        Stub::serve(|_| Act::odoo(&answer("<int>1</int>")).in_pieces(100).after(Duration::from_millis(90))).await;
    for stub in [silent, dripping] {
        let mut settings = settings(&stub);
        settings.response_timeout = Duration::from_millis(150);
        settings.total_timeout = Duration::from_millis(150);
        let begun = Instant::now();
        assert_eq!(code(write(&client_with(settings)).await), Code::OutcomeUnknown);
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn an_answer_has_a_largest_size_whether_it_is_announced_or_not() {
    let long = answer(&format!("<string>{}</string>", "a".repeat(10_000)));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n0\r\n\r\n",
        long.len()
    );
    for act in [Act::odoo(&long), Act::raw(chunked)] {
        let stub = Stub::serve(move |_| act.clone()).await;
        let mut settings = settings(&stub);
        settings.answer_cap = 10_000;
        let client = client_with(settings.clone());
        assert_eq!(code(read(&client).await), Code::AnswerTooLarge);
        assert_eq!(code(write(&client).await), Code::ResultNotRepresentable);
        settings.answer_cap = long.len();
        assert!(read(&client_with(settings)).await.is_ok());
    }
}

#[tokio::test]
async fn large_answers_share_their_memory_and_wait_for_each_other() {
    let large = answer(&format!("<string>{}</string>", "x".repeat(1_500_000)));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    for act in [Act::odoo(&large), Act::raw(chunked)] {
        let small = Act::odoo(&answer("<int>1</int>"));
        let stub = Stub::serve(move |number| if number == 1 { small.clone() } else { act.clone() }).await;
        let client = client_with(OdooSettings { answer_memory: 2 << 20, ..settings(&stub) });
        let first = read(&client).await.unwrap();
        assert!(read(&client).await.is_ok(), "a small one needs no share");
        let second = tokio::time::timeout(Duration::from_millis(300), read(&client)).await;
        assert!(second.is_err(), "there is room for one large answer at a time");
        drop(first);
        assert!(read(&client).await.is_ok());
    }
}

#[tokio::test]
async fn a_call_that_is_too_large_is_not_sent() {
    let stub = Stub::serve(|_| Act::odoo(&answer("<int>1</int>"))).await;
    let client = client_with(OdooSettings { call_cap: 64 * 1024, ..settings(&stub) });
    let mut call = call(Effect::Write);
    call.args = vec![Value::from("&".repeat(20_000))];
    let refused = problem(client.execute_kw(&caller(), &call).await);
    assert_eq!((refused.code, stub.requests().len()), (Code::BodyTooLarge, 0));
}

#[tokio::test]
async fn what_is_no_answer_of_odoo_is_told_as_such_and_never_shown() {
    let xml = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n";
    for (act, expected) in [
        (Act::status("200 OK", ""), Code::OdooUnreadable),
        (Act::status("301 Moved", "Location: http://127.0.0.1:1/secret\r\n"), Code::OdooUnreadable),
        (Act::status("401 Unauthorized", "WWW-Authenticate: Basic realm=secret\r\n"), Code::OdooUnreadable),
        (Act::status("404 Not Found", ""), Code::OdooUnreadable),
        (Act::status("413 Too Large", ""), Code::BodyTooLarge),
        (Act::status("429 Slow Down", "Retry-After: 7\r\n"), Code::OdooBusy),
        (Act::status("500 secret", ""), Code::OutcomeUnknown),
        (Act::status("502 Bad Gateway", ""), Code::OutcomeUnknown),
        (Act::status("503 Unavailable", ""), Code::OdooUnreachable),
        (Act::status("504 Timeout", ""), Code::OutcomeUnknown),
        (Act::raw(format!("{xml}\r\n<html>secret")), Code::OdooUnreadable),
        (Act::raw(format!("{xml}Content-Encoding: gzip\r\n\r\n<methodResponse>")), Code::OdooUnreadable),
        (Act::raw([xml.as_bytes(), b"\r\n<methodResponse>\xff"].concat()), Code::OdooUnreadable),
        (Act::raw(format!("{xml}\r\n")), Code::OdooUnreadable),
        (Act::raw("SSH-2.0-secret\r\n"), Code::OdooUnreadable),
    ] {
        let stub = Stub::serve(move |_| act.clone()).await;
        let problem = problem(write(&client(&stub)).await);
        assert_eq!(problem.code, expected, "{problem:?}");
        assert!(!format!("{problem:?}").contains("secret"), "{problem:?}");
        assert_eq!(stub.accepted(), 1);
    }
}

#[tokio::test]
async fn a_result_that_is_cut_in_the_xml_is_unreadable_when_it_is_read() {
    let stub = Stub::serve(|_| Act::odoo("<methodResponse><params><param><value><string>secret")).await;
    let refused = write(&client(&stub)).await.unwrap().value().unwrap_err();
    assert_eq!(refused.code, Code::OdooUnreadable);
    assert!(!refused.detail.contains("secret"), "{refused:?}");
}

#[tokio::test]
async fn so_many_calls_work_at_once_so_many_wait_and_the_rest_is_turned_away() {
    let stub = Stub::serve(|_| Act::odoo(&answer("<int>1</int>")).after(Duration::from_millis(100))).await;
    let mut settings = settings(&stub);
    (settings.concurrency, settings.queue) = (2, 3);
    let client = client_with(settings);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { write(&client).await })
        })
        .collect();
    let (mut done, mut turned_away) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(reply) => done += usize::from(reply.value().is_ok()),
            Err(failure) => {
                let problem = problem(Err(failure));
                assert_eq!(problem.code, Code::OdooBusy);
                assert!(problem.retry_after.is_some());
                turned_away += 1;
            }
        }
    }
    assert_eq!((done, turned_away, stub.most_working()), (5, 3, 2));
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_make_room_before_odoo_is_done() {
    let stub = Stub::serve(|_| Act::odoo(&answer("<int>1</int>")).after(Duration::from_millis(150))).await;
    let mut settings = settings(&stub);
    settings.concurrency = 1;
    let client = client_with(settings);
    assert!(tokio::time::timeout(Duration::from_millis(50), write(&client)).await.is_err());
    let reply = write(&client).await.unwrap();
    assert!(reply.timing.queued >= Duration::from_millis(50), "{:?}", reply.timing);
    assert_eq!((stub.requests().len(), stub.most_working()), (2, 1));
}

#[tokio::test]
async fn what_cannot_be_carried_is_refused_before_anything_is_sent() {
    let stub = Stub::serve(|_| Act::close()).await;
    let mut call = call(Effect::Write);
    call.kwargs.push(("context".into(), Value::Map(vec![("a".into(), "\u{7}".into())])));
    let refused = problem(client(&stub).execute_kw(&caller(), &call).await);
    assert_eq!(refused.code, Code::InvalidValue);
    assert_eq!(refused.detail, "kwargs.context.a holds the character U+0007, which cannot be sent to Odoo");
    assert_eq!(stub.accepted(), 0);
}

#[tokio::test]
async fn nothing_that_can_be_printed_holds_the_secret() {
    let stub = Stub::serve(|_| Act::close()).await;
    let client = client(&stub);
    let printed = format!("{:?} {:?} {:?}", caller(), client, write(&client).await);
    assert!(!printed.contains("horse"), "{printed}");
}

#[tokio::test]
async fn a_key_is_shown_alone_and_its_user_comes_back() {
    let stub = Stub::serve(|n| match n {
        0 => Act::json("200 OK", r#"{"lang": "en_US", "tz": false, "uid": 7}"#),
        _ => Act::json("401 UNAUTHORIZED", r#"{"name": "werkzeug.exceptions.Unauthorized"}"#),
    })
    .await;
    let client = client(&stub);
    assert_eq!(client.owner_of(&"0123abcd".into()).await, Ok(Uid::new(7)));
    assert_eq!(client.owner_of(&"0123abcd".into()).await, Ok(None));
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
async fn what_is_no_answer_of_odoos_says_nothing_of_a_key() {
    let large = format!(r#"{{"uid": 7, "tz": "{}"}}"#, "x".repeat(100_000));
    let acts = [
        // A proxy that wants a credential of its own.
        (Act::status("401 Unauthorized", ""), Code::OdooUnreadable),
        (Act::status("404 Not Found", ""), Code::OdooUnreadable),
        (Act::status("302 Found", "Location: http://elsewhere/\r\n"), Code::OdooUnreadable),
        (Act::status("200 OK", ""), Code::OdooUnreadable),
        (Act::odoo(&answer("<int>7</int>")), Code::OdooUnreadable),
        (Act::json("200 OK", "true"), Code::OdooUnreadable),
        (Act::json("200 OK", &large), Code::OdooUnreadable),
        (Act::json("403 FORBIDDEN", "{}"), Code::OdooUnreadable),
        (Act::status("503 Service Unavailable", ""), Code::OdooUnreachable),
    ];
    for (number, (act, expected)) in acts.into_iter().enumerate() {
        let stub = Stub::serve(move |_| act.clone()).await;
        let Err(Failure::Problem(problem)) = client(&stub).owner_of(&"0123abcd".into()).await else {
            panic!("{number}: a problem")
        };
        assert_eq!(problem.code, expected, "{number}: {problem:?}");
    }
}

#[tokio::test]
async fn where_the_name_of_the_database_hides_json2_it_is_left_out_from_then_on() {
    let stub = Stub::serve(|n| match n {
        0 => Act::status("404 Not Found", ""),
        1 => Act::json("401 UNAUTHORIZED", r#"{"name": "werkzeug.exceptions.Unauthorized"}"#),
        _ => Act::json("200 OK", r#"{"lang": "en_US", "tz": false, "uid": 7}"#),
    })
    .await;
    let client = client(&stub);
    assert_eq!(client.owner_of(&"0123abcd".into()).await, Ok(None));
    assert_eq!(client.owner_of(&"0123abcd".into()).await, Ok(Uid::new(7)));
    let named: Vec<bool> = stub.requests().iter().map(|request| request.contains("x-odoo-database")).collect();
    assert_eq!(named, [true, false, false]);
}

const REFUSED: &str = r#"{"jsonrpc": "2.0", "id": 1, "error": {"code": 0, "message": "Odoo Server Error", "data":
    {"name": "odoo.exceptions.AccessDenied", "message": "Access Denied", "debug": ""}}}"#;

fn result(value: &str) -> Act {
    Act::json("200 OK", &format!(r#"{{"jsonrpc": "2.0", "id": 1, "result": {value}}}"#))
}

async fn confirm(client: &OdooClient) -> Result<Reply, Failure> {
    let call = Call { method: MethodName::of_literal("action_confirm"), ..call(Effect::Write) };
    client.call_method(&caller(), &call).await
}

/// What is asked, in short.
fn asked(stub: &Stub) -> Vec<&'static str> {
    let short = |request: &String| match request {
        request if request.starts_with("POST /erp/xmlrpc/object ") => "xmlrpc",
        request if request.contains(r#""args":["prod-1",1,"","res.users""#) => "probe",
        request if request.starts_with("POST /erp/jsonrpc ") => "jsonrpc",
        _ => "other",
    };
    stub.requests().iter().map(short).collect()
}

#[tokio::test]
async fn methods_go_over_json_once_odoo_has_shown_that_it_speaks_it() {
    let stub = Stub::serve(|n| if n == 0 { Act::json("200 OK", REFUSED) } else { result("[null, 4294967296]") }).await;
    let client = client(&stub);
    for _ in 0..2 {
        let reply = confirm(&client).await.unwrap();
        assert_eq!(reply.value(), Ok(vec![Value::Null, Value::Int(4_294_967_296)].into()));
    }
    assert_eq!(asked(&stub), ["probe", "jsonrpc", "jsonrpc"]);
    let request = stub.requests().swap_remove(1);
    let body = request.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(
        body,
        r#"{"jsonrpc":"2.0","method":"call","id":1,"params":{"service":"object","method":"execute_kw","args":["prod-1",7,"corr€ct horse & battery","res.partner","action_confirm",[[1]],{"load":""}]}}"#
    );
    read(&client).await.unwrap_err();
    assert_eq!(asked(&stub).last(), Some(&"xmlrpc"), "reads stay with XML-RPC");
}

#[tokio::test]
async fn methods_go_over_xml_rpc_where_odoo_speaks_no_json() {
    let xml = || Act::odoo(&answer("<int>1</int>"));
    for (nothing, code) in [
        (Act::status("404 Not Found", ""), "none"),
        (Act::status("500 Internal Server Error", ""), "faults as a page"),
        (Act::status("200 OK", ""), "a page"),
        (Act::json("200 OK", r#"{"jsonrpc": "2.0", "id": 1, "result": true}"#), "takes any password"),
        (Act::close(), "cut"),
    ] {
        let stub = Stub::serve(move |n| if n == 0 { nothing.clone() } else { xml() }).await;
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let transport = Transport::new(Duration::from_secs(2), Duration::from_secs(4)).unwrap();
        let client = OdooClient::new(settings(&stub), transport, Arc::default(), clock.clone()).unwrap();
        for _ in 0..2 {
            assert_eq!(confirm(&client).await.unwrap().value(), Ok(Value::Int(1)), "{code}");
        }
        assert_eq!(asked(&stub), ["probe", "xmlrpc", "xmlrpc"], "{code}");
        clock.advance(Duration::from_secs(601));
        confirm(&client).await.unwrap();
        assert_eq!(asked(&stub)[3..], ["probe", "xmlrpc"], "{code}: asked again after a while");
    }
    let stub = Stub::serve(move |_| xml()).await;
    let client = client_with(OdooSettings { method_calls: crate::odoo::MethodCalls::XmlRpc, ..settings(&stub) });
    confirm(&client).await.unwrap();
    assert_eq!(asked(&stub), ["xmlrpc"]);
}

#[tokio::test]
async fn a_method_that_ran_has_an_answer_whatever_its_result_is() {
    let none_inside = "Traceback (most recent call last):\n  File \"/o/rpc.py\", line 1, in xmlrpc_1\n    x\n  \
                       File \"/p/xmlrpc/client.py\", line 2, in dumps\n    x\n  \
                       File \"/p/xmlrpc/client.py\", line 3, in dump_struct\n    x\n  \
                       File \"/p/xmlrpc/client.py\", line 4, in dump_nil\n    x\n\
                       TypeError: cannot marshal None unless allow_none is enabled\n";
    let large = answer(&format!("<string>{}</string>", "a".repeat(10_000)));
    let deep = answer(&format!("{}<nil/>{}", "<array><data><value>".repeat(70), "</value></data></array>".repeat(70)));
    for (act, omitted) in [
        (Act::odoo(&fault("cannot marshal None unless allow_none is enabled", none_inside)), true),
        (
            Act::odoo(&fault(
                "cannot marshal None unless allow_none is enabled",
                &none_inside.replace("dump_struct", "__dump"),
            )),
            false,
        ),
        (
            Act::odoo(&fault(
                "int exceeds XML-RPC limits",
                &none_inside.replace(
                    "TypeError: cannot marshal None unless allow_none is enabled",
                    "OverflowError: int exceeds XML-RPC limits",
                ),
            )),
            true,
        ),
        (Act::odoo(&large), true),
        (Act::odoo(&deep), true),
        (Act::odoo(&answer("<int>9223372036854775808</int>")), true),
    ] {
        let stub = Stub::serve(move |_| act.clone()).await;
        let settings =
            OdooSettings { method_calls: crate::odoo::MethodCalls::XmlRpc, answer_cap: 9000, ..settings(&stub) };
        let reply = confirm(&client_with(settings)).await.unwrap();
        assert_eq!((reply.value(), reply.is_omitted()), (Ok(Value::Null), omitted));
    }
}
