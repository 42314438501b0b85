//! A list is one call to Odoo, and its records look the same whichever method of Odoo returns them.

use serde_json::json;

use super::{Dialect, ListRequest, call, ids_of, user};
use crate::support::recording_proxy::recorded_gateway;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Gateway, StubOdoo, StubReply, Version, unique};

const TAG: &str = "res.partner.category";
const ARCHIVED: &str = r#"{"active_test": false}"#;

#[tokio::test]
async fn a_page_and_its_total_are_one_call_whatever_fields_are_requested() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        for (model, query) in [
            ("res.partner", "{id, name, country_id, parent_id, category_id}"),
            ("res.partner", "{name, company_id, child_ids, create_date}"),
            ("sale.order", "{name, partner_id, date_order, order_line}"),
        ] {
            let path = format!("/api/v1/{model}");
            admin.get(&path, &[("query", query), ("page_size", "3")]).await.ok();
            proxy.take_calls();
            for page in ["1", "2"] {
                let found = admin.get(&path, &[("query", query), ("page_size", "3"), ("page", page)]).await.ok();
                assert_eq!(found["data"]["records"].as_array().unwrap().len(), 3);
                assert!(found["data"]["pagination"]["total_count"].as_u64().unwrap() >= 6, "{found}");
                assert_eq!(proxy.take_calls(), [format!("{model}.web_search_read")], "{version:?} {query} {page}");
            }
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn archived_records_are_listed_in_one_call_where_odoo_reads_them_in_the_same_context() {
    for version in Version::each() {
        let (proxy, gateway, admin) = recorded_gateway(version).await;
        let tag = call(&admin, TAG, "create", json!([{"name": unique("archived"), "active": false}])).await;
        let domain = format!("[('id','=',{tag})]");
        let request = ListRequest {
            model: TAG,
            domain: &domain,
            context: ARCHIVED,
            field: "parent_id",
            offset: 0,
            limit: Some(1),
        };
        for dialect in Dialect::ALL {
            dialect.list(&admin, &request).await;
            proxy.take_calls();
            let (records, total) = dialect.list(&admin, &request).await;
            assert_eq!((ids_of(&records), total.unwrap_or(1)), (vec![tag.as_i64().unwrap()], 1));
            let calls = proxy.take_calls();
            match version {
                Version::Odoo19 | Version::Odoo20 => {
                    assert_eq!(calls, [format!("{TAG}.web_search_read")], "{dialect:?}");
                }
                Version::Odoo14 => {
                    assert_eq!(calls[..2], [format!("{TAG}.search"), format!("{TAG}.read")], "{dialect:?}");
                    assert!(calls.len() == 2 || total.is_some(), "{dialect:?} {calls:?}");
                }
            }
        }
        gateway.stop().await;
    }
}

/// On Odoo 19 the context decides which method returns the list: `search_read` returns a many2one as a pair,
/// `web_search_read` as a record.
#[tokio::test]
async fn lists_are_the_same_bytes_whichever_method_of_odoo_returns_them() {
    let active = "[('active','=',True)]";
    for version in Version::each() {
        for (login, model, domain, fields) in [
            (
                "admin",
                "res.partner",
                active,
                "name,country_id,parent_id,company_id,user_id,create_uid,create_date,ref,color,active,type,comment",
            ),
            ("internal", "res.partner", active, "name,country_id,parent_id,user_id,create_uid,write_date"),
            ("internal", "res.users", active, "login,partner_id,company_id"),
            ("internal", "res.country", "[]", "name,code,currency_id,phone_code"),
            ("admin", "ir.model.access", active, "name,model_id,group_id,perm_read"),
            ("admin", "mail.message", "[('model','=','res.partner')]", "subject,body,date,author_id,res_id,subtype_id"),
        ] {
            let client = user(version, login);
            for path in [
                format!("/restapi/1.0/object/{model}"),
                format!("/api/{model}/search"),
                format!("/restful/api/v1/{model}"),
            ] {
                let query = [("domain", domain), ("fields", fields), ("order", "id"), ("limit", "20")];
                let plain = client.get(&path, &query).await;
                plain.ok();
                let query: Vec<(&str, &str)> = query.into_iter().chain([("context", ARCHIVED)]).collect();
                assert_eq!(client.get(&path, &query).await.text, plain.text, "{version:?} {login} {path}");
            }
        }
    }
}

/// Odoo's `web_search_read` fails if it cannot name a related record, which `search_read` returns as `False`.
#[tokio::test]
async fn a_page_with_a_relation_to_a_missing_record_is_returned_and_counted() {
    const MISSING: &str = "warning -- MissingError\n\nRecord does not exist or has been deleted.\n\
                           (Record: res.country(7,), User: 2)";
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let admin = gateway.client().with_password("admin", PASSWORD);
    let query = [("query", "{id, name}"), ("order", "id"), ("page_size", "1")];
    let page = admin.get("/api/v1/res.partner", &query).await.ok()["data"].clone();
    assert_eq!(page["records"], json!([{"id": 1, "name": "Azure"}]));
    stub.when("res.partner.web_search_read", StubReply::fault(MISSING, ""));
    let before = stub.calls().len();
    assert_eq!(admin.get("/api/v1/res.partner", &query).await.ok()["data"], page);
    let methods = ["web_search_read", "search_read", "search_count"];
    assert_eq!(stub.calls().split_off(before), methods.map(|method| format!("res.partner.{method}")));
}
