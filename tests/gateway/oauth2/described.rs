//! What the server says of itself (O2-42).

use super::Scene;

const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server";

#[tokio::test]
async fn the_metadata_is_that_of_the_configuration_whatever_the_host_says() {
    let scene = Scene::with(&[("ODOO_GATEWAY__SERVER__PUBLIC_URL", "https://api.example.com/odoo/")]).await;
    let client = scene.gateway.client();
    let document = client.get(WELL_KNOWN, &[]).await.ok();
    assert_eq!(document["issuer"], "https://api.example.com/odoo");
    assert_eq!(document["token_endpoint"], "https://api.example.com/odoo/restapi/1.0/common/oauth2/access_token");
    assert_eq!(client.with_header("host", "evil.example").get(WELL_KNOWN, &[]).await.ok(), document);
    assert_eq!(client.get(&format!("{WELL_KNOWN}/odoo"), &[]).await.ok(), document);
    client.get(&format!("{WELL_KNOWN}/other"), &[]).await.refused(404, "unknown_route");
}

#[tokio::test]
async fn without_a_public_address_it_is_the_one_it_listens_on() {
    let scene = Scene::with(&[]).await;
    let document = scene.gateway.client().get(WELL_KNOWN, &[]).await.ok();
    assert_eq!(document["issuer"], format!("http://{}", scene.gateway.address()));
    for method in document["code_challenge_methods_supported"].as_array().unwrap() {
        assert_eq!(method, "S256");
    }
}
