//! Reading: search, count, list, read.

use serde_json::json;

use crate::support::{Gateway, Version};

#[tokio::test]
async fn records_are_found_counted_and_read() {
    for version in Version::BOTH {
        let admin = Gateway::shared().client().on(version).as_user("admin");
        let companies = [("domain", "[('is_company','=',True)]"), ("order", "name")];
        let found = admin.get("/restapi/1.0/object/res.partner/search", &companies).await.ok();
        let ids = found["Contact"].as_array().unwrap();
        let count = admin.get("/restapi/1.0/object/res.partner/search_count", &companies).await.ok();
        assert_eq!(count, json!({"count": ids.len()}));
    }
}
