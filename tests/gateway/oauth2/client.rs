//! Client authentication, and requests that are rejected before any lookup (O2-20, O2-21, O2-29..O2-31).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;

use super::{Fixture, INTROSPECT, REVOKE, TOKEN, encoded, oauth_error};
use crate::support::client::send;

#[tokio::test]
async fn basic_form_and_header_authenticate_the_same_application() {
    let fixture = Fixture::with(&[]).await;
    let (application, secret) = fixture.application("robot", |_| {}).await;
    let id = application.client_id();
    let grant = ("grant_type", "client_credentials");
    fixture.post(TOKEN, &[grant, ("client_id", id), ("client_secret", &secret)]).await.ok();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(&secret))));
    let by = async |authorization: &str, body: &str| {
        let client = fixture.gateway.client().with_header("authorization", authorization);
        let request = client.request(Method::POST, "/restapi/1.0/common/oauth2/token").body(body.to_owned());
        send(request.header("content-type", "application/x-www-form-urlencoded")).await
    };
    by(&basic, "grant_type=client_credentials").await.ok();
    by(&basic, &format!("grant_type=client_credentials&client_id={id}")).await.ok();
    let header = format!("OAuth client_id=\"{id}\", client_secret='{secret}'");
    by(&header, "grant_type=client_credentials").await.ok();
    let both = format!("grant_type=client_credentials&client_secret={secret}");
    oauth_error(&by(&basic, &both).await, 400, "invalid_request");
    oauth_error(&by(&header, &both).await, 400, "invalid_request");
    oauth_error(&by(&basic, "grant_type=client_credentials&client_id=other").await, 400, "invalid_request");
}

#[tokio::test]
async fn wrong_secrets_and_unknown_applications_get_the_same_response() {
    let fixture = Fixture::with(&[]).await;
    let (application, secret) = fixture.application("robot", |_| {}).await;
    let (other, _) = fixture.application("other", |_| {}).await;
    let unknown = "ogw_app_00000000000000000000000000000000";
    let mut bodies = Vec::new();
    for (id, secret) in [
        (application.client_id(), "wrong"),
        (application.client_id(), ""),
        (other.client_id(), secret.as_str()),
        (unknown, &secret),
        ("admin", "admin"),
        ("2", &secret),
    ] {
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let response = fixture.post(TOKEN, &form).await;
        let mut body = oauth_error(&response, 401, "invalid_client");
        assert!(response.header("www-authenticate").starts_with("Basic "));
        body.as_object_mut().unwrap().remove("request_id");
        bodies.push(body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn requests_that_violate_the_rfc_are_rejected() {
    let fixture = Fixture::with(&[]).await;
    let (application, secret) = fixture.application("robot", |_| {}).await;
    let known = [("client_id", application.client_id()), ("client_secret", secret.as_str())];
    let request_token = async |more: &[(&str, &str)]| fixture.post(TOKEN, &[known.as_slice(), more].concat()).await;
    oauth_error(&request_token(&[]).await, 400, "invalid_request");
    oauth_error(&request_token(&[("grant_type", "")]).await, 400, "invalid_request");
    for grant in ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"] {
        oauth_error(&request_token(&[("grant_type", grant)]).await, 400, "unsupported_grant_type");
    }
    let twice = [("grant_type", "client_credentials"), ("grant_type", "client_credentials")];
    oauth_error(&request_token(&twice).await, 400, "invalid_request");
    oauth_error(&request_token(&[("grant_type", "authorization_code")]).await, 400, "invalid_request");
    oauth_error(
        &request_token(&[("grant_type", "client_credentials"), ("token_format", "saml")]).await,
        400,
        "invalid_request",
    );
    oauth_error(&fixture.post(TOKEN, &[("grant_type", "client_credentials")]).await, 401, "invalid_client");
    let client = fixture.gateway.client();
    let query = [("client_secret", secret.as_str()), ("grant_type", "client_credentials")];
    oauth_error(&client.post_query(TOKEN, &query).await, 400, "invalid_request");
    oauth_error(
        &client.post(TOKEN, &serde_json::json!({"grant_type": "client_credentials"})).await,
        400,
        "invalid_request",
    );
    for path in [TOKEN, REVOKE, INTROSPECT, "/restapi/1.0/common/oauth2/token"] {
        let response = client.get(path, &[]).await;
        assert_eq!((response.status, response.header("allow").contains("POST")), (405, true), "{path}");
        assert_eq!(send(client.request(Method::HEAD, path)).await.status, 405);
    }
}

#[tokio::test]
async fn guessing_secrets_is_throttled() {
    let few = ("ODOO_GATEWAY__AUTH__THROTTLE__PER_ADDRESS_AND_LOGIN__BURST", "2");
    let fixture = Fixture::with(&[few]).await;
    let (application, secret) = fixture.application("robot", |_| {}).await;
    let request_token = async |secret: &str| {
        let form =
            [("grant_type", "client_credentials"), ("client_id", application.client_id()), ("client_secret", secret)];
        fixture.post(TOKEN, &form).await
    };
    for _ in 0..2 {
        oauth_error(&request_token("wrong").await, 401, "invalid_client");
    }
    let slowed = request_token("wrong").await;
    oauth_error(&slowed, 429, "temporarily_unavailable");
    assert!(!slowed.header("retry-after").is_empty());
    request_token(&secret).await.ok();
}
