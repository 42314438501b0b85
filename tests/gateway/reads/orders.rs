//! Records that nothing but their id tells apart: pages of them are a list cut into pieces.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{Ask, Dialect, call, ids_of, user};
use crate::support::{Client, Version, unique};

const TEMPLATES: &str = "product.template";
const COUNT: usize = 300;
const PAGE: usize = 7;

/// So many templates of one name, and the domain that finds them.
async fn alike(admin: &Client) -> (Vec<i64>, String) {
    let name = unique("alike");
    let records = vec![json!({"name": name}); COUNT];
    let made = call(admin, TEMPLATES, "create", json!([records])).await;
    let ids = made.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    (ids, format!("[('name','=','{name}')]"))
}

#[tokio::test]
async fn pages_of_records_that_are_alike_never_overlap_not_even_while_others_write() {
    for version in Version::BOTH {
        let admin = user(version, "admin");
        let (made, domain) = alike(&admin).await;
        for dialect in Dialect::ALL {
            for writes in [false, true] {
                let mut seen = Vec::new();
                for offset in (0..COUNT).step_by(PAGE) {
                    let ask = Ask {
                        model: TEMPLATES,
                        domain: &domain,
                        context: "",
                        field: "name",
                        offset,
                        limit: Some(PAGE),
                    };
                    seen.extend(ids_of(&dialect.list(&admin, &ask).await.0));
                    if writes && offset % (PAGE * 5) == 0 {
                        let other = made[(offset * 37 + 11) % COUNT];
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
async fn without_an_order_records_come_in_the_models_own_where_the_user_may_know_it() {
    for version in Version::BOTH {
        let admin = user(version, "admin");
        let word = unique("sorted");
        for name in ["b", "a", "c", "a"] {
            call(&admin, TEMPLATES, "create", json!([{"name": format!("{word} {name}")}])).await;
        }
        let domain = format!("[('name','like','{word}')]");
        let ask = |limit| Ask { model: TEMPLATES, domain: &domain, context: "", field: "name", offset: 0, limit };
        for dialect in Dialect::ALL {
            let names = |records: &[Value]| -> Vec<String> {
                records.iter().map(|record| record["name"].as_str().unwrap().replace(&word, "")).collect()
            };
            let listed = dialect.list(&admin, &ask(Some(10))).await.0;
            assert_eq!(names(&listed), [" a", " a", " b", " c"], "{version:?} {dialect:?}");
            let ids = ids_of(&listed);
            assert!(ids[0] < ids[1]);
        }
    }
}
