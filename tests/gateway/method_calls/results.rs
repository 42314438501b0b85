//! A method that ran is answered 200, whatever its result is.

use serde_json::json;

use super::{PARTNER, Way, by, call, in_every_dialect};
use crate::support::{Version, unique};

#[tokio::test]
async fn a_result_that_xml_rpc_cannot_carry_is_null_and_says_that_the_method_ran() {
    for version in Version::BOTH {
        let (_counting, _gateway, admin) = by(Way::Xml, version).await;
        let answers = in_every_dialect(&admin, PARTNER, "get_external_id", &json!([[1]]), &json!({})).await;
        for answer in &answers {
            assert_eq!(answer.header("x-result-omitted"), "not-representable", "{}", answer.text);
        }
        let [restapi, api, api_v1, restful] = answers.as_slice() else { panic!("four dialects") };
        assert_eq!(restapi.ok(), json!({"return": null}));
        assert_eq!(api.ok(), json!(null));
        assert_eq!(restful.ok(), json!(null));
        let body = api_v1.ok();
        assert_eq!((&body["success"], &body["data"]), (&json!(true), &json!(null)));
        assert_eq!(body["message"], "The method ran and its changes are kept, but its result cannot be sent");
    }
}

#[tokio::test]
async fn none_itself_is_null_without_more_words() {
    for version in Version::BOTH {
        for way in Way::BOTH {
            let (_counting, _gateway, admin) = by(way, version).await;
            let id = super::new_partner(&admin, &unique("none")).await;
            for answer in in_every_dialect(&admin, PARTNER, "action_archive", &json!([[id]]), &json!({})).await {
                answer.ok();
                assert_eq!(answer.header("x-result-omitted"), "", "{version:?} {way:?} {}", answer.text);
                assert!(!answer.text.contains("cannot be sent"), "{}", answer.text);
            }
        }
    }
}

/// A customer without payment terms: `create_invoices` answers an action with `None` in it.
#[tokio::test]
async fn an_invoice_that_was_made_is_answered_though_a_none_stands_inside() {
    let (_counting, _gateway, admin) = by(Way::Json, Version::Odoo19).await;
    let (_xml, _gateway_xml, by_xml) = by(Way::Xml, Version::Odoo19).await;
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
        let made = call(client, "sale.advance.payment.inv", "create_invoices", &json!([[wizard]]), &json!({})).await;
        let invoices = client.get(&format!("/api/sale.order/{order}"), &[("fields", "invoice_ids")]).await.ok();
        let invoice = invoices["invoice_ids"][0].as_i64().expect("an invoice was made");
        if made.header("x-result-omitted").is_empty() {
            assert_eq!(made.ok()["return"]["res_id"], invoice);
        } else {
            assert_eq!((made.ok(), made.header("x-result-omitted")), (json!({"return": null}), omitted));
        }
    }
}
