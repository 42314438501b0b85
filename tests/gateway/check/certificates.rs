//! Certificates of an Odoo behind TLS: why one is rejected, and when one ends.

use tempfile::tempdir;

use super::{Report, check, check_text};
use crate::support::tls_server::{Authority, Identity, serve_tls};
use crate::support::{Version, testbed};

/// Checks an Odoo behind a TLS server with this identity, on a machine that trusts `root` only.
async fn check_behind(version: Version, identity: Identity, root: &Authority) -> Report {
    let folder = tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    root.write(&roots);
    let port = serve_tls(identity, testbed().url(version)).await;
    let url = format!("https://localhost:{port}");
    let settings =
        [("ODOO_URL", url.as_str()), ("ODOO_DB", version.database()), ("SSL_CERT_FILE", roots.to_str().unwrap())];
    check(&[], &settings).await
}

#[tokio::test]
async fn rejected_certificates_are_explained() {
    let (root, other) = (Authority::root("Trusted Root"), Authority::root("Other Root"));
    let intermediate = root.intermediate("Trusted Intermediate");
    let cases = [
        (root.identity("localhost", -10..-1, &[]), "its certificate expired at 2"),
        (root.identity("localhost", 1..10, &[]), "its certificate is valid only from 2"),
        (root.identity("erp.example.com", -1..90, &[]), "is not for \"localhost\", but for erp.example.com"),
        (Identity::self_signed("localhost", -1..90), "its certificate is self-signed"),
        (other.identity("localhost", -1..90, &[&other]), "this machine does not trust the issuer \"Other Root\""),
        (
            intermediate.identity("localhost", -1..90, &[]),
            "it does not send the certificate of its issuer \"Trusted Intermediate\"",
        ),
    ];
    for (identity, expected) in cases {
        let report = check_behind(Version::Odoo19, identity, &root).await;
        let finding = report.only("odoo-certificate-rejected");
        assert!(finding["text"].as_str().unwrap().contains(expected), "{expected}: {finding}");
        assert_eq!(report.exit_code, 1);
        if expected.contains("erp.example.com") {
            let line = finding["setting"].as_str().unwrap();
            assert!(line.starts_with("[[odoo]] url = \"https://erp.example.com:"), "{line}");
        }
    }
}

#[tokio::test]
async fn a_complete_chain_is_accepted_until_it_ends() {
    let root = Authority::root("Trusted Root");
    let intermediate = root.intermediate("Trusted Intermediate");
    let report =
        check_behind(Version::Odoo19, intermediate.identity("localhost", -1..90, &[&intermediate]), &root).await;
    ["odoo-certificate-rejected", "odoo-certificate-ends"].iter().for_each(|code| report.lacks(code));
    // Behind TLS neither the workers nor, with the libraries of this Odoo, proxy_mode can be seen.
    report.only("odoo-workers-hidden");
    report.only("odoo-proxy-mode-hidden");
    assert_eq!(report.exit_code, 0);

    // This Odoo does not use the headers of its proxy.
    let report = check_behind(Version::Odoo14, root.identity("localhost", -1..5, &[]), &root).await;
    report.only("odoo-proxy-mode-off");
    let finding = report.only("odoo-certificate-ends");
    assert!(finding["text"].as_str().unwrap().starts_with("its certificate ends in 4 days, at 2"), "{finding}");
    assert_eq!(report.exit_code, 0);
}

#[tokio::test]
async fn the_reason_is_also_in_the_text() {
    let port = serve_tls(Identity::self_signed("localhost", -1..90), testbed().url(Version::Odoo19)).await;
    let (code, out) = check_text(&[], &[("ODOO_URL", &format!("https://localhost:{port}"))]).await;
    assert!(
        code == 1 && out.contains("): there is no TLS connection to the server: its certificate is self-signed\n"),
        "{out}"
    );
}
