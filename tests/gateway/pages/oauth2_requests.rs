//! Invalid authorization requests of OAuth 2, and whether the error goes to the application or to a page.

use odoo_gateway::admin::{ApplicationSettings, GrantType, NewApplication};
use reqwest::Method;

use super::{
    CHALLENGE, HtmlClient, OAUTH2, REDIRECT, assert_error_page, create, location, new_application, redirect_params,
    request,
};
use crate::support::client::send;
use crate::support::{Gateway, Version};

/// Requests an address as a browser does.
async fn open_page(gateway: &Gateway, path: &str) -> crate::support::Response {
    HtmlClient::new(gateway.client()).get(path).await
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_01_changed_redirect_uri_causes_no_redirect() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (id, _) =
        create(&gateway, new_application("Exact shop", &["https://app.example/cb", "http://127.0.0.1/cb"])).await;
    for sent in [
        "https://app.example/cb/",
        "https://app.example/CB",
        "https://app.example/cb?x",
        "https://app.example/cb?",
        "https://app.example/cb#",
        "https://app.example/cb#fragment",
        "https://app.example/cb%2f..",
        "https://app.example/cb/..",
        "https://app.example/cb/../cb",
        "https://app.example/%63b",
        "https://app.example//cb",
        "https://app.example/cb@evil.example",
        "https://app.example@evil.example/cb",
        "https://user@app.example/cb",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "https://app.example./cb",
        "https://app.example.evil.example/cb",
        "https://evil.example/https://app.example/cb",
        "https://APP.example/cb",
        "HTTPS://app.example/cb",
        "http://app.example/cb",
        "//app.example/cb",
        "//evil.example/cb",
        "/cb",
        "https:/app.example/cb",
        "https:\\\\app.example\\cb",
        "https://app.example\\cb",
        "https://аpp.example/cb",
        "https://app.example/cb\t",
        "https://app.example/cb\r\nSet-Cookie: a=b",
        "https://app.example/cb\0",
        " https://app.example/cb",
        "https://app.example/cb ",
        "javascript:alert(1)//https://app.example/cb",
        "data:text/html,x",
        "http://localhost/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://2130706433/cb",
        "http://[::1]/cb",
        "https://127.0.0.1/cb",
        "http://127.0.0.1:4711/cb/",
    ] {
        let path = request(&[("client_id", &id), ("redirect_uri", sent), ("response_type", "code")]);
        let page = open_page(&gateway, &path).await;
        assert_error_page(&page, 400, "The redirect_uri is not registered");
        assert!(!page.text.contains("evil.example"), "O2-02: {sent} is not repeated");
    }
    let path = request(&[("client_id", &id), ("redirect_uri", "http://localhost:4711/cb"), ("response_type", "code")]);
    let page = open_page(&gateway, &path).await;
    assert_error_page(&page, 400, "with that address any port is accepted");
    for right in ["https://app.example/cb", "http://127.0.0.1/cb", "http://127.0.0.1:4711/cb"] {
        let path = request(&[("client_id", &id), ("redirect_uri", right), ("response_type", "code")]);
        let page = open_page(&gateway, &path).await;
        assert_eq!(page.status, 200, "{right}");
        assert!(page.text.contains("Sign in"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_02_unknown_application_or_redirect_uri_shows_an_error_page() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let evil = "\"><script>alert(1)</script>";
    let (id, _) = create(&gateway, new_application("Plain shop", &[REDIRECT, "https://client.example/two"])).await;
    let (off, _) = create(&gateway, new_application("Switched off", &[REDIRECT])).await;
    gateway.administration().await.set_application_enabled("Switched off", false).await.unwrap();
    for (parameters, expected) in [
        (vec![], "client_id is missing"),
        (vec![("client_id", "")], "client_id is missing"),
        (vec![("client_id", evil), ("redirect_uri", REDIRECT)], "No application with this client_id is registered"),
        (
            vec![("client_id", "ogw_app_0"), ("redirect_uri", REDIRECT)],
            "No application with this client_id is registered",
        ),
        (vec![("client_id", &off), ("redirect_uri", REDIRECT)], "No application with this client_id is registered"),
        (vec![("client_id", &id), ("client_id", &id)], "client_id is repeated"),
        (vec![("client_id", &id)], "The redirect_uri is not registered"),
        (vec![("client_id", &id), ("redirect_uri", "")], "The redirect_uri is not registered"),
        (vec![("client_id", &id), ("redirect_uri", REDIRECT), ("redirect_uri", REDIRECT)], "redirect_uri is repeated"),
    ] {
        let parameters = [&parameters[..], &[("response_type", "code"), ("state", evil)]].concat();
        let page = open_page(&gateway, &request(&parameters)).await;
        assert_error_page(&page, 400, expected);
        assert!(!page.text.contains("<script") && !page.text.contains("client.example"), "{}", page.text);
    }
    let page = open_page(&gateway, &format!("{OAUTH2}?client_id=%FF")).await;
    assert_error_page(&page, 400, "client_id is not valid UTF-8");
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_03_to_o2_08_other_errors_are_sent_to_the_application() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let issuer = format!("http://{}", gateway.address());
    let (plain, _) = create(&gateway, new_application("Mistaken shop", &[REDIRECT])).await;
    let settings = ApplicationSettings { public: true, ..new_application("", &[REDIRECT]).settings };
    let public = NewApplication { settings, ..new_application("Public shop", &[REDIRECT]) };
    let (public, _) = create(&gateway, public).await;
    let settings = ApplicationSettings { pkce_required: true, ..new_application("", &[REDIRECT]).settings };
    let (strict, _) =
        create(&gateway, NewApplication { settings, ..new_application("Strict shop", &[REDIRECT]) }).await;
    let narrow = NewApplication {
        scope: r#"[{"models": "sale.*", "operations": ["read"]}]"#.to_owned(),
        ..new_application("Narrow shop", &[REDIRECT])
    };
    let (narrow, _) = create(&gateway, narrow).await;
    let server = NewApplication {
        bound: Some(("internal".to_owned(), "internal".to_owned().into())),
        settings: ApplicationSettings {
            grants: [GrantType::ClientCredentials].into(),
            ..new_application("", &[REDIRECT]).settings
        },
        ..new_application("Server", &[REDIRECT])
    };
    let (server, _) = create(&gateway, server).await;
    let (s256, code) = (("code_challenge_method", "S256"), ("response_type", "code"));
    let short = CHALLENGE.get(1..).unwrap();
    let wrong = [CHALLENGE, "="].concat();
    for (id, parameters, error) in [
        (&plain, vec![], "invalid_request"),
        (&plain, vec![("response_type", "")], "invalid_request"),
        (&plain, vec![("response_type", "token")], "unsupported_response_type"),
        (&plain, vec![("response_type", "id_token")], "unsupported_response_type"),
        (&plain, vec![("response_type", "code token")], "unsupported_response_type"),
        (&plain, vec![("response_type", "CODE")], "unsupported_response_type"),
        (&plain, vec![code, code], "invalid_request"),
        (&plain, vec![code, ("scope", "openid")], "invalid_scope"),
        (&plain, vec![code, ("scope", "read"), ("scope", "read")], "invalid_request"),
        (&narrow, vec![code, ("scope", "update")], "invalid_scope"),
        (&server, vec![code], "unauthorized_client"),
        (&public, vec![code], "invalid_request"),
        (&strict, vec![code], "invalid_request"),
        (&public, vec![code, ("code_challenge", CHALLENGE)], "invalid_request"),
        (&public, vec![code, ("code_challenge", CHALLENGE), ("code_challenge_method", "plain")], "invalid_request"),
        (&plain, vec![code, ("code_challenge", short), s256], "invalid_request"),
        (&plain, vec![code, ("code_challenge", &wrong), s256], "invalid_request"),
        (&plain, vec![code, s256], "invalid_request"),
    ] {
        let parameters = [&[("client_id", id.as_str()), ("state", "a b")], &parameters[..]].concat();
        let response = open_page(&gateway, &request(&parameters)).await;
        let back = location(&response);
        assert!(back.starts_with(&format!("{REDIRECT}&error={error}&error_description=")), "{parameters:?}: {back}");
        assert!(back.contains("&state=a+b&iss="), "{back}: unchanged");
        assert_eq!(redirect_params(&back)["iss"], issuer);
        assert_eq!((response.header("cache-control"), response.header("referrer-policy")), ("no-store", "no-referrer"));
        let description = &redirect_params(&back)["error_description"];
        assert!(description.bytes().all(|byte| (0x20..0x7f).contains(&byte) && !matches!(byte, b'"' | b'\\')));
    }
    for (id, parameters) in [
        (&public, vec![code, ("code_challenge", CHALLENGE), s256]),
        (&plain, vec![code, ("scope", "read create:sale.*"), ("unknown", "1"), ("unknown", "2")]),
        (&narrow, vec![code, ("scope", "read:sale.order")]),
    ] {
        let parameters = [&[("client_id", id.as_str()), ("redirect_uri", REDIRECT)], &parameters[..]].concat();
        assert_eq!(open_page(&gateway, &request(&parameters)).await.status, 200, "{parameters:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_07_state_is_returned_byte_for_byte() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (id, _) = create(&gateway, new_application("Stateful shop", &[REDIRECT])).await;
    let long = "%C3%A4".repeat(350);
    for state in ["plain", "a+b%20c", "%7e~%2F/", "%FF%00", "x=y=z", "(a)/!*", &long] {
        let response = open_page(&gateway, &format!("{OAUTH2}?client_id={id}&response_type=x&state={state}")).await;
        assert!(location(&response).contains(&format!("&state={state}&iss=")), "{state}");
        let page = open_page(&gateway, &format!("{OAUTH2}?client_id={id}&response_type=code&state={state}")).await;
        assert_eq!(page.status, 200, "{state}");
        assert!(state == "plain" || !page.text.contains(state), "{state} is not in the page");
    }
    let back = location(
        &open_page(&gateway, &format!("{OAUTH2}?client_id={id}&response_type=code&state={}", "x".repeat(4097))).await,
    );
    assert!(back.contains("error=invalid_request") && !back.contains("state=x"), "{back}");
    let back =
        location(&open_page(&gateway, &format!("{OAUTH2}?client_id={id}&response_type=code&state=1&state=2")).await);
    assert!(back.contains("error=invalid_request") && !back.contains("state="), "{back}");
}

#[tokio::test(flavor = "multi_thread")]
async fn authorization_request_can_be_sent_as_a_form() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (id, _) = create(&gateway, new_application("Form shop", &[REDIRECT])).await;
    let form = [("client_id", id.as_str()), ("response_type", "code"), ("state", "a b&\"ä")];
    let there = send(gateway.client().request(Method::POST, OAUTH2).form(&form)).await;
    let to = location(&there);
    assert_eq!(to, format!("{OAUTH2}?client_id={id}&response_type=code&state=a+b%26%22%C3%A4"));
    assert_eq!(open_page(&gateway, &to).await.status, 200);
    let json = send(gateway.client().request(Method::POST, OAUTH2).json(&form)).await;
    assert_error_page(&json, 415, "application/x-www-form-urlencoded");
    let long = send(gateway.client().request(Method::POST, OAUTH2).form(&[("a", "x".repeat(70_000))])).await;
    assert_error_page(&long, 413, "larger than 65536 bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn o2_16_head_options_and_other_origins_get_no_code() {
    let origin = ("ODOO_GATEWAY__SERVER__CORS_ORIGINS", "https://app.example");
    let gateway = Gateway::start_with_odoo(&[origin]).await;
    let (id, _) = create(&gateway, super::trusted("Trusted shop", &[REDIRECT])).await;
    let path = request(&[("client_id", &id), ("response_type", "code")]);
    for path in [&path, &path.replace("authorize", "authorize/"), super::OAUTH1] {
        let client =
            gateway.client().with_header("accept", "application/json").with_header("origin", "https://app.example");
        let head = send(client.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.text.as_str(), head.header("allow")), (405, "", "GET, POST, OPTIONS"));
        let options = send(client.request(Method::OPTIONS, path)).await;
        assert_eq!((options.status, options.text.as_str()), (204, ""));
        let preflight = client.with_header("access-control-request-method", "POST");
        let preflight = send(preflight.request(Method::OPTIONS, path)).await;
        let get = client.get(path, &[]).await;
        for response in [&head, &options, &preflight, &get] {
            let cors: Vec<_> =
                response.headers.keys().filter(|name| name.as_str().starts_with("access-control")).collect();
            assert!(cors.is_empty(), "{path}: {cors:?}");
        }
    }
    // Other endpoints allow the origin.
    let version =
        gateway.client().with_header("origin", "https://app.example").get("/restapi/1.0/common/version", &[]).await;
    assert_eq!(version.header("access-control-allow-origin"), "https://app.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn login_uses_the_applications_database() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let older = NewApplication {
        database: Some(Version::Odoo14.database().to_owned()),
        ..new_application("Older shop", &[REDIRECT])
    };
    let (older, _) = create(&gateway, older).await;
    let (newer, _) = create(&gateway, new_application("Newer shop", &[REDIRECT])).await;
    let [older, newer] = [older, newer].map(|id| request(&[("client_id", &id), ("response_type", "code")]));
    let mut browser_client = HtmlClient::new(gateway.client());
    assert_eq!(location(&browser_client.log_in(&older, "internal", "internal").await), older);
    assert!(browser_client.get(&older).await.text.contains("<dd>odoo14</dd>"));
    let page = browser_client.get(&newer).await;
    assert!(page.text.contains("<h1>Sign in</h1>") && page.text.contains("<dd>odoo19</dd>"), "{}", page.text);
}
