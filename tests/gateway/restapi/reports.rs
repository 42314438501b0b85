//! Reports: the manual's two requests, documents selected by `Accept`, access rights, and requests that are rejected
//! before Odoo prints anything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lopdf::Document;
use odoo_gateway::admin::NewApiKey;
use reqwest::Method;
use serde_json::{Value, json};

use super::{MISSING_ID, ORDERS, admin, create, unique, user};
use crate::credentials::new_key;
use crate::support::odoo::fresh_database;
use crate::support::recording_proxy::RecordingProxy;
use crate::support::{Client, Gateway, Version, testbed};

const REPORT: &str = "/restapi/1.0/report";
const ORDER_REPORT: &str = "/restapi/1.0/report/sale.report_saleorder";
const USERS: &str = "/restapi/1.0/object/res.users";
const LOGIN: &str = "POST /web/session/authenticate";

/// Creates an order with one line. Returns its id.
async fn order(client: &Client) -> i64 {
    let found = client
        .get("/restapi/1.0/object/product.product/search", &[("domain", "[('sale_ok','=',True)]"), ("limit", "1")])
        .await
        .ok();
    let product = found.as_object().unwrap().values().next().unwrap()[0].clone();
    let line = json!([0, 0, {"product_id": product, "product_uom_qty": 2}]);
    let values = json!({"partner_id": 1, "client_order_ref": unique("printed"), "order_line": [line]});
    create(client, ORDERS, values).await
}

/// A raw response: status, media type, disposition, bytes.
async fn raw(client: &Client, path: &str, accept: &str) -> (u16, String, String, Vec<u8>) {
    let response = client.with_header("Accept", accept).request(Method::GET, path).send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (kind, disposition) = (header("content-type"), header("content-disposition"));
    (response.status().as_u16(), kind, disposition, response.bytes().await.unwrap().to_vec())
}

/// The content of each page.
fn pages(pdf: &[u8]) -> Vec<Vec<u8>> {
    assert!(pdf.starts_with(b"%PDF"), "{:?}", String::from_utf8_lossy(&pdf[..pdf.len().min(100)]));
    let document = Document::load_mem(pdf).unwrap();
    document.get_pages().into_values().map(|page| document.get_page_content(page)).collect()
}

fn decoded(entry: &Value) -> Vec<u8> {
    STANDARD.decode(entry["result"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn report_of_one_record_is_a_pdf_in_base64() {
    for version in Version::each() {
        let admin = admin(version);
        let id = order(&admin).await;
        let printed = admin.get(&format!("{ORDER_REPORT}/{id}"), &[]).await.ok();
        let pdf = decoded(&printed["report"]);
        assert_eq!(pages(&pdf).len(), 1);
        let result = printed["report"]["result"].clone();
        let expected = json!({"report": {"id": id, "state": "true", "format": "pdf", "result": result}});
        assert_eq!(printed, expected);
    }
}

#[tokio::test]
async fn report_of_several_records_has_an_entry_per_id_in_order() {
    for version in Version::each() {
        let admin = admin(version);
        let (one, other) = (order(&admin).await, order(&admin).await);
        let ids = format!("{other},{one},{other}");
        let printed = admin.get(ORDER_REPORT, &[("ids", &ids)]).await.ok();
        let entries = printed["report"].as_array().unwrap();
        let heads: Vec<_> = entries.iter().map(|entry| json!([entry["id"], entry["state"], entry["format"]])).collect();
        assert_eq!(heads, [json!([other, "true", "pdf"]), json!([one, "true", "pdf"]), json!([other, "true", "pdf"])]);
        assert!(entries.iter().all(|entry| pages(&decoded(entry)).len() == 1));
        assert_eq!(admin.get(ORDER_REPORT, &[("ids", "[]")]).await.ok(), json!({"report": []}));
    }
}

#[tokio::test]
async fn accept_pdf_returns_one_document_with_all_records_in_order() {
    for version in Version::each() {
        let admin = admin(version);
        let (one, other) = (order(&admin).await, order(&admin).await);
        let (status, kind, disposition, pdf) = raw(&admin, &format!("{ORDER_REPORT}/{one}"), "application/pdf").await;
        assert_eq!((status, kind.as_str()), (200, "application/pdf"));
        assert_eq!(disposition, format!(r#"inline; filename="sale.report_saleorder-{one}.pdf""#));
        let of_one = pages(&pdf);
        let (.., pdf) = raw(&admin, &format!("{ORDER_REPORT}/{other}/"), "application/pdf").await;
        let of_other = pages(&pdf);
        assert_ne!(of_one, of_other, "each shows its own number");
        let (status, kind, _, joined) =
            raw(&admin, &format!("{ORDER_REPORT}?ids={other},{one},{one}"), "application/pdf").await;
        assert_eq!((status, kind.as_str()), (200, "application/pdf"));
        assert_eq!(pages(&joined), [of_other, of_one.clone(), of_one].concat());
    }
}

#[tokio::test]
async fn accept_html_returns_a_page_that_cannot_run_scripts() {
    for version in Version::each() {
        let admin = admin(version);
        let (one, other) = (order(&admin).await, order(&admin).await);
        let names = admin.get(ORDERS, &[("ids", &format!("{one},{other}")), ("fields", "name")]).await.ok();
        let name = |index: usize| names["Sales Order"][index]["name"].as_str().unwrap().to_owned();
        let (status, kind, disposition, html) = raw(&admin, &format!("{ORDER_REPORT}/{one}"), "text/html").await;
        assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
        assert!(disposition.ends_with(&format!(r#"-{one}.html""#)), "{disposition}");
        let html = String::from_utf8(html).unwrap();
        assert!(html.contains("<html") && html.contains(&name(0)) && !html.contains(&name(1)));
        let (.., both) = raw(&admin, &format!("{ORDER_REPORT}?ids={one},{other}"), "text/html").await;
        let both = String::from_utf8(both).unwrap();
        assert!(both.contains(&name(0)) && both.contains(&name(1)));
        let request = admin.with_header("Accept", "text/html").request(Method::GET, &format!("{ORDER_REPORT}/{one}"));
        let policy = request.send().await.unwrap().headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    }
}

#[tokio::test]
async fn accept_xml_returns_the_envelope() {
    let admin = admin(Version::Odoo19);
    let id = order(&admin).await;
    let (status, kind, _, xml) = raw(&admin, &format!("{ORDER_REPORT}/{id}"), "application/xml").await;
    assert_eq!((status, kind.as_str()), (200, "application/xml"));
    let xml = String::from_utf8(xml).unwrap();
    let start = format!(
        r#"<response type="object"><member name="report" type="object"><member name="id" type="number">{id}</member><member name="state" type="string">true</member><member name="format" type="string">pdf</member><member name="result" type="string">JVBERi0x"#
    );
    assert!(xml.contains(&start), "{}", &xml[..400]);
}

#[tokio::test]
async fn manual_prints_an_invoice() {
    for version in Version::each() {
        let admin = admin(version);
        let invoices = "/restapi/1.0/object/account.move";
        let found = admin
            .get(&format!("{invoices}/search"), &[("domain", "[('move_type','=','out_invoice')]"), ("limit", "1")])
            .await
            .ok();
        let found = found.as_object().unwrap().values().next().unwrap()[0].as_i64();
        let id = match found {
            Some(id) => id,
            None => {
                // Without demo data a journal exists if a chart of accounts is installed.
                let journal = json!({"name": unique("journal"), "code": "PRN", "type": "sale"});
                let journal = create(&admin, "/restapi/1.0/object/account.journal", journal).await;
                create(&admin, invoices, json!({"move_type": "out_invoice", "partner_id": 1, "journal_id": journal}))
                    .await
            }
        };
        let printed = admin.get(&format!("{REPORT}/account.report_invoice/{id}"), &[]).await.ok();
        assert_eq!(printed["report"]["format"], "pdf");
        assert!(!pages(&decoded(&printed["report"])).is_empty());
    }
}

#[tokio::test]
async fn unprintable_requests_are_rejected_with_the_reason() {
    for version in Version::each() {
        let admin = admin(version);
        let id = order(&admin).await;
        for name in ["sale.nonesuch", "x", "sale.report_saleorder%20", "..%2f..%2fweb", "sale..%2freport"] {
            admin.get(&format!("{REPORT}/{name}/{id}"), &[]).await.problem(404, "unknown_report");
        }
        for missing in [MISSING_ID.to_string(), "0".to_owned(), "x".to_owned(), "12,17".to_owned()] {
            admin.get(&format!("{ORDER_REPORT}/{missing}"), &[]).await.problem(404, "record_not_found");
        }
        let several = admin.get(ORDER_REPORT, &[("ids", &format!("{id},{MISSING_ID}"))]).await;
        let problem = several.problem(404, "record_not_found");
        assert!(problem["detail"].as_str().unwrap().contains(&MISSING_ID.to_string()), "{problem}");
        let many: Vec<String> = (1..=51).map(|id: i64| id.to_string()).collect();
        admin.get(ORDER_REPORT, &[("ids", &many.join(","))]).await.problem(400, "invalid_parameter");
        admin.get(ORDER_REPORT, &[]).await.problem(400, "missing_parameter");
        admin.get(ORDER_REPORT, &[("ids", "x")]).await.problem(400, "invalid_parameter");
        let pdf = admin.with_header("Accept", "application/pdf");
        pdf.get(ORDER_REPORT, &[("ids", "[]")]).await.problem(400, "missing_parameter");
        for accept in ["text/plain", "image/png"] {
            let text = admin.with_header("Accept", accept);
            text.get(&format!("{ORDER_REPORT}/{id}"), &[]).await.problem(406, "not_acceptable");
        }
        admin
            .with_header("X-Odoo-Lang", "xx_YY")
            .get(&format!("{ORDER_REPORT}/{id}"), &[])
            .await
            .problem(400, "invalid_context");
        admin.post(&format!("{ORDER_REPORT}/{id}"), &json!({})).await.problem(405, "method_not_allowed");
        let anonymous = Gateway::shared().client().on(version);
        anonymous.get(&format!("{ORDER_REPORT}/{id}"), &[]).await.problem(401, "credential_missing");
    }
}

#[tokio::test]
async fn reports_reject_unknown_parameters_and_apply_preferences_as_every_route() {
    for version in Version::each() {
        let admin = admin(version);
        let problem = admin.get(ORDER_REPORT, &[("id", "1")]).await.problem(400, "invalid_parameter");
        assert_eq!((&problem["parameter"], &problem["hint"]), (&json!("id"), &json!("Did you mean ids?")));
        // An empty list prints nothing, so the responses need no record.
        let empty = [("ids", "[]"), ("tracking", "7")];
        let ignored = admin.get(ORDER_REPORT, &empty).await;
        assert_eq!((ignored.header("preference-applied"), ignored.ok()), ("", json!({"report": []})));
        let strict = admin.with_header("Prefer", "handling=strict");
        let problem = strict.get(ORDER_REPORT, &empty).await.problem(400, "invalid_parameter");
        assert_eq!(problem["parameter"], "tracking");
        let applied = strict.get(ORDER_REPORT, &[("ids", "[]"), ("context", "{}")]).await;
        assert_eq!((applied.header("preference-applied"), applied.ok()), ("handling=strict", json!({"report": []})));
        let problem = strict.get(&format!("{ORDER_REPORT}/{MISSING_ID}"), &[("tracking", "7")]).await;
        problem.problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn accept_is_checked_before_the_parameters_and_reports_are_not_exported() {
    let offered = "application/json, application/xml, application/pdf, text/html, text/plain";
    for accept in ["image/png", "text/csv", "application/x-ndjson"] {
        let client = admin(Version::Odoo19).with_header("Accept", accept);
        for path in [ORDER_REPORT.to_owned(), format!("{ORDER_REPORT}/x")] {
            let problem = client.get(&path, &[]).await.problem(406, "not_acceptable");
            let expected = format!("None of the accepted media types is available. Available: {offered}.");
            assert_eq!(problem["detail"], expected, "{accept} {path}");
        }
    }
}

#[tokio::test]
async fn odoos_access_rights_apply_to_reports() {
    for version in Version::each() {
        let (salesman, other) = (user(version, "salesman"), order(&admin(version)).await);
        let own = create(&salesman, ORDERS, json!({"partner_id": 1})).await;
        let printed = salesman.get(&format!("{ORDER_REPORT}/{own}"), &[]).await.ok();
        assert_eq!(pages(&decoded(&printed["report"])).len(), 1);
        salesman.get(&format!("{ORDER_REPORT}/{other}"), &[]).await.problem(403, "access_denied");
        salesman.get(ORDER_REPORT, &[("ids", &format!("{own},{other}"))]).await.problem(403, "access_denied");
        user(version, "internal").get(&format!("{ORDER_REPORT}/{own}"), &[]).await.problem(403, "access_denied");
        let portal = user(version, "portal");
        portal.get(&format!("{ORDER_REPORT}/{own}"), &[]).await.problem(403, "access_denied");
        portal.get(&format!("{REPORT}/web.preview_externalreport/1"), &[]).await.problem(403, "access_denied");
    }
}

/// A gateway whose calls to Odoo are recorded, in front of a copy of the database where `internal` may sell.
async fn recorded_gateway(version: Version) -> (RecordingProxy, Gateway, Client) {
    let database = fresh_database(version).await;
    let proxy = RecordingProxy::in_front_of(testbed().url(version)).await;
    let gateway =
        Gateway::start(&[("ODOO_GATEWAY__ODOO__0__URL", &proxy.url()), ("ODOO_GATEWAY__ODOO__0__DATABASE", &database)])
            .await;
    let admin = gateway.client().as_user("admin");
    (proxy, gateway, admin)
}

/// Gives `internal` the right to sell.
async fn allow_internal_to_sell(admin: &Client, version: Version) {
    let found = |response: Value| response.as_object().unwrap().values().next().unwrap()[0]["res_id"].clone();
    let name = "[('module','=','sales_team'),('name','=','group_sale_salesman_all_leads')]";
    let group =
        found(admin.get("/restapi/1.0/object/ir.model.data", &[("domain", name), ("fields", "res_id")]).await.ok());
    let user = admin.get(&format!("{USERS}/search"), &[("domain", "[('login','=','internal')]")]).await.ok();
    let user = user.as_object().unwrap().values().next().unwrap()[0].as_i64().unwrap();
    let field = if version == Version::Odoo19 { "group_ids" } else { "groups_id" };
    admin.put(&format!("{USERS}/{user}"), &json!({"vals": {field: [[4, group]]}})).await.ok();
}

#[tokio::test]
async fn api_key_without_a_password_prints_only_the_portal_document() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        allow_internal_to_sell(&admin, version).await;
        let id = order(&admin).await;
        proxy.take_calls();
        let key = testbed().api_key(version);
        let mut clients = vec![gateway.client().with_password("internal", key)];
        if version == Version::Odoo19 {
            clients.push(gateway.client().with_header("Authorization", &format!("Bearer {key}")));
        }
        for client in clients {
            let printed = client.get(&format!("{ORDER_REPORT}/{id}"), &[]).await;
            if version == Version::Odoo19 {
                let printed = printed.ok();
                assert_eq!((&printed["report"]["id"], &printed["report"]["format"]), (&json!(id), &json!("pdf")));
                assert_eq!(pages(&decoded(&printed["report"])).len(), 1);
                let (status, kind, _, html) = raw(&client, &format!("{ORDER_REPORT}/{id}"), "text/html").await;
                assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
                assert!(String::from_utf8(html).unwrap().contains("<html"));
            } else {
                // This early build does not print for users without a session.
                printed.problem(403, "report_needs_password");
            }
            // The portal page does not show another report of the same model.
            let other = client.get(&format!("{REPORT}/sale.report_saleorder_pro_forma/{id}"), &[]).await;
            let problem = other.problem(403, "report_needs_password");
            assert!(problem["hint"].as_str().unwrap().contains("password"), "{problem}");
        }
        let calls = proxy.take_calls();
        assert!(!calls.iter().any(|call| call == LOGIN), "a key is never tried as a password: {calls:?}");
    }
}

#[tokio::test]
async fn web_session_is_reused_and_reopened_after_odoo_ends_it() {
    for version in Version::each() {
        let (proxy, _gateway, admin) = recorded_gateway(version).await;
        let path = format!("{ORDER_REPORT}/{}", order(&admin).await);
        proxy.take_calls();
        admin.get(&path, &[]).await.ok();
        assert_eq!(logins(&proxy), 1);
        admin.get(&path, &[]).await.ok();
        assert_eq!(logins(&proxy), 0, "the session is cached");
        // Sets the same password again: XML-RPC still accepts it, and all sessions end.
        let found = admin.get(&format!("{USERS}/search"), &[("domain", "[('login','=','admin')]")]).await.ok();
        let uid = found.as_object().unwrap().values().next().unwrap()[0].as_i64().unwrap();
        admin.put(&format!("{USERS}/{uid}"), &json!({"vals": {"password": "admin"}})).await.ok();
        proxy.take_calls();
        let again = admin.get(&path, &[]).await.ok();
        assert_eq!(pages(&decoded(&again["report"])).len(), 1);
        assert_eq!(logins(&proxy), 1, "a new session is opened");
    }
}

fn logins(proxy: &RecordingProxy) -> usize {
    proxy.take_calls().iter().filter(|call| *call == LOGIN).count()
}

#[tokio::test]
async fn printing_as_administrator_keeps_odoos_base_url() {
    for version in Version::each() {
        let (_proxy, _gateway, admin) = recorded_gateway(version).await;
        let parameters = "/restapi/1.0/object/ir.config_parameter";
        for (key, value) in [("report.url", testbed().url(version)), ("web.base.url", "https://erp.example.com")] {
            let set = json!({"args": [key, value]});
            assert_eq!(admin.post(&format!("{parameters}/set_param"), &set).await.status, 200);
        }
        let id = order(&admin).await;
        admin.get(&format!("{ORDER_REPORT}/{id}"), &[]).await.ok();
        let now = admin.post(&format!("{parameters}/get_param"), &json!({"args": ["web.base.url"]})).await.ok();
        assert_eq!(now, json!({"return": "https://erp.example.com"}));
    }
}

#[tokio::test]
async fn credential_prints_only_models_that_its_scope_reads_completely() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let administration = gateway.administration().await;
    let version = Version::Odoo19;
    let id = order(&admin(version)).await;
    let key = async |name: &str, scope: &str| {
        let new_key = NewApiKey {
            login: "admin".to_owned(),
            secret: "admin".into(),
            scope: scope.to_owned(),
            ..new_key(version, name)
        };
        let (_, token) = administration.create_key(new_key).await.unwrap();
        gateway.client().with_header("api-key", token.expose())
    };
    let path = format!("{ORDER_REPORT}/{id}");
    let orders = key("orders", r#"[{"models": "sale.order", "operations": ["read"]}]"#).await;
    assert_eq!(pages(&decoded(&orders.get(&path, &[]).await.ok()["report"])).len(), 1, "a stored password can print");
    for (name, scope) in [
        ("partners", r#"[{"models": "res.partner", "operations": ["read"]}]"#),
        ("writes", r#"[{"models": "sale.order", "operations": ["create", "update", "execute"]}]"#),
        ("fields", r#"[{"models": "sale.order", "operations": ["read"], "fields": {"except": ["amount_total"]}}]"#),
    ] {
        key(name, scope).await.get(&path, &[]).await.problem(403, "scope_forbidden");
    }
}
