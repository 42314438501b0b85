//! Calls of methods: of a model, of a record; what is private, what is unknown, what is answered.

use serde_json::{Value, json};

use super::{NOWHERE, PARTNERS, TAGS, admin, create, new_tag, unique};
use crate::support::Version;

#[tokio::test]
async fn a_method_of_a_model_gets_arguments_by_place_and_by_name() {
    for version in Version::BOTH {
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
async fn a_method_of_a_record_gets_its_id_first() {
    for version in Version::BOTH {
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
async fn none_is_null_and_what_was_done_stays_done() {
    for version in Version::BOTH {
        let admin = admin(version);
        let id = create(&admin, PARTNERS, json!({"name": unique("archived")})).await;
        for (method, active) in [("action_archive", false), ("action_unarchive", true)] {
            let answer = admin.post(&format!("{PARTNERS}/{id}/{method}"), &json!({})).await.ok();
            assert_eq!(answer, json!({"return": null}));
            let read = admin.get(&format!("{PARTNERS}/{id}"), &[("fields", "active")]).await.ok();
            assert_eq!(read["Contact"]["active"], active);
        }
    }
}

#[tokio::test]
async fn a_call_needs_no_body() {
    for version in Version::BOTH {
        let id = create(&admin(version), PARTNERS, json!({"name": unique("archived")})).await;
        let path = format!("{PARTNERS}/{id}/action_archive");
        assert_eq!(admin(version).post_query(&path, &[]).await.ok(), json!({"return": null}));
    }
}

#[tokio::test]
async fn methods_with_the_name_of_a_route_are_methods_when_posted() {
    for version in Version::BOTH {
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
async fn private_methods_and_plumbing_are_403_and_unknown_ones_404() {
    for version in Version::BOTH {
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
                let problem = admin.post(&path, &json!({})).await.refused(403, "private_method");
                assert_eq!(problem["detail"], format!("The method {method} is private to Odoo and cannot be called."));
            }
        }
        for path in [format!("{TAGS}/no_such_method"), format!("{TAGS}/1/no_such_method")] {
            let problem = admin.post(&path, &json!({})).await.refused(404, "unknown_method");
            assert_eq!(problem["detail"], "The model res.partner.category has no method no_such_method.");
        }
        for no_identifier in ["no-method", "2x", "a.b"] {
            admin.post(&format!("{TAGS}/{no_identifier}"), &json!({})).await.refused(404, "unknown_method");
        }
        admin.post("/restapi/1.0/object/no.model/read", &json!({})).await.refused(404, "unknown_model");
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_the_callers_mistake() {
    for version in Version::BOTH {
        let admin = admin(version);
        let path = format!("{TAGS}/name_search");
        for (body, code, parameter) in [
            (json!({"args": {"a": 1}}), "invalid_parameter", "args"),
            (json!({"args": "7"}), "invalid_parameter", "args"),
            (json!({"args": "x"}), "invalid_literal", "args"),
            (json!({"kwargs": [1]}), "invalid_parameter", "kwargs"),
        ] {
            assert_eq!(admin.post(&path, &body).await.refused(400, code)["parameter"], parameter, "{body}");
        }
        admin.post(&path, &json!({"kwargs": {"nope": 1}})).await.refused(400, "invalid_value");
        admin.post(&format!("{TAGS}/search"), &json!({})).await.refused(400, "invalid_value");
        let field = json!({"args": [[["nope", "=", 1]]]});
        admin.post(&format!("{TAGS}/search"), &field).await.refused(400, "unknown_field");
    }
}

#[tokio::test]
async fn a_method_of_a_record_that_is_nowhere_is_404_where_odoo_looks_for_it() {
    for version in Version::BOTH {
        let admin = admin(version);
        let write = json!({"args": [{"name": "x"}]});
        admin.post(&format!("{PARTNERS}/{NOWHERE}/write"), &write).await.refused(404, "record_not_found");
        for no_id in ["0", "2147483648", "x"] {
            admin.post(&format!("{PARTNERS}/{no_id}/write"), &write).await.refused(404, "record_not_found");
        }
        let read = admin.post(&format!("{PARTNERS}/{NOWHERE}/read"), &json!({"args": [["name"]]})).await.ok();
        assert_eq!(read, json!({"return": Value::Array(vec![])}), "Odoo's own answer, unchanged");
    }
}
