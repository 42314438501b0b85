//! What a request costs at Odoo once the gateway is warm (contract section 8).

use serde_json::json;

use super::{TAGS, create};
use crate::support::counting::counted;
use crate::support::{Version, unique};

#[tokio::test]
async fn each_request_makes_the_calls_of_the_contract() {
    for version in Version::BOTH {
        let (counting, gateway, admin) = counted(version).await;
        let id = create(&admin, TAGS, &json!({"name": unique("cheap")})).await;
        let path = format!("{TAGS}/{id}");
        let calls = |methods: &[&str]| -> Vec<String> {
            methods.iter().map(|method| format!("res.partner.category.{method}")).collect()
        };
        admin.get(&format!("{TAGS}/search"), &[("fields", "name")]).await.ok();
        counting.take();
        admin.get(&path, &[]).await.ok();
        assert_eq!(counting.take(), calls(&["read"]));
        admin.get(&format!("{TAGS}/search"), &[("limit", "3"), ("fields", "name")]).await.ok();
        assert_eq!(counting.take(), calls(&["search_read"]));
        admin.get(&format!("{TAGS}/record_count"), &[]).await.ok();
        assert_eq!(counting.take(), calls(&["search_count"]));
        admin.get(&format!("{TAGS}/schema"), &[]).await.ok();
        assert_eq!(counting.take(), calls(&["fields_get"]));
        admin.post(&format!("{TAGS}/execute_kw"), &json!({"method": "name_search", "args": ["x"]})).await.ok();
        assert_eq!(counting.take(), calls(&["name_search"]));
        create(&admin, TAGS, &json!({"name": unique("cheap")})).await;
        assert_eq!(counting.take(), calls(&["create"]), "only its id is answered");
        admin.put(&path, &json!({"color": 2})).await.ok();
        assert_eq!(counting.take(), calls(&["read", "write"]));
        admin.delete(&path, &[]).await.ok();
        assert_eq!(counting.take(), calls(&["read", "unlink"]));
        gateway.stop().await;
    }
}
