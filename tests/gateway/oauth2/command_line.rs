//! Applications on the command line.

use serde_json::Value;

use super::TOKEN;
use crate::support::StubOdoo;
use crate::support::binary::{Process, run};
use crate::support::client::send;
use crate::support::stub_odoo::PASSWORD;

/// Runs a command. Returns whether it succeeded, and its output.
async fn run_command(gateway: &Process, line: &str, settings: &[(&str, &str)]) -> (bool, String) {
    let arguments: Vec<&str> = line.split(' ').collect();
    let output = run(&arguments, gateway.folder.path(), settings).await;
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!err.contains(PASSWORD) && !err.contains("ogw_cs_"), "{err}");
    (output.status.success(), if output.status.success() { out } else { err })
}

#[tokio::test]
async fn application_is_managed_on_the_command_line() {
    let (stub, keys) = (StubOdoo::start().await, tempfile::tempdir().unwrap());
    let (url, master) = (stub.url(), keys.path().join("own/master.key").display().to_string());
    let settings = [
        ("ODOO_GATEWAY__SECRETS__MASTER_KEY_FILE", master.as_str()),
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__ODOO__0__URL", &url),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "stub"),
    ];
    let gateway = Process::serve(&settings).await;
    let file = keys.path().join("secret");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let file = file.display();
    let create =
        format!("app create --name shop --login admin --secret-file {file} --oauth1 HMAC-SHA1,HMAC-SHA256 --json");
    let created: Value = serde_json::from_str(&run_command(&gateway, &create, &settings).await.1).unwrap();
    let (id, secret) = (created["client_id"].as_str().unwrap(), created["client_secret"].as_str().unwrap());
    assert_eq!(
        created["grants"],
        serde_json::json!(["client_credentials"]),
        "without a redirect URI there is no other way"
    );
    let token_status = async |secret: &str| {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let request = gateway.client().request(reqwest::Method::POST, TOKEN).body(body);
        send(request.header("content-type", "application/x-www-form-urlencoded")).await.status
    };
    assert_eq!(token_status(secret).await, 200);
    let update = async |line: &str| assert!(run_command(&gateway, &format!("app update {line}"), &settings).await.0);
    update("shop --origin https://shop.example --origin http://localhost:3000").await;
    let shown: Value = serde_json::from_str(&run_command(&gateway, "app show shop --json", &settings).await.1).unwrap();
    assert_eq!(shown["origins"], serde_json::json!(["http://localhost:3000", "https://shop.example"]));
    update("shop --origin https://shop.example").await;
    let shown = run_command(&gateway, "app show shop", &settings).await.1;
    assert!(shown.contains("https://shop.example") && !shown.contains("localhost"), "{shown}");
    update("shop --no-origins").await;
    assert!(!run_command(&gateway, "app show shop", &settings).await.1.contains("https://shop.example"));
    for line in ["app list", "app list --json", "app show shop", &format!("app show {id}")] {
        let (succeeded, output) = run_command(&gateway, line, &settings).await;
        assert!(succeeded && output.contains(id) && !output.contains(secret), "{line}: {output}");
    }
    assert!(run_command(&gateway, "app disable shop", &settings).await.0);
    assert_eq!(token_status(secret).await, 401);
    assert!(run_command(&gateway, "app enable shop", &settings).await.0);
    let rotated = run_command(&gateway, &format!("app rotate-secret shop --secret-file {file}"), &settings).await.1;
    let next = rotated.lines().nth(1).unwrap();
    assert_eq!((rotated.lines().next(), token_status(secret).await, token_status(next).await), (Some(id), 401, 200));
    let wrong = [
        ("app create --name open --public --grant client_credentials", "client_credentials requires a secret"),
        ("app create --name open --redirect-uri http://a.example/cb", "http is allowed for loopback addresses only"),
        ("app create --name open", "add a grant"),
        ("app create --name open --trusted", "add a login"),
        ("app create --name open --grant password", "unknown variant"),
        (
            "app create --name open --redirect-uri https://a.example/cb --origin http://a.example",
            "http is allowed for loopback addresses only",
        ),
        ("app update shop --origin https://shop.example/", "browsers send \"https://shop.example\""),
        ("app update shop --origin https://*.shop.example", "wildcards are not supported"),
        ("app update shop", "--origin"),
        ("app update shop --no-origins --origin https://shop.example", "cannot be used with"),
        ("app update nobody --no-origins", "application \"nobody\" does not exist"),
        ("app show nobody", "application \"nobody\" does not exist"),
    ];
    for (line, expected) in wrong {
        let (done, text) = run_command(&gateway, line, &settings).await;
        assert!(!done && text.contains(expected), "{line}: {text}");
    }
    assert!(run_command(&gateway, "app delete shop", &settings).await.0);
    assert_eq!(token_status(next).await, 401);
    assert_eq!(run_command(&gateway, "app list", &settings).await.1.lines().count(), 1);
}
