//! The binary on the command line: output and exit codes.

use std::net::TcpListener;
use std::process::Output;
use std::time::{Duration, Instant};

use tempfile::tempdir;

use super::support::binary::{Process, run};

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

fn unused_url() -> String {
    format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
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
