//! The binary on the command line: output and exit codes.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Output;
use std::time::{Duration, Instant};

use tempfile::tempdir;

use super::support::binary::{Process, run};
use super::support::{StubOdoo, StubReply, Version, testbed};

fn output_texts(output: &Output) -> (String, String) {
    (String::from_utf8(output.stdout.clone()).unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// Runs a command in a folder of its own. Returns exit code, standard output and standard error.
async fn run_command(arguments: &[&str], settings: &[(&str, &str)]) -> (i32, String, String) {
    let folder = tempdir().unwrap();
    let output = run(arguments, folder.path(), settings).await;
    let (out, err) = output_texts(&output);
    (output.status.code().unwrap(), out, err)
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

fn unused_url() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

#[tokio::test]
async fn check_prints_the_versions_of_all_parts() {
    let (odoo19, odoo14) = (testbed().url(Version::Odoo19), testbed().url(Version::Odoo14));
    let (code, out, err) = run_command(
        &["check"],
        &[
            ("ODOO_GATEWAY__ODOO__0__URL", odoo19),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
            ("ODOO_GATEWAY__ODOO__1__URL", odoo14),
            ("ODOO_GATEWAY__ODOO__1__DATABASE", "odoo14"),
            ("ODOO_GATEWAY__ODOO__1__NAME", "old"),
        ],
    )
    .await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    let [store, key, memory, new, old] = lines.as_slice() else { panic!("{out}") };
    assert_eq!(*store, "ok       store: does not exist yet; the first start creates it in .data/gateway.db");
    assert_eq!(
        *key,
        "ok       master key: not needed yet; it is created in /etc/odoo-gateway/master.key when the first secret is stored"
    );
    assert_eq!(*memory, "ok       memory: core files and inspection by other processes are disabled");
    assert!(new.starts_with(&format!("ok       odoo odoo19 ({odoo19}/): Odoo 19.0")), "{out}");
    assert!(old.starts_with(&format!("ok       odoo old ({odoo14}/): Odoo 14.0")), "{out}");
}

#[tokio::test]
async fn check_reports_problems_with_odoo_and_how_to_fix_them() {
    let old = StubOdoo::start().await;
    old.when("version", StubReply::value("<struct><member><name>server_version</name><value><string>12.0</string></value></member>\
        <member><name>server_serie</name><value><string>12.0</string></value></member><member><name>server_version_info</name>\
        <value><array><data><value><int>12</int></value></data></array></value></member><member><name>protocol_version</name>\
        <value><int>1</int></value></member></struct>"));
    let (page, elsewhere) = (StubOdoo::start().await, StubOdoo::start().await);
    page.when("version", StubReply::http("200 OK", "text/html", "<h1>It works</h1>"));
    elsewhere.when("version", StubReply::http("404 Not Found", "text/html", ""));
    let (tls, none) = (not_http(), "http://no-such-host.internal".to_owned());
    for (url, expected) in [
        (none, "the host name cannot be resolved"),
        (unused_url(), "the connection is refused: no process listens on that port. Start Odoo"),
        (
            testbed().url(Version::Odoo19).replace("http:", "https:"),
            "the server does not use TLS. Use http:// in odoo.url",
        ),
        (tls, "if it uses TLS, begin the URL with https://"),
        (page.url(), "the server at odoo.url is not Odoo: its media type is not XML."),
        (
            elsewhere.url(),
            "the server at odoo.url returned HTTP 404. Set odoo.url to the URL of Odoo itself, without a path to XML-RPC",
        ),
        (format!("{}/no/such/path", testbed().url(Version::Odoo14)), "the server at odoo.url returned HTTP 404."),
        (old.url(), "Odoo 12.0 is not supported; the gateway supports Odoo 14 to 19"),
    ] {
        let (code, out, _) = run_command(&["check"], &[("ODOO_URL", &url), ("ODOO_DB", "demo")]).await;
        assert_eq!(code, 1, "{out}");
        let line = out.lines().find(|line| line.starts_with("FAILED   odoo demo (")).unwrap_or_else(|| panic!("{out}"));
        assert!(line.contains(expected), "{line}");
        assert!(out.starts_with("ok       store: "), "a failed part does not hide the others: {out}");
    }
}

#[tokio::test]
async fn check_explains_a_wrong_clock() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let (_, out, _) = run_command(&["check"], &[("ODOO_URL", &url)]).await;
    let mut lines = out.lines().skip_while(|line| !line.contains(" s behind the clock of this machine"));
    assert!(lines.next().is_some_and(|line| line.starts_with("warning  odoo ")), "{out}");
    assert!(lines.next().unwrap().starts_with("         Why: ") && lines.next().unwrap().starts_with("         Do:  "));

    let (_, json, _) = run_command(&["check", "--json"], &[("ODOO_URL", &url)]).await;
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let parts = report["parts"].as_array().unwrap();
    assert!(parts.iter().any(|part| part["why"].is_string() && part["change"].is_string()), "{json}");
}

#[tokio::test]
async fn check_creates_nothing() {
    let folder = tempdir().unwrap();
    let settings = [
        ("ODOO_URL", testbed().url(Version::Odoo19)),
        ("ODOO_DB", "odoo19"),
        ("DATABASE_URL", "sqlite:state/gateway.db"),
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", "keys/master.key"),
    ];
    let output = run(&["check"], folder.path(), &settings).await;
    assert_eq!(output.status.code(), Some(0), "{}", output_texts(&output).0);
    assert_eq!(
        folder.path().read_dir().unwrap().count(),
        0,
        "{:?}",
        folder.path().read_dir().unwrap().collect::<Vec<_>>()
    );

    // The version of an existing store is printed.
    assert!(run(&["migrate"], folder.path(), &settings).await.status.success());
    let (out, _) = output_texts(&run(&["check"], folder.path(), &settings).await);
    assert!(out.starts_with("ok       store: SQLite 3."), "{out}");
    assert!(!folder.path().join("keys").exists());
}

#[tokio::test]
async fn check_fails_if_the_key_cannot_be_created() {
    let stub = StubOdoo::start().await;
    let key = ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", "/proc/sys/odoo-gateway/master.key");
    let (code, out, _) = run_command(&["check"], &[("ODOO_URL", &stub.url()), key]).await;
    let line = out.lines().find(|line| line.contains("master key")).unwrap();
    assert!(code == 1 && line.starts_with("FAILED   master key: ") && line.contains("mount a"), "{out}");

    let store = ("DATABASE_URL", "sqlite:/proc/sys/odoo-gateway/gateway.db");
    let (code, out, _) = run_command(&["check"], &[("ODOO_URL", &stub.url()), store]).await;
    assert!(code == 1 && out.starts_with("FAILED   store: "), "{out}");
}

#[tokio::test]
async fn check_warns_of_misspelled_variables() {
    let stub = StubOdoo::start().await;
    let nearly = [("ODOO_URL", stub.url()), ("ODOO_GATEWAY_OPS_LISTEN", "canary-77b1".to_owned())];
    let nearly: Vec<(&str, &str)> = nearly.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let (code, out, _) = run_command(&["check"], &nearly).await;
    assert_eq!(code, 0, "{out}");
    let expected = "warning  settings: the environment variable ODOO_GATEWAY_OPS_LISTEN is ignored, because it is not a setting: did you mean \
                    ODOO_GATEWAY__OPS__LISTEN?";
    assert_eq!(out.lines().next(), Some(expected), "{out}");
    assert!(!out.contains("canary"), "no value is shown: {out}");
}

#[tokio::test]
async fn closed_output_ends_a_command_silently() {
    for arguments in [["openapi"].as_slice(), &["config"]] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_odoo-gateway"))
            .args(arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output_texts(&output).1.as_str()), (Some(0), ""), "{arguments:?}");
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_odoo-gateway")).arg("config").stdout(full).output().unwrap();
    assert!(output.status.code() == Some(1) && !output.stderr.is_empty(), "other write errors are reported");
}

#[tokio::test]
async fn check_lists_schema_fields_that_an_odoo_does_not_have() {
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
    let (code, out, _) = run_command(&["check"], &settings).await;
    assert_eq!(code, 0, "{out}");
    let last = out.lines().last().unwrap();
    assert_eq!(
        last,
        "warning  schemas: not compared with Odoo's fields: use --login LOGIN to compare them as that user"
    );

    let named = ["check", "--login", "admin", "--secret-file", secret.to_str().unwrap()];
    let (code, out, err) = run_command(&named, &settings).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let of = |database: &str, text: &str| format!("warning  schemas in {database}: restful.models.{text}");
    let expected = [
        of("odoo19", "no.such: "),
        of("odoo19", "sale.order.read: the field nosuch does not exist and is left out"),
        of("odoo19", "sale.order.read: the field order_line.tax_id does not exist and is left out"),
        of("odoo19", "sale.order.read: order_line.price_unit is not a relation and has no nested fields"),
        of("odoo14", "no.such: "),
        of("odoo14", "sale.order.read: the field nosuch does not exist and is left out"),
        of("odoo14", "sale.order.read: order_line.price_unit is not a relation and has no nested fields"),
    ];
    let warnings: Vec<&str> = out.lines().filter(|line| line.starts_with("warning")).collect();
    assert_eq!(warnings.len(), expected.len(), "{out}");
    assert!(
        warnings.iter().zip(&expected).all(|(warnings, expected)| warnings.starts_with(expected.as_str())),
        "{out}"
    );

    std::fs::write(&secret, "wrong\n").unwrap();
    let (code, out, _) =
        run_command(&named, &settings[..2].iter().chain(&settings[4..5]).copied().collect::<Vec<_>>()).await;
    let rejected = "FAILED   schemas in odoo19: Odoo rejected the login admin with this password or key";
    assert_eq!((code, out.lines().last()), (1, Some(rejected)), "{out}");
}

#[tokio::test]
async fn check_reports_a_missing_database() {
    for version in Version::each() {
        let (code, out, _) =
            run_command(&["check"], &[("ODOO_URL", testbed().url(version)), ("ODOO_DB", "nosuch")]).await;
        assert_eq!(code, 1, "{version:?}: {out}");
        assert!(out.contains("FAILED   odoo nosuch"), "{version:?}: {out}");
        assert!(out.contains("odoo.database"), "{version:?}: {out}");
    }
}

#[tokio::test]
async fn check_reports_problems_with_the_store() {
    let stub = StubOdoo::start().await;
    let folder = tempdir().unwrap();
    let here = format!("sqlite:{}", folder.path().display());
    let (code, out, _) = run_command(&["check"], &[("ODOO_URL", &stub.url()), ("DATABASE_URL", &here)]).await;
    assert_eq!(code, 1, "{out}");
    assert!(out.starts_with("FAILED   store: ") && out.contains("ok       odoo odoo ("), "{out}");
}

#[tokio::test]
async fn printed_config_has_no_secrets_and_can_be_loaded() {
    let secret = [("DATABASE_URL", "postgres://gateway:canary-51d0@db.example/gateway"), ("ODOO_DB", "live")];
    let (code, out, err) = run_command(&["config"], &secret).await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains(r#"database = "live""#), "{out}");
    assert!(!out.contains("canary-51d0") && out.contains("db.example"), "{out}");

    let folder = tempdir().unwrap();
    let (_, printed, _) = run_command(&["config"], &[("ODOO_DB", "live"), ("ODOO_GATEWAY__ODOO__0__QUEUE", "7")]).await;
    std::fs::write(folder.path().join("again.toml"), &printed).unwrap();
    let again = run(&["config", "--config", "again.toml"], folder.path(), &[]).await;
    assert_eq!(output_texts(&again).0, printed);
}

#[tokio::test]
async fn all_config_errors_are_reported_with_their_keys() {
    let folder = tempdir().unwrap();
    let file = "[server]\nbody_limit = \"much\"\n[odo]\nurl = \"x\"\n[[odoo]]\nqueue = -1\n";
    std::fs::write(folder.path().join("wrong.toml"), file).unwrap();
    let wrong = [
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "soon"),
        ("ODOO_GATEWAY__SERVER__LISTEN", "here"),
        ("ODOO_GATEWAY__STORE__COLOUR", "red"),
        ("ODOO_URL", "ftp://odoo"),
    ];
    for command in ["serve", "check", "config", "migrate"] {
        let output = run(&["--config", "wrong.toml", command], folder.path(), &wrong).await;
        let (out, err) = output_texts(&output);
        assert_eq!((output.status.code(), out.as_str()), (Some(1), ""), "{err}");
        for key in ["server.body_limit", "odo", "queue", "auth.failure_floor", "server.listen", "store.colour", "url"] {
            assert!(err.to_lowercase().contains(key), "{key} is not named: {err}");
        }
    }
    let (code, _, err) = run_command(&["--config", "nowhere.toml"], &[]).await;
    assert!(code == 1 && err.contains("nowhere.toml"), "{err}");
    assert_eq!(run_command(&["dance"], &[]).await.0, 2);
}

#[tokio::test]
async fn migrate_creates_the_store_and_can_be_repeated() {
    let folder = tempdir().unwrap();
    let store = [("DATABASE_URL", "sqlite:state/gateway.db")];
    let (first, second) =
        (run(&["migrate"], folder.path(), &store).await, run(&["migrate"], folder.path(), &store).await);
    let (out, err) = output_texts(&first);
    assert_eq!((first.status.code(), err.as_str()), (Some(0), ""));
    assert!(out.starts_with("The store is up to date: SQLite 3."), "{out}");
    assert_eq!(output_texts(&second).0, out);
    assert!(folder.path().join("state/gateway.db").exists());
}

#[tokio::test]
async fn gateway_starts_without_odoo_and_stops_in_order() {
    for signal in ["TERM", "INT"] {
        let began = Instant::now();
        let gateway = Process::serve(&[("ODOO_URL", &unused_url())]).await;
        // It takes a tenth of this on an idle machine; it must not wait for Odoo.
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(gateway.ops_client().get("/livez", &[]).await.status, 200);
        assert_eq!(gateway.ops_client().get("/readyz", &[]).await.status, 503);

        let address = gateway.ops_address().to_owned();
        let health = run_command(&["health"], &[("ODOO_GATEWAY__OPS__LISTEN", &address)]).await;
        assert_eq!(health, (0, String::new(), String::new()));

        let (status, output, _) = gateway.stop_with(signal).await;
        assert_eq!(status.code(), Some(0), "{output}");
        let messages: Vec<&str> = output.lines().filter(|line| line.contains("stop")).collect();
        assert!(messages[0].contains(r#""message":"stopping""#), "{output}");
        assert!(
            messages[1].contains(r#""aborted_connections":0"#) && messages[1].contains(r#""message":"stopped""#),
            "{output}"
        );

        let (code, _, err) = run_command(&["health"], &[("ODOO_GATEWAY__OPS__LISTEN", &address)]).await;
        assert!(code == 1 && err.contains(&format!("the gateway does not respond at {address} (ops.listen)")), "{err}");
    }
}

#[tokio::test]
async fn signals_are_handled_from_the_start() {
    for _ in 0..5 {
        let (status, output, _) = Process::serve(&[("ODOO_URL", &unused_url())]).await.stop_with("TERM").await;
        assert_eq!(status.code(), Some(0), "{output}");
    }
}

#[tokio::test]
async fn address_in_use_is_reported_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (name, key) in [("ODOO_GATEWAY__SERVER__LISTEN", "server.listen"), ("ODOO_GATEWAY__OPS__LISTEN", "ops.listen")]
    {
        let (code, _, err) = run_command(&["serve"], &[(name, &address)]).await;
        assert_eq!(code, 1, "{err}");
        assert!(err.contains(&format!("cannot listen on {address}: ")) && err.contains(key), "{err}");
    }
}
