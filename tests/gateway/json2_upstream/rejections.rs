//! Errors of every kind: the same statuses, codes, messages and hints.

use serde_json::json;

use super::{Pair, Request, get, post};

const MISSING: i64 = 2_147_483_647;

fn rejected() -> Vec<Request> {
    let execute = |method: &str, args: serde_json::Value| {
        post("/api/res.partner/execute_kw", json!({"method": method, "args": args}))
    };
    vec![
        get("/restapi/1.0/object/no.such.model"),
        get("/api/no.such.model/search"),
        get(format!("/restapi/1.0/object/res.partner/{MISSING}")),
        get(format!("/api/v1/res.partner/{MISSING}")),
        get("/restapi/1.0/object/res.partner?fields=nope"),
        get("/restapi/1.0/object/res.partner?domain=[('nope','=',1)]"),
        get("/restapi/1.0/object/res.partner?order=nope"),
        get("/restapi/1.0/object/ir.ui.menu?limit=2&order=id"),
        get("/restapi/1.0/object/ir.mail_server"),
        post("/restapi/1.0/object/res.partner", json!({"vals": {"nope": 1}})),
        post("/restapi/1.0/object/res.partner", json!({"vals": {"email": "no name"}})),
        post("/restapi/1.0/object/res.partner", json!({"vals": {"name": "x", "country_id": MISSING}})),
        post("/restapi/1.0/object/res.partner", json!({"vals": {"name": "x", "parent_id": "a"}})),
        post("/restapi/1.0/object/res.users", json!({"vals": {"name": "x", "login": "admin"}})),
        post("/restapi/1.0/object/res.country", json!({"vals": {"name": "x", "code": "toolong"}})),
        post("/restapi/1.0/object/res.currency", json!({"vals": {"name": "EUR", "symbol": "e"}})),
        ("DELETE", "/restapi/1.0/object/res.country/233".to_owned(), None),
        execute("no_such_method", json!([[1]])),
        execute("_private", json!([[1]])),
        execute("write", json!([[1]])),
        execute("search", json!([])),
        execute("unlink", json!([])),
        execute("search", json!([[["nope", "=", 1]]])),
        execute("search", json!([[["name", "no operator", 1]]])),
        execute("read", json!([[MISSING]])),
        execute("copy", json!([[MISSING]])),
        execute("create", json!([])),
        execute("action_confirm", json!([[1]])),
    ]
}

#[tokio::test]
async fn errors_give_the_same_responses() {
    let pair = Pair::start().await;
    for login in ["admin", "internal", "portal"] {
        pair.assert_same(login, &rejected()).await;
    }
}

#[tokio::test]
async fn passwords_and_wrong_keys_are_rejected() {
    let pair = Pair::start().await;
    let client = pair.json2.client();
    let problem = client.with_password("admin", "no key").get("/restapi/1.0/object/res.partner/1", &[]).await;
    let problem = problem.problem(401, "credential_invalid");
    assert!(problem["detail"].as_str().unwrap().contains("JSON-2"), "{problem}");
    let [_, internal] = pair.clients("internal");
    let key = super::api_key_of("internal").unwrap();
    for (login, secret) in [("admin", key), ("internal", &key.replace('0', "f"))] {
        let rejected = client.with_password(login, secret).get("/restapi/1.0/object/res.partner/1", &[]).await;
        rejected.problem(401, "credential_invalid");
    }
    assert_eq!(internal.get("/restapi/1.0/object/res.partner/1", &[]).await.status, 200);
    let bearer = client.with_header("Authorization", &format!("Bearer {key}"));
    assert_eq!(bearer.get("/restapi/1.0/object/res.partner/1", &[]).await.status, 200);
}
