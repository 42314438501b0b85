//! A field whose computation fails is omitted; the other fields are still returned.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CSV, NDJSON, call, fresh_gateway};
use crate::restapi::MODEL_CHANGES;
use crate::support::odoo::fresh_database;
use crate::support::recording_proxy::RecordingProxy;
use crate::support::{Client, Gateway, Response, Version, testbed, unique};

const TAG: &str = "res.partner.category";
const TAGS: &str = "/restapi/1.0/object/res.partner.category";

/// Custom fields as a user may create them without a module, each with code that raises another exception.
const FIELDS: [(&str, &str); 8] = [
    ("x_value", "tag['x_value'] = int('nonsense')"),
    ("x_key", "tag['x_key'] = {}['nonsense']"),
    ("x_type", "tag['x_type'] = 1 + 'nonsense'"),
    ("x_name", "tag['x_name'] = nonsense"),
    ("x_user", "tag['x_user'] = self.search([], order='nonsense;')"),
    ("x_access", "tag['x_access'] = self.env['ir.config_parameter'].with_user(PORTAL).search([], limit=1).id"),
    ("x_missing", "tag['x_missing'] = self.browse(2147483646).color"),
    ("x_sql", "self.env.cr.execute('select nonsense from res_partner_category')"),
];

/// Checks that the response contains nothing of Odoo's internals.
fn assert_clean(response: &Response) {
    let text = response.text.to_lowercase();
    for internal in ["line 1", "select nonsense", "psycopg", "traceback", ".py"] {
        assert!(!text.contains(internal), "{internal}: {}", response.text);
    }
}

fn omitted(response: &Response) -> BTreeSet<&str> {
    assert_eq!(response.status, 200, "{}", response.text);
    assert_clean(response);
    response.header("x-omitted-fields").split(", ").filter(|name| !name.is_empty()).collect()
}

/// A gateway whose calls to Odoo are recorded, in front of a database where tags have the fields of [`FIELDS`]; and a
/// client as the administrator.
async fn gateway_with_failing_fields(version: Version) -> (RecordingProxy, Gateway, Client) {
    let database = fresh_database(version).await;
    let proxy = RecordingProxy::in_front_of(testbed().url(version)).await;
    let gateway = Gateway::start(&[
        ("ODOO_GATEWAY__ODOO__0__URL", &proxy.url()),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", &database),
        ("ODOO_GATEWAY__RESTFUL__MODELS__*__READ", ""),
    ])
    .await;
    let admin = gateway.client().as_user("admin");
    let model = call(&admin, "ir.model", "search", json!([[["model", "=", TAG]]])).await[0].clone();
    let portal = call(&admin, "res.users", "search", json!([[["login", "=", "portal"]]])).await[0].to_string();
    let fields = FIELDS.map(|(name, code)| {
        json!({
            "model_id": model, "name": name, "field_description": name, "ttype": "integer", "state": "manual",
            "store": false, "depends": "name",
            "compute": format!("for tag in self:\n    {}", code.replace("PORTAL", &portal)),
        })
    });
    call(&admin, "ir.model.fields", "create", json!([fields])).await;
    (proxy, gateway, admin)
}

#[tokio::test]
async fn fields_that_raise_any_exception_are_omitted_reported_and_remembered() {
    let _lock = MODEL_CHANGES.lock().await;
    for version in Version::each() {
        let (proxy, gateway, admin) = gateway_with_failing_fields(version).await;
        let all: BTreeSet<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        let records: Vec<Value> = (0..30).map(|n| json!({"name": format!("failing {n:02}")})).collect();
        let created = call(&admin, TAG, "create", json!([records])).await;
        let ids: Vec<i64> = created.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
        let id = ids[0];

        // One record: the first read and the following ones.
        for path in [
            format!("{TAGS}/{id}"),
            format!("/api/{TAG}/{id}"),
            format!("/restful/api/v1/{TAG}/{id}"),
            format!("/api/v1/{TAG}/{id}"),
        ] {
            let response = admin.get(&path, &[]).await;
            assert_eq!(omitted(&response), all, "{version:?} {path}");
            assert!(response.text.contains("failing 00"), "{}", response.text);
            proxy.take_calls();
            assert_eq!(omitted(&admin.get(&path, &[]).await), all, "{version:?} {path}");
            assert_eq!(
                proxy.take_calls(),
                [format!("{TAG}.read")],
                "{version:?} {path}: the failing fields are remembered"
            );
        }

        // Many records: none is missing.
        let domain = "[('name','like','failing')]";
        for (path, query) in [
            (TAGS.to_owned(), vec![("domain", domain)]),
            (format!("/api/{TAG}/search"), vec![("domain", domain)]),
            (format!("/restful/api/v1/{TAG}"), vec![("domain", domain)]),
            (format!("/api/v1/{TAG}"), vec![("filter", domain), ("page_size", "30")]),
        ] {
            let response = admin.get(&path, &query).await;
            assert_eq!(omitted(&response), all, "{version:?} {path}");
            assert_eq!(response.text.matches("failing ").count() % 30, 0, "{version:?} {path}: {}", response.text);
            proxy.take_calls();
            assert_eq!(omitted(&admin.get(&path, &query).await), all);
            let calls = proxy.take_calls();
            assert_eq!(calls.len(), 1, "{version:?} {path} {calls:?}");
            for (accept, head) in [(CSV, 1), (NDJSON, 0)] {
                let rows = admin.with_header("Accept", accept).get(&path, &query).await;
                assert_eq!(rows.text.lines().count(), 30 + head, "{version:?} {path} {accept}: {}", rows.text);
            }
        }

        // Requested by name.
        for (name, _) in FIELDS {
            let (status, code) = if name == "x_access" { (403, "access_denied") } else { (502, "odoo_internal_error") };
            for (path, query) in [
                (format!("{TAGS}/{id}"), vec![("fields", name)]),
                (TAGS.to_owned(), vec![("fields", name), ("domain", domain)]),
                (format!("/restful/api/v1/{TAG}"), vec![("fields", name), ("domain", domain)]),
            ] {
                let response = admin.get(&path, &query).await;
                assert_clean(&response);
                let problem = response.problem(status, code);
                assert!(problem["detail"].as_str().unwrap().contains(name), "{version:?} {problem:#}");
            }
            let query = format!("{{name, {name}}}");
            let response = admin.get(&format!("/api/v1/{TAG}"), &[("filter", domain), ("query", &query)]).await;
            assert_eq!(response.status, status, "{version:?} {name} {}", response.text);
            assert_clean(&response);
            let response = admin.get(&format!("/api/{TAG}/search"), &[("fields", name), ("domain", domain)]).await;
            assert_eq!(response.status, status, "{version:?} {name} {}", response.text);
            assert_clean(&response);
        }

        // After a write.
        let written = admin.put(&format!("{TAGS}/{id}"), &json!({"vals": {"color": 3}})).await;
        assert_eq!((omitted(&written), written.header("x-read-back")), (all.clone(), ""));
        let written = admin.put(&format!("/api/v1/{TAG}/{id}"), &json!({"data": {"color": 4}})).await;
        assert_eq!((omitted(&written), written.header("x-read-back")), (all.clone(), ""));
        let written = admin.post(&format!("/restful/api/v1/{TAG}"), &json!({"name": unique("new")})).await;
        assert_eq!((omitted(&written), written.header("x-read-back")), (all.clone(), ""));

        // A record that does not exist is still not found.
        admin.get(&format!("{TAGS}/2147483640"), &[]).await.problem(404, "record_not_found");
        gateway.stop().await;
    }
}

/// A field whose code raises `MissingError` for some records: Odoo drops these records from its result.
#[tokio::test]
async fn records_that_odoo_drops_are_returned_on_every_page_and_in_every_export() {
    let _lock = MODEL_CHANGES.lock().await;
    for version in Version::each() {
        let gateway = fresh_gateway(version).await;
        let admin = gateway.client().as_user("admin");
        let model = call(&admin, "ir.model", "search", json!([[["model", "=", TAG]]])).await[0].clone();
        let field = json!({
            "model_id": model, "name": "x_partly", "field_description": "Partly", "ttype": "integer",
            "state": "manual", "store": false, "depends": "name",
            "compute": "for tag in self:\n    tag['x_partly'] = self.browse(2147483646).color if 'odd' in tag.name else 7",
        });
        call(&admin, "ir.model.fields", "create", json!([field])).await;
        let name = |n: usize| {
            if n < 600 || n.is_multiple_of(50) { format!("row odd {n:04}") } else { format!("row even {n:04}") }
        };
        let records: Vec<Value> = (0..700).map(|n| json!({"name": name(n)})).collect();
        call(&admin, TAG, "create", json!([records])).await;
        let domain = "[('name','like','row ')]";
        let filter = [("filter", domain), ("query", "{*}")];
        let rows = admin.with_header("Accept", CSV).get(&format!("/api/v1/{TAG}"), &filter).await;
        assert_eq!(rows.text.lines().count(), 701, "{version:?}");
        let rows = admin.with_header("Accept", NDJSON).get(&format!("/api/v1/{TAG}"), &filter).await;
        assert_eq!(rows.text.lines().count(), 700, "{version:?}");
        let page = admin.get(&format!("/api/v1/{TAG}"), &[filter[0], filter[1], ("page_size", "100")]).await;
        assert_eq!(omitted(&page).into_iter().collect::<Vec<_>>(), ["x_partly"]);
        let page = page.ok();
        assert_eq!(page["data"]["pagination"]["total_count"], 700, "{version:?}");
        assert_eq!(page["data"]["records"].as_array().unwrap().len(), 100);
        let listed = admin.get(TAGS, &[("domain", domain), ("limit", "650")]).await.ok();
        assert_eq!(listed["Partner Tags"].as_array().unwrap().len(), 650, "{version:?}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn standard_models_with_failing_fields_are_read() {
    for version in Version::each() {
        let gateway = fresh_gateway(version).await;
        let admin = gateway.client().as_user("admin");
        for model in ["crm.team", "digest.digest", "ir.module.module", "ir.attachment"] {
            for path in [
                format!("/restapi/1.0/object/{model}?limit=3"),
                format!("/api/{model}/search?limit=3"),
                format!("/restful/api/v1/{model}?limit=3"),
                format!("/api/v1/{model}?page_size=3"),
            ] {
                let response = admin.get(&path, &[]).await;
                assert_eq!(response.status, 200, "{version:?} {path}: {}", response.text);
                assert_clean(&response);
            }
        }
        let team = call(&admin, "crm.team", "search", json!([[], 0, 1])).await[0].clone();
        admin.get(&format!("/restapi/1.0/object/crm.team/{team}"), &[]).await.ok();
    }
}
