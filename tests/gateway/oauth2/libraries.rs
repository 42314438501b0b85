//! Unmodified client libraries in front of real Odoos: client credentials, code with PKCE, refresh.

use odoo_gateway::admin::{ApplicationSettings, GrantType, NewApplication};
use odoo_gateway::auth::CodeRequest;
use serde_json::json;
use url::Url;

use super::{CALLBACK, INTROSPECT, REVOKE, TOKEN, tokens};
use crate::oauth1::{unthrottled_gateway, new_application};
use crate::support::Version;
use crate::support::foreign_clients::ForeignClient;

async fn completes_the_flow(library: &str) {
    let gateway = unthrottled_gateway(&[]).await;
    let admin = gateway.administration().await;
    let token_services = tokens(&gateway, &admin);
    for version in Version::each() {
        let settings = ApplicationSettings {
            grants: [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into(),
            redirect_uris: vec![CALLBACK.to_owned()],
            trusted: true,
            pkce_required: true,
            ..ApplicationSettings::default()
        };
        let new_application = NewApplication { settings, ..new_application(version, version.database()) };
        let (application, secret) = admin.create_application(new_application).await.unwrap();
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
        let wish = CodeRequest {
            redirect_uri: Some(named("redirect_uri")),
            scope: application.narrow_scope(None).unwrap(),
            challenge: Some(named("code_challenge")),
        };
        let resource_owner = token_services.oauth2.non_interactive_user(&application).await.unwrap();
        let code = token_services.oauth2.issue_code(&application, &resource_owner, wish).await.unwrap();
        let back = [("code", code.expose()), ("state", &named("state")), ("iss", token_services.oauth2.issuer())];
        client.send_line(Url::parse_with_params(CALLBACK, back).unwrap().as_str()).await;
        assert_eq!(client.next_message().await["responses"][0]["status"], 200, "code");
        assert_eq!(client.next_message().await["responses"][0]["status"], 200, "refresh");
        assert_eq!(client.next_message().await, json!({"active": [true, false]}), "introspect, revoke, introspect");
        assert_eq!(client.next_message().await["responses"][0]["status"], 401, "revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_oauthlib_goes_all_the_way() {
    completes_the_flow("requests-oauthlib-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_goes_all_the_way() {
    completes_the_flow("authlib-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_goes_all_the_way_by_the_metadata_alone() {
    completes_the_flow("openid-client").await;
}
