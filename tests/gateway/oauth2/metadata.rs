//! Authorization server metadata (RFC 8414; O2-42).

use super::Fixture;

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

#[tokio::test]
async fn metadata_uses_the_configured_url_instead_of_the_host_header() {
    let fixture = Fixture::with(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com/odoo/")]).await;
    let client = fixture.gateway.client();
    let document = client.get(WELL_KNOWN, &[]).await.ok();
    assert_eq!(document["issuer"], "https://api.example.com/odoo");
    assert_eq!(document["token_endpoint"], "https://api.example.com/odoo/restapi/1.0/common/oauth2/access_token");
    assert_eq!(client.with_header("host", "evil.example").get(WELL_KNOWN, &[]).await.ok(), document);
    assert_eq!(client.get(&format!("{WELL_KNOWN}/odoo"), &[]).await.ok(), document);
    let other = client.get(&format!("{WELL_KNOWN}/other"), &[]).await;
    assert_eq!((other.status, &other.json()["error"]), (404, &"invalid_request".into()), "RFC 6749, section 5.2");
}

#[tokio::test]
async fn metadata_defaults_to_the_listening_address() {
    let fixture = Fixture::with(&[]).await;
    let document = fixture.gateway.client().get(WELL_KNOWN, &[]).await.ok();
    assert_eq!(document["issuer"], format!("http://{}", fixture.gateway.address()));
    for method in document["code_challenge_methods_supported"].as_array().unwrap() {
        assert_eq!(method, "S256");
    }
}
