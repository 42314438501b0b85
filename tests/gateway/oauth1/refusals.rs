//! What is wrong with a request, one thing at a time: the negatives of the vectors, each with its status.

use odoo_gateway::admin::SignatureMethod;
use odoo_gateway::clock::Clock;
use reqwest::Method;

use super::{ACCESS_TOKEN, Consumer, PARTNERS, REQUEST_TOKEN, get, quick, wanted};
use crate::support::client::send;
use crate::support::signer::{FORM, Place, Signer};
use crate::support::{Answer, Client, Gateway, Version};

struct Scene {
    _gateway: Gateway,
    client: Client,
    consumer: Consumer,
    signer: Signer,
    other: Signer,
}

async fn scene() -> Scene {
    let gateway = quick(&[]).await;
    let client = gateway.client();
    let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "first")).await;
    let signer = consumer.connect(&client).await;
    let other = Consumer::new(&gateway, wanted(Version::Odoo19, "second")).await.connect(&client).await;
    Scene { _gateway: gateway, client, consumer, signer, other }
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_12_o1_14_o1_16_o1_17_o1_20_o1_22_what_is_malformed_is_400_and_named() {
    let Scene { client, signer, .. } = &scene().await;
    let now = Clock::system().now().unix_timestamp();
    let good = || signer.now();
    for (what, signer, parameter) in [
        ("missing-nonce-hmac", good().without("oauth_nonce"), "oauth_nonce"),
        ("missing-timestamp-hmac", good().without("oauth_timestamp"), "oauth_timestamp"),
        ("missing-signature-method", good().without("oauth_signature_method"), "oauth_signature_method"),
        ("missing-consumer-key", good().without("oauth_consumer_key"), "oauth_consumer_key"),
        ("missing-token", good().without("oauth_token"), "oauth_token"),
        ("signature-method-case", good().saying("oauth_signature_method", "hmac-sha1"), "oauth_signature_method"),
        ("signature-method-unknown", good().saying("oauth_signature_method", "HMAC-MD5"), "oauth_signature_method"),
        ("plaintext-off", good().by("PLAINTEXT"), "oauth_signature_method"),
        ("version-2.0", good().saying("oauth_version", "2.0"), "oauth_version"),
        ("timestamp-empty", good().saying("oauth_timestamp", ""), "oauth_timestamp"),
        ("timestamp-huge", good().saying("oauth_timestamp", "99999999999999999999"), "oauth_timestamp"),
        ("timestamp-fullwidth", good().saying("oauth_timestamp", "\u{ff11}\u{ff15}"), "oauth_timestamp"),
        ("timestamp-signed", good().saying("oauth_timestamp", &format!("+{now}")), "oauth_timestamp"),
        ("timestamp-zeros", good().saying("oauth_timestamp", &format!("0{now}")), "oauth_timestamp"),
        ("timestamp-fraction", good().saying("oauth_timestamp", &format!("{now}.0")), "oauth_timestamp"),
        ("nonce-long", good().saying("oauth_nonce", &"n".repeat(257)), "oauth_nonce"),
        ("nonce-empty", good().saying("oauth_nonce", ""), "oauth_nonce"),
        ("empty-signature", good().forging("oauth_signature", ""), "oauth_signature"),
    ] {
        let refused = get(&signer, client, PARTNERS).await;
        assert_eq!((refused.status, refused.json()["parameter"].as_str()), (400, Some(parameter)), "{what}");
    }
    // params-in-two-places, bearer-and-oauth, two-authorization-headers
    let both = get(&good(), client, &format!("{PARTNERS}?oauth_nonce=x")).await;
    assert_eq!(both.status, 400, "{}", both.text);
    assert_eq!(get(&good(), client, &format!("{PARTNERS}?access_token=x")).await.status, 400);
    let twice = good().sign(client.request(Method::GET, PARTNERS)).header("authorization", "Basic YTpi");
    assert_eq!(send(twice).await.status, 400);
    let in_query_and_form = good().in_the(Place::Query).sign(client.request(Method::POST, PARTNERS));
    let body = "oauth_nonce=x";
    assert_eq!(send(in_query_and_form.header("content-type", FORM).body(body)).await.status, 400);
    // V-eval
    let evaluated = "OAuth oauth_nonce=__import__('os').getpid(), oauth_token=('a'+'b')";
    let refused = client.with_header("authorization", evaluated).get(PARTNERS, &[]).await;
    assert_eq!(refused.status, 400);
    client.with_header("authorization", "OAuth").get(PARTNERS, &[]).await.refused(401, "credential_missing");
    // O1-36: what is no UTF-8 is signed as it is, and never mended.
    let broken = good().in_the(Place::Query).now().sign(client.request(Method::GET, &format!("{PARTNERS}?domain=%FF")));
    assert!(matches!(send(broken).await.status, 400 | 401));
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_16_o1_30_o1_34_what_is_not_theirs_is_401() {
    let Scene { client, consumer, signer, other, .. } = &scene().await;
    let now = Clock::system().now().unix_timestamp();
    let at = |offset: i64| signer.now().saying("oauth_timestamp", &(now + offset).to_string());
    let (token, secret) = consumer.ask(client, "oob").await;
    let (other_token, _) = other.token.clone().unwrap();
    let own_secret = signer.token.clone().unwrap().1;
    let good = signer.now();
    let right = good.header(client.request(Method::GET, PARTNERS));
    let shown = |header: &str| client.with_header("authorization", header);
    let signature = right.split("oauth_signature=\"").nth(1).unwrap().split('"').next().unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    for (what, answer) in [
        ("future-timestamp", get(&at(302), client, PARTNERS).await),
        ("past-timestamp", get(&at(-302), client, PARTNERS).await),
        ("request-token-as-access-token", get(&signer.with_token(&token, &secret).now(), client, PARTNERS).await),
        ("swap-token", get(&signer.with_token(&other_token, &own_secret).now(), client, PARTNERS).await),
        ("consumer-mismatch", {
            let theirs = signer.token.clone().unwrap();
            get(&other.with_token(&theirs.0, &theirs.1).now(), client, PARTNERS).await
        }),
        ("unknown-consumer", get(&signer.with_key("ogw_app_0").now(), client, PARTNERS).await),
        ("wrong-secret", get(&signer.with_secret("x").now(), client, PARTNERS).await),
        ("unknown-token", get(&signer.with_token("nobody's", "x").now(), client, PARTNERS).await),
        ("method-changed", shown(&right).delete(PARTNERS, &[]).await),
        ("query-param-added", shown(&right).get(PARTNERS, &[("limit", "0")]).await),
        ("path-changed", shown(&right).get(&format!("{PARTNERS}/"), &[]).await),
        ("host-changed", get(&signer.now().as_reached_by("http://other.example"), client, PARTNERS).await),
        ("scheme-changed", get(&signer.now().as_reached_by("https://127.0.0.1"), client, PARTNERS).await),
        ("signature-not-base64", get(&signer.now().forging("oauth_signature", "%%%"), client, PARTNERS).await),
        ("other-signature-byte", {
            let changed = format!("{flipped}{}", signature.get(1..).unwrap());
            shown(&right.replace(signature, &changed)).get(PARTNERS, &[]).await
        }),
        ("truncated-signature", shown(&right.replace("%3D\"", "\"")).get(PARTNERS, &[]).await),
        ("method-forged", shown(&right.replace("HMAC-SHA256", "HMAC-SHA1")).get(PARTNERS, &[]).await),
        ("nonce-forged", get(&signer.now().forging("oauth_nonce", "other"), client, PARTNERS).await),
    ] {
        // A method that the route does not take is 405 before anybody looks who calls.
        let expected = if what == "method-changed" { [401, 405] } else { [401, 401] };
        assert!(expected.contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
    }
    // After all that the right one is still good: nothing refused was written down.
    shown(&right).get(PARTNERS, &[]).await.ok();
    shown(&right).get(PARTNERS, &[]).await.refused(401, "credential_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_31_refusals_do_not_tell_what_was_wrong() {
    let Scene { client, signer, other, .. } = &scene().await;
    let (theirs, secret) = signer.token.clone().unwrap();
    let kinds = [
        get(&signer.with_key("ogw_app_00").now(), client, PARTNERS).await,
        get(&signer.with_secret("wrong").now(), client, PARTNERS).await,
        get(&signer.with_token("unknown", &secret).now(), client, PARTNERS).await,
        get(&signer.with_token(&theirs, "wrong").now(), client, PARTNERS).await,
        get(&other.with_token(&theirs, &secret).now(), client, PARTNERS).await,
        get(&signer.by("HMAC-SHA1").now().forging("oauth_signature_method", "HMAC-SHA512"), client, PARTNERS).await,
    ];
    let shape = |answer: &Answer| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        (answer.status, names, body)
    };
    for kind in &kinds {
        assert_eq!(shape(kind), shape(&kinds[0]));
        assert_eq!(code(kind), (401, "credential_invalid".to_owned()));
        // O1-33: neither what was signed nor what with.
        assert!(!kind.text.contains("oauth_nonce") && !kind.text.contains(&signer.secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_signed_is_told_which_step_failed_and_nobody_else_is() {
    let gateway = quick(&[]).await;
    let client = &gateway.client();
    let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "steps")).await;
    let mut one_method = wanted(Version::Odoo19, "one method");
    one_method.settings.oauth1 = [SignatureMethod::HmacSha256].into();
    let narrow = Consumer::new(&gateway, one_method).await.connect(client).await;
    let signer = consumer.connect(client).await;
    let told = |answer: &Answer| {
        let problem = answer.refused(401, "credential_invalid");
        (problem["parameter"].as_str().unwrap_or_default().to_owned(), problem["hint"].as_str().unwrap().to_owned())
    };
    let past = (Clock::system().now().unix_timestamp() - 1000).to_string();
    let late = get(&signer.now().saying("oauth_timestamp", &past), client, PARTNERS).await;
    assert_eq!(told(&late).0, "oauth_timestamp");
    let once = signer.now();
    get(&once, client, PARTNERS).await.ok();
    assert_eq!(told(&get(&once, client, PARTNERS).await).0, "oauth_nonce");
    let (parameter, hint) = told(&get(&narrow.by("HMAC-SHA1").now(), client, PARTNERS).await);
    assert_eq!((parameter.as_str(), hint.as_str()), ("oauth_signature_method", "It signs with HMAC-SHA256."));
    // Without the secret even that is not told.
    let wrong = get(&narrow.by("HMAC-SHA1").with_secret("x").now(), client, PARTNERS).await;
    let (parameter, hint) = told(&wrong);
    assert!(parameter.is_empty() && hint.contains("server.public_url"), "{parameter} {hint}");
    let elsewhere = send(signer.now().sign(client.on(Version::Odoo14).request(Method::GET, PARTNERS))).await;
    assert_eq!(elsewhere.refused(401, "credential_invalid")["parameter"], "X-Odoo-Database");
    let (token, secret) = consumer.ask(client, "oob").await;
    let exchange = consumer.signer.with_token(&token, &secret).now().saying("oauth_verifier", "00000-00000");
    let early = send(exchange.sign(client.request(Method::POST, ACCESS_TOKEN))).await;
    assert_eq!(early.refused(401, "credential_invalid")["parameter"], "oauth_verifier");
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_23_o1_29_what_a_token_takes_is_asked_for_by_name() {
    let Scene { client, consumer, .. } = &scene().await;
    let ask = |signer: Signer| async move { send(signer.sign(client.request(Method::POST, REQUEST_TOKEN))).await };
    let now = || consumer.signer.now();
    let parameter = |answer: &Answer| (answer.status, answer.json()["parameter"].as_str().map(str::to_owned));
    // callback-missing, callback-not-registered
    assert_eq!(parameter(&ask(now()).await), (400, Some("oauth_callback".to_owned())));
    for callback in
        ["", "OOB", "https://client.example/back", "https://client.example/back?keep=~+1", "https://evil.example/"]
    {
        let refused = ask(now().saying("oauth_callback", callback)).await;
        assert_eq!(parameter(&refused), (400, Some("oauth_callback".to_owned())), "{callback}");
    }
    let with_token = ask(now().saying("oauth_callback", "oob").saying("oauth_token", "x")).await;
    assert_eq!(parameter(&with_token), (400, Some("oauth_token".to_owned())));
    // gw-empty-oauth-token: said to be empty is not said.
    assert_eq!(ask(now().saying("oauth_callback", "oob").saying("oauth_token", "")).await.status, 200);
    let unsigned = client.post(REQUEST_TOKEN, &serde_json::json!({})).await;
    unsigned.refused(401, "credential_missing");
    for (address, method) in
        [(REQUEST_TOKEN, "GET"), (REQUEST_TOKEN, "HEAD"), (ACCESS_TOKEN, "GET"), (ACCESS_TOKEN, "PUT")]
    {
        let answer = send(client.request(method.parse().unwrap(), address)).await;
        assert_eq!(answer.status, 405, "{method} {address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_35_a_signature_encoded_twice_is_taken_where_that_is_configured() {
    for (setting, status) in [("false", 401), ("true", 200)] {
        let gateway = quick(&[("ODOO_GATEWAY__OAUTH1__DOUBLE_ENCODED_SIGNATURE", setting)]).await;
        let client = gateway.client();
        let signer = Consumer::new(&gateway, wanted(Version::Odoo19, "twice")).await.connect(&client).await;
        let header = signer.now().header(client.request(Method::GET, PARTNERS));
        // `%3D` becomes `%253D`.
        let (before, signature) = header.rsplit_once("oauth_signature=").unwrap();
        let twice = format!("{before}oauth_signature={}", signature.replace('%', "%25"));
        let answer = client.with_header("authorization", &twice).get(PARTNERS, &[]).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}
