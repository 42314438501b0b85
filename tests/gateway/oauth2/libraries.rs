//! Libraries as anybody has them, unmodified: client_credentials, code with PKCE, refresh, before real Odoos.

use odoo_gateway::admin::{ApplicationSettings, GrantType, WantedApplication};
use odoo_gateway::auth::CodeWish;
use serde_json::json;
use url::Url;

use super::{CALLBACK, INTROSPECT, REVOKE, TOKEN, tokens};
use crate::oauth1::{quick, wanted};
use crate::support::Version;
use crate::support::library::Library;

async fn goes_all_the_way(library: &str) {
    let gateway = quick(&[]).await;
    let admin = gateway.administration().await;
    let rooms = tokens(&gateway, &admin);
    for version in Version::BOTH {
        let settings = ApplicationSettings {
            grants: [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials].into(),
            redirect_uris: vec![CALLBACK.to_owned()],
            trusted: true,
            pkce_required: true,
            ..ApplicationSettings::default()
        };
        let wanted = WantedApplication { settings, ..wanted(version, version.database()) };
        let (application, secret) = admin.create_application(wanted).await.unwrap();
        let facts = json!({
            "gateway": format!("http://{}", gateway.address()), "key": application.client_id(),
            "secret": secret.client.unwrap().expose(), "callback": CALLBACK, "token": TOKEN, "revoke": REVOKE,
            "introspect": INTROSPECT,
            "calls": [{"method": "GET", "path": super::PARTNERS, "params": {"domain": "[('id','>',0)]"}}],
        });
        let mut client = Library::start(library, &facts);
        assert_eq!(client.says().await["answers"][0]["status"], 200, "client_credentials");
        let authorize: Url = client.says().await["authorize"].as_str().unwrap().parse().unwrap();
        let named = |wanted: &str| {
            let (_, value) = authorize.query_pairs().find(|(name, _)| name == wanted).unwrap();
            value.into_owned()
        };
        assert_eq!(named("code_challenge_method"), "S256");
        // What the authorize endpoint does when the user agrees.
        let wish = CodeWish {
            redirect_uri: Some(named("redirect_uri")),
            scope: application.narrowed(None).unwrap(),
            challenge: Some(named("code_challenge")),
        };
        let approver = rooms.headless_user(&application).await.unwrap();
        let code = rooms.issue_code(&application, &approver, wish).await.unwrap();
        let back = [("code", code.expose()), ("state", &named("state")), ("iss", rooms.issuer())];
        client.tell(Url::parse_with_params(CALLBACK, back).unwrap().as_str()).await;
        assert_eq!(client.says().await["answers"][0]["status"], 200, "code");
        assert_eq!(client.says().await["answers"][0]["status"], 200, "refresh");
        assert_eq!(client.says().await, json!({"active": [true, false]}), "introspect, revoke, introspect");
        assert_eq!(client.says().await["answers"][0]["status"], 401, "revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_oauthlib_goes_all_the_way() {
    goes_all_the_way("requests-oauthlib-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_goes_all_the_way() {
    goes_all_the_way("authlib-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_goes_all_the_way_by_the_metadata_alone() {
    goes_all_the_way("openid-client").await;
}
