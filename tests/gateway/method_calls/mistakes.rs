//! The caller's mistakes in a call are 400 and 422, told in words that help; 502 is left for Odoo's own failures.

use serde_json::{Value, json};

use super::{PARTNER, Way, by, in_every_dialect, new_partner};
use crate::support::{Answer, Version, unique};

/// Everything that may never be told.
fn shows_nothing_inside(answer: &Answer) {
    for inside in ["Traceback", "odoo.addons", "psycopg2", ".py", "SELECT ", "LINE 1", "/usr/", "<class"] {
        assert!(!answer.text.contains(inside), "{inside}: {}", answer.text);
    }
}

fn words(answer: &Answer) -> String {
    let body = answer.json();
    let error = &body["error"];
    let texts =
        [&body["detail"], &body["hint"], &body["message"], &error["message"], &error["details"], &error["hint"]];
    texts.iter().map(|text| text.to_string()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_method_of_records_without_ids_asks_for_them_with_an_example() {
    for version in Version::BOTH {
        for way in Way::BOTH {
            let (_counting, _gateway, admin) = by(way, version).await;
            for (method, kwargs) in [
                ("action_confirm", json!({})),
                ("action_confirm", json!({"ids": [1]})),
                ("message_post", json!({"body": "x"})),
                ("write", json!({"vals": {"note": "x"}})),
                ("unlink", json!({})),
                ("copy", json!({})),
            ] {
                let answers = in_every_dialect(&admin, "sale.order", method, &json!([]), &kwargs).await;
                let examples = [
                    format!("POST /restapi/1.0/object/sale.order/7/{method}"),
                    format!("{{\\\"method\\\": \\\"{method}\\\", \\\"args\\\": [[7]]}}"),
                    format!("POST /api/v1/object/sale.order/7/{method}"),
                ];
                for (answer, example) in answers.iter().zip(examples) {
                    assert_eq!(answer.status, 400, "{version:?} {way:?} {method}: {}", answer.text);
                    let words = words(answer);
                    assert!(words.contains("no ids are given") && words.contains(&example), "{example}: {words}");
                    shows_nothing_inside(answer);
                }
            }
        }
    }
}

#[tokio::test]
async fn arguments_that_the_method_does_not_take_are_400_and_named() {
    for version in Version::BOTH {
        for way in Way::BOTH {
            let (_counting, _gateway, admin) = by(way, version).await;
            for (method, args, kwargs, named) in [
                ("name_search", json!([]), json!({"nope": 1}), "'nope'"),
                ("message_subscribe", json!([[1]]), json!({"nope": 1}), "'nope'"),
                ("message_subscribe", json!([[1], [1], [1], [1], [1]]), json!({}), "positional argument"),
                ("create", json!([]), json!({"vals_list": [{"name": "x"}]}), "first argument"),
                ("write", json!([{"name": "x"}]), json!({}), "list of ids"),
                ("write", json!([[1]]), json!({}), "argument"),
            ] {
                for answer in in_every_dialect(&admin, PARTNER, method, &args, &kwargs).await {
                    assert_eq!(answer.status, 400, "{version:?} {way:?} {method} {args} {kwargs}: {}", answer.text);
                    assert!(words(&answer).contains(named), "{named}: {}", answer.text);
                    shows_nothing_inside(&answer);
                }
            }
        }
    }
}

/// What a method's own code says of what it was given.
fn complaints(version: Version, id: i64) -> Vec<(&'static str, &'static str, Value, Value)> {
    let mut complaints = vec![
        (PARTNER, "message_post", json!([[id]]), json!({"partner_ids": "x"})),
        (PARTNER, "message_post", json!([[id]]), json!({"message_type": "x", "attachments": [1]})),
    ];
    if version == Version::Odoo19 {
        complaints.push(("ir.sequence", "next_by_code", json!([{"a": 1}]), json!({})));
        complaints.push((PARTNER, "message_post", json!([[id]]), json!({"bodyy": "x"})));
    }
    complaints
}

#[tokio::test]
async fn what_a_method_says_of_its_arguments_is_a_refusal_with_its_text() {
    for version in Version::BOTH {
        for way in Way::BOTH {
            let (_counting, _gateway, admin) = by(way, version).await;
            let id = new_partner(&admin, &unique("complains")).await;
            for (model, method, args, kwargs) in complaints(version, id) {
                let answers = in_every_dialect(&admin, model, method, &args, &kwargs).await;
                for answer in &answers {
                    assert!(
                        matches!(answer.status, 400 | 422),
                        "{version:?} {way:?} {method} {args} {kwargs}: {}",
                        answer.text
                    );
                    shows_nothing_inside(answer);
                }
                let [restapi, api, api_v1, ..] = answers.as_slice() else { panic!("three dialects") };
                assert_eq!(restapi.status, api.status, "{}", restapi.text);
                assert_eq!(api_v1.status, 400, "api_v1 refuses values with 400: {}", api_v1.text);
            }
        }
    }
    let (_counting, _gateway, admin) = by(Way::Json, Version::Odoo19).await;
    let id = new_partner(&admin, &unique("complains")).await;
    let answers = in_every_dialect(&admin, PARTNER, "message_post", &json!([[id]]), &json!({"bodyy": "x"})).await;
    for answer in &answers {
        assert!(words(answer).contains("bodyy"), "{}", answer.text);
    }
    assert_eq!(answers[0].refused(422, "odoo_refused")["odoo"]["exception"], "ValueError");
}
