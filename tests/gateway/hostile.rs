//! Hostile requests with many names, values or bytes: limits of their cost in time and memory.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::binary::Process;
use super::support::client::send;
use super::support::{Client, Gateway, Response, Version, testbed};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const PARTNER: &str = "/restapi/1.0/object/res.partner";
/// Endpoints that need no credential, or expect it in the body.
const OPEN: [&str; 8] = [
    "/restapi/1.0/common/oauth2/access_token",
    "/restapi/1.0/common/oauth2/token",
    "/restapi/1.0/common/oauth2/introspect",
    "/restapi/1.0/common/oauth2/revoke",
    "/restapi/1.0/common/oauth2/authorize",
    "/restapi/1.0/common/oauth1/authorize",
    "/rest/api/login/token",
    "/rest/api/logout",
];

/// `a0=1&a1=1&…`
fn form(names: usize) -> String {
    (0..names).fold(String::new(), |mut form, name| {
        let _ = write!(form, "a{name}=1&");
        form
    })
}

/// `open`, then `count` times `item` with its number, then `close`.
fn repeated(open: &str, item: &str, close: &str, count: usize) -> String {
    let items: Vec<String> = (1..=count).map(|number| item.replace('#', &number.to_string())).collect();
    format!("{open}{}{close}", items.join(","))
}

async fn send_body(
    client: &Client,
    method: Method,
    path: &str,
    kind: &str,
    body: impl Into<reqwest::Body>,
) -> Response {
    send(client.request(method, path).header("content-type", kind).body(body)).await
}

#[tokio::test]
async fn form_without_a_credential_is_limited_in_size() {
    let client = Gateway::shared().client();
    for path in OPEN {
        let many = send_body(&client, Method::POST, path, FORM, form(51)).await;
        assert_eq!(many.status, 400, "{path}: {}", many.text);
        let large = send_body(&client, Method::POST, path, FORM, format!("a={}", "x".repeat(64 << 10))).await;
        // The OAuth 1 page without a token is rejected before its form is parsed.
        let status = if path.ends_with("oauth1/authorize") { 400 } else { 413 };
        assert_eq!(large.status, status, "{path}: {}", large.text);
        let query = send_body(&client, Method::POST, &format!("{path}?{}", form(51)), FORM, "").await;
        assert!((400..500).contains(&query.status), "{path}: {}", query.text);
    }
}

#[tokio::test]
async fn unauthenticated_uploads_are_not_read() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let head = |path: &str, kind: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 33554432\r\n\r\n")
    };
    for (path, kind, status) in [
        (PARTNER, JSON, "401"),
        (PARTNER, FORM, "401"),
        ("/api/res.partner/create", JSON, "401"),
        ("/restful/api/v1/res.partner", JSON, "401"),
        ("/api/v1/res.partner", JSON, "401"),
        ("/rest/api/login/token", FORM, "413"),
        ("/restapi/1.0/common/oauth2/token", FORM, "413"),
    ] {
        // The response arrives although no byte of the body was sent.
        let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
        stream.write_all(head(path, kind).as_bytes()).await.unwrap();
        let mut response = [0; 12];
        tokio::time::timeout(Duration::from_secs(20), stream.read_exact(&mut response)).await.unwrap().unwrap();
        assert_eq!(String::from_utf8_lossy(&response), format!("HTTP/1.1 {status}"), "{path}");
    }
}

#[tokio::test]
async fn body_has_at_most_a_million_values_in_every_dialect_and_notation() {
    let admin = Gateway::shared().client().as_user("admin");
    let zeros = format!("[{}0]", "0,".repeat(1_000_000));
    let literal = |name: &str| json!({ name: zeros }).to_string();
    let tree = |name: &str| format!("{{\"{name}\":{zeros}}}");
    for (method, path, kind, body) in [
        (Method::POST, format!("{PARTNER}/search"), JSON, tree("args")),
        (Method::POST, format!("{PARTNER}/search"), JSON, literal("args")),
        (Method::POST, format!("{PARTNER}/search"), FORM, format!("args=({zeros},)")),
        (Method::POST, PARTNER.to_owned(), FORM, form(1_000_001)),
        (Method::POST, "/api/res.partner/create".to_owned(), JSON, tree("name")),
        (Method::PUT, "/restful/api/v1/res.partner/1".to_owned(), JSON, tree("name")),
        (Method::POST, "/api/v1/res.partner/search".to_owned(), JSON, tree("domain")),
    ] {
        let response = send_body(&admin, method, &path, kind, body).await;
        assert_eq!(response.status, 413, "{path} {kind}: {}", response.text);
        assert!(response.text.contains("100000"), "{path} {kind}: {}", response.text);
        assert!(response.text.contains("split the request"), "{path} {kind}: {}", response.text);
    }
}

#[tokio::test]
async fn all_literals_of_a_body_share_the_limit_on_values() {
    let admin = Gateway::shared().client().as_user("admin");
    let half = format!("[{}1]", "1,".repeat(600_000));
    let multipart = format!(
        "--x\r\nContent-Disposition: form-data; name=\"args\"\r\n\r\n({half},)\r\n\
         --x\r\nContent-Disposition: form-data; name=\"kwargs\"\r\n\r\n{{'a': {half}}}\r\n--x--\r\n"
    );
    for (method, path, kind, body) in [
        (
            Method::POST,
            format!("{PARTNER}/search"),
            JSON,
            json!({"args": half, "kwargs": format!("{{'a': {half}}}")}).to_string(),
        ),
        (Method::POST, format!("{PARTNER}/search"), FORM, format!("args={half}&kwargs={{'a': {half}}}")),
        (Method::POST, format!("{PARTNER}/search"), "multipart/form-data; boundary=x", multipart),
        (Method::PUT, PARTNER.to_owned(), FORM, format!("vals={{'a': {half}}}&ids={}", &half[1..half.len() - 1])),
        (Method::PUT, PARTNER.to_owned(), JSON, json!({"vals": "{}", "ids": "1,".repeat(1_000_000)}).to_string()),
        // The fields of a form are parsed by the type of the model's field, long after the form.
        (Method::POST, "/api/res.partner/create".to_owned(), FORM, format!("category_id={half}&child_ids={half}")),
    ] {
        let response = send_body(&admin, method, &path, kind, body).await;
        assert_eq!(response.status, 413, "{path} {kind}: {}", response.text);
        assert!(response.text.contains("at most 1000000 values in a body"), "{path} {kind}: {}", response.text);
    }
}

#[tokio::test]
async fn lists_of_names_are_limited() {
    let admin = Gateway::shared().client().as_user("admin");
    let names = "name,".repeat(100_000) + "name";
    for (path, body) in [
        ("/api/v1/res.partner/search", json!({ "fields": names })),
        ("/api/v1/res.partner/search", json!({ "order": names })),
        ("/api/v1/res.partner/search", json!({ "fields": vec!["name"; 100_001] })),
        ("/api/v1/res.partner/search", json!({ "order": vec!["name"; 100_001] })),
    ] {
        let response = send_body(&admin, Method::POST, path, JSON, body.to_string()).await;
        assert_eq!(response.status, 413, "{path}: {}", response.text);
        assert!(response.text.contains("at most 100000 names"), "{path}: {}", response.text);
    }
}

#[tokio::test]
async fn number_of_values_in_a_body_is_configurable() {
    let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__SERVER__BODY_MAX_VALUES", "1000")]).await;
    let admin = gateway.client().as_user("admin");
    let path = format!("{PARTNER}/search");
    let search = |ids: usize| json!({"args": [[["id", "in", vec![1; ids]]]]});
    // The object, `args`, the domain, the term, its field and operator, and the list are seven values.
    admin.post(&path, &search(993)).await.ok();
    let problem = admin.post(&path, &search(994)).await;
    let detail = problem.problem(413, "body_too_large")["detail"].to_string();
    assert!(detail.contains("at most 1000 values in a body"), "{detail}");
}

#[tokio::test]
async fn size_of_a_context_is_limited() {
    let admin = Gateway::shared().client().as_user("admin");
    let path = format!("{PARTNER}/search_count");
    let context = |ids: usize| json!({"args": [[]], "context": {"active_ids": vec![1; ids]}});
    admin.post(&path, &context(50_000)).await.ok();
    admin.post(&path, &context(100_000)).await.problem(400, "invalid_context");
}

#[tokio::test]
async fn context_has_at_most_256_keys() {
    let admin = Gateway::shared().client().as_user("admin");
    let context = |keys: usize| repeated("{", "'k#': 1", "}", keys);
    let path = format!("{PARTNER}/search_count");
    admin.get(&path, &[("context", &context(256))]).await.ok();
    let rejected = admin.get(&path, &[("context", &context(257))]).await;
    rejected.problem(400, "invalid_context");
    let body = json!({"args": [[]], "kwargs": {"context": serde_json::from_str::<serde_json::Value>(&repeated("{", "\"k#\": 1", "}", 300)).unwrap()}});
    admin.post(&path, &body).await.problem(400, "invalid_context");
}

#[tokio::test]
async fn long_unknown_name_gets_no_suggestion() {
    let admin = Gateway::shared().client().as_user("admin");
    let body = format!("{{\"{}\": 1}}", "name".repeat(1 << 20));
    let response = send_body(&admin, Method::PUT, "/restful/api/v1/res.partner/1", JSON, body).await;
    assert_eq!(response.status, 400, "{}", response.text);
}

/// Two readers of such a body can disagree about its value (H-03).
#[tokio::test]
async fn name_that_occurs_twice_in_an_object_is_rejected_in_every_dialect() {
    let admin = Gateway::shared().client().as_user("admin");
    for (method, path) in [
        (Method::PUT, "/restapi/1.0/object/res.partner/999999999"),
        (Method::POST, "/restapi/1.0/object/res.partner/search_count"),
        (Method::POST, "/api/res.partner/execute_kw"),
        (Method::PUT, "/restful/api/v1/res.partner/999999999"),
        (Method::PUT, "/api/v1/res.partner/999999999"),
    ] {
        for (body, position) in [
            (r#"{"vals": {"name": "a", "active": true, "name": "b"}}"#, 40),
            (r#"{"name": "a", "active": true, "name": "a"}"#, 31),
        ] {
            let rejected = send_body(&admin, method.clone(), path, JSON, body).await;
            let expected = format!("\\\"name\\\" again at position {position}");
            assert!(rejected.status == 400 && rejected.text.contains(&expected), "{path}: {}", rejected.text);
        }
    }
}

#[tokio::test]
async fn database_header_may_occur_once() {
    let client = Gateway::shared().client().as_user("admin");
    let version = async |client: &Client| client.get("/restapi/1.0/common/version", &[]).await;
    for spelling in ["X-Odoo-Database", "X_Odoo_Database", "x-odoo_database"] {
        let one = client.with_header(spelling, "odoo14");
        assert_eq!(version(&one).await.ok()["server_series"], "14.0", "{spelling}");
        for other in ["x-odoo-database", "X_ODOO_DATABASE"] {
            let two = one.with_header(other, "odoo19");
            version(&two).await.problem(400, "repeated_parameter");
            two.get(&format!("{PARTNER}/search_count"), &[]).await.problem(400, "repeated_parameter");
            assert_eq!(two.get("/api/v1/info", &[]).await.status, 400);
        }
    }
}

/// A gateway process in front of Odoo 19.
async fn process() -> Process {
    Process::serve(&[
        ("ODOO_GATEWAY__STORE__URL", "sqlite:gateway.db"),
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", ""),
    ])
    .await
}

/// The processor time that the gateway has used, in seconds.
fn processor_time(gateway: &Process) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", gateway.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

/// Requests with `count` distinct names, keys, terms or ids.
fn requests(count: usize) -> Vec<(Method, String, &'static str, String)> {
    let objects = |name: &str| format!("{{\"{name}\":{}}}", repeated("{", "\"k#\":#", "}", count));
    let names = repeated("{", "\"k#\":#", "}", count);
    let terms = repeated("[", "[\"id\",\"=\",#]", ",[\"nope\",\"=\",1]]", count);
    let prefix = format!("[{}[\"nope\",\"=\",1]]", "\"!\",".repeat(count));
    let list = |name: &str, item: &str| format!("{{\"{name}\":{}}}", repeated("[", item, "]", count));
    let links = format!("{{\"category_id\":{},\"nope\":1}}", repeated("[", "[4,#]", "]", count));
    let post = |path: &str, body: String| (Method::POST, path.to_owned(), JSON, body);
    vec![
        (Method::POST, OPEN[0].to_owned(), FORM, form(count)),
        (Method::POST, OPEN[6].to_owned(), FORM, form(count)),
        (Method::POST, PARTNER.to_owned(), FORM, form(count)),
        (Method::POST, "/api/res.partner/create".to_owned(), FORM, form(count)),
        post(PARTNER, objects("vals")),
        post(PARTNER, format!("{{\"vals\":{links}}}")),
        post(PARTNER, names.clone()),
        post(&format!("{PARTNER}/search"), objects("context")),
        post(&format!("{PARTNER}/search"), format!("{{\"args\":[{terms}]}}")),
        post(&format!("{PARTNER}/search"), objects("kwargs")),
        post(&format!("{PARTNER}/search"), format!("{{\"kwargs\":{{\"context\":{names}}}}}")),
        (Method::PUT, PARTNER.to_owned(), JSON, list("ids", "\"x#\"")),
        post("/api/res.partner/create", names.clone()),
        post("/api/res.partner/create", links.clone()),
        post("/restful/api/v1/res.partner", names.clone()),
        post("/restful/api/v1/res.partner", links),
        post("/api/v1/res.partner", objects("data")),
        post("/api/v1/res.partner/search", format!("{{\"domain\":{terms}}}")),
        post("/api/v1/res.partner/search", format!("{{\"domain\":{prefix}}}")),
        post("/api/v1/res.partner/search", list("fields", "\"k#\"")),
        post("/api/v1/res.partner/search", list("order", "\"k#\"")),
        post("/api/v1/res.partner/search", names),
        (Method::PUT, "/api/v1/res.partner".to_owned(), JSON, list("filter", "[\"k#\",\"=\",1]")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn processing_time_is_linear_in_the_number_of_names() {
    let gateway = process().await;
    let admin = gateway.client().as_user("admin");
    for (small, large) in requests(25_000).into_iter().zip(requests(100_000)) {
        let case = format!("{} {} {}", small.1, small.2, &small.3[..60.min(small.3.len())]);
        let mut took = [0.0; 2];
        for (place, (method, path, kind, body)) in [small, large].into_iter().enumerate() {
            // The first time fills the caches, the second time is measured.
            send_body(&admin, method.clone(), &path, kind, body.clone()).await;
            let before = processor_time(&gateway);
            let response = send_body(&admin, method, &path, kind, body).await;
            took[place] = processor_time(&gateway) - before;
            assert!(response.status < 500, "{path}: {} {}", response.status, response.text);
            assert!(response.status < 400 || response.text.len() < 10_000, "{path}: {} bytes", response.text.len());
        }
        let [small, large] = took;
        assert!(large + 0.1 < 9.0 * (small + 0.1), "{case}: {small} s became {large} s");
    }
    gateway.stop_with("TERM").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_body_of_32_mib_needs_little_memory_and_returns_it() {
    const MIB: usize = 1 << 20;
    let full = |unit: &str| unit.repeat(31 * MIB / unit.len());
    let bodies: [(&str, String); 9] = [
        ("operators", format!("{{\"domain\":[{}\"!\"]}}", full("\"!\","))),
        ("zeros", format!("{{\"domain\":[{}0]}}", full("0,"))),
        ("lists", format!("{{\"domain\":[{}[]]}}", full("[[0]],"))),
        ("a million lists", format!("{{\"domain\":[{}[]]}}", "[],".repeat(990_000))),
        (
            "deep lists",
            format!("{{\"domain\":[{}[]]}}", format!("{}{},", "[".repeat(28), "]".repeat(28)).repeat(35_000)),
        ),
        ("keys", repeated("{", "\"k#\":0", "}", 900_000)),
        ("literal", format!("{{\"domain\":\"[{}0]\"}}", full("0,"))),
        ("text", format!("{{\"fields\":[\"{}\"]}}", full("&"))),
        ("a field's name", format!("{{\"domain\":[[\"{}\",\"=\",1]]}}", full("ab"))),
    ];
    let gateway = process().await;
    let admin = gateway.client().as_user("admin");
    admin.post("/api/v1/res.partner/search", &json!({"domain": []})).await.ok();
    let base = gateway.memory("VmRSS");
    for (name, body) in bodies {
        let response = send_body(&admin, Method::POST, "/api/v1/res.partner/search", JSON, body).await;
        assert!((400..500).contains(&response.status), "{name}: {}", response.status);
        let now = gateway.memory("VmHWM") - base;
        println!(
            "{name}: {} {now:.0} MiB at most so far, {:.0} MiB now",
            response.status,
            gateway.memory("VmRSS") - base
        );
        assert!(now < 150.0, "{name}: {now:.0} MiB above {base:.0}");
    }
    let million = format!("{}0", "0,".repeat(900_000));
    let call = format!("{{\"args\":[[{million}]],\"kwargs\":{{}}}}");
    // Each of these characters becomes five in XML.
    let text = format!("{{\"vals\":{{\"comment\":\"{}\"}}}}", full("&"));
    for (name, method, path, body) in [
        ("a call", Method::POST, format!("{PARTNER}/web_nothing"), call),
        ("escapes", Method::PUT, format!("{PARTNER}/2147483647"), text),
    ] {
        let response = send_body(&admin, method, &path, JSON, body).await;
        assert!(response.status >= 400, "{name}: {} {}", response.status, response.text);
        let now = gateway.memory("VmHWM") - base;
        println!("{name}: {} {now:.0} MiB at most so far", response.status);
        assert!(now < 150.0, "{name}: {now:.0} MiB above {base:.0}");
    }
    assert_memory_is_returned(&gateway, &admin, base + 30.0).await;
    gateway.stop_with("TERM").await;
}

/// A request whose body is built when it is sent: all bodies together would need much memory.
struct LargeRequest {
    name: &'static str,
    method: Method,
    path: String,
    kind: &'static str,
    status: u16,
    build: fn() -> String,
}

/// Bodies of up to 32 MiB in every form: with too many values or names, or with nearly as many as allowed.
fn large_requests() -> Vec<LargeRequest> {
    const MULTIPART: &str = "multipart/form-data; boundary=x";
    fn zeros(open: &str, close: &str) -> String {
        format!("{open}{}0{close}", "0,".repeat(31 << 19))
    }
    fn part(name: &str, content: &str) -> String {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n--x--\r\n")
    }
    fn post(name: &'static str, path: &str, kind: &'static str, status: u16, build: fn() -> String) -> LargeRequest {
        LargeRequest { name, method: Method::POST, path: path.to_owned(), kind, status, build }
    }
    fn put(name: &'static str, path: &str, kind: &'static str, status: u16, build: fn() -> String) -> LargeRequest {
        LargeRequest { method: Method::PUT, ..post(name, path, kind, status, build) }
    }
    let call = format!("{PARTNER}/web_nothing");
    let record = format!("{PARTNER}/2147483647");
    let search = "/api/v1/res.partner/search";
    vec![
        post("JSON", &call, JSON, 413, || zeros("{\"args\":[", "]}")),
        post("Python in JSON", &call, JSON, 413, || zeros("{\"args\":\"(", ")\"}")),
        post("form", &call, FORM, 413, || zeros("args=[", "]")),
        post("form with a space", &call, FORM, 413, || zeros("args=[+", "]")),
        post("form of fields", "/api/res.partner/create", FORM, 413, || zeros("child_ids=[", "]")),
        post("multipart", &call, MULTIPART, 413, || part("args", &zeros("[", "]"))),
        put("ids", PARTNER, FORM, 413, || zeros("vals={}&ids=", "")),
        post("names", search, JSON, 413, || format!("{{\"fields\":\"{}a\"}}", "a,".repeat(31 << 19))),
        post("order", search, JSON, 413, || format!("{{\"order\":\"{}a\"}}", "a,".repeat(31 << 19))),
        post("operators", search, JSON, 400, || {
            format!("{{\"domain\":[{}[\"nope\",\"=\",1]]}}", "\"!\",".repeat(990_000))
        }),
        put("repeated keys", &record, JSON, 400, || {
            format!("{{\"vals\":\"{{{}'k1':0}}\"}}", repeated("", "'k#':0", ",", 900_000))
        }),
        put("members", &record, JSON, 400, || {
            format!("{{\"vals\":{}}}", repeated("{", "\"key#\":\"value#\"", "}", 900_000))
        }),
    ]
}

/// Checks that the resident memory is soon about `base` MiB again. An allocator returns the memory of a thread when that
/// thread allocates again, so that several requests at a time keep all threads busy.
async fn assert_memory_is_returned(gateway: &Process, admin: &Client, base: f64) {
    let path = format!("{PARTNER}/search_count");
    let mut resident = f64::MAX;
    for _ in 0..200 {
        join_all((0..8).map(|_| admin.get(&path, &[]))).await;
        resident = gateway.memory("VmRSS");
        if resident < base + 20.0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{resident:.0} MiB are resident, {base:.0} before");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_body_in_every_form_needs_little_memory_and_returns_it() {
    let gateway = process().await;
    let admin = gateway.client().as_user("admin");
    admin.post("/api/v1/res.partner/search", &json!({"domain": []})).await.ok();
    admin.put(&format!("{PARTNER}/2147483647"), &json!({"vals": {"name": "x"}})).await;
    let base = gateway.memory("VmRSS");
    for LargeRequest { name, method, path, kind, status, build } in large_requests() {
        gateway.reset_peak_memory();
        // The request before may have left a little.
        let before = gateway.memory("VmRSS");
        let response = send_body(&admin, method, &path, kind, build()).await;
        assert_eq!(response.status, status, "{name}: {}", response.text);
        let is_named = response.text.contains("1000000 values in a body") || response.text.contains("100000 names");
        assert!(status != 413 || is_named, "{name}: {}", response.text);
        let peak = gateway.memory("VmHWM") - before;
        println!("{name}: {peak:.0} MiB at most, {:.0} MiB now", gateway.memory("VmRSS") - before);
        assert!(peak < 150.0, "{name}: {peak:.0} MiB above {before:.0}");
        assert_memory_is_returned(&gateway, &admin, base).await;
    }
    gateway.stop_with("TERM").await;
}
