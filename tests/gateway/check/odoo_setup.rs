//! How an Odoo is set up: its workers, its public URL, its proxy, and API keys that end soon.

use std::path::Path;
use std::time::Duration;

use tempfile::tempdir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Report, check};
use crate::support::odoo::{end_api_keys, fresh_database, set_system_parameter};
use crate::support::{Version, testbed};

/// An Odoo with this many workers: like a worker of Odoo, each takes a connection and waits two seconds for the
/// request. The Odoo behind them answers. Returns its URL.
async fn odoo_with_workers(version: Version, workers: usize) -> String {
    let listener = std::sync::Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
    let url = format!("http://{}", listener.local_addr().unwrap());
    for _ in 0..workers {
        let listener = listener.clone();
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut start = [0; 4096];
                let Ok(Ok(length @ 1..)) = timeout(Duration::from_secs(2), client.read(&mut start)).await else {
                    continue;
                };
                let mut odoo = TcpStream::connect(testbed().url(version).trim_start_matches("http://")).await.unwrap();
                odoo.write_all(&start[..length]).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut odoo).await;
            }
        });
    }
    url
}

#[tokio::test]
async fn workers_are_compared_with_the_configured_concurrency() {
    for version in Version::each() {
        let url = odoo_with_workers(version, 3).await;
        let settings = [("ODOO_URL", url.as_str()), ("ODOO_DB", version.database())];
        let report = check(&[], &settings).await;
        let finding = report.only("odoo-few-workers");
        let text = "it works on only 3 calls at the same time, but odoo.concurrency is 8";
        assert_eq!((&finding["text"], &finding["status"]), (&text.into(), &"warning".into()));
        assert_eq!(finding["setting"], "[[odoo]] concurrency = 3");

        let enough = ("ODOO_GATEWAY__ODOO__0__CONCURRENCY", "3");
        let report = check(&[], &[&settings[..], &[enough]].concat()).await;
        ["odoo-few-workers", "odoo-no-workers", "odoo-workers-hidden"].iter().for_each(|code| report.lacks(code));
        let is_measured = |finding: &serde_json::Value| finding["text"] == "works on at least 3 calls at the same time";
        assert!(report.findings.iter().any(is_measured), "{:#?}", report.findings);
    }
}

/// Checks a database of the testbed as a user.
async fn check_as(user: (&str, &str), url: &str, database: &str, more: &[(&str, &str)]) -> Report {
    let folder = tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, user.1).unwrap();
    let arguments = ["--login", user.0, "--secret-file", Path::to_str(&secret).unwrap()];
    check(&arguments, &[&[("ODOO_URL", url), ("ODOO_DB", database)], more].concat()).await
}

#[tokio::test]
async fn a_base_url_at_which_users_do_not_find_odoo_is_reported() {
    let public = ("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com");
    for version in Version::each() {
        let (url, database) = (testbed().url(version), fresh_database(version).await);
        let base_url = async |value: &str| {
            set_system_parameter(&database, "web.base.url", value).await;
            check_as(("admin", "admin"), url, &database, &[public]).await
        };
        let report = base_url("https://erp.example.com").await;
        assert!(!report.findings.iter().any(|finding| finding["code"].to_string().contains("base-url")));
        // Users open this Odoo with https, so there is a proxy in front of it.
        let mode = if version == Version::Odoo14 { "odoo-proxy-mode-off" } else { "odoo-proxy-mode-hidden" };
        report.only(mode);
        report.lacks("login-missing");

        let report = base_url("http://erp.example.com").await;
        let finding = report.only("odoo-base-url-not-https");
        assert_eq!(finding["text"], "web.base.url is http://erp.example.com, which is not https");
        assert!(finding["change"].as_str().unwrap().contains("web.base.url.freeze"));
        base_url("nonsense").await.only("odoo-base-url-invalid");
    }
}

#[tokio::test]
async fn a_user_who_may_not_see_the_setup_is_told_so() {
    for version in Version::each() {
        let (url, key) = (testbed().url(version), testbed().api_key(version));
        let report = check_as(("internal", key), url, version.database(), &[]).await;
        let hidden = report.only("odoo-base-url-hidden");
        assert_eq!(
            (&hidden["status"], &hidden["text"]),
            (&"skipped".into(), &"the user internal may not read web.base.url".into())
        );
        let report = check_as(("internal", "wrong"), url, version.database(), &[]).await;
        let text = "Odoo rejected the login internal with this password or key";
        assert_eq!((&report.only("login-rejected")["text"], report.exit_code), (&text.into(), 1));
    }
}

#[tokio::test]
async fn odoo_api_keys_that_end_soon_are_reported() {
    let (url, database) = (testbed().url(Version::Odoo19), fresh_database(Version::Odoo19).await);
    let key = testbed().api_key(Version::Odoo19);
    for (user, days) in [(("internal", key), 3), (("admin", "admin"), 3), (("internal", key), 60)] {
        end_api_keys(&database, days).await;
        let report = check_as(user, url, &database, &[]).await;
        if days > 14 {
            report.lacks("odoo-api-key-ends");
        } else {
            let finding = report.only("odoo-api-key-ends");
            let text = finding["text"].as_str().unwrap();
            assert!(text.starts_with("the Odoo API key ") && text.contains(" ends at 2"), "{text}");
            assert_eq!(finding["setting"], "[odoo_keys] renew = true");
        }
    }
}
