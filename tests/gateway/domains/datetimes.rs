//! Datetimes in domains mean full seconds, and dates without a time mean days in UTC, on every version.

use serde_json::{Value, json};

use super::{admin, create, search};
use crate::support::{Version, unique};

const TAGS: &str = "res.partner.category";

async fn write_date(version: Version, id: i64) -> String {
    let read = admin(version).get(&format!("/restapi/1.0/object/{TAGS}/{id}"), &[("fields", "write_date")]).await.ok();
    read.as_object().unwrap().values().next().unwrap()["write_date"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn datetime_that_was_read_finds_the_record() {
    for version in Version::each() {
        let client = admin(version);
        let name = unique("moment");
        let id = create(&client, TAGS, json!({ "name": name })).await;
        let moment = write_date(version, id).await;
        let day = moment.split(' ').next().unwrap().to_owned();
        let zulu = format!("{}Z", moment.replace(' ', "T"));
        for (operator, value, found) in [
            ("=", json!(moment), true),
            ("=", json!(zulu), true),
            ("in", json!([moment, "2020-01-01 00:00:00"]), true),
            ("in", json!([day]), true),
            ("=", json!(day), true),
            (">", json!(moment), false),
            (">=", json!(moment), true),
            ("<", json!(moment), false),
            ("<=", json!(moment), true),
            ("<=", json!(day), true),
            (">", json!(day), false),
            ("!=", json!(moment), false),
            ("not in", json!([moment, false]), false),
            ("not in", json!(["2020-01-01 00:00:00"]), true),
            ("!=", json!(false), true),
            ("=?", json!(false), true),
        ] {
            let hits = search(&client, TAGS, &json!([["id", "=", id], ["write_date", operator, value]])).await;
            assert_eq!(hits.len() == 1, found, "{version:?} {operator} {value}");
            let negated = json!(["&", ["id", "=", id], "!", ["write_date", operator, value]]);
            assert_eq!(search(&client, TAGS, &negated).await.len() == 1, !found, "{version:?} not {operator} {value}");
        }
        // In a relation to many records, both bounds apply to the same record.
        let partner = create(&client, "res.partner", json!({"name": name, "category_id": [[6, 0, [id]]]})).await;
        for (value, found) in [(&*moment, true), (&*day, true), ("2020-01-01 00:00:00", false)] {
            let domain = json!([["id", "=", partner], ["category_id.write_date", "=", value]]);
            assert_eq!(search(&client, "res.partner", &domain).await.len() == 1, found, "{version:?} {value}");
        }
    }
}

#[tokio::test]
async fn polling_by_write_date_ends() {
    for version in Version::each() {
        let client = admin(version);
        let word = unique("polled");
        for n in 0..3 {
            create(&client, TAGS, json!({"name": format!("{word} {n}")})).await;
        }
        let (mut last, mut seen) = ("2000-01-01 00:00:00".to_owned(), 0);
        for _ in 0..5 {
            let domain = json!([["name", "like", word], ["write_date", ">", last]]).to_string();
            let query = [("domain", &*domain), ("fields", "write_date"), ("order", "write_date")];
            let response = client.get(&format!("/api/{TAGS}/search"), &query).await.ok();
            let records = response.as_array().unwrap();
            let Some(newest) = records.last() else { break };
            seen += records.len();
            last = newest["write_date"].as_str().unwrap().to_owned();
        }
        assert_eq!(seen, 3, "{version:?}");
    }
}

#[tokio::test]
async fn date_without_time_is_a_day_in_utc_in_every_time_zone() {
    for version in Version::each() {
        let client = admin(version).with_header("X-Odoo-Tz", "Pacific/Auckland");
        let id = create(&client, TAGS, json!({"name": unique("day")})).await;
        let moment = write_date(version, id).await;
        let day = moment.split(' ').next().unwrap();
        for (operator, found) in [("=", true), (">=", true), ("<=", true), (">", false), ("<", false)] {
            let domain = json!([["id", "=", id], ["write_date", operator, day]]);
            assert_eq!(search(&client, TAGS, &domain).await.len() == 1, found, "{version:?} {operator} {day}");
        }
    }
}

#[tokio::test]
async fn fractional_seconds_are_compared_exactly_if_odoo_stores_them() {
    let client = admin(Version::Odoo14);
    let id = create(&client, TAGS, json!({"name": unique("fraction")})).await;
    let moment = write_date(Version::Odoo14, id).await;
    let found = async |operator: &str, fraction: &str| {
        let value = Value::from(format!("{moment}.{fraction}"));
        search(&client, TAGS, &json!([["id", "=", id], ["write_date", operator, value]])).await.len()
    };
    assert_eq!((found(">=", "000000").await, found("<=", "999999").await), (1, 1));
    assert_eq!(found("<", "000000").await, 0);
}
