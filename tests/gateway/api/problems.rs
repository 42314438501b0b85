//! The error body of the dialect `api`.

use serde_json::json;

use super::{PARTNERS, admin};
use crate::support::{Gateway, Version};

#[tokio::test]
async fn problem_has_four_members() {
    let response = admin(Version::Odoo19).get(&format!("{PARTNERS}/search"), &[("fields", "nmae")]).await;
    let request_id = response.header("x-request-id").to_owned();
    assert_eq!((response.status, response.header("content-type")), (400, "application/json"));
    let expected = json!({
        "error": "The model has no such field",
        "message": "The model res.partner has no field nmae, or this user may not see it. Did you mean name?",
        "code": 400, "request_id": request_id
    });
    assert_eq!(response.json(), expected);
}

#[tokio::test]
async fn every_error_status_has_the_same_body() {
    let client = admin(Version::Odoo19);
    Gateway::shared().client().get(&format!("{PARTNERS}/1"), &[]).await.api_problem(401, "credential_missing");
    client.get("/api/no.such.model/1", &[]).await.api_problem(404, "unknown_model");
    client.get(&format!("{PARTNERS}/0"), &[]).await.api_problem(404, "record_not_found");
    client.get("/api/v2/1", &[]).await.api_problem(404, "unknown_model");
    client.get("/api/res.partner/1/2/3", &[]).await.api_problem(404, "unknown_route");
    client.post(&format!("{PARTNERS}/search"), &json!({})).await.api_problem(405, "method_not_allowed");
    let xml = client.with_header("Accept", "application/xml");
    xml.get(&format!("{PARTNERS}/1"), &[]).await.api_problem(406, "not_acceptable");
    let portal = Gateway::shared().client().on(Version::Odoo19).as_user("portal");
    portal.get("/api/ir.cron/search", &[]).await.api_problem(403, "access_denied");
}
