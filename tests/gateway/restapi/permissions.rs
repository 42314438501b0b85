//! Access rights of the user: internal users, a salesman with record rules, a portal user, and requests without a
//! credential.

use serde_json::{Value, json};

use super::{MISSING_ID, ORDERS, PARTNERS, TAGS, admin, create, ids_of, unique, user};
use crate::support::odoo::fresh_database;
use crate::support::{Client, Gateway, Version};

/// Creates an order of the salesman and one of the administrator.
async fn two_orders(version: Version) -> (i64, i64) {
    let salesman = user(version, "salesman");
    let own = create(&salesman, ORDERS, json!({"partner_id": 1, "client_order_ref": unique("own")})).await;
    let other = create(&admin(version), ORDERS, json!({"partner_id": 1, "client_order_ref": unique("other")})).await;
    (own, other)
}

async fn reference(client: &Client, id: i64) -> Value {
    let read = client.get(&format!("{ORDERS}/{id}"), &[("fields", "client_order_ref")]).await.ok();
    read["Sales Order"]["client_order_ref"].clone()
}

#[tokio::test]
async fn model_without_access_rights_is_403_for_every_operation() {
    for version in Version::each() {
        let internal = user(version, "internal");
        for path in [
            ORDERS.to_owned(),
            format!("{ORDERS}/1"),
            format!("{ORDERS}/{MISSING_ID}"),
            format!("{ORDERS}?ids=1"),
            format!("{ORDERS}/search"),
            format!("{ORDERS}/search_count"),
        ] {
            internal.get(&path, &[]).await.problem(403, "access_denied");
        }
        internal.post(PARTNERS, &json!({"vals": {"name": "x"}})).await.problem(403, "access_denied");
        internal.put(&format!("{PARTNERS}/1"), &json!({"vals": {"name": "x"}})).await.problem(403, "access_denied");
        internal.delete(&format!("{PARTNERS}/1"), &[]).await.problem(403, "access_denied");
        let method = internal.post(&format!("{ORDERS}/1/action_confirm"), &json!({})).await;
        let problem = method.problem(403, "access_denied");
        assert_eq!(problem["odoo"]["exception"], "AccessError");
        assert!(problem["odoo"]["message"].as_str().unwrap().contains("sale.order"));
    }
}

#[tokio::test]
async fn internal_user_reads_and_the_error_names_the_missing_right() {
    for version in Version::each() {
        let internal = user(version, "internal");
        let read = internal.get(&format!("{PARTNERS}/1"), &[("fields", "is_company")]).await.ok();
        assert_eq!(read, json!({"Contact": {"id": 1, "is_company": true}}));
        internal.get(&format!("{PARTNERS}/{MISSING_ID}"), &[]).await.problem(404, "record_not_found");
        let described = internal.get(&format!("{ORDERS}/fields_get"), &[("attributes", "type")]).await.ok();
        assert_eq!(
            described["fields"]["name"],
            json!({"type": "char"}),
            "Odoo shows the names of fields to every user"
        );
        let written = internal.put(&format!("{PARTNERS}/1"), &json!({"vals": {"name": "x"}})).await;
        let problem = written.problem(403, "access_denied");
        let message = problem["odoo"]["message"].as_str().unwrap();
        assert!(message.contains("not allowed to modify"), "{message}");
    }
}

#[tokio::test]
async fn salesman_finds_only_their_own_orders() {
    for version in Version::each() {
        let salesman = user(version, "salesman");
        let (own, other) = two_orders(version).await;
        let domain = format!("[('id','in',[{own},{other}])]");
        let query = [("domain", domain.as_str()), ("fields", "user_id")];
        let listed = salesman.get(ORDERS, &query).await.ok();
        assert_eq!(ids_of(&listed), [own]);
        assert_eq!(listed["Sales Order"][0]["user_id"][1], "Salesman");
        let found = salesman.get(&format!("{ORDERS}/search"), &[("domain", &domain)]).await.ok();
        assert_eq!(found, json!({"Sales Order": [own]}));
        let count = salesman.get(&format!("{ORDERS}/search_count"), &[("domain", &domain)]).await.ok();
        assert_eq!(count, json!({"count": 1}));
        let count = admin(version).get(&format!("{ORDERS}/search_count"), &[("domain", &domain)]).await.ok();
        assert_eq!(count, json!({"count": 2}));
    }
}

#[tokio::test]
async fn salesman_changes_only_their_own_orders() {
    for version in Version::each() {
        let (admin, salesman) = (admin(version), user(version, "salesman"));
        let (own, other) = two_orders(version).await;
        let (mine, yours) = (reference(&admin, own).await, reference(&admin, other).await);
        let vals = json!({"vals": {"client_order_ref": "hit"}});
        for path in [format!("{ORDERS}/{other}"), format!("{ORDERS}?ids={own},{other}")] {
            salesman.get(&path, &[]).await.problem(403, "access_denied");
            salesman.put(&path, &vals).await.problem(403, "access_denied");
            salesman.delete(&path, &[]).await.problem(403, "access_denied");
        }
        salesman.post(&format!("{ORDERS}/{other}/action_confirm"), &json!({})).await.problem(403, "access_denied");
        assert_eq!((reference(&admin, own).await, reference(&admin, other).await), (mine, yours));

        let written = salesman.put(&format!("{ORDERS}/{own}"), &vals).await.ok();
        assert_eq!(written["Sales Order"]["client_order_ref"], "hit");
        salesman.delete(&format!("{ORDERS}/{own}"), &[]).await.problem(403, "access_denied");
        assert_eq!(reference(&admin, own).await, "hit", "a salesman may not delete orders, not even their own");
        for status in [
            salesman.get(&format!("{ORDERS}/{MISSING_ID}"), &[]).await,
            salesman.put(&format!("{ORDERS}/{MISSING_ID}"), &vals).await,
            salesman.delete(&format!("{ORDERS}/{MISSING_ID}"), &[]).await,
        ] {
            status.problem(404, "record_not_found");
        }
    }
}

#[tokio::test]
async fn write_that_hides_the_record_from_the_user_succeeds() {
    for version in Version::each() {
        let gateway = Gateway::start_with_database(version, &fresh_database(version).await, &[]).await;
        let admin = gateway.client().as_user("admin");
        let id = create(&admin, TAGS, json!({"name": "seen", "color": 1})).await;
        let model = [("domain", "[('model','=','res.partner.category')]")];
        let model = admin.get("/restapi/1.0/object/ir.model/search", &model).await.ok()["Models"][0].clone();
        let rule = json!({
            "name": "nobody sees color 9", "model_id": model, "domain_force": "[('color','!=',9)]",
            "perm_read": true, "perm_write": false, "perm_create": false, "perm_unlink": false,
        });
        create(&admin, "/restapi/1.0/object/ir.rule", rule).await;

        let written = admin.put(&format!("{TAGS}/{id}"), &json!({"vals": {"color": 9}})).await;
        assert_eq!(written.ok(), json!({"Partner Tags": {"id": id}}));
        assert_eq!(written.header("x-read-back"), "failed");
        let created = admin.post(TAGS, &json!({"vals": [{"name": "unseen", "color": 9}]})).await;
        assert_eq!(created.header("x-read-back"), "failed");
        let unseen = &created.ok()["Partner Tags"][0];
        assert_eq!(unseen.as_object().unwrap().len(), 1, "only the id: {unseen}");
        for id in [id, unseen["id"].as_i64().unwrap()] {
            admin.get(&format!("{TAGS}/{id}"), &[]).await.problem(403, "access_denied");
        }
        gateway.stop().await;
    }
}

#[tokio::test]
async fn portal_user_reads_their_own_record_and_changes_nothing() {
    for version in Version::each() {
        let portal = user(version, "portal");
        let found = portal.get("/restapi/1.0/object/res.users/search", &[("domain", "[('login','=','portal')]")]).await;
        let own = found.json()["res.users"][0].as_i64();
        assert!(own.is_some() || found.status == 403, "{}", found.text);
        portal.get(TAGS, &[]).await.problem(403, "access_denied");
        portal.post(TAGS, &json!({"vals": {"name": "x"}})).await.problem(403, "access_denied");
        portal.post(PARTNERS, &json!({"vals": {"name": "x"}})).await.problem(403, "access_denied");
        portal.put(&format!("{PARTNERS}/1"), &json!({"vals": {"name": "x"}})).await.problem(403, "access_denied");
        portal.delete(&format!("{PARTNERS}/1"), &[]).await.problem(403, "access_denied");
        let query = [("operation", "['read','write']"), ("raise_exception", "False")];
        let right = portal.get(&format!("{PARTNERS}/check_access_rights"), &query).await.ok();
        assert_eq!(right, json!({"return": false}));
    }
}

#[tokio::test]
async fn only_the_version_needs_no_credential() {
    let anonymous = Gateway::shared().client();
    let response = anonymous.get(PARTNERS, &[]).await;
    response.problem(401, "credential_missing");
    assert!(response.header("www-authenticate").starts_with("Basic realm="), "{:?}", response.headers);
    for version in Version::each() {
        let version_of = anonymous.on(version).get("/restapi/1.0/common/version", &[]).await.ok();
        let (number, major) = if version == Version::Odoo19 { ("19.0", 19) } else { ("14.0", 14) };
        assert_eq!(version_of["server_version"], number);
        assert_eq!(version_of["server_series"], number);
        assert_eq!(version_of["server_version_info"][0], major);
        assert_eq!(version_of["protocol_version"], 1);
        assert_eq!(version_of.as_object().unwrap().len(), 4);
    }
}

#[tokio::test]
async fn odoo_api_key_replaces_the_password() {
    for version in Version::each() {
        let key = crate::support::testbed().api_key(version);
        let internal = Gateway::shared().client().on(version).with_password("internal", key);
        let read = internal.get(&format!("{PARTNERS}/1"), &[("fields", "is_company")]).await.ok();
        assert_eq!(read, json!({"Contact": {"id": 1, "is_company": true}}));
        internal.get(ORDERS, &[]).await.problem(403, "access_denied");
    }
}
