//! Lists, records, counts, and descriptions.

use serde_json::json;

use super::{Pair, Request, get, post};

/// Models with fields of every type.
const MODELS: [&str; 8] = [
    "res.partner",
    "res.users",
    "res.country",
    "product.template",
    "sale.order",
    "sale.order.line",
    "ir.attachment",
    "mail.message",
];

/// Requests for all fields, which contain values of every type.
fn reads_of_all_fields() -> Vec<Request> {
    let reads = |model: &str| {
        [
            get(format!("/restapi/1.0/object/{model}?limit=5&order=id")),
            get(format!("/api/{model}/search?limit=5&order=id")),
            get(format!("/restful/api/v1/{model}?limit=5&order=id")),
            get(format!("/api/v1/{model}?limit=5&order=id")),
            get(format!("/restapi/1.0/object/{model}/search_count")),
        ]
    };
    MODELS.iter().flat_map(|model| reads(model)).collect()
}

fn other_reads() -> Vec<Request> {
    let selected = "%7Bname,order_line%7Bname,product_id%7Bname,list_price%7D%7D,partner_id%7Bname,country_id%7D%7D";
    vec![
        get("/restapi/1.0/object/res.partner/1"),
        get("/restapi/1.0/object/res.partner/1?fields=name,image_128,category_id"),
        get("/restapi/1.0/object/res.partner?domain=[('is_company','=',True)]&fields=name,child_ids&order=name desc"),
        get("/restapi/1.0/object/res.partner/fields_get"),
        get("/restapi/1.0/object/sale.order/fields_get?attributes=type,string,selection"),
        get("/restapi/1.0/object/res.partner/check_access_rights?operation=unlink"),
        get("/api/res.partner/schema"),
        get("/api/res.partner/record_count?domain=[('active','=',False)]"),
        get("/api/res.country/search?fields=name,currency_id.name&offset=10&limit=3&order=code"),
        get(format!("/api/v1/sale.order?query={selected}&order=id&limit=3")),
        get("/api/v1/res.partner?filter=[('country_id.code','=','US')]&query=%7Bname,country_id%7D&order=id"),
        get("/api/v1/res.partner/fields"),
        get("/restful/api/v1/res.partner/1"),
        get("/restapi/1.0/object/ir.model/search?domain=[('model','like','sale')]"),
        get("/restapi/1.0/object/res.lang"),
        post("/api/v1/res.partner/search", json!({"filter": [["id", "<", 20]], "query": "{name}", "order": "id"})),
    ]
}

#[tokio::test]
async fn reads_give_the_same_responses() {
    let pair = Pair::start().await;
    let (all_fields, others) = (reads_of_all_fields(), other_reads());
    for login in ["admin", "internal", "salesman", "portal"] {
        if matches!(login, "admin" | "salesman") {
            pair.assert_same(login, &all_fields).await;
        }
        pair.assert_same(login, &others).await;
    }
}
