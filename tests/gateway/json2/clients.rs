//! A client of JSON-2 from PyPI, unmodified: `odoo-client-lib`, Odoo's own library.

use serde_json::{Value, json};

use crate::credentials::new_key_of;
use crate::support::testbed::tool;
use crate::support::{Gateway, Version, unique};

#[tokio::test]
async fn the_library_of_odoo_works_on_both_versions() {
    let gateway = Gateway::shared();
    for version in Version::each() {
        let new_key = new_key_of(version.database(), &unique("library"), "admin", "admin");
        let (_, token) = gateway.administration().await.create_key(new_key).await.unwrap();
        let facts = json!({
            "port": gateway.address().port(), "database": version.database(), "key": token.expose(),
            "name": unique("library")
        });
        let output = tool(&["json2-client", &facts.to_string()]).await;
        assert!(output.status.success(), "{version:?}: {output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let expected = json!({
            "logged_in": true, "wrong_key": false, "found": [true], "read": facts["name"],
            "written": "changed", "missing": 404, "unexpected": 422, "deleted": true
        });
        assert_eq!(report, expected, "{version:?}");
    }
}
