//! The manual's chapter on introspection: new models and fields while Odoo runs.
//!
//! On a database of its own: making a model while other requests run can dead-lock Odoo 19 until it reloads. What
//! differs from the manual, which was written for Odoo 10:
//!
//! - `x_name` is there by itself since 14; to create it again is refused.
//! - A field's label (`field_description`) is required by Odoo's own form only; without one it is the name.
//! - Nobody may touch a new model's records before there is an `ir.model.access`. Odoo 19.0.0 does not notice one that
//!   is made on its own, until something else clears its cache. Two sequences work on all versions: `access_ids`
//!   within the `vals` of the model, or the access first and the fields after it.

use serde_json::{Value, json};

use super::REMODELLING;
use crate::support::odoo::fresh_database;
use crate::support::{Client, Gateway, Version};

const MODELS: &str = "/restapi/1.0/object/ir.model";
const FIELDS: &str = "/restapi/1.0/object/ir.model.fields";
const ACCESS: &str = "/restapi/1.0/object/ir.model.access";

async fn post(client: &Client, path: &str, vals: &str) -> Value {
    client.post_query(path, &[("vals", vals)]).await.ok()
}

#[tokio::test]
async fn models_and_fields_are_made_and_filled() {
    let _alone = REMODELLING.lock().await;
    for version in Version::BOTH {
        let gateway = Gateway::before_database(version, &fresh_database(version).await).await;
        let admin = gateway.client().as_user("admin");
        a_model_is_made_and_inspected(version, &admin).await;
        a_field_is_added_and_a_record_is_made(&admin).await;
        a_model_is_made_with_its_access(&admin).await;
        gateway.stop().await;
    }
}

/// Manual, 3.4.1.
async fn a_model_is_made_and_inspected(version: Version, admin: &Client) {
    let custom = "/restapi/1.0/object/x_custom_model";
    admin.get(&format!("{custom}/fields_get"), &[]).await.refused(404, "unknown_model");
    let vals = "{'name':'Custom Model','model':'x_custom_model','state':'manual'}";
    let made = post(admin, MODELS, vals).await["Models"].clone();
    assert_eq!((&made["name"], &made["model"]), (&json!("Custom Model"), &json!("x_custom_model")));
    assert_eq!(made["state"], "manual");

    let query = [("attributes", "['string','help','type']")];
    let mut expected = json!({
        "id": {"type": "integer", "string": "ID"},
        "x_name": {"type": "char", "string": "Name"},
        "display_name": {"type": "char", "string": "Display Name"},
        "create_uid": {"type": "many2one", "string": "Created by"},
        "create_date": {"type": "datetime", "string": "Created on"},
        "write_uid": {"type": "many2one", "string": "Last Updated by"},
        "write_date": {"type": "datetime", "string": "Last Updated on"},
    });
    if version == Version::Odoo14 {
        expected["__last_update"] = json!({"type": "datetime", "string": "Last Modified on"});
    }
    let described = admin.get(&format!("{custom}/fields_get"), &query).await.ok();
    assert_eq!(described, json!({"fields": expected}));
}

/// Manual, 3.4.2, with the access that Odoo asks for since.
async fn a_field_is_added_and_a_record_is_made(admin: &Client) {
    let custom = "/restapi/1.0/object/x_custom";
    let vals = "{'name':'Custom Model','model':'x_custom','state':'manual'}";
    let model = post(admin, MODELS, vals).await["Models"]["id"].clone();

    let x_name = format!("{{'model_id':{model},'name':'x_name','ttype':'char','state':'manual','required':True}}");
    let again = admin.post_query(FIELDS, &[("vals", &x_name)]).await;
    assert!([409, 422].contains(&again.status), "{}", again.text);
    assert!(again.json()["odoo"]["message"].as_str().unwrap().contains("must be unique per model"));
    let record = json!({"vals": {"x_name": "test record"}});
    admin.post(custom, &record).await.refused(403, "access_denied");

    let rights = "'perm_read':True,'perm_write':True,'perm_create':True,'perm_unlink':True";
    post(admin, ACCESS, &format!("{{'name':'x_custom','model_id':{model},{rights}}}")).await;
    // Odoo 19.0.0 learns of the access when the field is made.
    let code = format!("{{'model_id':{model},'name':'x_code','ttype':'char','state':'manual','required':True}}");
    let field = post(admin, FIELDS, &code).await["Fields"].clone();
    assert_eq!((&field["name"], &field["ttype"]), (&json!("x_code"), &json!("char")));
    assert_eq!((&field["model_id"], &field["required"]), (&json!([model, "Custom Model"]), &json!(true)));

    let made = post(admin, custom, "{'x_name':'test record','x_code':'A'}").await["Custom Model"].clone();
    assert_eq!((&made["x_name"], &made["display_name"]), (&json!("test record"), &json!("test record")));
    assert_eq!((&made["x_code"], &made["create_uid"][1]), (&json!("A"), &json!("Mitchell Admin")));
    let path = format!("{custom}/{}", made["id"]);
    let written = admin.put_query(&path, &[("vals", "{'x_code':'B'}")]).await.ok();
    assert_eq!(written["Custom Model"]["x_code"], "B");
    let without = admin.post(custom, &record).await;
    without.refused(422, "missing_value");
    assert_eq!(admin.delete(&path, &[]).await.ok(), json!({}));
}

/// One request less: the access within the model's own values.
async fn a_model_is_made_with_its_access(admin: &Client) {
    let rights = "'perm_read':True,'perm_write':True,'perm_create':True,'perm_unlink':True";
    let access = format!("'access_ids':[(0,0,{{'name':'x_open',{rights}}})]");
    post(admin, MODELS, &format!("{{'name':'Open Model','model':'x_open','state':'manual',{access}}}")).await;
    let made = post(admin, "/restapi/1.0/object/x_open", "{'x_name':'first'}").await;
    assert_eq!(made["Open Model"]["x_name"], "first");
    let found = admin.get("/restapi/1.0/object/x_open", &[("fields", "x_name")]).await.ok();
    assert_eq!(found, json!({"Open Model": [{"id": made["Open Model"]["id"], "x_name": "first"}]}));
}
