//! `check_access_rights`: who may do what with which model.

use serde_json::json;

use super::{PARTNERS, admin, user};
use crate::support::Version;

#[tokio::test]
async fn a_right_is_asked_for_with_one_word_or_a_list() {
    let path = format!("{PARTNERS}/check_access_rights");
    for version in Version::BOTH {
        for operation in ["read", "['read']", "['create', 'read', 'write', 'unlink']", "create,unlink", "[\"write\"]"] {
            let answer = admin(version).get(&path, &[("operation", operation)]).await.ok();
            assert_eq!(answer, json!({"return": true}), "{operation}");
        }
    }
}

#[tokio::test]
async fn a_right_that_lacks_is_403_unless_no_exception_is_wanted() {
    let path = format!("{PARTNERS}/check_access_rights");
    for version in Version::BOTH {
        let internal = user(version, "internal");
        for operation in ["create", "['read', 'create']"] {
            for raise in [None, Some("True"), Some("1")] {
                let mut query = vec![("operation", operation)];
                query.extend(raise.map(|raise| ("raise_exception", raise)));
                let problem = internal.get(&path, &query).await.refused(403, "access_denied");
                assert_eq!(problem["detail"], "Odoo does not allow this user to create records of res.partner.");
            }
            for raise in ["False", "false", "0"] {
                let answer = internal.get(&path, &[("operation", operation), ("raise_exception", raise)]).await.ok();
                assert_eq!(answer, json!({"return": false}));
            }
        }
        let answer = internal.get(&path, &[("operation", "read"), ("raise_exception", "False")]).await.ok();
        assert_eq!(answer, json!({"return": true}));
    }
}

#[tokio::test]
async fn only_the_four_operations_of_a_model_that_exists_can_be_asked_for() {
    for version in Version::BOTH {
        let admin = admin(version);
        let path = format!("{PARTNERS}/check_access_rights");
        let problem = admin.get(&path, &[("operation", "['read','fly']")]).await.refused(400, "invalid_parameter");
        assert_eq!(problem["detail"], "operation: expected create, read, write or unlink, found \"fly\"");
        for query in [vec![], vec![("operation", "")], vec![("operation", "[]")]] {
            let problem = admin.get(&path, &query).await.refused(400, "missing_parameter");
            assert_eq!(problem["parameter"], "operation");
        }
        let word = [("operation", "read"), ("raise_exception", "perhaps")];
        assert_eq!(admin.get(&path, &word).await.refused(400, "invalid_parameter")["parameter"], "raise_exception");
        let nowhere = "/restapi/1.0/object/no.such.model/check_access_rights";
        admin.get(nowhere, &[("operation", "read")]).await.refused(404, "unknown_model");
    }
}
