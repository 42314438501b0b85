//! The credentials of RPC: what is accepted, what is rejected, and what the log contains.

use odoo_gateway::store::KeyRate;
use serde_json::{Value, json};

use super::{Caller, Fault, Front};
use crate::credentials::{new_key, new_key_of};
use crate::support::binary::Process;
use crate::support::{Gateway, Version, testbed, unique};

const UNTHROTTLED: [(&str, &str); 5] = crate::oauth1::UNTHROTTLED;

async fn authenticate(caller: &Caller, login: &str, secret: &str) -> Result<Value, Fault> {
    let arguments = [json!(caller.database), json!(login), json!(secret), json!({})];
    caller.front.call(&caller.client, "common", "authenticate", &arguments).await
}

async fn count(caller: &Caller) -> Result<Value, Fault> {
    caller.execute_kw("res.partner", "search_count", &json!([[]]), &json!({})).await
}

fn caller(gateway: &Gateway, front: Front, version: Version) -> Caller {
    let (client, database) = (gateway.client(), version.database().to_owned());
    Caller { front, client, database, uid: 2, secret: "admin".to_owned() }
}

fn denied(front: Front) -> Fault {
    let code = match front {
        Front::Numbers => json!(3),
        Front::Classes => json!("AccessDenied"),
        Front::Json => json!("odoo.exceptions.AccessDenied"),
    };
    Fault { code, text: "Access Denied".to_owned() }
}

#[tokio::test]
async fn passwords_and_both_kinds_of_keys_authenticate_their_user() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    for version in Version::each() {
        let (_, key) = gateway.administration().await.create_key(new_key(version, &unique("rpc"))).await.unwrap();
        for front in Front::ALL {
            let admin = caller(&gateway, front, version);
            for (login, secret) in
                [("internal", "internal"), ("internal", testbed().api_key(version)), ("nobody", key.expose())]
            {
                let uid = authenticate(&admin, login, secret).await.unwrap().as_i64().unwrap();
                let internal = Caller { uid, secret: secret.to_owned(), ..admin.clone() };
                let found = count(&internal).await.unwrap();
                assert!(found.is_i64() && uid > 2, "{version:?} {front:?} {login}: {found}");
            }
            let arguments = [json!(version.database()), json!("admin"), json!("admin")];
            assert_eq!(front.call(&admin.client, "common", "login", &arguments).await, Ok(json!(2)), "{front:?}");
        }
    }
}

#[tokio::test]
async fn wrong_credentials_are_rejected_as_in_odoo() {
    let gateway = Gateway::start_with_odoo(&UNTHROTTLED).await;
    for version in Version::each() {
        let new_key = new_key_of(version.database(), &unique("rpc"), "admin", "admin");
        let (_, key) = gateway.administration().await.create_key(new_key).await.unwrap();
        for front in Front::ALL {
            let admin = caller(&gateway, front, version);
            assert!(count(&admin).await.is_ok(), "the right credential is accepted");
            let forged = format!("{}0", key.expose().strip_suffix(|_: char| true).unwrap());
            let wrong = [("admin", "wrong"), ("nobody", "admin"), ("admin", ""), ("", "admin"), ("admin", &forged)];
            for (login, secret) in wrong {
                assert_eq!(authenticate(&admin, login, secret).await, Ok(json!(false)), "{front:?} {login} {secret}");
            }
            // A user's id that is not the one of the secret.
            let wrong = [(2, "wrong"), (1, "admin"), (0, "admin"), (4711, "admin"), (2, ""), (4711, key.expose())];
            for (uid, secret) in wrong {
                let other = Caller { uid, secret: secret.to_owned(), ..admin.clone() };
                assert_eq!(count(&other).await, Err(denied(front)), "{version:?} {front:?} {uid}");
            }
            let elsewhere = Caller { database: "postgres".to_owned(), ..admin };
            let unknown = count(&elsewhere).await.unwrap_err();
            assert!(format!("{unknown:?}").contains("postgres is not configured"), "{unknown:?}");
        }
    }
}

#[tokio::test]
async fn revoked_keys_and_changed_rates_apply_to_rpc() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let admin = gateway.administration().await;
    let mut limited = new_key(Version::Odoo19, &unique("limited"));
    limited.terms.rate = Some(KeyRate { requests: 3, seconds: 3600, burst: 3 });
    let (row, key) = admin.create_key(limited).await.unwrap();
    let front = Front::Numbers;
    let mut internal = caller(&gateway, front, Version::Odoo19);
    internal.uid = row.grant.uid;
    internal.secret = key.expose().to_owned();
    for _ in 0..3 {
        assert!(count(&internal).await.is_ok());
    }
    let Fault { code, text } = count(&internal).await.unwrap_err();
    assert!(code == 1 && text.starts_with("odoo_gateway.rate_limited: "), "{code} {text}");
}

#[tokio::test]
async fn guessing_over_rpc_is_throttled() {
    let burst = [("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "2")];
    let gateway = Gateway::start_with_odoo(&burst).await;
    let guess = Caller { secret: "wrong".to_owned(), ..caller(&gateway, Front::Numbers, Version::Odoo19) };
    let mut texts = Vec::new();
    for attempt in 0..4 {
        let guess = Caller { secret: format!("wrong {attempt}"), ..guess.clone() };
        texts.push(count(&guess).await.unwrap_err());
    }
    assert_eq!(texts[0], denied(Front::Numbers));
    let throttled = texts.last().unwrap();
    assert!(throttled.code == 3 && throttled.text != "Access Denied", "{throttled:?}");
}

#[tokio::test]
async fn log_names_the_user_and_the_error_but_contains_no_arguments() {
    let (secret, argument) = ("s3cret-5f0b6a91", "argument-7d1c");
    let settings = [
        ("ODOO_GATEWAY__ODOO__0__URL", testbed().url(Version::Odoo19)),
        ("ODOO_GATEWAY__ODOO__0__DATABASE", "odoo19"),
        ("ODOO_GATEWAY__LOG__FILTER", "trace"),
    ];
    let gateway = Process::serve(&settings).await;
    for front in Front::ALL {
        let (client, database) = (gateway.client(), "odoo19".to_owned());
        let admin = Caller { front, client, database, uid: 2, secret: "admin".to_owned() };
        let domain = json!([[["name", "=", argument]]]);
        assert_eq!(admin.execute_kw("res.partner", "search", &domain, &json!({})).await, Ok(json!([])));
        let wrong = Caller { secret: secret.to_owned(), ..admin };
        wrong.execute_kw("res.partner", "search", &domain, &json!({})).await.unwrap_err();
    }
    let (_, output, _) = gateway.stop_with("TERM").await;
    crate::secrecy::assert_absent("the log", output.as_bytes(), &[secret, argument]);
    let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let logged = |route: &str, code: &Value| {
        lines.iter().any(|line| {
            line["message"] == "request" && line["route"] == route && line["user"] == "uid 2" && line["code"] == *code
        })
    };
    for route in ["/xmlrpc/2/{service}", "/xmlrpc/{service}", "/jsonrpc"] {
        assert!(logged(route, &Value::Null) && logged(route, &json!("credential_invalid")), "{route}: {lines:#?}");
    }
}
