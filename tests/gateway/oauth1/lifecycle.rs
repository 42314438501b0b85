//! From an application to its users' records.

use std::time::{Duration, Instant};

use odoo_gateway::admin::{NewApplication, SignatureMethod, UsageReport};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ACCESS_TOKEN, CALLBACK, Consumer, PARTNERS, REQUEST_TOKEN, get, new_application, parse_token_pair,
    unthrottled_gateway,
};
use crate::support::client::send;
use crate::support::signer::{FORM, ParamLocation};
use crate::support::{Gateway, Version, changes_reach_gateways};

#[tokio::test(flavor = "multi_thread")]
async fn o1_24_token_responses_are_forms_or_json_on_request() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (client, consumer) =
        (gateway.client(), Consumer::new(&gateway, new_application(Version::Odoo19, "forms")).await);
    let token_request = |accept: &'static str| {
        let signer = consumer.signer.with_fresh_nonce().with_param("oauth_callback", "oob");
        let request = signer.sign(client.request(Method::POST, REQUEST_TOKEN));
        send(request.header("accept", accept))
    };
    let form = token_request("*/*").await;
    assert_eq!(form.header("content-type"), FORM);
    assert_eq!((form.header("cache-control"), form.header("pragma")), ("no-store", "no-cache"));
    let names: Vec<_> = form.text.split('&').map(|part| part.split('=').next().unwrap()).collect();
    assert_eq!(names, ["oauth_token", "oauth_token_secret", "oauth_callback_confirmed"]);
    assert!(form.text.ends_with("&oauth_callback_confirmed=true"));
    let json = token_request("application/json").await.ok();
    let names: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["oauth_token", "oauth_token_secret", "oauth_callback_confirmed"]);
    let (token, secret) = (json["oauth_token"].as_str().unwrap(), json["oauth_token_secret"].as_str().unwrap());
    let decided = consumer.approve(token).await;
    let signer = consumer.signer.with_token(token, secret).with_fresh_nonce();
    let signer = signer.with_param("oauth_verifier", decided.verifier.unwrap().expose());
    let request = signer.sign(client.request(Method::POST, ACCESS_TOKEN)).header("accept", "application/json");
    let issued = send(request).await.ok();
    assert_eq!(issued.as_object().unwrap().len(), 2, "{issued}");
    let signer = consumer
        .signer
        .with_token(issued["oauth_token"].as_str().unwrap(), issued["oauth_token_secret"].as_str().unwrap());
    get(&signer.with_fresh_nonce(), &client, PARTNERS).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_26_redirect_appends_token_and_verifier_to_the_unchanged_callback() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let (client, consumer) =
        (gateway.client(), Consumer::new(&gateway, new_application(Version::Odoo19, "callback")).await);
    let (token, secret) = consumer.request_token(&client, CALLBACK).await;
    let decided = consumer.approve(&token).await;
    let back = decided.redirect_uri().unwrap();
    let verifier = decided.verifier.unwrap().expose().to_owned();
    assert_eq!(back, format!("{CALLBACK}&oauth_token={token}&oauth_verifier={verifier}"));
    // O1-27: 256 bits.
    assert_eq!(verifier.len(), 64);
    let signer = consumer.signer.with_token(&token, &secret).with_fresh_nonce().with_param("oauth_verifier", &verifier);
    parse_token_pair(&send(signer.sign(client.request(Method::POST, ACCESS_TOKEN))).await);
    // O1-25: denied.
    let (token, secret) = consumer.request_token(&client, CALLBACK).await;
    let back = consumer.deny(&token).await.redirect_uri().unwrap();
    assert_eq!(back, format!("{CALLBACK}&oauth_token={token}&oauth_problem=permission_denied"));
    let signer = consumer.signer.with_token(&token, &secret).with_fresh_nonce().with_param("oauth_verifier", "x");
    let after = send(signer.sign(client.request(Method::POST, ACCESS_TOKEN))).await;
    after.problem(401, "credential_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_tokens_count_as_usage_of_the_application() {
    let gateway = unthrottled_gateway(&[]).await;
    let (client, admin) = (gateway.client(), gateway.administration().await);
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "counted")).await;
    consumer.connect(&client).await;
    let (token, secret) = consumer.request_token(&client, "oob").await;
    let unregistered = consumer.signer.with_fresh_nonce().with_param("oauth_callback", "https://other.example/");
    let wrong_secret = consumer.signer.with_token(&token, "wrong").with_fresh_nonce().with_param("oauth_verifier", "x");
    let undecided = consumer.signer.with_token(&token, &secret).with_fresh_nonce().with_param("oauth_verifier", "x");
    for (signer, path, status) in
        [(unregistered, REQUEST_TOKEN, 400), (wrong_secret, ACCESS_TOKEN, 401), (undecided, ACCESS_TOKEN, 401)]
    {
        let rejected = send(signer.sign(client.request(Method::POST, path))).await;
        assert_eq!(rejected.status, status, "{path}: {}", rejected.text);
    }
    let id = admin.find_application("counted").await.unwrap().row.id;
    let deadline = Instant::now() + Duration::from_secs(60);
    // Counts are written within seconds.
    loop {
        let total = UsageReport::total(&admin.usage(&id).await.unwrap().days);
        if (total.requests, total.errors) == (6, 3) {
            return;
        }
        assert!(total.requests <= 6 && Instant::now() < deadline, "{total:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_02_o1_03_o1_20_signed_requests_work_with_every_parameter_location() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let client = gateway.client();
    for version in Version::each() {
        let signer = Consumer::new(&gateway, new_application(version, version.database())).await.connect(&client).await;
        for place in [ParamLocation::Header, ParamLocation::Query] {
            for method in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"] {
                let signer = signer.with_method(method).with_location(place).with_fresh_nonce();
                let response = get(&signer, &client, &format!("{PARTNERS}?domain=[('id','>',0)]")).await.ok();
                assert!(response["count"].as_u64().unwrap() > 0);
            }
        }
        let vals = json!({"name": format!("Signed & sealed + {}", version.database())}).to_string();
        let form = format!("vals={}", url::form_urlencoded::byte_serialize(vals.as_bytes()).collect::<String>());
        let create = |body: String| {
            client.request(Method::POST, "/restapi/1.0/object/res.partner").header("content-type", FORM).body(body)
        };
        for place in [ParamLocation::Header, ParamLocation::Form] {
            let created = send(signer.with_location(place).with_fresh_nonce().sign(create(form.clone()))).await.ok();
            let partner = created.as_object().unwrap().values().next().unwrap();
            assert_eq!(partner["name"], serde_json::from_str::<Value>(&vals).unwrap()["name"]);
            let path = format!("/restapi/1.0/object/res.partner/{}", partner["id"]);
            // A form in a PUT is signed, too.
            let put = client.request(Method::PUT, &path).header("content-type", FORM).body("vals={'city':'Ghent'}");
            send(signer.with_location(place).with_fresh_nonce().sign(put)).await.ok();
            let json = client.request(Method::PUT, &path).json(&json!({"vals": {"street": "x"}}));
            send(signer.with_fresh_nonce().sign(json)).await.ok();
            let read = get(&signer.with_fresh_nonce(), &client, &format!("{path}?fields=city,street")).await.ok();
            let read = read.as_object().unwrap().values().next().unwrap().clone();
            assert_eq!((&read["city"], &read["street"]), (&json!("Ghent"), &json!("x")));
            send(signer.with_fresh_nonce().sign(client.request(Method::DELETE, &path))).await.ok();
        }
        // A changed form invalidates the signature.
        let signed = signer.with_fresh_nonce();
        let header = signed.header(create(form.clone()));
        let forged = send(create(format!("{form}&context={{}}")).header("authorization", header)).await;
        forged.problem(401, "credential_invalid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn token_acts_as_the_approving_user_within_its_scope() {
    let gateway = Gateway::start_with_odoo(&[]).await;
    let client = gateway.client();
    let narrow = NewApplication {
        scope: r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned(),
        ..new_application(Version::Odoo19, "narrow")
    };
    let signer = Consumer::new(&gateway, narrow).await.connect(&client).await;
    get(&signer.with_fresh_nonce(), &client, PARTNERS).await.ok();
    let other = get(&signer.with_fresh_nonce(), &client, "/restapi/1.0/object/res.country/search_count").await;
    other.problem(403, "scope_forbidden");
    let create = client.request(Method::POST, "/restapi/1.0/object/res.partner").json(&json!({"vals": {"name": "x"}}));
    send(signer.with_fresh_nonce().sign(create)).await.problem(403, "scope_forbidden");
    // O1-33
    let wrong = get(&signer.with_token("ogw_o1a_x", "y").with_fresh_nonce(), &client, PARTNERS).await;
    wrong.problem(401, "credential_invalid");
    let schemes: Vec<_> =
        wrong.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(schemes.contains(&r#"OAuth realm="odoo-gateway""#), "{schemes:?}");
    // The token determines the database.
    let there = signer.with_fresh_nonce().sign(client.on(Version::Odoo14).request(Method::GET, PARTNERS));
    send(there).await.problem(401, "credential_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_32_disabled_or_deleted_applications_are_rejected_within_a_second_on_all_gateways() {
    let gateway = unthrottled_gateway(&[]).await;
    let (client, admin) = (gateway.client(), gateway.administration().await);
    let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "ended")).await;
    let signer = consumer.connect(&client).await;
    let replica = gateway.replica().await;
    let elsewhere = crate::support::Client::new(format!("http://{}", replica.api));
    for client in [&client, &elsewhere] {
        get(&signer.with_fresh_nonce(), client, PARTNERS).await.ok();
    }
    admin.set_application_enabled("ended", false).await.unwrap();
    changes_reach_gateways().await;
    for client in [&client, &elsewhere] {
        get(&signer.with_fresh_nonce(), client, PARTNERS).await.problem(401, "credential_invalid");
        let token_request = consumer.signer.with_fresh_nonce().with_param("oauth_callback", "oob");
        let requested = send(token_request.sign(client.request(Method::POST, REQUEST_TOKEN))).await;
        requested.problem(401, "credential_invalid");
    }
    admin.set_application_enabled("ended", true).await.unwrap();
    get(&signer.with_fresh_nonce(), &client, PARTNERS).await.ok();
    // After a new secret the old one is invalid.
    let fresh = admin.rotate_secret("ended", Some("admin".into())).await.unwrap();
    changes_reach_gateways().await;
    get(&signer.with_fresh_nonce(), &client, PARTNERS).await.problem(401, "credential_invalid");
    let renewed = signer.with_secret(fresh.consumer.unwrap().secret());
    get(&renewed.with_fresh_nonce(), &client, PARTNERS).await.ok();
    admin.delete_application("ended").await.unwrap();
    changes_reach_gateways().await;
    for client in [&client, &elsewhere] {
        get(&renewed.with_fresh_nonce(), client, PARTNERS).await.problem(401, "credential_invalid");
    }
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_13_application_with_an_rsa_key_signs_only_with_that_key() {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    let gateway = unthrottled_gateway(&[]).await;
    let client = gateway.client();
    let pair_of_keys = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair_of_keys.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair_of_keys.public_key().as_der().unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(public.as_ref()));
    let mut new_application = new_application(Version::Odoo19, "rsa");
    new_application.settings.oauth1 = [SignatureMethod::RsaSha256, SignatureMethod::RsaSha1].into();
    new_application.settings.rsa_public_key = Some(pem.clone());
    let mut consumer = Consumer::new(&gateway, new_application).await;
    let shared = consumer.signer.clone();
    consumer.signer = shared.with_method("RSA-SHA256").with_secret(&STANDARD.encode(private.as_ref()));
    let signer = consumer.connect(&client).await;
    get(&signer.with_fresh_nonce(), &client, PARTNERS).await.ok();
    let (token, secret) = signer.token.clone().unwrap();
    // Its valid consumer secret, its public key and an empty secret cannot replace the private key.
    for key in [shared.secret.as_str(), pem.as_str(), pem.trim_end(), ""] {
        for method in ["HMAC-SHA1", "HMAC-SHA256"] {
            let forged = shared.with_method(method).with_secret(key);
            let response = get(&forged.with_token(&token, &secret).with_fresh_nonce(), &client, PARTNERS).await;
            response.problem(401, "credential_invalid");
        }
    }
    // RSA-SHA1 is disabled by configuration, even for an application that is registered for it.
    let old = signer.with_fresh_nonce().with_param("oauth_signature_method", "RSA-SHA1");
    get(&old, &client, PARTNERS).await.problem(400, "invalid_parameter");
}
