//! By which URL the gateway was reached (O1-09), and what is not done where others may listen (O1-14, O1-15).

use reqwest::Method;

use super::{Consumer, PARTNERS, REQUEST_TOKEN, get, quick, wanted};
use crate::support::Version;
use crate::support::client::send;

#[tokio::test(flavor = "multi_thread")]
async fn o1_09_forwarding_headers_count_from_trusted_proxies_only() {
    for (proxies, believed) in [("127.0.0.0/8", true), ("192.0.2.1", false)] {
        let gateway = quick(&[("ODOO_GATEWAY__SERVER__TRUSTED_PROXIES", proxies)]).await;
        let client = gateway.client();
        let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "proxies")).await;
        let signer = consumer.connect(&client).await;
        let forwarded = client.with_header("x-forwarded-proto", "https").with_header("x-forwarded-host", "api.example");
        let there = get(&signer.as_reached_by("https://api.example").now(), &forwarded, PARTNERS).await;
        assert_eq!(there.status, if believed { 200 } else { 401 }, "{}", there.text);
        // By its own address, said or forged.
        let here = get(&signer.now(), &forwarded, PARTNERS).await;
        assert_eq!(here.status, if believed { 401 } else { 200 }, "{}", here.text);
        for unclear in ["https,http", "https, https", "ftp"] {
            let unclear = client.with_header("x-forwarded-proto", unclear);
            let answer = get(&signer.now(), &unclear, PARTNERS).await;
            assert_eq!(answer.status, if believed { 400 } else { 200 }, "{}", answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_09_the_configured_url_is_the_one_that_counts() {
    let gateway = quick(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example:8443/odoo/")]).await;
    let client = gateway.client();
    let mut consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "public")).await;
    let here = consumer.signer.now().saying("oauth_callback", "oob");
    send(here.sign(client.request(Method::POST, REQUEST_TOKEN))).await.refused(401, "credential_invalid");
    consumer.signer = consumer.signer.as_reached_by("https://api.example:8443/odoo");
    let signer = consumer.connect(&client).await;
    get(&signer.now(), &client, PARTNERS).await.ok();
    // Whatever is said to be the host.
    get(&signer.now(), &client.with_header("host", "evil.example"), PARTNERS).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_14_plaintext_is_taken_where_it_is_configured_and_nobody_listens() {
    let on = ("ODOO_GATEWAY__OAUTH1__PLAINTEXT", "true");
    let gateway = quick(&[on]).await;
    let client = gateway.client();
    let mut consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "plain")).await;
    consumer.signer = consumer.signer.by("PLAINTEXT");
    let signer = consumer.connect(&client).await;
    // Nonce and time may be left out; what is said counts.
    get(&signer, &client, PARTNERS).await.ok();
    get(&signer, &client, PARTNERS).await.ok();
    let once = signer.now();
    get(&once, &client, PARTNERS).await.ok();
    get(&once, &client, PARTNERS).await.refused(401, "credential_invalid");
    let late = signer.now().saying("oauth_timestamp", "1500000000");
    get(&late, &client, PARTNERS).await.refused(401, "credential_invalid");
    // By a name that is another machine's the way is open, and nobody but a trusted proxy says otherwise.
    let open = client.with_header("host", "gw.example");
    for client in [open.clone(), open.with_header("x-forwarded-proto", "https")] {
        get(&signer.now(), &client, PARTNERS).await.refused(400, "invalid_parameter");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn o1_15_tokens_are_given_over_tls_or_on_this_machine() {
    for (setting, status) in [("false", 400), ("true", 200)] {
        let gateway = quick(&[("ODOO_GATEWAY__OAUTH1__INSECURE_HTTP", setting)]).await;
        let client = gateway.client();
        let consumer = Consumer::new(&gateway, wanted(Version::Odoo19, "open")).await;
        let ask = consumer.signer.as_reached_by("http://gw.example").now().saying("oauth_callback", "oob");
        let request = client.with_header("host", "gw.example").request(Method::POST, REQUEST_TOKEN);
        let answer = send(ask.sign(request)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}
