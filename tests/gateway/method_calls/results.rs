//! A method that ran returns 200, whatever its result is.

use serde_json::json;

use super::{PARTNER, Transport, call, call_in_every_dialect, gateway_with};
use crate::support::{Version, unique};

#[tokio::test]
async fn result_that_xml_rpc_cannot_represent_is_null_with_a_header() {
    for version in Version::each() {
        let (_proxy, _gateway, admin) = gateway_with(Transport::Xml, version).await;
        let responses = call_in_every_dialect(&admin, PARTNER, "get_external_id", &json!([[1]]), &json!({})).await;
        for response in &responses {
            assert_eq!(response.header("x-result-omitted"), "not-representable", "{}", response.text);
        }
        let [restapi, api, api_v1, restful] = responses.as_slice() else { panic!("four dialects") };
        assert_eq!(restapi.ok(), json!({"return": null}));
        assert_eq!(api.ok(), json!(null));
        assert_eq!(restful.ok(), json!(null));
        let body = api_v1.ok();
        assert_eq!((&body["success"], &body["data"]), (&json!(true), &json!(null)));
        assert_eq!(body["message"], "The method ran and its changes are saved, but Odoo cannot send its result");
    }
}

#[tokio::test]
async fn result_none_is_null_without_a_header() {
    for version in Version::each() {
        for transport in Transport::BOTH {
            let (_proxy, _gateway, admin) = gateway_with(transport, version).await;
            let id = super::new_partner(&admin, &unique("none")).await;
            for response in call_in_every_dialect(&admin, PARTNER, "action_archive", &json!([[id]]), &json!({})).await {
                response.ok();
                assert_eq!(response.header("x-result-omitted"), "", "{version:?} {transport:?} {}", response.text);
                assert!(!response.text.contains("cannot be sent"), "{}", response.text);
            }
        }
    }
}

/// The customer has no payment terms, so `create_invoices` returns an action that contains `None`.
#[tokio::test]
async fn invoice_is_created_although_the_result_contains_none() {
    let (_proxy, _gateway, admin) = gateway_with(Transport::Json, Version::Odoo19).await;
    let (_xml, _gateway_xml, by_xml) = gateway_with(Transport::Xml, Version::Odoo19).await;
    for (client, omitted) in [(&admin, ""), (&by_xml, "not-representable")] {
        let partner = super::new_partner(client, &unique("without terms")).await;
        let products = client
            .get(
                "/api/product.product/search",
                &[("domain", "[('sale_ok','=',True),('type','=','service')]"), ("fields", "id"), ("limit", "1")],
            )
            .await
            .ok();
        let line = json!([0, 0, {"product_id": products[0]["id"], "product_uom_qty": 1, "qty_delivered": 1}]);
        let order = json!({"partner_id": partner, "order_line": [line]});
        let order = client.post("/api/sale.order/create", &order).await.ok()["id"].as_i64().unwrap();
        call(client, "sale.order", "action_confirm", &json!([[order]]), &json!({})).await.ok();
        let wizard = json!({"advance_payment_method": "percentage", "amount": 50, "sale_order_ids": [[6, 0, [order]]]});
        let wizard = client.post("/api/sale.advance.payment.inv/create", &wizard).await.ok()["id"].clone();
        let created = call(client, "sale.advance.payment.inv", "create_invoices", &json!([[wizard]]), &json!({})).await;
        let invoices = client.get(&format!("/api/sale.order/{order}"), &[("fields", "invoice_ids")]).await.ok();
        let invoice = invoices["invoice_ids"][0].as_i64().expect("an invoice was created");
        if created.header("x-result-omitted").is_empty() {
            assert_eq!(created.ok()["return"]["res_id"], invoice);
        } else {
            assert_eq!((created.ok(), created.header("x-result-omitted")), (json!({"return": null}), omitted));
        }
    }
}
