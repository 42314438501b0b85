//! Cookies, CSRF tokens and password guesses: the lifetime and the binding of a page's form.

use std::sync::Arc;
use std::time::Duration;

use odoo_gateway::app::token_settings;
use odoo_gateway::auth::{CsrfBinding, Throttle, ThrottleRate, ThrottleSettings, TokenServices};
use odoo_gateway::clock::Clock;
use odoo_gateway::config::Config;
use reqwest::Method;

use super::{
    HtmlClient, REDIRECT, UNTHROTTLED, assert_error_page, create, csrf_token, location, new_application,
    redirect_params, request,
};
use crate::support::client::send;
use crate::support::stub_odoo::PASSWORD;
use crate::support::{Gateway, StubOdoo};

const OUTDATED: &str = "This page is out of date";

#[tokio::test(flavor = "multi_thread")]
async fn o2_09_cookies_are_host_only_and_renewed_at_each_login() {
    for (public, name, secure) in
        [("", "ogw_session", ""), ("https://gw.example/odoo", "__Host-ogw_session", "; Secure")]
    {
        let gateway = Gateway::start_with_odoo(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", public)]).await;
        let (id, _) = create(&gateway, new_application("Cookie shop", &[REDIRECT])).await;
        let path = request(&[("client_id", &id), ("response_type", "code")]);
        let mut browser_client = HtmlClient::new(gateway.client());
        let before = browser_client.get(&path).await.header("set-cookie").to_owned();
        let login = browser_client.log_in(&path, "internal", "internal").await;
        let after = login.header("set-cookie").to_owned();
        for cookie in [&before, &after] {
            assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
            assert!(cookie.ends_with(&format!("; Path=/; HttpOnly; SameSite=Lax{secure}")), "{cookie}");
        }
        assert_ne!(before, after);
        let base = public.strip_prefix("https://gw.example").unwrap_or_default();
        assert_eq!(location(&login), format!("{base}{path}"), "links use the configured URL");
        let page = browser_client.get(&path).await;
        assert_eq!(page.header("set-cookie"), "", "the cookie is unchanged");
        assert!(page.text.contains(&format!("href=\"{base}/pages/style.css?v=")));
        let issuer = if public.is_empty() { format!("http://{}", gateway.address()) } else { public.to_owned() };
        assert_eq!(redirect_params(&location(&browser_client.decide(&path, "deny").await))["iss"], issuer, "O2-06");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn session_from_before_the_login_is_invalid_afterwards() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (id, _) = create(&gateway, new_application("Fixed shop", &[REDIRECT])).await;
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    let mut browser_client = HtmlClient::new(gateway.client());
    browser_client.get(&path).await;
    let mut attacker = browser_client.clone();
    browser_client.log_in(&path, "internal", "internal").await;
    assert!(browser_client.get(&path).await.text.contains("Allow access?"));
    assert!(attacker.get(&path).await.text.contains("<h1>Sign in</h1>"), "the cookie from before the login");
    // Switching the account ends the session for every copy of its cookie.
    let mut thief = browser_client.clone();
    assert_eq!(location(&browser_client.decide(&path, "switch").await), path);
    for browser_client in [&mut browser_client, &mut thief] {
        assert!(browser_client.get(&path).await.text.contains("<h1>Sign in</h1>"));
    }
    assert_eq!(
        browser_client.get("/restapi/1.0/object/res.partner/1").await.status,
        401,
        "the cookie gives no access to the API"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_10_csrf_token_is_single_use_and_bound_to_browser_and_request() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (id, _) = create(&gateway, new_application("Guarded shop", &[REDIRECT, "https://client.example/two"])).await;
    let with = |more: &[(&str, &str)]| {
        let base = [("client_id", id.as_str()), ("redirect_uri", REDIRECT), ("response_type", "code")];
        request(&[&base[..], more].concat())
    };
    let path = with(&[("state", "1"), ("scope", "read")]);
    let [mut one, mut other] = [HtmlClient::new(gateway.client()), HtmlClient::new(gateway.client())];
    one.log_in(&path, "internal", "internal").await;
    other.log_in(&path, "salesman", "salesman").await;
    let stolen = csrf_token(&one.get(&path).await);
    let send_stolen = |browser_client: &HtmlClient, path: &str, csrf_token: &str| {
        let (mut browser_client, path, csrf_token) = (browser_client.clone(), path.to_owned(), csrf_token.to_owned());
        async move { browser_client.post(&path, &[("guard", &csrf_token), ("step", "allow")]).await }
    };
    assert_error_page(&send_stolen(&other, &path, &stolen).await, 403, OUTDATED);
    assert_error_page(&send_stolen(&HtmlClient::new(gateway.client()), &path, &stolen).await, 403, OUTDATED);
    for changed in [
        with(&[("state", "2"), ("scope", "read")]),
        with(&[("state", "1"), ("scope", "read update")]),
        with(&[("state", "1")]),
        with(&[
            ("state", "1"),
            ("scope", "read"),
            ("code_challenge", super::CHALLENGE),
            ("code_challenge_method", "S256"),
        ]),
        path.replace("back%3Fkeep%3D%257e%2B1", "two"),
    ] {
        assert_ne!(changed, path);
        assert_error_page(&send_stolen(&one, &changed, &stolen).await, 403, OUTDATED);
    }
    for wrong in ["", "x", "1.2.3", &stolen.replace('.', ""), &format!("{stolen}0"), &format!("9{stolen}")] {
        assert_error_page(&send_stolen(&one, &path, wrong).await, 403, OUTDATED);
    }
    // A valid form from another origin.
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
    {
        let form = [("guard", stolen.as_str()), ("step", "allow")];
        let forged = one.client().with_header(name, value).request(Method::POST, &path).form(&form);
        assert_error_page(&send(forged).await, 403, OUTDATED);
    }
    let unknown = one.post(&path, &[("guard", &stolen), ("step", "fly")]).await;
    assert_error_page(&unknown, 400, "The form has no known action");
    // None of these requests used the token. One of many concurrent requests succeeds.
    let responses = futures_util::future::join_all((0..10).map(|_| send_stolen(&one, &path, &stolen))).await;
    let allowed: Vec<_> = responses.iter().filter(|response| response.status == 303).collect();
    assert_eq!(allowed.len(), 1);
    assert!(redirect_params(&location(allowed[0])).contains_key("code"));
    for response in responses.iter().filter(|response| response.status != 303) {
        assert_error_page(response, 403, OUTDATED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csrf_token_expires_after_half_an_hour() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    create(&gateway, new_application("Slow shop", &[REDIRECT])).await;
    let admin = gateway.administration().await;
    let clock = Clock::manual(admin.clock.now());
    let rate = ThrottleRate { burst: 1, per_minute: 1 };
    let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
    let throttle = Arc::new(Throttle::new(rates, clock.clone()));
    let settings = token_settings(&Config::load(None, []).unwrap(), gateway.address());
    let csrf = TokenServices::new(admin.store, admin.key_provider, settings, throttle, clock.clone()).csrf;
    let form = CsrfBinding { cookie: "c", request: b"r" };
    let text = csrf.issue(form).await.unwrap();
    clock.advance(Duration::from_secs(30 * 60 - 1));
    let csrf_token = csrf.verify(form, &text).await.unwrap().expect("the token is valid");
    assert!(csrf.consume(&csrf_token).await.unwrap() && !csrf.consume(&csrf_token).await.unwrap());
    clock.advance(Duration::from_secs(1));
    assert!(csrf.verify(form, &text).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_15_consent_is_remembered_except_where_it_must_be_repeated() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let loopback = "http://127.0.0.1:4711/cb";
    let (id, _) = create(&gateway, new_application("Remembered shop", &[REDIRECT, loopback])).await;
    let with = |redirect: &str, more: &[(&str, &str)]| {
        let base = [("client_id", id.as_str()), ("redirect_uri", redirect), ("response_type", "code")];
        request(&[&base[..], more].concat())
    };
    let path = with(REDIRECT, &[("scope", "read")]);
    let mut browser_client = HtmlClient::new(gateway.client());
    browser_client.log_in(&path, "internal", "internal").await;
    assert!(redirect_params(&location(&browser_client.decide(&path, "allow").await)).contains_key("code"));
    let again = browser_client.get(&with(REDIRECT, &[("scope", "read"), ("state", "x")])).await;
    assert!(redirect_params(&location(&again)).contains_key("code"), "the same request needs no consent");
    for changed in [
        with(REDIRECT, &[("scope", "read"), ("prompt", "consent")]),
        with(REDIRECT, &[("scope", "read update")]),
        with(REDIRECT, &[]),
        with(loopback, &[("scope", "read")]),
    ] {
        assert!(browser_client.get(&changed).await.text.contains("Allow access?"), "{changed}");
    }
    let on_loopback = with(loopback, &[("scope", "read")]);
    assert!(redirect_params(&location(&browser_client.decide(&on_loopback, "allow").await)).contains_key("code"));
    assert!(
        browser_client.get(&on_loopback).await.text.contains("Allow access?"),
        "any program may use a loopback address"
    );
    // Another user has not consented.
    let mut other = HtmlClient::new(gateway.client());
    other.log_in(&path, "salesman", "salesman").await;
    assert!(other.get(&path).await.text.contains("Allow access?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b_02_few_of_twenty_wrong_passwords_reach_odoo() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms")]).await;
    let new_application =
        odoo_gateway::admin::NewApplication { database: None, ..new_application("Guessed", &[REDIRECT]) };
    let (id, _) = create(&gateway, new_application).await;
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    let mut browser_client = HtmlClient::new(gateway.client());
    let mut statuses = Vec::new();
    for guess in 0..20 {
        let response = browser_client.log_in(&path, "admin", &format!("wrong {guess}")).await;
        assert!(response.text.contains("role=\"alert\"") && !response.text.contains(&format!("wrong {guess}")));
        assert_eq!(response.header("retry-after").is_empty(), response.status != 429);
        assert_eq!(response.header("www-authenticate"), "", "no dialog of the browser");
        statuses.push(response.status);
    }
    assert!(statuses.starts_with(&[422, 422, 422, 429]) && statuses.ends_with(&[429, 429]), "{statuses:?}");
    assert!(stub.call_count("authenticate") <= 3, "{}", stub.call_count("authenticate"));
    let right = browser_client.log_in(&path, "admin", PASSWORD).await;
    assert_eq!(right.status, 429, "the correct one is throttled, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn b_05_invalid_passwords_never_reach_odoo() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &UNTHROTTLED).await;
    let new_application =
        odoo_gateway::admin::NewApplication { database: None, ..new_application("Nonsense", &[REDIRECT]) };
    let (id, _) = create(&gateway, new_application).await;
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    let mut browser_client = HtmlClient::new(gateway.client());
    let long = "p".repeat(4096);
    for (login, password) in
        [("", "x"), ("admin", ""), ("admin", "x\0y"), ("ad\nmin", "x"), ("admin", &long), (&long, "x")]
    {
        let response = browser_client.log_in(&path, login, password).await;
        assert_eq!(response.status, 400, "{login:.20} {password:.20}");
        assert!(response.text.contains("Enter both your login and your password"));
    }
    assert_eq!(stub.call_count("authenticate"), 0);
    assert_eq!(browser_client.log_in(&path, "admin", PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_odoo_is_shown_and_no_attempt_is_counted() {
    let stub = StubOdoo::start().await;
    let gateway = Gateway::start_with_stub(&stub, &[]).await;
    let new_application =
        odoo_gateway::admin::NewApplication { database: None, ..new_application("Patient", &[REDIRECT]) };
    let (id, _) = create(&gateway, new_application).await;
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    stub.when("authenticate", crate::support::StubReply::cut());
    let response = HtmlClient::new(gateway.client()).log_in(&path, "admin", PASSWORD).await;
    assert!(response.status >= 500, "{}", response.status);
    assert!(
        response.text.contains("Odoo does not answer at the moment, so your password was not checked"),
        "{}",
        response.text
    );
}
