//! Every family lists as rows, in its own form of values.

use serde_json::json;

use super::{CSV, NDJSON, TAGS, admin, create};
use crate::support::{Version, unique};

#[tokio::test]
async fn family_b_writes_its_own_datetimes() {
    for version in Version::BOTH {
        let name = unique("of b");
        let id = create(&admin(version), TAGS, &[json!({"name": name})]).await[0];
        let query = [("domain", &*format!("[('id','=',{id})]")), ("fields", "name,create_date,parent_id")];
        let path = "/api/res.partner.category/search";
        let whole = admin(version).get(path, &query).await.ok();
        let created = whole[0]["create_date"].as_str().unwrap();
        assert_eq!(created.as_bytes()[10], b'T');
        let csv = admin(version).with_header("Accept", CSV).get(path, &query).await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(csv.text, format!("id,name,create_date,parent_id\r\n{id},{name},{created},\r\n"));
        let ndjson = admin(version).with_header("Accept", NDJSON).get(path, &query).await;
        assert_eq!(ndjson.text, format!("{}\n", whole[0]));
    }
}
