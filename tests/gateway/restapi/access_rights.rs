//! `check_access_rights`: whether the user may perform an operation on a model.

use serde_json::json;

use super::{PARTNERS, admin, user};
use crate::support::Version;

#[tokio::test]
async fn operation_is_one_name_or_a_list() {
    let path = format!("{PARTNERS}/check_access_rights");
    for version in Version::each() {
        for operation in ["read", "['read']", "['create', 'read', 'write', 'unlink']", "create,unlink", "[\"write\"]"] {
            let response = admin(version).get(&path, &[("operation", operation)]).await.ok();
            assert_eq!(response, json!({"return": true}), "{operation}");
        }
    }
}

#[tokio::test]
async fn missing_right_is_403_unless_raise_exception_is_false() {
    let path = format!("{PARTNERS}/check_access_rights");
    for version in Version::each() {
        let internal = user(version, "internal");
        for operation in ["create", "['read', 'create']"] {
            for raise in [None, Some("True"), Some("1")] {
                let mut query = vec![("operation", operation)];
                query.extend(raise.map(|raise| ("raise_exception", raise)));
                let problem = internal.get(&path, &query).await.problem(403, "access_denied");
                assert_eq!(problem["detail"], "Odoo does not allow this user to create records of res.partner.");
            }
            for raise in ["False", "false", "0"] {
                let response = internal.get(&path, &[("operation", operation), ("raise_exception", raise)]).await.ok();
                assert_eq!(response, json!({"return": false}));
            }
        }
        let response = internal.get(&path, &[("operation", "read"), ("raise_exception", "False")]).await.ok();
        assert_eq!(response, json!({"return": true}));
    }
}

#[tokio::test]
async fn unknown_operations_and_models_are_rejected() {
    for version in Version::each() {
        let admin = admin(version);
        let path = format!("{PARTNERS}/check_access_rights");
        let problem = admin.get(&path, &[("operation", "['read','fly']")]).await.problem(400, "invalid_parameter");
        assert_eq!(problem["detail"], "operation: expected create, read, write or unlink, found \"fly\".");
        for query in [vec![], vec![("operation", "")], vec![("operation", "[]")]] {
            let problem = admin.get(&path, &query).await.problem(400, "missing_parameter");
            assert_eq!(problem["parameter"], "operation");
        }
        let word = [("operation", "read"), ("raise_exception", "perhaps")];
        assert_eq!(admin.get(&path, &word).await.problem(400, "invalid_parameter")["parameter"], "raise_exception");
        let nowhere = "/restapi/1.0/object/no.such.model/check_access_rights";
        admin.get(nowhere, &[("operation", "read")]).await.problem(404, "unknown_model");
    }
}
