//! Methods, orders, and faults that Odoo 20 changed.

use serde_json::{Value, json};

use crate::support::odoo::{add_unique_constraint, fresh_database};
use crate::support::{Client, Gateway, Response, Version, unique};

const PARTNERS: &str = "/restapi/1.0/object/res.partner";
const TAG: &str = "res.partner.category";
/// An id that no record has.
const MISSING_ID: i64 = 2_147_483_647;
/// So many fields that a page of an export contains only about a hundred records.
const MANY_FIELDS: &str = "name,ref,type,employee,parent_id,color,active,is_company,email,phone,street,street2,city,\
    zip,country_id,state_id,function,website,vat,lang,tz,comment,company_id,user_id,category_id,child_ids,bank_ids,\
    create_date,write_date,create_uid,write_uid,display_name,company_name,partner_latitude,partner_longitude,barcode";

/// A gateway in front of the stand-in.
async fn gateway() -> Gateway {
    Gateway::start_with_database(Version::Odoo20, Version::Odoo20.database(), &[]).await
}

async fn execute(client: &Client, model: &str, body: &Value) -> Response {
    client.post(&format!("/api/{model}/execute_kw"), body).await
}

async fn create_tag(client: &Client, active: bool) -> i64 {
    let values = json!({"name": unique("toggled"), "active": active});
    client.post(&format!("/api/{TAG}/create"), &values).await.ok()["id"].as_i64().unwrap()
}

/// A call of a method over JSON-RPC. Returns its result, or the class and the message of the fault.
async fn call_rpc(client: &Client, login: &str, call: (&str, &str, Value, Value)) -> Result<Value, (String, String)> {
    let database = Version::Odoo20.database();
    let request = async |service: &str, method: &str, args: Value| {
        let params = json!({"service": service, "method": method, "args": args});
        client.post("/jsonrpc", &json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 1})).await.json()
    };
    let uid = request("common", "login", json!([database, login, login])).await["result"].clone();
    assert!(uid.is_i64(), "{uid}");
    let (model, method, args, kwargs) = call;
    let reply = request("object", "execute_kw", json!([database, uid, login, model, method, args, kwargs])).await;
    match reply.get("result") {
        Some(result) => Ok(result.clone()),
        None => {
            let text = |name: &str| reply["error"]["data"][name].as_str().unwrap_or_default().to_owned();
            Err((text("name"), text("message")))
        }
    }
}

#[tokio::test]
async fn access_rights_are_checked_under_their_old_name() {
    let gateway = gateway().await;
    let (admin, internal) = (gateway.client().as_user("admin"), gateway.client().as_user("internal"));
    let path = format!("{PARTNERS}/check_access_rights");
    let all = [("operation", "['create', 'read', 'write', 'unlink']")];
    assert_eq!(admin.get(&path, &all).await.ok(), json!({"return": true}));
    let problem = internal.get(&path, &all).await.problem(403, "access_denied");
    assert_eq!(problem["detail"], "Odoo does not allow this user to create records of res.partner.");
    let quiet = [("operation", "create"), ("raise_exception", "False")];
    assert_eq!(internal.get(&path, &quiet).await.ok(), json!({"return": false}));
    // The same method, called by name.
    let check = async |args: Value| {
        execute(&internal, "res.partner", &json!({"method": "check_access_rights", "args": args})).await
    };
    assert_eq!(check(json!(["read"])).await.ok(), json!(true));
    assert_eq!(check(json!(["create", false])).await.ok(), json!(false));
    check(json!(["create"])).await.api_problem(403, "access_denied");
    check(json!(["fly"])).await.api_problem(400, "invalid_value");
    // The rights of the user decide which operations a typed document describes.
    for (client, may_create) in [(&admin, true), (&internal, false)] {
        let document = client.get("/openapi.json", &[("models", "res.country")]).await.ok().to_string();
        assert!(document.contains("listResCountry"), "{document}");
        assert_eq!(document.contains("createResCountry"), may_create);
    }
}

/// Model, positional arguments, named arguments.
type GroupCall = (&'static str, Value, Value);

fn group_calls() -> Vec<GroupCall> {
    let none = json!({});
    let eager = json!({"lazy": false});
    vec![
        ("sale.order", json!([[], ["amount_total:sum"], ["state"]]), none.clone()),
        (
            "sale.order",
            json!([[["state", "!=", "cancel"]], ["amount_total", "top:max(amount_total)"], ["partner_id", "state"], 1]),
            json!({"orderby": "partner_id desc", "limit": 3}),
        ),
        ("sale.order", json!([[], ["amount_total", "name"], ["date_order"]]), none.clone()),
        ("sale.order", json!([[], [], ["date_order:year", "state"]]), eager.clone()),
        ("sale.order", json!([[], ["__count"], "date_order:day"]), json!({"orderby": "date_order desc", "limit": 0})),
        (
            "sale.order",
            json!([["|", ["id", "<", 9], ["state", "=", "sale"]], ["amount_total:avg"], ["user_id"]]),
            none.clone(),
        ),
        ("sale.order", json!([[["id", "=", 0]], ["amount_total:sum"], ["state"]]), none.clone()),
        ("sale.order", json!([[], ["amount_total:sum"], []]), none.clone()),
        ("sale.order", json!([[], ["amount_total"], ["partner_id"]]), json!({"orderby": "amount_total desc"})),
        ("sale.order", json!([[], [], ["date_order:month_number"]]), none.clone()),
        ("sale.order", json!([[], []]), json!({"groupby": ["date_order:week"], "context": {"tz": "Asia/Tokyo"}})),
        (
            "res.country",
            json!([[["id", "<", 60]], ["phone_code", "codes:array_agg(code)"], ["currency_id"]]),
            none.clone(),
        ),
        ("res.partner", json!([[["id", "<", 40]], ["color:sum"], ["category_id"]]), none.clone()),
        // Groups without records are part of the result.
        ("product.template", json!([[["id", "<", 12]], ["list_price:max"], ["categ_id"]]), none.clone()),
        ("product.template", json!([[["id", "<", 12]], [], ["categ_id", "type"]]), eager),
        // Errors.
        ("sale.order", json!([[], ["no_such_field"], ["state"]]), none.clone()),
        ("sale.order", json!([[], ["amount_total:no_such"], ["state"]]), none.clone()),
        ("sale.order", json!([[], [], ["no_such_field"]]), none),
    ]
}

/// The result, or the status and the code. Odoo 19 writes the domain of all records as `[(1, '=', 1)]`.
fn comparable(response: &Response) -> (u16, Value) {
    if response.status != 200 {
        return (response.status, response.json()["error"].clone());
    }
    let mut groups = response.ok();
    for group in groups.as_array_mut().unwrap() {
        if group["__domain"] == json!([[1, "=", 1]]) {
            group["__domain"] = json!([]);
        }
    }
    (200, groups)
}

#[tokio::test]
async fn groups_of_the_old_method_are_those_of_odoo_19() {
    let gateway = gateway().await;
    let on_20 = gateway.client().as_user("admin");
    let database = fresh_database(Version::Odoo19).await;
    let gateway_of_19 = Gateway::start_with_database(Version::Odoo19, &database, &[]).await;
    let on_19 = gateway_of_19.client().as_user("admin");
    let (mut succeeded, mut failed) = (0, 0);
    for (model, args, kwargs) in group_calls() {
        let body = json!({"method": "read_group", "args": args, "kwargs": kwargs});
        let expected = comparable(&execute(&on_19, model, &body).await);
        let found = comparable(&execute(&on_20, model, &body).await);
        assert_eq!(found, expected, "{model} {args} {kwargs}");
        if found.0 == 200 { succeeded += 1 } else { failed += 1 }
    }
    assert_eq!((succeeded, failed), (15, 3));
}

#[tokio::test]
async fn the_old_method_is_served_in_every_dialect() {
    let gateway = gateway().await;
    let admin = gateway.client().as_user("admin");
    let body = json!({"args": [[["id", "<", 60]], ["phone_code:sum"], ["currency_id"]]});
    let named = json!({"domain": [["id", "<", 60]], "fields": ["phone_code:sum"], "groupby": ["currency_id"]});
    let called = json!({"method": "read_group", "args": body["args"]});
    let expected = execute(&admin, "res.country", &called).await.ok();
    let first = &expected[0];
    assert!(first["currency_id_count"].is_i64() && first["phone_code"].is_i64() && first["__domain"].is_array());
    let restapi = admin.post("/restapi/1.0/object/res.country/read_group", &body).await.ok();
    assert_eq!(restapi["return"], expected);
    let api_v1 = admin.post("/api/v1/object/res.country/read_group", &body).await.ok();
    assert_eq!(api_v1["data"], expected);
    assert_eq!(admin.post("/json/2/res.country/read_group", &named).await.ok(), expected);
}

#[tokio::test]
async fn the_new_read_group_is_reached_with_its_own_arguments() {
    let gateway = gateway().await;
    let admin = gateway.client().as_user("admin");
    for body in [
        json!({"method": "read_group", "kwargs": {"domain": [], "groupby": ["state"], "aggregates": ["__count"]}}),
        json!({"method": "read_group", "args": [[], ["state"], ["__count"]]}),
    ] {
        let groups = execute(&admin, "sale.order", &body).await.ok();
        let first = groups[0].as_array().unwrap_or_else(|| panic!("a tuple of a group and a number, not {groups}"));
        assert!(first.len() == 2 && first[0].is_string() && first[1].is_i64(), "{groups}");
    }
}

#[tokio::test]
async fn records_are_toggled_without_the_method_of_odoo() {
    let gateway = gateway().await;
    let admin = gateway.client().as_user("admin");
    let state =
        async |id: i64| admin.get(&format!("/api/{TAG}/{id}"), &[("fields", "active")]).await.ok()["active"].clone();
    let (one, other) = (create_tag(&admin, true).await, create_tag(&admin, false).await);
    // The second call is made when it is known that Odoo has no such method.
    for (one_is_active, other_is_active) in [(false, true), (true, false)] {
        let toggled = execute(&admin, TAG, &json!({"method": "toggle_active", "args": [[one, other, one]]})).await;
        assert_eq!(toggled.ok(), Value::Null);
        assert_eq!((state(one).await, state(other).await), (json!(one_is_active), json!(other_is_active)));
    }
    let by_path = admin.post(&format!("/restapi/1.0/object/{TAG}/{one}/toggle_active"), &json!({})).await;
    assert_eq!((by_path.ok(), state(one).await), (json!({"return": null}), json!(false)));
    let by_name = admin.post(&format!("/json/2/{TAG}/toggle_active"), &json!({"ids": [one]})).await;
    assert_eq!((by_name.ok(), state(one).await), (Value::Null, json!(true)));
    let missing = json!({"method": "toggle_active", "args": [[one, MISSING_ID]]});
    execute(&admin, TAG, &missing).await.api_problem(404, "record_not_found");
    assert_eq!(state(one).await, json!(true), "nothing was done");
    let none = json!({"method": "toggle_active", "args": [[]]});
    assert_eq!(execute(&admin, TAG, &none).await.ok(), Value::Null);
    let lines = json!({"method": "toggle_active", "args": [[1]]});
    let problem = execute(&admin, "res.country", &lines).await.api_problem(422, "odoo_refused");
    assert!(problem.contains("has no field `active`"), "{problem}");
}

#[tokio::test]
async fn calls_over_rpc_see_the_methods_that_odoo_has() {
    let gateway = gateway().await;
    let client = gateway.client();
    for (method, args) in [("check_access_rights", json!(["read"])), ("toggle_active", json!([[1]]))] {
        let removed = call_rpc(&client, "admin", (TAG, method, args, json!({}))).await;
        let message = format!("The method '{TAG}.{method}' does not exist");
        assert_eq!(removed, Err(("builtins.AttributeError".to_owned(), message)));
    }
    let new_form = ("sale.order", "read_group", json!([[], ["state"], ["__count"]]), json!({}));
    assert!(call_rpc(&client, "admin", new_form).await.unwrap()[0].is_array());
}

#[tokio::test]
async fn limit_of_zero_is_rejected_or_has_the_meaning_of_the_version() {
    let gateway = gateway().await;
    let admin = gateway.client().as_user("admin");
    let zero = [("limit", "0")];
    admin.get("/restapi/1.0/object/res.country/search", &zero).await.problem(400, "invalid_parameter");
    admin.get("/restapi/1.0/object/res.country", &zero).await.problem(400, "invalid_parameter");
    admin.get("/api/res.country/search", &zero).await.api_problem(400, "invalid_parameter");
    assert_eq!(admin.get("/api/v1/res.country", &zero).await.status, 400);
    assert_eq!(admin.get("/api/v1/res.country", &[("page_size", "0")]).await.status, 400);
    assert_eq!(admin.post("/api/v1/res.country/search", &json!({"limit": 0})).await.status, 400);
    let named = json!({"domain": [], "limit": 0});
    assert_eq!(admin.post("/json/2/res.country/search", &named).await.ok(), json!([]), "19.1 and later find nothing");
    let search = ("res.country", "search", json!([[]]), json!({"limit": 0}));
    assert_eq!(call_rpc(&gateway.client(), "admin", search).await, Ok(json!([])));
    let on_19 = Gateway::shared().client().on(Version::Odoo19).as_user("admin");
    let all = on_19.post("/json/2/res.country/search", &named).await.ok();
    assert!(all.as_array().unwrap().len() > 200, "until 19.0 the limit has no effect");
    // No list of the gateway's own is empty because of a limit.
    let countries = admin.get("/api/res.country/search", &[("fields", "code")]).await.ok();
    assert_eq!(countries.as_array().unwrap().len(), all.as_array().unwrap().len());
}

#[tokio::test]
async fn exports_in_the_order_of_a_selection_are_complete() {
    let gateway = gateway().await;
    let admin = gateway.client().as_user("admin");
    let mark = unique("by option");
    // In the order of their options: contact, invoice, delivery, other. As texts: contact, delivery, invoice, other.
    let types = [json!("other"), json!("delivery"), json!(false), json!("invoice"), json!("contact")];
    let partner = |n: usize| json!({"name": format!("{mark} {n}"), "type": types[n % types.len()], "color": n % 3});
    let records: Vec<Value> = (0..250).map(partner).collect();
    admin.post(&format!("{PARTNERS}/create"), &json!({"args": [records]})).await.ok();
    let domain = format!("[('name','like','{mark}')]");
    for order in ["type", "type desc", "type nulls first", "type desc nulls last, id desc", "type, name desc"] {
        let query = [("domain", domain.as_str()), ("order", order)];
        let expected = admin.get(&format!("{PARTNERS}/search"), &query).await.ok()["Contact"].clone();
        assert_eq!(expected.as_array().unwrap().len(), records.len());
        let query = [query.as_slice(), &[("fields", MANY_FIELDS)]].concat();
        let export = admin.with_header("Accept", "application/x-ndjson").get(PARTNERS, &query).await;
        assert_eq!(export.status, 200, "{}", export.text);
        let ids = export.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone());
        assert_eq!(ids.collect::<Value>(), expected, "{order}");
    }
    // The options decide, not the texts.
    let query = [("domain", domain.as_str()), ("order", "type"), ("fields", "type")];
    let sorted = admin.get("/api/res.partner/search", &query).await.ok();
    let mut found: Vec<&Value> = sorted.as_array().unwrap().iter().map(|partner| &partner["type"]).collect();
    found.dedup();
    assert_eq!(found, [&json!("contact"), &json!("invoice"), &json!("delivery"), &json!("other"), &json!(false)]);
}

#[tokio::test]
async fn texts_of_faults_are_understood_and_show_no_values() {
    let gateway = gateway().await;
    let on_20 = gateway.client().as_user("admin");
    let missing = on_20.post(&format!("/restapi/1.0/object/{TAG}"), &json!({"vals": {"color": 1}})).await;
    let missing = missing.problem(422, "missing_value");
    assert_eq!(missing["parameter"], "name");
    assert!(missing["detail"].as_str().unwrap().contains("Missing required field"), "{missing}");
    let falsy = execute(&on_20, "res.partner", &json!({"method": "read", "args": [[0], ["name"]]})).await;
    assert!(falsy.api_problem(400, "invalid_value").contains("Invalid falsy real id"));
    let of_class = execute(&on_20, "res.partner", &json!({"method": "is_transient"})).await;
    of_class.api_problem(403, "private_method");
    let removed = execute(&on_20, "res.partner", &json!({"method": "check_access_rule", "args": [[1], "read"]})).await;
    assert!(removed.api_problem(404, "unknown_method").contains("`has_access` with ids"));
    let parameters = json!({"method": "get_param", "args": ["web.base.url"]});
    let parameters = execute(&on_20, "ir.config_parameter", &parameters).await;
    assert!(parameters.api_problem(404, "unknown_method").contains("`get_str`"));
}

#[tokio::test]
async fn rejection_of_a_duplicate_does_not_show_the_row() {
    let gateway = gateway().await;
    let admin = gateway.client().as_user("admin");
    add_unique_constraint(Version::Odoo20.database(), "res_partner", "ref").await;
    let secret = unique("duplicate");
    let values = json!({"name": "Twice", "ref": secret});
    admin.post("/api/res.partner/create", &values).await.ok();
    let again = admin.post(PARTNERS, &json!({"vals": values})).await;
    let problem = again.problem(409, "unique_conflict");
    let detail = "The operation cannot be completed: The value for 'ref' (Reference) already exists.";
    assert_eq!((&problem["detail"], &problem["odoo"]["message"]), (&json!(detail), &json!(detail)));
    let by_name = execute(&admin, "res.partner", &json!({"method": "create", "args": [values]})).await;
    let shown = by_name.api_problem(409, "unique_conflict");
    assert!(!shown.contains(&secret) && !shown.contains("Detail"), "{shown}");
    let over_rpc = call_rpc(&gateway.client(), "admin", ("res.partner", "create", json!([[values]]), json!({}))).await;
    let (_, message) = over_rpc.unwrap_err();
    assert_eq!(message, detail);
}

#[tokio::test]
async fn a_report_without_a_pdf_engine_has_its_own_error() {
    let gateway = gateway().await;
    let admin = gateway.client().as_user("admin");
    let order = admin.get("/api/sale.order/search", &[("fields", "name"), ("limit", "1")]).await.ok()[0]["id"].clone();
    let path = format!("/restapi/1.0/report/sale.report_saleorder/{order}");
    assert!(admin.get(&path, &[]).await.ok()["report"]["result"].as_str().unwrap().starts_with("JVBERi"));
    // The stand-in takes the engine away from this one report.
    let print = async |engine: &str| admin.get(&path, &[("context", &format!("{{'pdf_engine': '{engine}'}}"))]).await;
    let page = print("html").await.problem(502, "pdf_engine_unavailable");
    assert!(page["detail"].as_str().unwrap().ends_with("as HTML, because it has no PDF engine."), "{page}");
    print("missing").await.problem(422, "odoo_refused");
    let parameter = json!({"key": "stand_in.pdf_engine_state", "value": "install"});
    admin.post("/api/ir.config_parameter/create", &parameter).await.ok();
    let missing = print("missing").await.problem(502, "pdf_engine_unavailable");
    assert_eq!(missing["detail"], "The server of Odoo has no PDF engine.");
}
