//! The caller's errors in a call are 400 and 422 with a helpful message; 502 is only for Odoo's own failures.

use serde_json::{Value, json};

use super::{PARTNER, Transport, call_in_every_dialect, gateway_with, new_partner};
use crate::support::{Response, Version, unique};

/// Checks that the response contains nothing of Odoo's internals.
fn assert_clean(response: &Response) {
    for internal in ["Traceback", "odoo.addons", "psycopg2", ".py", "SELECT ", "LINE 1", "/usr/", "<class"] {
        assert!(!response.text.contains(internal), "{internal}: {}", response.text);
    }
}

fn message(response: &Response) -> String {
    let body = response.json();
    let error = &body["error"];
    let texts =
        [&body["detail"], &body["hint"], &body["message"], &error["message"], &error["details"], &error["hint"]];
    texts.iter().map(|text| text.to_string()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn record_method_without_ids_is_rejected_with_an_example() {
    for version in Version::each() {
        for transport in Transport::BOTH {
            let (_proxy, _gateway, admin) = gateway_with(transport, version).await;
            for (method, kwargs) in [
                ("action_confirm", json!({})),
                ("action_confirm", json!({"ids": [1]})),
                ("message_post", json!({"body": "x"})),
                ("write", json!({"vals": {"note": "x"}})),
                ("unlink", json!({})),
                ("copy", json!({})),
            ] {
                let responses = call_in_every_dialect(&admin, "sale.order", method, &json!([]), &kwargs).await;
                let examples = [
                    format!("POST /restapi/1.0/object/sale.order/7/{method}"),
                    format!("{{\\\"method\\\": \\\"{method}\\\", \\\"args\\\": [[7]]}}"),
                    format!("POST /api/v1/object/sale.order/7/{method}"),
                ];
                for (response, example) in responses.iter().zip(examples) {
                    assert_eq!(response.status, 400, "{version:?} {transport:?} {method}: {}", response.text);
                    let message = message(response);
                    assert!(message.contains("needs record ids") && message.contains(&example), "{example}: {message}");
                    assert_clean(response);
                }
            }
        }
    }
}

#[tokio::test]
async fn unknown_arguments_are_400_and_named() {
    for version in Version::each() {
        for transport in Transport::BOTH {
            let (_proxy, _gateway, admin) = gateway_with(transport, version).await;
            for (method, args, kwargs, named) in [
                ("name_search", json!([]), json!({"nope": 1}), "'nope'"),
                ("message_subscribe", json!([[1]]), json!({"nope": 1}), "'nope'"),
                ("message_subscribe", json!([[1], [1], [1], [1], [1]]), json!({}), "positional argument"),
                ("create", json!([]), json!({"vals_list": [{"name": "x"}]}), "first argument"),
                ("write", json!([{"name": "x"}]), json!({}), "list of ids"),
                ("write", json!([[1]]), json!({}), "argument"),
            ] {
                for response in call_in_every_dialect(&admin, PARTNER, method, &args, &kwargs).await {
                    assert_eq!(
                        response.status, 400,
                        "{version:?} {transport:?} {method} {args} {kwargs}: {}",
                        response.text
                    );
                    assert!(message(&response).contains(named), "{named}: {}", response.text);
                    assert_clean(&response);
                }
            }
        }
    }
}

/// Calls for which the method's own code raises an error about its arguments.
fn rejected_calls(version: Version, id: i64) -> Vec<(&'static str, &'static str, Value, Value)> {
    let mut rejected_calls = vec![
        (PARTNER, "message_post", json!([[id]]), json!({"partner_ids": "x"})),
        (PARTNER, "message_post", json!([[id]]), json!({"message_type": "x", "attachments": [1]})),
    ];
    if version == Version::Odoo19 {
        rejected_calls.push(("ir.sequence", "next_by_code", json!([{"a": 1}]), json!({})));
        rejected_calls.push((PARTNER, "message_post", json!([[id]]), json!({"bodyy": "x"})));
    }
    rejected_calls
}

#[tokio::test]
async fn error_raised_by_a_method_is_returned_with_its_message() {
    for version in Version::each() {
        for transport in Transport::BOTH {
            let (_proxy, _gateway, admin) = gateway_with(transport, version).await;
            let id = new_partner(&admin, &unique("complains")).await;
            for (model, method, args, kwargs) in rejected_calls(version, id) {
                let responses = call_in_every_dialect(&admin, model, method, &args, &kwargs).await;
                for response in &responses {
                    assert!(
                        matches!(response.status, 400 | 422),
                        "{version:?} {transport:?} {method} {args} {kwargs}: {}",
                        response.text
                    );
                    assert_clean(response);
                }
                let [restapi, api, api_v1, ..] = responses.as_slice() else { panic!("three dialects") };
                assert_eq!(restapi.status, api.status, "{}", restapi.text);
                assert_eq!(api_v1.status, 400, "api_v1 rejects values with 400: {}", api_v1.text);
            }
        }
    }
    let (_proxy, _gateway, admin) = gateway_with(Transport::Json, Version::Odoo19).await;
    let id = new_partner(&admin, &unique("complains")).await;
    let responses =
        call_in_every_dialect(&admin, PARTNER, "message_post", &json!([[id]]), &json!({"bodyy": "x"})).await;
    for response in &responses {
        assert!(message(response).contains("bodyy"), "{}", response.text);
    }
    assert_eq!(responses[0].problem(422, "odoo_refused")["odoo"]["exception"], "ValueError");
}
