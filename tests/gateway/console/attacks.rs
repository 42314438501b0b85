//! Attacks on the console: each fails.

use reqwest::Method;

use super::{ACCESS, LOGIN, NEW_KEY, Visitor, guard, secret, shared_key};
use crate::support::client::send;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Gateway, StubOdoo};

const OUTDATED: &str = "This page is out of date";

fn key_fields(name: &str) -> Vec<(&str, &str)> {
    let model = [("model", "res.partner"), ("operations:res.partner", "read"), ("fields:res.partner", "all")];
    [("name", name), ("days", "7"), ("scope", "rules"), ("step", "create")].into_iter().chain(model).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_need_a_token_of_this_session_and_path_that_was_not_used() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let mut user = Visitor::logged_in(&gateway, "salesman").await;
    let (account, _) = shared_key(&gateway, "Guarded").await;
    let token_form = format!("/console/shared-keys/{}/token", account.id);
    let mut other = Visitor::logged_in(&gateway, "internal").await;
    let own = guard(&user.get(NEW_KEY).await);
    let of_another_path = guard(&user.get(&token_form).await);
    let of_another_user = guard(&other.get(NEW_KEY).await);
    let fields = key_fields("Forged");
    for wrong in ["", "1.2.3", &of_another_path, &of_another_user] {
        let mut forged = fields.clone();
        forged.push(("guard", wrong));
        let rejected = user.post(NEW_KEY, &forged).await;
        assert_eq!(rejected.status, 403, "{}", rejected.text);
        assert!(rejected.text.contains(OUTDATED));
    }
    let mut sent = fields.clone();
    sent.push(("guard", &own));
    let foreign =
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")];
    for header in foreign {
        let request = user.client().with_header(header.0, header.1).request(Method::POST, NEW_KEY).form(&sent);
        assert_eq!(send(request).await.status, 403, "{header:?}");
    }
    secret(&user.post(NEW_KEY, &sent).await);
    assert_eq!(user.post(NEW_KEY, &sent).await.status, 403, "a form is accepted once");
    let json = user.client().post(NEW_KEY, &serde_json::json!({"guard": own})).await;
    assert_eq!(json.status, 415);
    let sign_out = user.post("/console/logout", &[]).await;
    assert_eq!(sign_out.status, 403);
    for method in [Method::GET, Method::HEAD] {
        assert_eq!(send(user.client().request(method, "/console/logout")).await.status, 405);
    }
    assert_eq!(user.get(ACCESS).await.status, 200, "the user is still logged in");
}

#[tokio::test(flavor = "multi_thread")]
async fn session_changes_at_the_login_and_ends_for_every_copy_of_its_cookie() {
    for (public, name, place) in [
        ("", "ogw_console", "; Path=/console; HttpOnly; SameSite=Lax"),
        ("https://gw.example/odoo", "__Host-ogw_console", "; Path=/; Secure; HttpOnly; SameSite=Lax"),
    ] {
        let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", public)]).await;
        let mut user = Visitor::new(&gateway);
        let before = user.get(LOGIN).await.header("set-cookie").to_owned();
        assert!(before.starts_with(&format!("{name}=")) && before.ends_with(place), "{before}");
        let mut attacker = user.clone();
        let login = user.log_in(LOGIN, "salesman", "salesman").await;
        let after = login.header("set-cookie");
        assert!(after.starts_with(&format!("{name}=ogw_con_")) && after.ends_with(place), "{after}");
        let base = public.strip_prefix("https://gw.example").unwrap_or_default();
        assert_eq!(login.header("location"), format!("{base}/console"));
        assert_eq!(attacker.get(ACCESS).await.status, 303, "the cookie from before the login");
        let mut thief = user.clone();
        assert_eq!(thief.get(ACCESS).await.status, 200);
        let page = user.get(ACCESS).await;
        let (_, rest) = page.text.split_once("name=\"guard\" value=\"").unwrap();
        let token = rest.split('"').next().unwrap().to_owned();
        let signed_out = user.post("/console/logout", &[("guard", &token)]).await;
        assert_eq!(signed_out.header("location"), format!("{base}{LOGIN}"));
        assert!(user.get(LOGIN).await.text.contains("You are signed out."));
        assert_eq!(thief.get(ACCESS).await.status, 303);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_opens_nothing_but_the_console() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let user = Visitor::logged_in(&gateway, "salesman").await;
    assert_eq!(user.client().get("/restapi/1.0/object/res.partner/1", &[]).await.status, 401);
    let token = &user.cookies.iter().find(|(name, _)| name == "ogw_console").unwrap().1;
    let bearer = gateway.client().with_header("authorization", &format!("Bearer {token}"));
    assert_eq!(bearer.get("/restapi/1.0/object/res.partner/1", &[]).await.status, 401);
    let cookie = gateway.client().with_header("cookie", &format!("ogw_session={token}"));
    assert_eq!(cookie.get(ACCESS, &[]).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_other_users_look_like_those_that_do_not_exist() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (private, _) = shared_key(&gateway, "Owned by internal").await;
    let mut owner = Visitor::logged_in(&gateway, "internal").await;
    let mut user = Visitor::logged_in(&gateway, "salesman").await;
    let sessions = gateway.administration().await.list_tokens().await.unwrap();
    let session = &sessions.iter().find(|row| row.grant.login == "internal").unwrap().id;
    let absent = "0".repeat(32);
    let key = &private.id;
    for (kind, id) in [("token", key), ("token", session), ("link", key), ("application", key)] {
        let [foreign, missing] = [id, &absent].map(|id| format!("/console/access/{kind}/{id}/end"));
        let (foreign_page, missing_page) = (user.get(&foreign).await, user.get(&missing).await);
        assert_eq!((foreign_page.status, missing_page.status), (404, 404), "{foreign}");
        let body = |text: &str| text.split("<code>").next().unwrap().to_owned();
        assert_eq!(body(&foreign_page.text), body(&missing_page.text));
        // A token for the path of an own object does not help.
        let own_guard = guard(&user.get(NEW_KEY).await);
        assert_eq!(user.post(&foreign, &[("guard", &own_guard)]).await.status, 403);
    }
    assert_eq!(owner.get(ACCESS).await.status, 200);
    let own_page = owner.get(&format!("/console/access/token/{}/end", private.id)).await;
    assert_eq!(own_page.status, 200, "the owner can end it");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_users_are_escaped_and_pages_cannot_be_framed() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let evil = "\"><script>alert(1)</script>";
    let (account, _) = shared_key(&gateway, evil).await;
    let mut user = Visitor::logged_in(&gateway, "salesman").await;
    let name = "<img src=x>";
    let created = user.submit(NEW_KEY, &key_fields(name)).await;
    secret(&created);
    let (token_form, link_form) = (format!("/console/shared-keys/{}/token", account.id), "/console/shared-keys/link");
    let mut pages = vec![created, user.submit(&token_form, &[("days", "1")]).await];
    for path in [ACCESS, NEW_KEY, "/console/shared-keys", &token_form, link_form, "/console/none", LOGIN] {
        pages.push(user.get(path).await);
    }
    pages.push(user.log_in(LOGIN, evil, evil).await);
    for page in pages {
        assert!(!page.text.contains("<script") && !page.text.contains("<img src=x"), "{}", page.text);
        let policy = page.header("content-security-policy");
        for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
        assert_eq!((page.header("x-frame-options"), page.header("cache-control")), ("DENY", "no-store"));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn login_leads_to_pages_of_the_console_only() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let asked = Visitor::new(&gateway).get("/console/shared-keys?a=b").await;
    assert_eq!(asked.header("location"), "/console/login?next=%2Fconsole%2Fshared-keys%3Fa%3Db");
    let mut user = Visitor::new(&gateway);
    let response = user.log_in(asked.header("location"), "salesman", "salesman").await;
    assert_eq!(response.header("location"), "/console/shared-keys?a=b");
    for next in ["https://evil.example", "//evil.example", "/console/%5C%5Cevil", "/consoleevil", "%2F%2Fx/console"] {
        let mut user = Visitor::new(&gateway);
        let response = user.log_in(&format!("{LOGIN}?next={next}"), "salesman", "salesman").await;
        assert_eq!(response.header("location"), ACCESS, "{next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_limited_as_for_the_api() {
    let stub = StubOdoo::start().await;
    let limits = [
        ("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms"),
        ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "2"),
    ];
    let gateway = Gateway::start_with_stub(&stub, &limits).await;
    let mut guesser = Visitor::new(&gateway);
    for guess in ["wrong 1", "wrong 2"] {
        let rejected = guesser.log_in(LOGIN, "admin", guess).await;
        assert_eq!(rejected.status, 422, "{}", rejected.text);
        assert!(rejected.text.contains("does not accept this login") && !rejected.text.contains(guess));
    }
    let throttled = guesser.log_in(LOGIN, "admin", PASSWORD).await;
    assert_eq!(throttled.status, 429, "{}", throttled.text);
    assert!(throttled.header("retry-after").parse::<u32>().unwrap() > 0);
    let basic = gateway.client().with_password("admin", PASSWORD);
    let status = basic.get("/restapi/1.0/object/res.partner/1", &[]).await.status;
    assert_eq!(status, 429, "one count for all ways to log in");
    let foreign = guesser.submit(LOGIN, &[("login", "somebody"), ("password", "x"), ("database", "unknown")]).await;
    assert_eq!(foreign.status, 422, "an unknown database looks like a wrong password");
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_of_allowed_origins_cannot_read_the_console() {
    let gateway = Gateway::start(&[("ODOO_GATEWAY__SERVER__CORS_ORIGINS", "https://app.example")]).await;
    let client = gateway.client().with_header("origin", "https://app.example");
    for path in [ACCESS, LOGIN, "/console/admin/keys"] {
        let response = client.get(path, &[]).await;
        assert_eq!(response.header("access-control-allow-origin"), "", "{path}");
    }
}
