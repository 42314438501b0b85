//! The external URL in signatures (O1-09), and operations that require TLS or a local connection (O1-14, O1-15).

use reqwest::Method;

use super::{Consumer, PARTNERS, REQUEST_TOKEN, get, new_application, unthrottled_gateway};
use crate::support::Version;
use crate::support::client::send;

#[tokio::test(flavor = "multi_thread")]
async fn o1_09_forwarding_headers_count_only_from_trusted_proxies() {
    for (proxies, believed) in [("127.0.0.0/8", true), ("192.0.2.1", false)] {
        let gateway = unthrottled_gateway(&[("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", proxies)]).await;
        let client = gateway.client();
        let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "proxies")).await;
        let signer = consumer.connect(&client).await;
        let forwarded = client.with_header("x-forwarded-proto", "https").with_header("x-forwarded-host", "api.example");
        let there = get(&signer.with_base_uri("https://api.example").with_fresh_nonce(), &forwarded, PARTNERS).await;
        assert_eq!(there.status, if believed { 200 } else { 401 }, "{}", there.text);
        // The gateway's own address, in the request or forged.
        let here = get(&signer.with_fresh_nonce(), &forwarded, PARTNERS).await;
        assert_eq!(here.status, if believed { 401 } else { 200 }, "{}", here.text);
        for unclear in ["https,http", "https, https", "ftp"] {
            let unclear = client.with_header("x-forwarded-proto", unclear);
            let response = get(&signer.with_fresh_nonce(), &unclear, PARTNERS).await;
            assert_eq!(response.status, if believed { 400 } else { 200 }, "{}", response.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_09_configured_public_url_takes_precedence() {
    let gateway = unthrottled_gateway(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example:8443/odoo/")]).await;
    let client = gateway.client();
    let mut consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "public")).await;
    let here = consumer.signer.with_fresh_nonce().with_param("oauth_callback", "oob");
    send(here.sign(client.request(Method::POST, REQUEST_TOKEN))).await.problem(401, "credential_invalid");
    consumer.signer = consumer.signer.with_base_uri("https://api.example:8443/odoo");
    let signer = consumer.connect(&client).await;
    get(&signer.with_fresh_nonce(), &client, PARTNERS).await.ok();
    // Any `Host` header is ignored.
    get(&signer.with_fresh_nonce(), &client.with_header("host", "evil.example"), PARTNERS).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_14_plaintext_is_accepted_if_configured_on_a_secure_connection() {
    let on = ("ODOO_GATEWAY__OAUTH1__PLAINTEXT", "true");
    let gateway = unthrottled_gateway(&[on]).await;
    let client = gateway.client();
    let mut consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "plain")).await;
    consumer.signer = consumer.signer.with_method("PLAINTEXT");
    let signer = consumer.connect(&client).await;
    // Nonce and timestamp are optional, but are checked if sent.
    get(&signer, &client, PARTNERS).await.ok();
    get(&signer, &client, PARTNERS).await.ok();
    let once = signer.with_fresh_nonce();
    get(&once, &client, PARTNERS).await.ok();
    get(&once, &client, PARTNERS).await.problem(401, "credential_invalid");
    let late = signer.with_fresh_nonce().with_param("oauth_timestamp", "1500000000");
    get(&late, &client, PARTNERS).await.problem(401, "credential_invalid");
    // A host name of another machine counts as an insecure connection unless a trusted proxy reports TLS.
    let open = client.with_header("host", "gw.example");
    for client in [open.clone(), open.with_header("x-forwarded-proto", "https")] {
        get(&signer.with_fresh_nonce(), &client, PARTNERS).await.problem(400, "invalid_parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_15_tokens_are_issued_only_over_tls_or_locally() {
    for (setting, status) in [("false", 400), ("true", 200)] {
        let gateway = unthrottled_gateway(&[("ODOO_GATEWAY__OAUTH1__INSECURE_HTTP", setting)]).await;
        let client = gateway.client();
        let consumer = Consumer::new(&gateway, new_application(Version::Odoo19, "open")).await;
        let token_request =
            consumer.signer.with_base_uri("http://gw.example").with_fresh_nonce().with_param("oauth_callback", "oob");
        let request = client.with_header("host", "gw.example").request(Method::POST, REQUEST_TOKEN);
        let response = send(token_request.sign(request)).await;
        assert_eq!(response.status, status, "{}", response.text);
    }
}
