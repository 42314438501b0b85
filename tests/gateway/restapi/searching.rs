//! `search`, `search_count` and `count=True`: domains, limits and offsets, orders.

use serde_json::{Value, json};

use super::{PARTNERS, TAGS, admin, create, new_tag, unique};
use crate::support::Version;

/// The domain of the tags with this name.
fn named(name: &str) -> String {
    format!("[('name','=','{name}')]")
}

#[tokio::test]
async fn ids_are_found_and_counted() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("searched"));
        let ids = [new_tag(version, &name).await, new_tag(version, &name).await, new_tag(version, &name).await];
        let (search, domain) = (format!("{TAGS}/search"), named(&name));
        let found = admin.get(&search, &[("domain", &domain), ("order", "id")]).await.ok();
        assert_eq!(found, json!({"Partner Tags": ids}));
        let slice = [("domain", domain.as_str()), ("order", "id desc"), ("offset", "1"), ("limit", "1")];
        assert_eq!(admin.get(&search, &slice).await.ok(), json!({"Partner Tags": [ids[1]]}));
        let beyond = [("domain", domain.as_str()), ("offset", "2147483647")];
        assert_eq!(admin.get(&search, &beyond).await.ok(), json!({"Partner Tags": []}));
        let count = admin.get(&format!("{TAGS}/search_count"), &[("domain", &domain)]).await.ok();
        assert_eq!(count, json!({"count": 3}));
    }
}

#[tokio::test]
async fn count_ignores_offset_and_limit() {
    for version in Version::each() {
        let name = unique("counted");
        new_tag(version, &name).await;
        new_tag(version, &name).await;
        let domain = named(&name);
        for path in [format!("{TAGS}/search"), format!("{TAGS}/"), TAGS.to_owned()] {
            for yes in ["True", "true", "1"] {
                let query = [("domain", domain.as_str()), ("count", yes), ("limit", "1"), ("offset", "5")];
                assert_eq!(admin(version).get(&path, &query).await.ok(), json!({"count": 2}));
            }
        }
        let query = [("domain", domain.as_str()), ("count", "False"), ("limit", "1")];
        let found = admin(version).get(&format!("{TAGS}/search"), &query).await.ok();
        assert_eq!(found["Partner Tags"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn request_without_a_domain_matches_all_records() {
    for version in Version::each() {
        let count = format!("{}/search_count", "/restapi/1.0/object/res.lang");
        let all = admin(version).get(&count, &[]).await.ok();
        assert_eq!(all, json!({"count": 2}));
        for none in ["", "[]", "()"] {
            assert_eq!(admin(version).get(&count, &[("domain", none)]).await.ok(), all);
        }
    }
}

#[tokio::test]
async fn domains_are_python_or_json_with_every_operator_and_path() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("domain"));
        let parent = new_tag(version, &name).await;
        let child = create(&admin, TAGS, json!({"name": "x", "parent_id": parent, "color": 7})).await;
        let own = format!("('id','in',({parent},{child}))");
        for (domain, expected) in [
            (format!("[{own}]"), vec![parent, child]),
            (format!(r#"[["id", "in", [{parent}, {child}]]]"#), vec![parent, child]),
            (format!("[{own}, ('parent_id.name', '=', u'{name}')]"), vec![child]),
            (format!("[{own}, ('parent_id', '=', None)]"), vec![parent]),
            (format!(r#"[["id","in",[{parent},{child}]], ["parent_id", "=", null]]"#), vec![parent]),
            (format!("[{own}, '|', ('color', '<>', 7), ('color', '==', 7)]"), vec![parent, child]),
            (format!("['&', {own}, '!', ('color', '=', 7)]"), vec![parent]),
            (format!("[('id', 'CHILD_OF', {parent})]"), vec![parent, child]),
            (format!("[('id', 'parent_of', [{child}])]"), vec![parent, child]),
            (format!("[{own}, (1, '=', 1)]"), vec![parent, child]),
            (format!("[{own}, (0, '=', 1)]"), vec![]),
            (format!("[{own}, ('name', '=ilike', '{}')]", name.to_uppercase()), vec![parent]),
            (format!("[{own}, ('create_date', '>', '2020-01-01T00:00:00+02:00')]"), vec![parent, child]),
            (format!("[{own}, ('create_date', '<', '2020-01-01')]"), vec![]),
        ] {
            let query = [("domain", domain.as_str()), ("order", "id")];
            let found = admin.get(&format!("{TAGS}/search"), &query).await.ok();
            assert_eq!(found, json!({"Partner Tags": expected}), "{domain}");
        }
    }
}

#[tokio::test]
async fn newer_operators_work_if_the_server_supports_them() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("newer"));
        let parent = new_tag(version, &name).await;
        create(&admin, TAGS, json!({"name": "x", "parent_id": parent})).await;
        for domain in [
            format!("[('id','=',{parent}),('child_ids','any',[('name','=','x')])]"),
            format!("[('id','=',{parent}),('child_ids','not any',[('name','=','y')])]"),
            format!("[('id','=',{parent}),('create_date.year_number','>',2000)]"),
        ] {
            let response = admin.get(&format!("{TAGS}/search"), &[("domain", &domain)]).await;
            match version {
                Version::Odoo19 | Version::Odoo20 => {
                    assert_eq!(response.ok(), json!({"Partner Tags": [parent]}), "{domain}");
                }
                Version::Odoo14 => assert_eq!(response.status, 400, "{domain}: {}", response.text),
            }
        }
        let bypass = [("domain", "[('child_ids','any!',[('name','=','x')])]")];
        admin.get(&format!("{TAGS}/search"), &bypass).await.problem(400, "invalid_domain");
    }
}

#[tokio::test]
async fn domain_that_odoo_would_misinterpret_is_rejected() {
    for version in Version::each() {
        for (domain, code, detail) in [
            ("('name','=','x')", "invalid_domain", "domain: expected a list of terms, found one term at position 1"),
            ("[('name','=')]", "invalid_domain", "domain: "),
            ("[('name','~','x')]", "invalid_domain", "domain: "),
            ("['|',('name','=','x')]", "invalid_domain", "domain: "),
            ("[('id','in',7)]", "invalid_domain", "domain: "),
            ("[('name','any!',[])]", "invalid_domain", "domain: "),
            ("[('name','=','x'", "invalid_domain", "domain: "),
            ("[('name','=',open('x'))]", "invalid_domain", "domain: "),
            (
                "[('create_date','>','2026-02-30')]",
                "invalid_value",
                "domain: expected a day that exists in the calendar",
            ),
            ("[('nmae','=','x')]", "unknown_field", "The model res.partner has no field nmae"),
            ("[('user_id.nmae','=','x')]", "unknown_field", "The model res.users has no field nmae"),
            ("[('self','=',1)]", "field_not_searchable", "domain: expected a searchable field"),
        ] {
            let response = admin(version).get(&format!("{PARTNERS}/search"), &[("domain", domain)]).await;
            let problem = response.problem(400, code);
            assert!(problem["detail"].as_str().unwrap().starts_with(detail), "{domain}: {problem:#}");
        }
        let nearly = admin(version).get(&format!("{PARTNERS}/search"), &[("domain", "[('nmae','=','x')]")]).await;
        assert_eq!(nearly.problem(400, "unknown_field")["hint"], "Did you mean name?");
    }
}

#[tokio::test]
async fn limit_and_offset_are_valid_integers() {
    for version in Version::each() {
        for path in [format!("{PARTNERS}/search"), PARTNERS.to_owned()] {
            for (name, value) in [
                ("limit", "0"),
                ("limit", "-1"),
                ("limit", "2147483648"),
                ("limit", "many"),
                ("offset", "-1"),
                ("offset", "1.5"),
            ] {
                let problem = admin(version).get(&path, &[(name, value)]).await.problem(400, "invalid_parameter");
                assert_eq!(problem["parameter"], name, "{value}");
            }
        }
    }
}

#[tokio::test]
async fn pages_of_equal_records_do_not_overlap() {
    for version in Version::each() {
        let name = unique("paged");
        let mut ids = Vec::new();
        for _ in 0..7 {
            ids.push(new_tag(version, &name).await);
        }
        let domain = named(&name);
        for order in ["color", "name desc", "color, name"] {
            let mut seen: Vec<Value> = Vec::new();
            for offset in ["0", "2", "4", "6"] {
                let query = [("domain", domain.as_str()), ("order", order), ("limit", "2"), ("offset", offset)];
                let page = admin(version).get(&format!("{TAGS}/search"), &query).await.ok();
                seen.extend(page["Partner Tags"].as_array().unwrap().clone());
            }
            assert_eq!(Value::from(seen), json!(ids), "{order}: equal records are in the order of their ids");
        }
    }
}

#[tokio::test]
async fn order_accepts_only_stored_fields_of_the_model() {
    for version in Version::each() {
        let search = format!("{PARTNERS}/search");
        for order in ["name", "name DESC, id", "['name', 'id desc']", r#"["name desc"]"#, "name,name", "country_id"] {
            let found = admin(version).get(&search, &[("order", order), ("limit", "2")]).await.ok();
            assert_eq!(found["Contact"].as_array().unwrap().len(), 2, "{order}");
        }
        for (order, code) in [
            ("nmae", "unknown_field"),
            ("name sideways", "invalid_order"),
            ("name;drop table res_partner", "invalid_order"),
            ("country_id.name", "invalid_order"),
            ("name.id", "invalid_order"),
            ("self", "invalid_order"),
            ("category_id", "invalid_order"),
            ("image_1920", "invalid_order"),
        ] {
            let problem = admin(version).get(&search, &[("order", order)]).await.problem(400, code);
            assert_eq!(problem["parameter"], "order", "{order}");
        }
        let problem = admin(version).get(&search, &[("order", "category_id")]).await.problem(400, "invalid_order");
        assert_eq!(
            problem["detail"],
            "order: the field `category_id` cannot be sorted by: it holds several records or a file."
        );
        let nulls = admin(version).get(&search, &[("order", "name nulls last"), ("limit", "2")]).await;
        match version {
            Version::Odoo19 | Version::Odoo20 => assert_eq!(nulls.status, 200),
            Version::Odoo14 => drop(nulls.problem(400, "invalid_order")),
        }
    }
}
