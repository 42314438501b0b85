//! Exports from real Odoos, with orders where many values are equal or empty: the pages together are the complete list.
//! Many fields make the pages short.

use serde_json::{Value, json};

use super::{NDJSON, PARTNERS, admin, create, lines};
use crate::support::recording_proxy::RecordingProxy;
use crate::support::{Gateway, Version, testbed, unique};

/// So many fields that a page contains only a few dozen records.
const MANY_FIELDS: &str = "name,ref,type,employee,parent_id,color,active,is_company,email,phone,street,street2,city,zip,\
    country_id,state_id,function,website,vat,lang,tz,comment,company_id,user_id,category_id,child_ids,bank_ids,\
    create_date,write_date,create_uid,write_uid,display_name,company_name,partner_latitude,partner_longitude,barcode,\
    commercial_partner_id,commercial_company_name,contact_address,industry_id,company_type,email_normalized,\
    partner_share,is_blacklisted,message_bounce,signup_type,credit_limit,debit,credit,currency_id";

const COUNT: usize = 230;

/// Creates partners with few different values. Returns their domain.
async fn create_partners(version: Version) -> String {
    let mark = unique("ordered");
    let parents = create(
        &admin(version),
        PARTNERS,
        &[json!({"name": format!("{mark} p")}), json!({"name": format!("{mark} q")})],
    )
    .await;
    let refs = [json!("b"), json!(""), json!(false), json!("B"), json!("é, \"x\""), json!("a")];
    let types = [json!("contact"), json!(false), json!("invoice")];
    let partner = |n: usize| {
        json!({
            "name": format!("{mark} {}", n % 3), "ref": refs[n * 7 % refs.len()], "type": types[n * 5 % types.len()],
            "employee": n.is_multiple_of(4), "color": n % 3, "parent_id": if n.is_multiple_of(3) { json!(false) } else { json!(parents[n % 2]) },
        })
    };
    let records: Vec<Value> = (2..COUNT).map(partner).collect();
    create(&admin(version), PARTNERS, &records).await;
    format!("[('name','like','{mark}')]")
}

async fn complete_list(version: Version, domain: &str, order: &str) -> Vec<Value> {
    let query = [("domain", domain), ("order", order)];
    let found = admin(version).get(&format!("{PARTNERS}/search"), &query).await.ok();
    found["Contact"].as_array().unwrap().clone()
}

async fn paged(version: Version, domain: &str, more: &[(&str, &str)]) -> Vec<Value> {
    let query = [&[("domain", domain), ("fields", MANY_FIELDS)], more].concat();
    let response = admin(version).with_header("Accept", NDJSON).get(PARTNERS, &query).await;
    assert_eq!(response.status, 200, "{}", response.text);
    lines(&response.text).iter().map(|record| record["id"].clone()).collect()
}

#[tokio::test]
async fn pages_together_are_the_complete_list() {
    for version in Version::each() {
        let domain = create_partners(version).await;
        let mut orders = vec![
            "id",
            "id desc",
            "ref",
            "ref desc",
            "ref desc, id desc",
            "type, ref desc",
            "employee desc, ref",
            "employee, type desc, id desc",
            "name, type, ref",
            "color, ref",
            "parent_id, ref",
            "create_date desc",
            "active, ref desc",
        ];
        if version == Version::Odoo19 {
            orders.extend([
                "ref nulls first",
                "ref desc nulls last, type desc",
                "parent_id.id desc, ref",
                "parent_id.id nulls first, id desc",
            ]);
        }
        for order in orders {
            let expected = complete_list(version, &domain, order).await;
            assert_eq!(expected.len(), COUNT);
            assert_eq!(paged(version, &domain, &[("order", order)]).await, expected, "{order}");
            let (offset, limit) = ("7", "180");
            let some = paged(version, &domain, &[("order", order), ("offset", offset), ("limit", limit)]).await;
            assert_eq!(some, expected[7..187], "{order}");
        }
        let by_id = complete_list(version, &domain, "id").await;
        assert_eq!(paged(version, &domain, &[]).await, by_id);
    }
}

#[tokio::test]
async fn each_page_is_one_call_and_an_order_without_a_key_adds_one_search() {
    for version in Version::each() {
        let domain = create_partners(version).await;
        let proxy = RecordingProxy::in_front_of(testbed().url(version)).await;
        let gateway = Gateway::start(&[
            ("ODOO_GATEWAY__ODOO__0__URL", &proxy.url()),
            ("ODOO_GATEWAY__ODOO__0__DATABASE", version.database()),
        ])
        .await;
        let client = gateway.client().as_user("admin").with_header("Accept", NDJSON);
        client.get(PARTNERS, &[("limit", "1")]).await;
        proxy.take_calls();
        for (order, first, page) in [("ref", "search_read", "search_read"), ("color", "search", "read")] {
            let query = [("domain", domain.as_str()), ("fields", MANY_FIELDS), ("order", order)];
            assert_eq!(lines(&client.get(PARTNERS, &query).await.text).len(), COUNT);
            let mut calls = proxy.take_calls();
            // The last page is shorter than requested: a count confirms that it is the last.
            if page == "search_read" {
                assert_eq!(calls.pop().unwrap(), "res.partner.search_count");
            }
            assert_eq!(calls[0], format!("res.partner.{first}"), "{order}");
            assert!(
                calls.len() > 1 && calls[1..].iter().all(|call| *call == format!("res.partner.{page}")),
                "{calls:?}"
            );
        }
    }
}

/// Odoo hides attachments of fields unless the domain contains the id, which keyset paging adds.
#[tokio::test]
async fn attachments_of_fields_stay_hidden_on_every_page() {
    const ATTACHMENTS: &str = "/restapi/1.0/object/ir.attachment";
    for version in Version::each() {
        let mark = unique("attached");
        let file = |n: u32| json!({"name": format!("{mark} {n}"), "type": "url", "url": "/x", "res_field": if n.is_multiple_of(2) { json!(false) } else { json!("image_1920") }});
        let files: Vec<Value> = (0..60).map(file).collect();
        create(&admin(version), ATTACHMENTS, &files).await;
        let domain = format!("[('name','like','{mark}')]");
        // A file that is requested by name makes pages of a few records.
        let query = [("domain", domain.as_str()), ("fields", "name,res_field,datas"), ("order", "id")];
        let paged = lines(&admin(version).with_header("Accept", NDJSON).get(ATTACHMENTS, &query).await.text);
        assert_eq!(paged.len(), 30);
        assert!(paged.iter().all(|record| record["res_field"] == json!(false)), "{paged:?}");
    }
}

#[tokio::test]
async fn archived_records_are_exported_only_on_request() {
    for version in Version::each() {
        let name = unique("archived");
        create(&admin(version), PARTNERS, &[json!({"name": name, "active": false}), json!({"name": name})]).await;
        let domain = format!("[('name','=','{name}')]");
        for order in ["id", "name", "active"] {
            assert_eq!(paged(version, &domain, &[("order", order)]).await.len(), 1, "{order}");
            let all = [("order", order), ("context", "{'active_test': False}")];
            assert_eq!(paged(version, &domain, &all).await.len(), 2, "{order}");
        }
    }
}
