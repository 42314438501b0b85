//! Pages of records that differ only by id: no record is repeated or missing.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Dialect, ListRequest, call, ids_of, user};
use crate::support::{Client, Version, unique};

const TEMPLATES: &str = "product.template";
const COUNT: usize = 300;
const PAGE: usize = 7;

/// Creates [`COUNT`] templates with the same name. Returns their ids and the domain that finds them.
async fn create_equal_templates(admin: &Client) -> (Vec<i64>, String) {
    let name = unique("equal");
    let records = vec![json!({"name": name}); COUNT];
    let created = call(admin, TEMPLATES, "create", json!([records])).await;
    let ids = created.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    (ids, format!("[('name','=','{name}')]"))
}

#[tokio::test]
async fn pages_of_equal_records_do_not_overlap_even_during_writes() {
    for version in Version::each() {
        let admin = user(version, "admin");
        let (created, domain) = create_equal_templates(&admin).await;
        for dialect in Dialect::ALL {
            for writes in [false, true] {
                let mut seen = Vec::new();
                for offset in (0..COUNT).step_by(PAGE) {
                    let request = ListRequest {
                        model: TEMPLATES,
                        domain: &domain,
                        context: "",
                        field: "name",
                        offset,
                        limit: Some(PAGE),
                    };
                    seen.extend(ids_of(&dialect.list(&admin, &request).await.0));
                    if writes && offset % (PAGE * 5) == 0 {
                        let other = created[(offset * 37 + 11) % COUNT];
                        call(&admin, TEMPLATES, "write", json!([[other], {"description": unique("changed")}])).await;
                    }
                }
                let distinct: HashSet<i64> = seen.iter().copied().collect();
                assert_eq!((seen.len(), distinct.len()), (COUNT, COUNT), "{version:?} {dialect:?} writes: {writes}");
            }
        }
        let mut found = Vec::new();
        for offset in (0..COUNT).step_by(PAGE) {
            let slice = [("domain", domain.clone()), ("limit", PAGE.to_string()), ("offset", offset.to_string())];
            let query: Vec<(&str, &str)> = slice.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let page = admin.get("/restapi/1.0/object/product.template/search", &query).await.ok();
            found.extend(page.as_object().unwrap().values().next().unwrap().as_array().unwrap().clone());
        }
        let distinct: HashSet<i64> = found.iter().filter_map(Value::as_i64).collect();
        assert_eq!((found.len(), distinct.len()), (COUNT, COUNT), "{version:?} ids");
    }
}

#[tokio::test]
async fn default_order_is_the_models_own_with_the_id_last() {
    for version in Version::each() {
        let admin = user(version, "admin");
        let word = unique("sorted");
        for name in ["b", "a", "c", "a"] {
            call(&admin, TEMPLATES, "create", json!([{"name": format!("{word} {name}")}])).await;
        }
        let domain = format!("[('name','like','{word}')]");
        let request =
            |limit| ListRequest { model: TEMPLATES, domain: &domain, context: "", field: "name", offset: 0, limit };
        for dialect in Dialect::ALL {
            let names = |records: &[Value]| -> Vec<String> {
                records.iter().map(|record| record["name"].as_str().unwrap().replace(&word, "")).collect()
            };
            let listed = dialect.list(&admin, &request(Some(10))).await.0;
            assert_eq!(names(&listed), [" a", " a", " b", " c"], "{version:?} {dialect:?}");
            let ids = ids_of(&listed);
            assert!(ids[0] < ids[1]);
        }
    }
}
