//! Tokens of the gateway as secrets of RPC: OAuth 2 access tokens, login tokens, and access tokens of a login.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use odoo_gateway::admin::{ApplicationSettings, GrantType, NewApplication};
use serde_json::{Value, json};

use super::{Caller, Fault, Front};
use crate::credentials::new_key;
use crate::oauth1::new_application;
use crate::oauth2::{REVOKE, TOKEN, encoded, member};
use crate::support::client::send;
use crate::support::{Gateway, Response, StubOdoo, Version, unique};

const UNTHROTTLED: [(&str, &str); 5] = crate::oauth1::UNTHROTTLED;

async fn post_form(gateway: &Gateway, path: &str, form: &[(&str, &str)]) -> Response {
    let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let request = gateway.client().request(reqwest::Method::POST, path).body(form.join("&"));
    send(request.header("content-type", "application/x-www-form-urlencoded")).await
}

fn caller(gateway: &Gateway, front: Front, version: Version, (uid, secret): (i64, &str)) -> Caller {
    let (client, database) = (gateway.client(), version.database().to_owned());
    Caller { front, client, database, uid, secret: secret.to_owned() }
}

async fn count(caller: &Caller) -> Result<Value, Fault> {
    caller.execute_kw("res.partner", "search_count", &json!([[]]), &json!({})).await
}

async fn authenticate(caller: &Caller) -> Result<Value, Fault> {
    let arguments = [json!(caller.database), json!("ignored"), json!(caller.secret), json!({})];
    caller.front.call(&caller.client, "common", "authenticate", &arguments).await
}

/// The secret logs in as this user and calls methods as this user alone.
async fn assert_accepted(gateway: &Gateway, version: Version, uid: i64, secret: &str) {
    for front in Front::ALL {
        let user = caller(gateway, front, version, (uid, secret));
        assert_eq!(authenticate(&user).await, Ok(json!(uid)), "{version:?} {front:?}");
        assert!(count(&user).await.unwrap().is_i64(), "{version:?} {front:?}");
        let other = Caller { uid: uid + 1, ..user };
        assert_eq!(count(&other).await.unwrap_err().text, "Access Denied", "{version:?} {front:?}");
    }
}

async fn assert_rejected(gateway: &Gateway, version: Version, uid: i64, secret: &str) {
    for front in Front::ALL {
        let user = caller(gateway, front, version, (uid, secret));
        assert_eq!(authenticate(&user).await, Ok(json!(false)), "{version:?} {front:?}");
        assert_eq!(count(&user).await.unwrap_err().text, "Access Denied", "{version:?} {front:?}");
    }
}

#[tokio::test]
async fn oauth2_access_tokens_are_secrets_with_their_scope_until_they_are_revoked() {
    let gateway = Gateway::start_with_odoo(&UNTHROTTLED).await;
    for version in Version::each() {
        let application = new_application(version, &unique("rpc"));
        let grants = [GrantType::ClientCredentials].into();
        let settings = ApplicationSettings { grants, ..application.settings.clone() };
        let application = NewApplication { settings, ..application };
        let (application, secret) = gateway.administration().await.create_application(application).await.unwrap();
        let client_secret = secret.client.unwrap().expose().to_owned();
        let client = [("client_id", application.client_id()), ("client_secret", client_secret.as_str())];
        for format in ["opaque", "jwt"] {
            let grant = [("grant_type", "client_credentials"), ("token_format", format), ("scope", "read:res.partner")];
            let issued = post_form(&gateway, TOKEN, &[&client[..], &grant].concat()).await.ok();
            let token = member(&issued, "access_token");
            assert_eq!(token.contains('.'), format == "jwt");
            assert_accepted(&gateway, version, 2, &token).await;
            let admin = caller(&gateway, Front::Numbers, version, (2, &token));
            for (model, method, args) in
                [("res.partner", "write", json!([[1], {"comment": "x"}])), ("res.users", "search", json!([[]]))]
            {
                let Fault { code, text } = admin.execute_kw(model, method, &args, &json!({})).await.unwrap_err();
                assert!(code == 4 && text.contains("scope"), "{model}.{method}: {code} {text}");
            }
            let revoked = post_form(&gateway, REVOKE, &[&client[..], &[("token", &token)]].concat()).await;
            assert_eq!(revoked.status, 200, "{}", revoked.text);
            assert_rejected(&gateway, version, 2, &token).await;
        }
    }
}

#[tokio::test]
async fn login_tokens_and_access_tokens_are_secrets_of_their_user() {
    let gateway = Gateway::start_with_odoo(&UNTHROTTLED).await;
    for version in Version::each() {
        let admin = gateway.administration().await;
        let (row, key) = admin.create_key(new_key(version, &unique("rpc"))).await.unwrap();
        let with_key = gateway.client().with_header("api-key", key.expose());
        let login_token = member(&with_key.post("/api/generate_token", &json!({})).await.ok(), "login_token");
        assert_accepted(&gateway, version, row.grant.uid, &login_token).await;
        let query = [("login", "internal"), ("password", "internal"), ("db", version.database())];
        let access_token = member(&gateway.client().get("/rest/api/login/token", &query).await.ok(), "access_token");
        assert_accepted(&gateway, version, row.grant.uid, &access_token).await;
        let with_token = gateway.client().with_header("access-token", &access_token);
        with_token.delete("/rest/api/logout/token", &[]).await.ok();
        assert_rejected(&gateway, version, row.grant.uid, &access_token).await;
    }
}

/// Neither Odoo nor a reader of its log must see tokens.
#[tokio::test]
async fn what_looks_like_a_token_is_never_sent_to_odoo_as_a_password() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &UNTHROTTLED).await;
    let header = |typ: &str, alg: &str| URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": typ, "kid": "a"}).to_string());
    let access = format!("{}.e30.AA", header("at+jwt", "EdDSA"));
    let login = format!("{}.e30.AA", header("ogw-login+jwt", "HS256"));
    for secret in [access, login] {
        for front in Front::ALL {
            let (client, database) = (gateway.client(), "stub".to_owned());
            let user = Caller { front, client, database, uid: 7, secret: secret.clone() };
            assert_eq!(authenticate(&user).await, Ok(json!(false)), "{front:?} {secret}");
            assert_eq!(count(&user).await.unwrap_err().text, "Access Denied", "{front:?} {secret}");
        }
    }
    assert_eq!(stub.calls(), Vec::<String>::new());
}
