//! From an application to its users' records.

use odoo_gateway::admin::{SignatureMethod, WantedApplication};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ACCESS_TOKEN, CALLBACK, Consumer, PARTNERS, REQUEST_TOKEN, get, pair, quick, wanted};
use crate::support::client::send;
use crate::support::signer::{FORM, Place};
use crate::support::{Gateway, Version};

#[tokio::test(flavor = "multi_thread")]
async fn o1_24_tokens_are_forms_and_json_where_it_is_named() {
    let gateway = Gateway::before_odoo(&[]).await;
    let (client, consumer) = (gateway.client(), Consumer::new(&gateway, wanted(Version::Odoo19, "forms")).await);
    let ask = |accept: &'static str| {
        let signer = consumer.signer.now().saying("oauth_callback", "oob");
        let request = signer.sign(client.request(Method::POST, REQUEST_TOKEN));
        send(request.header("accept", accept))
    };
    let form = ask("*/*").await;
    assert_eq!(form.header("content-type"), FORM);
    assert_eq!((form.header("cache-control"), form.header("pragma")), ("no-store", "no-cache"));
    let names: Vec<_> = form.text.split('&').map(|part| part.split('=').next().unwrap()).collect();
    assert_eq!(names, ["oauth_token", "oauth_token_secret", "oauth_callback_confirmed"]);
    assert!(form.text.ends_with("&oauth_callback_confirmed=true"));
    let json = ask("application/json").await.ok();
    let names: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["oauth_token", "oauth_token_secret", "oauth_callback_confirmed"]);
    let (token, secret) = (json["oauth_token"].as_str().unwrap(), json["oauth_token_secret"].as_str().unwrap());
    let decided = consumer.approve(token).await;
    let signer = consumer.signer.with_token(token, secret).now();
    let signer = signer.saying("oauth_verifier", decided.verifier.unwrap().expose());
    let request = signer.sign(client.request(Method::POST, ACCESS_TOKEN)).header("accept", "application/json");
    let given = send(request).await.ok();
    assert_eq!(given.as_object().unwrap().len(), 2, "{given}");
    let signer = consumer
        .signer
        .with_token(given["oauth_token"].as_str().unwrap(), given["oauth_token_secret"].as_str().unwrap());
    get(&signer.now(), &client, PARTNERS).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_26_the_user_comes_back_with_token_and_verifier_behind_the_callback_as_it_is() {
    let gateway = Gateway::before_odoo(&[]).await;
    let (client, consumer) = (gateway.client(), Consumer::new(&gateway, wanted(Version::Odoo19, "callback")).await);
    let (token, secret) = consumer.ask(&client, CALLBACK).await;
    let decided = consumer.approve(&token).await;
    let back = decided.redirection().unwrap();
    let verifier = decided.verifier.unwrap().expose().to_owned();
    assert_eq!(back, format!("{CALLBACK}&oauth_token={token}&oauth_verifier={verifier}"));
    // O1-27: 256 bits.
    assert_eq!(verifier.len(), 64);
    let signer = consumer.signer.with_token(&token, &secret).now().saying("oauth_verifier", &verifier);
    pair(&send(signer.sign(client.request(Method::POST, ACCESS_TOKEN))).await);
    // O1-25: denied.
    let (token, secret) = consumer.ask(&client, CALLBACK).await;
    let back = consumer.deny(&token).await.redirection().unwrap();
    assert_eq!(back, format!("{CALLBACK}&oauth_token={token}&oauth_problem=permission_denied"));
    let signer = consumer.signer.with_token(&token, &secret).now().saying("oauth_verifier", "x");
    let after = send(signer.sign(client.request(Method::POST, ACCESS_TOKEN))).await;
    after.refused(401, "credential_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_02_o1_03_o1_20_signed_requests_are_served_wherever_they_carry_their_values() {
    let gateway = Gateway::before_odoo(&[]).await;
    let client = gateway.client();
    for version in Version::BOTH {
        let signer = Consumer::new(&gateway, wanted(version, version.database())).await.connect(&client).await;
        for place in [Place::Header, Place::Query] {
            for method in ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"] {
                let signer = signer.by(method).in_the(place).now();
                let answer = get(&signer, &client, &format!("{PARTNERS}?domain=[('id','>',0)]")).await.ok();
                assert!(answer["count"].as_u64().unwrap() > 0);
            }
        }
        let vals = json!({"name": format!("Signed & sealed + {}", version.database())}).to_string();
        let form = format!("vals={}", url::form_urlencoded::byte_serialize(vals.as_bytes()).collect::<String>());
        let create = |body: String| {
            client.request(Method::POST, "/restapi/1.0/object/res.partner").header("content-type", FORM).body(body)
        };
        for place in [Place::Header, Place::Form] {
            let created = send(signer.in_the(place).now().sign(create(form.clone()))).await.ok();
            let partner = created.as_object().unwrap().values().next().unwrap();
            assert_eq!(partner["name"], serde_json::from_str::<Value>(&vals).unwrap()["name"]);
            let path = format!("/restapi/1.0/object/res.partner/{}", partner["id"]);
            // A form on PUT counts as well.
            let put = client.request(Method::PUT, &path).header("content-type", FORM).body("vals={'city':'Ghent'}");
            send(signer.in_the(place).now().sign(put)).await.ok();
            let json = client.request(Method::PUT, &path).json(&json!({"vals": {"street": "x"}}));
            send(signer.now().sign(json)).await.ok();
            let read = get(&signer.now(), &client, &format!("{path}?fields=city,street")).await.ok();
            let read = read.as_object().unwrap().values().next().unwrap().clone();
            assert_eq!((&read["city"], &read["street"]), (&json!("Ghent"), &json!("x")));
            send(signer.now().sign(client.request(Method::DELETE, &path))).await.ok();
        }
        // A changed form is another form.
        let signed = signer.now();
        let header = signed.header(create(form.clone()));
        let forged = send(create(format!("{form}&context={{}}")).header("authorization", header)).await;
        forged.refused(401, "credential_invalid");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_behind_a_token_is_the_one_who_approved_and_scopes_hold() {
    let gateway = Gateway::before_odoo(&[]).await;
    let client = gateway.client();
    let narrow = WantedApplication {
        scope: r#"[{"models": "res.partner", "operations": ["read"]}]"#.to_owned(),
        ..wanted(Version::Odoo19, "narrow")
    };
    let signer = Consumer::new(&gateway, narrow).await.connect(&client).await;
    get(&signer.now(), &client, PARTNERS).await.ok();
    let other = get(&signer.now(), &client, "/restapi/1.0/object/res.country/search_count").await;
    other.refused(403, "scope_forbidden");
    let create = client.request(Method::POST, "/restapi/1.0/object/res.partner").json(&json!({"vals": {"name": "x"}}));
    send(signer.now().sign(create)).await.refused(403, "scope_forbidden");
    // O1-33
    let wrong = get(&signer.with_token("ogw_o1a_x", "y").now(), &client, PARTNERS).await;
    wrong.refused(401, "credential_invalid");
    let schemes: Vec<_> =
        wrong.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(schemes.contains(&r#"OAuth realm="odoo-gateway""#), "{schemes:?}");
    // The database is the token's.
    let there = signer.now().sign(client.on(Version::Odoo14).request(Method::GET, PARTNERS));
    send(there).await.refused(401, "credential_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_32_what_is_switched_off_or_deleted_is_dead_at_once_and_everywhere() {
    let gateway = quick(&[]).await;
    let (client, admin) = (gateway.client(), gateway.administration().await);
    let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "ended")).await;
    let signer = consumer.connect(&client).await;
    let replica = gateway.replica().await;
    let elsewhere = crate::support::Client::new(format!("http://{}", replica.api));
    for client in [&client, &elsewhere] {
        get(&signer.now(), client, PARTNERS).await.ok();
    }
    admin.switch_application("ended", false).await.unwrap();
    for client in [&client, &elsewhere] {
        get(&signer.now(), client, PARTNERS).await.refused(401, "credential_invalid");
        let ask = consumer.signer.now().saying("oauth_callback", "oob");
        let asked = send(ask.sign(client.request(Method::POST, REQUEST_TOKEN))).await;
        asked.refused(401, "credential_invalid");
    }
    admin.switch_application("ended", true).await.unwrap();
    get(&signer.now(), &client, PARTNERS).await.ok();
    // Another secret: the old one signs nothing any more.
    let fresh = admin.rotate_secret("ended", Some("admin".into())).await.unwrap();
    get(&signer.now(), &client, PARTNERS).await.refused(401, "credential_invalid");
    let renewed = signer.with_secret(fresh.consumer.unwrap().secret());
    get(&renewed.now(), &client, PARTNERS).await.ok();
    admin.delete_application("ended").await.unwrap();
    for client in [&client, &elsewhere] {
        get(&renewed.now(), client, PARTNERS).await.refused(401, "credential_invalid");
    }
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_13_an_application_with_a_key_signs_with_it_and_with_nothing_else() {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    let gateway = quick(&[]).await;
    let client = gateway.client();
    let pair_of_keys = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair_of_keys.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair_of_keys.public_key().as_der().unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(public.as_ref()));
    let mut wanted = wanted(Version::Odoo19, "rsa");
    wanted.settings.oauth1 = [SignatureMethod::RsaSha256, SignatureMethod::RsaSha1].into();
    wanted.settings.rsa_public_key = Some(pem.clone());
    let mut consumer = Consumer::new(&gateway, wanted).await;
    let shared = consumer.signer.clone();
    consumer.signer = shared.by("RSA-SHA256").with_secret(&STANDARD.encode(private.as_ref()));
    let signer = consumer.connect(&client).await;
    get(&signer.now(), &client, PARTNERS).await.ok();
    let (token, secret) = signer.token.clone().unwrap();
    // Its right consumer secret, its public key, nothing at all: none of them signs for it.
    for key in [shared.secret.as_str(), pem.as_str(), pem.trim_end(), ""] {
        for method in ["HMAC-SHA1", "HMAC-SHA256"] {
            let forged = shared.by(method).with_secret(key);
            let answer = get(&forged.with_token(&token, &secret).now(), &client, PARTNERS).await;
            answer.refused(401, "credential_invalid");
        }
    }
    // RSA-SHA1 is off, whatever the application is registered for.
    let old = signer.now().saying("oauth_signature_method", "RSA-SHA1");
    get(&old, &client, PARTNERS).await.refused(400, "invalid_parameter");
}
