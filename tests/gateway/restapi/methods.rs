//! Method calls on models and on records: arguments, results, private and unknown methods.

use serde_json::{Value, json};

use super::{MISSING_ID, PARTNERS, TAGS, admin, create, new_tag, unique};
use crate::support::Version;

#[tokio::test]
async fn model_method_receives_positional_and_keyword_arguments() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("called"));
        let id = new_tag(version, &name).await;
        let path = format!("{TAGS}/name_search");
        let expected = json!({"return": [[id, name]]});
        for body in [
            json!({"args": [name]}),
            json!({"args": [name], "kwargs": {"limit": 1}}),
            json!({"kwargs": {"name": name, "operator": "="}}),
            json!({"args": format!("('{name}',)"), "kwargs": "{'limit': 1}"}),
        ] {
            assert_eq!(admin.post(&path, &body).await.ok(), expected, "{body}");
        }
        let query = [("args", format!("['{name}']")), ("kwargs", "{'limit': 1}".to_owned())];
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(admin.post_query(&path, &query).await.ok(), expected);
        let defaults = admin.post(&format!("{PARTNERS}/default_get"), &json!({"args": [["type"]]})).await.ok();
        assert_eq!(defaults, json!({"return": {"type": "contact"}}));
    }
}

#[tokio::test]
async fn record_method_receives_the_id_as_first_argument() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("called"));
        let id = new_tag(version, &name).await;
        let read = admin.post(&format!("{TAGS}/{id}/read"), &json!({"args": [["name"]]})).await.ok();
        assert_eq!(read, json!({"return": [{"id": id, "name": name}]}));
        let written = admin.post(&format!("{TAGS}/{id}/write"), &json!({"args": [{"color": 8}]})).await.ok();
        assert_eq!(written, json!({"return": true}));
        let copy = admin.post(&format!("{TAGS}/{id}/copy"), &json!({"kwargs": {"default": {"color": 2}}})).await.ok();
        assert!(copy["return"].is_i64() || copy["return"][0].is_i64(), "{copy}");
    }
}

#[tokio::test]
async fn result_none_is_null_and_the_call_is_committed() {
    for version in Version::each() {
        let admin = admin(version);
        let id = create(&admin, PARTNERS, json!({"name": unique("archived")})).await;
        for (method, active) in [("action_archive", false), ("action_unarchive", true)] {
            let response = admin.post(&format!("{PARTNERS}/{id}/{method}"), &json!({})).await.ok();
            assert_eq!(response, json!({"return": null}));
            let read = admin.get(&format!("{PARTNERS}/{id}"), &[("fields", "active")]).await.ok();
            assert_eq!(read["Contact"]["active"], active);
        }
    }
}

#[tokio::test]
async fn call_without_a_body_is_valid() {
    for version in Version::each() {
        let id = create(&admin(version), PARTNERS, json!({"name": unique("archived")})).await;
        let path = format!("{PARTNERS}/{id}/action_archive");
        assert_eq!(admin(version).post_query(&path, &[]).await.ok(), json!({"return": null}));
    }
}

#[tokio::test]
async fn post_to_a_route_name_calls_the_method() {
    for version in Version::each() {
        let (admin, name) = (admin(version), unique("posted"));
        let id = new_tag(version, &name).await;
        let domain = json!({"args": [[["name", "=", name]]]});
        let found = admin.post(&format!("{TAGS}/search"), &domain).await.ok();
        assert_eq!(found, json!({"return": [id]}));
        assert_eq!(admin.post(&format!("{TAGS}/search_count"), &domain).await.ok(), json!({"return": 1}));
        let fields = json!({"args": [["name"]], "kwargs": {"attributes": ["type"]}});
        let described = admin.post(&format!("{TAGS}/fields_get"), &fields).await.ok();
        assert_eq!(described, json!({"return": {"name": {"type": "char"}}}));
        let right = admin.post(&format!("{TAGS}/check_access_rights"), &json!({"args": ["read", false]})).await.ok();
        assert_eq!(right, json!({"return": true}));
    }
}

#[tokio::test]
async fn private_methods_are_403_and_unknown_ones_404() {
    for version in Version::each() {
        let admin = admin(version);
        for method in [
            "_compute_display_name",
            "__init__",
            "init",
            "sudo",
            "with_user",
            "with_context",
            "env",
            "browse",
            "new",
            "exists",
            "mapped",
            "filtered",
            "filtered_domain",
            "sorted",
            "flush",
            "flush_model",
            "invalidate_cache",
            "modified",
            "recompute",
            "concat",
            "union",
            "grouped",
        ] {
            for path in [format!("{TAGS}/{method}"), format!("{TAGS}/1/{method}")] {
                let problem = admin.post(&path, &json!({})).await.problem(403, "private_method");
                assert_eq!(problem["detail"], format!("The method {method} is private to Odoo and cannot be called."));
            }
        }
        for path in [format!("{TAGS}/no_such_method"), format!("{TAGS}/1/no_such_method")] {
            let problem = admin.post(&path, &json!({})).await.problem(404, "unknown_method");
            assert_eq!(problem["detail"], "The model res.partner.category has no method no_such_method.");
        }
        for no_identifier in ["no-method", "2x", "a.b"] {
            admin.post(&format!("{TAGS}/{no_identifier}"), &json!({})).await.problem(404, "unknown_method");
        }
        admin.post("/restapi/1.0/object/no.model/read", &json!({})).await.problem(404, "unknown_model");
    }
}

#[tokio::test]
async fn invalid_arguments_are_a_client_error() {
    for version in Version::each() {
        let admin = admin(version);
        let path = format!("{TAGS}/name_search");
        for (body, code, parameter) in [
            (json!({"args": {"a": 1}}), "invalid_parameter", "args"),
            (json!({"args": "7"}), "invalid_parameter", "args"),
            (json!({"args": "x"}), "invalid_literal", "args"),
            (json!({"kwargs": [1]}), "invalid_parameter", "kwargs"),
        ] {
            assert_eq!(admin.post(&path, &body).await.problem(400, code)["parameter"], parameter, "{body}");
        }
        admin.post(&path, &json!({"kwargs": {"nope": 1}})).await.problem(400, "invalid_value");
        admin.post(&format!("{TAGS}/search"), &json!({})).await.problem(400, "invalid_value");
        let field = json!({"args": [[["nope", "=", 1]]]});
        admin.post(&format!("{TAGS}/search"), &field).await.problem(400, "unknown_field");
    }
}

#[tokio::test]
async fn method_of_a_missing_record_is_404_if_odoo_checks_it() {
    for version in Version::each() {
        let admin = admin(version);
        let write = json!({"args": [{"name": "x"}]});
        admin.post(&format!("{PARTNERS}/{MISSING_ID}/write"), &write).await.problem(404, "record_not_found");
        for no_id in ["0", "2147483648", "x"] {
            admin.post(&format!("{PARTNERS}/{no_id}/write"), &write).await.problem(404, "record_not_found");
        }
        let read = admin.post(&format!("{PARTNERS}/{MISSING_ID}/read"), &json!({"args": [["name"]]})).await.ok();
        assert_eq!(read, json!({"return": Value::Array(vec![])}), "Odoo's own result, unchanged");
    }
}
