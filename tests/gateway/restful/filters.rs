//! Parameters named after fields: the values are converted by the field's type, and all filters must match.

use serde_json::{Value, json};

use super::{PARTNERS, TAGS, admin, create, new_tag, patch, unique};
use crate::support::{Client, Version};

/// The ids of the matching records.
async fn found(client: &Client, path: &str, query: &[(&str, &str)]) -> Vec<i64> {
    let records = client.get(path, query).await.ok();
    records.as_array().unwrap().iter().map(|record| record["id"].as_i64().unwrap()).collect()
}

/// Creates three partners with a common name prefix, one after the other.
async fn three_partners(client: &Client) -> (String, [i64; 3]) {
    let name = unique("filtered");
    let belgium = create(client, PARTNERS, json!({"name": format!("{name} a"), "country_id": 20, "color": 3})).await;
    let values = json!({"name": format!("{name} b"), "country_id": 21, "is_company": true, "type": "invoice"});
    let other = create(client, PARTNERS, values).await;
    // Not of the type `contact`, so that Odoo does not copy the parent's address.
    let none =
        create(client, PARTNERS, json!({"name": format!("{name} c"), "parent_id": other, "type": "other"})).await;
    (name, [belgium, other, none])
}

#[tokio::test]
async fn filter_tests_equality_by_field_type() {
    for version in Version::each() {
        let client = admin(version);
        let (name, [a, b, c]) = three_partners(&client).await;
        let domain = format!("[('id','in',[{a},{b},{c}])]");
        let (a_text, b_text) = (a.to_string(), b.to_string());
        let second = format!("{name} b");
        for (filters, expected) in [
            (vec![], vec![a, b, c]),
            (vec![("name", second.as_str())], vec![b]),
            (vec![("country_id", "20")], vec![a]),
            (vec![("country_id", "")], vec![c]),
            (vec![("country_id", "20"), ("country_id", "21")], vec![a, b]),
            (vec![("country_id", ""), ("country_id", "21")], vec![b, c]),
            (vec![("parent_id", &b_text)], vec![c]),
            (vec![("child_ids", "")], vec![a, c]),
            (vec![("is_company", "true")], vec![b]),
            (vec![("is_company", "0")], vec![a, c]),
            (vec![("is_company", "")], vec![a, c]),
            (vec![("type", "invoice")], vec![b]),
            (vec![("color", "3")], vec![a]),
            (vec![("color", "3"), ("is_company", "True")], vec![]),
            (vec![("id", &a_text), ("id", &b_text)], vec![a, b]),
            (vec![("id_start", &b_text)], vec![b, c]),
            (vec![("id_start", &b_text), ("id_end", &b_text)], vec![b]),
            (vec![("create_date_start", "2020-01-01T00:00:00Z")], vec![a, b, c]),
            (vec![("create_date_start", "2020-01-01"), ("create_date_end", "2020-12-31")], vec![]),
            (vec![("create_date_start", "2090-01-01 00:00:00+02:00")], vec![]),
            (vec![("city", "")], vec![]),
        ] {
            let query: Vec<_> = [("domain", domain.as_str()), ("order", "id"), ("fields", "id")]
                .into_iter()
                .chain(filters.clone())
                .collect();
            let got = found(&client, PARTNERS, &query).await;
            // Odoo 14 to 17 distinguish an empty text from an empty field; 18 and later do not.
            if filters == [("city", "")] {
                assert!(got.is_empty() || version == Version::Odoo19, "{got:?}");
            } else {
                assert_eq!(got, expected, "{version:?} {filters:?}");
            }
        }
    }
}

#[tokio::test]
async fn date_without_time_as_an_end_is_the_end_of_that_day() {
    for version in Version::each() {
        let client = admin(version);
        let id = new_tag(version, &unique("today")).await;
        let read = patch(&client, &format!("{TAGS}/{id}/read"), &json!({"fields": ["create_date"]})).await.ok();
        let created = read[0]["create_date"].as_str().unwrap();
        let (day, id) = (created.split(' ').next().unwrap(), id.to_string());
        for (start, end, hits) in
            [(day, day, 1), (created, created, 1), (created, "2099-01-01", 1), ("2099-01-01", "2099-01-01", 0)]
        {
            let query = [("id", id.as_str()), ("create_date_start", start), ("create_date_end", end)];
            assert_eq!(found(&client, TAGS, &query).await.len(), hits, "{version:?} {start} {end}");
        }
    }
}

#[tokio::test]
async fn filters_combine_with_domain_paging_and_order() {
    for version in Version::each() {
        let client = admin(version);
        let (_, [a, b, c]) = three_partners(&client).await;
        let domain = format!("['|',('id','=',{a}),('id','in',[{b},{c}])]");
        let query = |more: &[(&'static str, &'static str)]| {
            let mut query = vec![("domain", domain.clone()), ("fields", "id".to_owned())];
            query.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
            query
        };
        for (more, expected) in [
            (&[("order", "id desc"), ("is_company", "false")][..], vec![c, a]),
            (&[("order", "id desc"), ("is_company", "false"), ("limit", "1")], vec![c]),
            (&[("order", "id desc"), ("is_company", "false"), ("limit", "1"), ("offset", "1")], vec![a]),
        ] {
            let query = query(more);
            let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(found(&client, PARTNERS, &query).await, expected, "{more:?}");
        }
    }
}

#[tokio::test]
async fn invalid_filter_is_rejected_with_its_name_and_a_hint() {
    for version in Version::each() {
        let client = admin(version);
        for (query, code, parameter) in [
            (vec![("nmae", "x")], "unknown_field", "nmae"),
            (vec![("crate_date_start", "2020-01-01")], "unknown_field", "crate_date_start"),
            (vec![("access_token", "x")], "unknown_field", "access_token"),
            (vec![("country_id.code", "BE")], "unknown_field", "country_id.code"),
            (vec![("color", "red")], "invalid_value", "color"),
            (vec![("is_company", "maybe")], "invalid_value", "is_company"),
            (vec![("country_id", "Belgium")], "invalid_value", "country_id"),
            (vec![("type", "zzz")], "invalid_value", "type"),
            (vec![("create_date_end", "2026-02-30")], "invalid_value", "create_date_end"),
            (
                vec![("create_date_end", "2026-01-01"), ("create_date_end", "2026-01-02")],
                "repeated_parameter",
                "create_date_end",
            ),
            (vec![("is_company_start", "1")], "invalid_value", "is_company_start"),
            (vec![("limit", "5"), ("limit", "6")], "repeated_parameter", "limit"),
            (vec![("domain", "[]"), ("domain", "[]")], "repeated_parameter", "domain"),
            (vec![("limit", "0")], "invalid_parameter", "limit"),
            (vec![("offset", "-1")], "invalid_parameter", "offset"),
            (vec![("order", "nmae")], "unknown_field", "order"),
            (vec![("fields", "nmae")], "unknown_field", "nmae"),
            (vec![("domain", "[('nmae','=',1)]")], "unknown_field", "domain[0][0]"),
        ] {
            let problem = client.get(PARTNERS, &query).await.problem(400, code);
            assert_eq!(problem["parameter"], parameter, "{problem:#}");
        }
        let problem = client.get(PARTNERS, &[("nmae", "x")]).await.json();
        assert_eq!(problem["hint"], "Did you mean name?");
        assert!(problem["detail"].as_str().unwrap().contains("no field nmae"));
    }
}

#[tokio::test]
async fn reserved_parameters_are_not_filters_even_if_a_field_has_the_name() {
    let client = crate::support::Gateway::shared().client().on(Version::Odoo19).as_user("admin");
    // ir.filters has the fields `domain`, `context` and `name`.
    let path = "/restful/api/v1/ir.filters";
    let all = client.get(path, &[("domain", "[]"), ("context", "{'tz': 'UTC'}")]).await.ok();
    assert!(all.is_array());
    client.get(path, &[("context", "no literal")]).await.problem(400, "invalid_literal");
    let name = unique("filter");
    let values = json!({"name": name, "model_id": "res.partner", "context": "{'a': 1}", "domain": "[]"});
    let made = client.post(path, &values).await.ok();
    assert_eq!((&made["context"], &made["domain"]), (&json!("{'a': 1}"), &json!("[]")), "a body is the record");
    let named = client.get(path, &[("name", &name), ("fields", "context")]).await.ok();
    assert_eq!(named, json!([{"context": "{'a': 1}"}]));
    let gone = client.delete(&format!("{path}/{}", made["id"]), &[]).await.ok();
    assert_eq!(gone, Value::from(format!("record {} has been successfully deleted", made["id"])));
}
