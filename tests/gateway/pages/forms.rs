//! Cookies, forms and guesses: what a page's form is worth, to whom, and how often.

use std::sync::Arc;
use std::time::Duration;

use odoo_gateway::auth::{FormOf, OAuthSettings, Rate, Throttle, ThrottleSettings, TokenSettings, Tokens};
use odoo_gateway::clock::Clock;
use reqwest::Method;

use super::{QUICK, REDIRECT, Visitor, assert_error_page, create, guard, location, request, told, wanted};
use crate::support::client::send;
use crate::support::stub::PASSWORD;
use crate::support::{Gateway, Stub};

const OUTDATED: &str = "This page is out of date";

#[tokio::test(flavor = "multi_thread")]
async fn o2_09_cookies_are_for_this_host_only_and_new_at_each_login() {
    for (public, name, secure) in
        [("", "ogw_session", ""), ("https://gw.example/odoo", "__Host-ogw_session", "; Secure")]
    {
        let gateway = Gateway::before_odoo(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", public)]).await;
        let (id, _) = create(&gateway, wanted("Cookie shop", &[REDIRECT])).await;
        let path = request(&[("client_id", &id), ("response_type", "code")]);
        let mut visitor = Visitor::new(gateway.client());
        let before = visitor.get(&path).await.header("set-cookie").to_owned();
        let login = visitor.log_in(&path, "internal", "internal").await;
        let after = login.header("set-cookie").to_owned();
        for cookie in [&before, &after] {
            assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
            assert!(cookie.ends_with(&format!("; Path=/; HttpOnly; SameSite=Lax{secure}")), "{cookie}");
        }
        assert_ne!(before, after);
        let base = public.strip_prefix("https://gw.example").unwrap_or_default();
        assert_eq!(location(&login), format!("{base}{path}"), "links are made of what is configured");
        let page = visitor.get(&path).await;
        assert_eq!(page.header("set-cookie"), "", "it stays as it is");
        assert!(page.text.contains(&format!("href=\"{base}/pages/style.css\"")));
        let issuer = if public.is_empty() { format!("http://{}", gateway.address()) } else { public.to_owned() };
        assert_eq!(told(&location(&visitor.decide(&path, "deny").await))["iss"], issuer, "O2-06");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_before_the_login_is_worth_nothing_after_it() {
    let gateway = Gateway::before_odoo(&[]).await;
    let (id, _) = create(&gateway, wanted("Fixed shop", &[REDIRECT])).await;
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    let mut visitor = Visitor::new(gateway.client());
    visitor.get(&path).await;
    let mut attacker = visitor.clone();
    visitor.log_in(&path, "internal", "internal").await;
    assert!(visitor.get(&path).await.text.contains("Allow access?"));
    assert!(attacker.get(&path).await.text.contains("<h1>Sign in</h1>"), "the cookie of before");
    // Who switches ends the session, wherever its cookie is.
    let mut thief = visitor.clone();
    assert_eq!(location(&visitor.decide(&path, "switch").await), path);
    for visitor in [&mut visitor, &mut thief] {
        assert!(visitor.get(&path).await.text.contains("<h1>Sign in</h1>"));
    }
    assert_eq!(visitor.get("/restapi/1.0/object/res.partner/1").await.status, 401, "no cookie opens the API");
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_10_a_form_counts_for_its_browser_and_its_request_only_and_once() {
    let gateway = Gateway::before_odoo(&[]).await;
    let (id, _) = create(&gateway, wanted("Guarded shop", &[REDIRECT, "https://client.example/two"])).await;
    let with = |more: &[(&str, &str)]| {
        let base = [("client_id", id.as_str()), ("redirect_uri", REDIRECT), ("response_type", "code")];
        request(&[&base[..], more].concat())
    };
    let path = with(&[("state", "1"), ("scope", "read")]);
    let [mut one, mut other] = [Visitor::new(gateway.client()), Visitor::new(gateway.client())];
    one.log_in(&path, "internal", "internal").await;
    other.log_in(&path, "salesman", "salesman").await;
    let stolen = guard(&one.get(&path).await);
    let send_stolen = |visitor: &Visitor, path: &str, guard: &str| {
        let (mut visitor, path, guard) = (visitor.clone(), path.to_owned(), guard.to_owned());
        async move { visitor.post(&path, &[("guard", &guard), ("step", "allow")]).await }
    };
    assert_error_page(&send_stolen(&other, &path, &stolen).await, 403, OUTDATED);
    assert_error_page(&send_stolen(&Visitor::new(gateway.client()), &path, &stolen).await, 403, OUTDATED);
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
    // A form of another origin, with everything right.
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
    {
        let form = [("guard", stolen.as_str()), ("step", "allow")];
        let forged = one.client().with_header(name, value).request(Method::POST, &path).form(&form);
        assert_error_page(&send(forged).await, 403, OUTDATED);
    }
    let unknown = one.post(&path, &[("guard", &stolen), ("step", "fly")]).await;
    assert_error_page(&unknown, 400, "The form says nothing that can be done here");
    // None of that has spent it. Of many at once one counts.
    let answers = futures_util::future::join_all((0..10).map(|_| send_stolen(&one, &path, &stolen))).await;
    let allowed: Vec<_> = answers.iter().filter(|answer| answer.status == 303).collect();
    assert_eq!(allowed.len(), 1);
    assert!(told(&location(allowed[0])).contains_key("code"));
    for answer in answers.iter().filter(|answer| answer.status != 303) {
        assert_error_page(answer, 403, OUTDATED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_stays_open_for_half_an_hour_is_out_of_date() {
    let gateway = Gateway::before_odoo(&[]).await;
    create(&gateway, wanted("Slow shop", &[REDIRECT])).await;
    let admin = gateway.administration().await;
    let clock = Clock::manual(admin.clock.now());
    let rate = Rate { burst: 1, per_minute: 1 };
    let rates = ThrottleSettings { address_and_login: rate, login: rate, address: rate, global: rate };
    let throttle = Arc::new(Throttle::new(rates, clock.clone()));
    let (moment, oauth) = (Duration::from_secs(1), OAuthSettings::default());
    let settings = TokenSettings { failure_floor: moment, access_token_idle: moment, oauth };
    let tokens = Tokens::new(admin.store, admin.vaults, settings, throttle, clock.clone());
    let form = FormOf { cookie: "c", request: b"r" };
    let text = tokens.guard_form(form).await.unwrap();
    clock.advance(Duration::from_secs(30 * 60 - 1));
    let guard = tokens.read_guard(form, &text).await.unwrap().expect("it is not too late");
    assert!(tokens.spend_guard(&guard).await.unwrap() && !tokens.spend_guard(&guard).await.unwrap());
    clock.advance(moment);
    assert!(tokens.read_guard(form, &text).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_15_what_was_agreed_is_asked_again_only_where_it_has_to_be() {
    let gateway = Gateway::before_odoo(&[]).await;
    let loopback = "http://127.0.0.1:4711/cb";
    let (id, _) = create(&gateway, wanted("Remembered shop", &[REDIRECT, loopback])).await;
    let with = |redirect: &str, more: &[(&str, &str)]| {
        let base = [("client_id", id.as_str()), ("redirect_uri", redirect), ("response_type", "code")];
        request(&[&base[..], more].concat())
    };
    let path = with(REDIRECT, &[("scope", "read")]);
    let mut visitor = Visitor::new(gateway.client());
    visitor.log_in(&path, "internal", "internal").await;
    assert!(told(&location(&visitor.decide(&path, "allow").await)).contains_key("code"));
    let again = visitor.get(&with(REDIRECT, &[("scope", "read"), ("state", "x")])).await;
    assert!(told(&location(&again)).contains_key("code"), "the same again needs no question");
    for asked in [
        with(REDIRECT, &[("scope", "read"), ("prompt", "consent")]),
        with(REDIRECT, &[("scope", "read update")]),
        with(REDIRECT, &[]),
        with(loopback, &[("scope", "read")]),
    ] {
        assert!(visitor.get(&asked).await.text.contains("Allow access?"), "{asked}");
    }
    let on_loopback = with(loopback, &[("scope", "read")]);
    assert!(told(&location(&visitor.decide(&on_loopback, "allow").await)).contains_key("code"));
    assert!(visitor.get(&on_loopback).await.text.contains("Allow access?"), "any program may listen there");
    // Another user has agreed to nothing.
    let mut other = Visitor::new(gateway.client());
    other.log_in(&path, "salesman", "salesman").await;
    assert!(other.get(&path).await.text.contains("Allow access?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b_02_of_twenty_wrong_passwords_few_reach_odoo() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[("ODOO_GATEWAY__AUTH__FAILURE_FLOOR", "1ms")]).await;
    let wanted = odoo_gateway::admin::WantedApplication { database: None, ..wanted("Guessed", &[REDIRECT]) };
    let (id, _) = create(&gateway, wanted).await;
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    let mut visitor = Visitor::new(gateway.client());
    let mut statuses = Vec::new();
    for guess in 0..20 {
        let answer = visitor.log_in(&path, "admin", &format!("wrong {guess}")).await;
        assert!(answer.text.contains("role=\"alert\"") && !answer.text.contains(&format!("wrong {guess}")));
        assert_eq!(answer.header("retry-after").is_empty(), answer.status != 429);
        assert_eq!(answer.header("www-authenticate"), "", "a browser would ask by itself");
        statuses.push(answer.status);
    }
    assert!(statuses.starts_with(&[422, 422, 422, 429]) && statuses.ends_with(&[429, 429]), "{statuses:?}");
    assert!(stub.asked("authenticate") <= 3, "{}", stub.asked("authenticate"));
    let right = visitor.log_in(&path, "admin", PASSWORD).await;
    assert_eq!(right.status, 429, "not even the right one, for a while");
}

#[tokio::test(flavor = "multi_thread")]
async fn b_05_what_can_be_no_password_never_reaches_odoo() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &QUICK).await;
    let wanted = odoo_gateway::admin::WantedApplication { database: None, ..wanted("Nonsense", &[REDIRECT]) };
    let (id, _) = create(&gateway, wanted).await;
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    let mut visitor = Visitor::new(gateway.client());
    let long = "p".repeat(4096);
    for (login, password) in
        [("", "x"), ("admin", ""), ("admin", "x\0y"), ("ad\nmin", "x"), ("admin", &long), (&long, "x")]
    {
        let answer = visitor.log_in(&path, login, password).await;
        assert_eq!(answer.status, 400, "{login:.20} {password:.20}");
        assert!(answer.text.contains("Enter both your login and your password"));
    }
    assert_eq!(stub.asked("authenticate"), 0);
    assert_eq!(visitor.log_in(&path, "admin", PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_odoo_away_the_page_says_so_and_nobody_is_blamed() {
    let stub = Stub::start().await;
    let gateway = Gateway::before_stub(&stub, &[]).await;
    let wanted = odoo_gateway::admin::WantedApplication { database: None, ..wanted("Patient", &[REDIRECT]) };
    let (id, _) = create(&gateway, wanted).await;
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    stub.when("authenticate", crate::support::Act::cut());
    let answer = Visitor::new(gateway.client()).log_in(&path, "admin", PASSWORD).await;
    assert!(answer.status >= 500, "{}", answer.status);
    assert!(
        answer.text.contains("Odoo cannot be asked at the moment. Your password was not checked"),
        "{}",
        answer.text
    );
}
