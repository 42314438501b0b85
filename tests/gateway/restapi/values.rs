//! Values that Odoo would store as something else are rejected with the field's name; all others are returned as sent.

use serde_json::{Value, json};

use super::{PARTNERS, TAGS, admin, create, new_tag, unique};
use crate::support::Version;

#[tokio::test]
async fn value_of_the_wrong_type_is_rejected_and_nothing_is_written() {
    for version in Version::each() {
        let admin = admin(version);
        let id = create(&admin, PARTNERS, json!({"name": unique("typed"), "country_id": 21, "color": 2})).await;
        let path = format!("{PARTNERS}/{id}");
        let before = admin.get(&path, &[]).await.ok();
        for (field, wrong, expected) in [
            (
                "country_id",
                json!("Belgium"),
                "expected a record id, false, null or [id, name], found a string \"Belgium\"",
            ),
            ("country_id", json!(0), "expected a record id"),
            ("country_id", json!({"id": 21, "code": "BE"}), "expected a record id"),
            ("name", json!(["x"]), "expected a string"),
            ("name", json!("a\u{1}b"), "expected a string without control characters (it contains U+0001)"),
            ("name", json!("a\u{0}b"), "expected a string without control characters (it contains U+0000)"),
            ("active", json!("perhaps"), "expected true or false"),
            ("color", json!(1.5), "expected an integer"),
            ("color", json!("many"), "expected an integer"),
            (
                "color",
                json!(1_099_511_627_776_i64),
                "expected an integer from -2147483648 to 2147483647, found an integer 1099511627776",
            ),
            ("partner_latitude", json!("north"), "expected a number"),
            ("image_1920", json!("no base64!"), "expected base64"),
            ("type", json!("nowhere"), "expected one of "),
            ("category_id", json!("[1"), "expected ids, commands such as [4, id]"),
            ("category_id", json!([[9, 1]]), "expected a command"),
        ] {
            let problem = admin.put(&path, &json!({"vals": {"ref": "hit", (field): wrong}})).await;
            let problem = problem.problem(400, "invalid_value");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.starts_with(&format!("vals.{field}")) && detail.contains(expected), "{field}: {detail}");
        }
        assert_eq!(admin.get(&path, &[]).await.ok(), before);
    }
}

#[tokio::test]
async fn unknown_field_is_rejected_before_anything_is_written() {
    for version in Version::each() {
        let admin = admin(version);
        let id = new_tag(version, "kept").await;
        for vals in [json!({"name": "hit", "nmae": "x"}), json!({"name": "hit", "_name": "x"})] {
            let problem = admin.put(&format!("{TAGS}/{id}"), &json!({"vals": vals})).await;
            assert_eq!(problem.problem(400, "unknown_field")["hint"], "Did you mean name?");
        }
        let tag = admin.get(&format!("{TAGS}/{id}"), &[("fields", "name")]).await.ok();
        assert_eq!(tag["Partner Tags"]["name"], "kept");
    }
}

#[tokio::test]
async fn body_with_unsupported_values_is_rejected() {
    for version in Version::each() {
        let path = format!("{TAGS}/1");
        for vals in [
            "{'color': 18446744073709551616}",
            "{'color': NaN}",
            "{'name': '\\ud800'}",
            "{'name': b'\\xff'}",
            "{1: 'x'}",
            "{'name': f'x'}",
            "{'name': 'a' + 'b'}",
            "{'name'}",
        ] {
            let problem = admin(version).put_query(&path, &[("vals", vals)]).await.problem(400, "invalid_literal");
            assert_eq!(problem["parameter"], "vals", "{vals}");
        }
    }
}

#[tokio::test]
async fn texts_are_returned_as_sent() {
    for version in Version::each() {
        let admin = admin(version);
        let id = new_tag(version, "text").await;
        let path = format!("{TAGS}/{id}");
        for text in [
            "🦀 crab \u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
            "line\r\nline\nline\rline\ttab",
            "<b>&amp; \"quoted\" 'quoted' ]]> </string>",
            "Ärger, 北京, עברית, \u{fdd0}\u{10ffff}",
            "%(name)s {name} ${name} \\n \\",
        ] {
            let written = admin.put(&path, &json!({"vals": {"name": text}})).await.ok();
            assert_eq!(written["Partner Tags"]["name"], Value::from(text));
            let read = admin.get(&path, &[("fields", "name")]).await.ok();
            assert_eq!(read["Partner Tags"]["name"], Value::from(text));
            let domain = json!([["id", "=", id], ["name", "=", text]]).to_string();
            let found = admin.get(&format!("{TAGS}/search"), &[("domain", &domain)]).await.ok();
            assert_eq!(found, json!({"Partner Tags": [id]}), "{text:?}");
        }
    }
}

#[tokio::test]
async fn numbers_dates_and_empty_values_are_returned_in_odoos_format() {
    for version in Version::each() {
        let admin = admin(version);
        let id = create(&admin, PARTNERS, json!({"name": unique("forms"), "ref": "x", "country_id": 21})).await;
        let path = format!("{PARTNERS}/{id}");
        for (field, sent, kept) in [
            ("color", json!(-2_147_483_648_i64), json!(-2_147_483_648_i64)),
            ("color", json!("7"), json!(7)),
            ("color", json!(null), json!(0)),
            ("partner_latitude", json!(50.846_5), json!(50.846_5)),
            ("partner_latitude", json!(3), json!(3.0)),
            ("active", json!(1), json!(true)),
            ("ref", json!(""), json!("")),
            ("ref", json!(null), json!(false)),
            ("country_id", json!([21, "whatever"]), json!(21)),
            ("country_id", json!(false), json!(false)),
        ] {
            let written = admin.put(&path, &json!({"vals": {(field): sent}})).await.ok();
            let found = &written["Contact"][field];
            let found = found.get(0).filter(|_| kept != json!(false)).unwrap_or(found);
            assert_eq!(*found, kept, "{field} {sent}");
        }
    }
}

#[tokio::test]
async fn dates_are_accepted_in_every_common_format_and_stored_in_utc() {
    for version in Version::each() {
        let admin = admin(version).with_header("X-Odoo-Tz", "Asia/Tokyo");
        let customer = json!({"partner_id": 1});
        let id = create(&admin, super::ORDERS, customer).await;
        let path = format!("{}/{id}", super::ORDERS);
        for (sent, kept) in [
            ("2026-01-31 10:00:00", "2026-01-31 10:00:00"),
            ("2026-01-31T10:00:00", "2026-01-31 10:00:00"),
            ("2026-01-31T10:00:00Z", "2026-01-31 10:00:00"),
            ("2026-01-31T10:00:00.999+02:00", "2026-01-31 08:00:00"),
            ("2026-01-31T10:00:00 02:00", "2026-01-31 08:00:00"),
            ("2026-01-31", "2026-01-31 00:00:00"),
        ] {
            let written = admin.put(&path, &json!({"vals": {"date_order": sent}})).await.ok();
            assert_eq!(written["Sales Order"]["date_order"], kept, "{sent}");
            let cut = admin.put(&path, &json!({"vals": {"validity_date": sent}})).await.ok();
            assert_eq!(cut["Sales Order"]["validity_date"], "2026-01-31", "{sent}");
        }
        admin.put(&path, &json!({"vals": {"date_order": "2026-01-31 08:00:00"}})).await.ok();
        for moment in
            ["2026-01-31 08:00:00", "2026-01-31T08:00:00Z", "2026-01-31T10:00:00+02:00", "2026-01-31T03:00-0500"]
        {
            let domain = json!([["id", "=", id], ["date_order", "=", moment]]).to_string();
            let found = admin.get(&format!("{}/search", super::ORDERS), &[("domain", &domain)]).await.ok();
            assert_eq!(found, json!({"Sales Order": [id]}), "domains and values parse {moment} the same way");
        }
        for wrong in ["2026-02-30 10:00:00", "2026-01-31 25:00:00", "31.01.2026", "now"] {
            let problem = admin.put(&path, &json!({"vals": {"date_order": wrong}})).await;
            assert_eq!(problem.problem(400, "invalid_value")["parameter"], "vals.date_order", "{wrong}");
        }
    }
}
