//! Invalid requests, one error at a time: the negative vectors, each with its status.

use odoo_gateway::admin::SignatureMethod;
use odoo_gateway::clock::Clock;
use reqwest::Method;

use super::{ACCESS_TOKEN, Consumer, PARTNERS, REQUEST_TOKEN, get, new_application, unthrottled_gateway};
use crate::support::client::send;
use crate::support::signer::{FORM, ParamLocation, Signer};
use crate::support::{Client, Gateway, Response, Version};

/// A gateway with two applications that sign, each with a user's token.
struct Fixture {
    _gateway: Gateway,
    client: Client,
    consumer: Consumer,
    signer: Signer,
    other: Signer,
}

async fn fixture() -> Fixture {
    let gateway = unthrottled_gateway(&[]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "first")).await;
    let signer = consumer.connect(&client).await;
    let other = Consumer::new(&gateway, new_application(Version::Odoo19, "second")).await.connect(&client).await;
    Fixture { _gateway: gateway, client, consumer, signer, other }
}

fn code(response: &Response) -> (u16, String) {
    (response.status, response.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_12_o1_14_o1_16_o1_17_o1_20_o1_22_malformed_parameters_are_400_and_named() {
    let Fixture { client, signer, .. } = &fixture().await;
    let now = Clock::system().now().unix_timestamp();
    let good = || signer.with_fresh_nonce();
    for (case, signer, parameter) in [
        ("missing-nonce-hmac", good().without_param("oauth_nonce"), "oauth_nonce"),
        ("missing-timestamp-hmac", good().without_param("oauth_timestamp"), "oauth_timestamp"),
        ("missing-signature-method", good().without_param("oauth_signature_method"), "oauth_signature_method"),
        ("missing-consumer-key", good().without_param("oauth_consumer_key"), "oauth_consumer_key"),
        ("missing-token", good().without_param("oauth_token"), "oauth_token"),
        ("signature-method-case", good().with_param("oauth_signature_method", "hmac-sha1"), "oauth_signature_method"),
        ("signature-method-unknown", good().with_param("oauth_signature_method", "HMAC-MD5"), "oauth_signature_method"),
        ("plaintext-off", good().with_method("PLAINTEXT"), "oauth_signature_method"),
        ("version-2.0", good().with_param("oauth_version", "2.0"), "oauth_version"),
        ("timestamp-empty", good().with_param("oauth_timestamp", ""), "oauth_timestamp"),
        ("timestamp-huge", good().with_param("oauth_timestamp", "99999999999999999999"), "oauth_timestamp"),
        ("timestamp-fullwidth", good().with_param("oauth_timestamp", "\u{ff11}\u{ff15}"), "oauth_timestamp"),
        ("timestamp-signed", good().with_param("oauth_timestamp", &format!("+{now}")), "oauth_timestamp"),
        ("timestamp-zeros", good().with_param("oauth_timestamp", &format!("0{now}")), "oauth_timestamp"),
        ("timestamp-fraction", good().with_param("oauth_timestamp", &format!("{now}.0")), "oauth_timestamp"),
        ("nonce-long", good().with_param("oauth_nonce", &"n".repeat(257)), "oauth_nonce"),
        ("nonce-empty", good().with_param("oauth_nonce", ""), "oauth_nonce"),
        ("empty-signature", good().with_forged_param("oauth_signature", ""), "oauth_signature"),
    ] {
        let oauth_error = get(&signer, client, PARTNERS).await;
        assert_eq!((oauth_error.status, oauth_error.json()["parameter"].as_str()), (400, Some(parameter)), "{case}");
    }
    // params-in-two-places, bearer-and-oauth, two-authorization-headers
    let both = get(&good(), client, &format!("{PARTNERS}?oauth_nonce=x")).await;
    assert_eq!(both.status, 400, "{}", both.text);
    assert_eq!(get(&good(), client, &format!("{PARTNERS}?access_token=x")).await.status, 400);
    let twice = good().sign(client.request(Method::GET, PARTNERS)).header("authorization", "Basic YTpi");
    assert_eq!(send(twice).await.status, 400);
    let in_query_and_form = good().with_location(ParamLocation::Query).sign(client.request(Method::POST, PARTNERS));
    let body = "oauth_nonce=x";
    assert_eq!(send(in_query_and_form.header("content-type", FORM).body(body)).await.status, 400);
    // V-eval
    let evaluated = "OAuth oauth_nonce=__import__('os').getpid(), oauth_token=('a'+'b')";
    let oauth_error = client.with_header("authorization", evaluated).get(PARTNERS, &[]).await;
    assert_eq!(oauth_error.status, 400);
    client.with_header("authorization", "OAuth").get(PARTNERS, &[]).await.problem(401, "credential_missing");
    // O1-36: bytes that are not valid UTF-8 are signed unchanged.
    let broken = good()
        .with_location(ParamLocation::Query)
        .with_fresh_nonce()
        .sign(client.request(Method::GET, &format!("{PARTNERS}?domain=%FF")));
    assert!(matches!(send(broken).await.status, 400 | 401));
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_16_o1_30_o1_34_invalid_credentials_are_401() {
    let Fixture { client, consumer, signer, other, .. } = &fixture().await;
    let now = Clock::system().now().unix_timestamp();
    let at = |offset: i64| signer.with_fresh_nonce().with_param("oauth_timestamp", &(now + offset).to_string());
    let (token, secret) = consumer.request_token(client, "oob").await;
    let (other_token, _) = other.token.clone().unwrap();
    let own_secret = signer.token.clone().unwrap().1;
    let good = signer.with_fresh_nonce();
    let right = good.header(client.request(Method::GET, PARTNERS));
    let with_header = |header: &str| client.with_header("authorization", header);
    let signature = right.split("oauth_signature=\"").nth(1).unwrap().split('"').next().unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    for (case, response) in [
        ("future-timestamp", get(&at(302), client, PARTNERS).await),
        ("past-timestamp", get(&at(-302), client, PARTNERS).await),
        (
            "request-token-as-access-token",
            get(&signer.with_token(&token, &secret).with_fresh_nonce(), client, PARTNERS).await,
        ),
        ("swap-token", get(&signer.with_token(&other_token, &own_secret).with_fresh_nonce(), client, PARTNERS).await),
        ("consumer-mismatch", {
            let theirs = signer.token.clone().unwrap();
            get(&other.with_token(&theirs.0, &theirs.1).with_fresh_nonce(), client, PARTNERS).await
        }),
        ("unknown-consumer", get(&signer.with_key("ogw_app_0").with_fresh_nonce(), client, PARTNERS).await),
        ("wrong-secret", get(&signer.with_secret("x").with_fresh_nonce(), client, PARTNERS).await),
        ("unknown-token", get(&signer.with_token("nobody's", "x").with_fresh_nonce(), client, PARTNERS).await),
        ("method-changed", with_header(&right).delete(PARTNERS, &[]).await),
        ("query-param-added", with_header(&right).get(PARTNERS, &[("limit", "0")]).await),
        ("path-changed", with_header(&right).get(&format!("{PARTNERS}/"), &[]).await),
        ("host-changed", get(&signer.with_fresh_nonce().with_base_uri("http://other.example"), client, PARTNERS).await),
        ("scheme-changed", get(&signer.with_fresh_nonce().with_base_uri("https://127.0.0.1"), client, PARTNERS).await),
        (
            "signature-not-base64",
            get(&signer.with_fresh_nonce().with_forged_param("oauth_signature", "%%%"), client, PARTNERS).await,
        ),
        ("other-signature-byte", {
            let changed = format!("{flipped}{}", signature.get(1..).unwrap());
            with_header(&right.replace(signature, &changed)).get(PARTNERS, &[]).await
        }),
        ("truncated-signature", with_header(&right.replace("%3D\"", "\"")).get(PARTNERS, &[]).await),
        ("method-forged", with_header(&right.replace("HMAC-SHA256", "HMAC-SHA1")).get(PARTNERS, &[]).await),
        (
            "nonce-forged",
            get(&signer.with_fresh_nonce().with_forged_param("oauth_nonce", "other"), client, PARTNERS).await,
        ),
    ] {
        // An unsupported HTTP method is 405 before authentication.
        let expected = if case == "method-changed" { [401, 405] } else { [401, 401] };
        assert!(expected.contains(&response.status), "{case}: {} {}", response.status, response.text);
    }
    // A valid request still works: rejected requests stored no nonce.
    with_header(&right).get(PARTNERS, &[]).await.ok();
    with_header(&right).get(PARTNERS, &[]).await.problem(401, "credential_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_31_rejections_do_not_reveal_the_reason() {
    let Fixture { client, signer, other, .. } = &fixture().await;
    let (theirs, secret) = signer.token.clone().unwrap();
    let kinds = [
        get(&signer.with_key("ogw_app_00").with_fresh_nonce(), client, PARTNERS).await,
        get(&signer.with_secret("wrong").with_fresh_nonce(), client, PARTNERS).await,
        get(&signer.with_token("unknown", &secret).with_fresh_nonce(), client, PARTNERS).await,
        get(&signer.with_token(&theirs, "wrong").with_fresh_nonce(), client, PARTNERS).await,
        get(&other.with_token(&theirs, &secret).with_fresh_nonce(), client, PARTNERS).await,
        get(
            &signer
                .with_method("HMAC-SHA1")
                .with_fresh_nonce()
                .with_forged_param("oauth_signature_method", "HMAC-SHA512"),
            client,
            PARTNERS,
        )
        .await,
    ];
    let shape = |response: &Response| {
        let mut body = response.json();
        body.as_object_mut().unwrap().remove("request_id");
        let mut names: Vec<_> = response.headers.keys().map(ToString::to_string).collect();
        names.sort();
        (response.status, names, body)
    };
    for kind in &kinds {
        assert_eq!(shape(kind), shape(&kinds[0]));
        assert_eq!(code(kind), (401, "credential_invalid".to_owned()));
        // O1-33: neither the base string nor a secret.
        assert!(!kind.text.contains("oauth_nonce") && !kind.text.contains(&signer.secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_clients_with_the_secret_learn_which_check_failed() {
    let gateway = unthrottled_gateway(&[]).await;
    let client = &gateway.client();
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "steps")).await;
    let mut one_method = new_application(Version::Odoo19, "one method");
    one_method.settings.oauth1 = [SignatureMethod::HmacSha256].into();
    let narrow = Consumer::new(&gateway, one_method).await.connect(client).await;
    let signer = consumer.connect(client).await;
    let parameter_and_hint = |response: &Response| {
        let problem = response.problem(401, "credential_invalid");
        (problem["parameter"].as_str().unwrap_or_default().to_owned(), problem["hint"].as_str().unwrap().to_owned())
    };
    let past = (Clock::system().now().unix_timestamp() - 1000).to_string();
    let late = get(&signer.with_fresh_nonce().with_param("oauth_timestamp", &past), client, PARTNERS).await;
    assert_eq!(parameter_and_hint(&late).0, "oauth_timestamp");
    let once = signer.with_fresh_nonce();
    get(&once, client, PARTNERS).await.ok();
    assert_eq!(parameter_and_hint(&get(&once, client, PARTNERS).await).0, "oauth_nonce");
    let (parameter, hint) =
        parameter_and_hint(&get(&narrow.with_method("HMAC-SHA1").with_fresh_nonce(), client, PARTNERS).await);
    assert_eq!((parameter.as_str(), hint.as_str()), ("oauth_signature_method", "Sign with HMAC-SHA256."));
    // A client without the secret does not get these details.
    let wrong = get(&narrow.with_method("HMAC-SHA1").with_secret("x").with_fresh_nonce(), client, PARTNERS).await;
    let (parameter, hint) = parameter_and_hint(&wrong);
    assert!(parameter.is_empty() && hint.contains("server.public_url"), "{parameter} {hint}");
    let elsewhere =
        send(signer.with_fresh_nonce().sign(client.on(Version::Odoo14).request(Method::GET, PARTNERS))).await;
    assert_eq!(elsewhere.problem(401, "credential_invalid")["parameter"], "X-Odoo-Database");
    let (token, secret) = consumer.request_token(client, "oob").await;
    let exchange =
        consumer.signer.with_token(&token, &secret).with_fresh_nonce().with_param("oauth_verifier", "00000-00000");
    let early = send(exchange.sign(client.request(Method::POST, ACCESS_TOKEN))).await;
    assert_eq!(early.problem(401, "credential_invalid")["parameter"], "oauth_verifier");
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_23_o1_29_missing_parameters_are_named() {
    let Fixture { client, consumer, .. } = &fixture().await;
    let token_request =
        |signer: Signer| async move { send(signer.sign(client.request(Method::POST, REQUEST_TOKEN))).await };
    let now = || consumer.signer.with_fresh_nonce();
    let parameter = |response: &Response| (response.status, response.json()["parameter"].as_str().map(str::to_owned));
    // callback-missing, callback-not-registered
    assert_eq!(parameter(&token_request(now()).await), (400, Some("oauth_callback".to_owned())));
    for callback in
        ["", "OOB", "https://client.example/back", "https://client.example/back?keep=~+1", "https://evil.example/"]
    {
        let oauth_error = token_request(now().with_param("oauth_callback", callback)).await;
        assert_eq!(parameter(&oauth_error), (400, Some("oauth_callback".to_owned())), "{callback}");
    }
    let with_token = token_request(now().with_param("oauth_callback", "oob").with_param("oauth_token", "x")).await;
    assert_eq!(parameter(&with_token), (400, Some("oauth_token".to_owned())));
    // gw-empty-oauth-token: an empty parameter counts as missing.
    assert_eq!(
        token_request(now().with_param("oauth_callback", "oob").with_param("oauth_token", "")).await.status,
        200
    );
    let unsigned = client.post(REQUEST_TOKEN, &serde_json::json!({})).await;
    unsigned.problem(401, "credential_missing");
    for (address, method) in
        [(REQUEST_TOKEN, "GET"), (REQUEST_TOKEN, "HEAD"), (ACCESS_TOKEN, "GET"), (ACCESS_TOKEN, "PUT")]
    {
        let response = send(client.request(method.parse().unwrap(), address)).await;
        assert_eq!(response.status, 405, "{method} {address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_35_doubly_encoded_signature_is_accepted_if_configured() {
    for (setting, status) in [("false", 401), ("true", 200)] {
        let gateway = unthrottled_gateway(&[("ODOO_GATEWAY__OAUTH1__DOUBLE_ENCODED_SIGNATURE", setting)]).await;
        let client = gateway.client();
        let signer = Consumer::new(&gateway, new_application(Version::Odoo19, "twice")).await.connect(&client).await;
        let header = signer.with_fresh_nonce().header(client.request(Method::GET, PARTNERS));
        // `%3D` becomes `%253D`.
        let (before, signature) = header.rsplit_once("oauth_signature=").unwrap();
        let twice = format!("{before}oauth_signature={}", signature.replace('%', "%25"));
        let response = client.with_header("authorization", &twice).get(PARTNERS, &[]).await;
        assert_eq!(response.status, status, "{}", response.text);
    }
}
