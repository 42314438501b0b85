//! `GET /start`: creates an application if the gateway is configured as a demonstration.

use reqwest::Method;
use serde_json::json;

use crate::support::client::send;
use crate::support::{Gateway, Version};

const DEMO: [(&str, &str); 2] =
    [("ODOO_GATEWAY__DEMO__LOGIN", "internal"), ("ODOO_GATEWAY__DEMO__PASSWORD", "internal")];
const TOKEN: &str = "/restapi/1.0/common/oauth2/access_token";

#[tokio::test]
async fn start_returns_an_application_that_works_immediately() {
    let gateway = Gateway::start_with_odoo(&DEMO).await;
    let started = gateway.client().get("/start", &[]).await.ok();
    let members: Vec<&String> = started.as_object().unwrap().keys().collect();
    assert_eq!(members, ["client_id", "client_secret", "host", "database"]);
    assert_eq!(started["host"], gateway.address().to_string());
    assert_eq!(started["database"], Version::Odoo19.database());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", started["client_id"].as_str().unwrap()),
        ("client_secret", started["client_secret"].as_str().unwrap()),
    ];
    let token = send(gateway.client().request(Method::POST, TOKEN).form(&form)).await.ok();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let caller = gateway.client().with_header("Authorization", &bearer);
    let users = [("domain", "[('login','=','internal')]")];
    assert_eq!(caller.get("/restapi/1.0/object/res.users/search_count", &users).await.ok(), json!({"count": 1}));
    let admin = gateway.administration().await;
    let application = admin.find_application(started["client_id"].as_str().unwrap()).await.unwrap();
    let life = application.row.not_after.unwrap() - application.row.created_at;
    assert!((86_390..=86_400).contains(&life), "a day, except for the time of its creation: {life}");
}

#[tokio::test]
async fn demonstration_is_disabled_by_default_and_rate_limited() {
    Gateway::shared().client().get("/start", &[]).await.problem(404, "unknown_route");
    let gateway = Gateway::start_with_odoo(&DEMO).await;
    let head = send(gateway.client().request(Method::HEAD, "/start")).await;
    assert_eq!(head.status, 405, "HEAD creates no application");
    let mut responses = Vec::new();
    for _ in 0..6 {
        responses.push(gateway.client().get("/start", &[]).await.status);
    }
    assert!(responses.ends_with(&[429]), "{responses:?}");
}
