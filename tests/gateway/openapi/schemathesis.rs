//! Schemathesis sends generated requests to a gateway in front of a real Odoo: every response is one that the document
//! describes.

use std::collections::BTreeSet;

use super::operations;
use crate::credentials::new_key_of;
use crate::support::odoo::fresh_database;
use crate::support::testbed::tool;
use crate::support::{Gateway, Version};

/// Wrong credentials are neither delayed nor throttled. The demo registers an application for the requests.
const SETTINGS: [(&str, &str); 8] = [
    ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS__BURST", "1000000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_LOGIN__BURST", "1000000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "1000000"),
    ("ODOO_GATEWAY__AUTH__THROTTLE__GLOBAL__BURST", "1000000"),
    ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", ""),
    ("ODOO_GATEWAY__DEMO__LOGIN", "admin"),
    ("ODOO_GATEWAY__DEMO__PASSWORD", "admin"),
];

/// Operations whose success needs an OAuth 1 signature, a browser, an issuer with a path, or a report to be printed.
const WITHOUT_SUCCESS: [&str; 9] = [
    "restapi_oauth1_request_token",
    "restapi_oauth1_access_token",
    "restapi_authorize_oauth1",
    "restapi_answer_oauth1",
    "restapi_authorize_oauth2",
    "restapi_answer_oauth2",
    "oauth2_metadata_below",
    "restapi_print_report",
    "restapi_print_reports",
];

/// With `SCHEMATHESIS_SECONDS`, requests are generated for that long, from a random seed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_response_is_described() {
    let database = fresh_database(Version::Odoo19).await;
    let gateway = Gateway::start_with_database(Version::Odoo19, &database, &SETTINGS).await;
    let key = new_key_of(&database, "schemathesis", "admin", "admin");
    let (_, api_key) = gateway.administration().await.create_key(key).await.unwrap();
    let seconds = std::env::var("SCHEMATHESIS_SECONDS").unwrap_or_default();
    let url = format!("http://{}", gateway.address());
    let verdict = tool(&["schemathesis", &url, &database, api_key.expose(), &seconds]).await;
    let report = String::from_utf8_lossy(&verdict.stdout);
    assert!(verdict.status.success(), "{report}{}", String::from_utf8_lossy(&verdict.stderr));

    let counted = report.lines().filter_map(|line| line.strip_prefix("STATUSES "));
    let succeeded: BTreeSet<&str> =
        counted.filter(|line| line.contains(" 200=")).filter_map(|line| line.split(' ').next()).collect();
    for operation in operations().iter().filter(|operation| !WITHOUT_SUCCESS.contains(&operation.id())) {
        assert!(succeeded.contains(operation.id()), "no request reached {}: {report}", operation.id());
    }
}
