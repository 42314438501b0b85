//! `odoo-gateway check`: each finding, in front of real Odoos, TLS servers, and servers that are not Odoo.

mod certificates;
mod odoo_setup;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use super::support::binary::{Process, run};
use super::support::stub_odoo::PASSWORD;
use super::support::{StubOdoo, StubReply, Version, testbed};

/// What `check --json` printed.
struct Report {
    exit_code: i32,
    findings: Vec<Value>,
}

impl Report {
    /// The findings with this code.
    fn with_code(&self, code: &str) -> Vec<&Value> {
        self.findings.iter().filter(|finding| finding["code"] == code).collect()
    }

    /// The only finding with this code.
    #[track_caller]
    fn only(&self, code: &str) -> &Value {
        let found = self.with_code(code);
        assert_eq!(found.len(), 1, "{code}: {:#?}", self.findings);
        found[0]
    }

    #[track_caller]
    fn lacks(&self, code: &str) {
        assert!(self.with_code(code).is_empty(), "{code}: {:#?}", self.findings);
    }
}

/// Runs `check` in a folder of its own. Returns exit code and standard output.
async fn check_text(arguments: &[&str], settings: &[(&str, &str)]) -> (i32, String) {
    let folder = tempdir().unwrap();
    let output = run(&[&["check"], arguments].concat(), folder.path(), settings).await;
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Runs `check --json` in a folder.
async fn check_in(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Report {
    let output = run(&[&["check", "--json"], arguments].concat(), folder, settings).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let findings = report["parts"].as_array().unwrap().clone();
    // Each finding explains itself.
    for finding in findings.iter().filter(|finding| finding["status"] != "ok") {
        for member in ["part", "text", "code", "why", "change"] {
            assert!(finding[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {finding}");
        }
        assert_eq!(finding["setting"].is_string(), finding["variable"].is_string(), "{finding}");
    }
    let failed = findings.iter().any(|finding| finding["status"] == "failed");
    assert_eq!((output.status.code(), &report["ok"]), (Some(i32::from(failed)), &Value::Bool(!failed)), "{report:#}");
    Report { exit_code: output.status.code().unwrap(), findings }
}

async fn check(arguments: &[&str], settings: &[(&str, &str)]) -> Report {
    check_in(tempdir().unwrap().path(), arguments, settings).await
}

/// The URL of a server that responds to plain HTTP as a TLS server does: with an alert.
fn not_http() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"\x15\x03\x01\x00\x02\x02\x46");
        }
    });
    url
}

/// A version as `common.version` returns it.
pub(crate) fn version_reply(version: &str, major: u8) -> StubReply {
    let text =
        |name: &str, text: &str| format!("<member><name>{name}</name><value><string>{text}</string></value></member>");
    StubReply::value(&format!(
        "<struct>{}{}<member><name>server_version_info</name><value><array><data><value><int>{major}</int></value>\
         </data></array></value></member><member><name>protocol_version</name><value><int>1</int></value></member></struct>",
        text("server_version", version),
        text("server_serie", version)
    ))
}

#[tokio::test]
async fn the_versions_of_all_parts_are_printed() {
    let (odoo19, odoo14) = (testbed().url(Version::Odoo19), testbed().url(Version::Odoo14));
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", odoo19),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__ODOO__1__URL", odoo14),
        ("ODOO_GATEWAY__ODOO__1__DATABASE", "odoo14"),
        ("ODOO_GATEWAY__ODOO__1__NAME", "old"),
    ];
    let (code, out) = check_text(&[], &settings).await;
    assert_eq!(code, 0, "{out}");
    let lines: Vec<&str> = out.lines().filter(|line| line.starts_with("ok ")).collect();
    let [store, key, memory, new, old] = lines.as_slice() else { panic!("{out}") };
    assert_eq!(*store, "ok       store: does not exist yet; the first start creates it in .data/gateway.db");
    assert_eq!(
        *key,
        "ok       master key: not needed yet; it is created in /etc/odoo-gateway/master.key when the first secret is stored"
    );
    assert_eq!(*memory, "ok       memory: core files and inspection by other processes are disabled");
    assert!(new.starts_with(&format!("ok       odoo odoo19 ({odoo19}/): Odoo 19.0")), "{out}");
    assert!(old.starts_with(&format!("ok       odoo old ({odoo14}/): Odoo 14.0")), "{out}");
    // The Odoos of the tests have no workers.
    assert_eq!(out.matches("         Id:  odoo-no-workers\n").count(), 2, "{out}");
    assert!(out.ends_with("         Id:  login-missing\n"), "{out}");
}

#[tokio::test]
async fn problems_with_odoo_are_explained() {
    let (old, page, elsewhere) = (StubOdoo::start().await, StubOdoo::start().await, StubOdoo::start().await);
    old.when("version", version_reply("12.0", 12));
    page.when("version", StubReply::http("200 OK", "text/html", "<h1>It works</h1>"));
    elsewhere.when("version", StubReply::http("404 Not Found", "text/html", ""));
    let (odoo19, odoo14) = (testbed().url(Version::Odoo19), testbed().url(Version::Odoo14));
    let [page, elsewhere] = [page.url(), elsewhere.url()];
    let url = |url: &str| format!("[[odoo]] url = {url:?}");
    let not_odoo = "the server at odoo.url is not Odoo";
    for (odoo, code, text, setting) in [
        (
            "http://no-such-host.internal",
            "odoo-unreachable",
            "the host name cannot be resolved",
            url("http://odoo.example.com:8069"),
        ),
        ("http://127.0.0.1:1", "odoo-unreachable", "the connection is refused", url("http://127.0.0.1:8069/")),
        (
            &odoo19.replace("http:", "https:"),
            "odoo-unreachable",
            "the server does not use TLS",
            url(&format!("{odoo19}/")),
        ),
        (&not_http(), "odoo-not-found", not_odoo, String::new()),
        (&page, "odoo-not-found", "the server at odoo.url is not Odoo: its media type is not XML", String::new()),
        (&elsewhere, "odoo-not-found", "the server at odoo.url returned HTTP 404", url(&format!("{elsewhere}/"))),
        (
            &format!("{odoo14}/no/such/path"),
            "odoo-not-found",
            "the server at odoo.url returned HTTP 404",
            url(&format!("{odoo14}/")),
        ),
        (
            &old.url(),
            "odoo-version-unsupported",
            "Odoo 12.0 is not supported; the gateway supports Odoo 14 to 20",
            String::new(),
        ),
    ] {
        let report = check(&[], &[("ODOO_URL", odoo), ("ODOO_DB", "demo")]).await;
        let finding = report.only(code);
        assert_eq!(report.exit_code, 1);
        assert!(finding["part"].as_str().unwrap().starts_with("odoo demo ("), "{finding}");
        assert!(finding["text"].as_str().unwrap().starts_with(text), "{finding}");
        if !setting.is_empty() {
            assert_eq!(finding["setting"], setting, "{finding}");
        }
        // A failed part does not hide the others.
        assert_eq!(report.findings[0]["part"], "store");
    }
}

#[tokio::test]
async fn a_version_that_is_too_new_works_as_the_newest_known_one() {
    let stub = StubOdoo::start().await;
    stub.when("version", version_reply("21.0", 21));
    let report = check(&[], &[("ODOO_URL", &stub.url())]).await;
    assert_eq!((report.exit_code, &report.only("odoo-version-unknown")["status"]), (0, &Value::from("warning")));
    stub.when("version", version_reply("20.0", 20));
    check(&[], &[("ODOO_URL", &stub.url())]).await.lacks("odoo-version-unknown");
}

#[tokio::test]
async fn a_wrong_clock_is_explained() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let (_, out) = check_text(&[], &[("ODOO_URL", &url)]).await;
    let mut lines = out.lines().skip_while(|line| !line.contains(" s behind the clock of this machine"));
    assert!(lines.next().is_some_and(|line| line.starts_with("warning  odoo ")), "{out}");
    assert!(lines.next().unwrap().starts_with("         Why: ") && lines.next().unwrap().starts_with("         Do:  "));
    assert_eq!(lines.next(), Some("         Id:  clock-differs"));
}

#[tokio::test]
async fn nothing_is_created() {
    let folder = tempdir().unwrap();
    let settings = [
        ("ODOO_URL", testbed().url(Version::Odoo19)),
        ("ODOO_DB", "odoo19"),
        ("DATABASE_URL", "sqlite:state/gateway.db"),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", "keys/master.key"),
    ];
    assert_eq!(check_in(folder.path(), &[], &settings).await.exit_code, 0);
    let entries: Vec<_> = folder.path().read_dir().unwrap().collect();
    assert!(entries.is_empty(), "{entries:?}");

    // The version of an existing store is printed.
    assert!(run(&["migrate"], folder.path(), &settings).await.status.success());
    let report = check_in(folder.path(), &[], &settings).await;
    assert!(report.findings[0]["text"].as_str().unwrap().starts_with("SQLite 3."), "{:?}", report.findings);
    assert!(!folder.path().join("keys").exists());
}

#[tokio::test]
async fn an_unusable_store_or_key_is_reported() {
    let odoo = StubOdoo::start().await.url();
    let url = ("ODOO_URL", odoo.as_str());
    let key = ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", "/proc/sys/odoo-gateway/master.key");
    let report = check(&[], &[url, key]).await;
    assert!(report.only("master-key-unusable")["text"].as_str().unwrap().contains("mount a"), "{:?}", report.findings);

    let folder = tempdir().unwrap();
    let here = format!("sqlite:{}", folder.path().display());
    for store in ["sqlite:/proc/sys/odoo-gateway/gateway.db", &here] {
        let report = check(&[], &[url, ("DATABASE_URL", store)]).await;
        assert_eq!(report.only("store-unusable")["part"], "store");
        assert!(report.findings.iter().any(|finding| finding["text"].as_str().unwrap().starts_with("Odoo 19.0")));
    }
}

#[tokio::test]
async fn a_shared_store_without_a_master_key_is_reported() {
    let odoo = StubOdoo::start().await.url();
    let settings = [("ODOO_URL", odoo.as_str()), ("ODOO_GATEWAY__SECRETS__CREATE_MASTER_KEY", "never")];
    let report = check(&[], &settings).await;
    assert!(report.only("master-key-missing")["change"].as_str().unwrap().contains("odoo-gateway keys add"));
    assert_eq!(report.exit_code, 0);
}

#[tokio::test]
async fn files_that_other_users_can_change_are_reported() {
    let (odoo, folder) = (StubOdoo::start().await.url(), tempdir().unwrap());
    let set_mode = |name: &str, mode: u32| {
        std::fs::set_permissions(folder.path().join(name), PermissionsExt::from_mode(mode)).unwrap();
    };
    std::fs::write(folder.path().join("gateway.toml"), "[traces]\nheaders = 'authorization=canary-77b1'\n").unwrap();
    let settings = [("ODOO_URL", odoo.as_str()), ("DATABASE_URL", "sqlite:state/gateway.db")];
    let arguments = ["--config", "gateway.toml"];
    assert!(run(&["migrate"], folder.path(), &settings).await.status.success());
    set_mode("gateway.toml", 0o600);
    let report = check_in(folder.path(), &arguments, &settings).await;
    ["store-was-exposed", "folder-writable", "configuration-exposed"].iter().for_each(|code| report.lacks(code));

    set_mode("gateway.toml", 0o644);
    set_mode("state", 0o777);
    set_mode("state/gateway.db", 0o644);
    let report = check_in(folder.path(), &arguments, &settings).await;
    let text = |code| report.only(code)["text"].as_str().unwrap().to_owned();
    assert!(text("store-was-exposed").contains("state/gateway.db until now (mode 644)"));
    assert!(text("folder-writable").ends_with("the folder state (mode 777)"));
    assert!(text("configuration-exposed").ends_with("which contains traces.headers"));
    assert!(!report.findings.iter().any(|finding| finding.to_string().contains("canary")), "no secret is shown");
}

#[tokio::test]
async fn warnings_about_settings_explain_themselves() {
    let odoo = StubOdoo::start().await.url();
    let settings = [
        ("ODOO_URL", odoo.as_str()),
        ("ODOO_GATEWAY_OPS_LISTEN", "canary-77b1"),
        ("ODOO_GATEWAY__SERVER__LISTEN", "0.0.0.0:0"),
        ("ODOO_GATEWAY__SERVER__PUBLIC_HOSTS", "api.example.com"),
    ];
    let report = check(&[], &settings).await;
    assert_eq!(report.only("listen-without-tls")["setting"], "[server] public_url = \"https://api.example.com\"");
    let unknown = report.only("variable-unknown");
    assert_eq!(unknown["change"], "did you mean ODOO_GATEWAY__OPS__LISTEN?");
    assert!(!unknown.to_string().contains("canary"), "no value is shown");
    assert_eq!(report.exit_code, 0);
}

#[tokio::test]
async fn a_proxy_whose_headers_are_ignored_is_reported() {
    let odoo = StubOdoo::start().await.url();
    let url = ("ODOO_URL", odoo.as_str());
    let gateway = Process::serve(&[url]).await;
    let address = gateway.ops_address().to_owned();
    let settings = [url, ("ODOO_GATEWAY__OPS__LISTEN", address.as_str())];
    check(&[], &settings).await.lacks("forwarded-address-ignored");
    gateway.client().get("/api/v1", &[]).await;
    check(&[], &settings).await.lacks("forwarded-address-ignored");
    let client = gateway.client().with_header("X-Forwarded-For", "203.0.113.9");
    client.get("/api/v1", &[]).await;
    client.get("/api/v1", &[]).await;
    let report = check(&[], &settings).await;
    let finding = report.only("forwarded-address-ignored");
    assert!(finding["text"].as_str().unwrap().contains("X-Forwarded-For in 2 requests"), "{finding}");
    assert_eq!(finding["variable"], "ODOO_GATEWAY__SERVER__TRUSTED_PROXIES=10.0.0.5");

    let public = [settings[0], ("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com")];
    check(&[], &public).await.only("proxy-not-trusted");
    let trusted = ("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", "10.0.0.5");
    check(&[], &[&public[..], &[trusted]].concat()).await.lacks("proxy-not-trusted");
}

#[tokio::test]
async fn an_api_key_that_ends_soon_is_reported() {
    let (odoo, folder) = (StubOdoo::start().await, tempdir().unwrap());
    std::fs::write(folder.path().join("secret"), PASSWORD).unwrap();
    let url = odoo.url();
    let settings = [("ODOO_URL", url.as_str()), ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", "keys/master.key")];
    for (name, expires) in [("soon", "5d"), ("late", "60d"), ("never", "never")] {
        let line = format!("key create --name {name} --login admin --expires {expires} --secret-file secret");
        let output = run(&line.split(' ').collect::<Vec<_>>(), folder.path(), &settings).await;
        assert!(output.status.success(), "{output:?}");
    }
    let report = check_in(folder.path(), &[], &settings).await;
    assert!(report.only("api-key-ends")["text"].as_str().unwrap().starts_with("\"soon\" ends at 2"));
}

#[tokio::test]
async fn an_odoo_that_cannot_check_logins_is_reported() {
    let odoo = StubOdoo::start().await;
    odoo.when("authenticate", StubReply::fault("1", "Traceback: psycopg2.ProgrammingError: no res_users"));
    let report = check(&[], &[("ODOO_URL", &odoo.url())]).await;
    assert_eq!(
        (report.exit_code, &report.only("odoo-rejects-logins")["setting"]),
        (1, &"[[odoo]] database = \"odoo\"".into())
    );
}

#[tokio::test]
async fn a_missing_database_is_reported() {
    for version in Version::each() {
        let report = check(&[], &[("ODOO_URL", testbed().url(version)), ("ODOO_DB", "nosuch")]).await;
        let finding = report.only("odoo-database-missing");
        assert!(finding["part"].as_str().unwrap().starts_with("odoo nosuch") && report.exit_code == 1, "{finding}");
        assert_eq!(finding["change"], "Set odoo.database to its name in Odoo", "{finding}");
    }
}

#[tokio::test]
async fn schema_fields_that_an_odoo_does_not_have_are_listed() {
    let (odoo19, odoo14) = (testbed().url(Version::Odoo19), testbed().url(Version::Odoo14));
    let folder = tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "admin\n").unwrap();
    let schema = "['id', 'nosuch', ('order_line', [('name', ('tax_id', ('id',)), ('price_unit', ('id',)))])]";
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", odoo19),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__ODOO__1__URL", odoo14),
        ("ODOO_GATEWAY__ODOO__1__DATABASE", "odoo14"),
        ("ODOO_GATEWAY__RESTFUL__MODELS__sale.order__READ", schema),
        ("ODOO_GATEWAY__RESTFUL__MODELS__no.such__UPDATE", "{id}"),
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", "{id, display_name}"),
    ];
    let report = check(&[], &settings).await;
    assert!(report.only("login-missing")["text"].as_str().unwrap().contains("the schemas of [restful.models]"));

    let named = ["--login", "admin", "--secret-file", secret.to_str().unwrap()];
    let report = check(&named, &settings).await;
    let expected = [
        ("odoo19", "no.such: "),
        ("odoo19", "sale.order.read: the field nosuch does not exist and is left out"),
        ("odoo19", "sale.order.read: the field order_line.tax_id does not exist and is left out"),
        ("odoo19", "sale.order.read: order_line.price_unit is not a relation and has no nested fields"),
        ("odoo14", "no.such: "),
        ("odoo14", "sale.order.read: the field nosuch does not exist and is left out"),
        ("odoo14", "sale.order.read: order_line.price_unit is not a relation and has no nested fields"),
    ];
    let found = report.with_code("schema-not-in-odoo");
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (finding, (database, text)) in found.iter().zip(expected) {
        assert_eq!(finding["part"], format!("schemas in {database}"));
        assert!(finding["text"].as_str().unwrap().starts_with(&format!("restful.models.{text}")), "{finding}");
    }
    assert_eq!(report.exit_code, 0);
}
