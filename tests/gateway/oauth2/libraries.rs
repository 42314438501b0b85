//! Unmodified client libraries in front of real Odoos: client credentials, code with PKCE, refresh.

use odoo_gateway::auth::CodeRequest;
use serde_json::json;
use url::Url;

use super::{CALLBACK, INTROSPECT, REVOKE, TOKEN, library_application, tokens};
use crate::oauth1::unthrottled_gateway;
use crate::support::Version;
use crate::support::foreign_clients::ForeignClient;

async fn completes_the_flow(library: &str) {
    let gateway = unthrottled_gateway(&[]).await;
    let admin = gateway.administration().await;
    let token_services = tokens(&gateway, &admin);
    for version in Version::each() {
        let (application, secret) = admin.create_application(library_application(version)).await.unwrap();
        let facts = json!({
            "gateway": format!("http://{}", gateway.address()), "key": application.client_id(),
            "secret": secret.client.unwrap().expose(), "callback": CALLBACK, "token": TOKEN, "revoke": REVOKE,
            "introspect": INTROSPECT,
            "calls": [{"method": "GET", "path": super::PARTNERS, "params": {"domain": "[('id','>',0)]"}}],
        });
        let mut client = ForeignClient::start(library, &facts);
        assert_eq!(client.next_message().await["responses"][0]["status"], 200, "client_credentials");
        let authorize: Url = client.next_message().await["authorize"].as_str().unwrap().parse().unwrap();
        let named = |name: &str| {
            let (_, value) = authorize.query_pairs().find(|(key, _)| key == name).unwrap();
            value.into_owned()
        };
        assert_eq!(named("code_challenge_method"), "S256");
        // As the authorization endpoint does after the user's consent.
        let code_request = CodeRequest {
            redirect_uri: Some(named("redirect_uri")),
            scope: application.narrow_scope(None).unwrap(),
            challenge: Some(named("code_challenge")),
        };
        let resource_owner = token_services.oauth2.non_interactive_user(&application).await.unwrap();
        let code = token_services.oauth2.issue_code(&application, &resource_owner, code_request).await.unwrap();
        let back = [("code", code.expose()), ("state", &named("state")), ("iss", token_services.oauth2.issuer())];
        client.send_line(Url::parse_with_params(CALLBACK, back).unwrap().as_str()).await;
        assert_eq!(client.next_message().await["responses"][0]["status"], 200, "code");
        assert_eq!(client.next_message().await["responses"][0]["status"], 200, "refresh");
        assert_eq!(client.next_message().await, json!({"active": [true, false]}), "introspect, revoke, introspect");
        assert_eq!(client.next_message().await["responses"][0]["status"], 401, "revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_oauthlib_completes_the_flow() {
    completes_the_flow("requests-oauthlib-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_completes_the_flow() {
    completes_the_flow("authlib-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_completes_the_flow_with_the_metadata_alone() {
    completes_the_flow("openid-client").await;
}
