//! The crate oauth2 as a client over HTTP, in front of real Odoos: code with PKCE, refresh, client credentials,
//! introspection, revocation.

use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AccessToken, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IntrospectionUrl, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    RevocationUrl, Scope, TokenIntrospectionResponse as _, TokenResponse as _, TokenUrl,
};
use serde_json::Value;

use super::{CALLBACK, INTROSPECT, PARTNERS, REVOKE, TOKEN, library_application};
use crate::oauth1::unthrottled_gateway;
use crate::support::{Gateway, Version};

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>;

const AUTHORIZE: &str = "/restapi/1.0/common/oauth2/authorize";

/// The HTTP client of the crate. The crate revokes over https only, so these requests are sent as a TLS proxy would
/// forward them.
struct Http(reqwest::Client);

impl<'c> oauth2::AsyncHttpClient<'c> for Http {
    type Error = std::io::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, mut request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let forwarded = request.uri().to_string().replacen("https://", "http://", 1);
            *request.uri_mut() = forwarded.parse().map_err(std::io::Error::other)?;
            let request = reqwest::Request::try_from(request).map_err(std::io::Error::other)?;
            let reply = self.0.execute(request).await.map_err(std::io::Error::other)?;
            let mut response = http::Response::builder().status(reply.status());
            for (name, value) in reply.headers() {
                response = response.header(name, value);
            }
            let body = reply.bytes().await.map_err(std::io::Error::other)?;
            response.body(body.to_vec()).map_err(std::io::Error::other)
        })
    }
}

fn http() -> Http {
    #[expect(clippy::disallowed_methods, reason = "this is a client of the gateway")]
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    Http(client)
}

/// Creates a trusted confidential application, and the crate's client for it.
async fn client(gateway: &Gateway, version: Version) -> Client {
    let new_application = library_application(version);
    let (application, secrets) = gateway.administration().await.create_application(new_application).await.unwrap();
    let at = |path: &str| format!("http://{}{path}", gateway.address());
    BasicClient::new(ClientId::new(application.client_id().to_owned()))
        .set_client_secret(ClientSecret::new(secrets.client.unwrap().expose().to_owned()))
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap())
        .set_auth_uri(AuthUrl::new(at(AUTHORIZE)).unwrap())
        .set_token_uri(TokenUrl::new(at(TOKEN)).unwrap())
        .set_introspection_url(IntrospectionUrl::new(at(INTROSPECT)).unwrap())
        .set_revocation_url(RevocationUrl::new(at(REVOKE).replacen("http://", "https://", 1)).unwrap())
}

/// Gets a code for this scope, with its PKCE verifier.
async fn code(gateway: &Gateway, client: &Client, scope: &str) -> (AuthorizationCode, PkceCodeVerifier) {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let params = client.authorize_url(CsrfToken::new_random).add_scope(Scope::new(scope.to_owned()));
    let (url, state) = params.set_pkce_challenge(challenge).url();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    let agreed = gateway.client().with_header("accept", "application/json").get(&path, &[]).await.ok();
    assert_eq!(agreed["state"], state.secret().as_str());
    (AuthorizationCode::new(agreed["code"].as_str().unwrap().to_owned()), verifier)
}

/// The status of an API request with this bearer token.
async fn status(gateway: &Gateway, token: &AccessToken) -> u16 {
    let bearer = gateway.client().with_header("authorization", &format!("Bearer {}", token.secret()));
    bearer.get(PARTNERS, &[]).await.status
}

async fn is_active(client: &Client, token: &AccessToken) -> bool {
    client.introspect(token).request_async(&http()).await.unwrap().active()
}

/// The error code of an error response.
#[track_caller]
fn error_code(
    result: Result<BasicTokenResponse, RequestTokenError<std::io::Error, oauth2::basic::BasicErrorResponse>>,
) -> BasicErrorResponseType {
    match result.unwrap_err() {
        RequestTokenError::ServerResponse(oauth_error) => {
            assert!(oauth_error.error_description().is_some_and(|text| !text.is_empty()));
            oauth_error.error().clone()
        }
        other => panic!("not an error of RFC 6749: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crate_oauth2_exchanges_a_code_refreshes_introspects_and_revokes() {
    let gateway = unthrottled_gateway(&[]).await;
    for version in Version::each() {
        for way in [AuthType::BasicAuth, AuthType::RequestBody] {
            let client = client(&gateway, version).await.set_auth_type(way);
            let (code, verifier) = code(&gateway, &client, "read update").await;
            let exchange = client.exchange_code(code.clone()).set_pkce_verifier(verifier);
            let first = exchange.request_async(&http()).await.unwrap();
            assert_eq!(first.token_type(), &BasicTokenType::Bearer);
            assert!((3590..=3600).contains(&first.expires_in().unwrap().as_secs()), "{:?}", first.expires_in());
            let words = |issued: &[Scope]| issued.iter().map(|scope| scope.as_str().to_owned()).collect::<Vec<_>>();
            assert_eq!(words(first.scopes().unwrap()), ["read", "update"]);
            assert_eq!(status(&gateway, first.access_token()).await, 200);

            let described = client.introspect(first.access_token()).set_token_type_hint("access_token");
            let described = described.request_async(&http()).await.unwrap();
            assert!(described.active());
            assert_eq!((described.username(), described.token_type()), (Some("admin"), Some(&BasicTokenType::Bearer)));
            assert_eq!(described.client_id().map(|id| id.as_str()), Some(client.client_id().as_str()));
            assert_eq!(words(described.scopes().unwrap()), ["read", "update"]);
            assert_eq!((described.exp().unwrap() - described.iat().unwrap()).num_seconds(), 3600);
            let issuer = format!("http://{}", gateway.address());
            assert_eq!((described.iss(), described.aud()), (Some(issuer.as_str()), Some(&vec![issuer.clone()])));

            let refresh = client.exchange_refresh_token(first.refresh_token().unwrap());
            let second = refresh.add_scope(Scope::new("read".to_owned())).request_async(&http()).await.unwrap();
            assert_eq!(words(second.scopes().unwrap()), ["read"]);
            assert_ne!(second.refresh_token().unwrap().secret(), first.refresh_token().unwrap().secret());
            assert_eq!(status(&gateway, second.access_token()).await, 200);

            let refresh = second.refresh_token().unwrap().clone();
            client.revoke_token(refresh.into()).unwrap().request_async(&http()).await.unwrap();
            for token in [first.access_token(), second.access_token()] {
                assert_eq!((status(&gateway, token).await, is_active(&client, token).await), (401, false));
            }
            let spent = client.exchange_code(code).request_async(&http()).await;
            assert_eq!(error_code(spent), BasicErrorResponseType::InvalidGrant);
            gateway.administration().await.delete_application(version.database()).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crate_oauth2_uses_client_credentials_and_parses_errors() {
    let gateway = unthrottled_gateway(&[]).await;
    for version in Version::each() {
        let client = client(&gateway, version).await;
        let service = client.exchange_client_credentials().request_async(&http()).await.unwrap();
        assert!(service.refresh_token().is_none());
        assert_eq!(status(&gateway, service.access_token()).await, 200);
        let access = service.access_token().clone();
        client.revoke_token(access.into()).unwrap().request_async(&http()).await.unwrap();
        assert_eq!(status(&gateway, service.access_token()).await, 401);

        let unknown = client.exchange_client_credentials().add_scope(Scope::new("openid".to_owned()));
        assert_eq!(error_code(unknown.request_async(&http()).await), BasicErrorResponseType::InvalidScope);
        let password = oauth2::ResourceOwnerUsername::new("admin".to_owned());
        let secret = oauth2::ResourceOwnerPassword::new("admin".to_owned());
        let by_password = client.exchange_password(&password, &secret).request_async(&http()).await;
        assert_eq!(error_code(by_password), BasicErrorResponseType::UnsupportedGrantType);
        let (code, _) = code(&gateway, &client, "read").await;
        let other = PkceCodeChallenge::new_random_sha256().1;
        let stolen = client.exchange_code(code).set_pkce_verifier(other).request_async(&http()).await;
        assert_eq!(error_code(stolen), BasicErrorResponseType::InvalidGrant);
        let guessed = client.clone().set_client_secret(ClientSecret::new("guessed".to_owned()));
        let guessed = guessed.exchange_client_credentials().request_async(&http()).await;
        assert_eq!(error_code(guessed), BasicErrorResponseType::InvalidClient);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn token_response_contains_the_vendors_member_in_addition_to_the_rfcs() {
    let gateway = unthrottled_gateway(&[]).await;
    let client = client(&gateway, Version::Odoo19).await;
    let issued = client.exchange_client_credentials().request_async(&async |request: HttpRequest| {
        let reply = oauth2::AsyncHttpClient::call(&http(), request).await?;
        let body: Value = serde_json::from_slice(reply.body()).unwrap();
        assert!(body["access_token_validity"].as_str().is_some_and(|text| text.contains('/')), "{body}");
        Ok::<_, std::io::Error>(reply)
    });
    issued.await.unwrap();
}
